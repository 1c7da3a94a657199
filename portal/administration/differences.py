"""What a change set changes, thing by thing: what held before, and what holds after.

Of one that came into force both are what the versions of its epoch say. Of any other `before` is what holds now, and
`after` what it would put there, whether or not it passes its checks.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection

from portal.administration.change_sets import ChangeSet
from portal.administration.documents import MOST_OPERATIONS, PLACE, ChangedKind, Put
from portal.administration.editing import REGISTERED_KINDS, TABLES_OF
from portal.administration.loads import rows_of_load
from portal.conditions.values import parse_instant, render_instant
from portal.errors import BadInput
from portal.identity.register_reading import parse_registered
from portal.identity.registered import render_registered
from portal.identity.rows import load_registered
from portal.json_text import JsonValue, parse_json
from portal.policies.rows import load_document
from portal.storage.content import Cell, Cells, ContentRow
from portal.storage.history import read_version, rows_now, version_held, versions_before, versions_begun
from portal.storage.tables import agreements, catalog_entries, datasets, key_files, policy_records

MOST_SHOWN = MOST_OPERATIONS
"""So many differences are told one by one: all that a person can write; of larger loads the rest is only counted."""

Place = tuple[str, str]
"""A row by table and key."""
Rows = Mapping[Place, ContentRow | None]
Things = Mapping[tuple["ChangedThing", str], Mapping[str, ContentRow]]
"""Rows by the thing that they make up, then by table; no rows of what isn't there."""
_INSTANTS = ("valid_from", "valid_until")


class ChangedThing(StrEnum):
    """What can differ after a change: what people write changes of, and what loads bring beside it."""

    POLICY = "policy"
    AGREEMENT = "agreement"
    DEPARTMENT = "department"
    GROUP = "group"
    APPLICATION = "application"
    USER = "user"
    KEY = "key"
    EXPECTATION = "expectation"
    FREEZE = "freeze"
    ENTRY = "entry"
    ROWS = "rows"


_THINGS = {
    **{table.name: ChangedThing(kind.value) for kind in reversed(ChangedKind) for table in TABLES_OF[kind]},
    catalog_entries.name: ChangedThing.ENTRY,
    datasets.name: ChangedThing.ROWS,
}
"""What a table holds; records are policies, but for those of an agreement that changes with them."""
_REGISTERED = {ChangedThing(kind.value): registered for kind, registered in REGISTERED_KINDS.items()}


@dataclass(frozen=True, slots=True)
class Difference:
    """A thing before and after, as JSON documents; None where there is none."""

    thing: ChangedThing
    id: str
    before: Mapping[str, JsonValue] | None
    after: Mapping[str, JsonValue] | None


@dataclass(frozen=True, slots=True)
class DifferenceCount:
    """How many things of a kind are new, changed and gone."""

    thing: ChangedThing
    added: int
    changed: int
    withdrawn: int


@dataclass(frozen=True, slots=True)
class Differences:
    """All differences counted, and the first `MOST_SHOWN` of them, by kind and id."""

    counts: tuple[DifferenceCount, ...]
    shown: tuple[Difference, ...]


def read_differences(connection: Connection, change: ChangeSet) -> Differences:
    """Return what the change set changes."""
    if change.epoch is not None:
        return _in_force(connection, change.epoch)
    rows: dict[Place, ContentRow | None] = {} if change.rows is None else dict(rows_of_load(change.rows))
    for one in change.document.restorations:
        version = (one.table, one.key, one.version or 0)
        rows[one.table, one.key] = None if one.version is None else read_version(connection, version)
    for withdrawal in change.document.withdrawals:
        rows.update({(table.name, withdrawal.id): None for table in TABLES_OF[withdrawal.kind]})
    written = {_thing_of(put): render_put(put) for put in change.document.puts}
    places = {*rows, *((table.name, key) for thing, key in written for table in TABLES_OF[ChangedKind(thing.value)])}
    now = rows_now(connection, sorted(_whole(places)))
    return _differences(_things(now, places), _things({**now, **rows}, places), written)


def _in_force(connection: Connection, epoch: int) -> Differences:
    before, begun = versions_before(connection, epoch), versions_begun(connection, epoch)
    places = {*before, *begun}
    # A load may have changed a hundred thousand rows: what is only counted isn't read.
    shown = {*sorted({_thing_at(place, places) for place in places}, key=_order)[:MOST_SHOWN]}
    told = {place for place in places if _thing_at(place, places) in shown}
    beside = {place: version_held(connection, place, epoch) for place in _whole(told) - places}

    def held(versions: Mapping[Place, int | None]) -> dict[Place, ContentRow | None]:
        there = {place: version for place, version in {**beside, **versions}.items() if version is not None}
        return {
            place: read_version(connection, (*place, version)) if place in told or place in beside else _UNREAD
            for place, version in there.items()
        }

    return _differences(_things(held(before), places), _things(held(begun), places), {})


