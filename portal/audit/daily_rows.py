"""Reading what a subject took of an entry that day: for the decision, apart from the connection that counts."""

import sqlite3
import threading
from typing import Protocol

from portal.audit.statements import log_statements, reading_statements
from portal.storage.addresses import DatabaseKind, database_kind, database_path
from portal.storage.pool import DATABASE_FAULTS, ReadingPool
from portal.storage.sqlite import connect_read_only

CONNECTIONS = 2
"""To read the rows that a subject took today, before a decision."""
_SECONDS = 2.0


class DailyRowsError(Exception):
    """The day's rows can't be read now."""


class DailyRows(Protocol):
    """The counts of a portal's database, as committed."""

    async def read(self, subject: str, entry: str, day: str) -> int:
        """Return the rows of that day. Raises: DailyRowsError."""
        ...

    def close(self) -> None:
        """Close the connections."""
        ...


class _SqliteDailyRows:
    def __init__(self, database_url: str) -> None:
        self._connection = connect_read_only(database_path(database_url))
        self._lock = threading.Lock()
        self._statement = log_statements(DatabaseKind.SQLITE).read_daily_rows

    async def read(self, subject: str, entry: str, day: str) -> int:
        # Ten microseconds, and readers don't wait for the writer: a thread would cost more than the query.
        try:
            with self._lock:
                row = self._connection.execute(self._statement, (subject, entry, day)).fetchone()
        except sqlite3.Error as fault:
            raise DailyRowsError from fault
        return 0 if row is None else int(row[0])

    def close(self) -> None:
        self._connection.close()


class _PostgresDailyRows:
    def __init__(self, database_url: str) -> None:
        self._pool = ReadingPool(database_url, CONNECTIONS, _SECONDS)
        self._statement = reading_statements().read_daily_rows

    async def read(self, subject: str, entry: str, day: str) -> int:
        try:
            async with self._pool.connection() as connection:
                rows = await connection.fetchval(self._statement, subject, entry, day)
        except DATABASE_FAULTS as fault:
            raise DailyRowsError from fault
        return int(rows or 0)

    def close(self) -> None:
        self._pool.close()


def open_daily_rows(database_url: str) -> DailyRows:
    """Return the counts of a portal's database. Raises: sqlite3.Error, where there is no file; ConfigurationError."""
    is_file = database_kind(database_url) is DatabaseKind.SQLITE
    return _SqliteDailyRows(database_url) if is_file else _PostgresDailyRows(database_url)
