"""Shaping links: the target rows of each link as columns of their parents' rows, innermost first."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast

from portal.access.cursors import NO_CURSORS, cursor_seal
from portal.access.granting import Grant
from portal.access.linking import Group, JoinKey, LinkedRows, join_key
from portal.access.plan import LinkNumber, LinkPlan
from portal.access.shaping import (
    AccessNote,
    Fetched,
    Page,
    Row,
    Shaped,
    ShapedRows,
    access_note,
    convert_rows,
    page_of,
    shape_answer,
)
from portal.access.statement import AskedKeys, LinkRead, Read
from portal.catalog.freshness import assess_freshness
from portal.vocabulary import Subject


@dataclass(frozen=True, slots=True)
class Showing:
    """What every level of an answer is shown with: to whom, its department's key for hashes, the receipt, and when."""

    subject: Subject
    mask_key: bytes
    cursor_secret: bytes
    receipt: str
    now: datetime

    def note(self, grant: Grant) -> AccessNote:
        """Return what `access` says of a grant."""
        note = access_note(grant.permit, public=self.subject.is_public, receipt=self.receipt)
        arrived = grant.plan.state.table.arrived_at
        if arrived is None or not grant.plan.shape.tells_access:
            return note
        return replace(note, freshness=assess_freshness(grant.entry.update_cycle, arrived), now=self.now)


def linked_page(
    grant: Grant, read: Read | LinkRead, fetched: Fetched, links: Sequence[LinkedRows], showing: Showing
) -> Page:
    """Return rows in answer form, what each of the links below them shows as further columns."""
    if read.layout.is_written:
        return page_of(read.layout, fetched, ())
    cells = convert_rows(read.layout, fetched.rows, grant.entry, grant.permit, showing.mask_key)
    page = page_of(read.layout, fetched, cells)
    if not links:
        return page
    columns = [
        _column(_Link(plan, below, link_read, found), fetched.rows, showing)
        for plan, below, link_read, found in zip(grant.plan.links, grant.links, read.links, links, strict=True)
    ]
    width = len(read.layout.selected)
    joined = [(*row, *linked) for row, linked in zip(cells, zip(*columns, strict=True), strict=True)]
    return replace(page, items={**page.items, **{LinkNumber(n): width + n for n in range(len(columns))}}, cells=joined)


@dataclass(frozen=True, slots=True)
class _Link:
    """A link with what was granted, compiled and found for it."""

    plan: LinkPlan
    grant: Grant
    read: LinkRead
    found: LinkedRows


def _column(link: _Link, parents: Sequence[Row], showing: Showing) -> list[object]:
    """Return what the link shows in each parent's row; parents of one join value share it."""
    found = link.found
    page = linked_page(link.grant, link.read, Fetched(found.rows, False, None), found.links, showing)
    shown, missing = _show_many(link, page, showing) if link.plan.link.many else _show_one(link, page, showing)
    places = link.read.parent_places
    keys = (join_key(parent, places) for parent in parents)
    return [missing if key is None else shown.get(key, missing) for key in keys]


def _show_one(link: _Link, page: Page, showing: Showing) -> tuple[dict[JoinKey, object], object]:
    nodes = shape_nodes(link.grant, page, showing)
    return {key: nodes[group.start] for key, group in link.found.groups.items()}, None


def _show_many(link: _Link, page: Page, showing: Showing) -> tuple[dict[JoinKey, object], object]:
    note = showing.note(link.grant)
    seal = cursor_seal(showing.cursor_secret, showing.subject, link.grant.plan, link.plan.path)

    def show(group: Group) -> Shaped:
        return shape_answer(link.grant.plan, _part(page, group), note, seal)

    return {key: show(group) for key, group in link.found.groups.items()}, show(Group(0, 0, False, 0))


def _part(page: Page, group: Group) -> Page:
    rows = slice(group.start, group.end)
    fetched = Fetched(page.fetched.rows[rows], group.has_more, group.total)
    return Page(page.items, page.cells[rows], page.order, fetched)


def rows_by_key(grant: Grant, asked: AskedKeys, page: Page, showing: Showing) -> ShapedRows:
    """Return the rows of the keys asked for, in their order; None where there is none, or none permitted."""
    nodes = shape_nodes(grant, page, showing)
    row_keys = (join_key(row, asked.places) for row in page.fetched.rows)
    node_by_key = {key: Shaped(node) for key, node in zip(row_keys, nodes, strict=True) if key is not None}
    return ShapedRows(None if key is None else node_by_key.get(key) for key in asked.keys)


def shape_nodes(grant: Grant, page: Page, showing: Showing) -> list[dict[str, object]]:
    """Return the nodes of a plan that shows nothing but nodes, one for each row of the page."""
    ((_, nodes),) = shape_answer(grant.plan, page, showing.note(grant), NO_CURSORS).items()
    return cast("list[dict[str, object]]", nodes)
