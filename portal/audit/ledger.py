"""One writer's hold on the log: its chain, appended in transactions, and the checkpoints that it signs."""

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any, cast

from portal.audit.chain import Head, Writer, append, portal_name
from portal.audit.checkpoints import LOSS_PATTERN, NO_CHECKPOINT, Checkpoint, Statement, find_settling, sign_checkpoint
from portal.audit.connection import open_log
from portal.audit.heads import KnownHeads
from portal.audit.receipts import ProofUse, QuotaExhausted, Recorded, Recording, StaleEpoch, Written
from portal.audit.records import ActRecord, AuditRecord, Quota, render_act, render_record, render_time
from portal.audit.refused_tokens import RefusalKey
from portal.audit.signing import Signer, SigningKeys
from portal.audit.witness import WitnessedCheckpoint, load_witness, store_witness
from portal.conditions.values import render_instant
from portal.errors import AuditUnavailable, Text


@dataclass(frozen=True, slots=True)
class RevokedToken:
    """A token that counts no more: its id, and when it is refused for its age anyway."""

    token_id: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Submission:
    """A record that waits to be written; `body` is its canonical JSON, `revoked` the token that it revokes."""

    record: AuditRecord | ActRecord
    body: bytes
    quotas: Sequence[Quota] = ()
    revoked: RevokedToken | None = None


@dataclass(frozen=True, slots=True)
class ShownProof:
    """A proof that counts once: what tells it from others, and when it is refused for its age anyway."""

    digest: bytes
    expires_at: datetime


Handed = Submission | ShownProof
"""What a ledger writes."""


def submit(record: AuditRecord, quotas: Sequence[Quota]) -> Submission:
    """Return the record ready for the log."""
    return Submission(record, render_record(record), quotas)


def submit_act(record: ActRecord, revoked: RevokedToken | None = None) -> Submission:
    """Return the record of an act ready for the log, with the token that it revokes."""
    return Submission(record, render_act(record), revoked=revoked)


_DayKey = tuple[str, str, str]


