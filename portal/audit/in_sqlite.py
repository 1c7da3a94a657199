"""The audit's connection to SQLite: its write lock, held from a transaction's beginning, holds everything else."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from portal.audit.statements import log_statements
from portal.storage.addresses import DatabaseKind, database_path
from portal.storage.database import open_sync_database


class SqliteLog:
    """A connection with transactions that hold the write lock from their first statement.

    INVARIANT: a transaction counts only if its files still lie at the database's path after it: what is committed to a
    database that was moved or removed is lost to the next start (T17, R6).
    """

    def __init__(self, database_url: str) -> None:
        self.statements = log_statements(DatabaseKind.SQLITE)
        self._path = database_path(database_url)
        # A missing database is an error; SQLite would make an empty one, and with it an empty log.
        self._identities = {self._path: _identity(self._path)}
        self._engine = open_sync_database(database_url)
        self._proxy = self._engine.raw_connection()
        self._driver = cast("sqlite3.Connection", self._proxy.driver_connection)
        self._driver.isolation_level = None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run the block in one transaction; it is durable when the block has been left without an exception."""
        self._check_files()
        self._driver.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._driver.execute("COMMIT")
        except BaseException:
            if self._driver.in_transaction:
                self._driver.execute("ROLLBACK")
            raise
        # Again, because a file may have been moved meanwhile; before, so that nothing is mixed into another's.
        self._check_files()

    def hold_epoch(self) -> int:
        """Return the epoch: who would change it waits for the write lock."""
        row = self._driver.execute(self.statements.read_epoch).fetchone()
        return 0 if row is None else int(row[0])

    def hold_checkpoints(self) -> None:
        """Do nothing: the write lock is held."""

    def hold_revocations(self) -> None:
        """Do nothing: the write lock is held."""

    def hold_daily_rows(self, keys: Sequence[tuple[str, str, str]]) -> list[int]:
        """Return the day's rows of each key: who would count waits for the write lock."""
        rows = [self._driver.execute(self.statements.read_daily_rows, key).fetchone() for key in keys]
        return [0 if row is None else int(row[0]) for row in rows]

    def use_proofs(self, proofs: Sequence[tuple[bytes, str]]) -> set[bytes]:
        """Note proofs as used; return the digests of those that weren't before."""
        rows = (self._driver.execute(self.statements.use_proof, proof).fetchone() for proof in proofs)
        return {row[0] for row in rows if row is not None}

    def execute(self, statement: str, parameters: Sequence[str | int | bytes | None] = ()) -> sqlite3.Cursor:
        """Run one statement."""
        return self._driver.execute(statement, parameters)

    def executemany(self, statement: str, rows: Iterable[Sequence[str | int | bytes | None]]) -> None:
        """Run a statement once for each of the rows."""
        self._driver.executemany(statement, rows)

    def began(self) -> None:
        """From now on the write-ahead journal must stay in its place too; the first transaction has made it."""
        journal = self._path.with_name(self._path.name + "-wal")
        self._identities[journal] = _identity(journal)

    def _check_files(self) -> None:
        for path, identity in self._identities.items():
            if _identity(path) != identity:
                raise FileNotFoundError(f"`{path.name}` was replaced while it was open")

    def close(self) -> None:
        """Close the driver's connection."""
        self._proxy.invalidate()
        self._proxy.close()
        self._engine.dispose()


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino
