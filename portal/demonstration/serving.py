"""Serving on this machine alone: a socket on the first free port, and one worker."""

import signal
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from socket import SO_REUSEADDR, SOL_SOCKET, socket
from typing import Any, TypeAlias

import uvicorn

from portal.errors import ConfigurationError, Text

Message: TypeAlias = MutableMapping[str, Any]
Application: TypeAlias = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]
"""An ASGI application."""

PORTS_TRIED = 100


def listen(host: str, port: int) -> socket:
    """Return a socket that listens on that port, or on the next one that is free.

    Raises: ConfigurationError where none of a hundred is.
    """
    for candidate in range(port, port + PORTS_TRIED):
        listening = socket()
        # A port that was left a moment ago is free; one that is listened on isn't.
        listening.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        with suppress(OSError):
            listening.bind((host, candidate))
            listening.listen()
            return listening
        listening.close()
    raise ConfigurationError(
        Text(
            en=f"no port from {port} to {port + PORTS_TRIED - 1} of {host} is free; stop what uses them",
            zh=f"{host} 的 {port} 至 {port + PORTS_TRIED - 1} 端口均被占用；请先停止占用端口的程序",
        )
    )


class _GreetingServer(uvicorn.Server):
    """A server that says when it answers."""

    def __init__(self, config: uvicorn.Config, greet: Callable[[], None]) -> None:
        super().__init__(config)
        self._greet = greet

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._greet()


def serve(application: Application, listening: socket, greet: Callable[[], None]) -> int:
    """Serve until SIGTERM or Ctrl-C, requests under way to their end; call `greet` once requests are answered.

    Returns the exit code.
    """
    server = _GreetingServer(uvicorn.Config(application, log_level="warning", access_log=False), greet)
    with suppress(KeyboardInterrupt):
        # The server raises the signal anew once it has stopped: being asked to stop is no failure.
        former = signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            server.run(sockets=[listening])
        finally:
            signal.signal(signal.SIGTERM, former)
    return 0
