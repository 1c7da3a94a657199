"""Shaping: fetched rows to the answer itself. Columns are converted whole, where a type or mask asks for it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from operator import itemgetter
from typing import cast

import orjson

from portal.access.cursors import CursorSeal
from portal.access.plan import (
    EdgesShape,
    FieldShape,
    GroupsShape,
    LinkNumber,
    NamedShape,
    NodeShape,
    NodesShape,
    QueryPlan,
)
from portal.access.selections import TYPENAME
from portal.access.statement import Position, RowLayout
from portal.catalog.entries import CatalogEntry, InformationItem
from portal.catalog.freshness import Freshness
from portal.conditions.tree import Value, ValueType
from portal.conditions.values import parse_instant, render_cell, render_instant
from portal.policies.decision import Permit
from portal.policies.masks import ApplyMask, mask_function
from portal.vocabulary import ItemIdentifier

Cell = object
"""A cell as the answer holds it: text, number, boolean, None, or JSON already written."""
Row = Sequence[object]
Convert = Callable[[object], Cell]


class Shaped(dict[str, object]):
    """A completed GraphQL value: response keys, aliases and `__typename` are already applied."""


class ShapedRows(list[Shaped | None]):
    """A completed list of rows that were asked for by key, in the keys' order; None where there is no such row."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was read: the page's rows as stored, whether more follow, and the count of all where it was asked for.

    `groups` are the lists of groups, each group the values of its items as stored, then its count.
    """

    rows: Sequence[Row]
    has_more: bool
    total: int | None
    groups: Sequence[Sequence[Row]] = ()


@dataclass(frozen=True, slots=True)
class AccessNote:
    """What the answer says of the access: policies, the earliest end among them, and the receipt.

    `freshness` is that of the entry's rows at the moment `now`; None where nobody knows when they came.
    """

    policies: tuple[str, ...]
    valid_until: str | None
    receipt: str
    freshness: Freshness | None = None
    now: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A page of rows in answer form, and as stored: cursors are made of what is stored in the columns `order`."""

    items: dict[ItemIdentifier | LinkNumber, int]
    cells: Sequence[Row]
    order: slice
    fetched: Fetched
    text: orjson.Fragment | None = None
    """The rows as a JSON array, where the database wrote them; there are no cells then."""

    def position(self, index: int) -> Position:
        """Return the place of a row."""
        row = self.fetched.rows[index]
        return Position(tuple(row[self.order]), int(str(row[0])))  # type: ignore[arg-type]


def _render_scaled(scale: int) -> Convert:
    def render(stored: object) -> str:
        return render_cell(Decimal(int(str(stored))).scaleb(-scale), ValueType.DECIMAL, scale)

    return render


def _convert_for(item: InformationItem) -> Convert | None:
    """Return how a stored cell that isn't null becomes the answer's; None where it is the same."""
    match item.type:
        case ValueType.BOOLEAN:
            return bool
        case ValueType.DECIMAL:
            return _render_scaled(item.scale or 0)
        case ValueType.JSON:
            return lambda stored: orjson.Fragment(str(stored))
        case _:
            return None


def _typed(stored: object, item: InformationItem) -> Value:
    match item.type:
        case ValueType.DECIMAL:
            return Decimal(int(str(stored))).scaleb(-(item.scale or 0))
        case ValueType.DATE:
            return date.fromisoformat(str(stored))
        case ValueType.DATETIME:
            return parse_instant(stored)
        case ValueType.INTEGER:
            return int(str(stored))
        case _:
            return str(stored)


def _masked_convert(item: InformationItem, apply: ApplyMask) -> Convert:
    if item.type is ValueType.STRING:
        # A text is stored as it is, and shown as what the mask makes of it.
        return cast("Convert", apply)

    def convert(stored: object) -> Cell:
        shown = apply(_typed(stored, item))
        if shown is None or isinstance(shown, int):
            return shown
        return render_cell(shown, item.type, item.scale)

    return convert


def convert_rows(layout: RowLayout, rows: Sequence[Row], entry: CatalogEntry, permit: Permit, key: bytes) -> list[Row]:
    """Return the rows' selected items as the answer holds them, masks applied; `key` is the department's for hashes."""
    columns = list(zip(*rows, strict=True)) if rows else []
    choices = {choice.item: choice for choice in permit.masks}
    numbers = {choice.item: layout.place_of_mask(index) for index, choice in enumerate(layout.masks)}
    shown: list[Sequence[object]] = []
    for place, name in enumerate(layout.selected if columns else (), start=1):
        item = entry.item(name)
        if item is None:
            raise AssertionError(name)
        stored, plain = columns[place], _convert_for(item)
        if name not in choices:
            shown.append(stored if plain is None else [None if cell is None else plain(cell) for cell in stored])
            continue
        converts = [
            plain or _same if mask is None else _masked_convert(item, mask_function(mask, key))
            for mask, _ in choices[name].options
        ]
        if name not in numbers:
            shown.append([None if cell is None else converts[0](cell) for cell in stored])
            continue
        shown.append(
            [
                None if cell is None or int(str(number)) >= len(converts) else converts[int(str(number))](cell)
                for cell, number in zip(stored, columns[numbers[name]], strict=True)
            ]
        )
    return list(zip(*shown, strict=True)) if shown else [() for _ in rows]


