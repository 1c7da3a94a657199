"""Eight processes write one log in PostgreSQL, and are killed again and again: no gap, no fork, nothing lost (R28)."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from portal.audit.ledger import Ledger
from portal.audit.signing import SigningKeys
from portal.storage.postgresql import connect_sync
from portal_verify.log import verify_log
from tests.fixtures.postgres import Databases
from tests.fixtures.postgres_log import fresh_log
from tests.unit.audit.logs import EPOCH, KEY, public_pem

pytestmark = pytest.mark.heavy

WRITERS = 8
KILLS = int(os.environ.get("PORTAL_TEST_WRITER_KILLS", "24"))
PROGRAM = (sys.executable, "-m", "tests.faults.recording_process")


@pytest.fixture
def url(postgres: Databases) -> Iterator[str]:
    with fresh_log(postgres, EPOCH) as made:
        yield made


class Writers:
    """Processes, each of which notes in a file of its own what became durable."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url = url
        self._folder = folder
        self._started = 0
        self.running: dict[Path, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        self._started += 1
        path = self._folder / f"{self._started}.said"
        with path.open("wb") as said:
            self.running[path] = subprocess.Popen([*PROGRAM, self._url], stdout=said, stderr=subprocess.DEVNULL)

    def at_work(self) -> list[Path]:
        """Those that have written something, as soon as there are some."""
        deadline = time.monotonic() + 60
        while not (found := [path for path in self.running if path.stat().st_size]):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return found

    def kill(self, path: Path) -> None:
        process = self.running.pop(path)
        process.kill()
        process.wait()

    def acknowledged(self) -> list[str]:
        """The receipts of whole lines."""
        said = [path.read_text() for path in self._folder.glob("*.said")]
        return [line for text in said for line in text.splitlines()[: text.count("\n")] if line != "unavailable"]


@pytest.mark.clause("threats.md R28 G6")
def test_log_has_no_gap_and_no_fork_when_eight_writers_are_killed(url: str, tmp_path: Path) -> None:
    draw, writers = Random(28), Writers(url, tmp_path)
    try:
        for _ in range(WRITERS):
            writers.start()
        for _ in range(KILLS):
            time.sleep(draw.uniform(0.1, 0.6))
            writers.kill(draw.choice(writers.at_work()))
            writers.start()
    finally:
        for path in list(writers.running):
            writers.kill(path)
    with closing(Ledger(url, SigningKeys([KEY]), None)):
        pass
    found = verify_log(url, public_pem(KEY), processes=2)
    assert (found.fault, found.uncovered) == (None, 0)
    with closing(connect_sync(url)) as connection:
        rows = connection.execute("SELECT writer, sequence FROM audit_records").fetchall()
        ended = connection.execute(
            "SELECT writer FROM audit_records GROUP BY writer HAVING max(sequence) <> count(*) OR min(sequence) <> 1"
        ).fetchall()
    assert ended == []
    acknowledged = writers.acknowledged()
    assert len(set(acknowledged)) == len(acknowledged) > 100
    assert set(acknowledged) <= {f"{writer}-{sequence}" for writer, sequence in rows}
    assert len({receipt.partition("-")[0] for receipt in acknowledged}) > WRITERS
