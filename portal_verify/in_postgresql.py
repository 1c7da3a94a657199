"""Reading a log in PostgreSQL."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import IsolationLevel
from psycopg.types.string import ByteaBinaryLoader

from portal_verify.faults import UnreachableError, UnreadableError

_ROWS_AT_ONCE = 2000
_COLUMNS = (
    "SELECT attname::text FROM pg_attribute WHERE attrelid = to_regclass('audit_records') "
    "AND attnum > 0 AND NOT attisdropped"
)


class _PostgresReader:
    def __init__(self, connection: "psycopg.Connection[tuple[Any, ...]]") -> None:
        self._connection = connection

    def rows(self, query: str, parameters: Sequence[int] = ()) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query."""
        try:
            with self._connection.cursor(binary=True) as cursor:
                cursor.execute(query.replace("%", "%%").replace("?", "%s").encode(), parameters)
                while rows := cursor.fetchmany(_ROWS_AT_ONCE):
                    yield from rows
        except psycopg.Error as fault:
            raise UnreadableError from fault

    def record_columns(self) -> frozenset[bytes]:
        """Return the columns that the table of records has."""
        return frozenset(name for (name,) in self.rows(_COLUMNS))


@contextmanager
def open_postgres(url: str, snapshot: str | None) -> Iterator[_PostgresReader]:
    """Open a database, in the state of a snapshot where one is named. Raises: OSError, UnreadableError."""
    try:
        connection = psycopg.connect(url, client_encoding="utf-8")
    except psycopg.Error as fault:
        # Not what the driver says: the URL's password may stand in it.
        raise UnreachableError(type(fault).__name__) from None
    with connection:
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        connection.adapters.register_loader("text", ByteaBinaryLoader)
        if snapshot is not None:
            # The name is the database's own; this statement takes no parameters.
            connection.execute(b"SET TRANSACTION SNAPSHOT '" + snapshot.encode() + b"'")
        yield _PostgresReader(connection)
