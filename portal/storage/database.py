"""The portal's own database: engines, transactions, files, and its schema's revisions.

The only module that knows which database it is; today that is SQLite.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import TypeVar

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from portal.errors import ConfigurationError, Text
from portal.resources import migrations_folder

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
UNFINISHED = "unfinished-"
"""How the revision begins of tables into which a whole portal is being copied (`portal.storage.unfinished`)."""
_READING = {"busy_timeout": "10000", "query_only": "ON", "trusted_schema": "OFF"}
_WRITING = "portal_writing"
_AnyEngine = TypeVar("_AnyEngine", Engine, AsyncEngine)


def database_path(url: str) -> Path:
    """Return the file of a database URL such as `sqlite:///var/portal.db`.

    Raises: ConfigurationError for another kind of database, or one that isn't a file.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise _unusable(url, "is no database URL", "不是数据库地址") from None
    if parsed.get_backend_name() != "sqlite":
        raise _unusable(
            parsed.render_as_string(),
            "isn't an SQLite database, and no other is served yet",
            "不是 SQLite 数据库，目前只支持 SQLite",
        )
    if parsed.database in (None, "", ":memory:") or parsed.query:
        raise _unusable(url, "names no file", "没有指明文件")
    return Path(str(parsed.database))


def database_url(path: Path) -> str:
    """Return the URL of a file, whatever characters its name has."""
    return URL.create("sqlite", database=str(path)).render_as_string()


def _unusable(url: str, en: str, zh: str) -> ConfigurationError:
    return ConfigurationError(
        Text(en=f"`{url}` {en}; write `sqlite:///PATH`", zh=f"`{url}` {zh}；请写成 `sqlite:///路径`")
    )


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


def open_database(url: str) -> AsyncEngine:
    """Return an engine for asyncio. Its transactions only read until `for_writing` says otherwise."""
    path = database_path(url)
    prepare_file(path)
    engine = create_async_engine(URL.create("sqlite+aiosqlite", database=str(path)))
    _hold_transactions(engine.sync_engine)
    return engine


def open_sync_database(url: str) -> Engine:
    """Return an engine for threads. Its transactions only read until `for_writing` says otherwise."""
    path = database_path(url)
    prepare_file(path)
    engine = create_engine(URL.create("sqlite", database=str(path)))
    _hold_transactions(engine)
    return engine


def connect_read_only(path: Path) -> sqlite3.Connection:
    """Return a connection of the driver that can't write, to a file that is there.

    Each statement is a transaction by itself. Any thread may use it, one at a time.
    """
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
    )
    for name, value in _READING.items():
        connection.execute("PRAGMA " + name + "=" + value)
    return connection


def empty_journal(engine: Engine) -> None:
    """Move the journal into the database and empty it, unless a reader needs it: deleted rows shouldn't stay there."""
    connection = engine.raw_connection()
    try:
        connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()


def for_writing(engine: _AnyEngine) -> _AnyEngine:
    """Return the same engine whose transactions take the writer's place at their beginning.

    A transaction that begins by reading and then writes fails at once when another one wrote in between.
    """
    return engine.execution_options(**{_WRITING: True})


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
    writing = connection.get_execution_options().get(_WRITING, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


@contextmanager
def hold_writer_lock(path: Path, wait_seconds: float = 30.0) -> Iterator[None]:
    """Hold the lock that one load at a time may have; it ends with the process, however that ends.

    Raises: ConfigurationError where another load holds it for longer than `wait_seconds`.
    """
    prepare_file(path)
    with path.open("r+b") as file:
        deadline = monotonic() + wait_seconds
        while not _try_lock(file.fileno()):
            if monotonic() >= deadline:
                raise ConfigurationError(
                    Text(
                        en="another load is running on this portal; wait until it has ended and load again",
                        zh="本门户正在进行另一次装载；请待其结束后再装载",
                    )
                )
            sleep(0.05)
        yield


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def upgrade_database(url: str) -> None:
    """Make the database if it isn't there, and bring its tables to this version's revision, whole or not at all.

    Raises: ConfigurationError if it is of a newer version, holds something else, or can't be read.
    """
    engine = open_sync_database(url)
    try:
        with engine.connect() as connection:
            is_current = _is_current(connection)
        if not is_current:
            with for_writing(engine).begin() as connection:
                command.upgrade(migration_settings(connection), "head")
    except DBAPIError as fault:
        raise ConfigurationError(
            Text(
                en=f"`{database_path(url)}` can't be used as a database ({fault.orig}); restore it or name another",
                zh=f"`{database_path(url)}` 无法用作数据库（{fault.orig}）；请恢复备份或指定其他数据库",
            )
        ) from None
    finally:
        engine.dispose()


def migration_settings(connection: Connection) -> Config:
    """Return Alembic's settings for migrating over this connection, in its transaction."""
    settings = Config(attributes={"connection": connection})
    # Alembic reads `%` in a setting as the beginning of a name.
    settings.set_main_option("script_location", str(migrations_folder()).replace("%", "%%"))
    return settings


def _is_current(connection: Connection) -> bool:
    scripts = ScriptDirectory.from_config(migration_settings(connection))
    found = MigrationContext.configure(connection).get_current_heads()
    known = {revision.revision for revision in scripts.walk_revisions()}
    if any(revision.startswith(UNFINISHED) for revision in found):
        raise ConfigurationError(
            Text(
                en="the database is half of a move or restore that didn't come to its end; run that again",
                zh="数据库中是一次未完成的迁移或恢复；请重新执行该操作",
            )
        )
    if unknown := sorted(set(found) - known):
        raise ConfigurationError(
            Text(
                en=f"the database has the newer revision `{unknown[0]}`; use the version of the portal that wrote it",
                zh=f"数据库的版本为 `{unknown[0]}`，本程序不认识；请使用写入它的较新版本",
            )
        )
    if not found and inspect(connection).get_table_names():
        raise ConfigurationError(
            Text(
                en="the database holds tables that aren't the portal's; name an empty place for the portal's own",
                zh="数据库中有不属于本门户的表；请为门户指定一个空的位置",
            )
        )
    return set(found) == set(scripts.get_heads())
