"""The driver's connection on which the audit writes."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from portal.storage.database import database_path, open_sync_database


class LogConnection:
    """A connection with transactions that hold the write lock from their first statement.

    INVARIANT: a transaction counts only if its files still lie at the database's path after it: what is committed to a
    database that was moved or removed is lost to the next start (T17, R6).
    """

    def __init__(self, database_url: str) -> None:
        path = database_path(database_url)
        # A missing database is an error; SQLite would make an empty one, and with it an empty log.
        self._identities = {path: _identity(path)}
        self._engine = open_sync_database(database_url)
        self._proxy = self._engine.raw_connection()
        self.driver = cast("sqlite3.Connection", self._proxy.driver_connection)
        self.driver.isolation_level = None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run the block in one transaction; it is durable when the block has been left without an exception."""
        self._check_files()
        self.driver.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.driver.execute("COMMIT")
        except BaseException:
            if self.driver.in_transaction:
                self.driver.execute("ROLLBACK")
            raise
        # Again, because a file may have been moved meanwhile; before, so that nothing is mixed into another's.
        self._check_files()

    def watch_journal(self) -> None:
        """From now on the write-ahead journal must stay in its place too; the first transaction has made it."""
        path = next(iter(self._identities))
        journal = path.with_name(path.name + "-wal")
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
