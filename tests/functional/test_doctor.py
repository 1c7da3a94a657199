"""`portal doctor` on a portal in files: each fault really there, and none where nothing is wrong."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest

from portal.diagnosis.files import FAULT_BYTES
from portal.errors import Language
from portal.identity.keys import create_keys
from portal.storage import sqlite
from tests.faults.cuts import PowerDisk
from tests.fixtures.authority import VALID_UNTIL
from tests.fixtures.command_line import CommandLine
from tests.fixtures.doctor import SOUND, Patient
from tests.fixtures.small_bundle import add_agreement, small_bundle

ROOT = Path(__file__).parents[2]
DOCUMENT = b"{shared{villages(first:1){nodes{name} access{receipt}}}}"
is_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away and mounts volumes")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A portal with content and a log."""
    folder = tmp_path_factory.mktemp("template")
    portal, draft = CommandLine(folder / "var"), small_bundle()
    add_agreement(draft)
    assert portal("load", draft.write(folder / "bundle")).code == 0
    for _ in range(2):
        assert portal("query", "--public", "-", stdin=BytesIO(DOCUMENT)).code == 0
    return folder / "var"


def copy_of(template: Path, home: Path) -> Path:
    """A portal of its own; its witness file is named by where its database is."""
    shutil.copytree(template, home)
    old, new = CommandLine(template).settings.witness_file.name, CommandLine(home).settings.witness_file.name
    (home / old).rename(home / new)
    return home


