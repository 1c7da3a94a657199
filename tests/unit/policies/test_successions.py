"""What merged, split and renamed departments had is their successors', and no more than they had."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from portal.conditions.meaning import bind_subject, satisfies
from portal.conditions.tree import (
    FALSE,
    TRUE,
    And,
    Comparison,
    Condition,
    Constant,
    ListContains,
    Membership,
    Not,
    NullTest,
    Operator,
    Or,
    SubjectAttribute,
)
from portal.errors import PolicyUnavailable
from portal.identity.registry import Department, DepartmentStatus, Registry, Successor
from portal.policies.matching import meets, subject_attributes
from portal.policies.records import ANY, Consumer, ConsumerKind, Effect, PolicyKind, PolicyRecord
from portal.policies.successions import Successions, follow_entry, follow_records, successions_of, unfollowed
from portal.vocabulary import (
    ApplicationId,
    DepartmentCode,
    EntryCode,
    GroupCode,
    ItemIdentifier,
    Mode,
    PolicyId,
    Purpose,
    Subject,
)
from tests.policies.building import entry

pytestmark = [pytest.mark.clause("threats.md T30"), pytest.mark.clause("ND-11")]

OLD, NEW, OTHER, LAST = map(DepartmentCode, ("old", "new", "other", "last"))
PROVIDER = DepartmentCode("provider")
ENTRY = replace(entry(), provider=PROVIDER)
CODE = ENTRY.code
READERS = GroupCode("readers")
NAMED = PolicyId("named")
STATUTE = PolicyRecord(
    NAMED,
    Effect.ALLOW,
    PolicyKind.STATUTORY,
    Consumer(ConsumerKind.DEPARTMENT, OLD),
    CODE,
    (ItemIdentifier("name"),),
    (Purpose("verification"),),
    (Mode.QUERY,),
)
RESTRICTION = replace(STATUTE, effect=Effect.DENY, kind=PolicyKind.RESTRICTION)


def active(code: DepartmentCode, region: str | None = None, *groups: GroupCode) -> Department:
    return Department(code, f"合成部门{code}", region, groups)


def ended(code: DepartmentCode, status: DepartmentStatus, *successors: Successor) -> Department:
    return replace(active(code, "999901", READERS), status=status, successors=successors)


def merged(code: DepartmentCode, into: DepartmentCode) -> Department:
    return ended(code, DepartmentStatus.MERGED, Successor(into))


def split(*successors: Successor) -> Department:
    return ended(OLD, DepartmentStatus.SPLIT, *successors)


def successions(*departments: Department) -> Successions:
    standing = {code: active(code, "9999") for code in (OLD, NEW, OTHER, LAST, PROVIDER)}
    return successions_of(Registry({**standing, **{one.code: one for one in departments}}))


def followed(record: PolicyRecord, found: Successions) -> list[PolicyRecord]:
    return list(follow_records([record], {CODE: ENTRY}, found))


def consumers(record: PolicyRecord, *departments: Department) -> list[str]:
    return [str(one.consumer) for one in followed(record, successions(*departments))]


def test_nothing_is_touched_where_no_department_ended() -> None:
    assert followed(STATUTE, successions()) == [STATUTE]
    assert follow_entry(ENTRY, successions()) is ENTRY


@pytest.mark.parametrize("status", [DepartmentStatus.MERGED, DepartmentStatus.RENAMED])
def test_record_of_a_merged_or_renamed_department_is_its_successors(status: DepartmentStatus) -> None:
    [record] = followed(STATUTE, successions(ended(OLD, status, Successor(NEW))))
    assert record == replace(STATUTE, consumer=Consumer(ConsumerKind.DEPARTMENT, NEW))


def test_successions_are_followed_to_the_end() -> None:
    assert consumers(STATUTE, merged(OLD, NEW), merged(NEW, LAST)) == ["department:last"]


@pytest.mark.parametrize(
    "departments",
    [
        pytest.param((ended(OLD, DepartmentStatus.DISSOLVED),), id="dissolved"),
        pytest.param((split(Successor(NEW), Successor(OTHER)),), id="split, and not named"),
        pytest.param((split(Successor(NEW, (NAMED,)), Successor(OTHER, (NAMED,))),), id="split, and named twice"),
        pytest.param((merged(OLD, DepartmentCode("nowhere")),), id="merged into what isn't registered"),
        pytest.param((ended(OLD, DepartmentStatus.MERGED),), id="merged into nothing"),
        pytest.param(
            (ended(OLD, DepartmentStatus.MERGED, Successor(NEW), Successor(OTHER)),), id="merged into two at once"
        ),
    ],
)
def test_allow_is_nobodys_where_nobody_follows(departments: tuple[Department, ...]) -> None:
    found = successions(*departments)
    assert followed(STATUTE, found) == [STATUTE]
    assert OLD in found.ended
    [line] = unfollowed([STATUTE, RESTRICTION], [ENTRY], found)
    assert "`named` gives nobody anything" in line.en
    assert "`named`" in line.zh


def test_allow_gets_stuck_in_the_middle_where_nobody_follows_there() -> None:
    departments = merged(OLD, NEW), ended(NEW, DepartmentStatus.DISSOLVED)
    assert consumers(STATUTE, *departments) == ["department:new"]
    assert len(unfollowed([STATUTE], [], successions(*departments))) == 1


def test_record_of_a_split_department_follows_the_successor_that_is_named() -> None:
    departments = split(Successor(NEW), Successor(OTHER, (NAMED,)))
    assert consumers(STATUTE, departments) == ["department:other"]
    assert consumers(replace(STATUTE, id=PolicyId("unnamed")), departments) == ["department:old"]
    assert unfollowed([STATUTE], [ENTRY], successions(departments)) == ()


def test_records_of_others_stay_theirs() -> None:
    for consumer in (
        Consumer(ConsumerKind.DEPARTMENT, OTHER),
        Consumer(ConsumerKind.GROUP, READERS),
        Consumer(ConsumerKind.APPLICATION, OLD),
        Consumer(ConsumerKind.ANY_DEPARTMENT),
    ):
        record = replace(STATUTE, consumer=consumer)
        assert followed(record, successions(merged(OLD, NEW))) == [record]


def test_restriction_follows_every_successor_that_a_split_has() -> None:
    departments = split(Successor(NEW), Successor(OTHER))
    assert consumers(RESTRICTION, departments) == ["department:old", "department:new", "department:other"]
    departments = split(Successor(NEW), Successor(OTHER, (NAMED,)))
    assert consumers(RESTRICTION, departments) == ["department:old", "department:other"]


def test_restriction_follows_through_a_split_that_comes_later() -> None:
    later = ended(NEW, DepartmentStatus.SPLIT, Successor(OTHER), Successor(LAST))
    found = consumers(RESTRICTION, merged(OLD, NEW), later)
    assert found == ["department:old", "department:last", "department:other"]


def test_restriction_of_a_dissolved_department_denies_nobody_else() -> None:
    assert consumers(RESTRICTION, ended(OLD, DepartmentStatus.DISSOLVED)) == ["department:old"]
    assert consumers(RESTRICTION, merged(OLD, DepartmentCode("nowhere"))) == ["department:old"]


def test_restriction_of_a_group_follows_those_who_are_not_in_it() -> None:
    of_group = replace(RESTRICTION, consumer=Consumer(ConsumerKind.GROUP, READERS))
    assert consumers(of_group, merged(OLD, NEW)) == ["group:readers", "department:new"]
    assert consumers(of_group, merged(OLD, NEW), active(NEW, None, READERS)) == ["group:readers"]
    another = replace(RESTRICTION, consumer=Consumer(ConsumerKind.GROUP, "inspectors"))
    assert consumers(another, merged(OLD, NEW)) == ["group:inspectors"]


IN_REGION = Comparison("division", Operator.STARTS_WITH, SubjectAttribute("region"))


@pytest.mark.parametrize(
    "consumer",
    [Consumer(ConsumerKind.ANY_DEPARTMENT), Consumer(ConsumerKind.PUBLIC), Consumer(ConsumerKind.GROUP, READERS)],
    ids=str,
)
def test_restriction_for_all_follows_where_it_rests_on_the_region(consumer: Consumer) -> None:
    heir = active(NEW, "999902", READERS)
    plain = replace(RESTRICTION, consumer=consumer)
    assert consumers(plain, merged(OLD, NEW), heir) == [str(consumer)]
    assert consumers(replace(plain, scope=IN_REGION), merged(OLD, NEW), heir) == [str(consumer), "department:new"]


def test_restriction_of_an_application_goes_with_the_application() -> None:
    record = replace(RESTRICTION, consumer=Consumer(ConsumerKind.APPLICATION, "app"), scope=IN_REGION)
    assert followed(record, successions(merged(OLD, NEW))) == [record]


REGION, DEPARTMENT = (
    Comparison(name, Operator.EQ, value) for name, value in (("region", "999901"), ("department", OLD))
)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (TRUE, TRUE),
        (REGION, Constant(True)),
        (DEPARTMENT, Constant(True)),
        (Comparison("region", Operator.EQ, "9999"), Constant(False)),
        (ListContains("groups", READERS), Constant(True)),
        (ListContains("groups", "inspectors"), Constant(False)),
        (Membership("department", (NEW,)), Constant(False)),
        (Membership("department", ()), Constant(False)),
        (NullTest("region", is_null=True), Constant(False)),
        (ListContains("roles", "head"), ListContains("roles", "head")),
        (Comparison("auth_level", Operator.GTE, 2), Comparison("auth_level", Operator.GTE, 2)),
        (And((REGION, Or((DEPARTMENT, FALSE)))), And((Constant(True), Or((Constant(True), FALSE))))),
        (Not(DEPARTMENT), Not(Constant(True))),
    ],
)
@pytest.mark.parametrize("record", [STATUTE, RESTRICTION], ids=["allow", "deny"])
def test_condition_on_the_department_is_settled_as_it_was(
    record: PolicyRecord, before: Condition, after: Condition
) -> None:
    found = followed(replace(record, condition=before), successions(merged(OLD, NEW)))
    assert found[-1].condition == after


SCOPE = And(
    (IN_REGION, Not(Comparison("owner", Operator.EQ, SubjectAttribute("user"))), NullTest("region", is_null=True))
)


def test_scope_on_the_region_keeps_to_the_region_that_it_had() -> None:
    [record] = followed(replace(STATUTE, scope=SCOPE), successions(merged(OLD, NEW)))
    bound = Comparison("division", Operator.STARTS_WITH, "999901")
    assert record.scope == And((bound, *SCOPE.members[1:]))
    assert record.scope is not None
    heir = subject_attributes(Subject(department=NEW, region="9999"))
    row = {"division": "99990201", "owner": "x", "region": None}
    assert satisfies(bind_subject(record.scope, heir), row) is False


@pytest.mark.parametrize(("effect", "applies"), [(Effect.ALLOW, False), (Effect.DENY, True)])
def test_region_that_a_department_lacked_stays_in_doubt(effect: Effect, applies: bool) -> None:
    without = replace(merged(OLD, NEW), region=None)
    record = STATUTE if effect is Effect.ALLOW else RESTRICTION
    *_, found = followed(replace(record, scope=IN_REGION, condition=REGION), successions(without))
    assert (found.scope, found.condition) == (Constant(None), Constant(None))
    assert meets(effect, found.condition, {"region": "999901"}) is applies


def test_entry_is_provided_by_who_follows_its_provider() -> None:
    found = successions(merged(PROVIDER, NEW), merged(NEW, LAST))
    assert follow_entry(ENTRY, found) == replace(ENTRY, provider=LAST)


def provider_record() -> PolicyRecord:
    consumer = Consumer(ConsumerKind.DEPARTMENT, PROVIDER)
    return PolicyRecord(PolicyId("provider-x"), Effect.ALLOW, PolicyKind.PROVIDER, consumer, CODE, ANY, ANY, ANY)


@pytest.mark.parametrize(
    ("successors", "provider"),
    [
        ((Successor(NEW, entries=(CODE,)), Successor(OTHER, (PolicyId("provider-x"),))), NEW),
        ((Successor(NEW), Successor(OTHER, entries=(EntryCode("another"),))), PROVIDER),
        ((Successor(NEW), Successor(OTHER, (PolicyId("provider-x"),))), PROVIDER),
    ],
)
def test_record_of_a_provider_goes_with_the_entry(successors: tuple[Successor, ...], provider: DepartmentCode) -> None:
    found = successions(replace(split(*successors), code=PROVIDER))
    assert follow_entry(ENTRY, found).provider == provider
    [record] = followed(provider_record(), found)
    assert record.consumer == Consumer(ConsumerKind.DEPARTMENT, provider)
    lines = unfollowed([provider_record()], [ENTRY], found)
    assert [f"entry `{CODE}` has no provider any more" in line.en for line in lines] == [True] * (provider == PROVIDER)


def test_record_that_breaks_the_rule_of_providers_is_left_alone() -> None:
    record = replace(provider_record(), consumer=Consumer(ConsumerKind.DEPARTMENT, OLD))
    assert followed(record, successions(merged(OLD, NEW), merged(PROVIDER, LAST))) == [record]


def test_records_keep_what_else_they_say() -> None:
    record = replace(STATUTE, applications=(ApplicationId("app"),), version=7, basis="合成依据")
    [found] = followed(record, successions(merged(OLD, NEW)))
    assert replace(found, consumer=record.consumer) == record


def test_heirs_are_all_active_departments_that_came_of_one() -> None:
    found = successions(split(Successor(NEW), Successor(OTHER)), merged(OTHER, LAST))
    by_code: Mapping[DepartmentCode, tuple[DepartmentCode, ...]] = {
        OLD: (LAST, NEW),
        NEW: (NEW,),
        OTHER: (LAST,),
        DepartmentCode("nowhere"): (),
    }
    assert {code: found.heirs(code) for code in by_code} == by_code


def test_circle_of_successions_refuses_the_whole_content() -> None:
    with pytest.raises(PolicyUnavailable, match="`new`, `old` follow each other in a circle"):
        successions(merged(OLD, NEW), merged(NEW, OLD))
