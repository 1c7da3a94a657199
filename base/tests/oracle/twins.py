"""Twin worlds (enforcement.md §7): worlds that differ only in what a subject may not read, and their answers."""

import re
from dataclasses import dataclass, field, replace
from random import Random

from tests.oracle.answer import Reference
from tests.oracle.campaign import Send
from tests.oracle.conditions import ItemType, names_in
from tests.oracle.decision import Asking, applying, effective_matter, masks_of, names_consumer
from tests.oracle.document import Document, render_document
from tests.oracle.expectation import Reply
from tests.oracle.generate_cells import chance, draw_cell
from tests.oracle.generate_requests import draw_request
from tests.oracle.masks import Full
from tests.oracle.paging import going_on
from tests.oracle.world import PURPOSES, Caller, Cell, Entry, Item, Row, Subject, World, subject_of

SCRUBBED = re.compile(rb'"(cursor|endCursor|receipt)": ?"[^"]*"')
HASHED = re.compile(rb'"[0-9a-f]{32}"')
VARYING_HEADERS = ("date", "content-length", "x-request-id", "connection", "keep-alive")


def hidden_cells(reference: Reference, caller: Caller) -> set[tuple[str, int, str]]:
    """The cells (entry, row number, item) that a caller may in no way read, and that no scope of its records reads."""
    subject = subject_of(reference.world, caller)
    hidden: set[tuple[str, int, str]] = set()
    for entry in reference.world.entries:
        scoped = _read_by_scopes(reference, entry, subject)
        names = [item.identifier for item in entry.items if item.identifier not in scoped]
        hidden |= {(entry.identifier, row.number, name) for row in entry.rows for name in names}
        for asking in _askings(reference, subject):
            hidden -= _readable(reference, entry, names, asking)
    return hidden


def is_worth_asking(reference: Reference, caller: Caller, hidden: set[tuple[str, int, str]]) -> bool:
    """Whether the caller may read half of the items of an entry that hides cells, so that it has what to ask."""
    subject = subject_of(reference.world, caller)
    view = reference.view(subject)
    entries = [one for one in reference.world.entries if one.identifier in view and len(one.rows) > 2]
    hiding = [one for one in entries if any(name == one.identifier for name, _, _ in hidden)]
    return any(len(_permitted(reference, one, subject)) * 2 >= len(one.items) for one in hiding)


def _permitted(reference: Reference, entry: Entry, subject: Subject) -> set[str]:
    """The items that the subject isn't refused for every purpose and matter."""
    names = [item.identifier for item in entry.items]
    verdicts = [reference.verdicts(entry, asking, names) for asking in _askings(reference, subject)]
    return {name for each in verdicts for name, verdict in each.items() if not verdict.codes}


def _read_by_scopes(reference: Reference, entry: Entry, subject: Subject) -> set[str]:
    own = [one for one in reference.records if one.resource == entry.code and names_consumer(one, subject)]
    return {name for record in own for name in names_in(record.scope)}


def _askings(reference: Reference, subject: Subject) -> list[Asking]:
    matters = {effective_matter(None, subject), *subject.registered_matters}
    now, address = reference.clock(), reference.client_address
    return [
        Asking(subject, now, purpose, matter, client_address=address)
        for purpose in (None, *PURPOSES)
        for matter in matters
    ]


def _readable(reference: Reference, entry: Entry, names: list[str], asking: Asking) -> set[tuple[str, int, str]]:
    """The cells that this request may read; one that shows through no other mask than `full` isn't read."""
    verdicts = reference.verdicts(entry, asking, names)
    readable: set[tuple[str, int, str]] = set()
    for name, verdict in verdicts.items():
        for row in entry.rows if not verdict.codes else ():
            masks = masks_of(applying(verdict, row, asking), name)
            if not all(isinstance(mask, Full) for mask in masks):
                readable.add((entry.identifier, row.number, name))
    return readable


def twin_of(draw: Random, world: World, hidden: set[tuple[str, int, str]]) -> World:
    """The world with other values, or null, in some of the hidden cells."""
    changed = {cell for cell in sorted(hidden) if chance(draw, 0.8)}
    nulled = chance(draw, 0.3)
    entries = tuple(
        replace(entry, rows=tuple(_twin_row(draw, entry, row, changed, nulled=nulled) for row in entry.rows))
        for entry in world.entries
    )
    return replace(world, entries=entries)


