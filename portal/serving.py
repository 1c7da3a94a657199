"""Serving an ASGI application: the socket, uvicorn's settings, one worker or several."""

import signal
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from dataclasses import dataclass, replace
from resource import RLIM_INFINITY, RLIMIT_NOFILE, getrlimit, setrlimit
from socket import AF_INET6, SO_REUSEADDR, SOL_SOCKET, socket
from typing import Any, TypeAlias

import uvicorn
from uvicorn.supervisors import Multiprocess

from portal.connections import BoundedConfig, ConnectionLimits
from portal.errors import ConfigurationError, Text
from portal.logs import logging_to
from portal.settings import Settings

Message: TypeAlias = MutableMapping[str, Any]
Application: TypeAlias = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]
"""An ASGI application."""

KEEP_ALIVE_SECONDS = 5
"""So long a connection is kept on which no further request comes."""
_OWN_FILES = 128
"""Files that a process opens beside connections: databases, sockets, its log."""
DRAIN_SECONDS = 10
"""So long requests under way may take to end when the portal is stopped."""


def listen(host: str, port: int, ports_tried: int = 1) -> socket:
    """Return a socket that listens on the port, or on the first free one of the next `ports_tried`.

    Raises: ConfigurationError where none is free.
    """
    for candidate in range(port, port + ports_tried):
        listening = socket(AF_INET6) if ":" in host else socket()
        # A port that was left a moment ago is free; one that is listened on isn't.
        listening.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        with suppress(OSError):
            listening.bind((host, candidate))
            listening.listen()
            return listening
        listening.close()
    last = port + ports_tried - 1
    raise ConfigurationError(
        Text(
            en=f"`{host}` can't be listened on at port {port} to {last}: taken, or not this machine's; name another",
            zh=f"无法在 `{host}` 的端口 {port} 至 {last} 上监听：已被占用或不属于本机；请另行指定",
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


def _config(application: Application | str, workers: int, limits: ConnectionLimits) -> uvicorn.Config:
    return BoundedConfig(
        application,
        factory=isinstance(application, str),
        workers=workers,
        # The process's own handlers write what the server logs.
        log_config=None,
        log_level="error",
        # A query string may hold personal data; the audit says who asked for what.
        access_log=False,
        # Forwarded headers are believed from configured proxies alone, by the application itself.
        proxy_headers=False,
        server_header=False,
        ws="none",
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=DRAIN_SECONDS,
        limits=replace(limits, connections=_allow_files(limits.connections)),
    )


def _allow_files(connections: int) -> int:
    """Let this process open so many connections and its own files; return how many connections it may have then."""
    soft, hard = getrlimit(RLIMIT_NOFILE)
    wanted = connections + _OWN_FILES
    if soft != RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == RLIM_INFINITY else min(wanted, hard)
        setrlimit(RLIMIT_NOFILE, (soft, hard))
    return connections if soft == RLIM_INFINITY else max(1, min(connections, soft - _OWN_FILES))


@dataclass(frozen=True, slots=True)
class Service:
    """How an application is served."""

    limits: ConnectionLimits
    log_requests: bool = False


def service_of(settings: Settings, *, log_requests: bool = False) -> Service:
    """Return how the settings have applications served."""
    limits = ConnectionLimits(
        settings.receive_timeout_seconds,
        settings.send_timeout_seconds,
        settings.max_body_bytes,
        settings.max_connections,
    )
    return Service(limits, log_requests)


def serve(application: Application, listening: socket, greet: Callable[[], None], service: Service) -> int:
    """Serve until SIGTERM or Ctrl-C, requests under way to their end; call `greet` once requests are answered.

    Failures are logged to the standard error, requests too if asked. Returns the exit code.
    """
    server = _GreetingServer(_config(application, 1, service.limits), greet)
    with suppress(KeyboardInterrupt), logging_to(sys.stderr, requests=service.log_requests):
        # The server raises the signal anew once it has stopped: being asked to stop is no failure.
        former = signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            server.run(sockets=[listening])
        finally:
            signal.signal(signal.SIGTERM, former)
    return 0 if server.started else 1


def serve_workers(factory: str, listening: socket, workers: int, service: Service) -> int:
    """Serve with several processes, each making its application by `factory` (`module:function`), its log as well.

    Returns the exit code.
    """
    with logging_to(sys.stderr, requests=False):
        Multiprocess(_config(factory, workers, service.limits), [listening]).run()
    return 0
