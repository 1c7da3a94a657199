"""`python -m benchmarks.over_http.load`: the client. Jobs come as lines of JSON, and so do their results go.

Requests are made beforehand and answers are compared octet for octet, so that a request costs this process little: a
wait, a read, a comparison and a write on connections that stay open. It imports nothing but the standard library.
"""

import json
import sys
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from itertools import cycle, islice
from selectors import EVENT_READ, DefaultSelector
from socket import IPPROTO_TCP, TCP_NODELAY, create_connection, socket
from time import perf_counter, process_time

CONNECTIONS = 8
_SILENT_SECONDS = 60.0
_ROOM = 1 << 20
_HEAD_END, _LENGTH = b"\r\n\r\n", b"\r\ncontent-length:"
_MILLISECONDS = 1000


class LoadFault(Exception):
    """An answer that isn't the one expected, or none; the message says which."""


@dataclass(frozen=True, slots=True)
class Job:
    """What is sent to a port of this machine, over and over, and the answer that each must get.

    Nothing counts within `warm_seconds`. `most` bounds how many requests are sent, and with them how often each of the
    requests is; without it they are repeated.
    """

    port: int
    requests: tuple[bytes, ...]
    answer: bytes
    seconds: float
    warm_seconds: float = 0.2
    connections: int = CONNECTIONS
    most: int | None = None

    def render(self) -> str:
        """Return the job as a line of JSON."""
        texts = {"requests": [b64encode(each).decode() for each in self.requests]}
        return json.dumps({**asdict(self), **texts, "answer": b64encode(self.answer).decode()})


def parse_job(line: str) -> Job:
    """Return the job that a line holds."""
    members = json.loads(line)
    requests = tuple(b64decode(each) for each in members.pop("requests"))
    return Job(**{**members, "requests": requests, "answer": b64decode(members.pop("answer"))})


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of a job: answers, over so many seconds; the time of one in milliseconds; how busy the client was.

    `client_share` is the client's processor time by the time of the clock, 0 to 1.
    """

    answers: int
    seconds: float
    p50: float
    p99: float
    client_share: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answers / self.seconds


@dataclass(slots=True)
class _Connection:
    """One connection with at most one request under way."""

    socket: socket
    answer: bytes
    room: bytearray = field(default_factory=lambda: bytearray(_ROOM))
    filled: int = 0
    head: int = 0
    begun: float = 0.0

    def ask(self, request: bytes) -> None:
        self.filled = self.head = 0
        self.begun = perf_counter()
        self.socket.sendall(request)

    def take(self) -> bool:
        """Read what has come; return whether the answer is whole. Raises: LoadFault where it is another."""
        with memoryview(self.room) as view:
            came = self.socket.recv_into(view[self.filled :])
        self.filled += came
        if not came:
            self._fail("the connection was closed")
        if not self.head:
            self._read_head()
        if not self.head or self.filled < self.head + len(self.answer):
            return False
        if self.filled > self.head + len(self.answer) or not self.room.startswith(self.answer, self.head):
            self._fail("the answer is another")
        return True

    def _read_head(self) -> None:
        end = self.room.find(_HEAD_END, 0, self.filled)
        if end < 0:
            return
        head = bytes(self.room[: end + 2]).lower()
        length = head.partition(_LENGTH)[2].partition(b"\r\n")[0].strip()
        if head[9:12] != b"200" or length != str(len(self.answer)).encode():
            self._fail(f"not 200 with {len(self.answer)} octets")
        self.head = end + len(_HEAD_END)

    def _fail(self, why: str) -> None:
        raise LoadFault(f"{why}; it begins: {bytes(self.room[: min(self.filled, 600)])!r}")


def run_load(job: Job) -> Measured:
    """Return what came of a job. Raises: LoadFault, OSError."""
    requests = cycle(job.requests) if job.most is None else islice(cycle(job.requests), job.most)
    with ExitStack() as closing, DefaultSelector() as selector:
        for _ in range(job.connections):
            opened = closing.enter_context(create_connection(("127.0.0.1", job.port), _SILENT_SECONDS))
            opened.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
            connection = _Connection(opened, job.answer)
            request = next(requests, None)
            if request is not None:
                selector.register(opened, EVENT_READ, connection)
                connection.ask(request)
        if job.warm_seconds:
            _run(selector, requests, job.warm_seconds)
        began, busy = perf_counter(), process_time()
        times = _run(selector, requests, job.seconds)
        seconds, busy = perf_counter() - began, process_time() - busy
        _drain(selector)
    if not times:
        raise LoadFault(f"no answer within {job.seconds} seconds")
    times.sort()
    return Measured(len(times), seconds, _quantile(times, 0.5), _quantile(times, 0.99), busy / seconds)


def _run(selector: DefaultSelector, requests: Iterator[bytes], seconds: float) -> list[float]:
    """Keep every connection busy for the seconds, or until there are no more requests; return the answers' times."""
    times: list[float] = []
    deadline = perf_counter() + seconds
    while selector.get_map():
        for connection in _readable(selector):
            if not connection.take():
                continue
            now = perf_counter()
            times.append(now - connection.begun)
            request = next(requests, None)
            if request is None:
                selector.unregister(connection.socket)
            else:
                connection.ask(request)
        if perf_counter() >= deadline:
            break
    return times


def _drain(selector: DefaultSelector) -> None:
    """Take the answers that are under way: a server that is left alone would have work in the next one's round."""
    while selector.get_map():
        for connection in _readable(selector):
            if connection.take():
                selector.unregister(connection.socket)


def _readable(selector: DefaultSelector) -> list[_Connection]:
    ready = [key.data for key, _ in selector.select(_SILENT_SECONDS)]
    if not ready:
        raise LoadFault(f"no answer for {_SILENT_SECONDS:g} seconds")
    return ready


def _quantile(times: list[float], share: float) -> float:
    """Return in milliseconds the least time that the share of the sorted times doesn't exceed."""
    return times[max(0, -int(-share * len(times) // 1) - 1)] * _MILLISECONDS


def main() -> int:
    """Run jobs until there are no more; return the exit code."""
    for line in sys.stdin:
        try:
            result = asdict(run_load(parse_job(line)))
        except (LoadFault, OSError) as fault:
            result = {"fault": str(fault)}
        sys.stdout.write(json.dumps(result) + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
