"""A TCP proxy before a database, in this process, that a test pauses, cuts, or lets drop what it names.

Whole messages of PostgreSQL's protocol are known where `swallow` is used: what a server sends after its first message
is a byte of kind, four bytes of length that count themselves, and the rest.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

NOTIFICATION = b"A"
"""The kind of message by which PostgreSQL tells a listener of a NOTIFY."""
_SIZE = 1 << 16


@dataclass(slots=True, eq=False)
class _Pair:
    """A client's connection and the one made for it."""

    client: socket.socket
    server: socket.socket
    seen: bytes = b""
    pending: bytes = b""
    has_started: bool = False

    def close(self) -> None:
        for one in (self.client, self.server):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


@dataclass(slots=True, eq=False)
class TcpProxy:
    """Passes connections to `port` of 127.0.0.1 on to `target`; made by `tcp_proxy`."""

    target: tuple[str, int]
    listening: socket.socket
    pairs: set[_Pair] = field(default_factory=set)
    dropped: int = 0
    swallowed: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _flows: threading.Event = field(default_factory=threading.Event)
    _ended: threading.Event = field(default_factory=threading.Event)
    _pattern: bytes = b""
    _answer: bytes = b""
    _kinds: frozenset[bytes] = frozenset()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.listening.getsockname()[1])

    def pause(self) -> None:
        """Let nothing through from now on, in either way; connections stay, and new ones are taken."""
        self._flows.clear()

    def resume(self) -> None:
        """Let everything through again, what waited first."""
        self._flows.set()

    def cut(self) -> None:
        """Cut the connections there are; new ones are taken."""
        with self._lock:
            pairs, self.pairs = self.pairs, set()
        for pair in pairs:
            pair.close()

    def drop_after(self, pattern: bytes) -> None:
        """Cut the next connection on which a client sends these bytes, right after they were passed on."""
        self._pattern = pattern

    def drop_before(self, pattern: bytes) -> None:
        """Cut the next connection on which a server sends these bytes, right before they are passed on."""
        self._answer = pattern

    def swallow(self, *kinds: bytes) -> None:
        """Drop the server's messages of these kinds from now on, on connections made from now on; none: no more."""
        self._kinds = frozenset(kinds)

    def serve(self) -> None:
        """Take connections until closed."""
        while not self._ended.is_set():
            with suppress(OSError):
                client, _ = self.listening.accept()
                self._open(client)

    def _open(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(self.target, timeout=10)
        except OSError:
            client.close()
            return
        server.settimeout(None)
        pair = _Pair(client, server)
        with self._lock:
            self.pairs.add(pair)
        kinds = self._kinds
        threading.Thread(target=self._pass_up, args=(pair,), daemon=True).start()
        threading.Thread(target=self._pass_down, args=(pair, kinds), daemon=True).start()

    def _receive(self, source: socket.socket) -> bytes:
        """Return what came, once it may pass; nothing at the end."""
        content = source.recv(_SIZE)
        self._flows.wait()
        return b"" if self._ended.is_set() else content

    def _pass_up(self, pair: _Pair) -> None:
        with suppress(OSError, ValueError):
            while content := self._receive(pair.client):
                pair.server.sendall(content)
                if self._is_named(pair, content):
                    self.dropped += 1
                    break
        self._close(pair)

    def _is_named(self, pair: _Pair, content: bytes) -> bool:
        """Return whether the bytes named by `drop_after` have passed; they count once."""
        pattern = self._pattern
        if not pattern:
            return False
        pair.seen = pair.seen[-len(pattern) :] + content
        if pattern not in pair.seen:
            return False
        self._pattern = b""
        return True

    def _pass_down(self, pair: _Pair, kinds: frozenset[bytes]) -> None:
        with suppress(OSError, ValueError):
            while content := self._receive(pair.server):
                if self._answer and self._answer in content:
                    self._answer = b""
                    self.dropped += 1
                    break
                pair.client.sendall(self._without(pair, content, kinds) if kinds else content)
        self._close(pair)

    def _without(self, pair: _Pair, content: bytes, kinds: frozenset[bytes]) -> bytes:
        """Return the whole messages that came, without those of the kinds; the rest waits for its end."""
        pair.pending += content
        kept = b""
        while pair.pending:
            # The answer to a request for encryption is one byte, before anything else.
            if not pair.has_started and pair.pending[:1] in {b"N", b"S"} and len(pair.pending) == 1:
                size = 1
            elif len(pair.pending) < 5 or len(pair.pending) < (size := 1 + int.from_bytes(pair.pending[1:5])):
                break
            message, pair.pending = pair.pending[:size], pair.pending[size:]
            pair.has_started = pair.has_started or size > 1
            if message[:1] in kinds:
                self.swallowed += 1
            else:
                kept += message
        return kept

    def _close(self, pair: _Pair) -> None:
        with self._lock:
            self.pairs.discard(pair)
        pair.close()

    def close(self) -> None:
        """Take no connections any more, and cut those there are."""
        self._ended.set()
        self.resume()
        with suppress(OSError):
            self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
        self.cut()


@contextmanager
def tcp_proxy(host: str, port: int) -> Iterator[TcpProxy]:
    """Yield a proxy before a server; it ends with the block."""
    proxy = TcpProxy((host, port), socket.create_server(("127.0.0.1", 0)))
    proxy.resume()
    thread = threading.Thread(target=proxy.serve, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.close()
        thread.join(10)