@pytest.fixture
def patient(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Patient:
    monkeypatch.chdir(tmp_path)
    return Patient(copy_of(template, tmp_path / "var"), SOUND)


def run_sql(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def run_on(name: str, *statements: str) -> Callable[[Patient], object]:
    return lambda patient: run_sql(patient.home / name, *statements)


def test_nothing_is_wrong_with_a_sound_portal(patient: Patient) -> None:
    assert patient.look() == set()
    assert patient.look(thorough=True) == set()


def test_nothing_but_what_is_true_is_said_of_a_portal_that_was_just_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    portal = CommandLine(tmp_path / "var")
    assert portal("load", small_bundle().write(tmp_path / "bundle")).code == 0
    assert Patient(portal.home, {}).look() == {
        ("settings.allowed_hosts", "warning"),
        ("settings.token_names", "warning"),
    }


def test_looking_changes_nothing(patient: Patient) -> None:
    def state() -> dict[str, tuple[bytes, int]]:
        # SQLite puts an empty journal beside a database that is read.
        files = [path for path in patient.home.rglob("*") if not path.name.endswith(("-wal", "-shm"))]
        return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in files}

    before = state()
    patient.look(thorough=True)
    assert state() == before
    empty = Patient(patient.home.parent / "none", SOUND)
    assert ("files.home", "fault") in empty.look()
    assert not empty.home.exists()


def spoil_page(patient: Patient) -> None:
    path = patient.home / "portal.db"
    content = bytearray(path.read_bytes())
    # The headers of all pages but the first, which says what the file is.
    for page in range(4096, len(content), 4096):
        content[page : page + 40] = b"\xa5" * 40
    path.write_bytes(content)


def cut_file(patient: Patient) -> None:
    os.truncate(patient.home / "portal.db", 3 * 4096)


def other_keys(patient: Patient) -> None:
    patient.portal.settings.key_file.unlink()
    create_keys(patient.portal.settings.key_file)


def long_journal(patient: Patient) -> None:
    # Sparse: behind its last whole frame SQLite doesn't look.
    run_sql(patient.home / "data.db", "PRAGMA journal_mode=WAL")
    journal = patient.home / "data.db-wal"
    journal.touch(mode=0o600)
    os.truncate(journal, 300 << 20)


def foreign_store(patient: Patient) -> None:
    run_sql(patient.home / "data.db", "UPDATE owner SET portal_id = 'another'")


def write_dotenv(text: str, mode: int = 0o600) -> Callable[[Patient], object]:
    def write(_patient: Patient) -> None:
        Path(".env").write_text(text, encoding="utf-8")
        Path(".env").chmod(mode)

    return write


LOG_OF_TOMORROW = (
    "UPDATE audit_records SET time = '2999-01-01T00:00:00.000000Z' WHERE rowid = (SELECT max(rowid) FROM audit_records)"
)

BROKEN: dict[str, tuple[Callable[[Patient], object], str, str]] = {
    "a bad line in .env": (write_dotenv("PORTAL_HOME\n"), "settings.readable", "fault"),
    "no home": (lambda patient: shutil.rmtree(patient.home), "files.home", "fault"),
    "home open to readers": (lambda patient: patient.home.chmod(0o755), "files.home_mode", "warning"),
    "home open to writers": (lambda patient: patient.home.chmod(0o770), "files.home_mode", "fault"),
    "database open to others": (lambda patient: (patient.home / "portal.db").chmod(0o640), "files.mode", "fault"),
    "no key file": (lambda patient: patient.portal.settings.key_file.unlink(), "keys.key_file", "fault"),
    "key file open": (lambda patient: patient.portal.settings.key_file.chmod(0o644), "keys.key_file", "fault"),
    "half a key file": (
        lambda patient: os.truncate(patient.portal.settings.key_file, 100),
        "keys.key_file",
        "fault",
    ),
    "another portal's keys": (other_keys, "keys.key_owner", "fault"),
    "another portal's keys, the log": (other_keys, "audit.signature", "fault"),
    "no database": (lambda patient: (patient.home / "portal.db").unlink(), "database.exists", "fault"),
    "no data store": (lambda patient: (patient.home / "data.db").unlink(), "data_store.exists", "fault"),
    "older tables": (
        run_on("portal.db", "UPDATE alembic_version SET version_num = '0001'"),
        "database.revision",
        "fault",
    ),
    "newer tables": (
        run_on("portal.db", "UPDATE alembic_version SET version_num = '9999'"),
        "database.revision",
        "fault",
    ),
    "no tables": (lambda patient: (patient.home / "portal.db").write_bytes(b""), "database.revision", "fault"),
    "spoilt pages": (spoil_page, "database.integrity", "fault"),
    "a file cut short": (cut_file, "database.integrity", "fault"),
    "a journal that isn't WAL": (
        run_on("portal.db", "PRAGMA journal_mode=DELETE"),
        "database.journal_mode",
        "fault",
    ),
    "a long journal": (long_journal, "data_store.journal_size", "warning"),
    "a record of tomorrow": (run_on("portal.db", LOG_OF_TOMORROW), "clock.last_record", "fault"),
    "content changed by hand": (
        run_on("portal.db", "UPDATE policy_records SET purposes = '[\"*\"]'"),
        "content.digest",
        "fault",
    ),
    "a row missing": (
        run_on("data.db", "DELETE FROM dataset_1 WHERE rowid = (SELECT min(rowid) FROM dataset_1)"),
        "data_store.rows",
        "fault",
    ),
    "a table missing": (run_on("data.db", "DROP TABLE dataset_2"), "data_store.rows", "fault"),
    "another portal's rows": (foreign_store, "data_store.owner", "fault"),
    "a table of a load that died": (
        run_on("data.db", "CREATE TABLE dataset_99 (_row_number INTEGER PRIMARY KEY)"),
        "data_store.leftovers",
        "warning",
    ),
    "no witness file": (
        lambda patient: patient.portal.settings.witness_file.unlink(),
        "audit.witness_file",
        "warning",
    ),
    "a log that was cut": (
        run_on("portal.db", "DELETE FROM audit_checkpoints WHERE number > 1"),
        "audit.held",
        "fault",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_broken_is_found(patient: Patient, case: str) -> None:
    break_it, check, verdict = BROKEN[case]
    break_it(patient)
    assert (check, verdict) in patient.look()


def test_nothing_is_loaded_yet(patient: Patient) -> None:
    shutil.rmtree(patient.home)
    assert patient.portal("load", patient.home.parent, "--check").code == 2
    assert patient.portal("upgrade").code == 0
    create_keys(patient.portal.settings.key_file)
    assert patient.look() == {("content.loaded", "fault"), ("data_store.exists", "fault")}


@pytest.mark.parametrize(
    ("environ", "check", "verdict"),
    [
        ({"PORTAL_HOUSE": "x"}, "settings.readable", "fault"),
        ({"PORTAL_MAX_DEPTH": "deep"}, "settings.readable", "fault"),
        ({"PORTAL_DEMONSTRATION": "true"}, "settings.demonstration", "warning"),
        ({"PORTAL_ALLOWED_HOSTS": "*"}, "settings.allowed_hosts", "warning"),
        ({"PORTAL_AUDIENCE": "portal"}, "settings.token_names", "warning"),
        ({"PORTAL_BEARER_TOKENS": "true"}, "settings.bearer_tokens", "warning"),
        ({"PORTAL_DOCUMENTS": "none.json"}, "settings.documents", "fault"),
        ({"PORTAL_DATABASE_URL": "mysql://127.0.0.1/portal"}, "database.address", "fault"),
        ({"PORTAL_DATABASE_URL": "sqlite:///"}, "database.address", "fault"),
        ({"PORTAL_DATABASE_URL": "postgresql://127.0.0.1:1/portal"}, "database.looked_at", "fault"),
        ({"PORTAL_AUDIT_WITNESSES": "no-such-folder"}, "witnesses.reachable", "fault"),
        ({"PORTAL_AUDIT_WITNESSES": "no-such-folder,."}, "witnesses.reachable", "warning"),
        ({"PORTAL_AUDIT_WITNESSES": "http://127.0.0.1:9/"}, "witnesses.reachable", "fault"),
    ],
)
def test_what_settings_say_wrong_is_found(patient: Patient, environ: dict[str, str], check: str, verdict: str) -> None:
    seen = patient.look(environ)
    assert (check, verdict) in seen
    # The others go on.
    assert ("keys.key_file", "fault") not in seen


def test_demonstration_on_this_machine_alone_is_no_fault(patient: Patient) -> None:
    assert patient.look({"PORTAL_DEMONSTRATION": "true", "PORTAL_ALLOWED_HOSTS": "localhost,127.0.0.1,[::1]"}) == set()


def test_password_in_a_file_that_others_read_is_found(patient: Patient) -> None:
    password = "PORTAL_OWNER_DATABASE_URL=postgresql://portal:secret@127.0.0.1/portal\n"
    write_dotenv(password, 0o644)(patient)
    environ = {"PORTAL_OWNER_DATABASE_URL": f"sqlite:///{patient.home}/portal.db"}
    assert patient.look(environ) == {("settings.dotenv_mode", "fault")}
    Path(".env").chmod(0o600)
    assert patient.look(environ) == set()


def test_connections_that_do_not_wait_for_the_disk_are_found(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sqlite.SETTINGS, "synchronous", "NORMAL")
    assert patient.look() == {("database.synchronous", "fault"), ("data_store.synchronous", "fault")}


def test_record_that_was_rewritten_is_found_by_a_thorough_look(patient: Patient) -> None:
    run_sql(patient.home / "portal.db", "UPDATE audit_records SET subject = 'another' WHERE sequence = 1")
    assert patient.look() == set()
    assert patient.look(thorough=True) == {("audit.chains", "fault")}


def test_records_that_no_checkpoint_covers_are_found_once_they_are_old(patient: Patient) -> None:
    """As a kill leaves it: the witness file names the checkpoint before."""
    path = patient.home / "portal.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM audit_checkpoints WHERE number = (SELECT max(number) FROM audit_checkpoints)")
        connection.commit()
    patient.portal.settings.witness_file.unlink()
    missing = ("audit.witness_file", "warning")
    assert patient.look() == {missing}
    later = datetime.now(UTC) + timedelta(hours=1)
    assert patient.look(now=later) == {missing, ("audit.coverage", "warning")}


def test_witness_that_holds_another_log_is_found(patient: Patient, template: Path, tmp_path: Path) -> None:
    folder = tmp_path / "witness"
    folder.mkdir()
    other = Patient(copy_of(template, tmp_path / "other"), SOUND)
    told = {"PORTAL_AUDIT_WITNESSES": str(folder)}
    assert other.run("query", "--public", "-", stdin=BytesIO(DOCUMENT), environ=told).code == 0
    assert list(folder.glob("*.jsonl"))
    assert other.look(told) == set()
    assert patient.look(told) == {("witnesses.held", "fault")}


def test_authority_whose_certificate_ends_is_found(patient: Patient) -> None:
    soon, after = VALID_UNTIL - timedelta(days=20), VALID_UNTIL + timedelta(days=1)
    for moment in (soon, after):
        found = patient.look(now=moment)
        assert ("authorities.certificates", "warning") in found
    assert ("authorities.certificates", "warning") not in patient.look(now=VALID_UNTIL - timedelta(days=40))


@pytest.mark.clause("threats.md T23")
def test_revocation_list_is_found_a_day_before_it_is_to_be_renewed(patient: Patient) -> None:
    listed = ("authorities.revocation_list", "warning")
    for hours, is_found in ((-25, False), (-23, True), (0, True), (1, True)):
        assert (listed in patient.look(now=VALID_UNTIL + timedelta(hours=hours))) is is_found


@is_root
def test_file_of_another_account_is_found(patient: Patient) -> None:
    os.chown(patient.home / "data.db", 65534, 65534)
    assert patient.look() == {("files.owner", "fault")}


def doctor(patient: Patient, *prefix: str) -> dict[tuple[str, str], str]:
    """What the command says in a process of its own, by area and check."""
    environ = {"PATH": os.environ["PATH"], "PORTAL_HOME": str(patient.home), **patient.environ}
    command = [*prefix, sys.executable, "-c", "from portal.cli import main; main()", "doctor", "--json"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, env=environ)
    assert ended.stderr == ""
    findings = json.loads(ended.stdout)["findings"]
    assert ended.returncode == int(any(one["verdict"] == "fault" for one in findings))
    return {(f"{one['area']}.{one['check']}", one["what"]): one["verdict"] for one in findings}


def verdicts_of(found: dict[tuple[str, str], str], check: str) -> set[str]:
    return {verdict for (name, _), verdict in found.items() if name == check}


def test_few_descriptors_are_found(patient: Patient) -> None:
    found = doctor(patient, "sh", "-c", 'ulimit -n 256; exec "$@"', "sh")
    assert verdicts_of(found, "software.descriptors") == {"warning"}


@is_root
@pytest.mark.heavy
@pytest.mark.parametrize(("size", "verdict"), [(50, "fault"), (500, "warning")])
def test_volume_without_room_is_found(patient: Patient, size: int, verdict: str) -> None:
    assert (size << 20 < FAULT_BYTES) is (verdict == "fault")
    home = patient.home
    mount = (
        f"mv {home} {home}.kept && mkdir -m 700 {home} && mount -t tmpfs -o mode=700,size={size}m tmpfs {home}"
        f' && cp -a {home}.kept/. {home} && exec "$@"'
    )
    found = doctor(patient, "unshare", "--mount", "--propagation", "private", "sh", "-c", mount, "sh")
    assert verdicts_of(found, "volumes.room") == {verdict}


@pytest.fixture
def shared_volume(template: Path, tmp_path: Path) -> Iterator[Path]:
    """A portal on a file system that a program provides."""
    disk = tmp_path / "disk"
    disk.mkdir()
    power = PowerDisk.start(disk, tmp_path / "mount")
    try:
        yield copy_of(template, power.mount / "var")
    finally:
        power.close()


@is_root
@pytest.mark.heavy
def test_file_system_of_a_program_is_found(shared_volume: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shared_volume.parent.parent)
    seen = Patient(shared_volume, SOUND).look()
    assert {("database.file_system", "fault"), ("data_store.file_system", "fault")} <= seen


def test_command_prints_a_line_each_and_how_many_there_are(patient: Patient) -> None:
    assert patient.run("doctor").code == 0
    patient.portal.settings.key_file.chmod(0o644)
    english = patient.run("doctor")
    chinese = patient.run("doctor", language=Language.CHINESE)
    assert (english.code, chinese.code, english.err, chinese.err) == (1, 1, "", "")
    lines = english.out.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("FAULT    keys"))
    assert lines[at + 1].strip() == f"→ run `chmod 600 {patient.portal.settings.key_file}`"
    assert lines[-1].startswith("1 fault, 1 warning, ")
    assert "故障  密钥" in chinese.out
    assert len(chinese.out.splitlines()) == len(lines)


def test_command_refuses_a_number_of_workers_that_is_none(patient: Patient) -> None:
    ended = patient.portal("doctor", "--workers", "none")
    assert ended.code == 2
    assert "`--workers none` is not a whole number" in ended.err
