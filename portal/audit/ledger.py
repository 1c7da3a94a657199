"""One writer's hold on the log: its chain, appended in transactions, and the checkpoints that it signs."""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from portal.audit import statements
from portal.audit.chain import Head, Writer, append, portal_name
from portal.audit.checkpoints import NO_CHECKPOINT, Checkpoint, settles, sign_checkpoint
from portal.audit.connection import LogConnection
from portal.audit.receipts import QuotaExhausted, Recorded, Recording, StaleEpoch
from portal.audit.records import AuditRecord, Quota, render_record, render_time
from portal.audit.refused_tokens import RefusalKey
from portal.audit.witness import Witness, load_witness, store_witness
from portal.errors import AuditUnavailable, Text


@dataclass(frozen=True, slots=True)
class Submission:
    """A record that waits to be written; `body` is its canonical JSON."""

    record: AuditRecord
    body: bytes
    quotas: Sequence[Quota]


def submit(record: AuditRecord, quotas: Sequence[Quota]) -> Submission:
    """Return the record ready for the log."""
    return Submission(record, render_record(record), quotas)


_DayKey = tuple[str, str, str]


class Ledger:
    """The open log of one writer. After any exception it must be closed and another one opened."""

    def __init__(self, database_url: str, key: Ed25519PrivateKey, witness: Path | None) -> None:
        self._key = key
        self._witness = witness
        self._connection = LogConnection(database_url)
        self._driver = self._connection.driver
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def _start(self) -> None:
        """Begin a chain of its own, in one transaction with a checkpoint over it and all that others left."""
        self._heads: dict[int, Head] = {}
        self._epoch = 0
        self._is_quarantined = False
        now = datetime.now(UTC)
        portal = portal_name(self._key.public_key())
        with self._connection.transaction():
            last = self._last_checkpoint()
            self._check_last(last)
            writer = self._fetch_integer(statements.INSERT_WRITER, (portal, render_time(now), last.number, last.hash))
            checkpoint, heads = self._append_checkpoint(now)
        self._connection.watch_journal()
        self._heads = heads
        self._head = heads[writer]
        self._keep(checkpoint)

    def _check_last(self, last: Checkpoint) -> None:
        """Raise unless the log was signed with this key and holds the checkpoint that the witness names."""
        if last.number:
            try:
                self._key.public_key().verify(last.signature, last.body.encode())
            except InvalidSignature:
                raise AuditUnavailable(_FOREIGN_LOG) from None
        witness = load_witness(self._witness) if self._witness else None
        # A restored portal records what it refuses; its content denies until the log agrees with the witness (T31).
        if witness and not self._reads_quarantine() and not (self._holds(witness) or self._settled(witness)):
            raise _not_witnessed(witness.number, str(self._witness))

    def _holds(self, witness: Witness) -> bool:
        row = self._driver.execute(statements.READ_CHECKPOINT, (witness.number,)).fetchone()
        return row is not None and Checkpoint(*row).hash.hex() == witness.hash

    def _settled(self, witness: Witness) -> bool:
        """Return whether a checkpoint that this key signed states that the witnessed one is lost."""
        for row in self._driver.execute(statements.READ_LOSSES, ('%"loss":%',)):
            checkpoint = Checkpoint(*row)
            with suppress(InvalidSignature):
                self._key.public_key().verify(checkpoint.signature, checkpoint.body.encode())
                if settles(checkpoint.body, witness.number, witness.hash):
                    return True
        return False

    def _reads_quarantine(self) -> bool:
        return self._driver.execute(statements.READ_QUARANTINE, ()).fetchone() is not None

    @property
    def uncovered(self) -> int:
        """How many records of this writer no checkpoint covers yet."""
        return self._head.sequence - self._heads[self._head.writer].sequence

    def append(self, submissions: Sequence[Submission]) -> list[Recording]:
        """Write the records in one durable transaction and return what became of each, in their order.

        INVARIANT: a record decided under another epoch than the one that the transaction sees is not written, and
        policies can't change before it ends: it holds the write lock (enforcement.md §6).
        """
        head, day_rows = self._head, dict[_DayKey, int]()
        recordings: list[Recording] = []
        rows: list[tuple[str | int | bytes | None, ...]] = []
        with self._connection.transaction():
            epoch = self._read_epoch()
            for submission in submissions:
                if refusal := self._refuse(submission, epoch, day_rows):
                    recordings.append(refusal)
                    continue
                head, text = append(head, submission.body)
                rows.append((head.writer, head.sequence, *_columns(submission.record), text.decode(), head.hash))
                recordings.append(Recorded(head.writer, head.sequence))
            self._driver.executemany(statements.INSERT_RECORD, rows)
            counted = [(*key, count) for key, count in day_rows.items()]
            self._driver.executemany(statements.STORE_DAILY_ROWS, counted)
        self._head = head
        return recordings

    def _refuse(
        self, submission: Submission, epoch: int, day_rows: dict[_DayKey, int]
    ) -> StaleEpoch | QuotaExhausted | None:
        """Return why the record may not be written; else add its rows to the day's."""
        if submission.record.epoch != epoch:
            return StaleEpoch(epoch)
        after: dict[_DayKey, int] = {}
        for quota in submission.quotas:
            key = (quota.subject, quota.entry, quota.day.isoformat())
            before = after.get(key, day_rows.get(key))
            if before is None:
                before = self._fetch_integer(statements.READ_DAILY_ROWS, key)
            after[key] = before + quota.rows
            if quota.limit is not None and after[key] > quota.limit:
                return QuotaExhausted(quota.entry, max(0, quota.limit - before))
        day_rows.update(after)
        return None

    def add_refused_tokens(self, counts: Counter[RefusalKey]) -> None:
        """Add the counts to those of their minutes and addresses."""
        rows = [(*key, count) for key, count in counts.items()]
        with self._connection.transaction():
            self._driver.executemany(statements.ADD_REFUSED_TOKENS, rows)

    def checkpoint(self) -> None:
        """Sign the heads of all chains."""
        with self._connection.transaction():
            checkpoint, self._heads = self._append_checkpoint(datetime.now(UTC))
        self._keep(checkpoint)

    def _append_checkpoint(self, now: datetime) -> tuple[Checkpoint, dict[int, Head]]:
        self._epoch, self._is_quarantined = self._read_epoch(), self._reads_quarantine()
        heads = self._read_heads()
        moved = [head for head in heads.values() if self._heads.get(head.writer) != head]
        checkpoint = sign_checkpoint(self._key, self._last_checkpoint(), now, moved, heads)
        row = (checkpoint.number, checkpoint.body, checkpoint.signature)
        self._driver.execute(statements.INSERT_CHECKPOINT, row)
        return checkpoint, heads

    def _read_heads(self) -> dict[int, Head]:
        """Return the heads of all chains as the log holds them; those that have not moved are the ones known."""
        heads: dict[int, Head] = {}
        for *columns, sequence in self._driver.execute(statements.READ_WRITERS):
            writer = columns[0]
            known = self._heads.get(writer)
            if sequence is None:
                heads[writer] = known or Writer(*columns).genesis
            elif known and known.sequence == sequence:
                heads[writer] = known
            else:
                row = self._driver.execute(statements.READ_HASH, (writer, sequence)).fetchone()
                heads[writer] = Head(writer, sequence, row[0])
        return heads

    def _last_checkpoint(self) -> Checkpoint:
        row = self._driver.execute(statements.READ_LAST_CHECKPOINT).fetchone()
        return NO_CHECKPOINT if row is None else Checkpoint(*row)

    def _keep(self, checkpoint: Checkpoint) -> None:
        # INVARIANT: in quarantine the witness stays as it was: it is what the restored log is held against.
        if self._witness and not self._is_quarantined:
            store_witness(self._witness, checkpoint, self._epoch)

    def _read_epoch(self) -> int:
        return self._fetch_integer(statements.READ_EPOCH, ())

    def _fetch_integer(self, statement: str, parameters: tuple[str | int | bytes, ...]) -> int:
        """Return the one value of a statement, 0 where it gives no row."""
        row = self._driver.execute(statement, parameters).fetchone()
        return 0 if row is None else cast("int", row[0])

    def close(self) -> None:
        """Close the connection; the chain ends."""
        self._connection.close()


def _columns(record: AuditRecord) -> tuple[str | int | None, ...]:
    """Return the searchable columns, from `time` to `row_count`."""
    return (
        render_time(record.time),
        record.subject,
        record.department,
        record.application,
        record.user,
        record.entry,
        record.decision,
        record.rows,
    )


_FOREIGN_LOG = Text(
    en="the audit log was signed with another key; put the key file back with which this database was used",
    zh="审计日志是用另一把密钥签名的；请放回与此数据库配套的密钥文件",
)


def _not_witnessed(number: int, path: str) -> AuditUnavailable:
    return AuditUnavailable(
        Text(
            en=f"the audit log doesn't hold checkpoint `{number}` that `{path}` names: the database was replaced, cut "
            "or restored from an older copy; find out which, and only then move that file away",
            zh=f"审计日志中没有 `{path}` 所指的检查点 `{number}`：数据库曾被替换、截断或由旧备份恢复；"
            "请先查明原因，再移走该文件",
        )
    )
