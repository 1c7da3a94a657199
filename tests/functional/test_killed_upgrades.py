"""`portal upgrade` killed at any statement leaves the old tables or the new ones, and a second one ends it (R16)."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pytest
from psycopg import sql

from portal.storage.addresses import database_path
from portal.storage.migrating import read_revision
from tests.fixtures.doctor import SOUND, Patient
from tests.fixtures.old_portal import Dump, dump_database, make_old
from tests.fixtures.postgres import Databases
from tests.fixtures.postgres_portal import set_up_portal
from tests.fixtures.small_bundle import add_agreement, small_bundle

pytestmark = [pytest.mark.heavy, pytest.mark.clause("R16")]

ROOT = Path(__file__).parents[2]
DOCUMENT = b"{shared{villages(first:1){nodes{name} access{receipt}}}}"
SHARE = 1 if os.environ.get("PORTAL_TEST_UPGRADES") == "all" else 3
"""`make test` kills at one statement in three, and at all of the last; PORTAL_TEST_UPGRADES=all at every one."""
LAST = 24
"""Statements among which the switch lies."""
PARTS = 4
"""So many tests share the statements: one that takes a quarter of an hour counts as one that hangs."""
AT_ONCE = 5
"""So often two upgrades begin together."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended: its exit code, None where it was killed; the points that it passed; its words."""

    code: int | None
    points: int
    words: str


