"""Rows are counted on the road that requests take; what can't be counted in time isn't said to be empty."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

import pytest
from sqlalchemy import Dialect

from portal.access.executing import DataSource, Executed, took_too_long
from portal.access.statement import Read
from portal.administration.counting import RowCounter, count_shift
from portal.conditions.tree import FALSE, TRUE, Comparison, Operator
from portal.policies.checking.change import check_change
from portal.policies.checking.findings import FindingKind
from portal.policies.decision_point import DecisionPoint
from portal.policies.impact import Shift, compare_access
from portal.policies.reading import parse_record
from portal.policies.snapshot import Snapshot
from portal.storage.dialects import sqlite_dialect
from portal.vocabulary import EntryCode
from tests.fixtures.portal_world import PortalWorld, open_world
from tests.fixtures.sharing_bundle import RESIDENTS, allow, sharing_bundle
from tests.fixtures.small_bundle import CONSUMER
from tests.policies.building import MATCHERS

CODE = EntryCode(RESIDENTS)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    with open_world(sharing_bundle(), tmp_path_factory.mktemp("world")) as opened:
        yield opened


@dataclass
class SlowSource:
    """A data store that never answers in time."""

    dialect: Dialect

    async def execute(self, read: Read) -> Executed:
        raise took_too_long()

    def close(self) -> None: ...


def counter(world: PortalWorld, source: DataSource | None = None) -> RowCounter:
    return RowCounter(source or world.portal.road.source, world.portal.road.table_of)


def slow(world: PortalWorld) -> RowCounter:
    return counter(world, SlowSource(sqlite_dialect()))


def snapshot(world: PortalWorld) -> Snapshot:
    return world.run(world.portal.road.keeper.current()).snapshot


def with_record(of: Snapshot, **members: object) -> Snapshot:
    entries = {state.entry.code: state.entry for state in of.content.entries}
    document = {"id": "counted", **allow(RESIDENTS, f"department:{CONSUMER}", ["code"]), **members}
    record, faults = parse_record(document, "counted", entries)
    assert record is not None, faults
    records = tuple(sorted((*of.content.records, record), key=lambda one: one.id))
    return Snapshot(replace(of.content, records=records))


def now(world: PortalWorld) -> datetime:
    return world.portal.road.now()


def test_rows_of_a_condition_are_counted(world: PortalWorld) -> None:
    state = snapshot(world).state_by_code[CODE]
    count = counter(world).count
    assert world.run(count(state, TRUE)) == state.table.row_count > 0
    assert world.run(count(state, FALSE)) == 0
    one = Comparison("code", Operator.EQ, "nobody's")
    assert world.run(count(state, one)) == 0


def test_scope_that_no_row_meets_is_found_by_the_data(world: PortalWorld) -> None:
    before = snapshot(world)
    after = with_record(before, scope={"name": {"eq": "没有此人"}})

    async def check(counting: RowCounter) -> set[FindingKind]:
        count_rows = counting.blocking(after, asyncio.get_running_loop())
        findings = await asyncio.to_thread(check_change, before, after, now(world), count_rows)
        return {finding.kind for finding in findings if finding.records == ("counted",)}

    assert FindingKind.SCOPE_EMPTY in world.run(check(counter(world)))
    assert FindingKind.SCOPE_EMPTY not in world.run(check(slow(world)))


def shifts(world: PortalWorld, before: Snapshot, after: Snapshot) -> list[Shift]:
    return [one for one in compare_access(before, after, now(world)).shifts if one.records == ("counted",)]


def test_rows_of_a_shift_are_counted_before_and_after(world: PortalWorld) -> None:
    before = snapshot(world)
    after = with_record(before, purposes=["administrative_basis"])
    points = DecisionPoint(before, MATCHERS), DecisionPoint(after, MATCHERS)
    whole = before.state_by_code[CODE].table.row_count
    found = shifts(world, before, after)
    assert found
    for shift in found:
        for who in shift.who:
            counted = world.run(count_shift(counter(world), points, replace(shift, who=(who,))))
            # A restriction of the bundle takes some rows away.
            assert counted[0] == 0
            assert 0 < (counted[1] or 0) <= whole
            assert world.run(count_shift(slow(world), points, replace(shift, who=(who,)))) == (0, None)
    public = replace(found[0], who=(after.content.records[0].consumer,))
    nobody = replace(found[0], who=(replace(found[0].who[0], code="nobody"),))
    gone = replace(found[0], entry=EntryCode("0"))
    assert world.run(count_shift(counter(world), points, nobody)) == (0, 0)
    assert world.run(count_shift(counter(world), points, gone)) == (0, 0)
    assert len(world.run(count_shift(counter(world), points, public))) == 2
