"""The statements that tell how far rows stand alone: groups of equal values are counted, and no value is read."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Dialect, Select, Subquery, Table, and_, case, func, select

from portal.access.compiling import compile_condition, entry_columns
from portal.access.linking import Row
from portal.access.statement import Read, RowLayout, render_statement, within_depth
from portal.conditions.tree import Condition
from portal.policies.information_point import EntryState
from portal.vocabulary import ItemIdentifier


@dataclass(frozen=True, slots=True)
class Side:
    """Rows of an entry that satisfy a condition, and the items of theirs that are looked at."""

    state: EntryState
    condition: Condition
    table: Table
    items: tuple[ItemIdentifier, ...]


@dataclass(frozen=True, slots=True)
class Crowd:
    """How rows fall into groups of equal values: how many rows, how many groups, rows alone, rows in small groups."""

    rows: int
    groups: int
    alone: int
    in_small: int


@dataclass(frozen=True, slots=True)
class Meeting:
    """Rows that fit exactly one row of another entry, and those of them that are alone in fitting it."""

    rows: int
    alone: int


def compile_crowd(side: Side, smallest: int, dialect: Dialect) -> Read:
    """Return the read of a `Crowd`; groups of fewer rows than `smallest` are small. Raises: TooComplex."""
    with within_depth():
        groups = _groups(side)
        rows = groups.c.rows
        counted = select(func.count(), _sum(rows), _sum(case((rows == 1, 1))), _sum(case((rows < smallest, rows))))
        return _read((side,), counted.select_from(groups), dialect)


def compile_meeting(one: Side, other: Side, dialect: Dialect) -> Read:
    """Return the read of a `Meeting` of rows of one side with the other's, on their items in turn. Raises: TooComplex.

    A missing value fits nothing, as in every link.
    """
    with within_depth():
        own, met = _groups(one), _groups(other)
        pairs = zip(list(own.c)[1:], list(met.c)[1:], strict=True)
        joined = own.join(met, and_(met.c.rows == 1, *(left == right for left, right in pairs)))
        counted = select(_sum(own.c.rows), _sum(case((own.c.rows == 1, 1)))).select_from(joined)
        return _read((one, other), counted, dialect)


def read_crowd(row: Row) -> Crowd:
    """Return what the row of a crowd's read tells."""
    groups, rows, alone, in_small = map(_count, row)
    return Crowd(rows, groups, alone, in_small)


def read_meeting(row: Row) -> Meeting:
    """Return what the row of a meeting's read tells."""
    return Meeting(*map(_count, row))


def _groups(side: Side) -> Subquery:
    """Return the groups of a side: the count of their rows, then the values of their items."""
    columns = entry_columns(side.state.entry, side.table)
    items = [columns.column(name) for name in side.items]
    named = [item.label(f"c{index}") for index, item in enumerate(items)]
    where = compile_condition(side.condition, columns)
    return select(func.count().label("rows"), *named).where(where).group_by(*items).subquery()


def _sum(of: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.coalesce(func.sum(of), 0)


def _read(sides: Iterable[Side], counted: Select[Any], dialect: Dialect) -> Read:
    read = Read(RowLayout((), (), ()), render_statement(counted, dialect), None)
    return replace(read, tables=tuple(side.state.table.name for side in sides))


def _count(value: object) -> int:
    return int(str(value))
