"""The client of the benchmarks, against a server that answers as each test has it."""

import pytest

from benchmarks.over_http.load import Job, LoadFault, Measured, parse_job, run_load
from benchmarks.over_http.machine import Cores
from benchmarks.over_http.processes import started_load
from tests.fixtures.tiny_server import tiny_server, whole

ANSWER = b'{"data":1}' * 20_000
"""Long enough to come in several pieces."""
REQUEST = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


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
    assert measured.client_share > 0


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
