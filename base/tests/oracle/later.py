"""Draws what a world becomes: the bundle of a later load, and the reference that goes on from the one before."""

from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from random import Random

from tests.oracle.answer import Reference
from tests.oracle.decision import derived_records
from tests.oracle.generate_cells import chance, draw_row
from tests.oracle.generate_records import MATTERS, draw_later_records
from tests.oracle.generate_worlds import consumers_of, draw_department, draw_level_and_zone
from tests.oracle.world import Application, Entry, Item, Kind, Row, ShareClass, World


def draw_later_world(draw: Random, world: World, now: datetime) -> World:
    """The world with rows gone and come, records, classes, attributes changed; entries and items stay."""
    departments = tuple(
        replace(draw_department(draw, number), code=one.code) if chance(draw, 0.2) else one
        for number, one in enumerate(world.departments, start=1)
    )
    applications = tuple(_later_application(draw, one) for one in world.applications)
    entries = tuple(_later_entry(draw, entry) for entry in world.entries)
    later = replace(world, departments=departments, applications=applications, entries=entries)
    later = replace(later, derived_before=derived_records(world))
    consumers = consumers_of(later, now, agreements=any(one.kind is Kind.AGREEMENT for one in world.records))
    records = tuple(
        record
        for entry in entries
        for record in draw_later_records(
            draw, entry, consumers, [one for one in world.records if one.resource == entry.code]
        )
    )
    return replace(later, records=records)


def _later_application(draw: Random, application: Application) -> Application:
    if not chance(draw, 0.2):
        return application
    level, zone = draw_level_and_zone(draw)
    matters = tuple(draw.sample(MATTERS, draw.randint(0, 2)))
    return replace(application, matters=matters, auth_level=level, network_zone=zone)


def _later_entry(draw: Random, entry: Entry) -> Entry:
    status = draw.choice(("published", "withdrawn", "published")) if chance(draw, 0.15) else entry.status
    items = tuple(_later_item(draw, item, entry) for item in entry.items)
    return replace(
        entry, status=status, items=items, open=entry.open is not chance(draw, 0.1), rows=_later_rows(draw, entry)
    )


def _later_item(draw: Random, item: Item, entry: Entry) -> Item:
    if not chance(draw, 0.12):
        return item
    share_class = draw.choice([each for each in ShareClass if each >= entry.share_class])
    return replace(item, share_class=share_class, open=chance(draw, 0.5))


def _later_rows(draw: Random, entry: Entry) -> tuple[Row, ...]:
    kept = [row for row in entry.rows if chance(draw, 0.85)]
    places = _places(entry, {row.number for row in kept})
    serial = len(entry.rows) * 3 + 2
    fresh = [
        draw_row(draw, (entry.items, entry.key), draw.choice(places) + place, serial + 3 * place)
        for place in range(1, draw.randint(0, 5) + 1)
    ]
    return tuple(sorted([*kept, *fresh], key=lambda row: row.number))


def _places(entry: Entry, kept: set[int]) -> list[int]:
    """The numbers after which rows may come: the last of all, and those whose row and next row both stay.

    Next to a row that goes, the files don't tell on which side of it a new one comes.
    """
    numbers = [0, *(row.number for row in entry.rows)]
    staying = {0, *kept}
    between = [number for number, after in pairwise(numbers) if {number, after} <= staying]
    return [*between, numbers[-1], numbers[-1]]


def go_on(reference: Reference, world: World) -> Reference:
    """The reference after a later load: what its portal has told stays told, what it has counted stays counted."""
    former = dict(reference.former_rows)
    for entry in reference.world.entries:
        former |= {(entry.identifier, row.number): row for row in entry.rows}
    return Reference(
        world, reference.clock, reference.sightings, reference.returned, reference.client_address, former_rows=former
    )
