"""The recorder: requests hand it their records and wait until these are durable (enforcement.md §6)."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import cast

from portal.audit.connection import LOG_FAULTS
from portal.audit.daily_rows import DailyRows, DailyRowsError, open_daily_rows
from portal.audit.ledger import Handed, Ledger, RevokedToken, ShownProof, submit, submit_act
from portal.audit.receipts import ProofUse, Recorded, Recording, Written
from portal.audit.records import ActRecord, AuditRecord, Quota
from portal.audit.refused_tokens import RefusedTokens
from portal.audit.signing import SigningKeys
from portal.audit.witness import remove_drafts
from portal.audit.witnessing import UNWITNESSED, Witnessing
from portal.audit.writing import Waiting, WritingThread, unavailable
from portal.vocabulary import EntryCode


class Recorder:
    """A process's way into the audit log; made by `start`, once a process.

    Methods that are coroutines belong to the event loop; `start` and `close` block.
    """

    def __init__(
        self,
        thread: WritingThread,
        daily_rows: DailyRows,
        refused_tokens: RefusedTokens,
        witnessing: Witnessing,
    ) -> None:
        self._thread = thread
        self._witnessing = witnessing
        self._daily_rows = daily_rows
        self._refused_tokens = refused_tokens

    @classmethod
    def start(
        cls,
        database_url: str,
        keys: SigningKeys,
        witness: Path | None = None,
        witnessing: Witnessing = UNWITNESSED,
    ) -> "Recorder":
        """Begin a chain in the database and return its recorder; what a killed process left is covered by a checkpoint.

        `witness` is the file that keeps the last checkpoint outside the database; `witnessing`, closed with the
        recorder, tells other parties.
        Raises: AuditUnavailable where the log can't be written, or isn't the one that keys and witness know.
        """
        open_ledger = partial(Ledger, database_url, keys, witness)
        if witness is not None:
            remove_drafts(witness)
        try:
            ledger = open_ledger()
            daily_rows = open_daily_rows(database_url)
        except LOG_FAULTS as fault:
            raise unavailable() from fault
        refused_tokens = RefusedTokens()
        thread = WritingThread(open_ledger, ledger, refused_tokens)
        thread.start()
        return cls(thread, daily_rows, refused_tokens, witnessing)

    @property
    def waiting(self) -> int:
        """How many records wait to be written."""
        return self._thread.waiting

    @property
    def is_writing(self) -> bool:
        """Whether records can be made durable, as far as the last attempt says."""
        return self._thread.is_writing and self._witnessing.is_witnessed

    async def record(self, record: AuditRecord, quotas: Sequence[Quota] = ()) -> Recording:
        """Return when the record is durable, or nothing of it was written.

        Whoever stops waiting may leave a record of an answer that was never given, never an answer without record.
        Raises: AuditUnavailable.
        """
        if not self._witnessing.is_witnessed:
            raise unavailable()
        return cast("Recording", await self._written(submit(record, quotas)))

    async def record_act(self, record: ActRecord, revoked: RevokedToken | None = None) -> Recorded:
        """Return when the act's record is durable, and with it that the token counts no more that it revokes.

        Raises: AuditUnavailable.
        """
        if not self._witnessing.is_witnessed:
            raise unavailable()
        return cast("Recorded", await self._written(submit_act(record, revoked)))

    async def use_proof(self, proof: ShownProof) -> bool:
        """Note a proof as used, durably; return whether it wasn't before, on any worker. Raises: AuditUnavailable."""
        use = await self._written(proof)
        return isinstance(use, ProofUse) and use.is_first

    async def _written(self, submission: Handed) -> Written:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Written] = loop.create_future()
        self._thread.put(Waiting(submission, loop, future))
        return await future

    async def rows_today(self, subject: str, entry: EntryCode, day: date) -> int:
        """Return how many rows the subject took of the entry on that day of Asia/Shanghai.

        For the decision; what counts is the comparison in the record's own transaction. Raises: AuditUnavailable.
        """
        try:
            return await self._daily_rows.read(subject, entry, day.isoformat())
        except DailyRowsError as fault:
            raise unavailable() from fault

    def count_refused_token(self, address: str) -> None:
        """Count a token that didn't verify; written down within a second."""
        self._refused_tokens.add(address, datetime.now(UTC))

    def close(self) -> None:
        """Write what waits, sign a last checkpoint and return; later records are refused."""
        self._thread.finish()
        self._witnessing.close()
        self._daily_rows.close()