def _whole(places: Collection[Place]) -> set[Place]:
    """Return the places with those of the other tables that say what a department, application or person is."""
    others = {
        (table.name, key)
        for name, key in places
        for kind in REGISTERED_KINDS
        if name in {each.name for each in TABLES_OF[kind]}
        for table in TABLES_OF[kind]
    }
    return {*places, *others}


_UNREAD = ContentRow({}, {})


def _thing_at(place: Place, places: Collection[Place]) -> tuple[ChangedThing, str]:
    table, key = place
    if table == policy_records.name and (agreements.name, key) in places:
        return ChangedThing.AGREEMENT, key
    return _THINGS[table], key


def _things(rows: Rows, places: Collection[Place]) -> Things:
    things: dict[tuple[ChangedThing, str], dict[str, ContentRow]] = {}
    for place, row in rows.items():
        of = things.setdefault(_thing_at(place, places), {})
        if row is not None:
            of[place[0]] = row
    return things


def _differences(
    before: Things, after: Things, written: Mapping[tuple[ChangedThing, str], Mapping[str, JsonValue]]
) -> Differences:
    listed = sorted({*before, *after, *written}, key=_order)
    counted: Counter[tuple[ChangedThing, str]] = Counter()
    shown: list[Difference] = []
    for thing, key in listed:
        was, will = before.get((thing, key)), after.get((thing, key))
        is_there = bool(will) or (thing, key) in written
        counted[thing, "changed" if was and is_there else "added" if is_there else "withdrawn"] += 1
        if len(shown) < MOST_SHOWN:
            then = written.get((thing, key)) or (render_thing(thing, key, will) if will else None)
            shown.append(Difference(thing, key, render_thing(thing, key, was) if was else None, then))
    return Differences(tuple(_counts(counted)), tuple(shown))


def _order(one: tuple[ChangedThing, str]) -> tuple[int, str]:
    return [*ChangedThing].index(one[0]), one[1]


def _counts(counted: Counter[tuple[ChangedThing, str]]) -> Iterator[DifferenceCount]:
    for thing in ChangedThing:
        numbers = [counted[thing, how] for how in ("added", "changed", "withdrawn")]
        if any(numbers):
            yield DifferenceCount(thing, *numbers)


def _thing_of(put: Put) -> tuple[ChangedThing, str]:
    key = next((put.document[name] for name in ("id", "code", "path") if name in put.document), None)
    # What has no id is a fault of the draft, and shown all the same, by where it stands.
    return ChangedThing(put.kind.value), key if isinstance(key, str) else put.place


def render_put(put: Put) -> dict[str, JsonValue]:
    """Return what a person wrote as what is stored would be shown, so that both can be held against each other."""
    kind = REGISTERED_KINDS.get(put.kind)
    if kind is not None:
        registered, faults = parse_registered(kind, dict(put.document), PLACE)
        return dict(put.document) if registered is None or faults else render_registered(registered)
    if put.kind is not ChangedKind.POLICY:
        return dict(put.document)
    document: dict[str, JsonValue] = {
        name: member for name, member in put.document.items() if member not in (None, [], {})
    }
    for name in _INSTANTS:
        instant = document.get(name)
        if isinstance(instant, str):
            with suppress(BadInput, ValueError):
                document[name] = render_instant(parse_instant(instant))
    return document


def render_thing(thing: ChangedThing, key: str, rows: Mapping[str, ContentRow]) -> dict[str, JsonValue]:
    """Return what rows of a thing say, as the document that a change would write of it."""
    if thing in _REGISTERED:
        return render_registered(load_registered(_REGISTERED[thing], key, rows))
    if thing is ChangedThing.AGREEMENT and agreements.name in rows:
        return _parsed(rows[agreements.name].text("document"))
    (row,) = rows.values()
    if thing is ChangedThing.POLICY:
        return load_document(key, row)
    if thing is ChangedThing.KEY:
        return {"path": key, "content": rows[key_files.name].octets("content").decode(errors="replace")}
    if thing is ChangedThing.EXPECTATION:
        cells = {name: cell for name, cell in row.cells.items() if name != "document"}
        return {"id": key, **_cells(cells), **_parsed(row.text("document"))}
    return {"id": key, **_plain(row)}


def _plain(row: ContentRow) -> dict[str, JsonValue]:
    cells = {name: cell for name, cell in row.cells.items() if cell is not None}
    children: dict[str, JsonValue] = {str(name): [_cells(one) for one in of] for name, of in row.children.items() if of}
    return {**_cells(cells), **children}


def _cells(cells: Cells) -> dict[str, JsonValue]:
    # Names of columns are SQLAlchemy's own texts, which the writer of answers takes for no keys.
    return {str(name): _shown(cell) for name, cell in cells.items()}


def _parsed(text: str) -> dict[str, JsonValue]:
    document = parse_json(text)
    return document if isinstance(document, dict) else {"document": document}


def _shown(cell: Cell) -> JsonValue:
    return cell.hex() if isinstance(cell, bytes) else cell
