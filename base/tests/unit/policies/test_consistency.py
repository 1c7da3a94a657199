from itertools import product

import pytest

from portal.catalog.entries import EntryStatus
from portal.identity.registry import Application, Department, Group, Registry
from portal.policies.consistency import broken_rules, covers_item, uncovered_items, validate_references
from portal.policies.records import ANY, Consumer, ConsumerKind, Effect, PolicyKind, PolicyRecord
from portal.vocabulary import ApplicationId, EntryCode, GroupCode, ItemIdentifier, Purpose, ShareClass
from tests.policies.building import (
    CONSUMER,
    PROVIDER,
    STRANGER,
    changed,
    entry,
    item,
    open_entry,
    record,
    restriction,
)

WIDE, LIMITED, CLOSED = ShareClass.UNCONDITIONAL, ShareClass.CONDITIONAL, ShareClass.NOT_SHARED
CLASSES = (WIDE, LIMITED, CLOSED)
AGREED = {
    "kind": "agreement",
    "valid_from": "2026-01-01T00:00:00+08:00",
    "valid_until": "2027-01-01T00:00:00+08:00",
}
BY_KIND = {
    PolicyKind.PROVIDER: record(kind="provider", consumer=f"department:{PROVIDER}"),
    PolicyKind.UNCONDITIONAL: record(kind="unconditional", consumer="any_department"),
    PolicyKind.AGREEMENT: record(**AGREED),
    PolicyKind.STATUTORY: record(),
    PolicyKind.OPEN_DATA: record(kind="open_data", consumer="public"),
    PolicyKind.RESTRICTION: restriction(),
}


def stands(kind: PolicyKind, strictest: ShareClass, *, is_open: bool) -> bool:
    """Return what enforcement.md §2 says of a record of the kind on an item of the stricter class."""
    match kind:
        case PolicyKind.PROVIDER | PolicyKind.STATUTORY | PolicyKind.RESTRICTION:
            return True
        case PolicyKind.UNCONDITIONAL:
            return strictest is WIDE
        case PolicyKind.AGREEMENT:
            return strictest in (WIDE, LIMITED)
        case PolicyKind.OPEN_DATA:
            return is_open and strictest is not CLOSED


@pytest.mark.parametrize("kind", PolicyKind)
@pytest.mark.clause("enforcement.md §2, consistency")
def test_kind_covers_just_what_the_catalog_lets_stand(kind: PolicyKind) -> None:
    states = product(CLASSES, CLASSES, (False, True), (False, True), EntryStatus)
    for of_entry, of_item, entry_open, item_open, status in states:
        name = item("name", share_class=of_item, is_open=item_open)
        of = entry([name], share_class=of_entry, open=entry_open, status=status)
        strictest = max(of_entry, of_item, key=CLASSES.index)
        expected = stands(kind, strictest, is_open=entry_open and item_open)
        assert covers_item(BY_KIND[kind], of, name) is expected, (of_entry, of_item, entry_open, item_open)


@pytest.mark.parametrize("kind", PolicyKind)
def test_record_does_not_cover_an_item_it_does_not_name(kind: PolicyKind) -> None:
    note = item("note", share_class=WIDE, is_open=True)
    of = open_entry(item("name"), note)
    assert not covers_item(BY_KIND[kind], of, note)
    assert kind is PolicyKind.AGREEMENT or covers_item(changed(BY_KIND[kind], items=ANY), of, note)


@pytest.mark.parametrize("kind", PolicyKind)
def test_record_does_not_cover_an_item_of_another_entry(kind: PolicyKind) -> None:
    name = item("name", share_class=WIDE, is_open=True)
    other = open_entry(name, code=EntryCode("303001001/00002"))
    assert covers_item(BY_KIND[kind], open_entry(name), name)
    assert not covers_item(BY_KIND[kind], other, name)


INCONSISTENT = {
    "a restriction that allows": changed(BY_KIND[PolicyKind.RESTRICTION], effect=Effect.ALLOW),
    "a provider record of another": changed(
        BY_KIND[PolicyKind.PROVIDER], consumer=Consumer(ConsumerKind.DEPARTMENT, CONSUMER)
    ),
    "a provider record of a group": changed(
        BY_KIND[PolicyKind.PROVIDER], consumer=Consumer(ConsumerKind.GROUP, PROVIDER)
    ),
    "open data for departments": changed(BY_KIND[PolicyKind.OPEN_DATA], consumer=Consumer(ConsumerKind.ANY_DEPARTMENT)),
    "a statute for everyone": changed(BY_KIND[PolicyKind.STATUTORY], consumer=Consumer(ConsumerKind.PUBLIC)),
    "a statute for departments": changed(BY_KIND[PolicyKind.STATUTORY], consumer=Consumer(ConsumerKind.ANY_DEPARTMENT)),
    "an agreement on every item": changed(BY_KIND[PolicyKind.AGREEMENT], items=ANY),
    "an agreement for every purpose": changed(BY_KIND[PolicyKind.AGREEMENT], purposes=ANY),
    "an agreement in every mode": changed(BY_KIND[PolicyKind.AGREEMENT], modes=ANY),
    "an agreement without begin": changed(BY_KIND[PolicyKind.AGREEMENT], valid_from=None),
    "an agreement without end": changed(BY_KIND[PolicyKind.AGREEMENT], valid_until=None),
}


