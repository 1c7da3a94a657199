"""Reading a log in SQLite."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from portal_verify.faults import UnreadableError

_ROWS_AT_ONCE = 2000


class _SqliteReader:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, query: str, parameters: Sequence[int] = ()) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query."""
        try:
            cursor = self._connection.execute(query, parameters)
            while rows := cursor.fetchmany(_ROWS_AT_ONCE):
                yield from rows
        except sqlite3.Error as fault:
            raise UnreadableError from fault

    def record_columns(self) -> frozenset[bytes]:
        """Return the columns that the table of records has."""
        return frozenset(name for (name,) in self.rows("SELECT name FROM pragma_table_info('audit_records')"))


@contextmanager
def open_sqlite(path: Path) -> Iterator[_SqliteReader]:
    """Open a file that is there. Raises: OSError, UnreadableError."""
    path.stat()
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    except sqlite3.Error as fault:
        raise UnreadableError from fault
    with closing(connection):
        connection.text_factory = bytes
        connection.execute("BEGIN")
        yield _SqliteReader(connection)
