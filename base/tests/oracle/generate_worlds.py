"""Draws whole worlds from a seed."""

from dataclasses import replace
from datetime import datetime
from random import Random

from tests.oracle.codes import department_code
from tests.oracle.generate_cells import chance, draw_items, draw_rows, subset, weighted
from tests.oracle.generate_records import MATTERS, Consumers, draw_records
from tests.oracle.world import (
    MODES,
    Application,
    Caller,
    Department,
    Entry,
    ShareClass,
    User,
    World,
)

GROUPS = ("g1", "police-3", "zz")
REGIONS = ("37", "3710", "371002", "37", "99", None)
ROLES = ("auditor", "head", "analyst", "registrar", "reviewer")
LEVELS = (None, 0, 1, 2, 2, 3)
ZONES = (None, "government", "government", "internet")
ENTRY_NAMES = ("residents", "villages", "licences", "e1", "legal_persons", "select", "order", "query", "vehicles", "t0")
ROW_COUNTS = {0: 0.5, 1: 0.5, 6: 2.0, 15: 4.0, 30: 3.0, 130: 1.2, 1100: 0.08}


def draw_world(seed: int, now: datetime, *, agreements: bool = False) -> World:
    """The world of a seed; periods lie days from `now`, which is the start of a day."""
    draw = Random(seed)
    departments = tuple(draw_department(draw, number) for number in range(1, draw.randint(4, 6) + 1))
    codes = [one.code for one in departments]
    applications = tuple(_draw_application(draw, f"app-{serial}", draw.choice(codes)) for serial in range(1, 7))
    users = tuple(_draw_user(draw, f"user-{serial}", draw.choice(codes)) for serial in range(1, 4))
    names = draw.sample(ENTRY_NAMES, draw.randint(3, 5))
    entries = tuple(_draw_entry(draw, name, serial, draw.choice(codes)) for serial, name in enumerate(names, start=1))
    # Most worlds derive, and some entries then lack a record of one's own of the derived kinds.
    world = World(seed, departments, GROUPS, applications, users, entries, (), derive=chance(draw, 0.6))
    consumers = consumers_of(world, now, agreements=agreements)
    return replace(world, records=tuple(one for entry in entries for one in draw_records(draw, entry, consumers)))


def consumers_of(world: World, now: datetime, *, agreements: bool) -> Consumers:
    """Who may be named in the records of a world."""
    return Consumers(world.departments, world.applications, _attribute_values(world), now, agreements)


def _attribute_values(world: World) -> dict[str, list[str] | tuple[str, ...]]:
    return {
        "department": [one.code for one in world.departments],
        "region": ["37", "3710", "371002", "99"],
        "application": [one.id for one in world.applications],
        "user": [one.id for one in world.users],
        "network_zone": ["government", "internet", "government"],
        "groups": GROUPS,
        "roles": ROLES,
    }


def draw_department(draw: Random, number: int) -> Department:
    """The department of that number."""
    return Department(department_code(number), f"合成部门{number}", draw.choice(REGIONS), subset(draw, GROUPS, 0, 2))


def draw_level_and_zone(draw: Random) -> tuple[int | None, str | None]:
    """What the register says of an application or user, None where it says nothing."""
    return draw.choice(LEVELS), draw.choice(ZONES)


def _draw_application(draw: Random, identifier: str, department: str) -> Application:
    matters = subset(draw, MATTERS, 0, 2) if chance(draw, 0.7) else MATTERS[:1]
    return Application(identifier, department, matters, *draw_level_and_zone(draw))


def _draw_user(draw: Random, identifier: str, department: str) -> User:
    return User(identifier, department, subset(draw, ROLES, 0, 2), *draw_level_and_zone(draw))


def _draw_entry(draw: Random, identifier: str, serial: int, provider: str) -> Entry:
    share_class = weighted(draw, {ShareClass.UNCONDITIONAL: 4, ShareClass.CONDITIONAL: 5, ShareClass.NOT_SHARED: 1.2})
    items, key = draw_items(draw, share_class)
    status = weighted(
        draw, {"published": 9, "draft": 0.5, "withdrawn": 0.5, "registered": 0.2, "confirmed": 0.2, "revised": 0.2}
    )
    return Entry(
        code=f"{draw.choice('123')}03001{draw.choice('0A')}{serial:02d}/{serial:05d}",
        identifier=identifier,
        provider=provider,
        items=items,
        key=key,
        share_class=share_class,
        open=chance(draw, 0.6),
        share_modes=("query", *subset(draw, MODES[1:], 0, 1)) if chance(draw, 0.85) else ("exchange",),
        status=status,
        rows=draw_rows(draw, items, key, weighted(draw, ROW_COUNTS)),
    )


def callers_of(world: World, draw: Random) -> list[Caller]:
    """Who asks in a world: each application and user, some with claims of their own, and the public."""
    callers = [Caller(application=one.id) for one in world.applications]
    callers += [Caller(user=one.id) for one in world.users]
    for caller in draw.sample(callers, 3):
        callers.append(
            replace(caller, claimed_level=draw.randint(1, 3), claimed_zone=draw.choice(("government", "internet")))
        )
    return [*callers, Caller(), Caller()]