@pytest.mark.parametrize("broken", INCONSISTENT.values(), ids=INCONSISTENT)
@pytest.mark.clause("enforcement.md §2, again at each decision")
def test_record_allows_nothing_when_it_breaks_a_rule_of_its_kind(broken: PolicyRecord) -> None:
    name = item("name", share_class=WIDE, is_open=True)
    assert len(broken_rules(broken, open_entry(name))) == 1
    assert not covers_item(broken, open_entry(name), name)


@pytest.mark.parametrize("kind", PolicyKind)
@pytest.mark.clause("T13")
def test_deny_covers_when_its_kind_is_not_a_restrictions(kind: PolicyKind) -> None:
    of = entry([item("name", share_class=CLOSED)], share_class=CLOSED)
    assert covers_item(changed(BY_KIND[kind], effect=Effect.DENY), of, of.items[0])


def test_uncovered_items_are_those_that_the_catalog_does_not_let_stand() -> None:
    of = entry(
        [item("a", share_class=WIDE), item("b"), item("c", share_class=CLOSED), item("d", share_class=WIDE)],
        share_class=WIDE,
    )
    unconditional = changed(BY_KIND[PolicyKind.UNCONDITIONAL], items=ANY)
    assert uncovered_items(unconditional, of) == ("b", "c")
    named = tuple(map(ItemIdentifier, ("c", "a")))
    assert uncovered_items(changed(unconditional, items=named), of) == ("c",)
    assert uncovered_items(changed(BY_KIND[PolicyKind.STATUTORY], items=ANY), of) == ()


REGISTRY = Registry(
    departments={CONSUMER: Department(CONSUMER, "合成部门", None, ())},
    groups={GroupCode("readers"): Group(GroupCode("readers"), "合成组")},
    applications={
        ApplicationId("checker"): Application(ApplicationId("checker"), "合成应用", CONSUMER, (), None, None, None)
    },
)
PURPOSES = (Purpose("verification"), Purpose("work_reference"))


def unknown(found: PolicyRecord) -> list[tuple[str, str]]:
    """Return where the record names what nobody knows, and what."""
    faults = validate_references(found, "policies/x.json", REGISTRY, PURPOSES)
    assert all(fault.file == "policies/x.json" and fault.what.zh and fault.mend.zh for fault in faults)
    return [(fault.column, fault.what.en) for fault in faults]


@pytest.mark.parametrize(
    "consumer", [f"department:{CONSUMER}", "group:readers", "application:checker", "any_department", "public"]
)
def test_references_are_known_when_they_are_registered(consumer: str) -> None:
    assert unknown(restriction(consumer=consumer, applications=["checker"])) == []
    assert unknown(restriction(consumer=consumer, purposes=["verification"])) == []


@pytest.mark.parametrize(
    ("consumer", "name"),
    [
        (f"department:{STRANGER}", STRANGER),
        ("department:readers", "readers"),
        ("department:checker", "checker"),
        (f"group:{CONSUMER}", CONSUMER),
        ("group:checker", "checker"),
        ("application:readers", "readers"),
        (f"application:{CONSUMER}", CONSUMER),
        ("group:Readers", "Readers"),
    ],
)
def test_consumer_is_refused_when_nobody_of_its_kind_is_registered(consumer: str, name: str) -> None:
    assert unknown(restriction(consumer=consumer)) == [("consumer", f"`{name}` isn't registered")]


def test_applications_are_refused_when_one_is_not_registered() -> None:
    found = restriction(consumer="any_department", applications=["checker", "lost", "stolen"])
    assert unknown(found) == [
        ("applications", "`lost` isn't registered"),
        ("applications", "`stolen` isn't registered"),
    ]


def test_purposes_are_refused_when_the_profile_does_not_know_one() -> None:
    found = restriction(consumer="public", purposes=["verification", "Verification", "*x"])
    assert unknown(found) == [("purposes", "unknown purpose `Verification`"), ("purposes", "unknown purpose `*x`")]
