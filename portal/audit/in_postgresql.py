"""The audit's connection to PostgreSQL: many workers write at once, each its own chain, and share the epoch's lock."""

import logging
import socket
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from os import dup
from time import monotonic
from typing import Any, cast

import psycopg

from portal.audit.statements import log_statements
from portal.storage.addresses import DatabaseKind
from portal.storage.postgresql import AdvisoryLock, check_server, connect_sync

TRANSACTION_SECONDS = 2.0
"""So long a transaction may take; requests wait for it, and one that hangs is cut (G11, R9)."""
START_SECONDS = 10.0
"""So long the first one may take, which reads the end of every chain; nobody waits for it but the start."""
_LOOKED_EVERY = 0.25

_log = logging.getLogger("portal")


class PostgresLog:
    """A connection whose transactions are given up when they take too long.

    INVARIANT: what a worker that is stopped in the middle of a transaction holds is let go of by the server, so that a
    revocation waits for it no longer than that (R11).
    """

    def __init__(self, database_url: str) -> None:
        check_server(database_url)
        self.statements = log_statements(DatabaseKind.POSTGRESQL)
        self._driver = connect_sync(database_url)
        self._limit(START_SECONDS)
        self._deadline: float | None = None
        self._closed = threading.Event()
        threading.Thread(target=self._watch, name="audit-watch", daemon=True).start()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run the block in one transaction; it is durable when the block has been left without an exception.

        Where the connection is cut while `COMMIT` is under way nobody knows: it counts as not written, and a record
        without answer may stay in the chain, which ends there (R8).
        """
        self._deadline = monotonic() + self._seconds
        try:
            # INVARIANT: nothing is sent in a pipeline: the server's timeouts don't run within one, so that it would
            # never let go of what a worker holds that has stopped there.
            self._driver.execute("BEGIN")
            yield
            committed = self._driver.execute("COMMIT")
            # A transaction in which something failed is ended by `COMMIT` as well, but not committed.
            if committed.statusmessage != "COMMIT":
                raise psycopg.OperationalError("the transaction was not committed")
        finally:
            self._deadline = None

    def hold_epoch(self) -> int:
        """Return the epoch. A trigger takes the same lock alone for whoever changes it, by whatever means."""
        self._lock("SELECT pg_advisory_xact_lock_shared(%s)", AdvisoryLock.EPOCH)
        # INVARIANT: a statement of its own, after the lock: it sees what was committed before the lock was had.
        row = self._driver.execute(self.statements.read_epoch).fetchone()
        return 0 if row is None else int(str(row[0]))

    def hold_checkpoints(self) -> None:
        """Let no other transaction append a checkpoint before this one ends."""
        self._lock("SELECT pg_advisory_xact_lock(%s)", AdvisoryLock.CHECKPOINT)

    def hold_revocations(self) -> None:
        """Let no other transaction revoke a token before this one ends.

        INVARIANT: taken before numbers are drawn. A worker that has seen a number looks for higher ones alone, so a
        lower one mustn't be committed after it.
        """
        self._lock("SELECT pg_advisory_xact_lock(%s)", AdvisoryLock.REVOCATION)

    def _lock(self, statement: str, lock: AdvisoryLock) -> None:
        self._driver.execute(statement, (int(lock),))

    def hold_daily_rows(self, keys: Sequence[tuple[str, str, str]]) -> list[int]:
        """Return the day's rows of each key.

        INVARIANT: all who hold several come in the keys' order, so none waits for one who waits for it.
        """
        if not keys:
            return []
        subjects, entries, days = map(list, zip(*keys, strict=True))
        held = self._driver.execute(self.statements.hold_daily_rows, (subjects, entries, days, [0] * len(keys)))
        rows = {(subject, entry, day): int(str(count)) for subject, entry, day, count in held}
        return [rows[key] for key in keys]

    def use_proofs(self, proofs: Sequence[tuple[bytes, str]]) -> set[bytes]:
        """Note proofs as used; return the digests of those that weren't before.

        INVARIANT: all who note several do so in their order, so none waits for one who waits for it.
        """
        if not proofs:
            return set()
        columns = [list(column) for column in zip(*proofs, strict=True)]
        return {cast("bytes", row[0]) for row in self._driver.execute(self.statements.use_proof, columns)}

    def execute(self, statement: str, parameters: Sequence[str | int | bytes | None] = ()) -> "psycopg.Cursor[Any]":
        """Run one statement."""
        return self._driver.execute(statement, parameters)

    def executemany(self, statement: str, rows: Iterable[Sequence[str | int | bytes | None]]) -> None:
        """Run a statement once for all of the rows."""
        if columns := [list(column) for column in zip(*rows, strict=True)]:
            self._driver.execute(statement, columns)

    def began(self) -> None:
        """From now on requests wait for what is written."""
        self._limit(TRANSACTION_SECONDS)

    def _limit(self, seconds: float) -> None:
        self._seconds = seconds
        milliseconds = str(int(seconds * 1000))
        for name in ("idle_in_transaction_session_timeout", "statement_timeout"):
            self._driver.execute("SELECT set_config(%s, %s, false)", (name, milliseconds))

    def _watch(self) -> None:
        while not self._closed.wait(_LOOKED_EVERY):
            deadline = self._deadline
            if deadline is not None and monotonic() > deadline:
                _log.error("the audit's transaction didn't end within %.0f s: its connection is cut", self._seconds)
                self._cut()
                return

    def _cut(self) -> None:
        """End the connection under a thread that waits on it: the driver itself would wait for ever."""
        with suppress(OSError, psycopg.Error), socket.socket(fileno=dup(self._driver.fileno())) as connected:
            connected.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the driver's connection."""
        self._closed.set()
        self._driver.close()