def _same(stored: object) -> Cell:
    return stored


def page_of(layout: RowLayout, fetched: Fetched, cells: Sequence[Row]) -> Page:
    """Return the page of rows that were fetched, and converted to cells."""
    order = slice(layout.place_of_order(0), layout.place_of_order(len(layout.order)))
    if layout.is_written:
        return Page({}, (), order, fetched, _written(layout, fetched.rows))
    return Page({item: place for place, item in enumerate(layout.selected)}, cells, order, fetched)


def _written(layout: RowLayout, rows: Sequence[Row]) -> orjson.Fragment:
    place = layout.place_of_text
    return orjson.Fragment(b"[" + b",".join(cast("bytes", row[place]) for row in rows) + b"]")


def shape_answer(plan: QueryPlan, page: Page, note: AccessNote, seal: CursorSeal) -> Shaped:
    """Return the root field's value as the answer shows it."""
    return Shaped({key: _show(plan, shape, page, note, seal) for key, shape in plan.shape.members})


def _show(plan: QueryPlan, shape: FieldShape, page: Page, note: AccessNote, seal: CursorSeal) -> object:
    type_name = str(plan.entry.identifier)
    match shape:
        case NodesShape() if page.text is not None:
            return page.text
        case NodesShape(node):
            return _show_nodes(node, page, type_name)
        case EdgesShape():
            return _show_edges(shape, page, type_name, seal)
        case NamedShape(field="pageInfo"):
            return _show_named(shape.members, _page_info(page, seal, shape))
        case NamedShape():
            return _show_named(shape.members, _access(note))
        case GroupsShape():
            return _show_groups(shape, plan, page.fetched.groups[shape.place])
        case _:
            return page.fetched.total if shape.field == "totalCount" else f"{type_name}_connection"


def _show_named(members: Sequence[tuple[str, str]], values: dict[str, object]) -> dict[str, object]:
    return {key: values[name] for key, name in members}


def _show_groups(shape: GroupsShape, plan: QueryPlan, groups: Sequence[Row]) -> list[dict[str, object]]:
    items = [item for name in plan.groups[shape.place].by if (item := plan.entry.item(name)) is not None]
    converts = [_convert_for(item) or _same for item in items]

    def show(group: Row) -> dict[str, object]:
        *cells, count = group
        key = [None if cell is None else convert(cell) for convert, cell in zip(converts, cells, strict=True)]
        return _show_named(shape.members, {TYPENAME: "GroupCount", "key": key, "count": count})

    return [show(group) for group in groups]


def _access(note: AccessNote) -> dict[str, object]:
    fresh, now = note.freshness, note.now
    due = None if fresh is None else fresh.due_at
    return {
        TYPENAME: "Access",
        "policies": note.policies,
        "validUntil": note.valid_until,
        "receipt": note.receipt,
        "updatedAt": None if fresh is None else render_instant(fresh.updated_at),
        "dueAt": None if due is None else render_instant(due),
        "isOverdue": None if fresh is None or now is None else fresh.is_overdue(now),
    }


def _page_info(page: Page, seal: CursorSeal, shape: NamedShape) -> dict[str, object]:
    wanted = page.fetched.rows and any(name == "endCursor" for _, name in shape.members)
    return {
        TYPENAME: "PageInfo",
        "hasNextPage": page.fetched.has_more,
        "endCursor": seal.seal(page.position(-1)) if wanted else None,
    }


def _show_nodes(shape: NodeShape, page: Page, type_name: str) -> list[dict[str, object]]:
    keys = [key for key, _ in shape.members]
    places = [page.items[item] for _, item in shape.members if item is not None]
    if len(places) < len(keys) or not keys:
        return [_show_node(shape, page, row, type_name) for row in page.cells]
    if len(places) == 1:
        return [{keys[0]: row[places[0]]} for row in page.cells]
    take = itemgetter(*places)
    return [dict(zip(keys, take(row), strict=True)) for row in page.cells]


def _show_node(shape: NodeShape, page: Page, row: Row, type_name: str) -> dict[str, object]:
    return {key: type_name if item is None else row[page.items[item]] for key, item in shape.members}


def _show_edges(shape: EdgesShape, page: Page, type_name: str, seal: CursorSeal) -> list[dict[str, object]]:
    def show(member: str | NodeShape, row: Row, index: int) -> object:
        if isinstance(member, NodeShape):
            return _show_node(member, page, row, type_name)
        return seal.seal(page.position(index)) if member == "cursor" else f"{type_name}_edge"

    return [{key: show(member, row, index) for key, member in shape.members} for index, row in enumerate(page.cells)]


def access_note(permit: Permit, *, public: bool, receipt: str) -> AccessNote:
    """Return what `access` shows; the public is told of no policy."""
    if public:
        return AccessNote((), None, receipt)
    ends = permit.valid_until
    return AccessNote(
        tuple(record.id for record in permit.records), None if ends is None else render_instant(ends), receipt
    )