def _twin_row(draw: Random, entry: Entry, row: Row, changed: set[tuple[str, int, str]], *, nulled: bool) -> Row:
    cells = dict(row.cells)
    for item in entry.items:
        if (entry.identifier, row.number, item.identifier) in changed:
            cells[item.identifier] = _twin_cell(draw, entry, item, row, nulled=nulled)
    return replace(row, cells=cells)


def _twin_cell(draw: Random, entry: Entry, item: Item, row: Row, *, nulled: bool) -> Cell:
    if item.identifier in entry.key:
        # Keys stay unique and never null: other rows' keys are smaller numbers, and begin otherwise.
        return 10**9 - row.number if item.type is ItemType.INTEGER else f"{draw.choice('0z王')}-T{row.number:07d}"
    return None if nulled or chance(draw, 0.15) else _other(draw, item, row.cells[item.identifier])


def _other(draw: Random, item: Item, value: Cell) -> Cell:
    """Another value than the twin's, of the size that values of the item have."""
    drawn = (draw_cell(draw, item) for _ in range(20))
    return next((each for each in drawn if each != value), None)


def scrub(reply: Reply) -> tuple[int, dict[str, str], bytes]:
    """A reply without what may differ between twins: times, cursors, receipts; hashes by their order alone."""
    headers = {name: value for name, value in reply.headers.items() if name not in VARYING_HEADERS}
    return reply.status, headers, SCRUBBED.sub(rb'"\1":"."', reply.body)


@dataclass(slots=True)
class HashNames:
    """Numbers for the hashes of one portal: its secret makes the texts, only their equality is the data's."""

    numbers: dict[bytes, bytes] = field(default_factory=dict)

    def rename(self, body: bytes) -> bytes:
        """The body with each hash replaced by its number."""
        return HASHED.sub(self._number, body)

    def _number(self, found: re.Match[bytes]) -> bytes:
        return self.numbers.setdefault(found.group(), b'"hash %d"' % len(self.numbers))


@dataclass(slots=True)
class TwinPortals:
    """Two portals that are asked the same; each is given its own cursors back."""

    sends: tuple[Send, Send]
    names: tuple[HashNames, HashNames] = field(default_factory=lambda: (HashNames(), HashNames()))
    asked: int = 0
    answered: int = 0

    def ask(self, caller: Caller, document: Document, cursors: tuple[str, str] | None = None) -> "TwinReplies":
        """The replies of both to a document, or to its first field's going on from the cursor of each."""
        documents = [document] * 2 if cursors is None else [going_on(document, cursor) for cursor in cursors]
        one, other = (send(caller, each) for send, each in zip(self.sends, documents, strict=True))
        self.asked += 1
        self.answered += b'"errors"' not in one.body
        return TwinReplies(one, other, self._seen(one, 0) == self._seen(other, 1))

    def _seen(self, reply: Reply, side: int) -> tuple[int, dict[str, str], bytes]:
        status, headers, body = scrub(reply)
        return status, headers, self.names[side].rename(body)


@dataclass(frozen=True, slots=True)
class TwinReplies:
    """The replies of twins to one request, and whether they are the same."""

    one: Reply
    other: Reply
    same: bool

    def cursors(self) -> tuple[str, str] | None:
        """A cursor of each, at the same place of the answer; None where there are none."""
        found = [re.findall(rb'"(?:cursor|endCursor)": ?"([^"]+)"', reply.body) for reply in (self.one, self.other)]
        return (found[0][-1].decode(), found[1][-1].decode()) if found[0] and found[1] else None


def draw_twin_request(draw: Random, references: tuple[Reference, Reference], caller: Caller) -> Document:
    """A request that filters on values of either twin."""
    return draw_request(draw, draw.choice(references), caller)


def describe(document: Document, replies: TwinReplies) -> str:
    """A difference between twins, as it is shown to a person."""
    shown = [f"{reply.status} {reply.body.decode(errors='replace')[:1200]}" for reply in (replies.one, replies.other)]
    return "\n".join([render_document(document), str(dict(document.values)), *shown])
