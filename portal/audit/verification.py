"""A verifier of the audit log that shares no code with the portal: standard library and cryptography alone.

It reads the three tables in one snapshot of the database and holds them against the rules stated here:

    portal     = hex SHA-256 of the raw public audit key
    genesis    = SHA-256("portal-audit-1:PORTAL:WRITER:STARTED_AT:CHECKPOINT:CHECKPOINT_HASH"), from the writer's row
    hash       = SHA-256(hash before it, the genesis before record 1 + text of the record)
    checkpoint = signature (Ed25519) over the body; its hash = SHA-256(body + signature); 32 zero bytes before the first
    digest     = SHA-256("WRITER:SEQUENCE:HASH\n" of every head by writer)

A record's text opens with its place and its searchable columns. Every checkpoint names the hash of the one before it
and the heads that moved, a chain's first as sequence 0. A checkpoint with a `loss` states that what was
witnessed up to a number is lost since a restore; its own number is the next behind that. What lies behind the last
checkpoint could be cut unnoticed: `uncovered` says how many records that are.
"""

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

_WRITERS = "SELECT writer, portal, started_at, checkpoint, checkpoint_hash FROM audit_writers ORDER BY writer"
_RECORDS = (
    "SELECT writer, sequence, time, subject, department, application, user_id, entry, decision, row_count, "
    "record, hash FROM audit_records ORDER BY writer, sequence"
)
_CHECKPOINTS = "SELECT number, body, signature FROM audit_checkpoints ORDER BY number"
_HASH = "SELECT hash FROM audit_records WHERE writer = ? AND sequence = ?"
_ROWS_AT_ONCE = 2000


class FaultKind(StrEnum):
    """What is wrong with a log."""

    GAP = "gap"
    """A record is missing, doubled or out of its order."""
    CHANGED = "changed"
    """A record, or the beginning of its chain, isn't what its hash says."""
    COLUMNS = "columns"
    """The searchable columns are not those of the record's text."""
    WRITER = "writer"
    """A chain that no checkpoint saw begin, that isn't registered, or that is another portal's."""
    CHECKPOINT_GAP = "checkpoint_gap"
    """A checkpoint is missing, doubled or out of its order."""
    SIGNATURE = "signature"
    """A checkpoint that the audit key did not sign."""
    HEAD = "head"
    """A checkpoint names a head that the log doesn't hold: records were cut or written anew."""
    DIGEST = "digest"
    """A checkpoint's digest isn't that of all heads."""
    WITNESS = "witness"
    """The log doesn't hold the checkpoint that the witness file names."""
    UNREADABLE = "unreadable"
    """The database, or a value in it, can't be read."""


@dataclass(frozen=True, slots=True)
class LogFault:
    """The first fault: `place` is `record WRITER-SEQUENCE`, `writer N`, `checkpoint N`, `witness` or `database`."""

    place: str
    kind: FaultKind


@dataclass(frozen=True, slots=True)
class LogLoss:
    """A gap that two people accepted after a restore: `checkpoint` states it.

    Lost are the checkpoints behind `since` up to `until` and what they covered; `until` 0: there was no witness.
    """

    checkpoint: int
    since: int
    until: int
    accepted_by: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class LogVerification:
    """What was checked, up to the first fault. `uncovered` records lie behind the last checkpoint."""

    records: int
    writers: int
    checkpoints: int
    uncovered: int
    fault: LogFault | None
    losses: tuple[LogLoss, ...] = ()


def verify_log(
    database_url: str,
    public_key_pem: bytes,
    witness: Path | None = None,
    progress: Callable[[int], None] = lambda _records: None,
) -> LogVerification:
    """Check the whole log of an SQLite database, given by URL or path, in constant memory.

    `witness` is the file in which the portal keeps its last checkpoint; `progress` is told the records checked so far.
    Raises: OSError if there is no such file; ValueError if the key is no Ed25519 public key.
    """
    key = load_pem_public_key(public_key_pem)
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("the audit's public key is not an Ed25519 key")
    path = Path(database_url.partition(":///")[2] or database_url)
    path.stat()
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        verification = _Verification(connection, key, progress)
        fault = verification.first_fault(witness)
        return verification.result(fault)


class _Found(Exception):
    """Carries the first fault out of a check."""

    def __init__(self, place: str, kind: FaultKind) -> None:
        super().__init__(place, kind)
        self.fault = LogFault(place, kind)


