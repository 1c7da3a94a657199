from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.oracle.answer import Reference
from tests.oracle.campaign import CLASSES, Campaign, Tally
from tests.oracle.conditions import ALWAYS
from tests.oracle.echo import EchoPortal
from tests.oracle.generate_worlds import draw_world
from tests.oracle.world import Entry, Record, Row, World

NOW = datetime(2026, 6, 15, 4, tzinfo=UTC)
DAY = NOW.replace(hour=0)
WORLDS = 10
REQUESTS = 80

Plant = Callable[[World], World]


def campaign(plant: Plant, seeds: range) -> Tally:
    tally = Tally()
    for seed in seeds:
        world = draw_world(seed, DAY)
        portal = EchoPortal(Reference(plant(world), lambda: NOW))
        Campaign(Reference(world, lambda: NOW), portal.send, tally).run(REQUESTS)
    return tally


def with_records(change: Callable[[Record], Record | None]) -> Plant:
    def plant(world: World) -> World:
        changed = (change(record) for record in world.records)
        return replace(world, records=tuple(record for record in changed if record is not None))

    return plant


def with_entries(change: Callable[[Entry], Entry]) -> Plant:
    return lambda world: replace(world, entries=tuple(change(entry) for entry in world.entries))


PLANTED = {
    "restrictions forgotten": with_records(lambda one: one if one.allows else None),
    "scopes forgotten": with_records(lambda one: replace(one, scope=ALWAYS) if one.allows else one),
    "scopes of restrictions forgotten": with_records(lambda one: one if one.allows else replace(one, scope=ALWAYS)),
    "conditions forgotten": with_records(lambda one: replace(one, condition=ALWAYS)),
    "masks forgotten": with_records(lambda one: replace(one, masks={})),
    "ends forgotten": with_records(lambda one: replace(one, valid_until=None)),
    "matters forgotten": with_records(lambda one: replace(one, matters=())),
    "applications forgotten": with_records(lambda one: replace(one, applications=())),
    "page limits forgotten": with_records(lambda one: replace(one, max_rows=None)),
    "days without end": with_records(lambda one: replace(one, daily_rows=None)),
    "rows in another order": with_entries(lambda one: replace(one, rows=_renumbered(one))),
    "withdrawn entries published": with_entries(lambda one: replace(one, status="published")),
    "nothing derived": lambda world: replace(world, derive=False),
}


def _renumbered(entry: Entry) -> tuple[Row, ...]:
    size = len(entry.rows)
    return tuple(replace(row, number=size - row.number) for row in entry.rows)


def test_campaign_agrees_with_a_portal_that_is_right() -> None:
    tally = campaign(lambda world: world, range(WORLDS))
    assert tally.requests == WORLDS * REQUESTS
    assert [str(one) for one in tally.disagreements] == []


@pytest.mark.heavy
@pytest.mark.parametrize("plant", PLANTED.values(), ids=PLANTED.keys())
def test_campaign_finds_a_planted_fault(plant: Plant) -> None:
    # Worlds are asked until one of them shows it.
    assert any(campaign(plant, range(seed, seed + 1)).disagreements for seed in range(WORLDS))


@pytest.mark.heavy
def test_requests_are_of_every_class_often_enough() -> None:
    tally = campaign(lambda world: world, range(100, 130))
    rare = [name for name in CLASSES if tally.share(name) < 0.01]
    assert rare == [], tally.report()
