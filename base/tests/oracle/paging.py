"""Requests that go on from a cursor: the next page, and what must not be answered with one."""

from dataclasses import replace
from random import Random

from tests.oracle.answer import Reference
from tests.oracle.document import (
    Definition,
    Document,
    Field,
    Flag,
    Inline,
    Literal,
    Members,
    Number,
    Selection,
    Spread,
    Text,
    Variable,
    pruned,
)
from tests.oracle.expectation import CursorOf
from tests.oracle.generate_cells import chance, weighted
from tests.oracle.refusal import Binding
from tests.oracle.validation import arguments_of
from tests.oracle.world import Caller, subject_of

TURNS = {"onwards": 12.0, "other size": 4.0, "other filter": 1.0, "other order": 1.0, "altered": 1.0}


def draw_continuation(
    draw: Random, reference: Reference, caller: Caller, document: Document, cursors: list[str]
) -> Document | None:
    """The document with `after` at a cursor of its own answer, and sometimes with something else changed."""
    if not cursors:
        return None
    cursor = draw.choice(cursors[-2:])
    sighting = reference.sightings.cursors[cursor]
    view = reference.view(subject_of(reference.world, caller))
    found = [each for each in roots_of(document) if _is_bound(reference, each, document, sighting, caller)]
    if not found or found[0].name not in view:
        return None
    turned = _turned(draw, found[0], cursor, next(iter(view[found[0].name])))
    after = next(literal for name, literal in turned.arguments if name == "after")
    if chance(draw, 0.3) and isinstance(after, Text):
        document = _with_variable(document, after.value)
        others = tuple(pair for pair in turned.arguments if pair[0] != "after")
        turned = replace(turned, arguments=(*others, ("after", Variable("after"))))
    return pruned(
        replace(document, selections=tuple(_replaced(each, found[0], turned) for each in document.selections))
    )


def going_on(document: Document, cursor: str) -> Document:
    """The document with `after` at a cursor in its first root field."""
    root = roots_of(document)[0]
    others = tuple(pair for pair in root.arguments if pair[0] != "after")
    turned = replace(root, arguments=(*others, ("after", Text(cursor))))
    return _with_root(document, root, turned)


def roots_of(document: Document) -> list[Field]:
    """The fields of `shared`, as they stand in it or in fragments inside it."""
    shared = [each for each in document.selections if isinstance(each, Field)]
    return [root for each in shared for root in fields_in(each.selections)]


def fields_in(selections: tuple[Selection, ...]) -> list[Field]:
    """The fields of selections, also of those inside inline fragments."""
    found: list[Field] = []
    for selection in selections:
        if isinstance(selection, Inline):
            found += fields_in(selection.selections)
        elif isinstance(selection, Field) and selection.name != "__typename":
            found.append(selection)
    return found


def _is_bound(reference: Reference, root: Field, document: Document, sighting: CursorOf, caller: Caller) -> bool:
    subject = subject_of(reference.world, caller)
    arguments = arguments_of(root, document, reference.view(subject))
    return sighting.binding == Binding(subject.identity, root.name, arguments.where, arguments.order)


def _turned(draw: Random, root: Field, cursor: str, item: str) -> Field:
    arguments: dict[str, Literal] = dict(root.arguments) | {"after": Text(cursor)}
    match weighted(draw, TURNS):
        case "other size":
            arguments["first"] = Number(str(draw.randint(1, 7)))
        case "other filter":
            arguments["where"] = Members(((item, Members((("isNull", Flag(value=False)),))),))
        case "other order":
            arguments.pop("orderBy", None)
        case "altered":
            middle = len(cursor) // 2
            arguments["after"] = Text(cursor[:middle] + ("A" if cursor[middle] != "A" else "B") + cursor[middle + 1 :])
        case _:
            pass
    return replace(root, arguments=tuple(arguments.items()))


def _with_variable(document: Document, cursor: str) -> Document:
    kept = tuple(each for each in document.definitions if each.name != "after")
    return replace(
        document, definitions=(*kept, Definition("after", "String")), values={**document.values, "after": cursor}
    )


def _with_root(document: Document, old: Field, new: Field) -> Document:
    return pruned(replace(document, selections=tuple(_replaced(each, old, new) for each in document.selections)))


def _replaced(selection: Selection, old: Field, new: Field) -> Selection:
    if selection is old:
        return new
    if isinstance(selection, Spread):
        return selection
    return replace(selection, selections=tuple(_replaced(each, old, new) for each in selection.selections))
