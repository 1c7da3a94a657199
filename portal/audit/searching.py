"""Searching the log: records newest first, a page at a time; the next page begins behind the last record's receipt."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Select, and_, literal, or_, select
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from portal.audit.records import Act, Outcome, render_time
from portal.errors import BadInput, Text
from portal.storage.audit_tables import audit_parts, audit_records
from portal.storage.database import open_sync_database

MAX_RECORDS = 1000

_records = audit_records.c


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A record's place in the log: its receipt is `WRITER-SEQUENCE`."""

    writer: int
    sequence: int

    @property
    def receipt(self) -> str:
        """The record's name in an answer."""
        return f"{self.writer}-{self.sequence}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What records to find; None leaves open. Times are [`since`, `until`); `after` is the last record before.

    `only_requests`: none of acts on the portal itself. `linked`: requests that read this entry by a link.
    """

    subject: str | None = None
    department: str | None = None
    entry: str | None = None
    purpose: str | None = None
    act: Act | None = None
    only_requests: bool = False
    linked: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    decision: Outcome | None = None
    after: Place | None = None
    limit: int = 20


@dataclass(frozen=True, slots=True)
class FoundRecord:
    """A record of the log: its place and its canonical JSON."""

    place: Place
    text: str
    time: str = field(default="", compare=False)
    """As in the text; times sort as texts."""


@contextmanager
def reading_log(database_url: str) -> Iterator[Connection]:
    """Provide a connection that only reads, in one transaction."""
    engine = open_sync_database(database_url)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def parse_receipt(text: str) -> Place:
    """Return the place that a receipt names. Raises: BadInput."""
    writer, dash, sequence = text.partition("-")
    is_receipt = dash and all(part.isascii() and part.isdigit() and len(part) <= 9 for part in (writer, sequence))
    if not is_receipt:
        raise BadInput(
            Text(
                en=f"`{text}` is no receipt; it is written `WRITER-SEQUENCE`, as in an answer",
                zh=f"`{text}` 不是回执；回执形如应答中的 `写入者-序号`",
            )
        )
    return Place(int(writer), int(sequence))


def search_tests(search: Search) -> list[ColumnElement[bool]]:
    """Return what a record must be to be found, `after` left aside."""
    equal = {
        _records.subject: search.subject,
        _records.department: search.department,
        _records.entry: search.entry,
        _records.purpose: search.purpose,
        _records.act: None if search.act is None else search.act.value,
    }
    tests = [name == value for name, value in equal.items() if value is not None]
    if search.only_requests:
        tests.append(_records.act.is_(None))
    if search.decision is not None:
        # Written out, because a partial index is used only for what the planner can read.
        tests.append(_records.decision == literal(search.decision.value, literal_execute=True))
    if search.since is not None:
        tests.append(_records.time >= render_time(search.since))
    if search.until is not None:
        tests.append(_records.time < render_time(search.until))
    return tests


def compile_search(search: Search, after_time: str | None) -> Select[tuple[int, int, str, str]]:
    """Return the statement; `after_time` is the time of the record `search.after`.

    INVARIANT: it is ordered by time before all else, which stands in each index behind what is searched for, so an
    index gives the order and the limit ends the reading.
    """
    tests = search_tests(search)
    if search.linked is not None:
        return _compile_linked(search, tests, after_time)
    tests += _behind(_records, search.after, after_time)
    return (
        select(_records.writer, _records.sequence, _records.time, _records.record)
        .where(*tests)
        .order_by(*_newest_first(_records))
        .limit(min(search.limit, MAX_RECORDS))
    )


def _compile_linked(
    search: Search, tests: Sequence[ColumnElement[bool]], after_time: str | None
) -> Select[tuple[int, int, str, str]]:
    """Return the statement for what was read by links: the index of the parts gives the order."""
    parts = audit_parts.c
    period = [
        *([] if search.since is None else [parts.time >= render_time(search.since)]),
        *([] if search.until is None else [parts.time < render_time(search.until)]),
        *_behind(parts, search.after, after_time),
    ]
    is_record = and_(_records.writer == parts.writer, _records.sequence == parts.sequence)
    return (
        select(_records.writer, _records.sequence, _records.time, _records.record)
        .select_from(audit_parts.join(audit_records, is_record))
        .where(parts.entry == search.linked, *period, *tests)
        .order_by(*_newest_first(parts))
        .limit(min(search.limit, MAX_RECORDS))
    )


_Columns = ReadOnlyColumnCollection[str, Column[Any]]


def _behind(columns: _Columns, place: Place | None, time: str | None) -> list[ColumnElement[bool]]:
    """Return what a row must be to come behind the record of that place and time, newest first."""
    if place is None or time is None:
        return []
    earlier = or_(
        columns.writer < place.writer,
        and_(columns.writer == place.writer, columns.sequence < place.sequence),
    )
    # The first test is all that an index needs; the second parts records of one moment.
    return [columns.time <= time, or_(columns.time < time, earlier)]


def _newest_first(columns: _Columns) -> tuple[ColumnElement[Any], ...]:
    return columns.time.desc(), columns.writer.desc(), columns.sequence.desc()


def search_records(connection: Connection, search: Search) -> Sequence[FoundRecord]:
    """Return the records, newest first. Raises: BadInput where there is no record `search.after`."""
    after_time = None
    if search.after is not None:
        after_time = connection.scalar(select(_records.time).where(*_at(search.after)))
        if after_time is None:
            raise _no_record(search.after)
    rows = connection.execute(compile_search(search, after_time))
    return [FoundRecord(Place(row.writer, row.sequence), row.record, row.time) for row in rows]


def load_record(connection: Connection, place: Place) -> FoundRecord:
    """Return the record of a receipt. Raises: BadInput where there is none."""
    text = connection.scalar(select(_records.record).where(*_at(place)))
    if text is None:
        raise _no_record(place)
    return FoundRecord(place, text)


def _at(place: Place) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return _records.writer == place.writer, _records.sequence == place.sequence


def _no_record(place: Place) -> BadInput:
    return BadInput(
        Text(en=f"there is no record `{place.receipt}`", zh=f"没有记录 `{place.receipt}`"),
    )