class Ledger:
    """The open log of one writer. After any exception it must be closed and another one opened."""

    def __init__(self, database_url: str, keys: SigningKeys, witness: Path | None) -> None:
        self._keys = keys
        self._witness = witness
        self._log = open_log(database_url)
        self._statements = self._log.statements
        self._heads = KnownHeads(self._read, self._statements)
        self._written: deque[tuple[int, float]] = deque()
        """The last record of each transaction that isn't covered yet, and when it was written."""
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def _start(self) -> None:
        """Begin a chain of its own, in one transaction with a checkpoint over it and all that others left."""
        self._is_quarantined = False
        now = datetime.now(UTC)
        with self._log.transaction():
            self._log.hold_checkpoints()
            last = self._last_checkpoint()
            signer = self._keys.signer_after(last)
            self._check_witnessed()
            moved = self._heads.begin(last)
            opening = Writer(0, portal_name(signer.public_key), render_time(now), last.number, last.hash)
            self._head = replace(opening, writer=self._insert_writer(opening)).genesis
            self._heads.add([self._head])
            checkpoint = self._append_checkpoint(last, signer, now, [*moved, self._head])
        self._log.began()
        self._keep(checkpoint)

    def _check_witnessed(self) -> None:
        """Raise unless the log holds the checkpoint that the witness names."""
        witness = load_witness(self._witness) if self._witness else None
        # A restored portal records what it refuses; its content denies until the log agrees with the witness (T31).
        if witness and not self._reads_quarantine() and not (self._holds(witness) or self._settled(witness)):
            raise _not_witnessed(witness.number, str(self._witness))

    def _holds(self, witness: WitnessedCheckpoint) -> bool:
        row = self._log.execute(self._statements.read_checkpoint, (witness.number,)).fetchone()
        return row is not None and Checkpoint(*row).hash.hex() == witness.hash

    def _settled(self, witness: WitnessedCheckpoint) -> bool:
        """Return whether a checkpoint that a key of this portal signed states that the witnessed one is lost."""
        rows = self._read(self._statements.read_losses, (witness.number, LOSS_PATTERN))
        losses = [Checkpoint(*row) for row in rows]
        return find_settling(losses, self._keys.public_keys, witness.number, witness.hash) is not None

    def _reads_quarantine(self) -> bool:
        return self._log.execute(self._statements.read_quarantine).fetchone() is not None

    @property
    def uncovered(self) -> int:
        """How many records of this writer no checkpoint covers yet."""
        return self._head.sequence - self._heads.covered(self._head.writer)

    @property
    def uncovered_seconds(self) -> float:
        """How old the oldest of them is."""
        covered = self._heads.covered(self._head.writer)
        while self._written and self._written[0][0] <= covered:
            self._written.popleft()
        return monotonic() - self._written[0][1] if self._written else 0.0

    def append(self, submissions: Sequence[Handed]) -> list[Written]:
        """Write the records in one durable transaction and return what became of each, in their order.

        INVARIANT: a record decided under another epoch than the one that the transaction sees is not written, and
        policies can't change before it ends: it holds the write lock (enforcement.md §6).
        """
        handed = [one for one in submissions if not isinstance(one, ShownProof)]
        with self._log.transaction():
            head, recordings = self._write(handed)
            uses = self._use([one for one in submissions if isinstance(one, ShownProof)])
            self._revoke([one.revoked for one in handed if one.revoked is not None])
        if head != self._head:
            self._head = head
            self._written.append((head.sequence, monotonic()))
        records, proofs = iter(recordings), iter(uses)
        return [next(proofs) if isinstance(one, ShownProof) else next(records) for one in submissions]

    def _write(self, submissions: Sequence[Submission]) -> tuple[Head, list[Recording]]:
        """Write records within a transaction; return the chain's head after it, and what became of each."""
        head = self._head
        recordings: list[Recording] = []
        rows: list[tuple[str | int | bytes | None, ...]] = []
        parts: list[tuple[str | int | None, ...]] = []
        epoch = self._log.hold_epoch()
        day_rows = self._hold_day_rows(submissions, epoch)
        before = dict(day_rows)
        for submission in submissions:
            if refusal := self._refuse(submission, epoch, day_rows):
                recordings.append(refusal)
                continue
            head, text = append(head, submission.body)
            stored = (text.decode(), head.hash, *_marks(submission.record))
            rows.append((head.writer, head.sequence, *_columns(submission.record), *stored))
            parts += _part_rows(head, submission.record)
            recordings.append(Recorded(head.writer, head.sequence))
        self._log.executemany(self._statements.insert_record, rows)
        if parts:
            self._log.executemany(self._statements.insert_part, parts)
        counted = [(*key, count) for key, count in day_rows.items() if count != before[key]]
        self._log.executemany(self._statements.store_daily_rows, counted)
        return head, recordings

    def _use(self, proofs: Sequence[ShownProof]) -> list[ProofUse]:
        """Note proofs as used within a transaction; of two alike the first is the first."""
        ends = {proof.digest: render_time(proof.expires_at) for proof in proofs}
        unused = self._log.use_proofs(sorted(ends.items()))
        uses = []
        for proof in proofs:
            uses.append(ProofUse(proof.digest in unused))
            unused.discard(proof.digest)
        return uses

    def _revoke(self, tokens: Sequence[RevokedToken]) -> None:
        """Let tokens count no more, within the transaction of the records that say so."""
        if tokens:
            self._log.hold_revocations()
            rows = [(token.token_id, render_instant(token.expires_at)) for token in tokens]
            self._log.executemany(self._statements.revoke_token, rows)

    def forget_expired(self, before: datetime) -> None:
        """Remove the proofs and revoked tokens that had expired by then."""
        with self._log.transaction():
            self._log.execute(self._statements.forget_proofs, (render_time(before),))
            self._log.execute(self._statements.forget_revoked, (render_instant(before),))

    def _hold_day_rows(self, submissions: Sequence[Submission], epoch: int) -> dict[_DayKey, int]:
        """Return the day's rows of all that the records count, held against others who count them."""
        keys = {_day_key(quota) for one in submissions if one.record.epoch == epoch for quota in one.quotas}
        ordered = sorted(keys)
        return dict(zip(ordered, self._log.hold_daily_rows(ordered), strict=True))

    def _refuse(
        self, submission: Submission, epoch: int, day_rows: dict[_DayKey, int]
    ) -> StaleEpoch | QuotaExhausted | None:
        """Return why the record may not be written; else add its rows to the day's."""
        # An act was done under whichever epoch held.
        if submission.record.epoch not in (epoch, None):
            return StaleEpoch(epoch)
        after: dict[_DayKey, int] = {}
        for quota in submission.quotas:
            key = _day_key(quota)
            before = after.get(key, day_rows[key])
            after[key] = before + quota.rows
            if quota.limit is not None and after[key] > quota.limit:
                return QuotaExhausted(quota.entry, max(0, quota.limit - before))
        day_rows.update(after)
        return None

    def add_refused_tokens(self, counts: Counter[RefusalKey]) -> None:
        """Add the counts to those of their minutes and addresses."""
        # Sorted, so that of two writers with the same ones neither waits for who waits for it.
        rows = [(*key, count) for key, count in sorted(counts.items())]
        with self._log.transaction():
            self._log.executemany(self._statements.add_refused_tokens, rows)

    def checkpoint(self, older_than_seconds: float | None = None) -> None:
        """Sign the heads of all chains; given seconds, only if a record of this chain waits for longer than that.

        So of many writers that write without pause one signs for all, and the others find their records covered.
        """
        with self._log.transaction():
            self._log.hold_checkpoints()
            self._heads.follow()
            if older_than_seconds is not None and self.uncovered_seconds <= older_than_seconds:
                return
            moved, last = self._heads.look(self._head.writer), self._last_checkpoint()
            checkpoint = self._append_checkpoint(last, self._keys.signer_after(last), datetime.now(UTC), moved)
        self._keep(checkpoint)

    def _append_checkpoint(self, last: Checkpoint, signer: Signer, now: datetime, moved: Sequence[Head]) -> Checkpoint:
        self._is_quarantined = self._reads_quarantine()
        row = self._log.execute(self._statements.read_epoch).fetchone()
        successor = signer.successor.public_key() if signer.successor else None
        epoch = 0 if row is None else int(row[0])
        statement = Statement(now, moved, self._heads.digest(), epoch, successor=successor)
        checkpoint = sign_checkpoint(signer.key, last, statement)
        self._log.execute(
            self._statements.insert_checkpoint, (checkpoint.number, checkpoint.body, checkpoint.signature)
        )
        self._heads.signed(checkpoint)
        return checkpoint

    def _read(self, statement: str, parameters: Sequence[str | int | bytes | None]) -> list[Any]:
        return self._log.execute(statement, parameters).fetchall()

    def _last_checkpoint(self) -> Checkpoint:
        row = self._log.execute(self._statements.read_last_checkpoint).fetchone()
        return NO_CHECKPOINT if row is None else Checkpoint(*row)

    def _keep(self, checkpoint: Checkpoint) -> None:
        # INVARIANT: in quarantine the witness stays as it was: it is what the restored log is held against.
        if self._witness and not self._is_quarantined:
            store_witness(self._witness, checkpoint)

    def _insert_writer(self, opening: Writer) -> int:
        """Register the chain's beginning and return the number that its writer was given."""
        row = (opening.portal, opening.started_at, opening.checkpoint, opening.checkpoint_hash)
        return cast("int", self._log.execute(self._statements.insert_writer, row).fetchone()[0])

    def close(self) -> None:
        """Close the connection; the chain ends."""
        self._log.close()


