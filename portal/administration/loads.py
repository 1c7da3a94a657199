"""Loads as change sets: a bundle loaded into a portal that holds something is recorded as one.

In force at once, or, where a setting asks for it, as soon as a second person approves; the rows of its entries lie in
the data store by then, in tables that nothing names yet.
"""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import cast

from sqlalchemy import Connection

from portal.administration.assessing import broken_after
from portal.administration.change_sets import ChangeKind, ChangeSet, ChangeState
from portal.administration.change_store import StepNote, insert_change
from portal.administration.documents import ChangeDocument
from portal.administration.revising import Faulty, revised_to
from portal.administration.wording import render_broken
from portal.bundles.data_in import follow_content
from portal.bundles.loading import Settled
from portal.conditions.values import parse_instant
from portal.errors import BadInput, Text
from portal.json_text import JsonValue
from portal.policies.casbin_models import Matcher, ModelName
from portal.storage.content import Cell, ContentRow, StoredContent, read_content
from portal.storage.content_changes import ChangeNote, ContentChange, WantedContent, store_change
from portal.storage.tables import expectations
from portal.vocabulary import UserId


def load_change(change: ContentChange, note: StepNote, reason: str, *, waits: bool) -> ChangeSet:
    """Return the change set that a load is; the whole of it where it `waits` for a second person."""
    present = change.present
    return ChangeSet(
        id=0,
        kind=ChangeKind.LOAD,
        title="portal load",
        reason=reason,
        basis=None,
        author=UserId(note.by),
        author_roles=frozenset(),
        state=ChangeState.SUBMITTED if waits else ChangeState.ACTIVE,
        version=1,
        base_epoch=0 if present is None else present.epoch,
        document=ChangeDocument(),
        base=_base(change),
        rows=_render_rows(change) if waits else None,
    )


def settle_load(
    connection: Connection, change: ContentChange, note: ChangeNote, secret: bytes, *, waits: bool
) -> Settled:
    """Bring a load into force and record it, or let it wait; the first of a portal is its set-up, no change of it."""
    step = StepNote(note.made_by, parse_instant(note.made_at), note.reason)
    _check_expectations(change, step.at)
    if waits and change.present is not None and change.is_change:
        return Settled(change.present.epoch, hold_load(connection, change, step, note.reason))
    epoch = store_change(connection, change, note, secret)
    if change.present is not None and change.is_change:
        record_load(connection, change, epoch, step, note.reason)
    return Settled(epoch)


def settle_rows(
    connection: Connection, change: ContentChange, note: ChangeNote, secret: bytes, *, title: str
) -> Settled:
    """Bring other rows of an entry into force, whatever else changed meanwhile, and record it under this title.

    It needs no second person: rows decide nothing, and what may be read of them is agreed on beside them.
    Raises: ConfigurationError where the entry or its rows changed.
    """
    current = follow_content(change, read_content(connection, secret))
    step = StepNote(note.made_by, parse_instant(note.made_at), note.reason)
    epoch = store_change(connection, current, note, secret)
    made = replace(load_change(current, step, note.reason, waits=False), title=title, epoch=epoch)
    insert_change(connection, made, step)
    return Settled(epoch)


def _check_expectations(change: ContentChange, now: datetime) -> None:
    """Raise BadInput where the load would break an expectation that people saved."""
    if change.present is None or not change.wanted.rows.get(expectations.name):
        return
    revised = revised_to(change.present, change.wanted, {})
    if isinstance(revised, Faulty):
        raise BadInput(revised.faults[0].what)
    matchers = {name: Matcher(name) for name in ModelName}
    if broken := [render_broken(one) for one in broken_after(revised, matchers, now)]:
        raise BadInput(
            Text(
                en="; ".join(text.en for text in broken) + "; nothing was loaded",
                zh="；".join(text.zh for text in broken) + "；未装载任何内容",
            )
        )


def record_load(connection: Connection, change: ContentChange, epoch: int, note: StepNote, reason: str) -> int:
    """Record a load that is in force from this epoch on, in its own transaction."""
    return insert_change(connection, replace(load_change(change, note, reason, waits=False), epoch=epoch), note)


def hold_load(connection: Connection, change: ContentChange, note: StepNote, reason: str) -> int:
    """Let a load wait for a second person, and return its number."""
    return insert_change(connection, load_change(change, note, reason, waits=True), note)


def _base(change: ContentChange) -> Mapping[str, int]:
    base: dict[str, int] = {}
    for table, difference in change.differences.items():
        present = {} if change.present is None else change.present.rows[table]
        for key in (*difference.new, *difference.changed, *difference.withdrawn, *difference.adopted):
            base[f"{table}/{key}"] = present[key].version if key in present else 0
    return base


def _render_rows(change: ContentChange) -> dict[str, JsonValue]:
    """Return what the load puts and withdraws as JSON: profile, title, rows by table and key, null for withdrawn."""
    tables: dict[str, JsonValue] = {}
    for table, difference in change.differences.items():
        wanted = change.wanted.rows.get(table, {})
        put = (*difference.new, *difference.changed, *difference.adopted)
        rows: dict[str, JsonValue] = {key: _render_row(wanted[key]) for key in put}
        rows.update(dict.fromkeys(difference.withdrawn))
        if rows:
            tables[table] = rows
    identity = change.wanted.identity
    return {"profile": identity.profile, "title": identity.title, "tables": tables}


def _render_row(row: ContentRow) -> JsonValue:
    children: dict[str, JsonValue] = {
        name: [{column: _render_cell(cell) for column, cell in cells.items()} for cells in of]
        for name, of in row.children.items()
    }
    return {"cells": {name: _render_cell(cell) for name, cell in row.cells.items()}, "children": children}


def _render_cell(cell: Cell) -> JsonValue:
    return {"base64": base64.b64encode(cell).decode()} if isinstance(cell, bytes) else cell


def wanted_of_load(present: StoredContent, load: Mapping[str, JsonValue]) -> WantedContent:
    """Return the content that a load which waited leads to."""
    rows = {table: {key: active.row for key, active in of.items()} for table, of in present.rows.items()}
    for (table, key), row in rows_of_load(load):
        if row is None:
            rows[table].pop(key, None)
        else:
            rows[table][key] = row
    identity = replace(present.identity, profile=str(load["profile"]), title=str(load["title"]))
    return WantedContent(identity, rows)


def rows_of_load(load: Mapping[str, JsonValue]) -> Iterator[tuple[tuple[str, str], ContentRow | None]]:
    """Yield what a load that waited puts at each place, by table and key; None for what it withdraws."""
    for table, changed in cast("dict[str, dict[str, JsonValue]]", load["tables"]).items():
        for key, row in changed.items():
            yield (table, key), None if row is None else _parse_row(cast("dict[str, JsonValue]", row))


def _parse_row(row: Mapping[str, JsonValue]) -> ContentRow:
    children = cast("dict[str, list[dict[str, JsonValue]]]", row["children"])
    cells = cast("dict[str, JsonValue]", row["cells"])
    return ContentRow(
        {name: _parse_cell(cell) for name, cell in cells.items()},
        {
            name: tuple({column: _parse_cell(cell) for column, cell in one.items()} for one in of)
            for name, of in children.items()
        },
    )


def _parse_cell(cell: JsonValue) -> Cell:
    if isinstance(cell, dict):
        return base64.b64decode(str(cell["base64"]))
    return cast("Cell", cell)