@dataclass(frozen=True, slots=True)
class OldPortal:
    """A portal with content and a log, whose database `reset` brings back to its state before the upgrade."""

    patient: Patient
    url: str
    reset: Callable[[], None]
    process: subprocess.Popen[str]

    def upgrade(self, *points: int) -> list[Ended]:
        """Upgrade in a process for each point, at the same time; 0 is none."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        environ = {"PORTAL_HOME": str(self.patient.home), **self.patient.environ}
        self.process.stdin.write(json.dumps({"environ": environ, "points": points}) + "\n")
        self.process.stdin.flush()
        return [Ended(*ended) for ended in json.loads(self.process.stdout.readline())]

    def dump(self) -> Dump:
        return dump_database(self.url)


@contextmanager
def upgrading() -> Iterator[subprocess.Popen[str]]:
    """A process from which those that are killed are forked."""
    command = [sys.executable, "-m", "tests.fixtures.dying_upgrade"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.stdin.close()  # type: ignore[union-attr]  # it is a pipe


def fill(patient: Patient, folder: Path) -> None:
    draft = small_bundle()
    add_agreement(draft)
    assert patient.run("load", draft.write(folder / "bundle")).code == 0
    for _ in range(3):
        assert patient.run("query", "--public", "-", stdin=BytesIO(DOCUMENT)).code == 0


@pytest.fixture(scope="module")
def in_files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OldPortal]:
    folder = tmp_path_factory.mktemp("files")
    patient = Patient(folder / "var", SOUND)
    fill(patient, folder)
    url = patient.portal.settings.database_url
    path, present = database_path(url), folder / "present.db"
    path.rename(present)
    make_old(url, f"sqlite:///{present}")
    kept = folder / "kept.db"
    shutil.copyfile(path, kept)

    witness = keeping_witness(patient)

    def reset() -> None:
        witness()
        for end in ("", "-wal", "-shm"):
            path.with_name(path.name + end).unlink(missing_ok=True)
        shutil.copyfile(kept, path)
        path.chmod(0o600)

    with upgrading() as process:
        yield OldPortal(patient, url, reset, process)


def keeping_witness(patient: Patient) -> Callable[[], None]:
    """What brings the witness back: a log that goes back alone is one that was cut."""
    kept = {path: path.read_bytes() for path in patient.home.glob("audit-witness-*.json")}

    def bring_back() -> None:
        for path, content in kept.items():
            path.write_bytes(content)

    return bring_back


@pytest.fixture(scope="module")
def on_server(postgres: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OldPortal]:
    folder = tmp_path_factory.mktemp("server")
    with set_up_portal(postgres) as settings, upgrading() as process:
        patient = Patient(folder / "var", {**SOUND, **settings})
        fill(patient, folder)
        owner_url = settings["PORTAL_OWNER_DATABASE_URL"]
        name = owner_url.rpartition("/")[2]
        owner = sql.Identifier(f"{name}_owner")

        def replace(database: str, template: str) -> None:
            names = {"database": sql.Identifier(database), "template": sql.Identifier(template), "owner": owner}
            for statement in (
                "DROP DATABASE IF EXISTS {database} WITH (FORCE)",
                "CREATE DATABASE {database} OWNER {owner} TEMPLATE {template} ENCODING 'UTF8' LOCALE 'C.UTF-8'",
            ):
                postgres.execute(sql.SQL(statement).format(**names))

        replace(f"{name}_present", name)
        replace(name, "template0")
        make_old(owner_url, owner_url + "_present")
        replace(f"{name}_kept", name)
        witness = keeping_witness(patient)

        def reset() -> None:
            witness()
            replace(name, f"{name}_kept")

        try:
            yield OldPortal(patient, owner_url, reset, process)
        finally:
            for copy in (f"{name}_present", f"{name}_kept"):
                postgres.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(copy)))


@pytest.fixture(params=["in_files", "on_server"])
def old_portal(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OldPortal:
    # Where no `.env` lies.
    monkeypatch.chdir(tmp_path)
    portal: OldPortal = request.getfixturevalue(request.param)
    portal.reset()
    return portal


def test_upgraded_portal_is_whole(old_portal: OldPortal) -> None:
    """Content and log are those of the portal before: the digest matches, the chains hold."""
    assert ("database.revision", "fault") in old_portal.patient.look()
    before = old_portal.dump()["rows"]
    [ended] = old_portal.upgrade(0)
    assert (ended.code, ended.words) == (0, f"the database went from revision `0001` to `{newest(old_portal)}`\n")
    assert old_portal.patient.look(thorough=True) == set()
    after = old_portal.dump()["rows"]
    assert isinstance(before, Mapping)
    assert isinstance(after, Mapping)
    for table in ("audit_records", "audit_checkpoints", "policy_records", "epoch"):
        assert before[table]
        assert len(after[table]) == len(before[table])
    assert old_portal.patient.run("query", "--public", "-", stdin=BytesIO(DOCUMENT)).code == 0
    assert old_portal.patient.look(thorough=True) == set()


def points_of(number: int) -> list[int]:
    """Return the statements at which an upgrade of so many is killed."""
    last = max(1, number - LAST)
    return [*range(1, last, SHARE), *range(last, number + 1)]


def newest(old_portal: OldPortal) -> str | None:
    return read_revision(old_portal.url)


@pytest.mark.parametrize("part", range(PARTS))
def test_upgrade_killed_at_any_statement_leaves_the_old_or_the_new_tables(old_portal: OldPortal, part: int) -> None:
    old = old_portal.dump()
    [whole] = old_portal.upgrade(0)
    new = old_portal.dump()
    assert whole.code == 0
    assert old != new
    old_portal.reset()
    left = []
    points = points_of(whole.points)[part::PARTS]
    for number, point in enumerate(points):
        [killed] = old_portal.upgrade(point)
        assert killed.code is None, point
        found = old_portal.dump()
        left.append("old" if found == old else "new" if without_rights(found) == without_rights(new) else "neither")
        assert left[-1] != "neither", point
        if left[-1] == "new" or number % 10 == 9:
            if number % 5 == 4:
                [again] = old_portal.upgrade(0)
                assert again.code == 0, again.words
                assert old_portal.dump() == new, point
            old_portal.reset()
    # It switched once, and both sides of the switch were seen.
    assert left == sorted(left, reverse=True)
    assert {"old", "new"} == set(left)
    assert len(left) == len(points)
    assert whole.points >= 20


def without_rights(dump: Dump) -> object:
    """Rights are given once the tables are there, and again by the next upgrade: what is missing isn't permitted."""
    made = dump["made"]
    assert isinstance(made, list)
    is_server = isinstance(made[0], list)
    return [dump["rows"], [[row[0] for row in made[0]], *made[1:]] if is_server else made]


def test_two_upgrades_at_once_end_well_and_it_is_done_once(old_portal: OldPortal) -> None:
    [_] = old_portal.upgrade(0)
    new = old_portal.dump()
    for _ in range(AT_ONCE):
        old_portal.reset()
        ended = old_portal.upgrade(0, 0)
        assert [one.code for one in ended] == [0, 0], [one.words for one in ended]
        assert old_portal.dump() == new
    assert old_portal.patient.look(thorough=True) == set()


def test_first_tables_are_made_whole_or_not_at_all_when_killed_at_any_statement(
    in_files: OldPortal, tmp_path: Path
) -> None:
    """As `portal load` makes them where there is no database yet."""
    patient = Patient(tmp_path / "var", {})
    url = patient.portal.settings.database_url
    fresh = OldPortal(patient, url, lambda: shutil.rmtree(patient.home), in_files.process)
    [whole] = fresh.upgrade(0)
    new = fresh.dump()
    for number, point in enumerate(points_of(whole.points)):
        if fresh.dump():
            fresh.reset()
        assert fresh.upgrade(point)[0].code is None, point
        assert fresh.dump() in ({}, new), point
        if number % 10 == 0:
            assert fresh.upgrade(0)[0].code == 0
            assert fresh.dump() == new, point
    assert whole.points > 50
