"""The connection on which the audit writes: what a ledger asks of it, whichever database it is."""

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

import psycopg

from portal.audit.in_postgresql import PostgresLog
from portal.audit.in_sqlite import SqliteLog
from portal.audit.statements import LogStatements
from portal.storage.addresses import DatabaseKind, database_kind

LOG_FAULTS = (OSError, sqlite3.Error, psycopg.Error)
"""What using a log raises where its database fails."""

Parameters = Sequence[str | int | bytes | None]


class Rows(Protocol):
    """What a statement gives."""

    def fetchone(self) -> Any:  # noqa: ANN401  as the drivers have it
        """Return the next row, None where there is none."""
        ...

    def fetchall(self) -> list[Any]:
        """Return the rows."""
        ...


class LogConnection(Protocol):
    """A connection of a driver. What its transactions commit is on the disk; after any fault it must be closed."""

    statements: LogStatements

    def transaction(self) -> AbstractContextManager[None]:
        """Run the block in one transaction; it is durable when the block has been left without an exception."""
        ...

    def hold_epoch(self) -> int:
        """Return the epoch, 0 before the first; it can't change before the transaction ends."""
        ...

    def hold_checkpoints(self) -> None:
        """Let no other transaction append a checkpoint before this one ends."""
        ...

    def hold_daily_rows(self, keys: Sequence[tuple[str, str, str]]) -> list[int]:
        """Return the day's rows of each (subject, entry, day); no other transaction counts there before this one ends.

        `keys` are sorted, each comes once.
        """
        ...

    def use_proofs(self, proofs: Sequence[tuple[bytes, str]]) -> set[bytes]:
        """Note proofs, digest and end of each, as used; return the digests of those that weren't before.

        `proofs` are sorted, each comes once.
        """
        ...

    def hold_revocations(self) -> None:
        """Let no other transaction revoke a token before this one ends."""
        ...

    def execute(self, statement: str, parameters: Parameters = ()) -> Rows:
        """Run one statement."""
        ...

    def executemany(self, statement: str, rows: Iterable[Parameters]) -> None:
        """Run a statement once for each of the rows."""
        ...

    def began(self) -> None:
        """Take notice that the log's first transaction on this connection was committed."""
        ...

    def close(self) -> None:
        """Close the connection, whatever state it is in."""
        ...


def open_log(database_url: str) -> LogConnection:
    """Return a connection to the log in a database that is there.

    Raises: OSError, and the driver's own exceptions, where it can't be opened; ConfigurationError.
    """
    is_file = database_kind(database_url) is DatabaseKind.SQLITE
    return SqliteLog(database_url) if is_file else PostgresLog(database_url)
