from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from random import Random

import pytest

from tests.oracle.answer import Reference
from tests.oracle.echo import EchoPortal
from tests.oracle.generate_worlds import callers_of, draw_world
from tests.oracle.masks import Full, Partial
from tests.oracle.samples import APP, IN_REGION, PUBLIC, reference_of, restriction, statute
from tests.oracle.twins import TwinPortals, describe, draw_twin_request, hidden_cells, twin_of
from tests.oracle.world import Caller, World

NOW = datetime(2026, 6, 15, 4, tzinfo=UTC)


def rows_hidden(name: str, *records: object, caller: Caller = APP) -> list[int]:
    reference = reference_of(*records)  # type: ignore[arg-type]
    return sorted(number for _, number, item in hidden_cells(reference, caller) if item == name)


def test_cells_out_of_scope_are_hidden_but_not_what_the_scope_reads() -> None:
    assert rows_hidden("name", statute(scope=IN_REGION)) == [3, 4]
    assert rows_hidden("division", statute(scope=IN_REGION)) == []


def test_cells_of_a_denied_item_are_hidden() -> None:
    assert rows_hidden("name", statute(), restriction(items=("name",))) == [1, 2, 3, 4]
    assert rows_hidden("code", statute(), restriction(items=("name",))) == []


def test_cells_for_another_purpose_are_not_hidden() -> None:
    assert rows_hidden("name", statute(purposes=("verification",))) == []
    assert rows_hidden("name", statute(matters=("m2",))) == []
    assert rows_hidden("name", statute(matters=("m9",))) == [1, 2, 3, 4]


def test_cells_behind_a_full_mask_are_hidden() -> None:
    assert rows_hidden("name", statute(masks={"name": Full()})) == [1, 2, 3, 4]
    assert rows_hidden("name", statute(masks={"name": Partial(1, 1)})) == []
    assert rows_hidden("name", statute("s"), statute("t", masks={"name": Full()})) == []


def test_everything_is_hidden_from_the_public_without_open_records() -> None:
    assert rows_hidden("code", statute(), caller=PUBLIC) == [1, 2, 3, 4]


def pairs(seeds: range) -> Iterator[tuple[Random, World, World, Caller]]:
    for seed in seeds:
        draw, world = Random(seed), draw_world(seed, NOW.replace(hour=0))
        reference = Reference(world, lambda: NOW)
        caller = draw.choice(callers_of(world, draw))
        hidden = hidden_cells(reference, caller)
        if hidden:
            yield draw, world, twin_of(draw, world, hidden), caller


def differences(portals: tuple[Reference, Reference], draws: Random, requests: int, caller: Caller) -> list[str]:
    one, other = portals
    twins = TwinPortals((EchoPortal(one).send, EchoPortal(other).send))
    found = []
    for _ in range(requests):
        document = draw_twin_request(draws, portals, caller)
        replies = twins.ask(caller, document)
        found += [] if replies.same else [describe(document, replies)]
    return found


def test_reference_does_not_tell_twins_apart() -> None:
    found = []
    for draw, world, twin, caller in pairs(range(25)):
        references = Reference(world, lambda: NOW), Reference(twin, lambda: NOW)
        found += differences(references, draw, 30, caller)
    assert found == []


@pytest.mark.heavy
def test_twins_are_told_apart_when_restrictions_and_scopes_are_forgotten() -> None:
    found = []
    for draw, world, twin, caller in pairs(range(30)):
        leaky = [_leaky(each) for each in (world, twin)]
        references = Reference(leaky[0], lambda: NOW), Reference(leaky[1], lambda: NOW)
        found += differences(references, draw, 30, caller)
    assert len(found) > 20


def _leaky(world: World) -> World:
    kept = tuple(replace(record, masks={}) for record in world.records if record.allows)
    return replace(world, records=kept)
