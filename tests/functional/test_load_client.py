"""The client of the benchmarks, against a server that answers as each test has it."""

import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import pytest

from benchmarks.over_http.load import Job, LoadFault, Measured, parse_job, run_load
from benchmarks.over_http.machine import Cores
from benchmarks.over_http.processes import started_load

ANSWER = b'{"data":1}' * 20_000
"""Long enough to come in several pieces."""
REQUEST = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def whole(body: bytes) -> bytes:
    return f"HTTP/1.1 200 OK\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


@dataclass
class Tiny:
    """A server: its port, the requests that came, and the connections."""

    port: int
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0


@contextmanager
def tiny_server(answer: Callable[[int], bytes]) -> Iterator[Tiny]:
    """Serve; `answer` gives the octets for the request of that number, none of them: the connection is closed."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            tiny.connections += 1
            # A client that found another answer leaves at once.
            with suppress(ConnectionError):
                self._answer()

        def _answer(self) -> None:
            while (line := self.rfile.readline()) != b"":
                while self.rfile.readline() not in (b"\r\n", b""):
                    pass
                tiny.requests.append(line)
                octets = answer(len(tiny.requests))
                if not octets:
                    return
                self.wfile.write(octets)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = True

    with Server(("127.0.0.1", 0), Handler) as server:
        tiny = Tiny(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield tiny
        finally:
            server.shutdown()
            thread.join()


def job(port: int, **changed: object) -> Job:
    members = {"seconds": 0.2, "warm_seconds": 0.05, "connections": 3, **changed}
    return Job(port, (REQUEST,), **{"answer": ANSWER, **members})  # type: ignore[arg-type]


def test_load_counts_answers_on_connections_that_stay_open() -> None:
    with tiny_server(lambda _number: whole(ANSWER)) as server:
        measured = run_load(job(server.port))
    assert server.connections == 3
    # What came within the seconds that don't count, and what was under way at the end, isn't counted.
    assert 0 < measured.answers < len(server.requests)
    assert measured.answers >= len(server.requests) // 4
    assert 0.2 <= measured.seconds < 5
    assert 0 < measured.p50 <= measured.p99
    assert 0 < measured.client_share <= 1.05


def test_load_sends_no_more_requests_than_there_are() -> None:
    with tiny_server(lambda _number: whole(ANSWER)) as server:
        measured = run_load(job(server.port, most=7, warm_seconds=0, seconds=30.0))
    assert (measured.answers, len(server.requests)) == (7, 7)


def test_load_sends_requests_in_their_order_each_as_it_is() -> None:
    requests = tuple(f"GET /{number} HTTP/1.1\r\n\r\n".encode() for number in range(4))
    with tiny_server(lambda _number: whole(b"1")) as server:
        run_load(Job(server.port, requests, b"1", 30.0, 0, connections=1, most=6))
    assert [line.split()[1] for line in server.requests] == [b"/0", b"/1", b"/2", b"/3", b"/0", b"/1"]


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        pytest.param(whole(ANSWER[:-1] + b"x"), "another", id="another answer of the same length"),
        pytest.param(whole(ANSWER + b"x"), "not 200 with 200000", id="a longer answer"),
        pytest.param(whole(b""), "not 200 with 200000", id="an empty answer"),
        pytest.param(whole(ANSWER).replace(b"200 OK", b"503 No"), "503", id="another status"),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\n" + ANSWER, "not 200 with", id="no length"),
        pytest.param(whole(ANSWER) + b"x", "another", id="more than an answer"),
        pytest.param(b"", "closed", id="no answer at all"),
    ],
)
def test_load_ends_when_an_answer_is_another(octets: bytes, words: str) -> None:
    with (
        tiny_server(lambda number: whole(ANSWER) if number < 20 else octets) as server,
        pytest.raises(LoadFault, match=words),
    ):
        run_load(job(server.port, seconds=30.0))


def test_jobs_come_back_from_their_lines_as_they_were() -> None:
    sent = Job(8080, (REQUEST, b"\x00\xff"), b"\xfe", 1.5, 0.1, 4, 9)
    assert parse_job(sent.render()) == sent


def test_client_process_runs_one_job_after_another_and_tells_faults() -> None:
    with tiny_server(lambda _number: whole(ANSWER)) as server, started_load(Cores()) as load:
        assert isinstance(load.run(job(server.port)), Measured)
        with pytest.raises(LoadFault, match="another"):
            load.run(job(server.port, answer=b"x" * len(ANSWER)))
        assert load.run(job(server.port)).answers > 0
    assert load.process.returncode == 0
