"""A data store in SQLite: what is read in a moment is read at once, everything else in threads."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, LifoQueue
from time import monotonic
from typing import TypeVar

from sqlalchemy import Dialect

from portal.access.executing import Executed, read_steps, took_too_long, unreadable
from portal.access.kept import Kept
from portal.access.linking import Row, take_steps
from portal.access.statement import Read, Statement, too_complex
from portal.errors import PortalError
from portal.storage.data_store import open_read_connection
from portal.storage.dialects import sqlite_dialect

_Outcome = TypeVar("_Outcome")
_CHECKED_EVERY = 4000
"""Steps of SQLite's machine between two looks at the clock: some tens of microseconds."""
QUICK_SECONDS = 0.003
"""So long a read may take where it is asked for: everybody else waits meanwhile."""
_QUICK_CHECKED_EVERY = 200
_KEPT_SLOW = 1000
_SLOW_SECONDS = 10.0
"""After so long what took more than a moment is tried again: the machine may have been busy."""
_BEYOND_LIMITS = ("parser stack overflow", "Expression tree is too large", "too many SQL variables")
"""What SQLite says of a statement beyond its limits; it has no codes for them."""


class SqliteSource:
    """The data store, read through a few read-only connections.

    A read of some rows takes less time than to hand it to a thread. So each is begun where it is asked for, and given
    to a thread if it isn't done in a moment: it keeps nobody waiting for longer.
    """

    def __init__(
        self, url: str, connections: int, timeout_seconds: float, quick_seconds: float = QUICK_SECONDS
    ) -> None:
        self.dialect: Dialect = sqlite_dialect()
        self._url = url
        self._timeout_seconds = timeout_seconds
        self._quick_seconds = quick_seconds
        self._threads = ThreadPoolExecutor(connections, thread_name_prefix="portal-source")
        self._idle: LifoQueue[sqlite3.Connection] = LifoQueue()
        self._near: sqlite3.Connection | None = None
        self._slow: Kept[float] = Kept(_KEPT_SLOW)

    async def execute(self, read: Read) -> Executed:
        """Return what the read gives, as every `DataSource` does."""
        statements = (read.rows, read.total, *(each.statement for each in read.groups))
        name = tuple(None if statement is None else statement.sql for statement in statements)
        if (self._slow.find(name) or 0.0) <= monotonic():
            executed = self._execute_at_once(read)
            if executed is not None:
                return executed
            self._slow.keep(name, monotonic() + _SLOW_SECONDS)
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._execute, read)

    def close(self) -> None:
        """Wait for the reads under way and close the connections."""
        self._threads.shutdown()
        self._drop_near()
        while not self._idle.empty():
            self._idle.get_nowait().close()

    def _execute_at_once(self, read: Read) -> Executed | None:
        """Return what the read gives if that takes but a moment; None where it is to be read in a thread.

        A fault is told there.
        """
        try:
            if self._near is None:
                self._near = open_read_connection(self._url)
            near = self._near
            return _within(near, self._quick_seconds, lambda: _run(near, read), _QUICK_CHECKED_EVERY)
        except Exception:  # noqa: BLE001 - whatever it is, the thread meets it too
            self._drop_near()
            return None

    def _drop_near(self) -> None:
        if self._near is not None:
            self._near.close()
            self._near = None

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


def _within(
    connection: sqlite3.Connection, seconds: float, run: Callable[[], _Outcome], checked_every: int = _CHECKED_EVERY
) -> _Outcome:
    deadline = monotonic() + seconds
    connection.set_progress_handler(lambda: monotonic() > deadline, checked_every)
    try:
        return run()
    finally:
        connection.set_progress_handler(None, 0)


def _run(connection: sqlite3.Connection, read: Read) -> Executed:
    def fetch(statement: Statement) -> list[Row]:
        return connection.execute(statement.sql, statement.parameters).fetchall()

    if read.total is None and not read.links and not read.groups:
        # One statement is of one state by itself.
        return take_steps(read_steps(read), fetch)
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
