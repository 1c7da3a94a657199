"""Counting what was asked, within a reader's reach: how often, with which decision, how many rows.

The label of a count is that of what it counts (T5): it is made of the very records that the reader may see, so it says
nothing that reading them would not.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, case, func, literal, or_, select

from portal.audit.log_readings import Reading
from portal.audit.readers import AuditReach
from portal.audit.records import Outcome, quota_day, render_time
from portal.storage.audit_tables import audit_records

MAX_GROUPS = 1000
_HOUR = len("2026-01-31T08")
_records = audit_records.c


class Grouping(StrEnum):
    """What requests are counted by."""

    ENTRY = "entry"
    DEPARTMENT = "department"
    """Of who asked; none for the public."""
    PURPOSE = "purpose"
    DAY = "day"
    """Calendar day of Asia/Shanghai."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticsQuestion:
    """What to count: requests of [`since`, `until`), by what, of which entry and consuming department if one is named."""

    by: Grouping
    since: datetime | None = None
    until: datetime | None = None
    entry: str | None = None
    department: str | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Count:
    """How often something was asked; `key` is None for requests without department or purpose."""

    key: str | None
    requests: int
    denied: int
    rows: int

    @property
    def permitted(self) -> int:
        """How many requests were permitted."""
        return self.requests - self.denied


def read_statistics(reading: Reading, reach: AuditReach, question: StatisticsQuestion) -> list[Count]:
    """Return the counts: by day the newest first, otherwise the most frequent first. Raises: TooComplex."""
    rows = reading.connection.execute(compile_statistics(reach, question))
    counts = [Count(key, int(requests), int(denied), int(released)) for key, requests, denied, released in rows]
    if question.by is Grouping.DAY:
        counts = _by_day(counts)
    return counts[: min(question.limit, MAX_GROUPS)]


def compile_statistics(reach: AuditReach, question: StatisticsQuestion) -> Select[tuple[str | None, int, int, int]]:
    """Return the statement.

    INVARIANT: all that it names stands in one index that begins with the time, and nothing but the time is written so
    that another index could serve: it reads that index from `since` to `until` and no record, two million of them in a
    second or two.
    """
    key = _key(question.by)
    denied = func.sum(case((_records.decision == Outcome.DENY.value, 1), else_=0))
    counted = (func.count(), denied, func.sum(_records.row_count))
    statement = select(key.label("key"), *counted).where(*_tests(reach, question)).group_by(key)
    if question.by is Grouping.DAY:
        return statement
    ordered = statement.order_by(func.count().desc(), func.coalesce(key, ""))
    return ordered.limit(min(question.limit, MAX_GROUPS))


def _key(by: Grouping) -> ColumnElement[str | None]:
    match by:
        case Grouping.ENTRY:
            return _plain(_records.entry)
        case Grouping.DEPARTMENT:
            return func.nullif(_plain(_records.department), "")
        case Grouping.PURPOSE:
            return func.nullif(_plain(_records.purpose), "")
        case Grouping.DAY:
            return func.substr(_records.time, 1, literal(_HOUR, literal_execute=True))


def _plain(column: ColumnElement[str | None]) -> ColumnElement[str]:
    """Return the column as an expression, for which no index of the column itself is looked at."""
    return func.coalesce(column, literal("", literal_execute=True))


def _tests(reach: AuditReach, question: StatisticsQuestion) -> list[ColumnElement[bool]]:
    tests: list[ColumnElement[bool]] = [_plain(_records.act) == ""]
    if question.since is not None:
        tests.append(_records.time >= render_time(question.since))
    if question.until is not None:
        tests.append(_records.time < render_time(question.until))
    if question.entry is not None:
        tests.append(_plain(_records.entry) == question.entry)
    if question.department is not None:
        tests.append(_plain(_records.department) == question.department)
    if not reach.everything:
        tests.append(_within(reach))
    return tests


def _within(reach: AuditReach) -> ColumnElement[bool]:
    """Return the test that a request is within reach; for a reach without anything it is false."""
    own = () if reach.department is None else (_plain(_records.department) == reach.department,)
    return or_(_plain(_records.entry).in_(sorted(reach.provided)), *own)


def _by_day(hours: list[Count]) -> list[Count]:
    """Return the counts of days, newest first: hours are whole in either time zone."""
    days = defaultdict[str, list[Count]](list)
    for count in hours:
        begun = datetime.fromisoformat(f"{count.key}:00:00+00:00")
        days[quota_day(begun).isoformat()].append(count)
    return [
        Count(day, sum(one.requests for one in of), sum(one.denied for one in of), sum(one.rows for one in of))
        for day, of in sorted(days.items(), reverse=True)
    ]
