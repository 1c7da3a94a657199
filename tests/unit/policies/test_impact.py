"""What a change gives and takes, and how little is worked out for it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from time import perf_counter

import pytest

from portal.conditions.tree import Comparison, Operator
from portal.identity.registry import Registry
from portal.policies.freezes import Freeze, FreezeTarget, Frozen
from portal.policies.impact import Impact, Way, compare_access
from portal.policies.records import Obligations, PartialMask, PolicyRecord
from portal.policies.snapshot import Snapshot
from portal.vocabulary import GroupCode, ItemIdentifier, PolicyId, Purpose, ShareClass
from tests.policies.building import CONSUMER, NOW, PROVIDER, STRANGER, changed, entry, item, record, restriction
from tests.policies.registering import (
    MATTER,
    REGISTRY,
    application,
    content,
    department,
    registry,
    user,
    with_registry,
)

pytestmark = [pytest.mark.clause("NT-33"), pytest.mark.clause("WH-28")]
OF = entry()
RECORD = record()
NAME = ItemIdentifier("name")


def impact(old: Sequence[PolicyRecord], new: Sequence[PolicyRecord], now: datetime = NOW) -> Impact:
    return compare_access(content([OF], old), content([OF], new), now)


def ways(found: Impact) -> dict[Way, set[str]]:
    """Who is concerned, by way."""
    concerned: dict[Way, set[str]] = {}
    for shift in found.shifts:
        concerned.setdefault(shift.way, set()).update(map(str, shift.who))
    return concerned


CONSUMERS = {f"department:{CONSUMER}", "application:checker"}


def test_nothing_changes_when_the_snapshots_are_equal() -> None:
    assert impact([RECORD], [RECORD]) == Impact((), 0)


def test_added_record_opens_what_it_says() -> None:
    found = impact([], [RECORD])
    [shift] = found.shifts
    assert found.gains == found.shifts
    assert found.losses == ()
    assert (shift.way, set(map(str, shift.who))) == (Way.OPENED, CONSUMERS)
    assert (shift.items, shift.purposes, shift.modes) == ((NAME,), (Purpose("verification"),), ("query",))
    assert (shift.begins, shift.ends, shift.records, shift.matters) == (NOW, None, ("statute-1",), (None,))


def test_withdrawn_record_closes_what_it_said() -> None:
    found = impact([RECORD], [])
    assert ways(found) == {Way.CLOSED: CONSUMERS}
    assert found.losses == found.shifts


def test_period_is_told_when_it_is_another_one() -> None:
    end = NOW + timedelta(days=10)
    later = replace(RECORD, valid_until=end)
    [shift] = impact([RECORD], [later]).shifts
    assert (shift.way, shift.begins, shift.ends) == (Way.CLOSED, end, None)


def test_periods_that_follow_on_each_other_are_one() -> None:
    end = NOW + timedelta(days=10)
    other = record(id="other", items=["note"], valid_until=end.isoformat())
    old = [replace(other, purposes=RECORD.purposes, items=(NAME,), valid_from=end, valid_until=None)]
    [shift] = impact([], [replace(RECORD, valid_until=end), *old]).shifts[:1]
    assert shift.begins == NOW
    two = impact([], [RECORD, replace(other, items=(NAME,))]).shifts
    assert sum(one.way is Way.OPENED for one in two) == 2


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param({}, {"condition": {"auth_level": {"gte": 2}}}, Way.NARROWED, id="a condition"),
        pytest.param({"condition": {"auth_level": {"gte": 2}}}, {}, Way.WIDENED, id="no condition"),
        pytest.param({}, {"scope": {"division": {"eq": "1"}}}, Way.NARROWED, id="a scope"),
        pytest.param(
            {"scope": {"division": {"eq": "11"}}}, {"scope": {"division": {"startsWith": "1"}}}, Way.WIDENED, id="wider"
        ),
        pytest.param({}, {"obligations": {"mask": {"name": {"full": {}}}}}, Way.MASKED, id="a mask"),
        pytest.param(
            {"obligations": {"mask": {"name": {"full": {}}}}},
            {"obligations": {"mask": {"name": {"partial": {"head": 1, "tail": 0}}}}},
            Way.UNMASKED,
            id="a weaker mask",
        ),
        pytest.param({"obligations": {"max_rows": 5}}, {"obligations": {"max_rows": 6}}, Way.LIMIT_RAISED, id="more"),
        pytest.param({}, {"obligations": {"daily_rows": 6}}, Way.LIMIT_LOWERED, id="a limit"),
    ],
)
def test_terms_are_told_when_they_change(old: dict[str, object], new: dict[str, object], expected: Way) -> None:
    assert set(ways(impact([record(**old)], [record(**new)]))) == {expected}


def test_masks_are_weighed_row_by_row() -> None:
    masked = Obligations(masks=((NAME, PartialMask(1, 1)),))
    scoped = replace(RECORD, id=PolicyId("scoped"), scope=Comparison("division", Operator.EQ, "1"))
    assert set(ways(impact([replace(RECORD, obligations=masked)], [replace(RECORD, obligations=masked), scoped]))) == {
        Way.UNMASKED,
        # The one without mask asks for no limit, and nor did the other.
    }


def test_restriction_takes_away_and_its_end_gives_back() -> None:
    ban = restriction()
    assert ways(impact([RECORD], [RECORD, ban])) == {Way.CLOSED: CONSUMERS}
    assert ways(impact([RECORD, ban], [RECORD])) == {Way.OPENED: CONSUMERS}


@pytest.mark.clause("threats.md T30")
def test_class_is_a_change_of_policy() -> None:
    general = record(
        entry([item("name", share_class=ShareClass.UNCONDITIONAL)], share_class=ShareClass.UNCONDITIONAL),
        kind="unconditional",
        consumer="any_department",
    )
    strict, lax = (
        entry([item("name", share_class=one)], share_class=ShareClass.UNCONDITIONAL)
        for one in (ShareClass.CONDITIONAL, ShareClass.UNCONDITIONAL)
    )
    found = compare_access(content([strict], [general]), content([lax], [general]), NOW)
    assert set(ways(found)) == {Way.OPENED}
    everybody = {f"department:{code}" for code in (PROVIDER, CONSUMER, STRANGER)}
    assert ways(found)[Way.OPENED] == {*everybody, "application:keeper", "application:checker"}


def of_register(before: Registry, after: Registry, *records: PolicyRecord) -> Impact:
    old = content([OF], records, before)
    return compare_access(old, with_registry(old, after), NOW)


@pytest.mark.clause("threats.md T30")
def test_group_is_a_change_of_policy() -> None:
    grouped = record(consumer="group:inspectors")
    joined = registry([department(PROVIDER), department(CONSUMER, "inspectors"), department(STRANGER, "inspectors")])
    assert ways(of_register(REGISTRY, joined, grouped)) == {Way.OPENED: {f"department:{STRANGER}"}}
    assert ways(of_register(joined, REGISTRY, grouped)) == {Way.CLOSED: {f"department:{STRANGER}"}}


@pytest.mark.clause("threats.md T30")
def test_attribute_is_a_change_of_policy_where_a_record_tests_it() -> None:
    moved = registry([department(PROVIDER), department(CONSUMER, "inspectors", region="11"), department(STRANGER)])
    regional = record(condition={"region": {"eq": "11"}})
    assert ways(of_register(REGISTRY, moved, regional)) == {Way.OPENED: CONSUMERS}
    assert of_register(REGISTRY, moved, RECORD).shifts == ()
    scoped = record(scope={"division": {"eq": {"subject": "region"}}})
    assert set(ways(of_register(REGISTRY, moved, scoped))) == {Way.WIDENED, Way.NARROWED}


@pytest.mark.clause("threats.md T30")
def test_person_is_a_change_of_policy_where_a_record_tests_it() -> None:
    hired = registry(users=[user("clerk", CONSUMER), user("newcomer", CONSUMER)])
    personal = record(condition={"user": {"eq": "newcomer"}})
    assert ways(of_register(REGISTRY, hired, personal)) == {Way.OPENED: {f"department:{CONSUMER}"}}
    assert of_register(REGISTRY, hired, RECORD).shifts == ()


def test_application_and_matter_are_changes_of_policy() -> None:
    mattered = record(matters=["999999-0002"])
    more = registry(applications=[application("checker", CONSUMER, MATTER, "999999-0002")])
    assert ways(of_register(REGISTRY, more, mattered)) == {Way.OPENED: {"application:checker"}}
    fresh = registry(applications=[*REGISTRY.applications.values(), application("fresh", CONSUMER)])
    assert ways(of_register(REGISTRY, fresh, RECORD)) == {Way.OPENED: {"application:fresh"}}
    assert ways(of_register(fresh, REGISTRY, RECORD)) == {Way.CLOSED: {"application:fresh"}}


@pytest.mark.clause("threats.md T84")
def test_freeze_is_a_change_of_policy() -> None:
    open_ = content([OF], [RECORD])
    freeze = Freeze(
        PolicyId("freeze:1"), Frozen(FreezeTarget.ENTRY, OF.code), "测试", "drafter", "2026-03-01T08:00:00Z"
    )
    frozen = Snapshot(replace(open_.content, freezes=(freeze,)))
    assert ways(compare_access(open_, frozen, NOW)) == {Way.CLOSED: CONSUMERS}
    assert ways(compare_access(frozen, open_, NOW)) == {Way.OPENED: CONSUMERS}


def test_entry_that_goes_closes_everything() -> None:
    found = compare_access(content([OF], [RECORD]), content([], []), NOW)
    assert ways(found) == {Way.CLOSED: CONSUMERS}
    assert found.shifts[0].entry == OF.code


@pytest.mark.clause("threats.md T34")
def test_near_miss_of_an_entry_code_is_another_entry() -> None:
    near = changed(OF, code=f"{OF.code}0")
    old, new = content([OF, near], []), content([OF, near], [RECORD])
    assert {shift.entry for shift in compare_access(old, new, NOW).shifts} == {OF.code}


def many(count: int) -> tuple[list[PolicyRecord], Registry]:
    """Return so many records on one entry, for as many departments in a group each, and the register."""
    departments = [department(f"1199999{number:011d}", f"group{number % 40}") for number in range(count // 5)]
    groups = [f"group{number}" for number in range(40)]
    records = [
        record(
            id=f"record-{number}",
            consumer=f"department:{departments[number % len(departments)].code}"
            if number % 4
            else f"group:group{number % 40}",
            items=[OF.items[number % 5].identifier],
            valid_until=(NOW + timedelta(days=number % 30 + 1)).isoformat(),
            condition={"auth_level": {"gte": number % 3}} if number % 2 else {},
        )
        for number in range(count)
    ]
    programs = [application(f"program{number}", one.code) for number, one in enumerate(departments)]
    return records, registry([department(PROVIDER), *departments], programs, groups=groups)


@pytest.mark.clause("threats.md G18")
@pytest.mark.parametrize("touched", [0, 3])
def test_little_is_compared_for_a_change_among_1000_records(touched: int) -> None:
    records, register = many(1000)
    before = content([OF], records, register)
    after = content(
        [OF],
        [*records[:touched], changed(records[touched], purposes=(Purpose("work_reference"),)), *records[touched + 1 :]],
        register,
    )
    begun = perf_counter()
    found = compare_access(before, after, NOW)
    print(f"{perf_counter() - begun:.3f} s, {found.compared} cells")  # noqa: T201  measured, not bounded
    assert found.shifts
    # One record is of one department or a group of five, each with its application; the others aren't looked at.
    assert found.compared <= 2 * 31 * 2 * 10


def test_groups_are_alike_whoever_is_in_them() -> None:
    codes = [f"1199999{number:011d}" for number in range(300)]
    everybody = registry([department(PROVIDER), *(department(code, "readers") for code in codes)], groups=["readers"])
    old = content([OF], [], everybody)
    found = compare_access(old, content([OF], [record(consumer="group:readers")], everybody), NOW)
    assert len(found.shifts[0].who) == 300
    assert found.compared == 1
    assert GroupCode("readers") in everybody.groups
