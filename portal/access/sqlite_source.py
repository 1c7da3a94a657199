"""A data store in SQLite, read in threads."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, LifoQueue
from time import monotonic
from typing import TypeVar

from sqlalchemy import Dialect

from portal.access.executing import Executed, read_steps, took_too_long, unreadable
from portal.access.linking import Row, take_steps
from portal.access.statement import Read, Statement, too_complex
from portal.errors import PortalError
from portal.storage.data_store import open_read_connection
from portal.storage.dialects import sqlite_dialect

_Outcome = TypeVar("_Outcome")
_CHECKED_EVERY = 4000
"""Steps of SQLite's machine between two looks at the clock: some tens of microseconds."""
_BEYOND_LIMITS = ("parser stack overflow", "Expression tree is too large", "too many SQL variables")
"""What SQLite says of a statement beyond its limits; it has no codes for them."""


class SqliteSource:
    """The data store, read through a few read-only connections."""

    def __init__(self, url: str, connections: int, timeout_seconds: float) -> None:
        self.dialect: Dialect = sqlite_dialect()
        self._url = url
        self._timeout_seconds = timeout_seconds
        self._threads = ThreadPoolExecutor(connections, thread_name_prefix="portal-source")
        self._idle: LifoQueue[sqlite3.Connection] = LifoQueue()

    async def execute(self, read: Read) -> Executed:
        """Return what the read gives, as every `DataSource` does."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._execute, read)

    def close(self) -> None:
        """Wait for the reads under way and close the connections."""
        self._threads.shutdown()
        while not self._idle.empty():
            self._idle.get_nowait().close()

    def _execute(self, read: Read) -> Executed:
        connection = self._connect()
        try:
            executed = _within(connection, self._timeout_seconds, lambda: _run(connection, read))
        except BaseException as failure:
            # A connection that failed may be in any state: the next read opens another.
            connection.close()
            if isinstance(failure, sqlite3.Error):
                raise _refusal(failure) from failure
            raise
        self._idle.put(connection)
        return executed

    def _connect(self) -> sqlite3.Connection:
        try:
            return self._idle.get_nowait()
        except Empty:
            return open_read_connection(self._url)


def _within(connection: sqlite3.Connection, seconds: float, run: Callable[[], _Outcome]) -> _Outcome:
    deadline = monotonic() + seconds
    connection.set_progress_handler(lambda: monotonic() > deadline, _CHECKED_EVERY)
    try:
        return run()
    finally:
        connection.set_progress_handler(None, 0)


def _run(connection: sqlite3.Connection, read: Read) -> Executed:
    def fetch(statement: Statement) -> list[Row]:
        return connection.execute(statement.sql, statement.parameters).fetchall()

    connection.execute("BEGIN")
    executed = take_steps(read_steps(read), fetch)
    connection.execute("COMMIT")
    return executed


def _refusal(failure: sqlite3.Error) -> PortalError:
    # What the driver itself refuses has no code.
    if getattr(failure, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
        return took_too_long()
    if any(words in str(failure) for words in _BEYOND_LIMITS):
        return too_complex()
    return unreadable(failure)
