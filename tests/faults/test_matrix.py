"""Every fault of a database by every kind of request: the right answer with its record, or a refusal by name (G26)."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from portal.storage.postgresql import AdvisoryLock
from tests.faults.fault import Bench, Lane
from tests.faults.matrix import Faulty, try_matrix
from tests.faults.postgres_lane import HOST, PostgresLane, postgres_lane
from tests.faults.serving import Server, Tracer
from tests.fixtures.postgres import free_port

pytestmark = [pytest.mark.heavy, pytest.mark.clause("threats.md G26")]

BUSY_SECONDS = 10.0
"""SQLite waits so long for who else writes."""
Making = Callable[[PostgresLane, "psycopg.Connection[tuple[object, ...]]"], Iterator[None]]


def stopped(lane: PostgresLane, _admin: object) -> Iterator[None]:
    lane.cluster.server.stop("immediate")
    yield
    lane.cluster.server.start()


def _paused(*ways: str) -> Making:
    def make(lane: PostgresLane, _admin: object) -> Iterator[None]:
        for way in ways:
            getattr(lane, way).pause()
        yield
        for way in ways:
            getattr(lane, way).resume()

    return make


def _refused(*ways: str) -> Making:
    def make(lane: PostgresLane, _admin: object) -> Iterator[None]:
        for way in ways:
            getattr(lane, way).target = (HOST, free_port())
            getattr(lane, way).cut()
        yield
        for way in ways:
            getattr(lane, way).target = (HOST, lane.cluster.server.port)

    return make


def _changed(statement: str, back: str, *, then: str = "") -> Making:
    """Return what runs a statement as superuser, then another where one is named, and takes the first one back."""

    def make(_lane: PostgresLane, admin: "psycopg.Connection[tuple[object, ...]]") -> Iterator[None]:
        admin.execute(sql.SQL(statement))
        if then:
            admin.execute(sql.SQL(then))
        yield
        admin.execute(sql.SQL(back))

    return make


def _held(statement: str) -> Making:
    """Return what holds a lock in a transaction of its own."""

    def make(lane: PostgresLane, _admin: object) -> Iterator[None]:
        with psycopg.connect(lane.cluster.admin_url) as connection:
            connection.execute(sql.SQL(statement))
            yield
            connection.rollback()

    return make


_ENDED = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'portal_%'"
ON_SERVER: Mapping[str, Making] = {
    "server stopped": stopped,
    "no way to either database": _paused("own", "data"),
    "no way to its own database": _paused("own"),
    "no way to the data": _paused("data"),
    "its own database refuses connections": _refused("own"),
    "the data refuse connections": _refused("data"),
    "records may not be written": _changed(
        "REVOKE INSERT ON audit_records FROM portal_server", "GRANT INSERT ON audit_records TO portal_server"
    ),
    "the day's counts may not be written": _changed(
        "REVOKE INSERT, UPDATE ON daily_rows FROM portal_server", "GRANT INSERT, UPDATE ON daily_rows TO portal_server"
    ),
    "the epoch may not be read": _changed(
        "REVOKE SELECT ON epoch FROM portal_server", "GRANT SELECT ON epoch TO portal_server"
    ),
    "the epoch is gone": _changed("ALTER TABLE epoch RENAME TO epoch_away", "ALTER TABLE epoch_away RENAME TO epoch"),
    "the log is gone": _changed(
        "ALTER TABLE audit_records RENAME TO records_away", "ALTER TABLE records_away RENAME TO audit_records"
    ),
    "no account may connect": _changed(
        "ALTER ROLE portal_server CONNECTION LIMIT 0", "ALTER ROLE portal_server CONNECTION LIMIT -1", then=_ENDED
    ),
    "the log is locked": _held("LOCK TABLE audit_records IN ACCESS EXCLUSIVE MODE"),
    "the epoch is locked": _held(f"SELECT pg_advisory_xact_lock({AdvisoryLock.EPOCH:d})"),
    "the epoch's table is locked": _held("LOCK TABLE epoch IN ACCESS EXCLUSIVE MODE"),
}


@contextmanager
def as_administrator(lane: PostgresLane, making: Making) -> Iterator[None]:
    with psycopg.connect(lane.cluster.admin_url, autocommit=True) as admin, contextmanager(making)(lane, admin):
        yield


def test_no_cell_is_open_when_a_database_of_a_server_fails(bench: Bench) -> None:
    with postgres_lane(bench, "matrix") as lane, lane.serving():
        faults: Mapping[str, Faulty] = {
            name: partial(as_administrator, lane, making) for name, making in ON_SERVER.items()
        }
        breaches = [*try_matrix(lane.ledger.port, bench.world.token, faults, seconds=11.0)]
        # The log verifies, and each answer that left has its record.
        breaches += lane.examine()
    assert breaches == []


@contextmanager
def moved_away(*paths: Path) -> Iterator[None]:
    for path in paths:
        path.rename(path.with_name(f"{path.name}.away"))
    try:
        yield
    finally:
        for path in paths:
            path.with_name(f"{path.name}.away").replace(path)


@contextmanager
def replaced(path: Path, make: Callable[[Path], object]) -> Iterator[None]:
    with moved_away(path):
        make(path)
        yield


@contextmanager
def changed(path: Path, statement: str, back: str) -> Iterator[None]:
    with closing(sqlite3.connect(path, isolation_level=None, timeout=10)) as connection:
        connection.execute(statement)
        try:
            yield
        finally:
            connection.execute(back)


@contextmanager
def read_only(server: Server, database: Path) -> Iterator[None]:
    """As a file system that an error made read-only under those who had it open."""
    calls = "pwrite64,fdatasync,ftruncate"
    files = (f"{database}{end}" for end in ("", "-wal", "-shm"))
    paths = [argument for path in files for argument in ("-P", path)]
    tracer = Tracer.attach(server, "-e", f"trace={calls}", "-e", f"inject={calls}:error=EROFS", *paths)
    try:
        yield
    finally:
        tracer.close()


def in_files(home: Path, server: Server) -> Mapping[str, Faulty]:
    own, data = home / "portal.db", home / "data.db"

    def renamed(table: str) -> Faulty:
        return partial(changed, own, f"ALTER TABLE {table} RENAME TO away", f"ALTER TABLE away RENAME TO {table}")

    return {
        "its own database is gone": partial(moved_away, own),
        "its own database and journal are gone": partial(moved_away, own, home / "portal.db-wal"),
        "its own database is empty": partial(replaced, own, lambda path: path.touch(0o600)),
        "its own database is a copy": partial(
            replaced, own, lambda path: shutil.copy(path.with_name(f"{path.name}.away"), path)
        ),
        "its own database is read-only": partial(read_only, server, own),
        "the folder is gone": partial(moved_away, home),
        "the data are gone": partial(moved_away, data),
        "the epoch is gone": renamed("epoch"),
        "the log is gone": renamed("audit_records"),
        "the day's counts are gone": renamed("daily_rows"),
        "its own database is written by another": partial(changed, own, "BEGIN IMMEDIATE", "ROLLBACK"),
        "the data are written by another": partial(changed, data, "BEGIN IMMEDIATE", "ROLLBACK"),
    }


@pytest.fixture
def lane(bench: Bench) -> Iterator[Lane]:
    made = bench.lane("matrix")
    yield made
    made.close()


def test_no_cell_is_open_when_a_database_in_files_fails(lane: Lane) -> None:
    server = lane.bench.forge.start(lane.home, lane.log)
    try:
        server.wait_ready()
        lane.ledger.lead_to(server.port)
        breaches = [
            *try_matrix(lane.ledger.port, lane.bench.world.token, in_files(lane.home, server), BUSY_SECONDS + 1)
        ]
        server.stop()
    finally:
        server.close()
    assert breaches + lane.examine() == []
