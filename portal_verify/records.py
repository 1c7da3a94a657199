"""Checking records: chains cut into parts, each proved from the stored hash before it, which the part before proves."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from portal_verify.faults import UNREADABLE_FAULTS, FaultKind, Found, LogFault
from portal_verify.reading import Reader, State, open_reader

PART_RECORDS = 20_000
"""Records that one task checks; short chains share a task."""
_RECORDS = (
    "SELECT sequence, record, hash, time, subject, department, application, user_id, entry, decision, row_count, "
    "{marks} FROM audit_records WHERE writer = ? AND sequence BETWEEN ? AND ? ORDER BY sequence"
)
_PARTS = (
    "SELECT sequence, entry, time, department, decision, row_count, purpose FROM audit_parts "
    "WHERE writer = ? AND sequence BETWEEN ? AND ? ORDER BY sequence, entry"
)
_MARKS = "act, purpose"
_NO_MARKS = "NULL, NULL"
"""Of a log whose portal was not upgraded since it has these columns."""
_HASH = "SELECT hash FROM audit_records WHERE writer = ? AND sequence = ?"
_BEFORE_ALL = -(1 << 62)


@dataclass(frozen=True, slots=True)
class Part:
    """Records `first` to `last` of a chain; `genesis` is None for a chain that isn't registered."""

    writer: int
    first: int
    last: int
    genesis: bytes | None


@dataclass(frozen=True, slots=True)
class PartsChecked:
    """How many records were read up to the first fault."""

    records: int
    fault: LogFault | None


def cut_chains(lengths: Iterable[tuple[int, int]], genesis: Mapping[int, bytes]) -> Iterator[tuple[Part, ...]]:
    """Yield the tasks, in the order of places; `lengths` are (writer, number of the last record) by writer."""
    task: list[Part] = []
    room = PART_RECORDS
    for writer, length in lengths:
        first = 1
        while True:
            last = min(length, first + room - 1)
            task.append(Part(writer, first, last, genesis.get(writer)))
            room -= max(1, last - first + 1)
            if room <= 0:
                yield tuple(task)
                task, room = [], PART_RECORDS
            if last >= length:
                break
            first = last + 1
    if task:
        yield tuple(task)


def check_parts(state: State, parts: tuple[Part, ...]) -> PartsChecked:
    """Check the parts in their order, up to the first fault, in a reader of its own."""
    checked = [0]
    try:
        with open_reader(state) as reader:
            has_marks = has_marks_of(reader)
            for part in parts:
                _check_part(reader, part, checked, has_marks=has_marks)
    except Found as found:
        return PartsChecked(checked[0], found.fault)
    except UNREADABLE_FAULTS:
        return PartsChecked(checked[0], LogFault("database", FaultKind.UNREADABLE))
    return PartsChecked(checked[0], None)


def _check_part(reader: Reader, part: Part, checked: list[int], *, has_marks: bool) -> None:
    writer, length = part.writer, part.first - 1
    if part.genesis is None:
        raise Found(f"writer {writer}", FaultKind.WRITER)
    previous = _hash_before(reader, part)
    if previous is None:
        # The part before ends in a gap and says so; this one has nothing to begin from.
        return
    columns_are_of = _Columns(reader, part, has_marks=has_marks).are_of
    # From before all numbers: what stands in front of record 1 is a fault too.
    first = part.first if length else _BEFORE_ALL
    query = _RECORDS.format(marks=_MARKS if has_marks else _NO_MARKS)
    for sequence, text, stored, *columns in reader.rows(query, (writer, first, part.last)):
        length += 1
        if sequence != length:
            raise Found(f"record {writer}-{length}", FaultKind.GAP)
        if stored not in links(previous, text):
            raise Found(f"record {writer}-{length}", FaultKind.CHANGED)
        previous = stored
        if not columns_are_of(text, sequence, columns):
            raise Found(f"record {writer}-{length}", FaultKind.COLUMNS)
        checked[0] += 1
    if length < part.last:
        raise Found(f"record {writer}-{length + 1}", FaultKind.GAP)


