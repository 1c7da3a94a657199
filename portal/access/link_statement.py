"""The statement of a link: for all parents of a page at once, the target rows that each may show."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Dialect, Select, String, Table, bindparam, func, select, tuple_

from portal.access.compiling import EntryColumns, entry_columns
from portal.access.joining import Clause
from portal.access.json_keys import json_member, json_members
from portal.access.plan import LinkPlan
from portal.access.statement import (
    ROW_NUMBER,
    LinkRead,
    RowLayout,
    Statement,
    ordering,
    render_statement,
    row_columns,
    row_layout,
    where_clauses,
    within_depth,
)
from portal.policies.decision import Permit
from portal.vocabulary import ItemIdentifier

ROWS_LIMIT = 200_000
"""Target rows that all links of a root field may read together."""

_KEYS = object()
"""Stands among the parameters for the join values, which are known when the parents are."""


@dataclass(frozen=True, slots=True)
class LinkWindow:
    """The most rows that a parent shows, and the layout of the parents' rows."""

    rows: int
    parents: RowLayout


def compile_link(link: LinkPlan, permit: Permit, table: Table, window: LinkWindow, dialect: Dialect) -> LinkRead:
    """Return the read of a permitted link, without those below it. Raises: TooComplex as `compile_read` does."""
    plan, layout = link.plan, row_layout(link.plan, permit)
    columns = entry_columns(plan.entry, table)
    with within_depth():
        wanted = _select_linked(link, permit, layout, columns, window.rows)
        statement = None if wanted is None else render_statement(wanted, dialect)
    keys_at = None if statement is None else _place_of_keys(statement)
    return LinkRead(
        layout=layout,
        # What is false whatever the row leaves no place for the join values: nothing is there to be read.
        statement=None if keys_at is None else statement,
        keys_at=-1 if keys_at is None else keys_at,
        parent_places=window.parents.places_of(link.link.items),
        own_places=layout.places_of(link.link.target_items),
        rows=window.rows,
        shape=plan.shape,
    )


def _place_of_keys(statement: Statement) -> int | None:
    return next((place for place, value in enumerate(statement.parameters) if value is _KEYS), None)


def _select_linked(
    link: LinkPlan, permit: Permit, layout: RowLayout, columns: EntryColumns, rows: int
) -> Select[Any] | None:
    plan = link.plan
    if not (plan.shape.reads_rows or plan.shape.counts_rows):
        return None
    where = (*where_clauses(plan, permit, columns), _among_keys(link.link.target_items, columns))
    shown = row_columns(layout, columns)
    if not link.link.many:
        return select(*shown).where(*where).limit(ROWS_LIMIT + 1)
    joined = [columns.column(name) for name in link.link.target_items]
    ordered = [*(ordering(term, columns) for term in plan.order), columns.column(ROW_NUMBER)]
    place = func.row_number().over(partition_by=joined, order_by=ordered).label("place")
    counted = [func.count().over(partition_by=joined).label("total")] if plan.shape.counts_rows else []
    found = select(*shown, *counted, place).where(*where).subquery()
    *columns_found, place_found = found.columns
    # One row more than is shown tells whether others follow; one at least carries the count.
    kept = place_found <= (rows + 1 if plan.shape.reads_rows else 1)
    return select(*columns_found).where(kept).order_by(place_found).limit(ROWS_LIMIT + 1)


def _among_keys(names: Sequence[ItemIdentifier], columns: EntryColumns) -> Clause:
    """Return the rows whose join items are among the values, by code point and type.

    One parameter holds them all as JSON, so that the statement is the same for one parent and for a thousand.
    """
    joined = [columns.column(name) for name in names]
    keys = json_members(bindparam("keys", _KEYS, type_=String))
    members = [json_member(keys, index if len(names) > 1 else None, column) for index, column in enumerate(joined)]
    return (joined[0] if len(joined) == 1 else tuple_(*joined)).in_(select(*members))
