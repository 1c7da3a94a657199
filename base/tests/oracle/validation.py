"""Whether a document is valid in a subject's view; and the fields that a selection yields."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from tests.oracle.document import Document, Field, Flag, FromVariable, Inline, Literal, Selection, Spread, resolve
from tests.oracle.reading import Arguments, Fault, read_arguments
from tests.oracle.world import Item


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
class _Place:
    level: Level
    entry: str = ""


def faults_of(document: Document, view: View) -> set[Fault]:
    """What is wrong with a document as a whole; nothing where it can be executed."""
    faults: set[Fault] = {Fault.NOT_VALID} if document.broken else set()
    if not document.broken:
        _check(document.selections, _Place(Level.QUERY), _Walk(document, view, faults))
    return faults - {Fault.BAD_INPUT}


@dataclass(frozen=True, slots=True)
class _Walk:
    document: Document
    view: View
    faults: set[Fault]


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
    inner = _place_of(selected, place, walk.view)
    leaf = inner is None
    if not _is_known(selected, place, walk.view) or leaf is bool(selected.selections):
        walk.faults.add(Fault.NOT_VALID)
        return
    if place.level is Level.SHARED:
        walk.faults.update(arguments_of(selected, walk.document, walk.view).faults)
    elif selected.arguments:
        walk.faults.add(Fault.NOT_VALID)
    if inner is not None:
        _check(selected.selections, inner, walk)


def _is_known(selected: Field, place: _Place, view: View) -> bool:
    if place.level is Level.SHARED:
        return selected.name in view
    if place.level is Level.NODE:
        return selected.name in view[place.entry]
    return selected.name in FIELDS[place.level]


def _place_of(selected: Field, place: _Place, view: View) -> _Place | None:
    """Where the field's own selections stand; None for a leaf."""
    if place.level is Level.SHARED:
        return _Place(Level.CONNECTION, selected.name)
    level = FIELDS.get(place.level, {}).get(selected.name)
    return None if level is None else _Place(level, place.entry)


def arguments_of(selected: Field, document: Document, view: View) -> Arguments:
    """The arguments of a root field of `shared`."""
    resolved = ((name, resolve(value, document)) for name, value in selected.arguments)
    pairs = tuple((name, value) for name, value in resolved if value is not None)
    return read_arguments(pairs, view.get(selected.name, {}))


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
