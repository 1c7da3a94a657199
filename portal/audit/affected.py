"""Who was answered from what is frozen, so that they can be told: counted from the records, within a time (R31, NT-30).

Only answers count: who was refused has nothing of it. What was read by a link counts for the entry that it was read of.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, assert_never, cast

from sqlalchemy import Column, ColumnElement, Select, and_, func, select
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from portal.audit.log_readings import Reading
from portal.audit.records import Outcome, render_time
from portal.policies.freezes import FreezeTarget, Frozen
from portal.storage.audit_tables import audit_parts, audit_records
from portal.vocabulary import ApplicationId, DepartmentCode, EntryCode

_records = audit_records.c
_parts = audit_parts.c
_Columns = ReadOnlyColumnCollection[str, Column[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class AffectedQuestion:
    """Whose answers are asked for: of what is, or may be, frozen, in [`since`, `until`); None is until now."""

    frozen: Frozen
    since: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Uses:
    """Answers from one entry to one application, or to people of a department; None for both is the public.

    `rows` went out with them; `last_at` is the last one's time, as records have it.
    """

    department: DepartmentCode | None
    application: ApplicationId | None
    entry: EntryCode
    answers: int
    rows: int
    last_at: str


def read_uses(reading: Reading, question: AffectedQuestion) -> list[Uses]:
    """Return the uses, in no order. Raises: TooComplex."""
    if question.frozen.kind is FreezeTarget.ITEM:
        return _merged(_item_uses(reading, question))
    rows = [*reading.connection.execute(_asked(question)), *reading.connection.execute(_linked(question))]
    return _merged(Uses(*row) for row in rows)


def _asked(question: AffectedQuestion) -> Select[Any]:
    """Return the statement for entries that were asked for."""
    keys = (_records.department, _records.application, _records.entry)
    counted = (func.count(), func.sum(_records.row_count), func.max(_records.time))
    tests = (*_answered(_records, question), _records.act.is_(None), *_target(_records.entry, question.frozen))
    return select(*keys, *counted).where(*tests).group_by(*keys)


def _linked(question: AffectedQuestion) -> Select[Any]:
    """Return the statement for entries that were read by a link; who asked, the record of it says."""
    keys = (_records.department, _records.application, _parts.entry)
    counted = (func.count(), func.sum(_parts.row_count), func.max(_parts.time))
    tests = (*_answered(_parts, question), *_target(_parts.entry, question.frozen))
    return select(*keys, *counted).join_from(audit_parts, audit_records, _same_place()).where(*tests).group_by(*keys)


def _same_place() -> ColumnElement[bool]:
    return and_(_parts.writer == _records.writer, _parts.sequence == _records.sequence)


def _answered(columns: _Columns, question: AffectedQuestion) -> list[ColumnElement[bool]]:
    tests = [columns.decision == Outcome.PERMIT.value, columns.time >= render_time(question.since)]
    return tests if question.until is None else [*tests, columns.time < render_time(question.until)]


def _target(entry: Column[Any], frozen: Frozen) -> tuple[ColumnElement[bool], ...]:
    match frozen.kind:
        case FreezeTarget.ENTRY | FreezeTarget.ITEM:
            return (entry == frozen.target,)
        case FreezeTarget.DEPARTMENT:
            return (_records.department == frozen.target,)
        case FreezeTarget.APPLICATION:
            return (_records.application == frozen.target,)
        case FreezeTarget.EVERYTHING:
            return ()
    assert_never(frozen.kind)


def _item_uses(reading: Reading, question: AffectedQuestion) -> Iterator[Uses]:
    """Yield a use a record that used the item: which items, only the text says. Texts pass one by one."""
    entry, item = EntryCode(question.frozen.target), str(question.frozen.item)
    # What surely lacks the item isn't read; what has the word elsewhere is found out below.
    named = _records.record.contains(f'"{item}"', autoescape=True)
    tests = (*_answered(_records, question), _records.act.is_(None), named, _records.entry == entry)
    linked = (*_answered(_parts, question), named, _parts.entry == entry)
    columns = (_records.department, _records.application, _records.row_count, _records.time, _records.record)
    statements = (
        select(*columns).where(*tests),
        select(*columns).join_from(audit_parts, audit_records, _same_place()).where(*linked),
    )
    for statement, is_linked in zip(statements, (False, True), strict=True):
        found = reading.connection.execution_options(stream_results=True, yield_per=1000).execute(statement)
        for department, application, rows, time, text in found:
            own = _rows_with_item(json.loads(text), entry, item) if is_linked else _asked_rows(text, rows, item)
            if own is not None:
                yield Uses(department, application, entry, 1, own, time)


def _asked_rows(text: str, rows: int, item: str) -> int | None:
    return rows if item in json.loads(text)["items"] else None


def _rows_with_item(record: dict[str, Any], entry: EntryCode, item: str) -> int | None:
    """Return how many rows of the linked entry went out with the item, None where it wasn't used."""
    parts = cast("list[dict[str, Any]]", record["parts"])
    rows = [int(part["rows"]) for part in parts if part["entry"] == entry and item in part["items"]]
    return sum(rows) if rows else None


def _merged(uses: Iterator[Uses]) -> list[Uses]:
    """Return one of each department, application and entry: an entry is both asked for and read by links."""
    merged: dict[tuple[DepartmentCode | None, ApplicationId | None, EntryCode], Uses] = {}
    for use in uses:
        key = (use.department, use.application, use.entry)
        known = merged.get(key)
        if known is not None:
            last = max(known.last_at, use.last_at)
            use = Uses(*key, known.answers + use.answers, known.rows + use.rows, last)  # noqa: PLW2901
        merged[key] = use
    return list(merged.values())
