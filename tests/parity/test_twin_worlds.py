"""Non-interference (enforcement.md §7): worlds that differ only in what a subject may not read answer it alike.

`TWIN_PAIRS`, `TWIN_REQUESTS` and `TWIN_SEED` in the environment make the campaign longer or begin it elsewhere.
"""

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from tests.oracle.answer import Reference
from tests.oracle.conditions import names_in
from tests.oracle.decision import every_record
from tests.oracle.document import Document, Field
from tests.oracle.generate_worlds import callers_of, draw_world
from tests.oracle.twins import TwinPortals, describe, draw_twin_request, hidden_cells, is_worth_asking, twin_of
from tests.oracle.world import ANY, Caller, Entry, Record, World, subject_of
from tests.parity.agreements import write_signed_bundle
from tests.parity.in_process import PortalInProcess, load_portal

PAIRS = int(os.environ.get("TWIN_PAIRS", "40"))
REQUESTS = int(os.environ.get("TWIN_REQUESTS", "50"))
FIRST_SEED = int(os.environ.get("TWIN_SEED", "5000"))
BATCH = 10

NAMED = (Field("name"), Field("description"))
TYPES = Field("types", (*NAMED, Field("fields", NAMED), Field("inputFields", NAMED), Field("enumValues", NAMED)))
INTROSPECTION = Document((Field("__schema", (TYPES,)),))


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Pair:
    """A world, a caller, what is hidden from it there, and what is drawn from."""

    draw: Random
    world: World
    caller: Caller
    hidden: set[tuple[str, int, str]]


def draw_pair(seed: int) -> Pair:
    """A world, and a caller from whom something of it is hidden."""
    draw = Random(seed)
    day = now().replace(hour=0, minute=0, second=0, microsecond=0)
    for attempt in range(100):
        world = draw_world(seed * 100 + attempt, day, agreements=True)
        caller = draw.choice(callers_of(world, draw))
        reference = Reference(world, now)
        hidden = hidden_cells(reference, caller)
        if len(hidden) > 10 and is_worth_asking(reference, caller, hidden):
            return Pair(draw, world, caller, hidden)
    raise AssertionError("no world hides anything")


def differences(worlds: tuple[World, World], pair: Pair, folder: Path, tally: Counter[str]) -> Iterator[str]:
    """The requests that tell two worlds apart, and how."""
    draw, caller = pair.draw, pair.caller
    references = Reference(worlds[0], now), Reference(worlds[1], now)
    with ExitStack() as stack:
        portals = []
        for name, world in zip(("one", "other"), worlds, strict=True):
            write_signed_bundle(world, folder / name)
            settings = load_portal(folder / name, folder / f"{name}-home", derive=world.derive)
            portals.append(stack.enter_context(PortalInProcess(settings)))
        twins = TwinPortals((portals[0].send, portals[1].send))
        replies = twins.ask(caller, INTROSPECTION)
        if not replies.same:
            yield describe(INTROSPECTION, replies)
        for _ in range(REQUESTS):
            document = draw_twin_request(draw, references, caller)
            replies = twins.ask(caller, document)
            if replies.same and (cursors := replies.cursors()):
                replies = twins.ask(caller, document, cursors)
            if not replies.same:
                yield describe(document, replies)
        tally.update(asked=twins.asked, answered=twins.answered)


@pytest.mark.heavy
@pytest.mark.parametrize("batch", range(0, PAIRS, BATCH))
def test_portal_answers_alike_when_only_hidden_cells_differ(batch: int, tmp_path: Path) -> None:
    found, tally = [], Counter[str]()
    for serial in range(batch, min(batch + BATCH, PAIRS)):
        pair = draw_pair(FIRST_SEED + serial)
        twins = pair.world, twin_of(pair.draw, pair.world, pair.hidden)
        told = differences(twins, pair, tmp_path / str(serial), tally)
        found += [f"pair {FIRST_SEED + serial}, {pair.caller}\n{each}" for each in told]
    assert tally["answered"] > tally["asked"] / 3, "too little was answered for the rest to say much"
    assert not found, f"{len(found)} differences\n" + "\n\n".join(found[:5])


def without_hidden_items(world: World, caller: Caller) -> World:
    """The world without the entries and items that the caller's schema doesn't hold, where nothing else needs them."""
    view = Reference(world, now).view(subject_of(world, caller))
    kept = {
        entry.code: {
            *view.get(entry.identifier, ()),
            *entry.key,
            *(name for record in world.records if record.resource == entry.code for name in names_in(record.scope)),
        }
        for entry in world.entries
        if entry.identifier in view
    }
    entries = tuple(_narrowed(entry, kept[entry.code]) for entry in world.entries if entry.code in kept)
    records = (_narrowed_record(one, kept[one.resource]) for one in world.records if one.resource in kept)
    return replace(world, entries=entries, records=tuple(record for record in records if record.items))


def _narrowed(entry: Entry, kept: set[str]) -> Entry:
    rows = (replace(row, cells={name: cell for name, cell in row.cells.items() if name in kept}) for row in entry.rows)
    return replace(entry, items=tuple(item for item in entry.items if item.identifier in kept), rows=tuple(rows))


def _narrowed_record(record: Record, kept: set[str]) -> Record:
    masks = {name: mask for name, mask in record.masks.items() if name in kept}
    items = record.items if record.items == ANY else tuple(name for name in record.items if name in kept)
    return replace(record, items=items, masks=masks)


def is_same_for_the_caller(world: World, bare: World, caller: Caller) -> bool:
    """Whether leaving out what is hidden left the derived records, and so what the caller is told, as they were."""
    subject = subject_of(world, caller)
    views = [Reference(each, now).view(subject) for each in (world, bare)]
    ids = [{record.id for record in every_record(each)} for each in (world, bare)]
    return views[0] == views[1] and ids[1] <= ids[0]


@pytest.mark.heavy
@pytest.mark.parametrize("batch", range(0, PAIRS // 5, BATCH // 2))
def test_hidden_names_are_answered_as_names_that_do_not_exist(batch: int, tmp_path: Path) -> None:
    found, tally = [], Counter[str]()
    for serial in range(batch, min(batch + BATCH // 2, PAIRS // 5)):
        pair = draw_pair(FIRST_SEED * 2 + serial)
        bare = without_hidden_items(pair.world, pair.caller)
        if is_same_for_the_caller(pair.world, bare, pair.caller):
            told = differences((pair.world, bare), pair, tmp_path / str(serial), tally)
            found += [f"pair {FIRST_SEED * 2 + serial}, {pair.caller}\n{each}" for each in told]
    assert tally["answered"] > tally["asked"] / 4, "too little was answered for the rest to say much"
    assert not found, f"{len(found)} differences\n" + "\n\n".join(found[:5])
