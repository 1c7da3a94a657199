"""What counts as open data: what the public may read now by a record, and not a moment longer."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from portal.catalog.entries import EntryStatus
from portal.open_data.reading import OpenCatalog, OpenDataReader
from portal.policies.decision_point import DecisionPoint
from portal.policies.freezes import Freeze, FreezeTarget, Frozen
from portal.policies.records import PolicyRecord
from portal.policies.snapshot import Snapshot
from portal.vocabulary import PUBLIC, ItemIdentifier, PolicyId, ShareClass
from tests.fixtures.open_data import UPDATED, opening, parking, point_on, read_at, updated
from tests.policies.building import MATCHERS, NOW, changed, entry, item, record, restriction, state

SECOND = timedelta(seconds=1)
PARKING = parking()


def shown(*records: PolicyRecord, now: datetime = NOW) -> list[str]:
    """Return the items of `PARKING` that are shown under the records, none where it is no data set."""
    return [
        one.identifier for data_set in read_at(point_on([PARKING], records), now).data_sets for one in data_set.items
    ]


def test_what_the_public_may_read_is_open_data_and_its_items_are_those_it_may_read() -> None:
    (data_set,) = read_at(point_on([updated(PARKING)], [opening(PARKING)])).data_sets
    assert data_set.queried == data_set.transferred == ("code", "name")
    assert (data_set.code, data_set.updated_at, data_set.shown_key) == (PARKING.code, UPDATED, ("code",))
    assert data_set.provider == PARKING.provider


def test_conditional_item_is_not_shown_even_where_a_record_names_every_item() -> None:
    assert shown(opening(PARKING, items=["*"])) == ["code", "name"]


def test_item_that_no_record_names_is_not_shown() -> None:
    assert shown(opening(PARKING, items=["name"])) == ["name"]
    assert read_at(point_on([PARKING], [opening(PARKING, items=["name"])])).data_sets[0].shown_key == ()


def test_item_is_shown_for_the_way_by_which_it_may_be_read() -> None:
    by_query = opening(PARKING, id="query", items=["code"], modes=["query"])
    as_file = opening(PARKING, id="file", items=["name"], modes=["exchange"])
    (data_set,) = read_at(point_on([PARKING], [by_query, as_file])).data_sets
    assert (data_set.queried, data_set.transferred) == (("code",), ("name",))
    assert [one.identifier for one in data_set.items] == ["code", "name"]


@pytest.mark.parametrize(
    "members",
    [
        {"valid_until": "2026-03-01T08:00:00Z"},
        {"valid_from": "2026-03-01T08:00:01Z"},
        {"condition": {"network_zone": {"eq": "government"}}},
        {"condition": {"auth_level": {"gte": 1}}},
        {"condition": {"client_address": {"inNetwork": "192.0.2.0/24"}}},
        {"condition": {"case": {"isNull": False}}},
        {"condition": {"now": {"lt": "2026-03-01T08:00:00Z"}}},
        {"purposes": ["verification"]},
        {"modes": ["service"]},
    ],
    ids=str,
)
def test_entry_is_no_open_data_where_its_record_does_not_apply_to_everyone_now(members: dict[str, object]) -> None:
    assert shown(opening(PARKING)) == ["code", "name"]
    assert shown(opening(PARKING, **members)) == []


@pytest.mark.parametrize("condition", [{"network_zone": {"eq": "internet"}}, {"auth_level": {"gte": 0}}], ids=str)
def test_record_for_whoever_asks_from_the_internet_opens_its_items(condition: dict[str, object]) -> None:
    assert shown(opening(PARKING, condition=condition)) == ["code", "name"]


def test_entry_without_a_record_for_the_public_is_no_open_data() -> None:
    for_departments = record(
        PARKING, kind="unconditional", consumer="any_department", items=["*"], purposes=["*"], modes=["*"]
    )
    assert shown() == shown(for_departments) == []


def test_item_that_is_not_open_is_not_shown_even_where_everyone_may_read_it() -> None:
    for_everyone = record(PARKING, kind="unconditional", consumer="public", items=["*"], purposes=["*"], modes=["*"])
    view = point_on([PARKING], [for_everyone]).snapshot.view(PUBLIC, NOW)
    assert [one.identifier for one in view[PARKING.identifier].items] == ["code", "name", "note"]
    assert shown(for_everyone) == ["code", "name"]
    closed = changed(PARKING, open=False)
    point = point_on([closed], [for_everyone])
    assert [*point.snapshot.view(PUBLIC, NOW)] == [PARKING.identifier]
    assert read_at(point).data_sets == ()


def test_restriction_takes_its_items_away() -> None:
    denied = restriction(PARKING, consumer="public", items=["name"])
    assert shown(opening(PARKING), denied) == ["code"]
    doubtful = restriction(
        PARKING, consumer="public", items=["*"], condition={"client_address": {"inNetwork": "192.0.2.0/24"}}
    )
    assert shown(opening(PARKING), doubtful) == []


@pytest.mark.parametrize(
    "members",
    [
        {"status": EntryStatus.WITHDRAWN},
        {"status": EntryStatus.REGISTERED},
        {"open": False},
        {"share_class": ShareClass.NOT_SHARED},
    ],
    ids=str,
)
def test_entry_that_is_hidden_from_the_public_is_no_open_data(members: dict[str, object]) -> None:
    hidden = changed(PARKING, **members)
    assert read_at(point_on([hidden], [opening(PARKING)])).data_sets == ()


def test_entry_that_left_the_catalog_is_no_open_data() -> None:
    assert read_at(point_on([state(PARKING, removed=True)], [opening(PARKING)])).data_sets == ()


def test_conditional_entry_is_no_open_data_whatever_departments_may_read() -> None:
    closed = entry([item("name")])
    assert read_at(point_on([closed], [record(closed)])).data_sets == ()


@pytest.mark.parametrize(
    ("frozen", "left"),
    [
        (Frozen(FreezeTarget.EVERYTHING), []),
        (Frozen(FreezeTarget.ENTRY, PARKING.code), []),
        (Frozen(FreezeTarget.ITEM, PARKING.code, ItemIdentifier("name")), ["code"]),
    ],
    ids=str,
)
def test_frozen_item_is_no_open_data(frozen: Frozen, left: list[str]) -> None:
    point = point_on([PARKING], [opening(PARKING)])
    freeze = Freeze(PolicyId("freeze:1"), frozen, "合成理由", "officer", "2026-03-01T08:00:00Z")
    content = changed(point.snapshot.content, freezes=(freeze,))
    catalog = read_at(DecisionPoint(Snapshot(content), MATCHERS))
    assert [one.identifier for data_set in catalog.data_sets for one in data_set.items] == left


def test_data_sets_are_in_the_order_of_codes_and_the_newest_first_where_asked() -> None:
    entries = [parking(f"303001001/0000{number}", f"parks_{number}") for number in (3, 1, 2)]
    moments = [UPDATED, None, UPDATED + SECOND]
    states = [updated(one, at) for one, at in zip(entries, moments, strict=True)]
    catalog = read_at(point_on(states, map(opening, entries)))
    assert [one.code[-1] for one in catalog.data_sets] == ["1", "2", "3"]
    assert [one.code[-1] for one in catalog.newest] == ["2", "3", "1"]
    assert catalog.updated_at == UPDATED + SECOND
    assert [one.code[-1] for one in catalog.found({entries[0].code: 5, entries[1].code: 5})] == ["1", "3"]
    assert [one.code[-1] for one in catalog.found({entries[0].code: 5, entries[1].code: 1})] == ["3", "1"]


class Counted:
    """Reads at moments that the test sets, and tells which catalogs were read anew."""

    def __init__(self) -> None:
        self.reader = OpenDataReader()
        self.seen: list[OpenCatalog] = []

    def read(self, point: DecisionPoint, now: datetime) -> list[str]:
        catalog = asyncio.run(self.reader.read(point, point.snapshot.view(PUBLIC, now), now))
        if not self.seen or self.seen[-1] is not catalog:
            self.seen.append(catalog)
        return [one.identifier for data_set in catalog.data_sets for one in data_set.items]


def test_reading_is_kept_while_nothing_could_change_it_and_no_longer() -> None:
    end = NOW + timedelta(days=1)
    point = point_on([PARKING], [opening(PARKING, valid_until="2026-03-02T08:00:00Z")])
    counted = Counted()
    assert counted.read(point, NOW) == counted.read(point, end - SECOND) == ["code", "name"]
    assert len(counted.seen) == 1
    assert counted.read(point, end) == []
    assert counted.read(point, end + timedelta(days=100)) == []
    assert len(counted.seen) == 2


def test_data_set_is_there_from_the_moment_on_at_which_its_record_begins() -> None:
    begin = datetime(2026, 3, 2, 8, tzinfo=UTC)
    point, counted = point_on([PARKING], [opening(PARKING, valid_from="2026-03-02T08:00:00Z")]), Counted()
    assert [counted.read(point, at) for at in (NOW, begin - SECOND, begin)] == [[], [], ["code", "name"]]


def test_reading_of_another_epoch_is_never_shown() -> None:
    counted = Counted()
    assert counted.read(point_on([PARKING], [opening(PARKING)], epoch=1), NOW) == ["code", "name"]
    assert counted.read(point_on([PARKING], [], epoch=2), NOW) == []
    assert counted.read(point_on([PARKING], [opening(PARKING)], epoch=3), NOW) == ["code", "name"]


def test_reading_is_made_anew_where_the_clock_was_set_back() -> None:
    point = point_on([PARKING], [opening(PARKING, valid_from="2026-03-01T08:00:00Z")])
    counted = Counted()
    assert counted.read(point, NOW) == ["code", "name"]
    assert counted.read(point, NOW - SECOND) == []


def test_condition_on_the_time_is_looked_at_again_each_second() -> None:
    point = point_on([PARKING], [opening(PARKING, condition={"now": {"lt": "2026-03-01T08:00:05Z"}})])
    counted = Counted()
    assert counted.read(point, NOW) == counted.read(point, NOW + SECOND / 2) == ["code", "name"]
    assert len(counted.seen) == 1
    assert counted.read(point, NOW + 4 * SECOND) == ["code", "name"]
    assert counted.read(point, NOW + 5 * SECOND) == []


def test_each_of_many_entries_is_read() -> None:
    entries = [parking(f"303001001/{number:05}", f"parks_{number}") for number in range(450)]
    catalog = read_at(point_on(entries, map(opening, entries)))
    assert len(catalog.data_sets) == len(catalog.data_set_by_code) == 450
