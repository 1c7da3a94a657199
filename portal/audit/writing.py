"""The thread that writes the audit log: records that wait at the same time share a transaction (architecture.md §6)."""

import asyncio
import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from queue import Empty, SimpleQueue
from time import monotonic

from portal.audit.ledger import Handed, Ledger
from portal.audit.receipts import Written
from portal.audit.refused_tokens import RefusedTokens
from portal.errors import AuditUnavailable, Text

CAPACITY = 10_000
"""Records that may wait; more are refused at once."""
MAX_BATCH = 200
"""Records that share a transaction."""
CHECKPOINT_SECONDS = 0.5
_EARLY_SECONDS = 0.1
"""So much before its time a checkpoint may come, rather than be looked for again at once."""
CHECKPOINT_RECORDS = 1000 - MAX_BATCH
"""INVARIANT: a checkpoint covers a record at most 1 s and 1000 records later; both leave room for a transaction."""
FORGET_SECONDS = 60.0
"""So often proofs and revoked tokens are removed that are refused for their age anyway."""
_LONG_EXPIRED = timedelta(seconds=60)

_log = logging.getLogger("portal")


def unavailable() -> AuditUnavailable:
    """Return the refusal of a request whose record can't be made durable."""
    return AuditUnavailable(
        Text(
            en="the audit record can't be written, so this isn't answered; try again, tell the operator if it lasts",
            zh="审计记录无法写入，因此对此不予应答；请稍后重试，如持续出现请告知门户运行单位",
        )
    )


_Future = asyncio.Future[Written]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A record or proof, and who waits for it."""

    submission: Handed
    loop: asyncio.AbstractEventLoop
    future: _Future


class WritingThread:
    """Takes what waits, writes it, signs checkpoints. After a failure it goes on with another connection and chain."""

    def __init__(
        self,
        open_ledger: Callable[[], Ledger],
        ledger: Ledger,
        refused_tokens: RefusedTokens,
        capacity: int = CAPACITY,
    ) -> None:
        self._open_ledger = open_ledger
        self._capacity = capacity
        self._ledger: Ledger | None = ledger
        self._refused_tokens = refused_tokens
        self._queue: SimpleQueue[Waiting | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._is_finished = False
        self._due = monotonic() + CHECKPOINT_SECONDS
        self._forgets_at = monotonic() + FORGET_SECONDS
        self._thread = threading.Thread(target=self._run, name="audit", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def put(self, waiting: Waiting) -> None:
        """Let the record wait. Raises: AuditUnavailable when too many wait, or the thread was told to finish."""
        with self._lock:
            # Without a log nothing would be written: to wait for it helps nobody, and takes time to open it.
            if not self.is_writing:
                raise unavailable()
            self._queue.put(waiting)

    @property
    def waiting(self) -> int:
        """How many records wait."""
        return self._queue.qsize()

    @property
    def is_writing(self) -> bool:
        """Whether a record put now would be written, as far as is known: the last attempt to write succeeded."""
        return self._ledger is not None and not self._is_finished and self.waiting < self._capacity

    def finish(self) -> None:
        """Write what waits, sign the last checkpoint, close the log, and return."""
        with self._lock:
            if not self._is_finished:
                self._is_finished = True
                self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        is_last = False
        while not is_last:
            batch = self._take()
            is_last = None in batch
            if waiting := [one for one in batch if one is not None]:
                _deliver(waiting, self._write(waiting))
            if is_last or self._is_due():
                self._due = monotonic() + CHECKPOINT_SECONDS
                with self._dropping_what_fails():
                    self._keep_up(is_last=is_last)
        self._drop()

    def _take(self) -> list[Waiting | None]:
        """Return what waits, as soon as something does; nothing when a checkpoint is due."""
        batch: list[Waiting | None] = []
        with suppress(Empty):
            batch.append(self._queue.get(timeout=max(0.0, self._due - monotonic())))
            while len(batch) < MAX_BATCH:
                batch.append(self._queue.get_nowait())
        return batch

    def _is_due(self) -> bool:
        return monotonic() >= self._due or (self._ledger is not None and self._ledger.uncovered >= CHECKPOINT_RECORDS)

    def _write(self, waiting: Sequence[Waiting]) -> Sequence[Written | None]:
        """Return what became of each record; None where it could not be written."""
        recordings: Sequence[Written | None] = [None] * len(waiting)
        # Without a log the records are refused at once: opening it again is left to `_keep_up`, twice a second.
        if self._ledger is not None:
            with self._dropping_what_fails():
                recordings = self._ledger.append([one.submission for one in waiting])
        return recordings

    def _keep_up(self, *, is_last: bool) -> None:
        """Open the log again where it failed; sign a checkpoint and write refused tokens down where there are any."""
        if self._ledger is None:
            self._ledger = self._open_ledger()
        if self._ledger.uncovered:
            is_urgent = is_last or self._ledger.uncovered >= CHECKPOINT_RECORDS
            self._ledger.checkpoint(None if is_urgent else CHECKPOINT_SECONDS - _EARLY_SECONDS)
            # What others' checkpoints leave uncovered is younger, and due later.
            self._due -= min(self._ledger.uncovered_seconds, CHECKPOINT_SECONDS - _EARLY_SECONDS)
        if monotonic() >= self._forgets_at:
            self._forgets_at = monotonic() + FORGET_SECONDS
            self._ledger.forget_expired(datetime.now(UTC) - _LONG_EXPIRED)
        self._write_refused_tokens(self._ledger)

    def _write_refused_tokens(self, ledger: Ledger) -> None:
        if counts := self._refused_tokens.take():
            try:
                ledger.add_refused_tokens(counts)
            except BaseException:
                self._refused_tokens.give_back(counts)
                raise

    @contextmanager
    def _dropping_what_fails(self) -> Iterator[None]:
        """Give connection and chain up if the block fails: after a failed sync who knows what is on the disk (R3)."""
        try:
            yield
        except Exception as fault:  # noqa: BLE001 - whatever it was, nobody may be left waiting
            # The kind alone: a driver's message may hold values.
            _log.error("the audit log can't be written: %s", type(fault).__name__)
            self._drop()

    def _drop(self) -> None:
        ledger, self._ledger = self._ledger, None
        if ledger is not None:
            with suppress(Exception):
                ledger.close()


def _deliver(waiting: Sequence[Waiting], recordings: Sequence[Written | None]) -> None:
    """Wake those who wait, with one call for each event loop."""
    settled: defaultdict[asyncio.AbstractEventLoop, list[tuple[_Future, Written | None]]]
    settled = defaultdict(list)
    for one, recording in zip(waiting, recordings, strict=True):
        settled[one.loop].append((one.future, recording))
    for loop, pairs in settled.items():
        # A loop that was closed has nobody left who waits.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_settle, pairs)


def _settle(pairs: Iterable[tuple[_Future, Written | None]]) -> None:
    for future, recording in pairs:
        if future.done():
            continue
        if recording is None:
            future.set_exception(unavailable())
        else:
            future.set_result(recording)