def links(previous: bytes, text: bytes) -> Iterator[bytes]:
    """Yield the hashes that a record may have behind another one's: by the hash of its text, then as older ones.

    No record is both: a text is longer than a hash.
    """
    yield hashlib.sha256(previous + hashlib.sha256(text).digest()).digest()
    yield hashlib.sha256(previous + text).digest()


def has_marks_of(reader: Reader) -> bool:
    """Tell whether the log has the columns `act` and `purpose`, and with them the table of parts."""
    return {b"act", b"purpose"} <= reader.record_columns()


class _Columns:
    """Holds the searchable columns of a chain's part against the records' texts, and the rows of linked entries."""

    def __init__(self, reader: Reader, part: Part, *, has_marks: bool) -> None:
        self._opening = _Openings(part.writer).of
        self._parts = _Parts(reader, part) if has_marks else None

    def are_of(self, text: bytes, sequence: int, columns: list[Any]) -> bool:
        """Tell whether the columns are those of the record; the last two are its act and purpose."""
        *opened, act, purpose = columns
        opening = self._opening(sequence, opened)
        if self._parts is None or not text.startswith(opening):
            return text.startswith(opening)
        return _states(text, len(opening), act, purpose) and self._parts.are_of(sequence, text)


class _Parts:
    """The rows of `audit_parts` of a chain's part, which must be those that the records' texts say."""

    def __init__(self, reader: Reader, part: Part) -> None:
        first = part.first if part.first > 1 else _BEFORE_ALL
        self._rows = reader.rows(_PARTS, (part.writer, first, part.last))
        self._next = next(self._rows, None)

    def are_of(self, sequence: int, text: bytes) -> bool:
        """Tell whether the next rows are all those of this record, and none of one before it."""
        there = []
        while self._next is not None and self._next[0] <= sequence:
            there.append(self._next)
            self._next = next(self._rows, None)
        return there == (sorted(_stated_parts(sequence, text)) if b'"parts":[{' in text else [])


def _stated_parts(sequence: int, text: bytes) -> list[tuple[object, ...]]:
    """Return the rows that a record's text says: an entry each, with the rows that were read of it."""
    members = json.loads(text)
    rows: dict[str, int] = {}
    for part in members["parts"]:
        rows[part["entry"]] = rows.get(part["entry"], 0) + part["rows"]
    of_record = [_octets(members[name]) for name in ("time", "department", "decision")]
    purpose = _octets(members["purpose"])
    return [(sequence, entry.encode(), *of_record, count, purpose) for entry, count in rows.items()]


def _octets(text: str | None) -> bytes | None:
    return None if text is None else text.encode()


def _states(text: bytes, at: int, act: bytes | None, purpose: bytes | None) -> bool:
    """Tell whether the text goes on, at that octet, with the act, or as a request with the purpose."""
    if act is not None:
        return purpose is None and text.startswith(b'"act":%b,' % _quote(act), at)
    # Before it stand two words that hold no quotation marks.
    stated = text.find(b'"purpose":', at)
    return text.startswith(b'"identifier":', at) and text.startswith(b'"purpose":%b,' % _quote(purpose), stated)


def _hash_before(reader: Reader, part: Part) -> bytes | None:
    if part.first == 1:
        return part.genesis
    for (stored,) in reader.rows(_HASH, (part.writer, part.first - 1)):
        return bytes(stored)
    return None


class _Openings:
    """How the texts of a chain's records begin. Few subjects ask for few entries: their part is written once."""

    def __init__(self, writer: int) -> None:
        self._form = b'{"writer":%d,"sequence":%%d,"time":"%%b",%%b"decision":"%%b","rows":%%d,' % writer

    def of(self, sequence: int, columns: list[Any]) -> bytes:
        """Return how the text of a record with these searchable columns begins."""
        time, subject, department, application, user, entry, decision, rows = columns
        middle = _middle(subject, department, application, user, entry)
        return self._form % (sequence, time, middle, decision, rows)


@lru_cache(maxsize=16384)
def _middle(*columns: bytes | None) -> bytes:
    names = (b"subject", b"department", b"application", b"user", b"entry")
    return b"".join(b'"%b":%b,' % pair for pair in zip(names, map(_quote, columns), strict=True))


def _quote(text: bytes | None) -> bytes:
    return json.dumps(None if text is None else text.decode(), ensure_ascii=False).encode()
