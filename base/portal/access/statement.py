"""The statements of one read: which columns, which rows, in which order, from which place on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Dialect, Select, Table, case, false, func, null, or_, select, true

from portal.access.compiling import EntryColumns, Stored, compile_condition, entry_columns, mask_index
from portal.access.joining import Clause
from portal.access.plan import OrderTerm, QueryPlan
from portal.conditions.tree import TRUE, And
from portal.errors import Text, TooComplex
from portal.policies.decision import MaskChoice, Permit
from portal.policies.records import FullMask
from portal.vocabulary import ItemIdentifier

ROW_NUMBER = "_row_number"


@dataclass(frozen=True, slots=True)
class Position:
    """The place of a row in an order: its values of the ordered items, as stored, and its row number."""

    values: tuple[Stored | None, ...]
    row_number: int


@dataclass(frozen=True, slots=True)
class Window:
    """The part of the ordered rows that is asked for: `rows` of them after a position."""

    rows: int
    after: Position | None


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL text with its bound parameters, ready for a driver."""

    sql: str
    parameters: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class RowLayout:
    """Where things stand in a fetched row: the row number first, then the selected items, order items, mask numbers.

    `hidden` items are fully masked in every row and aren't read at all.
    """

    selected: tuple[ItemIdentifier, ...]
    order: tuple[OrderTerm, ...]
    masks: tuple[MaskChoice, ...]
    hidden: frozenset[ItemIdentifier] = frozenset()

    def place_of_order(self, index: int) -> int:
        """Return the column of an order item."""
        return 1 + len(self.selected) + index

    def place_of_mask(self, index: int) -> int:
        """Return the column of a mask's number."""
        return 1 + len(self.selected) + len(self.order) + index


@dataclass(frozen=True, slots=True)
class Read:
    """A permitted read, compiled: `rows` gives up to one row more than asked for; each is None where not asked for."""

    layout: RowLayout
    rows: Statement | None
    total: Statement | None


def compile_read(plan: QueryPlan, permit: Permit, table: Table, window: Window, dialect: Dialect) -> Read:
    """Return the statements of a permitted plan: filter and row condition together, nothing else is read.

    Raises: TooComplex for a condition nested too deep to be written.
    """
    columns = entry_columns(plan.entry, table)
    layout = _layout(plan, permit)
    try:
        where = _where(plan, permit, columns)
        rows = _select_rows(plan, layout, columns, where, window) if plan.shape.reads_rows else None
        total = select(func.count()).select_from(table).where(*where) if plan.shape.counts_rows else None
        return Read(
            layout,
            None if rows is None else render_statement(rows, dialect),
            None if total is None else render_statement(total, dialect),
        )
    except RecursionError:
        raise too_complex() from None


def _where(plan: QueryPlan, permit: Permit, columns: EntryColumns) -> tuple[Clause, ...]:
    conditions = tuple(condition for condition in (permit.row_condition, plan.filter) if condition != TRUE)
    return (compile_condition(And(conditions), columns),) if conditions else ()


def too_complex() -> TooComplex:
    """Return the refusal of a request whose statement the database wouldn't take."""
    return TooComplex(
        Text(
            en="`where` and `orderBy` are nested too deep or too long; ask for less at once",
            zh="`where` 和 `orderBy` 嵌套过深或过长；请简化请求",
        )
    )


def _layout(plan: QueryPlan, permit: Permit) -> RowLayout:
    choices = {choice.item: choice for choice in permit.masks}
    # The number of the mask is fetched only where it depends on the row.
    dependent = tuple(choices[item] for item in plan.selected if item in choices and len(choices[item].options) > 1)
    return RowLayout(plan.selected, plan.order if plan.shape.shows_cursors else (), dependent, _hidden_items(permit))


def _select_rows(
    plan: QueryPlan, layout: RowLayout, columns: EntryColumns, where: tuple[Clause, ...], window: Window
) -> Select[Any]:
    number = columns.column(ROW_NUMBER)
    after = () if window.after is None else (_after(plan.order, window.after, columns),)
    shown = [
        number,
        *(null() if item in layout.hidden else columns.column(item) for item in layout.selected),
        *(columns.column(term.item) for term in layout.order),
        *(mask_index(choice.options, columns) for choice in layout.masks),
    ]
    ordering = [_ordering(term, columns) for term in plan.order]
    return (
        select(*(column.label(f"c{index}") for index, column in enumerate(shown)))
        .where(*where, *after)
        .order_by(*ordering, number)
        .limit(window.rows + 1)
    )


def _hidden_items(permit: Permit) -> frozenset[ItemIdentifier]:
    """Return the items that no row shows: they aren't read at all."""
    return frozenset(choice.item for choice in permit.masks if isinstance(choice.options[0][0], FullMask))


def _ordering(term: OrderTerm, columns: EntryColumns) -> ColumnElement[Any]:
    column = columns.column(term.item)
    return (column.desc() if term.descending else column.asc()).nulls_last()


def _after(order: Sequence[OrderTerm], position: Position, columns: EntryColumns) -> Clause:
    """Return the rows after the position: the first item in which a row lies beyond or before it decides.

    As CASE, because it stays flat: an order of many items written with AND and OR is as deep as it has items.
    """
    following: Clause = columns.column(ROW_NUMBER) > position.row_number
    whens = [
        when
        for term, value in zip(order, position.values, strict=True)
        for when in _compare_with(columns.column(term.item), value, descending=term.descending)
    ]
    return case(*whens, else_=following) if whens else following


def _compare_with(column: ColumnElement[Any], value: Stored | None, *, descending: bool) -> list[tuple[Clause, Clause]]:
    """Return which rows an item alone puts after the value (true) or before it (false); nulls are last."""
    if value is None:
        return [(column.is_not(None), false())]
    beyond, before = (column < value, column > value) if descending else (column > value, column < value)
    return [(or_(beyond, column.is_(None)), true()), (before, false())]


def render_statement(statement: Select[Any], dialect: Dialect) -> Statement:
    """Return the text and parameters of a statement in the database's own form."""
    compiled = statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
    # `params` makes the mapping anew each time it is read.
    names, values = compiled.positiontup or (), compiled.params
    return Statement(compiled.string, tuple(values[name] for name in names))
