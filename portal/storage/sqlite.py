"""SQLite: files, the settings of a connection, transactions."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from portal.errors import ConfigurationError, Text
from portal.storage.addresses import CHANGING_ROWS, WRITING, database_path

SETTINGS = {
    # First, so that the others wait for a writer instead of failing.
    "busy_timeout": "10000",
    "journal_mode": "WAL",
    # Every commit is on the disk before it is acknowledged; NORMAL would lose the last ones at a power cut.
    "synchronous": "FULL",
    "foreign_keys": "ON",
    # What is deleted is overwritten, so that no free page keeps it.
    "secure_delete": "ON",
    # A file that someone else wrote may hold views and triggers; nothing in it may call functions with effects.
    "trusted_schema": "OFF",
}
_READING = {"query_only": "ON", "trusted_schema": "OFF"}


def prepare_file(path: Path) -> None:
    """Make the file and its folder where they are missing, for their owner alone.

    SQLite gives its journal and shared memory the permissions of the database's file.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # INVARIANT: a database that is there is never opened here. Closing any descriptor of a file drops all locks
        # that this process holds on it, and another process would then take the journal from under it.
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as fault:
        raise ConfigurationError(
            Text(
                en=f"`{path}` can't be opened ({fault.strerror}); name a place that this account may write to",
                zh=f"无法打开 `{path}`（{fault.strerror}）；请指定本账户可写的位置",
            )
        ) from None


def open_async_sqlite(url: str) -> AsyncEngine:
    """Return an engine for asyncio; the file is made where it is missing."""
    path = database_path(url)
    prepare_file(path)
    # As many as the pool opens at most by itself, but all of them kept: of those beyond five each request would start a
    # thread and set a connection up anew.
    engine = create_async_engine(URL.create("sqlite+aiosqlite", database=str(path)), pool_size=15, max_overflow=0)
    _hold_transactions(engine.sync_engine)
    return engine


def open_sync_sqlite(url: str) -> Engine:
    """Return an engine for threads; the file is made where it is missing."""
    path = database_path(url)
    prepare_file(path)
    engine = create_engine(URL.create("sqlite", database=str(path)))
    _hold_transactions(engine)
    return engine


def connect_read_only(path: Path, wait_seconds: int = 10) -> sqlite3.Connection:
    """Return a connection of the driver that can't write, to a file that is there.

    Each statement is a transaction by itself, and waits so long for who holds the file alone. Any thread may use it,
    one at a time.
    """
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
    )
    for name, value in {"busy_timeout": str(1000 * wait_seconds), **_READING}.items():
        connection.execute("PRAGMA " + name + "=" + value)
    return connection


def empty_journal(engine: Engine) -> None:
    """Move the journal into the database and empty it, unless a reader needs it: deleted rows shouldn't stay there."""
    connection = engine.raw_connection()
    try:
        connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()


def _hold_transactions(engine: Engine) -> None:
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", _begin)


def _set_up(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    # The driver's own BEGIN comes before the first write only: reads would see different states, and a migration's
    # statements would each commit by themselves.
    connection.isolation_level = None
    cursor = connection.cursor()
    for name, value in SETTINGS.items():
        cursor.execute("PRAGMA " + name + "=" + value)
    cursor.close()


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    writing = options.get(WRITING, False) or options.get(CHANGING_ROWS, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


@contextmanager
def lock_file(path: Path, wait_seconds: float) -> Iterator[bool]:
    """Hold the lock of a file, which ends with the process, however that ends; False where it wasn't had in time."""
    prepare_file(path)
    with path.open("r+b") as file:
        deadline = monotonic() + wait_seconds
        is_held = _try_lock(file.fileno())
        while not is_held and monotonic() < deadline:
            sleep(0.05)
            is_held = _try_lock(file.fileno())
        yield is_held


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
