"""Verifying the audit log, without any code of the portal that wrote it.

    portal     = hex SHA-256 of the raw public audit key
    genesis    = SHA-256("portal-audit-1:PORTAL:WRITER:STARTED_AT:CHECKPOINT:CHECKPOINT_HASH"), from the writer's row
    hash       = SHA-256(hash before it, the genesis before record 1 + SHA-256(text of the record))
    checkpoint = signature (Ed25519) over the body; its hash = SHA-256(body + signature); 32 zero bytes before the first
    digest     = SHA-256("WRITER:SEQUENCE:HASH\n" of every head by writer)

Older records were chained by their texts and not by those's hashes. A record's text opens with its place and its
searchable columns; act and purpose follow. Every checkpoint names the hash of the one before it
and the heads that moved, a chain's first as sequence 0; its `epoch` never falls; one with `key` names the public key
that signs from then on; one with a `loss` states that what was witnessed up to a number is lost since a restore, and
its own number is the next behind that. What lies behind the last checkpoint could be cut unnoticed, and behind the last
witnessed one written anew by who holds the key: `uncovered` and `unwitnessed` say how many records that are.
"""

import hashlib
from collections.abc import Callable, Container, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Protocol, TypeVar

from portal_verify.checkpoints import CheckpointWalk, cut_spans, keys_named, portal_name, signers
from portal_verify.faults import UNREADABLE_FAULTS, FaultKind, Found, LogFault, LogLoss, LogVerification
from portal_verify.keys import parse_public_keys, raw_keys
from portal_verify.reading import Reader, State, open_first
from portal_verify.records import check_parts, cut_chains, has_marks_of
from portal_verify.witnesses import Claim, read_claims

__all__ = ["FaultKind", "LogFault", "LogLoss", "LogVerification", "parse_public_keys", "verify_log"]

PARALLEL_FROM = 100_000
"""Records from which on processes of their own are worth their start."""
_WRITERS = "SELECT writer, portal, started_at, checkpoint, checkpoint_hash FROM audit_writers ORDER BY writer"
_LENGTHS = "SELECT writer, max(sequence), count(*) FROM audit_records GROUP BY writer ORDER BY writer"
_STRAY_PART = (
    "SELECT writer, sequence FROM audit_parts AS part WHERE NOT EXISTS (SELECT 1 FROM audit_records AS whole "
    "WHERE whole.writer = part.writer AND whole.sequence = part.sequence) LIMIT 1"
)
_LAST_CHECKPOINT = "SELECT max(number), count(*) FROM audit_checkpoints"
_Task = TypeVar("_Task")
_Result = TypeVar("_Result")


class _Mapping(Protocol):
    """Runs tasks and yields their results in the order of the tasks."""

    def __call__(self, run: Callable[[_Task], _Result], tasks: Iterable[_Task], /) -> Iterator[_Result]: ...


def verify_log(
    database: str,
    public_keys: bytes,
    witnesses: Iterable[str | Path] = (),
    progress: Callable[[int], None] = lambda _records: None,
    processes: int = 1,
) -> LogVerification:
    """Check the whole log of a database, given by URL or, for SQLite, by path, in constant memory.

    `public_keys` are PEMs of the keys that may have signed the first checkpoint; `witnesses` are files, folders and
    URLs; `progress` is told the records checked so far. How many processes check makes no difference to the result.
    Raises: OSError if there is no such file, or a server or witness can't be reached; ValueError for a key that isn't
    Ed25519.
    """
    anchors = raw_keys(public_keys)
    # First, because a portal that is at work tells its witnesses of checkpoints that this state doesn't hold.
    claims = read_claims(str(witness) for witness in witnesses)
    with open_first(database) as (reader, state):
        run = _Run(reader, state, anchors, progress)
        fault = run.first_fault(claims, processes)
        return run.result(fault, bool(claims))


