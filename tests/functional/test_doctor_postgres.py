"""`portal doctor` on a portal in PostgreSQL: each fault really there, and none where nothing is wrong."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from io import BytesIO
from pathlib import Path

import pytest
from psycopg import sql

from portal.diagnosis.servers import PORTAL_CONNECTIONS
from portal.storage.postgresql import connect_sync
from tests.faults.clocks import library
from tests.faults.revoking import ASKER, Clients, switching_bundle
from tests.fixtures.doctor import SOUND, Patient
from tests.fixtures.postgres import Databases, PostgresServer, postgres_server
from tests.fixtures.postgres_portal import set_up_portal
from tests.fixtures.revisions import newest_revision
from tests.fixtures.small_bundle import small_bundle
from tests.oracle.runner import PortalProcess

DOCUMENT = b"{shared{villages(first:1){nodes{name} access{receipt}}}}"


@pytest.fixture(scope="module")
def loaded(postgres: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Patient]:
    """A portal in the databases and with the accounts that `portal database init` makes."""
    folder = tmp_path_factory.mktemp("postgres")
    with set_up_portal(postgres) as settings:
        patient = Patient(folder / "var", {**SOUND, **settings})
        assert patient.run("load", small_bundle().write(folder / "bundle")).code == 0
        assert patient.run("query", "--public", "-", stdin=BytesIO(DOCUMENT)).code == 0
        yield patient


@pytest.fixture
def patient(loaded: Patient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Patient:
    monkeypatch.chdir(tmp_path)
    return loaded


def name_of(patient: Patient, variable: str = "PORTAL_DATABASE_URL") -> str:
    return patient.environ[variable].rpartition("/")[2]


def account(patient: Patient, kind: str) -> str:
    return f"{name_of(patient)}_{kind}"


class Surgeon:
    """Changes the databases as superuser, and takes the change back."""

    def __init__(self, patient: Patient, databases: Databases) -> None:
        self.names = {
            "server": sql.Identifier(account(patient, "server")),
            "reader": sql.Identifier(account(patient, "reader")),
            "owner": sql.Identifier(account(patient, "owner")),
        }
        self.portal = databases.url_of(name_of(patient))
        self.data = databases.url_of(name_of(patient, "PORTAL_DATA_URL"))

    def run(self, statement: str, *, data: bool = False) -> None:
        with closing(connect_sync(self.data if data else self.portal)) as connection:
            connection.execute(sql.SQL(statement).format(**self.names))


@pytest.fixture
def surgeon(patient: Patient, postgres: Databases) -> Surgeon:
    return Surgeon(patient, postgres)


def test_nothing_is_wrong_with_a_sound_portal(patient: Patient) -> None:
    assert patient.look() == set()
    assert patient.look(thorough=True) == set()


BROKEN = {
    "the server deletes records": (
        "GRANT DELETE ON audit_records TO {server}",
        "REVOKE DELETE ON audit_records FROM {server}",
        False,
        ("database.rights", "fault"),
    ),
    "the server writes no records": (
        "REVOKE INSERT ON audit_records FROM {server}",
        "GRANT INSERT ON audit_records TO {server}",
        False,
        ("database.rights", "fault"),
    ),
    **{
        f"the server may not {right} {table}": (
            f"REVOKE {right} ON {table} FROM {{server}}",
            f"GRANT {right} ON {table} TO {{server}}",
            False,
            ("database.rights", "fault"),
        )
        for table in ("used_proofs", "revoked_tokens")
        for right in ("SELECT", "INSERT", "DELETE")
    },
    "the server owns the log": (
        "ALTER TABLE audit_records OWNER TO {server}",
        "ALTER TABLE audit_records OWNER TO {owner}; GRANT SELECT, INSERT ON audit_records TO {server}",
        False,
        ("database.account", "warning"),
    ),
    "the owner doesn't own all": (
        "ALTER TABLE daily_rows OWNER TO CURRENT_USER",
        "ALTER TABLE daily_rows OWNER TO {owner}",
        False,
        ("database.owner_account", "fault"),
    ),
    "the trigger is disabled": (
        "ALTER TABLE epoch DISABLE TRIGGER portal_change_epoch",
        "ALTER TABLE epoch ENABLE TRIGGER portal_change_epoch",
        False,
        ("database.epoch_trigger", "fault"),
    ),
    "the trigger is missing": (
        "ALTER TRIGGER portal_change_epoch ON epoch RENAME TO another",
        "ALTER TRIGGER another ON epoch RENAME TO portal_change_epoch",
        False,
        ("database.epoch_trigger", "fault"),
    ),
    "rows are shown to all": (
        "ALTER TABLE dataset_1 DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE dataset_1 ENABLE ROW LEVEL SECURITY",
        True,
        ("data_store.row_security", "fault"),
    ),
    "rows are shown to their owner": (
        "ALTER TABLE dataset_1 NO FORCE ROW LEVEL SECURITY",
        "ALTER TABLE dataset_1 FORCE ROW LEVEL SECURITY",
        True,
        ("data_store.row_security", "fault"),
    ),
    "a second policy shows what the first hides": (
        "CREATE POLICY another ON dataset_1 USING (true)",
        "DROP POLICY another ON dataset_1",
        True,
        ("data_store.row_security", "fault"),
    ),
    "the reader is exempt": (
        "ALTER ROLE {reader} BYPASSRLS",
        "ALTER ROLE {reader} NOBYPASSRLS",
        True,
        ("data_store.account", "warning"),
    ),
    "statements are cut": (
        "ALTER ROLE {server} SET statement_timeout = '3s'",
        "ALTER ROLE {server} RESET statement_timeout",
        False,
        ("database.statement_timeout", "warning"),
    ),
    "idle connections are cut": (
        "ALTER ROLE {server} SET idle_session_timeout = '60s'",
        "ALTER ROLE {server} RESET idle_session_timeout",
        False,
        ("database.idle_session_timeout", "warning"),
    ),
    "the server only reads": (
        "ALTER ROLE {server} SET default_transaction_read_only = on",
        "ALTER ROLE {server} RESET default_transaction_read_only",
        False,
        ("database.read_only", "fault"),
    ),
    "older tables": (
        "UPDATE alembic_version SET version_num = '0002'",
        f"UPDATE alembic_version SET version_num = '{newest_revision()}'",  # noqa: S608  a file's name
        False,
        ("database.revision", "fault"),
    ),
    "a row missing": (
        "SELECT * INTO kept FROM dataset_1; DELETE FROM dataset_1 WHERE code = (SELECT min(code) FROM dataset_1)",
        "INSERT INTO dataset_1 SELECT * FROM kept ON CONFLICT DO NOTHING; DROP TABLE kept",
        True,
        ("data_store.rows", "fault"),
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_broken_is_found(patient: Patient, surgeon: Surgeon, case: str) -> None:
    break_it, mend_it, in_data, expected = BROKEN[case]
    surgeon.run(break_it, data=in_data)
    try:
        assert expected in patient.look()
    finally:
        surgeon.run(mend_it, data=in_data)
    assert patient.look() == set()


def test_superuser_is_found(patient: Patient, surgeon: Surgeon) -> None:
    superuser = {"PORTAL_DATABASE_URL": surgeon.portal, "PORTAL_DATA_URL": surgeon.data}
    assert patient.look(superuser) == {("database.account", "warning"), ("data_store.account", "warning")}


def test_more_workers_than_connections_are_found(patient: Patient) -> None:
    assert patient.look(workers=64) == {("database.connections", "fault")}
    assert patient.look(workers=2) == set()


def test_server_that_does_not_answer_or_lets_nobody_in_is_found_once_a_database(patient: Patient) -> None:
    for change in ("127.0.0.1:1/", "no-such-host.invalid/"):
        down = {
            name: f"postgresql://portal:secret@{change}{name_of(patient, name)}"
            for name in ("PORTAL_DATABASE_URL", "PORTAL_DATA_URL")
        }
        assert patient.look(down) == {("database.looked_at", "fault"), ("data_store.looked_at", "fault")}
    wrong = patient.environ["PORTAL_DATABASE_URL"].replace("_server:", "_server:not-")
    assert patient.look({"PORTAL_DATABASE_URL": wrong}) == {("database.looked_at", "fault")}


def test_clock_that_is_off_the_database_is_found(patient: Patient) -> None:
    program = (
        "import sys; from pathlib import Path; from tests.fixtures.doctor import Patient\n"
        "print(sorted(Patient(Path(sys.argv[1]), dict(one.split('=', 1) for one in sys.argv[2:])).look()))"
    )
    environ = [f"{name}={value}" for name, value in patient.environ.items()]
    ended = subprocess.run(
        [sys.executable, "-c", program, str(patient.home), *environ],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "LD_PRELOAD": str(library()), "FAKETIME": "-6h", "FAKETIME_DONT_FAKE_MONOTONIC": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    # So far back that the log's last record is yet to come.
    assert ended.stdout.strip() == "[('clock.last_record', 'fault'), ('clock.skew', 'fault')]"


def patient_on(server: PostgresServer, home: Path) -> Patient:
    urls = {name: server.create_database() for name in ("PORTAL_DATABASE_URL", "PORTAL_DATA_URL")}
    return Patient(home, {**SOUND, **urls})


@pytest.mark.heavy
def test_server_that_forgets_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with postgres_server({"fsync": "off", "full_page_writes": "off"}) as server:
        seen = patient_on(server, tmp_path / "var").look()
    assert {("database.fsync", "fault"), ("database.full_page_writes", "fault")} <= seen


@pytest.mark.heavy
def test_standby_and_a_primary_without_one_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with postgres_server() as server, closing(server.standby()) as standby:
        patient = patient_on(server, tmp_path / "var")
        server.configure(synchronous_standby_names="*")
        assert ("database.replication", "fault") not in patient.look()
        on_standby = {name: url.replace(str(server.port), str(standby.port)) for name, url in patient.environ.items()}
        assert ("database.standby", "fault") in patient.look(on_standby)
        standby.stop()
        assert ("database.replication", "fault") in patient.look()
        server.configure(synchronous_standby_names="")


def test_database_in_another_encoding_is_found(
    postgres: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    url = postgres.create_database(encoding="SQL_ASCII", locale="C")
    environ: Mapping[str, str] = {**SOUND, "PORTAL_DATABASE_URL": url}
    assert ("database.encoding", "fault") in Patient(tmp_path / "var", environ).look()


@pytest.mark.heavy
def test_worker_opens_no_more_connections_than_are_counted(postgres: Databases, tmp_path: Path) -> None:
    with set_up_portal(postgres) as settings, closing(connect_sync(postgres.url)) as watching:
        portal = PortalProcess(tmp_path / "home", {**settings, "PORTAL_READ_CONNECTIONS": "3"})
        portal.load(switching_bundle().write(tmp_path / "bundle"), "--no-derive")
        portal.start()
        try:
            token = portal.token(ASKER)
            assert token is not None
            most = {"server": 0, "reader": 0}
            with Clients(portal.port, token, count=24).asking() as clients:
                while len(clients.answers) < 1000:
                    rows = watching.execute("SELECT usename FROM pg_stat_activity").fetchall()
                    for name, before in most.items():
                        most[name] = max(before, sum(str(row[0]).endswith(f"_{name}") for row in rows))
        finally:
            portal.stop()
    assert 2 < most["server"] <= PORTAL_CONNECTIONS
    assert 0 < most["reader"] <= 3