class _Verification:
    """The state of one run: a hash for each chain, nothing for each record."""

    def __init__(self, connection: sqlite3.Connection, key: Ed25519PublicKey, progress: Callable[[int], None]) -> None:
        self._connection = connection
        self._key = key
        self._progress = progress
        self._genesis: dict[int, bytes] = {}
        self._heads: dict[int, tuple[int, bytes]] = {}
        self._records = 0
        self._checkpoints = 0
        self._losses: list[LogLoss] = []

    def first_fault(self, witness: Path | None) -> LogFault | None:
        """Return the first fault, None if the log is sound."""
        try:
            # First, because a portal that is at work writes the file anew after each checkpoint.
            witnessed = _read_witness(witness)
            # Texts as their bytes: they are hashed as stored, and what isn't UTF-8 is a fault like any other.
            self._connection.text_factory = bytes
            self._connection.execute("BEGIN")
            self._check_writers()
            self._check_records()
            self._check_checkpoints(witnessed)
        except _Found as found:
            return found.fault
        except (sqlite3.Error, ValueError, TypeError, AttributeError, LookupError):
            return LogFault("database", FaultKind.UNREADABLE)
        return None

    def result(self, fault: LogFault | None) -> LogVerification:
        """Return what was checked."""
        covered = sum(sequence for sequence, _ in self._heads.values())
        uncovered = max(0, self._records - covered)
        losses = tuple(self._losses)
        return LogVerification(self._records, len(self._genesis), self._checkpoints, uncovered, fault, losses)

    def _check_writers(self) -> None:
        portal = hashlib.sha256(self._key.public_bytes_raw()).hexdigest().encode()
        for writer, named, started_at, checkpoint, checkpoint_hash in self._connection.execute(_WRITERS):
            if named != portal:
                raise _Found(f"writer {writer}", FaultKind.WRITER)
            text = b"portal-audit-1:%b:%d:%b:%d:" % (portal, writer, started_at, checkpoint)
            self._genesis[writer] = hashlib.sha256(text + checkpoint_hash.hex().encode()).digest()

    def _check_records(self) -> None:
        chain, length, previous = 0, 0, b""
        for writer, sequence, *columns, text, stored in self._rows():
            if writer != chain:
                if writer not in self._genesis:
                    raise _Found(f"writer {writer}", FaultKind.WRITER)
                chain, length, previous = writer, 0, self._genesis[writer]
            length += 1
            if sequence != length:
                raise _Found(f"record {writer}-{length}", FaultKind.GAP)
            previous = hashlib.sha256(previous + text).digest()
            if previous != stored:
                raise _Found(f"record {writer}-{length}", FaultKind.CHANGED)
            if not text.startswith(_opening(writer, sequence, columns)):
                raise _Found(f"record {writer}-{length}", FaultKind.COLUMNS)
            self._records += 1

    def _rows(self) -> Iterator[tuple[Any, ...]]:
        cursor = self._connection.execute(_RECORDS)
        while rows := cursor.fetchmany(_ROWS_AT_ONCE):
            yield from rows
            self._progress(self._records)

    def _check_checkpoints(self, witnessed: tuple[int, str] | None) -> None:
        previous, last = bytes(32), 0
        for number, body, signature in self._connection.execute(_CHECKPOINTS):
            place, members = f"checkpoint {last + 1}", json.loads(body)
            lost = self._lost(members)
            if number != max(last, 0 if lost is None else lost[0]) + 1:
                raise _Found(place, FaultKind.CHECKPOINT_GAP)
            self._check_signature(place, body, signature)
            self._check_body(place, members, previous)
            previous, last = hashlib.sha256(body + signature).digest(), number
            self._checkpoints += 1
            if witnessed is not None and witnessed in ((number, previous.hex()), lost):
                witnessed = None
        if witnessed is not None:
            raise _Found("witness", FaultKind.WITNESS)
        for writer in sorted(self._genesis.keys() - self._heads.keys()):
            raise _Found(f"writer {writer}", FaultKind.WRITER)

    def _lost(self, members: dict[str, Any]) -> tuple[int, str] | None:
        """Return number and hex hash of the checkpoint whose loss this one states, None where it states none.

        Its number goes on behind the lost ones.
        """
        loss = members.get("loss")
        if loss is None:
            return None
        people = tuple(loss["accepted_by"])
        self._losses.append(LogLoss(members["number"], loss["since"], loss["number"], people, loss["reason"]))
        return (loss["number"], loss["hash"]) if loss["number"] else None

    def _check_signature(self, place: str, body: bytes, signature: bytes) -> None:
        try:
            self._key.verify(signature, body)
        except InvalidSignature:
            raise _Found(place, FaultKind.SIGNATURE) from None

    def _check_body(self, place: str, body: dict[str, Any], previous: bytes) -> None:
        if body["previous"] != previous.hex():
            raise _Found(place, FaultKind.CHECKPOINT_GAP)
        for writer, sequence, hash_text in body["heads"]:
            head = bytes.fromhex(hash_text)
            if writer not in self._heads and sequence != 0:
                raise _Found(f"writer {writer}", FaultKind.WRITER)
            if head != self._hash_of(writer, sequence):
                raise _Found(f"{place}, record {writer}-{sequence}", FaultKind.HEAD)
            self._heads[writer] = (sequence, head)
        if body["digest"] != _digest(self._heads):
            raise _Found(place, FaultKind.DIGEST)

    def _hash_of(self, writer: int, sequence: int) -> bytes | None:
        """Return the hash that the log holds, already checked; None where it holds none."""
        if sequence == 0:
            return self._genesis.get(writer)
        row = self._connection.execute(_HASH, (writer, sequence)).fetchone()
        return None if row is None else cast("bytes", row[0])


def _opening(writer: int, sequence: int, columns: list[Any]) -> bytes:
    """Return how the text of a record with these searchable columns begins."""
    time, subject, department, application, user, entry, decision, rows = columns
    return (
        b'{"writer":%d,"sequence":%d,"time":"%b","subject":%b,"department":%b,"application":%b,"user":%b,"entry":%b,'
        b'"decision":"%b","rows":%d,'
    ) % (
        writer,
        sequence,
        time,
        _quote(subject),
        _quote(department),
        _quote(application),
        _quote(user),
        _quote(entry),
        decision,
        rows,
    )


@lru_cache(maxsize=4096)
def _quote(text: bytes | None) -> bytes:
    return json.dumps(None if text is None else text.decode(), ensure_ascii=False).encode()


def _digest(heads: dict[int, tuple[int, bytes]]) -> str:
    lines = (f"{writer}:{heads[writer][0]}:{heads[writer][1].hex()}\n" for writer in sorted(heads))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _read_witness(path: Path | None) -> tuple[int, str] | None:
    """Return number and hex hash of the checkpoint that the file names, None if there is no file.

    What can't be read is no checkpoint's number.
    """
    if path is None or not path.exists():
        return None
    try:
        document = json.loads(path.read_bytes())
        return document["number"], document["hash"]
    except (ValueError, TypeError, KeyError):
        return 0, ""
