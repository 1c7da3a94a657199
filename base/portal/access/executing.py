"""Executing: compiled statements on read-only connections, in threads, each within a time limit."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import Empty, LifoQueue
from time import monotonic
from typing import TypeVar

from sqlalchemy import Dialect
from sqlalchemy.dialects import sqlite

from portal.access.statement import Read, Statement, too_complex
from portal.errors import PortalError, SourceUnavailable, Text
from portal.storage.data_store import open_read_connection

Row = tuple[object, ...]
_Outcome = TypeVar("_Outcome")
_CHECKED_EVERY = 4000
"""Steps of SQLite's machine between two looks at the clock: some tens of microseconds."""
_BEYOND_LIMITS = ("parser stack overflow", "Expression tree is too large", "too many SQL variables")
"""What SQLite says of a statement beyond its limits; it has no codes for them."""


@dataclass(frozen=True, slots=True)
class Executed:
    """What a read gave: rows as stored, and the count; each is None where the read didn't ask for it."""

    rows: list[Row] | None
    total: int | None


class SqliteSource:
    """The data store, read through a few read-only connections; statements are to be in its `dialect`."""

    def __init__(self, url: str, connections: int, timeout_seconds: float) -> None:
        self.dialect: Dialect = sqlite.dialect()
        self._url = url
        self._timeout_seconds = timeout_seconds
        self._threads = ThreadPoolExecutor(connections, thread_name_prefix="portal-source")
        self._idle: LifoQueue[sqlite3.Connection] = LifoQueue()

    async def execute(self, read: Read) -> Executed:
        """Return what the read gives, from one state of the data.

        Raises: SourceUnavailable where the store can't be read, or not within the time limit; TooComplex where a
        statement is beyond what SQLite takes.
        """
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
    connection.execute("BEGIN")
    rows = None if read.rows is None else _fetch(connection, read.rows)
    total = None if read.total is None else int(str(_fetch(connection, read.total)[0][0]))
    connection.execute("COMMIT")
    return Executed(rows, total)


def _fetch(connection: sqlite3.Connection, statement: Statement) -> list[Row]:
    return connection.execute(statement.sql, statement.parameters).fetchall()


def _refusal(failure: sqlite3.Error) -> PortalError:
    # What the driver itself refuses has no code.
    if getattr(failure, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
        return SourceUnavailable(
            Text(
                en="reading took too long; narrow `where`, order by fewer items, or leave `totalCount` out",
                zh="读取超时；请缩小 `where` 范围、减少排序项，或不取 `totalCount`",
            )
        )
    if any(words in str(failure) for words in _BEYOND_LIMITS):
        return too_complex()
    return SourceUnavailable(
        Text(en="the entry's rows can't be read now; try again later", zh="暂时无法读取该条目的数据，请稍后再试")
    )
