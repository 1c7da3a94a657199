"""A connection that only reads the log, whichever database it is in."""

import sqlite3
from collections.abc import Sequence
from typing import Any, Protocol

import psycopg

from portal.audit.statements import LogStatements, log_statements
from portal.storage.addresses import DatabaseKind, database_kind, database_path
from portal.storage.postgresql import connect_sync
from portal.storage.sqlite import connect_read_only

READING_FAULTS = (OSError, sqlite3.Error, psycopg.Error)
"""What reading a log raises where its database fails."""


class LogReader(Protocol):
    """A connection on which each statement reads by itself; any thread may use it, one at a time."""

    statements: LogStatements

    def read(self, statement: str, parameters: Sequence[str | int | bytes | None] = ()) -> list[Any]:
        """Return the rows that the statement gives. Raises: READING_FAULTS."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


class _SqliteReader:
    def __init__(self, url: str) -> None:
        self.statements = log_statements(DatabaseKind.SQLITE)
        self._connection = connect_read_only(database_path(url))

    def read(self, statement: str, parameters: Sequence[str | int | bytes | None] = ()) -> list[Any]:
        return self._connection.execute(statement, parameters).fetchall()

    def close(self) -> None:
        self._connection.close()


class _PostgresReader:
    def __init__(self, url: str) -> None:
        self.statements = log_statements(DatabaseKind.POSTGRESQL)
        self._connection = connect_sync(url)
        self._connection.read_only = True

    def read(self, statement: str, parameters: Sequence[str | int | bytes | None] = ()) -> list[Any]:
        return self._connection.execute(statement, parameters).fetchall()

    def close(self) -> None:
        self._connection.close()


def open_log_reader(database_url: str) -> LogReader:
    """Return a reader of the log in a database that is there. Raises: READING_FAULTS, ConfigurationError."""
    is_file = database_kind(database_url) is DatabaseKind.SQLITE
    return _SqliteReader(database_url) if is_file else _PostgresReader(database_url)
