"""What a change is proved not to do, with a request that shows it where it does."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from portal.catalog.entries import CatalogEntry
from portal.policies.guarantees import CounterExample, Declaration, Guarantee, Promise, prove_guarantees
from portal.policies.records import ANY, PolicyRecord
from portal.vocabulary import Mode, NetworkZone, PolicyId, Purpose, Role, ShareClass
from tests.policies.building import CONSUMER, NOW, PROVIDER, entry, item, open_entry, record
from tests.policies.registering import REGISTRY, content, department, point_of, registry, user, with_registry

pytestmark = [pytest.mark.clause("threats.md T25"), pytest.mark.clause("threats.md T30")]
OF = entry([item("name"), item("secret", share_class=ShareClass.NOT_SHARED), item("division")])
MEANT = Declaration(frozenset({Purpose("verification")}), frozenset({PolicyId("statute-1")}))
UNTIL = (NOW + timedelta(days=30)).isoformat()


def proved(
    new: Sequence[PolicyRecord],
    declaration: Declaration = MEANT,
    of: CatalogEntry = OF,
    old: Sequence[PolicyRecord] = (),
) -> dict[Promise, Guarantee]:
    found = prove_guarantees(content([of], old), content([of], new), NOW, declaration)
    return {one.promise: one for one in found}


def broken(found: dict[Promise, Guarantee]) -> set[Promise]:
    return {promise for promise, one in found.items() if not one.holds}


def example(found: dict[Promise, Guarantee], promise: Promise) -> CounterExample:
    shown = found[promise].counter_example
    assert shown is not None
    return shown


def agreement(**members: object) -> PolicyRecord:
    return record(
        OF, **{"id": "agreed", "kind": "agreement", "valid_from": NOW.isoformat(), "valid_until": UNTIL, **members}
    )


def test_change_that_says_what_it_does_keeps_every_promise() -> None:
    assert broken(proved([record(OF)])) == set()
    assert set(proved([])) == set(Promise)


def test_nothing_that_was_there_breaks_a_promise() -> None:
    records = [record(OF, items=["secret"], purposes=["*"])]
    assert broken(proved(records, Declaration(), old=records)) == set()


def test_item_that_is_not_shared_is_found_and_replays() -> None:
    found = proved([record(OF, items=["name", "secret"])])
    assert broken(found) == {Promise.OPENS_NOTHING_UNSHARED}
    shown = example(found, Promise.OPENS_NOTHING_UNSHARED)
    assert (shown.item, shown.records, shown.certain) == ("secret", ("statute-1",), True)
    assert shown.replays(point_of(content([OF], [record(OF, items=["name", "secret"])])))
    assert not shown.replays(point_of(content([OF], [])))


def test_item_that_was_not_shared_is_found_when_its_class_changes_too() -> None:
    before, after = (
        entry([item("name", share_class=one)], share_class=ShareClass.UNCONDITIONAL)
        for one in (ShareClass.NOT_SHARED, ShareClass.UNCONDITIONAL)
    )
    general = record(after, kind="unconditional", consumer="any_department")
    found = prove_guarantees(content([before], [general]), content([after], [general]), NOW, MEANT)
    assert [one.promise for one in found if not one.holds] == [Promise.OPENS_NOTHING_UNSHARED]


@pytest.mark.parametrize("purposes", [["work_reference"], ["verification", "work_reference"], ["*"]])
def test_purpose_that_was_not_declared_is_found(purposes: list[str]) -> None:
    found = proved([record(OF, purposes=purposes)])
    assert broken(found) == {Promise.SERVES_DECLARED_PURPOSES}
    shown = example(found, Promise.SERVES_DECLARED_PURPOSES)
    assert shown.request.action.purpose != "verification"
    assert shown.replays(point_of(content([OF], [record(OF, purposes=purposes)])))
    assert broken(proved([record(OF, purposes=purposes)], Declaration(ANY, MEANT.lasting))) == set()


def test_agreement_is_outlived_only_by_what_lasts_longer() -> None:
    assert broken(proved([agreement()], Declaration(MEANT.purposes))) == set()
    statute = record(OF, valid_until=(NOW + timedelta(days=31)).isoformat())
    found = proved([agreement(), statute], Declaration(MEANT.purposes))
    assert broken(found) == {Promise.OUTLIVES_NO_AGREEMENT}
    shown = example(found, Promise.OUTLIVES_NO_AGREEMENT)
    assert shown.request.environment.now == NOW + timedelta(days=30)
    assert shown.records == ("statute-1",)
    assert broken(proved([agreement(), statute])) == set()


def test_provider_and_items_for_everyone_need_no_agreement() -> None:
    own = record(OF, kind="provider", consumer=f"department:{PROVIDER}", items=["name"])
    assert broken(proved([own], Declaration(MEANT.purposes))) == set()
    opened = open_entry(item("code", is_open=True), share_class=ShareClass.CONDITIONAL)
    public = record(opened, kind="open_data", consumer="public", items=["code"])
    assert broken(proved([public], Declaration(MEANT.purposes), opened)) == set()


def test_what_is_not_open_is_found_when_the_public_is_given_it() -> None:
    of = open_entry()
    public = record(of, kind="unconditional", consumer="public", items=["code", "note"])
    found = proved([public], of=of)
    assert broken(found) == {Promise.OPENS_NOTHING_TO_THE_PUBLIC}
    shown = example(found, Promise.OPENS_NOTHING_TO_THE_PUBLIC)
    assert shown.item == "note"
    assert shown.request.subject.is_public
    assert shown.request.environment.network_zone is NetworkZone.INTERNET
    assert shown.replays(point_of(content([of], [public])))


@pytest.mark.parametrize(
    "condition",
    [
        {"network_zone": {"eq": "government"}, "auth_level": {"gte": 2}},
        {"client_address": {"inNetwork": "10.0.0.0/8"}},
        {"case": {"startsWith": "37"}, "operator": {"eq": "甲"}},
        {"user": {"eq": "clerk"}},
        {"now": {"gte": "2026-05-01T00:00:00Z"}},
        {"roles": {"contains": "head"}},
        {"or": [{"auth_level": {"lt": 0}}, {"network_zone": {"isNull": True}}]},
    ],
)
def test_counter_example_meets_the_condition(condition: dict[str, object]) -> None:
    records = [record(OF, items=["secret"], condition=condition)]
    shown = example(proved(records), Promise.OPENS_NOTHING_UNSHARED)
    assert shown.certain
    assert shown.replays(point_of(content([OF], records)))
    assert shown.request.action.mode is Mode.QUERY
    assert set(shown.request.subject.roles) <= {Role.HEAD}


@pytest.mark.parametrize(
    "condition", [{"auth_level": {"gt": 3}}, {"department": {"ne": CONSUMER}}, {"user": {"eq": "stranger"}}]
)
def test_condition_that_nobody_meets_opens_nothing(condition: dict[str, object]) -> None:
    assert broken(proved([record(OF, items=["secret"], condition=condition)])) == set()


def test_doubt_breaks_a_promise_and_says_so() -> None:
    condition = {"case": {"contains": "1", "endsWith": "2", "startsWith": "3", "lt": "31", "ne": "30102"}}
    found = proved([record(OF, items=["secret"], condition={**condition, "not": {"case": {"contains": "0"}}})])
    assert broken(found) == {Promise.OPENS_NOTHING_UNSHARED}
    assert not example(found, Promise.OPENS_NOTHING_UNSHARED).certain


def test_certain_example_is_preferred_to_doubt() -> None:
    condition = {"case": {"contains": "1", "endsWith": "2", "startsWith": "3", "lt": "31"}}
    doubtful = record(OF, items=["secret"], condition={**condition, "not": {"case": {"contains": "0"}}})
    plain = record(OF, id="z", items=["secret"], modes=["exchange"])
    assert example(proved([doubtful, plain]), Promise.OPENS_NOTHING_UNSHARED).records == ("z",)


def test_person_who_was_hired_breaks_a_promise() -> None:
    personal = record(OF, items=["secret"], condition={"user": {"eq": "newcomer"}})
    old = content([OF], [personal])
    hired = registry(users=[user("clerk", CONSUMER), user("newcomer", CONSUMER)])
    found = prove_guarantees(old, with_registry(old, hired), NOW, MEANT)
    assert [one.promise for one in found if not one.holds] == [Promise.OPENS_NOTHING_UNSHARED]
    assert all(one.holds for one in prove_guarantees(with_registry(old, hired), old, NOW, MEANT))


def test_department_that_joins_a_group_breaks_a_promise() -> None:
    grouped = content([OF], [record(OF, consumer="group:readers", items=["secret"])])
    joined = registry([department(PROVIDER), department(CONSUMER, "inspectors", "readers")])
    assert all(one.holds for one in prove_guarantees(grouped, with_registry(grouped, REGISTRY), NOW, MEANT))
    found = prove_guarantees(grouped, with_registry(grouped, joined), NOW, MEANT)
    assert [one.promise for one in found if not one.holds] == [Promise.OPENS_NOTHING_UNSHARED]
