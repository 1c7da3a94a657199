"""What a report weighs, how far it goes, and what it says of what it couldn't weigh."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import pytest
from sqlalchemy import Dialect

from portal.access.executing import Executed, took_too_long
from portal.access.statement import Read, Statement
from portal.administration.release_desk import ReleaseReport
from portal.administration.release_wording import render_release
from portal.administration.releasing import Release
from portal.administration.uniqueness import (
    MOST_COMBINATIONS,
    MOST_ENCOUNTERS,
    Combination,
    Encounter,
    Examiner,
    Uniqueness,
)
from portal.catalog.columns import column_specs
from portal.catalog.entries import CatalogEntry, Link
from portal.policies.information_point import DataTable
from portal.policies.matching import Request
from portal.resolvers.office.releases import report_value
from portal.storage.data_store import data_table
from portal.storage.dialects import sqlite_dialect
from portal.vocabulary import PUBLIC, Action, EntryCode, EntryIdentifier, Environment, ItemIdentifier, ShareClass
from tests.fixtures.open_data import opening, parking, point_on
from tests.policies import building
from tests.policies.building import NOW, changed

pytestmark = pytest.mark.clause("threats.md T27")

REQUEST = Request(PUBLIC, Action(), Environment(NOW))
MIXED = (3, 100, 1, 4)
"""Groups, rows, rows alone, rows in small groups."""


@dataclass
class Source:
    """A data store that answers every read with a row that it is told to, or not in time."""

    answer: Callable[[str], tuple[int, ...] | None]
    dialect: Dialect = field(default_factory=sqlite_dialect)
    asked: list[Statement] = field(default_factory=list)

    async def execute(self, read: Read) -> Executed:
        assert read.rows is not None
        self.asked.append(read.rows)
        row = self.answer(read.rows.sql)
        if row is None:
            raise took_too_long()
        return Executed([row], None)

    def close(self) -> None: ...


def wide(items: int, code: str = "303001001/00001", identifier: str = "wide", **members: object) -> CatalogEntry:
    """Return an open entry of so many items, all open."""
    named = tuple(
        building.item(f"item_{number}", share_class=ShareClass.UNCONDITIONAL, is_open=True) for number in range(items)
    )
    own = {"items": named, "key": (named[0].identifier,)}
    return changed(parking(code, identifier), **{**own, **members})


def examined(source: Source, *entries: CatalogEntry, rows: int = 100) -> Uniqueness:
    """Return the report on the first of the entries, all of which are open."""
    states = [changed(building.state(one), table=DataTable(f"dataset_{n}", rows)) for n, one in enumerate(entries)]
    point = point_on(states, [opening(one) for one in entries])
    tables = {state.table.name: data_table(state.table.name, column_specs(state.entry)) for state in states}
    examiner = Examiner(source, lambda state: tables[state.table.name])
    return asyncio.run(examiner.examine(Release(states[0], (), REQUEST, point)))


def sizes(report: Uniqueness) -> list[int]:
    return [len(one.items) for one in report.combinations]


def test_every_combination_up_to_three_and_all_together_are_weighed() -> None:
    report = examined(Source(lambda _: MIXED), wide(5))
    assert sizes(report) == [1] * 5 + [2] * 10 + [3] * 10 + [5]
    assert len({one.items for one in report.combinations}) == 26
    assert report.unweighed == 0


def test_items_that_tell_every_row_apart_are_weighed_alone() -> None:
    report = examined(Source(lambda sql: (9, 9, 9, 9) if "item_0" in sql else MIXED), wide(4))
    assert [one.items for one in report.combinations if len(one.items) in (2, 3)] == [
        ("item_1", "item_2"),
        ("item_1", "item_3"),
        ("item_2", "item_3"),
        ("item_1", "item_2", "item_3"),
    ]
    assert report.unweighed == 0


def test_pair_that_tells_every_row_apart_is_weighed_with_nothing_more() -> None:
    def answer(sql: str) -> tuple[int, ...]:
        return (9, 9, 9, 9) if "item_0" in sql and "item_1" in sql else MIXED

    report = examined(Source(answer), wide(4))
    assert [one.items for one in report.combinations if len(one.items) == 3] == [
        ("item_0", "item_2", "item_3"),
        ("item_1", "item_2", "item_3"),
    ]
    assert report.unweighed == 0


@pytest.mark.parametrize(
    ("items", "rows", "weighed", "unweighed"),
    [(12, 100, 120, 66 + 220 - 120), (12, 1_000_000, 20, 66 - 20 + 220), (40, 100, 120, 780 - 120 + 9880)],
)
def test_work_is_bounded_and_what_was_left_is_said(items: int, rows: int, weighed: int, unweighed: int) -> None:
    assert weighed <= MOST_COMBINATIONS
    source = Source(lambda _: MIXED)
    report = examined(source, wide(items), rows=rows)
    assert len(report.combinations) == len(source.asked) == items + weighed + 1
    assert report.unweighed == unweighed


def test_what_is_not_counted_in_time_is_not_said_to_be_safe() -> None:
    source = Source(lambda _: None)
    report = examined(source, wide(5))
    assert sizes(report) == [1] * 5 + [5]
    assert all(one.crowd is None for one in report.combinations)
    # The pairs, and the triples made of them, weren't begun; neither was a fourth count.
    assert report.unweighed == 10 + 10
    assert len(source.asked) == 3


def test_no_group_of_nothing_is_small() -> None:
    report = examined(Source(lambda _: (0, 0, 0, 0)), wide(3))
    assert sizes(report) == [1, 1, 1]


def others(count: int) -> Iterable[CatalogEntry]:
    return (wide(2, f"303001001/{number:05}", f"other_{number}") for number in range(2, 2 + count))


def test_rows_meet_those_of_other_open_entries() -> None:
    source = Source(lambda sql: (7, 2) if "JOIN" in sql else MIXED)
    report = examined(source, wide(3), *others(MOST_ENCOUNTERS + 5))
    assert len(report.encounters) == MOST_ENCOUNTERS
    assert report.unweighed == 5
    first = report.encounters[0]
    assert (first.entry, first.pairs) == ("303001001/00002", (("item_0", "item_0"), ("item_1", "item_1")))
    assert first.meeting is not None
    assert (first.meeting.rows, first.meeting.alone) == (7, 2)


def test_meeting_that_is_not_counted_in_time_is_told() -> None:
    report = examined(Source(lambda sql: None if "JOIN" in sql else MIXED), wide(3), *others(1))
    assert [one.meeting for one in report.encounters] == [None]


def link(target: CatalogEntry, item: str, target_item: str) -> Link:
    return Link(
        "linked", (ItemIdentifier(item),), EntryIdentifier(target.identifier), (ItemIdentifier(target_item),), many=True
    )


def test_links_of_either_entry_are_ways_to_join() -> None:
    plain = parking("303001001/00002", "linked_to")
    own = wide(2, links=(link(plain, "item_1", "name"),))
    to_own = parking("303001001/00003", "links_back", links=(link(own, "code", "item_0"),))
    report = examined(Source(lambda sql: (1, 1) if "JOIN" in sql else MIXED), own, plain, to_own)
    assert [(one.entry, one.pairs) for one in report.encounters] == [
        ("303001001/00002", (("item_1", "name"),)),
        ("303001001/00003", (("item_0", "code"),)),
    ]


def test_items_that_the_public_is_not_shown_join_nothing() -> None:
    other = wide(2, "303001001/00002", "other")
    closed = changed(other, items=tuple(changed(item, open=False) for item in other.items))
    report = examined(Source(lambda _: MIXED), wide(2), closed)
    assert report.encounters == ()


def test_what_was_left_out_is_said_at_the_command_line() -> None:
    own, its = ItemIdentifier("a"), ItemIdentifier("b")
    encounter = Encounter(EntryCode("303001001/00002"), ((own, its),), None)
    found = Uniqueness(5, (), (own,), (Combination((own,), None),), (encounter,), 7)
    release = Release(building.state(wide(1)), (own,), REQUEST, point_on((), ()))
    said = [line.en for line in render_release(release, ReleaseReport(found, "seal"))]
    assert said[1:] == [
        "  a: couldn't be counted in time",
        "  a: not weighed, rows can't be grouped by it",
        "  with 303001001/00002 by a = b: couldn't be counted in time",
        "  7 further combinations or entries weren't weighed",
        "  --looked-at seal",
    ]


def test_what_was_not_counted_is_told_as_null_over_graphql() -> None:
    own = ItemIdentifier("a")
    encounter = Encounter(EntryCode("303001001/00002"), ((own, own),), None)
    told = report_value(ReleaseReport(Uniqueness(5, (own,), (), (Combination((own,), None),), (encounter,), 0), "seal"))
    assert told.rows is None
    assert [(one.groups, one.alone, one.in_small) for one in told.combinations] == [(None, None, None)]
    assert [(one.rows, one.alone) for one in told.encounters] == [(None, None)]
