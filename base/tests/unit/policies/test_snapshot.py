from datetime import datetime, timedelta

import pytest

from portal.catalog.entries import EntryStatus
from portal.policies.records import Consumer, ConsumerKind, PolicyRecord
from portal.policies.snapshot import Snapshot, subject_consumers
from portal.vocabulary import PUBLIC, EntryCode, EntryIdentifier, ShareClass, Subject
from tests.policies.building import (
    CHECKER,
    CODE,
    CONSUMER,
    NOW,
    OTHER,
    OWNER,
    PROVIDER,
    changed,
    entry,
    item,
    open_entry,
    record,
    restriction,
    snapshot,
    state,
)

RESIDENTS = EntryIdentifier("residents")
VILLAGES = EntryIdentifier("villages")
OTHER_CODE = EntryCode("303001001/00002")
MICROSECOND = timedelta(microseconds=1)
NINETY_DAYS = timedelta(days=90)


def seen(of: Snapshot, subject: Subject = CHECKER, now: datetime = NOW) -> dict[str, list[str]]:
    """Return the items by entry that the subject may know of."""
    view = of.view(subject, now)
    by_entry = {str(name): [str(one.identifier) for one in shown.items] for name, shown in view.items()}
    for name, shown in view.items():
        assert shown.entry.identifier == name
        assert of.visible_identifiers(shown.entry, subject, now) == tuple(one.identifier for one in shown.items)
    return by_entry


def of_residents(*records: PolicyRecord) -> Snapshot:
    return snapshot([entry()], records)


def test_subject_is_every_consumer_that_names_it() -> None:
    assert list(map(str, subject_consumers(CHECKER))) == [
        "public",
        "any_department",
        f"department:{CONSUMER}",
        "group:inspectors",
        "group:readers",
        "application:checker",
    ]
    assert subject_consumers(PUBLIC) == (Consumer(ConsumerKind.PUBLIC),)


def test_candidates_are_the_records_whose_consumer_the_subject_is() -> None:
    records = [
        restriction(id=name, consumer=consumer)
        for name, consumer in (
            ("f", "public"),
            ("e", "any_department"),
            ("d", f"department:{CONSUMER}"),
            ("c", "group:readers"),
            ("b", "application:checker"),
            ("a", "group:strangers"),
            ("g", f"department:{PROVIDER}"),
            ("h", "application:keeper"),
        )
    ]
    of = of_residents(*records)
    assert [one.id for one in of.candidates(CODE, CHECKER)] == ["b", "c", "d", "e", "f"]
    assert [one.id for one in of.candidates(CODE, PUBLIC)] == ["f"]
    assert [one.id for one in of.candidates(CODE, OWNER)] == ["e", "f", "g", "h"]
    assert of.candidates(OTHER_CODE, CHECKER) == ()
    assert [one.id for one in of.records_on(CODE)] == list("abcdefgh")
    assert of.records_on(OTHER_CODE) == ()


def test_candidates_are_of_their_entry_alone() -> None:
    villages = open_entry(code=OTHER_CODE, identifier=VILLAGES)
    of = snapshot([entry(), villages], [record(), restriction(villages, resource=OTHER_CODE, items=["code"])])
    assert [one.id for one in of.candidates(CODE, CHECKER)] == ["statute-1"]
    assert [one.id for one in of.candidates(OTHER_CODE, CHECKER)] == ["restriction-1"]


def test_snapshot_tells_its_epoch_and_who_is_registered() -> None:
    of = snapshot([], [], epoch=7)
    assert (of.epoch, of.registry) == (7, of.content.registry)


def test_states_are_found_by_code_and_by_identifier() -> None:
    gone = state(entry(), removed=True)
    successor = state(entry(code=OTHER_CODE))
    for states in ([gone, successor], [successor, gone]):
        of = snapshot(states, [])
        assert of.state_by_code == {CODE: gone, OTHER_CODE: successor}
        assert of.state_by_identifier == {RESIDENTS: successor}
    assert snapshot([gone], []).state_by_identifier == {RESIDENTS: gone}


def test_view_holds_the_items_that_an_allow_names_in_the_entrys_order() -> None:
    assert seen(of_residents(record(items=["note", "name"]), record(id="b", items=["born"]))) == {
        "residents": ["name", "note", "born"]
    }
    assert seen(of_residents(record(items=["*"])))["residents"] == [one.identifier for one in entry().items]


@pytest.mark.parametrize(
    "members",
    [
        {"purposes": ["work_reference"]},
        {"modes": ["exchange"]},
        {"matters": ["999999-0009"]},
        {"condition": {"auth_level": {"gte": 3}}},
        {"scope": {"or": []}},
        {"valid_from": "2030-01-01T00:00:00Z"},
    ],
)
@pytest.mark.clause("enforcement.md §5, view")
def test_view_does_not_ask_whether_the_allow_applies_now(members: dict[str, object]) -> None:
    assert seen(of_residents(record(**members))) == {"residents": ["name"]}


@pytest.mark.parametrize(
    "found",
    [
        record(consumer="group:strangers"),
        record(applications=["other"]),
        restriction(),
        record(kind="unconditional", consumer="any_department"),
        record(kind="open_data", consumer="public"),
    ],
    ids=["another consumer", "another application", "a deny", "not unconditional", "not open"],
)
def test_view_is_empty_when_no_allow_could_be_meant(found: PolicyRecord) -> None:
    assert seen(of_residents(found)) == {}
    assert of_residents(found).visible_identifiers(entry(), CHECKER, NOW) == ()


