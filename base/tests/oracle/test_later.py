from dataclasses import replace
from datetime import UTC, datetime
from random import Random

from tests.oracle.answer import Reference
from tests.oracle.campaign import Campaign, Tally
from tests.oracle.decision import derived_records, every_record
from tests.oracle.document import Number, Text
from tests.oracle.echo import EchoPortal
from tests.oracle.expectation import Answered, CursorOf
from tests.oracle.generate_worlds import draw_world
from tests.oracle.later import draw_later_world, go_on
from tests.oracle.samples import APP, RESIDENTS, ROWS, answer_to, asked, nodes_of, reference_of, statute, world_with
from tests.oracle.world import Kind, Row

NOW = datetime(2026, 6, 15, 4, tzinfo=UTC)
DAY = NOW.replace(hour=0)


def test_page_goes_on_after_a_row_that_is_gone() -> None:
    before = reference_of(statute())
    answer = answer_to(before, APP, asked("code", first=Number("4")))
    assert isinstance(answer, Answered)
    assert isinstance(answer.tree, dict)
    cursor = answer.tree["pageInfo"]["endCursor"]
    assert cursor == CursorOf(cursor.binding, 4)
    before.sightings.cursors["sealed"] = cursor
    fresh = Row(5, {**ROWS[0].cells, "code": "e"})
    later = world_with(statute(), entry=replace(RESIDENTS, rows=(*ROWS[:3], fresh)))
    answer = answer_to(go_on(before, later), APP, asked("code", after=Text("sealed")))
    assert nodes_of(answer) == [{"code": "e"}]


def test_derived_records_stay_unless_the_later_bundle_has_its_own() -> None:
    first = world_with(derive=True)
    assert [one.id for one in derived_records(first)] == ["unconditional-residents", "open-residents"]
    own = statute("own", kind=Kind.UNCONDITIONAL, consumer="any_department")
    before = derived_records(first)
    later = [replace(world, derived_before=before) for world in (world_with(), world_with(own))]
    assert [[one.id for one in every_record(world)] for world in later] == [
        ["provider-residents", "unconditional-residents", "open-residents"],
        ["own", "provider-residents", "open-residents"],
    ]


def test_campaign_goes_on_with_a_later_world() -> None:
    tally = Tally()
    for seed in range(4):
        world = draw_world(seed, DAY)
        reference, echo = Reference(world, lambda: NOW), Reference(world, lambda: NOW)
        campaign = Campaign(reference, EchoPortal(echo).send, tally)
        campaign.run(40)
        later = draw_later_world(Random(seed), world, DAY)
        onwards = Campaign(go_on(reference, later), EchoPortal(go_on(echo, later)).send, tally)
        onwards.resume(campaign.open_pages)
        onwards.run(20)
    assert [str(one) for one in tally.disagreements] == []
