"""Connections of clients that are slow, on purpose or not: uvicorn waits for them for ever (T72)."""

import asyncio
import gc
import json
from collections import Counter
from dataclasses import dataclass, field
from select import POLLIN, poll
from socket import SO_LINGER, SOL_SOCKET, socket
from struct import pack
from typing import Any

import uvicorn
from httptools import HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from portal.errors import ErrorCode, Text

HEAD_BYTES = 81_920
"""Most bytes of a request's line and headers: a query of 64 KiB by GET fits in."""
_EXTRA_BODY_BYTES = 1 << 20
"""So many bytes beyond twice the largest body may come: its framing, and what a refused client sends on."""
TAKEN_BYTES = 65_536
"""So much of an answer must be taken in each span of `send_seconds`."""

_COLLECTED_AFTER = 2_000
"""New things before memory is looked through for what nothing needs: some milliseconds in which nothing else is done.

Requests leave nothing to be found (tests/functional/test_no_cycles.py), so it is seldom.
"""

_NO_LINGERING = pack("ii", 1, 0)

_LATE = Text(en="the request didn't arrive whole in time; send it at once", zh="请求未在时限内完整到达；请一次发送完毕")
_LONG_HEAD = Text(en="the headers are too long; shorten them", zh="请求头过长；请缩短")
_CROWDED = Text(en="too many connections; try again in a moment", zh="连接过多；请稍后重试")
_STOPPED = Text(
    en="the server stops, and this took longer than it waits; ask again", zh="服务正在停止，本请求未能及时完成；请重试"
)
STOPPING = "portal.stopping"
"""The ASGI extension that a request has which comes while the server stops."""
IDLE_SECONDS = 2.0
"""So long a server that stops still answers a request on a connection that was idle."""


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """What a connection may take: seconds for a request to arrive whole, seconds in which some of an answer is taken.

    `connections` are those of the process; one address may hold half of them.
    """

    receive_seconds: float
    send_seconds: float
    body_bytes: int
    connections: int


@dataclass(frozen=True, slots=True)
class _Held:
    """How many connections each address holds."""

    by_address: Counter[str] = field(default_factory=Counter)


class BoundedConfig(uvicorn.Config):
    """Uvicorn's configuration with limits for connections."""

    def __init__(self, application: Any, limits: ConnectionLimits, **options: Any) -> None:  # noqa: ANN401  uvicorn's own
        super().__init__(application, http=BoundedProtocol, **options)
        self.limits = limits
        self.held = _Held()
        self.is_stopping = False

    def load(self) -> None:
        """Load the application, in the process that serves it."""
        super().load()
        # What is loaded stays: looking through it again and again would stop every request for tenths of a second.
        gc.collect()
        gc.freeze()
        gc.set_threshold(_COLLECTED_AFTER, *gc.get_threshold()[1:])


