"""Counting uses of entries within a reader's reach: how often, how often refused, how many rows.

A request is a use of the entry that it asked for, and of each that it read by a link.
The label of a count is that of what it counts (T5): it is made of the very records that the reader may see, so it says
nothing that reading them would not.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, assert_never

from sqlalchemy import (
    Column,
    ColumnElement,
    CompoundSelect,
    Select,
    and_,
    case,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from portal.audit.log_readings import Reading
from portal.audit.readers import AuditReach
from portal.audit.records import Outcome, render_time
from portal.storage.audit_tables import DAY_CHARACTERS, audit_parts, audit_records

MAX_GROUPS = 1000
_NEXT_DAY_BEGINS = "16"
"""The hour of UTC in which the next day begins in Beijing."""


class Grouping(StrEnum):
    """What uses are counted by."""

    ENTRY = "entry"
    DEPARTMENT = "department"
    """Of who asked; none for the public."""
    PURPOSE = "purpose"
    DAY = "day"
    """Calendar day of Asia/Shanghai."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticsQuestion:
    """What to count: uses in [`since`, `until`), by what, of which entry and consuming department; None is any."""

    by: Grouping
    since: datetime | None = None
    until: datetime | None = None
    entry: str | None = None
    department: str | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Count:
    """How often something was used; `key` is None for requests without department or purpose."""

    key: str | None
    uses: int
    denied: int
    rows: int

    @property
    def permitted(self) -> int:
        """How many uses were permitted."""
        return self.uses - self.denied


def read_statistics(reading: Reading, reach: AuditReach, question: StatisticsQuestion) -> list[Count]:
    """Return the counts: by day the newest first, otherwise the most frequent first. Raises: TooComplex."""
    rows = reading.connection.execute(compile_statistics(reach, question))
    if question.by is Grouping.DAY:
        counts = _by_day(_DayRow(*row) for row in rows)
    else:
        counts = [Count(key, int(uses), int(denied), int(released)) for key, uses, denied, released in rows]
    return counts[: min(question.limit, MAX_GROUPS)]


def compile_statistics(reach: AuditReach, question: StatisticsQuestion) -> Select[Any] | CompoundSelect[Any]:
    """Return the statement: a row a key, with uses, refused ones, and rows; by day the rows of `_DayRow`.

    INVARIANT: all that it names stands in one index of each table that begins with the day, in the order of what it
    groups by, and nothing but the day is written so that another index could serve: it reads that index from `since`
    to `until`, adding up as it goes, and neither sorts nor reads any record: two million of them in about a second.
    """
    if question.by is Grouping.DAY:
        return union_all(*(_days(columns, reach, question) for columns in _COLUMNS))
    uses = union_all(*(_uses(columns, reach, question) for columns in _COLUMNS)).subquery("uses")
    denied = func.sum(case((uses.c.decision == Outcome.DENY.value, uses.c.uses), else_=0))
    count = func.sum(uses.c.uses)
    statement = select(uses.c.key, count, denied, func.sum(uses.c.row_count)).group_by(uses.c.key)
    return statement.order_by(count.desc(), func.coalesce(uses.c.key, "")).limit(min(question.limit, MAX_GROUPS))


_Columns = ReadOnlyColumnCollection[str, Column[Any]]
_COLUMNS: tuple[_Columns, ...] = (audit_records.c, audit_parts.c)


def _uses(columns: _Columns, reach: AuditReach, question: StatisticsQuestion) -> Select[Any]:
    """Return the statement for the uses of one table, added up as the index has them: many rows a key."""
    order = (day_of(columns.time), columns.entry, columns.department, columns.purpose, columns.decision)
    counted = (func.count().label("uses"), func.sum(columns.row_count).label("row_count"))
    key = _key(columns, question.by).label("key")
    return select(key, columns.decision, *counted).where(*_tests(columns, reach, question)).group_by(*order)


