"""The statements of one read: which columns, which rows, in which order, from which place on."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Dialect, Select, Table, case, false, func, null, or_, select, true

from portal.access.compiling import (
    EntryColumns,
    Stored,
    compile_condition,
    entry_columns,
    is_storable,
    mask_index,
    store_value,
)
from portal.access.joining import Clause
from portal.access.plan import ConnectionShape, OrderTerm, QueryPlan
from portal.access.written_rows import written_row
from portal.conditions.tree import TRUE, And, Value
from portal.errors import Text, TooComplex
from portal.policies.decision import MaskChoice, Permit
from portal.policies.records import FullMask
from portal.vocabulary import ItemIdentifier

ROW_NUMBER = "_row_number"


@dataclass(frozen=True, slots=True)
class Blank:
    """Stands among parameters for a part of a position that is filled in: 0 the row number, then its values."""

    number: int


@dataclass(frozen=True, slots=True)
class Position:
    """The place of a row in an order: its values of the ordered items, as stored, and its row number.

    One to be filled in has blanks instead. A missing value is never blank: it is compared in another way.
    """

    values: tuple[Stored | Blank | None, ...]
    row_number: int | Blank

    def blanked(self) -> "Position":
        """Return the same position with its values left open."""
        values = (None if value is None else Blank(place) for place, value in enumerate(self.values, start=1))
        return Position(tuple(values), Blank(0))


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

    def after(self, position: Position) -> "Statement":
        """Return the statement with its blanks filled in."""
        parts = (position.row_number, *position.values)
        filled = (parts[each.number] if isinstance(each, Blank) else each for each in self.parameters)
        return Statement(self.sql, tuple(filled))


@dataclass(frozen=True, slots=True)
class RowLayout:
    """Where things stand in a fetched row: the row number first, then the selected items, order items, mask numbers.

    `hidden` items are fully masked in every row and aren't read at all. `is_written`: instead of the selected items
    there is the JSON text of the row's node, in UTF-8.
    """

    selected: tuple[ItemIdentifier, ...]
    order: tuple[OrderTerm, ...]
    masks: tuple[MaskChoice, ...]
    hidden: frozenset[ItemIdentifier] = frozenset()
    is_written: bool = False

    @property
    def place_of_text(self) -> int:
        """The column of the row's JSON text, where it is written."""
        return 1

    def place_of_order(self, index: int) -> int:
        """Return the column of an order item."""
        return self._before_order + index

    def place_of_mask(self, index: int) -> int:
        """Return the column of a mask's number."""
        return self._before_order + len(self.order) + index

    @property
    def _before_order(self) -> int:
        return 2 if self.is_written else 1 + len(self.selected)

    def places_of(self, items: Iterable[ItemIdentifier]) -> tuple[int, ...]:
        """Return the columns of selected items."""
        return tuple(1 + self.selected.index(item) for item in items)


@dataclass(frozen=True, slots=True)
class LinkRead:
    """The read of a link, compiled; `statement` is None where no row of the target is shown or counted.

    Its parameter at `keys_at` is to be the JSON text of the join values. `parent_places` and `own_places` are the
    columns of the join items in a parent's row and in a fetched one; `rows` is the most that a parent shows.
    """

    layout: RowLayout
    statement: Statement | None
    keys_at: int
    parent_places: tuple[int, ...]
    own_places: tuple[int, ...]
    rows: int
    shape: ConnectionShape
    links: tuple["LinkRead", ...] = ()


@dataclass(frozen=True, slots=True)
class GroupsRead:
    """The read of a list of groups, compiled: each gives its items as stored, then its count, the largest first.

    `statement` leaves out groups of fewer rows than `smallest`, and gives one more than the `first` that are shown
    where that is more than 1; `counted` then give the rows that the list counts, and those of the field.
    """

    statement: Statement
    first: int
    smallest: int = 1
    counted: tuple[Statement, ...] = ()


@dataclass(frozen=True, slots=True)
class AskedKeys:
    """The keys of rows that are asked for by key, as stored, and the columns that hold them; None fits no row."""

    places: tuple[int, ...]
    keys: tuple[tuple[Stored, ...] | None, ...]


@dataclass(frozen=True, slots=True)
class Read:
    """A permitted read, compiled: `rows` gives up to one row more than asked for; each is None where not asked for.

    `page_rows` of them are shown, and have the rows of `links` below them. `keys` are those asked for, if any. `tables`
    are those that the decision lets be read. `groups` are the lists of groups, in the plan's order.
    """

    layout: RowLayout
    rows: Statement | None
    total: Statement | None
    page_rows: int = 0
    links: tuple[LinkRead, ...] = ()
    keys: AskedKeys | None = None
    tables: tuple[str, ...] = ()
    groups: tuple[GroupsRead, ...] = ()


