"""Writing evidence folders: records with proofs of inclusion, for who verifies them without the portal.

The form is told in `portal_verify.evidence`, which shares no code with this module. Only hashes of other records are in
a folder, so it shows nothing but the records that were asked for; of records that were chained in the older way the
texts of those behind them are there too.
"""

import hashlib
from array import array
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import orjson
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import Connection, func, select

from portal.audit.chain import Head
from portal.audit.checkpoints import NO_CHECKPOINT, Checkpoint, checkpoint_members, heads_of, is_signed
from portal.audit.proving import SKEW, first_since
from portal.audit.records import render_time
from portal.audit.searching import Place, Search, search_tests
from portal.audit.segments import read_segment
from portal.audit.signing import SigningKeys
from portal.errors import AuditUnavailable, BadInput, Text
from portal.json_text import JsonValue
from portal.storage.audit_tables import audit_checkpoints, audit_records

FORMAT = "portal-evidence-1"
_RECORDS, _SEGMENTS, _CHECKPOINTS, _KEYS = "records.jsonl", "segments.jsonl", "checkpoints.jsonl", "keys.pem"
_ROWS_AT_ONCE = 1000
_NAMING_KEYS = '%"key":"%'
_records = audit_records.c


@dataclass(frozen=True, slots=True)
class Covered:
    """A piece of a chain whose wanted records a checkpoint covers."""

    first: Place
    head: Head
    checkpoint: int
    wanted: frozenset[int]


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written. `uncovered` records are left out, because no checkpoint covers them yet."""

    records: int
    checkpoints: int
    uncovered: int


class EvidenceExport:
    """One export into a folder that is new or empty; `seal` makes it evidence, and nothing before."""

    def __init__(self, folder: Path, keys: SigningKeys, search: Search) -> None:
        self._folder = folder
        self._keys = keys
        self._search = search
        self._signer = keys.signer_after(NO_CHECKPOINT)
        self.exported = Exported(0, 0, 0)

    def write(self, connection: Connection) -> int:
        """Write all but the manifest, and return how many records; all is read in one state of the log.

        Raises: BadInput for a folder that can't be used, AuditUnavailable where the log isn't sound.
        """
        _prepare(self._folder)
        pending, since = self._wanted(connection)
        pieces = sorted(_cover(connection, pending, since), key=lambda piece: piece.first)
        records = self._write_segments(connection, pieces)
        checkpoints = self._write_checkpoints(connection, {piece.checkpoint for piece in pieces})
        (self._folder / _KEYS).write_bytes(
            b"".join(
                key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo) for key in self._keys.public_keys
            )
        )
        self.exported = Exported(records, checkpoints, sum(of.left for of in pending.values()))
        return records

    def seal(self, asked: Mapping[str, JsonValue], now: datetime) -> Exported:
        """Write the manifest and its signature: what is asked for, counts, and the hash of each file."""
        files: list[JsonValue] = [
            {"name": name, "sha256": _digest_of(self._folder / name)}
            for name in (_RECORDS, _SEGMENTS, _CHECKPOINTS, _KEYS)
        ]
        manifest = orjson.dumps(
            {
                "format": FORMAT,
                "made_at": render_time(now),
                "asked": dict(asked),
                "records": self.exported.records,
                "checkpoints": self.exported.checkpoints,
                "uncovered": self.exported.uncovered,
                "files": files,
            }
        )
        # What is signed begins unlike any checkpoint, so neither passes for the other.
        signature = self._signer.key.sign(FORMAT.encode() + b"\n" + manifest)
        (self._folder / "manifest.json").write_bytes(manifest)
        (self._folder / "manifest.sig").write_text(signature.hex() + "\n", encoding="ascii")
        return self.exported

    def _wanted(self, connection: Connection) -> tuple[Mapping[int, "_Pending"], str]:
        """Return the sequences that are asked for, by writer, and the earliest time among them."""
        pending = defaultdict[int, _Pending](_Pending)
        statement = (
            select(_records.writer, _records.sequence)
            .where(*search_tests(self._search))
            .order_by(_records.writer, _records.sequence)
            .execution_options(yield_per=_ROWS_AT_ONCE)
        )
        for writer, sequence in connection.execute(statement):
            pending[writer].sequences.append(sequence)
        first = connection.scalar(select(func.min(_records.time)).where(*search_tests(self._search)))
        return pending, render_time(datetime.fromisoformat(first) - SKEW) if first else ""

    def _write_segments(self, connection: Connection, pieces: Iterable[Covered]) -> int:
        count = 0
        with (
            closing((self._folder / _RECORDS).open("wb")) as records,
            closing((self._folder / _SEGMENTS).open("wb")) as segments,
        ):
            for piece in pieces:
                segment = read_segment(connection, piece.first, piece.head, piece.checkpoint, piece.wanted)
                if segment is None:
                    raise _broken(f"record {piece.first.receipt}", f"记录 {piece.first.receipt}")
                _write_line(segments, orjson.dumps(segment.members()))
                for _, text in sorted(segment.texts.items()):
                    _write_line(records, text.encode())
                count += len(segment.texts)
        return count

    def _write_checkpoints(self, connection: Connection, numbers: set[int]) -> int:
        """Write the checkpoints, and those that name a key: with them the first key alone tells all signatures."""
        naming = select(audit_checkpoints.c.number).where(audit_checkpoints.c.body.like(_NAMING_KEYS))
        wanted = sorted(numbers | set(connection.scalars(naming)))
        last = NO_CHECKPOINT
        with closing((self._folder / _CHECKPOINTS).open("wb")) as file:
            for checkpoint in _read_checkpoints(connection, wanted):
                if not is_signed(checkpoint, *self._keys.public_keys):
                    raise _broken(f"checkpoint {checkpoint.number}", f"检查点 {checkpoint.number}")
                _write_line(file, orjson.dumps(checkpoint_members(checkpoint)))
                last = checkpoint
        self._signer = self._keys.signer_after(last)
        return len(wanted)


def _prepare(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        is_empty = not any(folder.iterdir())
    except OSError as fault:
        raise BadInput(
            Text(
                en=f"`{folder}` can't be written ({fault.strerror}); name a new or empty folder",
                zh=f"无法写入 `{folder}`（{fault.strerror}）；请指定新的或空的目录",
            )
        ) from None
    if not is_empty:
        raise BadInput(
            Text(
                en=f"`{folder}` isn't empty; name a new or empty folder", zh=f"`{folder}` 不为空；请指定新的或空的目录"
            )
        )


class _Pending:
    """The wanted records of a chain that no checkpoint is known to cover yet, in their order."""

    def __init__(self) -> None:
        self.sequences = array("q")
        self.left_from = 0

    @property
    def left(self) -> int:
        """How many there are."""
        return len(self.sequences) - self.left_from

    def take(self, last: int) -> "array[int]":
        """Take out those up to that number."""
        end = bisect_right(self.sequences, last, self.left_from)
        taken = self.sequences[self.left_from : end]
        self.left_from = end
        return taken


def _cover(connection: Connection, pending: Mapping[int, _Pending], since: str) -> Iterator[Covered]:
    """Yield the pieces that checkpoints cover, and leave in `pending` what none covers.

    Heads only ever rise, so one pass over the checkpoints finds the first one that covers each record.
    """
    left = sum(of.left for of in pending.values())
    if not left:
        return
    number = audit_checkpoints.c.number
    statement = select(audit_checkpoints).where(number >= first_since(connection, since)).order_by(number)
    for row in connection.execute(statement.execution_options(yield_per=_ROWS_AT_ONCE)):
        for head in heads_of(Checkpoint(row.number, row.body, row.signature)):
            taken = pending[head.writer].take(head.sequence) if head.writer in pending else array("q")
            left -= len(taken)
            if taken:
                yield Covered(Place(head.writer, taken[0]), head, row.number, frozenset(taken))
        if not left:
            return


def _read_checkpoints(connection: Connection, numbers: Sequence[int]) -> Iterator[Checkpoint]:
    for first in range(0, len(numbers), _ROWS_AT_ONCE):
        some = numbers[first : first + _ROWS_AT_ONCE]
        number = audit_checkpoints.c.number
        for row in connection.execute(select(audit_checkpoints).where(number.in_(some)).order_by(number)):
            yield Checkpoint(row.number, row.body, row.signature)


def _write_line(file: BinaryIO, line: bytes) -> None:
    file.write(line + b"\n")


def _digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _broken(en: str, zh: str) -> AuditUnavailable:
    return AuditUnavailable(
        Text(
            en=f"the log isn't sound at {en}, so nothing was exported; run `portal audit verify`",
            zh=f"审计日志在{zh}处不完好，未导出；请运行 `portal audit verify`",
        )
    )
