"""Backups of a portal under way: loads and audited requests go on meanwhile (R18)."""

import http.client
import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.fixtures.small_bundle import BundleDraft, small_bundle
from tests.oracle.runner import PortalProcess
from tests.oracle.world import Caller

pytestmark = [pytest.mark.heavy, pytest.mark.clause("R18")]

DRILLS = 10
ROWS = 600
QUERY = json.dumps({"query": "{ shared { villages(purpose: WORK_REFERENCE, first: 2) { nodes { code name } } } }"})
NAMES = ("旧", "新")


def bundle(which: int) -> BundleDraft:
    draft = small_bundle()
    draft.title = NAMES[which]
    lines = (f"v{number:05},{NAMES[which]} {number}," for number in range(ROWS))
    draft.rows["villages"] = ["code,name,note", *lines]
    return draft


@dataclass(slots=True)
class Traffic:
    """Requests and loads that go on until told to stop."""

    portal: PortalProcess
    folders: tuple[Path, Path]
    token: str
    stop: threading.Event = field(default_factory=threading.Event)
    answers: int = 0
    loads: int = 0

    def ask(self) -> None:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"}
        connection = http.client.HTTPConnection("127.0.0.1", self.portal.port, timeout=20)
        with suppress(OSError, http.client.HTTPException), closing(connection):
            while not self.stop.is_set():
                connection.request("POST", "/graphql", QUERY, headers)
                with connection.getresponse() as response:
                    self.answers += "errors" not in json.loads(response.read())
                self.stop.wait(0.02)

    def load(self) -> None:
        while not self.stop.is_set():
            self.portal.load(self.folders[self.loads % 2])
            self.loads += 1
            self.stop.wait(0.5)


@pytest.fixture
def traffic(tmp_path: Path) -> Iterator[Traffic]:
    portal = PortalProcess(tmp_path / "home")
    folders = bundle(0).write(tmp_path / "old"), bundle(1).write(tmp_path / "new")
    portal.load(folders[0])
    assert portal.run("backup", "--new-key", str(tmp_path / "restore.pem")).returncode == 0
    token = portal.token(Caller(application="checker"))
    assert token is not None
    portal.start()
    traffic = Traffic(portal, folders, token)
    threads = [threading.Thread(target=run) for run in (traffic.ask, traffic.ask, traffic.load)]
    for thread in threads:
        thread.start()
    try:
        yield traffic
    finally:
        traffic.stop.set()
        for thread in threads:
            thread.join()
        portal.stop()


def read(path: Path, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(statement).fetchall()


def check_restored(source: Path, restored: Path) -> int:
    """See that all is as the source has it at the position of the backup; return the records there were."""
    heads = read(restored / "portal.db", "SELECT writer, max(sequence) FROM audit_records GROUP BY writer")
    columns = "writer, sequence, record, hash FROM audit_records"
    records = read(restored / "portal.db", f"SELECT {columns} ORDER BY 1, 2")
    until = {int(str(writer)): int(str(last)) for writer, last in heads}
    original = read(source / "portal.db", f"SELECT {columns} ORDER BY 1, 2")
    assert records == [row for row in original if int(str(row[1])) <= until.get(int(str(row[0])), 0)]
    title = read(restored / "portal.db", "SELECT title FROM portal")[0][0]
    table = read(restored / "portal.db", "SELECT table_name FROM datasets WHERE withdrawn_in IS NULL ORDER BY entry")
    names = read(restored / "data.db", f"SELECT code, name FROM {table[0][0]} ORDER BY _row_number")  # noqa: S608
    assert names == [(f"v{number:05}", f"{title} {number}") for number in range(ROWS)]
    changes = read(restored / "portal.db", "SELECT * FROM changes ORDER BY id")[:-1]
    assert changes == read(source / "portal.db", "SELECT * FROM changes ORDER BY id")[: len(changes)]
    return len(records)


def test_backup_of_a_portal_under_way_is_of_one_moment(traffic: Traffic, tmp_path: Path) -> None:
    counts = []
    for number in range(DRILLS):
        file, home = tmp_path / f"{number}.backup", tmp_path / f"restored-{number}"
        made = traffic.portal.run("backup", str(file), "--key", str(tmp_path / "restore.pem.pub"))
        assert made.returncode == 0, made.stderr
        other = PortalProcess(home)
        done = other.run("restore", str(file), "--key", str(tmp_path / "restore.pem"))
        assert done.returncode == 0, done.stderr
        verified = other.run("audit", "verify")
        assert verified.returncode == 0, verified.stdout
        counts.append(check_restored(traffic.portal.home, home))
        assert f"{counts[-1]} audit records" in made.stdout
    assert counts == sorted(counts)
    assert traffic.answers > 10 * DRILLS
    assert traffic.loads > 2
