"""Rows that the database writes as JSON itself: a page of texts and numbers then never becomes objects of Python.

What is written is what `shaping` would make of the same rows; what a database can't be trusted to show the same way is
left to it: decimals, JSON, masks but the partial one, and masks that depend on the row.
"""

from typing import Any

from sqlalchemy import ColumnElement, String, cast, literal, null

from portal.access.compiling import EntryColumns
from portal.access.plan import EdgesShape, LinkNumber, NodesShape, QueryPlan
from portal.access.text_functions import as_truth, row_text, shown_partly
from portal.catalog.entries import InformationItem
from portal.conditions.tree import ValueType
from portal.policies.decision import MaskChoice, Permit
from portal.policies.records import FullMask, PartialMask
from portal.vocabulary import ItemIdentifier

_MOST_MEMBERS = 40
"""PostgreSQL takes 100 arguments of a function, SQLite 127; each member is two."""
_WRITTEN = frozenset({ValueType.STRING, ValueType.INTEGER, ValueType.BOOLEAN, ValueType.DATE, ValueType.DATETIME})


def written_row(plan: QueryPlan, permit: Permit, columns: EntryColumns) -> ColumnElement[bytes] | None:
    """Return the JSON text of a row's node as a column; None where rows are to be shaped here."""
    lists = [shape for _, shape in plan.shape.members if isinstance(shape, NodesShape | EdgesShape)]
    if plan.links or plan.keys is not None or plan.part is not None or len(lists) != 1:
        return None
    (rows,) = lists
    if isinstance(rows, EdgesShape) or not 0 < len(rows.node.members) <= _MOST_MEMBERS:
        return None
    choices = {choice.item: choice for choice in permit.masks}
    members: list[tuple[str, ColumnElement[Any]]] = []
    for key, item in rows.node.members:
        value = _type_name(plan) if item is None else _value(item, plan, choices, columns)
        if value is None:
            return None
        members.append((key, value))
    return row_text(members)


def _type_name(plan: QueryPlan) -> ColumnElement[Any]:
    return literal(str(plan.entry.identifier), String)


def _value(
    name: ItemIdentifier | LinkNumber, plan: QueryPlan, choices: dict[ItemIdentifier, MaskChoice], columns: EntryColumns
) -> ColumnElement[Any] | None:
    item = None if isinstance(name, LinkNumber) else plan.entry.item(name)
    if item is None or item.type not in _WRITTEN:
        return None
    column = columns.column(item.identifier)
    choice = choices.get(item.identifier)
    if choice is not None:
        return _masked(choice, item, column)
    return as_truth(column) if item.type is ValueType.BOOLEAN else column


def _masked(choice: MaskChoice, item: InformationItem, column: ColumnElement[Any]) -> ColumnElement[Any] | None:
    match choice.options:
        case ((FullMask(), _),):
            return cast(null(), String)
        case ((PartialMask(head, tail), _),) if item.type is ValueType.STRING and item.length is not None:
            return shown_partly(column, head, tail, item.length)
        case _:
            return None
