"""The portal's databases, whichever they are: engines, transactions, the lock of a load, the tables' revisions."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from portal.errors import ConfigurationError, Text
from portal.storage import postgresql, sqlite
from portal.storage.addresses import CHANGING_ROWS, WRITING, DatabaseKind, database_kind, database_path
from portal.storage.postgresql import AdvisoryLock

LOAD_WAIT_SECONDS = 30.0
_AnyEngine = TypeVar("_AnyEngine", Engine, AsyncEngine)


def open_database(url: str) -> AsyncEngine:
    """Return an engine for asyncio. Its transactions read one state."""
    is_file = database_kind(url) is DatabaseKind.SQLITE
    return sqlite.open_async_sqlite(url) if is_file else postgresql.open_async_postgresql(url)


def open_sync_database(url: str) -> Engine:
    """Return an engine for threads. Its transactions only read until `for_writing` says otherwise."""
    is_file = database_kind(url) is DatabaseKind.SQLITE
    return sqlite.open_sync_sqlite(url) if is_file else postgresql.open_sync_postgresql(url)


def for_writing(engine: _AnyEngine) -> _AnyEngine:
    """Return the same engine whose transactions take the writer's place at their beginning.

    A transaction that begins by reading and then writes fails at once when another one wrote in between.
    """
    return engine.execution_options(**{WRITING: True})


def for_row_changes(engine: _AnyEngine) -> _AnyEngine:
    """Return the same engine whose transactions change single rows that no other's depend on.

    They wait for nobody but who changes the same row, and for no load. Each statement must hold by itself.
    """
    return engine.execution_options(**{CHANGING_ROWS: True})


def hold_transaction_lock(connection: Connection, lock: AdvisoryLock) -> None:
    """Hold one of the portal's locks until the transaction ends; SQLite's one write lock stands for them all."""
    if connection.dialect.name == DatabaseKind.POSTGRESQL:
        connection.execute(select(func.pg_advisory_xact_lock(int(lock))))


def hold_still(connection: Connection) -> None:
    """Let nothing be loaded, recorded, counted or signed until the connection's writing transaction ends."""
    hold_transaction_lock(connection, AdvisoryLock.EPOCH)
    hold_transaction_lock(connection, AdvisoryLock.CHECKPOINT)
    if connection.dialect.name == DatabaseKind.POSTGRESQL:
        connection.exec_driver_sql(
            "LOCK TABLE daily_rows, refused_tokens, used_proofs, revoked_tokens, second_factors, "
            "tickets, ticket_contacts IN SHARE MODE"
        )


def wait_patiently(connection: Connection) -> None:
    """Let the transaction stay open however long nothing is asked in it: another one is read meanwhile."""
    if connection.dialect.name == DatabaseKind.POSTGRESQL:
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")


def read_compiled(connection: Connection, statement: str, parameters: Sequence[str | int | bytes | None]) -> list[Any]:
    """Return the rows of a statement that was compiled for the connection's driver."""
    return list(connection.exec_driver_sql(statement, tuple(parameters)))


def empty_journal(engine: Engine) -> None:
    """Take what was deleted out of the journal, where a database keeps one that outlasts what is in it."""
    if engine.dialect.name == DatabaseKind.SQLITE:
        sqlite.empty_journal(engine)


def database_exists(url: str) -> bool:
    """Return whether there is a file; a database on a server is there. Raises: ConfigurationError where it isn't."""
    if database_kind(url) is DatabaseKind.SQLITE:
        return database_path(url).is_file()
    with closing(postgresql.connect_sync(url)):
        return True


@contextmanager
def hold_writer_lock(url: str, wait_seconds: float = LOAD_WAIT_SECONDS) -> Iterator[None]:
    """Hold the lock that one load of a portal at a time may have; it ends with the process, however that ends.

    Raises: ConfigurationError where another load holds it for longer than `wait_seconds`.
    """
    if database_kind(url) is DatabaseKind.SQLITE:
        path = database_path(url)
        held = sqlite.lock_file(path.with_name(f"{path.name}.lock"), wait_seconds)
    else:
        held = postgresql.hold_lock(url, AdvisoryLock.LOAD, wait_seconds)
    with held as is_held:
        if not is_held:
            raise ConfigurationError(
                Text(
                    en="another load or backup is running on this portal; wait until it has ended and try again",
                    zh="本门户正在进行另一次装载或备份；请待其结束后重试",
                )
            )
        yield