def _days(columns: _Columns, reach: AuditReach, question: StatisticsQuestion) -> Select[Any]:
    """Return the statement for the days of one table, in UTC: of each also what belongs to the next in Beijing."""
    hour = func.substr(columns.time, *_digits(len("2026-01-31T") + 1, 2))
    is_late, is_denied = hour >= _NEXT_DAY_BEGINS, columns.decision == Outcome.DENY.value
    counted = (
        func.count(),
        _times(is_denied),
        func.sum(columns.row_count),
        _times(is_late),
        _times(and_(is_late, is_denied)),
        func.sum(case((is_late, columns.row_count), else_=0)),
    )
    day = day_of(columns.time)
    return select(day, *counted).where(*_tests(columns, reach, question)).group_by(day)


def _times(test: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((test, 1), else_=0))


def day_of(time: ColumnElement[str]) -> ColumnElement[str]:
    """Return the day of a time, in UTC, written exactly as the index has it: planners compare texts."""
    return func.substr(time, *_digits(1, DAY_CHARACTERS))


def _digits(*numbers: int) -> Iterator[ColumnElement[int]]:
    return (literal(number, literal_execute=True) for number in numbers)


def _tests(columns: _Columns, reach: AuditReach, question: StatisticsQuestion) -> list[ColumnElement[bool]]:
    tests: list[ColumnElement[bool]] = []
    if question.since is not None:
        since = render_time(question.since)
        tests += [day_of(columns.time) >= since[:DAY_CHARACTERS], _plain(columns.time) >= since]
    if question.until is not None:
        until = render_time(question.until)
        tests += [day_of(columns.time) <= until[:DAY_CHARACTERS], _plain(columns.time) < until]
    if "act" in columns:
        tests.append(_plain(columns.act) == "")
    if question.entry is not None:
        tests.append(_plain(columns.entry) == question.entry)
    if question.department is not None:
        tests.append(_plain(columns.department) == question.department)
    if not reach.everything:
        # For a reach without anything this is false.
        own = () if reach.department is None else (_plain(columns.department) == reach.department,)
        tests.append(or_(_plain(columns.entry).in_(sorted(reach.provided)), *own))
    return tests


def _key(columns: _Columns, by: Grouping) -> ColumnElement[Any]:
    match by:
        case Grouping.ENTRY | Grouping.DAY:
            return columns.entry
        case Grouping.DEPARTMENT:
            return func.nullif(columns.department, _EMPTY)
        case Grouping.PURPOSE:
            return func.nullif(columns.purpose, _EMPTY)
    assert_never(by)


_EMPTY = literal("", literal_execute=True)


def _plain(column: ColumnElement[Any]) -> ColumnElement[str]:
    """Return the column as an expression, for which no index of the column itself is looked at."""
    return func.coalesce(column, _EMPTY)


@dataclass(frozen=True, slots=True)
class _DayRow:
    """What was counted in a day of UTC; `late` is what of it belongs to the next day in Beijing."""

    day: str
    uses: int
    denied: int
    rows: int
    late_uses: int
    late_denied: int
    late_rows: int


def _by_day(found: Iterable[_DayRow]) -> list[Count]:
    """Return the counts of days of Beijing, newest first."""
    counted: dict[str, tuple[int, int, int]] = {}
    for row in found:
        next_day = (date.fromisoformat(row.day) + timedelta(days=1)).isoformat()
        late = (int(row.late_uses), int(row.late_denied), int(row.late_rows))
        early = (int(row.uses) - late[0], int(row.denied) - late[1], int(row.rows) - late[2])
        for day, counts in ((row.day, early), (next_day, late)):
            known = counted.get(day, (0, 0, 0))
            counted[day] = (known[0] + counts[0], known[1] + counts[1], known[2] + counts[2])
    return [Count(day, *counted[day]) for day in sorted(counted, reverse=True) if counted[day][0]]