def _day_key(quota: Quota) -> _DayKey:
    return quota.subject, quota.entry, quota.day.isoformat()


def _columns(record: AuditRecord | ActRecord) -> tuple[str | int | None, ...]:
    """Return the searchable columns, from `time` to `row_count`."""
    return (
        render_time(record.time),
        record.subject,
        record.department,
        record.application,
        record.user,
        record.entry or "",
        record.decision,
        record.rows,
    )


def _part_rows(head: Head, record: AuditRecord | ActRecord) -> list[tuple[str | int | None, ...]]:
    """Return the rows of what was read of linked entries, one an entry."""
    if isinstance(record, ActRecord):
        return []
    counts = Counter[str]()
    for part in record.parts:
        counts[part.entry] += part.rows
    place = (render_time(record.time), head.writer, head.sequence, record.department, record.decision.value)
    return [(entry, *place, rows, record.purpose) for entry, rows in counts.items()]


def _marks(record: AuditRecord | ActRecord) -> tuple[str | None, str | None]:
    """Return the columns `act` and `purpose`."""
    return (record.act.value, None) if isinstance(record, ActRecord) else (None, record.purpose)


def _not_witnessed(number: int, path: str) -> AuditUnavailable:
    return AuditUnavailable(
        Text(
            en=f"the audit log doesn't hold checkpoint `{number}` that `{path}` names: the database was replaced, cut "
            "or restored from an older copy; find out which, and only then move that file away",
            zh=f"审计日志中没有 `{path}` 所指的检查点 `{number}`：数据库曾被替换、截断或由旧备份恢复；"
            "请先查明原因，再移走该文件",
        )
    )
