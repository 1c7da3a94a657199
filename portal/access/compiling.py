"""Compiling: plan and permit to SQL expressions with bound values. The meaning is that of `conditions.meaning`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from operator import ge, gt, le, lt
from typing import Any, assert_never

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Table,
    and_,
    case,
    cast,
    false,
    not_,
    null,
    true,
)

from portal.access.joining import Clause, Part, join_all, join_any
from portal.access.text_functions import text_ends_with, text_position
from portal.catalog.entries import CatalogEntry, InformationItem
from portal.conditions.tree import (
    And,
    Comparison,
    Condition,
    Constant,
    InNetwork,
    ListContains,
    Membership,
    Not,
    NullTest,
    Operator,
    Or,
    SubjectAttribute,
    Value,
)
from portal.conditions.values import INTEGER_MAX, render_instant

Stored = str | int
"""A value as the data store holds it: decimals scaled to integers, booleans 0 and 1, dates and instants as text."""

_SURROGATES_FROM, _SURROGATES_TO, _LAST = 0xD800, 0xE000, 0x10FFFF


@dataclass(frozen=True, slots=True)
class EntryColumns:
    """The table of an entry, and its items by identifier."""

    table: Table
    items: Mapping[str, InformationItem]

    def column(self, name: str) -> ColumnElement[Any]:
        """Return the column of an item; names come from the catalog, never from a request."""
        column: ColumnElement[Any] = self.table.c[name]
        return column

    def scale(self, name: str) -> int:
        """Return the digits after the point of a decimal item."""
        return self.items[name].scale or 0


def entry_columns(entry: CatalogEntry, table: Table) -> EntryColumns:
    """Return the columns of an entry in its table."""
    return EntryColumns(table, {item.identifier: item for item in entry.items})


def store_value(value: Value, scale: int = 0) -> Stored:
    """Return a typed value as the data store holds it; a decimal must fit its scale."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, Decimal):
        return int(Fraction(value) * 10**scale)
    if isinstance(value, datetime):
        return render_instant(value)
    return value.isoformat() if isinstance(value, date) else value


def compile_condition(condition: Condition, columns: EntryColumns) -> Clause:
    """Return the condition over the entry's columns, three-valued as SQL is."""
    return _compile(condition, columns, negated=False).clause


def _compile(condition: Condition, columns: EntryColumns, *, negated: bool) -> Part:
    """Return the condition, or its negation: that of a joint is the other joint of negations, and needs no `NOT`."""
    match condition:
        case Not(member):
            return _compile(member, columns, negated=not negated)
        case And(members) | Or(members):
            parts = [_compile(member, columns, negated=negated) for member in members]
            return join_all(parts) if isinstance(condition, And) is not negated else join_any(parts)
        case Constant(value):
            return Part(_constant(None if value is None else value is not negated))
        case _:
            clause = _compile_test(condition, columns)
            return Part(not_(clause) if negated else clause)


def _constant(value: bool | None) -> Clause:
    return {True: true(), False: false(), None: _unknown()}[value]


def _compile_test(
    condition: NullTest | Membership | Comparison | ListContains | InNetwork, columns: EntryColumns
) -> Clause:
    match condition:
        case NullTest(name, is_null):
            column = columns.column(name)
            return column.is_(None) if is_null else column.is_not(None)
        case Membership():
            return _compile_membership(condition, columns)
        case Comparison():
            return _compile_comparison(condition, columns)
        case ListContains() | InNetwork():
            # Attributes are tested before anything is compiled; on a row such a test is unknown.
            return _unknown()
    assert_never(condition)


def _unknown() -> Clause:
    return cast(null(), Boolean)


def _known_if_not_null(column: ColumnElement[Any], met: bool) -> Clause:
    """Return a test whose outcome is known but for a null, which makes it unknown."""
    return case((column.is_(None), _unknown()), else_=true() if met else false())


def _compile_membership(condition: Membership, columns: EntryColumns) -> Clause:
    column, scale = columns.column(condition.name), columns.scale(condition.name)
    if not condition.values:
        return true() if condition.negated else false()
    storable = [store_value(value, scale) for value in condition.values if is_storable(value, scale)]
    if not storable:
        return _known_if_not_null(column, condition.negated)
    return column.not_in(storable) if condition.negated else column.in_(storable)


def is_storable(value: Value, scale: int) -> bool:
    """Return whether a row may hold the value: a decimal must have no more digits than the item."""
    if not isinstance(value, Decimal):
        return True
    scaled: Fraction = Fraction(value) * 10**scale
    return scaled.denominator == 1 and abs(scaled) <= INTEGER_MAX


_ORDERINGS: Mapping[Operator, Callable[[Any, Any], Clause]] = {
    Operator.LT: lt,
    Operator.LTE: le,
    Operator.GT: gt,
    Operator.GTE: ge,
}


def _compile_comparison(condition: Comparison, columns: EntryColumns) -> Clause:
    column, operand = columns.column(condition.name), condition.operand
    if isinstance(operand, SubjectAttribute):
        return _unknown()
    if isinstance(operand, Decimal):
        return _compare_decimal(column, condition.operator, Fraction(operand) * 10 ** columns.scale(condition.name))
    match condition.operator:
        case Operator.EQ:
            return column == store_value(operand)
        case Operator.NE:
            return column != store_value(operand)
        case Operator.STARTS_WITH:
            return _compile_prefix(column, str(operand))
        case Operator.ENDS_WITH:
            return text_ends_with(column, str(operand)) if operand else _known_if_not_null(column, met=True)
        case Operator.CONTAINS:
            return text_position(column, str(operand)) > 0 if operand else _known_if_not_null(column, met=True)
        case _:
            return _ORDERINGS[condition.operator](column, store_value(operand))


def _compare_decimal(column: ColumnElement[Any], operator: Operator, scaled: Fraction) -> Clause:
    """Return the exact comparison of a scaled column with a number that may lie between or beyond stored ones."""
    fits = scaled.denominator == 1 and abs(scaled) <= INTEGER_MAX
    match operator:
        case Operator.EQ:
            return column == int(scaled) if fits else _known_if_not_null(column, met=False)
        case Operator.NE:
            return column != int(scaled) if fits else _known_if_not_null(column, met=True)
        case Operator.LT | Operator.GTE:
            bound = ceil(scaled)
        case _:
            bound = floor(scaled)
    if abs(bound) > INTEGER_MAX:
        return _known_if_not_null(column, (bound > 0) is (operator in (Operator.LT, Operator.LTE)))
    return _ORDERINGS[operator](column, bound)


def _compile_prefix(column: ColumnElement[Any], prefix: str) -> Clause:
    """Return `startsWith` as a range by code point, which an index can serve."""
    end = _after_prefix(prefix)
    return column >= prefix if end is None else and_(column >= prefix, column < end)


def _after_prefix(prefix: str) -> str | None:
    """Return the first text by code point after all that begin with `prefix`; None if there is none."""
    stem = prefix.rstrip(chr(_LAST))
    if not stem:
        return None
    following = ord(stem[-1]) + 1
    return stem[:-1] + chr(_SURROGATES_TO if following == _SURROGATES_FROM else following)


def mask_index(options: Sequence[tuple[object, Condition]], columns: EntryColumns) -> ColumnElement[int]:
    """Return the number of the first option whose rows a row belongs to, as a column of the answer."""
    whens = [(compile_condition(condition, columns), index) for index, (_, condition) in enumerate(options)]
    return case(*whens, else_=len(options))