def test_view_does_not_shrink_by_a_deny() -> None:
    assert seen(of_residents(record(), restriction(items=["*"]))) == {"residents": ["name"]}


@pytest.mark.parametrize(
    ("since", "remembered"),
    [
        (-MICROSECOND, True),
        (timedelta(0), True),
        (NINETY_DAYS - MICROSECOND, True),
        (NINETY_DAYS, False),
        (NINETY_DAYS + MICROSECOND, False),
        (timedelta(days=4000), False),
    ],
    ids=["in force", "just ended", "nearly 90 days", "90 days", "more", "long ago"],
)
@pytest.mark.clause("enforcement.md §5, ended in the last 90 days")
def test_view_remembers_a_record_for_90_days(since: timedelta, *, remembered: bool) -> None:
    of = of_residents(record(valid_until="2026-01-01T00:00:00Z"))
    ended = of.content.records[0].valid_until
    assert ended is not None
    assert seen(of, now=ended + since) == ({"residents": ["name"]} if remembered else {})


@pytest.mark.parametrize("status", EntryStatus)
def test_view_holds_unpublished_entries_for_their_provider_alone(status: EntryStatus) -> None:
    own = record(id="provider-residents", kind="provider", consumer=f"department:{PROVIDER}", items=["name"])
    of = snapshot([entry(status=status)], [own, record()])
    shown = status is EntryStatus.PUBLISHED
    assert seen(of, OWNER) == {"residents": ["name"]}
    assert seen(of, CHECKER) == ({"residents": ["name"]} if shown else {})
    assert of.visible_identifiers(entry(status=status), CHECKER, NOW) == (("name",) if shown else ())


def test_view_holds_removed_entries_for_their_provider_alone() -> None:
    own = record(id="provider-residents", kind="provider", consumer=f"department:{PROVIDER}", items=["name"])
    of = snapshot([state(entry(), removed=True)], [own, record()])
    assert (seen(of, OWNER), seen(of, CHECKER)) == ({"residents": ["name"]}, {})


def test_view_leaves_out_a_removed_entry_when_another_has_its_identifier() -> None:
    own = record(id="provider-1", kind="provider", consumer=f"department:{PROVIDER}", items=["name"])
    successor = entry([item("note")], code=OTHER_CODE)
    new = record(
        successor, id="provider-2", kind="provider", consumer=str(own.consumer), resource=OTHER_CODE, items=["note"]
    )
    of = snapshot([state(entry(), removed=True), successor], [own, new])
    assert seen(of, OWNER) == {"residents": ["note"]}


def test_view_of_the_public_holds_open_items_alone() -> None:
    of_villages = open_entry(identifier=VILLAGES)
    opened = record(of_villages, kind="open_data", consumer="public", items=["*"], purposes=["*"])
    of = snapshot([of_villages], [opened])
    assert seen(of, PUBLIC) == seen(of, CHECKER) == {"villages": ["code"]}


def test_view_of_a_department_holds_unconditional_items() -> None:
    of_villages = open_entry(item("code", share_class=ShareClass.UNCONDITIONAL), item("note"), identifier=VILLAGES)
    shared = record(of_villages, kind="unconditional", consumer="any_department", items=["*"])
    of = snapshot([of_villages], [shared])
    assert (seen(of, OTHER), seen(of, PUBLIC)) == ({"villages": ["code"]}, {})


def test_view_is_in_catalog_order() -> None:
    first = entry(code=EntryCode("303001001/00001"), identifier=EntryIdentifier("zebra"))
    second = entry(code=OTHER_CODE, identifier=EntryIdentifier("apple"))
    records = [record(first), record(second, id="b", resource=OTHER_CODE)]
    assert list(seen(snapshot([first, second], records))) == ["zebra", "apple"]


def test_view_changes_next_when_the_earliest_ended_record_is_forgotten() -> None:
    records = (
        record(id="a", valid_until="2026-06-01T00:00:00Z"),
        record(id="b", valid_until="2026-01-01T00:00:00Z"),
        record(id="c", valid_until="2020-01-01T00:00:00Z"),
        record(id="d"),
        record(id="e", valid_until="9999-12-31T23:59:59Z"),
    )
    of = of_residents(*records)
    ends = [one.valid_until for one in of.content.records[:2]]
    assert ends[0] is not None
    assert ends[1] is not None
    assert of.next_view_change(NOW) == ends[1] + NINETY_DAYS
    assert of.next_view_change(ends[1] + NINETY_DAYS) == ends[0] + NINETY_DAYS
    assert of.next_view_change(ends[0] + NINETY_DAYS) is None


def test_view_has_changed_at_the_moment_that_is_told() -> None:
    of = of_residents(record(valid_until="2026-01-01T00:00:00Z"))
    change = of.next_view_change(NOW)
    assert change is not None
    assert seen(of, now=change - MICROSECOND) != seen(of, now=change)


def test_snapshot_does_not_change_when_the_lists_it_was_made_of_do() -> None:
    records = [record()]
    of = snapshot([entry()], records)
    records.append(restriction())
    assert of.records_on(CODE) == (record(),)


def test_record_of_a_group_is_seen_when_the_department_is_in_it() -> None:
    of = of_residents(record(consumer="group:readers"))
    assert seen(of, CHECKER) == {"residents": ["name"]}
    assert seen(of, changed(CHECKER, groups=())) == {}
