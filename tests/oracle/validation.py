"""Whether a document is valid in a subject's view; and the fields that a selection yields."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from tests.oracle.document import Document, Field, Flag, FromVariable, Inline, Literal, Selection, Spread, resolve
from tests.oracle.reading import Arguments, Fault, read_arguments, read_key_arguments, read_link_arguments
from tests.oracle.world import Entry, Item, Link, World


class Level(StrEnum):
    """The kinds of type between the root and a cell."""

    QUERY = "query"
    SHARED = "shared"
    CONNECTION = "connection"
    EDGE = "edge"
    NODE = "node"
    PAGE = "page"
    ACCESS = "access"


FIELDS: Mapping[Level, Mapping[str, Level | None]] = {
    Level.QUERY: {"shared": Level.SHARED},
    Level.CONNECTION: {
        "nodes": Level.NODE,
        "edges": Level.EDGE,
        "pageInfo": Level.PAGE,
        "totalCount": None,
        "access": Level.ACCESS,
    },
    Level.EDGE: {"cursor": None, "node": Level.NODE},
    Level.PAGE: {"hasNextPage": None, "endCursor": None},
    Level.ACCESS: {"policies": None, "validUntil": None, "receipt": None},
}

View = Mapping[str, Mapping[str, Item]]
"""By entry, the items that the subject's schema holds; an entry without any isn't there."""


@dataclass(frozen=True, slots=True)
class KeyField:
    """A root field that gives rows by key."""

    entry: Entry
    several: bool


@dataclass(frozen=True, slots=True)
class Reach:
    """What a subject's schema holds besides items: links by entry, and root fields that give rows by key."""

    links: Mapping[str, Mapping[str, Link]]
    keys: Mapping[str, KeyField]


NO_REACH = Reach({}, {})


def reach_of(world: World, view: View) -> Reach:
    """The reach of a view: a link needs its join items on either side in it, a row by key the whole key."""
    entries = [entry for entry in world.entries if entry.identifier in view]
    links = {
        entry.identifier: {
            link.identifier: link
            for link in entry.links
            if set(link.items) <= set(view[entry.identifier])
            and set(link.target_items) <= set(view.get(link.target, ()))
        }
        for entry in entries
    }
    keys = {}
    for entry in entries:
        if set(entry.key) <= set(view[entry.identifier]):
            keys[f"{entry.identifier}_by_key"] = KeyField(entry, several=False)
            keys[f"{entry.identifier}_by_keys"] = KeyField(entry, several=True)
    return Reach(links, keys)


@dataclass(frozen=True, slots=True)
class _Place:
    level: Level
    entry: str = ""


def faults_of(document: Document, view: View, reach: Reach = NO_REACH) -> set[Fault]:
    """What is wrong with a document as a whole; nothing where it can be executed."""
    faults: set[Fault] = {Fault.NOT_VALID} if document.broken else set()
    if not document.broken:
        _check(document.selections, _Place(Level.QUERY), _Walk(document, view, faults, reach))
    return faults - {Fault.BAD_INPUT}


@dataclass(frozen=True, slots=True)
class _Walk:
    document: Document
    view: View
    faults: set[Fault]
    reach: Reach

    def link(self, selected: Field, place: _Place) -> Link | None:
        """The link that is selected there, if it is one."""
        return self.reach.links.get(place.entry, {}).get(selected.name) if place.level is Level.NODE else None


def _check(selections: tuple[Selection, ...], place: _Place, walk: _Walk) -> None:
    for selection in selections:
        if isinstance(selection, Spread):
            _check(walk.document.fragment(selection.name).selections, place, walk)
        elif isinstance(selection, Inline):
            _check(selection.selections, place, walk)
        else:
            _check_field(selection, place, walk)


def _check_field(selected: Field, place: _Place, walk: _Walk) -> None:
    if selected.name == "__typename":
        return
    inner = _place_of(selected, place, walk)
    leaf = inner is None
    if not _is_known(selected, place, walk) or leaf is bool(selected.selections):
        walk.faults.add(Fault.NOT_VALID)
        return
    link = walk.link(selected, place)
    if place.level is Level.SHARED:
        walk.faults.update(root_arguments(selected, walk.document, walk.view, walk.reach).faults)
    elif link is not None and link.many:
        walk.faults.update(link_arguments(selected, walk.document, walk.view[link.target]).faults)
    elif selected.arguments:
        walk.faults.add(Fault.NOT_VALID)
    if inner is not None:
        _check(selected.selections, inner, walk)


def _is_known(selected: Field, place: _Place, walk: _Walk) -> bool:
    if place.level is Level.SHARED:
        return selected.name in walk.view or selected.name in walk.reach.keys
    if place.level is Level.NODE:
        return selected.name in walk.view[place.entry] or walk.link(selected, place) is not None
    return selected.name in FIELDS[place.level]


def _place_of(selected: Field, place: _Place, walk: _Walk) -> _Place | None:
    """Where the field's own selections stand; None for a leaf."""
    link = walk.link(selected, place)
    if link is not None:
        return _Place(Level.CONNECTION if link.many else Level.NODE, link.target)
    if selected.name in walk.reach.keys and place.level is Level.SHARED:
        return _Place(Level.NODE, walk.reach.keys[selected.name].entry.identifier)
    if place.level is Level.SHARED:
        return _Place(Level.CONNECTION, selected.name)
    level = FIELDS.get(place.level, {}).get(selected.name)
    return None if level is None else _Place(level, place.entry)


def arguments_of(selected: Field, document: Document, view: View) -> Arguments:
    """The arguments of a root field of `shared`."""
    resolved = ((name, resolve(value, document)) for name, value in selected.arguments)
    pairs = tuple((name, value) for name, value in resolved if value is not None)
    return read_arguments(pairs, view.get(selected.name, {}))


def root_arguments(selected: Field, document: Document, view: View, reach: Reach) -> Arguments:
    """The arguments of a root field of `shared`, whether it gives a page or rows by key."""
    by_key = reach.keys.get(selected.name)
    if by_key is None:
        return arguments_of(selected, document, view)
    pairs = tuple((name, resolve(value, document)) for name, value in selected.arguments)
    return read_key_arguments(tuple((name, value) for name, value in pairs if value is not None), by_key)


def link_arguments(selected: Field, document: Document, items: Mapping[str, Item]) -> Arguments:
    """The arguments of a link to many."""
    resolved = ((name, resolve(value, document)) for name, value in selected.arguments)
    return read_link_arguments(tuple((name, value) for name, value in resolved if value is not None), items)


def collect(fields: list[Field], document: Document) -> dict[str, list[Field]]:
    """The fields that the selections of `fields` yield together, by response key, in the order of the answer."""
    collected: dict[str, list[Field]] = {}
    for selected in fields:
        gather(selected.selections, document, collected)
    return collected


def gather(selections: tuple[Selection, ...], document: Document, into: dict[str, list[Field]]) -> None:
    """Adds what selections yield, without what `@skip` or `@include` leaves out."""
    for selection in selections:
        if not all(_holds(each.name, each.condition, document) for each in selection.directives):
            continue
        if isinstance(selection, Field):
            into.setdefault(selection.response_key, []).append(selection)
        elif isinstance(selection, Inline):
            gather(selection.selections, document, into)
        else:
            gather(document.fragment(selection.name).selections, document, into)


def _holds(name: str, condition: Literal, document: Document) -> bool:
    value = resolve(condition, document)
    flag = value.value if isinstance(value, FromVariable) else value
    assert isinstance(flag, Flag)
    return flag.value is (name == "include")
