"""The accounts of a portal's databases in PostgreSQL: each may do what it needs, and nothing beyond."""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from portal.audit.in_postgresql import PostgresLog
from portal.bundles.store import PortalStore
from portal.errors import BadInput, ConfigurationError
from portal.storage.accounts import set_up_server
from portal.storage.data_in_postgresql import GRANTED
from portal.storage.migrating import upgrade_database
from portal.storage.postgresql import connect_sync
from tests.fixtures.postgres import Databases
from tests.fixtures.postgres_portal import set_up_portal
from tests.fixtures.small_bundle import load, small_bundle

SECRET = bytes(range(32))
DENIED = psycopg.errors.InsufficientPrivilege


@pytest.fixture(scope="module")
def urls(postgres: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A portal with the small bundle; its settings."""
    with set_up_portal(postgres) as settings:
        store = PortalStore(settings["PORTAL_OWNER_DATABASE_URL"], settings["PORTAL_OWNER_DATA_URL"], SECRET)
        load(small_bundle().read(tmp_path_factory.mktemp("bundle")), store)
        yield settings


def run_sql(url: str, statement: str, *names: str) -> list[tuple[object, ...]]:
    """What a statement gives, names in place of its `{}`."""
    with closing(connect_sync(url)) as connection:
        cursor = connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
        return cursor.fetchall() if cursor.description else []


def tables(url: str) -> list[str]:
    found = run_sql(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    return [str(name) for (name,) in found]


@pytest.mark.clause("threats.md T18")
@pytest.mark.parametrize("table", ["audit_records", "audit_parts", "audit_writers", "audit_checkpoints"])
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "TRUNCATE {}", "DROP TABLE {}", "ALTER TABLE {} ADD x int"])
def test_server_removes_nothing_from_the_log(urls: dict[str, str], table: str, statement: str) -> None:
    with pytest.raises(DENIED):
        run_sql(urls["PORTAL_DATABASE_URL"], statement, table)


@pytest.mark.clause("threats.md T18")
def test_server_rewrites_nothing_in_the_log(urls: dict[str, str]) -> None:
    for statement in (
        "UPDATE audit_records SET record = ''",
        "UPDATE audit_checkpoints SET body = ''",
        "UPDATE audit_parts SET entry = ''",
        "UPDATE audit_writers SET portal = ''",
    ):
        with pytest.raises(DENIED):
            run_sql(urls["PORTAL_DATABASE_URL"], statement)


@pytest.mark.clause("threats.md T29")
def test_server_changes_no_content(urls: dict[str, str]) -> None:
    url = urls["PORTAL_DATABASE_URL"]
    writable = {"audit_writers", "audit_records", "audit_parts", "audit_checkpoints"}
    writable |= {
        "daily_rows",
        "refused_tokens",
        "used_proofs",
        "staff_sessions",
        "sign_ins",
        "second_factors",
        "revoked_tokens",
        "tickets",
        "ticket_contacts",
    }
    content = [name for name in tables(url) if name not in writable]
    assert len(content) > 15
    for name in content:
        run_sql(url, "SELECT count(*) FROM {}", name)
        for statement in ("DELETE FROM {}", "INSERT INTO {} DEFAULT VALUES", "TRUNCATE {}"):
            with pytest.raises(DENIED):
                run_sql(url, statement, name)


def test_server_and_reader_make_no_tables(urls: dict[str, str]) -> None:
    for name in ("PORTAL_DATABASE_URL", "PORTAL_DATA_URL"):
        with pytest.raises(DENIED):
            run_sql(urls[name], "CREATE TABLE mine (x int)")


def test_reader_of_shared_rows_writes_none_and_enters_no_other_database(urls: dict[str, str]) -> None:
    url = urls["PORTAL_DATA_URL"]
    for statement in ("DELETE FROM dataset_1", "UPDATE owner SET portal_id = ''", "DROP TABLE dataset_1"):
        with pytest.raises(DENIED):
            run_sql(url, statement)
    with pytest.raises(psycopg.Error):
        run_sql(url, "SET ROLE postgres")


@pytest.mark.clause("threats.md T1 T19")
@pytest.mark.parametrize("account", ["PORTAL_DATA_URL", "PORTAL_OWNER_DATA_URL"])
def test_rows_are_seen_in_granted_tables_alone(urls: dict[str, str], account: str) -> None:
    counts = "SELECT (SELECT count(*) FROM dataset_1), (SELECT count(*) FROM dataset_2)"
    url = urls[account]
    assert run_sql(url, counts) == [(0, 0)]
    seen = []
    for granted in (",dataset_1,", ",dataset_2,", ",dataset_1,,dataset_2,", ",dataset_11,", "dataset_1", ""):
        with closing(connect_sync(url)) as connection, connection.transaction():
            connection.execute("SELECT set_config(%s, %s, true)", (GRANTED, granted))
            row = connection.execute(counts).fetchone()
            assert row is not None
            seen.append(tuple(int(str(count)) > 0 for count in row))
    assert seen == [(True, False), (False, True), (True, True), (False, False), (False, False), (False, False)]


@pytest.mark.clause("threats.md R11")
def test_owner_ends_a_session_of_the_server_that_is_stuck_while_it_holds_the_epoch(urls: dict[str, str]) -> None:
    log = PostgresLog(urls["PORTAL_DATABASE_URL"])
    log.began()
    holding = log.transaction()
    holding.__enter__()
    log.hold_epoch()
    # Its own watch doesn't run, as in a process that is stopped; and the server's timeouts don't within a message.
    log._closed.set()
    os.write(log._driver.fileno(), b"P\0\0\0\x10\0SELECT 1\0\0\0")
    run_sql(urls["PORTAL_OWNER_DATABASE_URL"], "SET statement_timeout = '10s'; UPDATE epoch SET value = value")
    with pytest.raises(psycopg.OperationalError):
        holding.__exit__(None, None, None)
    log.close()


def test_second_set_up_keeps_what_is_there_and_changes_the_passwords(postgres: Databases, tmp_path: Path) -> None:
    with set_up_portal(postgres) as first:
        name = first["PORTAL_DATABASE_URL"].rpartition("/")[2]
        store = PortalStore(first["PORTAL_OWNER_DATABASE_URL"], first["PORTAL_OWNER_DATA_URL"], SECRET)
        load(small_bundle().read(tmp_path), store)
        second = set_up_server(postgres.url, name)
        assert run_sql(second.database, "SELECT value FROM epoch") == [(1,)]
        with pytest.raises(ConfigurationError, match="can't be reached"):
            connect_sync(first["PORTAL_DATABASE_URL"])


def test_account_that_may_not_upgrade_is_told_who_may(urls: dict[str, str]) -> None:
    owner = urls["PORTAL_OWNER_DATABASE_URL"]
    run_sql(owner, "CREATE TABLE kept AS SELECT * FROM alembic_version")
    run_sql(owner, "UPDATE alembic_version SET version_num = '0001'")
    try:
        with pytest.raises(ConfigurationError, match="run `portal upgrade` where `PORTAL_OWNER_DATABASE_URL` is set"):
            upgrade_database(urls["PORTAL_DATABASE_URL"])
    finally:
        run_sql(owner, "UPDATE alembic_version SET version_num = (SELECT version_num FROM kept)")
        run_sql(owner, "DROP TABLE kept")
    upgrade_database(urls["PORTAL_DATABASE_URL"])


def test_only_postgresql_is_set_up(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="only a PostgreSQL server"):
        set_up_server(f"sqlite:///{tmp_path}/x.db", "portal")


def test_a_name_with_a_quote_stays_a_name(postgres: Databases) -> None:
    with set_up_portal(postgres, 'portal_test_"quoted') as urls:
        assert run_sql(urls["PORTAL_DATABASE_URL"], "SELECT count(*) FROM epoch") == [(0,)]
