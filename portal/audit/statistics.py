"""Counting uses of entries within a reader's reach: how often, how often refused, how many rows.

A request is a use of the entry that it asked for, and of each that it read by a link.
The label of a count is that of what it counts (T5): it is made of the very records that the reader may see, so it says
nothing that reading them would not.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, case, func, literal, or_, select, union_all
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from portal.audit.log_readings import Reading
from portal.audit.readers import AuditReach
from portal.audit.records import Outcome, quota_day, render_time
from portal.storage.audit_tables import audit_parts, audit_records

MAX_GROUPS = 1000
_HOUR = len("2026-01-31T08")


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
    counts = [Count(key, int(uses), int(denied), int(released)) for key, uses, denied, released in rows]
    if question.by is Grouping.DAY:
        counts = _by_day(counts)
    return counts[: min(question.limit, MAX_GROUPS)]


def compile_statistics(reach: AuditReach, question: StatisticsQuestion) -> Select[Any]:
    """Return the statement: a row a key, with uses, refused ones, and rows.

    INVARIANT: all that it names stands in one index of each table that begins with the time, and nothing but the time
    is written so that another index could serve: it reads that index from `since` to `until` and no record, two
    million of them in some seconds.
    """
    uses = union_all(
        _uses(audit_records.c, reach, question).where(_plain(audit_records.c.act) == ""),
        _uses(audit_parts.c, reach, question),
    ).subquery("uses")
    denied = func.sum(case((uses.c.decision == Outcome.DENY.value, 1), else_=0))
    counted = (func.count(), denied, func.sum(uses.c.row_count))
    statement = select(uses.c.key, *counted).group_by(uses.c.key)
    if question.by is Grouping.DAY:
        return statement
    ordered = statement.order_by(func.count().desc(), func.coalesce(uses.c.key, ""))
    return ordered.limit(min(question.limit, MAX_GROUPS))


_Columns = ReadOnlyColumnCollection[str, Column[Any]]


def _uses(columns: _Columns, reach: AuditReach, question: StatisticsQuestion) -> Select[Any]:
    tests: list[ColumnElement[bool]] = []
    if question.since is not None:
        tests.append(columns.time >= render_time(question.since))
    if question.until is not None:
        tests.append(columns.time < render_time(question.until))
    if question.entry is not None:
        tests.append(_plain(columns.entry) == question.entry)
    if question.department is not None:
        tests.append(_plain(columns.department) == question.department)
    if not reach.everything:
        # For a reach without anything this is false.
        own = () if reach.department is None else (_plain(columns.department) == reach.department,)
        tests.append(or_(_plain(columns.entry).in_(sorted(reach.provided)), *own))
    return select(_key(columns, question.by).label("key"), columns.decision, columns.row_count).where(*tests)


def _key(columns: _Columns, by: Grouping) -> ColumnElement[Any]:
    match by:
        case Grouping.ENTRY:
            return _plain(columns.entry)
        case Grouping.DEPARTMENT:
            return func.nullif(_plain(columns.department), "")
        case Grouping.PURPOSE:
            return func.nullif(_plain(columns.purpose), "")
        case Grouping.DAY:
            return func.substr(columns.time, 1, literal(_HOUR, literal_execute=True))


def _plain(column: ColumnElement[Any]) -> ColumnElement[str]:
    """Return the column as an expression, for which no index of the column itself is looked at."""
    return func.coalesce(column, literal("", literal_execute=True))


def _by_day(hours: list[Count]) -> list[Count]:
    """Return the counts of days, newest first: hours are whole in either time zone."""
    days = defaultdict[str, list[Count]](list)
    for count in hours:
        begun = datetime.fromisoformat(f"{count.key}:00:00+00:00")
        days[quota_day(begun).isoformat()].append(count)
    return [
        Count(day, sum(one.uses for one in of), sum(one.denied for one in of), sum(one.rows for one in of))
        for day, of in sorted(days.items(), reverse=True)
    ]
