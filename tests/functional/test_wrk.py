"""wrk as the benchmarks' client: what it is told, what is made of what it says; it itself where it is installed."""

import json
import stat
import sys
from pathlib import Path

import pytest

from benchmarks.over_http.load import Job, LoadFault, Measured
from benchmarks.over_http.machine import Cores
from benchmarks.over_http.processes import started_load
from benchmarks.over_http.wrk import SCRIPT, WrkLoad, find_wrk, read_result
from tests.fixtures.tiny_server import tiny_server, whole

REQUEST = b"GET /same HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
ANSWER = b'{"data":1}'
RESULT = {"answers": 300, "seconds": 2.0, "p50": 1.5, "p99": 4.5, "faults": 0}


def stand_in(folder: Path, ending: str) -> str:
    """A program that notes what it was told, and ends as the lines of Python say."""
    program = folder / "wrk"
    noting = f"Path({str(folder / 'told')!r}).write_text(json.dumps([sys.argv[1:], os.environ['BENCH_REQUEST']]))"
    program.write_text(f"#!{sys.executable}\nimport json, os, sys\nfrom pathlib import Path\n{noting}\n{ending}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return str(program)


def run(program: str, folder: Path, job: Job) -> Measured:
    with started_load(Cores()) as bundled:
        return WrkLoad(program, folder, Cores(), bundled).run(job)


def test_wrk_is_told_the_octets_and_whole_seconds(tmp_path: Path) -> None:
    program = stand_in(tmp_path, f"print('Running')\nprint({json.dumps(RESULT)!r})")
    measured = run(program, tmp_path, Job(9, (REQUEST,), ANSWER, 1.5))
    assert (measured.answers, measured.rate, measured.p50, measured.p99) == (300, 150, 1.5, 4.5)
    assert measured.client_share > 0
    arguments, octets = json.loads((tmp_path / "told").read_text())
    assert arguments == ["-t1", "-c8", "-d2s", "-s", str(SCRIPT), "http://127.0.0.1:9/"]
    assert Path(octets).read_bytes() == REQUEST


@pytest.mark.parametrize(
    "job",
    [Job(0, (REQUEST,), ANSWER, 1.0, 0, most=3), Job(0, (REQUEST, REQUEST), ANSWER, 1.0, 0, most=3)],
    ids=["counted", "different"],
)
def test_wrk_leaves_to_the_bundled_client_what_it_cannot_do(tmp_path: Path, job: Job) -> None:
    with tiny_server(lambda _number: whole(ANSWER)) as server:
        moved = Job(server.port, job.requests, job.answer, job.seconds, job.warm_seconds, most=job.most)
        assert run("/nowhere/wrk", tmp_path, moved).answers == 3


def test_wrk_that_fails_is_told(tmp_path: Path) -> None:
    program = stand_in(tmp_path, "sys.exit('unable to connect')")
    with pytest.raises(LoadFault, match="unable to connect"):
        run(program, tmp_path, Job(9, (REQUEST,), ANSWER, 1.0))


@pytest.mark.parametrize("changed", [{"faults": 1}, {"answers": 0}])
def test_result_with_failed_answers_counts_for_nothing(changed: dict[str, int]) -> None:
    with pytest.raises(LoadFault, match="failed"):
        read_result(json.dumps({**RESULT, **changed}), 0.1)


def test_installed_wrk_counts_answers_and_tells_refusals(tmp_path: Path) -> None:
    program = find_wrk()
    assert program is not None, "wrk isn't installed; `make test` does it"
    with tiny_server(lambda _number: whole(ANSWER)) as server:
        measured = run(program, tmp_path, Job(server.port, (REQUEST,), ANSWER, 1.0))
    assert 0 < measured.answers <= len(server.requests)
    assert {line.split()[1] for line in server.requests} == {b"/same"}
    assert 0 < measured.p50 <= measured.p99
    refusal = whole(ANSWER).replace(b"200 OK", b"503 No")
    with tiny_server(lambda _number: refusal) as server, pytest.raises(LoadFault, match="failed"):
        run(program, tmp_path, Job(server.port, (REQUEST,), ANSWER, 1.0))
