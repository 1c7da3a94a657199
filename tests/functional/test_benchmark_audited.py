"""`python -m benchmarks audited`: each answer that is counted left a record, and threads tell their own time."""

import json
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from socket import SHUT_RDWR
from time import process_time

import pytest

from benchmarks.audited.__main__ import Audited
from benchmarks.audited.measuring import AuditedFigure, Unrecorded, recorded
from benchmarks.audited.serving import ProcessorSeconds, ask_clock, own_seconds, tell_clock
from benchmarks.over_http.load import Measured
from portal.serving import listen
from tests.architecture.sources import PROJECT

SHORT = ("--connections", "2", "3", "--seconds", "0.3", "--rounds", "2", "--bundled")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", "audited", *arguments]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=300)


def test_small_measure_tells_all_as_text_and_json(tmp_path: Path) -> None:
    done = run("--sqlite", *SHORT, "--json", str(tmp_path / "figures.json"))
    assert done.returncode == 0, done.stderr
    members = json.loads((tmp_path / "figures.json").read_bytes())
    assert [(one["database"], one["workers"], one["connections"]) for one in members["figures"]] == [
        ("portal, SQLite", 1, 2),
        ("portal, SQLite", 1, 3),
    ]
    for one in members["figures"]:
        assert len(one["rounds"]) == 2
        # What is sent before a round counts, and what is under way when it ends, is on record too.
        assert one["records"] >= one["answers"] > 0
        assert 0 < one["processor"]["writing"] < one["processor"]["process"]
        assert 0 < one["audit_share"] < 1
    assert members["machine"]["commit"]
    assert len(members["targets"]) == 2
    assert done.stdout.count("held") == 2


@pytest.mark.heavy
def test_workers_on_postgresql_are_measured_beside_it(tmp_path: Path) -> None:
    done = run("--workers", "1", "2", *SHORT, "--json", str(tmp_path / "figures.json"))
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "figures.json").read_bytes())["figures"][2:]
    assert [(one["database"], one["workers"], one["connections"]) for one in found] == [
        ("portal, PostgreSQL", workers, connections) for workers in (1, 2) for connections in (2, 3)
    ]
    assert all(one["records"] >= one["answers"] > 0 for one in found)
    assert [one["audit_share"] is None for one in found] == [False, False, True, True]


def figure(processor: ProcessorSeconds | None) -> AuditedFigure:
    return AuditedFigure("synthetic", 1, 2, (Measured(80, 1.0, 1.0, 2.0, 0.1),), 100, processor)


def test_share_is_of_the_writing_thread_and_of_rendering() -> None:
    """100 records of a millisecond each on the loop, and half a second in the thread, of four."""
    assert figure(ProcessorSeconds(4.0, 0.5)).audit_share(0.001) == pytest.approx(0.15)
    assert figure(None).audit_share(0.001) is None


def test_answers_without_records_are_told() -> None:
    """80 answers were counted."""
    assert recorded(replace(figure(None), records=80)).answers == 80
    with pytest.raises(Unrecorded, match="80 answers, and 79 records"):
        recorded(replace(figure(None), records=79))


@pytest.mark.parametrize(("writing", "is_held"), [(0.5, True), (0.51, False)])
def test_share_is_held_up_to_its_bound(writing: float, is_held: bool) -> None:
    found = Audited([figure(ProcessorSeconds(4.0, writing)), figure(None)], 0.001, "none", {})
    assert [one.is_held for one in found.targets()] == [is_held]
    assert ("NOT held" in "\n".join(found.render())) is not is_held


def test_clock_tells_the_time_of_the_thread_that_writes() -> None:
    worked, ended = threading.Event(), threading.Event()

    def write() -> None:
        _work()
        worked.set()
        ended.wait(30)

    writing = threading.Thread(target=write, name="audit")
    with listen("127.0.0.1", 0) as listening:
        telling = threading.Thread(target=tell_clock, args=(listening, own_seconds))
        telling.start()
        port = int(listening.getsockname()[1])
        before = ask_clock(port)
        writing.start()
        assert worked.wait(30)
        after = ask_clock(port)
        ended.set()
        writing.join()
        listening.shutdown(SHUT_RDWR)
        telling.join()
    assert before.writing == 0
    assert 0 < after.writing <= after.since(before).process


def _work() -> None:
    began = process_time()
    while process_time() - began < 0.05:
        sum(range(1000))