def compile_read(plan: QueryPlan, permit: Permit, table: Table, window: Window, dialect: Dialect) -> Read:
    """Return the statements of a permitted plan: filter and row condition together, nothing else is read.

    Raises: TooComplex for a condition nested too deep to be written.
    """
    columns = entry_columns(plan.entry, table)
    layout = row_layout(plan, permit)
    with within_depth():
        where = where_clauses(plan, permit, columns)
        text = written_row(plan, permit, columns) if plan.as_text else None
        if text is not None:
            layout = RowLayout((), layout.order, (), is_written=True)
        shown = row_columns(layout, columns, text)
        rows = _select_rows(plan, shown, columns, where, window) if plan.shape.reads_rows else None
        total = select(func.count()).select_from(table).where(*where) if plan.shape.counts_rows else None
        return Read(
            layout,
            None if rows is None else render_statement(rows, dialect),
            None if total is None else render_statement(total, dialect),
            window.rows,
        )


@contextmanager
def within_depth() -> Iterator[None]:
    """Refuse what is nested too deep to be written as SQL. Raises: TooComplex."""
    try:
        yield
    except RecursionError:
        raise too_complex() from None


def asked_keys(plan: QueryPlan, layout: RowLayout) -> AskedKeys | None:
    """Return the keys that a plan asks for, as stored; None where it doesn't ask by key."""
    if plan.keys is None:
        return None
    items = [item for name in plan.entry.key if (item := plan.entry.item(name)) is not None]
    scales = [item.scale or 0 for item in items]
    return AskedKeys(layout.places_of(plan.entry.key), tuple(_stored_key(key, scales) for key in plan.keys))


def _stored_key(key: Sequence[Value], scales: Sequence[int]) -> tuple[Stored, ...] | None:
    pairs = list(zip(key, scales, strict=True))
    storable = all(is_storable(value, scale) for value, scale in pairs)
    return tuple(store_value(value, scale) for value, scale in pairs) if storable else None


def where_clauses(plan: QueryPlan, permit: Permit, columns: EntryColumns) -> tuple[Clause, ...]:
    """Return filter and row condition together; none where every row is meant."""
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


def row_layout(plan: QueryPlan, permit: Permit) -> RowLayout:
    """Return where things stand in a fetched row."""
    choices = {choice.item: choice for choice in permit.masks}
    # The number of the mask is fetched only where it depends on the row.
    dependent = tuple(choices[item] for item in plan.selected if item in choices and len(choices[item].options) > 1)
    return RowLayout(plan.selected, plan.order if plan.shape.shows_cursors else (), dependent, _hidden_items(permit))


def _select_rows(
    plan: QueryPlan,
    shown: Iterable[ColumnElement[Any]],
    columns: EntryColumns,
    where: tuple[Clause, ...],
    window: Window,
) -> Select[Any]:
    number = columns.column(ROW_NUMBER)
    after = () if window.after is None else (_after(plan.order, window.after, columns),)
    ordered = [ordering(term, columns) for term in plan.order]
    return select(*shown).where(*where, *after).order_by(*ordered, number).limit(window.rows + 1)


def row_columns(
    layout: RowLayout, columns: EntryColumns, text: ColumnElement[bytes] | None = None
) -> list[ColumnElement[Any]]:
    """Return the columns of a fetched row, in the order that the layout says; `text` is its JSON where that is read."""
    shown = [
        columns.column(ROW_NUMBER),
        *(() if text is None else (text,)),
        *(null() if item in layout.hidden else columns.column(item) for item in layout.selected),
        *(columns.column(term.item) for term in layout.order),
        *(mask_index(choice.options, columns) for choice in layout.masks),
    ]
    return [column.label(f"c{index}") for index, column in enumerate(shown)]


def _hidden_items(permit: Permit) -> frozenset[ItemIdentifier]:
    """Return the items that no row shows: they aren't read at all."""
    return frozenset(choice.item for choice in permit.masks if isinstance(choice.options[0][0], FullMask))


def ordering(term: OrderTerm, columns: EntryColumns) -> ColumnElement[Any]:
    """Return a term of an order; nulls are last in both directions."""
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


def _compare_with(column: ColumnElement[Any], value: object, *, descending: bool) -> list[tuple[Clause, Clause]]:
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