class _Run:
    """The state of one run: a hash for each chain, nothing for each record."""

    def __init__(
        self, reader: Reader, state: State, anchors: tuple[bytes, ...], progress: Callable[[int], None]
    ) -> None:
        self._reader = reader
        self._state = state
        self._anchors = anchors
        self._progress = progress
        self._writers: dict[int, tuple[bytes, bytes]] = {}
        self._records = 0
        self._walk = CheckpointWalk(reader, anchors, len(anchors), ())

    def first_fault(self, claims: Iterable[Claim], processes: int) -> LogFault | None:
        """Return the first fault, None if the log is sound."""
        try:
            [(last, checkpoints)] = self._reader.rows(_LAST_CHECKPOINT)
            lengths = list(self._reader.rows(_LENGTHS))
            keys = tuple(dict.fromkeys([*self._anchors, *keys_named(self._reader, last or 0)]))
            self._walk = CheckpointWalk(self._reader, keys, len(self._anchors), claims)
            self._check_writers({portal_name(key) for key in keys})
            total = sum(count for *_, count in lengths)
            with _mapping(processes if max(total, checkpoints) >= PARALLEL_FROM else 1) as run:
                self._check_records(lengths, run)
                self._check_checkpoints(last or 0, checkpoints, keys, run)
            self._walk.finish(self._writers)
        except Found as found:
            return found.fault
        except UNREADABLE_FAULTS:
            return LogFault("database", FaultKind.UNREADABLE)
        return None

    def result(self, fault: LogFault | None, is_witnessed: bool) -> LogVerification:
        """Return what was checked."""
        unwitnessed = max(0, self._records - (self._walk.witnessed or 0)) if is_witnessed else None
        return LogVerification(
            records=self._records,
            writers=len(self._writers),
            checkpoints=self._walk.checkpoints,
            uncovered=max(0, self._records - self._walk.covered),
            fault=fault,
            unwitnessed=unwitnessed,
            losses=tuple(self._walk.losses),
        )

    def _check_writers(self, portals: Container[bytes]) -> None:
        for writer, portal, started_at, checkpoint, checkpoint_hash in self._reader.rows(_WRITERS):
            if portal not in portals:
                raise Found(f"writer {writer}", FaultKind.WRITER)
            text = b"portal-audit-1:%b:%d:%b:%d:" % (portal, writer, started_at, checkpoint)
            genesis = hashlib.sha256(text + bytes(checkpoint_hash).hex().encode()).digest()
            self._writers[writer] = (portal, genesis)

    def _check_records(self, lengths: list[tuple[int, int, int]], run: _Mapping) -> None:
        # A number beyond the count of a chain's records lies behind a gap, which is found before it.
        ends = ((writer, min(last, count)) for writer, last, count in lengths)
        genesis = {writer: known[1] for writer, known in self._writers.items()}
        for checked in run(partial(check_parts, self._state), cut_chains(ends, genesis)):
            self._records += checked.records
            self._progress(self._records)
            if checked.fault is not None:
                raise Found(checked.fault.place, checked.fault.kind)
        if self._records != sum(count for *_, count in lengths):
            raise Found("database", FaultKind.UNREADABLE)
        if has_marks_of(self._reader):
            for writer, sequence in self._reader.rows(_STRAY_PART):
                raise Found(f"record {writer}-{sequence}", FaultKind.GAP)

    def _check_checkpoints(self, last: int, count: int, keys: tuple[bytes, ...], run: _Mapping) -> None:
        spans = cut_spans(self._reader, last, count)
        for (_, until), signed_by in zip(spans, run(partial(signers, self._state, keys), spans), strict=True):
            self._walk.check(until, signed_by, self._writers)
        # Numbers below 1 or beyond the count, or values that are no numbers.
        if self._walk.checkpoints != count or last != self._walk.last:
            raise Found(f"checkpoint {self._walk.last + 1}", FaultKind.CHECKPOINT_GAP)


@contextmanager
def _mapping(processes: int) -> Iterator[_Mapping]:
    """Provide what runs tasks and yields their results in order: this process, or several others."""
    if processes <= 1:
        yield map
        return
    # Spawned, because a forked process would share this one's connections.
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        try:
            yield pool.map
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