class BoundedProtocol(HttpToolsProtocol):
    """One connection: a request must arrive whole in time and in bounds, an answer must be taken."""

    def __init__(self, config: uvicorn.Config, *arguments: Any, **options: Any) -> None:  # noqa: ANN401  uvicorn's own
        super().__init__(config, *arguments, **options)
        if not isinstance(config, BoundedConfig):
            raise TypeError("a connection without limits")
        self.parser = _OneProtocolParser(self)  # type: ignore[assignment]
        self._limits = config.limits
        self._by_address = config.held.by_address
        self._address = ""
        self._served = config
        self._idle_since = self.loop.time()
        self._is_in_head = True
        self._bytes = 0
        self._left = 0
        self._answered: RequestResponseCycle | None = None
        self._arrival: asyncio.TimerHandle | None = None
        self._taking: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request, or refuse where too many connections are held."""
        super().connection_made(transport)
        self._address = self.client[0] if self.client else ""
        self._by_address[self._address] += 1
        most = self._limits.connections
        if len(self.connections) > most or self._by_address[self._address] > max(1, most // 2):
            self._give_up(503, _CROWDED, ErrorCode.RATE_LIMITED)
            return
        self._await_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._by_address[self._address] -= 1
        if not self._by_address[self._address]:
            del self._by_address[self._address]
        self._end_arrival()
        self._end_taking()
        self._disconnect()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed what came to the parser, as long as it is within bounds."""
        if self.transport.is_closing():
            return
        if self._arrival is None:
            self._await_request()
        self._bytes += len(data)
        super().data_received(data)
        if self._is_in_head and self._bytes > HEAD_BYTES:
            self._give_up(431, _LONG_HEAD, ErrorCode.TOO_COMPLEX)
        elif self._bytes > 2 * self._limits.body_bytes + HEAD_BYTES + _EXTRA_BODY_BYTES:
            self._abandon()

    def on_headers_complete(self) -> None:
        """Begin the request's body."""
        if self._asks_for_another():
            return
        self._is_in_head = False
        super().on_headers_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:  # noqa: ANN401  uvicorn's own
        # Of several requests sent ahead `cycle` is the last to arrive, not the one that is being answered.
        self._answered = cycle
        if self._served.is_stopping:
            # Its answer says that no other comes, so that the client asks elsewhere.
            cycle.keep_alive = False
            cycle.scope["extensions"] = {STOPPING: {}}
        super()._start_asgi_task(cycle, app)

    def shutdown(self) -> None:
        """Begin to stop: the answer that is being made is the last; an idle connection is closed a little later.

        INVARIANT: no connection is closed on which an answer didn't say so, before it was idle for a while: the client
        may just be sending its next request.
        """
        self._idle_since = self.loop.time()
        answered = self._answered
        if answered is not None and not answered.response_started:
            answered.keep_alive = False

    def close_idle(self) -> None:
        """Close the connection of a server that stops, once nothing has come on it for a while."""
        is_idle = not self._bytes and (self._answered is None or self._answered.response_complete) and not self.pipeline
        if is_idle and self.loop.time() - self._idle_since >= IDLE_SECONDS and not self._has_unread():
            self.transport.close()
            self._abort_later()

    def _has_unread(self) -> bool:
        """Return whether something has come that wasn't read yet: to close then would throw it away."""
        held: socket | None = self.transport.get_extra_info("socket")
        if held is None or self.transport.is_closing():
            return False
        waiting = poll()
        waiting.register(held.fileno(), POLLIN)
        return bool(waiting.poll(0))

    def end_now(self) -> None:
        """Refuse what isn't answered yet, and close: the server has waited long enough."""
        if not self.transport.is_closing():
            self._give_up(503, _STOPPED, ErrorCode.RATE_LIMITED)

    def on_message_complete(self) -> None:
        """Note that the request is whole."""
        if self._asks_for_another():
            return
        self._end_arrival()
        self._is_in_head = True
        self._bytes = 0
        super().on_message_complete()

    def _asks_for_another(self) -> bool:
        return isinstance(self.parser, _OneProtocolParser) and self.parser.asks_for_another()

    def on_response_complete(self) -> None:
        """Begin to wait for the next request; an answer after which nothing comes must be taken too."""
        self._idle_since = self.loop.time()
        super().on_response_complete()
        if self.transport.is_closing():
            self._abort_later()

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection on which no further request came."""
        super().timeout_keep_alive_handler()
        self._abort_later()

    def pause_writing(self) -> None:
        """Begin to watch that the client takes its answer."""
        super().pause_writing()
        if self._taking is None:
            self._watch()

    def resume_writing(self) -> None:
        """Stop watching: most of the answer was taken."""
        super().resume_writing()
        self._end_taking()

    def _await_request(self) -> None:
        self._arrival = self.loop.call_later(self._limits.receive_seconds, self._come_late)

    def _come_late(self) -> None:
        self._arrival = None
        if self.transport.is_closing():
            return
        if self._bytes:
            self._give_up(408, _LATE, ErrorCode.BAD_INPUT)
        else:
            self.transport.close()

    def _end_arrival(self) -> None:
        if self._arrival is not None:
            self._arrival.cancel()
            self._arrival = None

    def _end_taking(self) -> None:
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None

    def _watch(self) -> None:
        self._left = self.transport.get_write_buffer_size()
        self._taking = self.loop.call_later(self._limits.send_seconds, self._look)

    def _look(self) -> None:
        if self._left - self.transport.get_write_buffer_size() < TAKEN_BYTES:
            self._abandon()
        else:
            self._watch()

    def _give_up(self, status: int, text: Text, code: ErrorCode) -> None:
        """Refuse in words where nothing was answered yet, and close."""
        answered = self._answered
        if not self.pipeline and (answered is None or answered.response_complete or not answered.response_started):
            self.transport.write(render_refusal(status, text, code))
        self._disconnect()
        self._end_arrival()
        self.transport.close()
        self._abort_later()

    def _disconnect(self) -> None:
        """Tell the application that nothing more comes; what it still answers is thrown away."""
        if self._answered is not None and not self._answered.response_complete:
            self._answered.disconnected = True
            self._answered.message_event.set()

    def _abandon(self) -> None:
        """End the connection at once, and what the system still holds of its answers with it."""
        self._end_arrival()
        held: socket | None = self.transport.get_extra_info("socket")
        if held is not None:
            held.setsockopt(SOL_SOCKET, SO_LINGER, _NO_LINGERING)
        self.transport.abort()

    def _abort_later(self) -> None:
        # To close is to wait until what was written is taken: a client that takes nothing would be waited for.
        self._end_taking()
        self._taking = self.loop.call_later(self._limits.send_seconds, self._abandon)


class _OneProtocolParser:
    """Reads each request as if it asked for no other protocol, as a server may (RFC 9110, 7.8).

    httptools ends such a request at its headers, and would read its body as a request of its own. Java's HTTP client
    asks for `h2c` wherever it isn't told not to.
    """

    def __init__(self, protocol: BoundedProtocol) -> None:
        self._protocol = protocol
        self._parser = self._begin()

    def feed_data(self, data: bytes) -> None:
        """Parse what came. Raises: HttpParserError, HttpParserUpgrade for CONNECT."""
        while True:
            try:
                self._parser.feed_data(data)
            except HttpParserUpgrade as asked:
                if not self.asks_for_another():
                    raise
                data = self._head() + data[asked.args[0] :]
                self._parser = self._begin()
            else:
                return

    def asks_for_another(self) -> bool:
        """Return whether the request that is read asks for another protocol; CONNECT asks for nothing else."""
        return self._parser.should_upgrade() and self._parser.get_method() != b"CONNECT"

    def _begin(self) -> HttpRequestParser:
        parser = HttpRequestParser(self._protocol)
        # As uvicorn has it: requests that were sent ahead of an answer.
        parser.set_dangerous_leniencies(lenient_data_after_close=True)
        return parser

    def _head(self) -> bytes:
        version = self._parser.get_http_version().encode()
        lines = [self._parser.get_method() + b" " + self._protocol.url + b" HTTP/" + version]
        lines += [name + b": " + value for name, value in self._protocol.headers if name != b"upgrade"]
        return b"\r\n".join(lines) + b"\r\n\r\n"

    def __getattr__(self, name: str) -> object:
        return getattr(self._parser, name)


def render_refusal(status: int, text: Text, code: ErrorCode) -> bytes:
    """Return a whole HTTP response for a connection whose request nobody could read: in both languages."""
    message = f"{text.en} · {text.zh}"
    body = json.dumps({"errors": [{"message": message, "extensions": {"code": code.value}}]}, ensure_ascii=False)
    content = body.encode()
    phrase = {408: "Request Timeout", 431: "Request Header Fields Too Large", 503: "Service Unavailable"}[status]
    retry = "retry-after: 1\r\n" if status == 503 else ""
    head = (
        f"HTTP/1.1 {status} {phrase}\r\ncontent-type: application/json\r\ncontent-length: {len(content)}\r\n"
        f"cache-control: no-store\r\n{retry}connection: close\r\n\r\n"
    )
    return head.encode() + content
