"""Reading a log's tables, in one state of the database that several processes share.

SQLite: the first reader holds a transaction and the others are bounded by what that one saw, because rows are only ever
added. PostgreSQL: the first reader exports its snapshot and the others read in it. The driver of either is imported
where it is used: who verifies files needs neither.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class State:
    """A database by path or URL, and the name of the snapshot that its readers share; None for SQLite."""

    database: str
    snapshot: str | None = None


class Reader(Protocol):
    """Reads rows; texts are their UTF-8 octets, because they are hashed as stored."""

    def rows(self, query: str, parameters: Sequence[int] = ()) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query with `?` for its parameters. Raises: UnreadableError."""
        ...

    def record_columns(self) -> frozenset[bytes]:
        """Return the columns that `audit_records` has. Raises: UnreadableError."""
        ...


def is_postgres(database: str) -> bool:
    """Tell whether the URL names a PostgreSQL database."""
    return database.partition("://")[0].partition("+")[0] in ("postgresql", "postgres")


@contextmanager
def open_first(database: str) -> Iterator[tuple[Reader, State]]:
    """Open the reader whose state all others share. Raises: OSError if there is no such file or server."""
    with open_reader(State(database)) as reader:
        if not is_postgres(database):
            yield reader, State(database)
        else:
            [(snapshot,)] = reader.rows("SELECT pg_export_snapshot()")
            yield reader, State(database, snapshot.decode())


@contextmanager
def open_reader(state: State) -> Iterator[Reader]:
    """Open a reader in that state; it reads in one transaction and can't write. Raises: OSError, UnreadableError."""
    if is_postgres(state.database):
        from portal_verify.in_postgresql import open_postgres

        scheme, _, rest = state.database.partition("://")
        with open_postgres(f"{scheme.partition('+')[0]}://{rest}", state.snapshot) as postgres:
            yield postgres
    else:
        from portal_verify.in_sqlite import open_sqlite

        with open_sqlite(Path(state.database.partition(":///")[2] or state.database)) as sqlite:
            yield sqlite
