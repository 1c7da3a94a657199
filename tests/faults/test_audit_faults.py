"""The audit's disk fails, fills up, or its process dies: what was acknowledged is in the log, and the log is sound."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from tests.unit.audit.logs import Log, make_log

pytestmark = pytest.mark.heavy

PROCESSES = 3
KILLS = 6
PROGRAM = (sys.executable, "-m", "tests.faults.recording_process")


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return make_log(tmp_path)


def start(log: Log, *arguments: str, under: Sequence[str] = ()) -> subprocess.Popen[str]:
    command = [*under, *PROGRAM, str(log.path), *arguments]
    # A group of its own, which ends whole: a tracer that is killed leaves its process running.
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True
    )


def said_by(process: subprocess.Popen[str]) -> list[str]:
    """Kill the process and return its whole lines."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    assert process.stdout is not None
    # Not `communicate`: it reads past what a `readline` before it took in and didn't give, in the middle of a line.
    with process.stdout as lines:
        out = lines.read()
    process.wait(30)
    return out.splitlines()[: out.count("\n")]


def check_nothing_is_lost(log: Log, said: Sequence[str]) -> None:
    acknowledged = {line for line in said if line != "unavailable"}
    assert len(acknowledged) == len(said) - said.count("unavailable"), "a receipt was given twice"
    recorded = {f"{writer}-{sequence}" for writer, sequence in log.rows("SELECT writer, sequence FROM audit_records")}
    assert acknowledged <= recorded
    assert log.verify().fault is None


@pytest.mark.clause("threats.md R1 R28")
def test_nothing_acknowledged_is_lost_when_processes_are_killed(log: Log) -> None:
    """Several write side by side; each is killed at a moment of its own, and others go on."""
    random, said = Random(28), list[str]()
    running = [start(log) for _ in range(PROCESSES)]
    for _ in range(KILLS):
        time.sleep(random.uniform(0.8, 2.5))
        victim = running.pop(random.randrange(PROCESSES))
        said += said_by(victim)
        running.append(start(log))
    # The last ones are up and writing before they go too.
    for process in running:
        assert process.stdout is not None
        said.append(process.stdout.readline().rstrip())
    for process in running:
        said += said_by(process)
    assert len(said) > 500
    check_nothing_is_lost(log, said)
    log.open().close()
    assert log.verify().uncovered == 0


@pytest.mark.clause("threats.md R3")
@pytest.mark.parametrize("sync", [1, 2, 3, 5, 9])
def test_nothing_is_acknowledged_when_its_sync_failed(log: Log, sync: int) -> None:
    trace = ("strace", "-f", "-qq", "-o", "/dev/null", "-e", f"inject=fdatasync:error=EIO:when={sync}")
    process = start(log, under=trace)
    assert process.stdout is not None
    said: list[str] = []
    # It ends where the sync was one of its start; else it goes on, with a chain of its own.
    while (line := process.stdout.readline().rstrip()) and not (said.count("unavailable") and line != "unavailable"):
        said.append(line)
        assert len(said) < 20_000, "no sync failed"
    assert line == "" or line.partition("-")[0] != said[0].partition("-")[0]
    said += [line, *said_by(process)] if line else said_by(process)
    check_nothing_is_lost(log, said)


@pytest.mark.clause("threats.md R4")
def test_records_are_refused_while_the_disk_is_full_and_taken_when_it_is_not(log: Log) -> None:
    process = start(log, str(log.path.stat().st_size + 200_000))
    assert process.stdout is not None
    said: list[str] = []
    while "unavailable" not in said:
        said.append(process.stdout.readline().rstrip())
    full_at = time.monotonic()
    while said[-1] == "unavailable" or time.monotonic() < full_at + 0.1:
        said.append(process.stdout.readline().rstrip())
        assert time.monotonic() < full_at + 7, "it doesn't recover"
    assert said.count("unavailable") >= 4
    said += said_by(process)
    check_nothing_is_lost(log, said)
