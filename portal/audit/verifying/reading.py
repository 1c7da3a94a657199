"""Reading a log's tables, in one state of the database that several processes share.

SQLite: the first reader holds a transaction and the others are bounded by what that one saw, because rows are only ever
added. PostgreSQL: the first reader exports its snapshot and the others read in it.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import psycopg
from psycopg import IsolationLevel
from psycopg.types.string import ByteaBinaryLoader

_ROWS_AT_ONCE = 2000

UNREADABLE_FAULTS = (sqlite3.Error, psycopg.Error, ValueError, TypeError, AttributeError, LookupError)
"""What drivers raise where they can't read, and values of a wrong form where they are used."""


@dataclass(frozen=True, slots=True)
class State:
    """A database by path or URL, and the name of the snapshot that its readers share; None for SQLite."""

    database: str
    snapshot: str | None = None


class Reader(Protocol):
    """Reads rows; texts are their UTF-8 octets, because they are hashed as stored."""

    def rows(self, query: str, parameters: Sequence[int] = ()) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query with `?` for its parameters."""
        ...


class _SqliteReader:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, query: str, parameters: Sequence[int] = ()) -> Iterator[tuple[Any, ...]]:
        cursor = self._connection.execute(query, parameters)
        while rows := cursor.fetchmany(_ROWS_AT_ONCE):
            yield from rows


class _PostgresReader:
    def __init__(self, connection: "psycopg.Connection[tuple[Any, ...]]") -> None:
        self._connection = connection

    def rows(self, query: str, parameters: Sequence[int] = ()) -> Iterator[tuple[Any, ...]]:
        with self._connection.cursor(binary=True) as cursor:
            cursor.execute(query.replace("%", "%%").replace("?", "%s").encode(), parameters)
            while rows := cursor.fetchmany(_ROWS_AT_ONCE):
                yield from rows


def is_postgres(database: str) -> bool:
    """Tell whether the URL names a PostgreSQL database."""
    return database.partition("://")[0].partition("+")[0] in ("postgresql", "postgres")


@contextmanager
def open_first(database: str) -> Iterator[tuple[Reader, State]]:
    """Open the reader whose state all others share. Raises: OSError if there is no such file."""
    with open_reader(State(database)) as reader:
        if not is_postgres(database):
            yield reader, State(database)
        else:
            [(snapshot,)] = reader.rows("SELECT pg_export_snapshot()")
            yield reader, State(database, snapshot.decode())


@contextmanager
def open_reader(state: State) -> Iterator[Reader]:
    """Open a reader in that state; it reads in one transaction and can't write."""
    if not is_postgres(state.database):
        path = Path(state.database.partition(":///")[2] or state.database)
        path.stat()
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            connection.text_factory = bytes
            connection.execute("BEGIN")
            yield _SqliteReader(connection)
        return
    scheme, _, rest = state.database.partition("://")
    with psycopg.connect(f"{scheme.partition('+')[0]}://{rest}", client_encoding="utf-8") as postgres:
        postgres.isolation_level = IsolationLevel.REPEATABLE_READ
        postgres.read_only = True
        postgres.adapters.register_loader("text", ByteaBinaryLoader)
        if state.snapshot is not None:
            # The name is the database's own; this statement takes no parameters.
            postgres.execute(b"SET TRANSACTION SNAPSHOT '" + state.snapshot.encode() + b"'")
        yield _PostgresReader(postgres)
