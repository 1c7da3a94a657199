"""Serving an ASGI application by one process: the socket, uvicorn's settings, how it stops."""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from dataclasses import dataclass, replace
from resource import RLIM_INFINITY, RLIMIT_NOFILE, getrlimit, setrlimit
from socket import AF_INET6, SO_REUSEADDR, SOL_SOCKET, socket
from typing import Any, TypeAlias

import uvicorn

from portal.connections import BoundedConfig, BoundedProtocol, ConnectionLimits
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
_LOOKED_EVERY = 0.02
_CANCELLED_SECONDS = 2.0
"""So long what is ended then may take to be recorded."""


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


class _Server(uvicorn.Server):
    """A server that says when it answers, and stops without failing a request."""

    def __init__(self, config: BoundedConfig, greet: Callable[[], None], notice_seconds: float) -> None:
        super().__init__(config)
        self._bounded = config
        self._greet = greet
        self._notice_seconds = notice_seconds

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._greet()

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """Give notice, take no connections any more, answer what was begun, and end what takes too long.

        Told by SIGINT it gives no notice: a person waits, or another worker has taken its place already.
        """
        self._bounded.is_stopping = True
        if signal.SIGTERM in self._captured_signals:
            await asyncio.sleep(self._notice_seconds)
        await self._stop_listening(sockets or [])
        await self._drain()
        await self._end()
        if not self.force_exit:
            await self.lifespan.shutdown()

    async def _stop_listening(self, sockets: list[socket]) -> None:
        loop = asyncio.get_running_loop()
        for listening in sockets:
            # asyncio's own loop would lose a connection that it has accepted and not begun to serve.
            with suppress(RuntimeError, ValueError):
                loop.remove_reader(listening.fileno())
        await asyncio.sleep(_LOOKED_EVERY)
        for server in self.servers:
            server.close()
        for listening in sockets:
            listening.close()

    async def _drain(self) -> None:
        loop, state = asyncio.get_running_loop(), self.server_state
        for connection in self._connections():
            connection.shutdown()
        deadline = loop.time() + DRAIN_SECONDS
        while (state.connections or state.tasks) and loop.time() < deadline and not self.force_exit:
            await asyncio.sleep(_LOOKED_EVERY)
            for connection in self._connections():
                connection.close_idle()

    async def _end(self) -> None:
        """Refuse what isn't answered, and let it leave its record."""
        for connection in self._connections():
            connection.end_now()
        tasks = list(self.server_state.tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=_CANCELLED_SECONDS)

    def _connections(self) -> list[BoundedProtocol]:
        return [one for one in self.server_state.connections if isinstance(one, BoundedProtocol)]


def _config(application: Application, limits: ConnectionLimits) -> BoundedConfig:
    return BoundedConfig(
        application,
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
    notice_seconds: float = 0
    """So long connections are still taken after SIGTERM, while it says that it isn't ready."""


def service_of(settings: Settings, *, log_requests: bool = False) -> Service:
    """Return how the settings have applications served."""
    limits = ConnectionLimits(
        settings.receive_timeout_seconds,
        settings.send_timeout_seconds,
        settings.max_body_bytes,
        settings.max_connections,
    )
    return Service(limits, log_requests, settings.stop_notice_seconds)


def serve(application: Application, listening: socket, greet: Callable[[], None], service: Service) -> int:
    """Serve until SIGTERM or Ctrl-C, requests under way to their end; call `greet` once requests are answered.

    Failures are logged to the standard error, requests too if asked. Returns the exit code.
    """
    server = _Server(_config(application, service.limits), greet, service.notice_seconds)
    with suppress(KeyboardInterrupt), logging_to(sys.stderr, requests=service.log_requests):
        # The server raises the signal anew once it has stopped: being asked to stop is no failure.
        former = signal.signal(signal.SIGTERM, signal.default_int_handler)
        # The end of a terminal ends it in good order too.
        signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGINT))
        try:
            server.run(sockets=[listening])
        finally:
            signal.signal(signal.SIGTERM, former)
    return 0 if server.started else 1
