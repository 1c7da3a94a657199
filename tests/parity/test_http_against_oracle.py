"""Random bundles and requests over HTTP: the portal's answers against the reference's.

`ORACLE_WORLDS`, `ORACLE_REQUESTS` and `ORACLE_SEED` in the environment make the campaign longer or begin it elsewhere.
"""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from tests.oracle.answer import Reference
from tests.oracle.campaign import Campaign, Tally
from tests.oracle.decision import every_record
from tests.oracle.generate_worlds import callers_of, draw_world
from tests.oracle.introspection import QUERY as INTROSPECTION
from tests.oracle.introspection import introspection_differences
from tests.oracle.later import draw_later_world, go_on
from tests.oracle.masks import SHANGHAI
from tests.oracle.runner import PortalProcess, purpose_type
from tests.oracle.world import Caller, World
from tests.parity.agreements import write_signed_bundle

WORLDS = int(os.environ.get("ORACLE_WORLDS", "12"))
REQUESTS = int(os.environ.get("ORACLE_REQUESTS", "150"))
FIRST_SEED = int(os.environ.get("ORACLE_SEED", "1000"))


def now() -> datetime:
    return datetime.now(UTC)


def start_of_day() -> datetime:
    """The last midnight of Shanghai."""
    return now().astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def wait_out_midnight(seconds: float) -> None:
    """Waits until the day changes where it would while its rows are counted."""
    left = (start_of_day() + timedelta(days=1) - now()).total_seconds()
    if left < seconds:
        time.sleep(left + 1)


def load_world(world: World, folder: Path) -> PortalProcess:
    """A portal that has loaded the world, not yet serving."""
    write_signed_bundle(world, folder / "bundle")
    portal = PortalProcess(folder / "home")
    printed = portal.load(folder / "bundle", *(() if world.derive else ("--no-derive",)))
    derived = {record.id for record in every_record(world)} - {record.id for record in world.records}
    unnamed = [name for name in derived if not name.startswith("provider-") and name not in printed]
    assert unnamed == [], "derived records that the output doesn't name"
    return portal


def some_callers(world: World) -> tuple[Caller, ...]:
    """A few of those who may ask in a world, the public among them; each token costs a process."""
    draw = Random(world.seed)
    known = [one for one in callers_of(world, draw) if one != Caller()]
    return (*draw.sample(known, 6), Caller())


@pytest.mark.heavy
@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + WORLDS))
def test_portal_answers_as_the_reference_when_asked_over_http(seed: int, tmp_path: Path) -> None:
    wait_out_midnight(120 + REQUESTS / 20)
    world = draw_world(seed, start_of_day(), agreements=True)
    portal = load_world(world, tmp_path)
    tally = Tally()
    try:
        portal.start()
        type_name = purpose_type(portal.ask, Caller(application=world.applications[0].id))
        reference = Reference(world, now)
        callers = some_callers(world)
        views = [
            line
            for one in callers
            for line in introspection_differences(reference, one, portal.send(one, INTROSPECTION))
        ]
        campaign = Campaign(reference, portal.send, tally, type_name, callers)
        campaign.run(REQUESTS * 2 // 3)
        # The running server goes on with what a later load brings, from the first request on.
        later = draw_later_world(Random(seed), world, start_of_day())
        write_signed_bundle(later, tmp_path / "later")
        portal.load(tmp_path / "later", "--by", "auditor", "--reason", "later load")
        onwards = Campaign(go_on(reference, later), portal.send, tally, type_name, callers)
        onwards.resume(campaign.open_pages[-20:])
        onwards.run(REQUESTS // 3)
    finally:
        portal.stop()
    assert views == []
    assert not tally.disagreements, tally.report() + "\n" + "\n\n".join(str(one) for one in tally.disagreements[:5])
