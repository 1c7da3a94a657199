"""What is found wrong with a change, and that what was there before isn't told again."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from portal.catalog.entries import CatalogEntry, EntryStatus
from portal.conditions.tree import Condition
from portal.identity.registry import ApplicationStatus, Registry
from portal.policies.checking.change import check_change
from portal.policies.checking.findings import Finding, FindingKind, Severity
from portal.policies.records import PolicyRecord
from portal.vocabulary import EntryCode, PolicyId, ShareClass
from tests.policies.building import CONSUMER, NOW, PROVIDER, STRANGER, changed, entry, item, record, restriction
from tests.policies.registering import REGISTRY, application, content, department, registry, with_registry

pytestmark = [pytest.mark.clause("NT-33"), pytest.mark.clause("threats.md G18")]
OF = entry()
RECORD = record()


def found(
    new: Sequence[PolicyRecord], old: Sequence[PolicyRecord] = (), of: CatalogEntry = OF, register: Registry = REGISTRY
) -> list[Finding]:
    return list(check_change(content([of], old, register), content([of], new, register), NOW))


def kinds(findings: Sequence[Finding]) -> set[FindingKind]:
    return {finding.kind for finding in findings}


def at(days: int) -> str:
    return (NOW + timedelta(days=days)).isoformat()


def test_sound_record_has_no_finding() -> None:
    assert found([RECORD]) == []


@pytest.mark.parametrize(
    ("members", "kind", "severity"),
    [
        ({"consumer": "department:unknown"}, FindingKind.UNREGISTERED, Severity.FAULT),
        ({"applications": ["unknown"]}, FindingKind.UNREGISTERED, Severity.FAULT),
        ({"purposes": ["gossip"]}, FindingKind.UNREGISTERED, Severity.FAULT),
        ({"consumer": "group:readers"}, FindingKind.NAMES_NOBODY, Severity.WARNING),
        ({"applications": ["keeper"]}, FindingKind.NAMES_NOBODY, Severity.WARNING),
        ({"valid_until": at(0)}, FindingKind.PERIOD_OVER, Severity.WARNING),
        ({"modes": ["exchange"]}, FindingKind.MODE_NOT_OFFERED, Severity.REMARK),
        ({"matters": ["999999-9999"]}, FindingKind.NO_SUCH_MATTER, Severity.WARNING),
        ({"condition": {"auth_level": {"gt": 3}}}, FindingKind.CONDITION_NEVER, Severity.FAULT),
        ({"condition": {"network_zone": {"eq": "moon"}}}, FindingKind.CONDITION_NEVER, Severity.FAULT),
        ({"condition": {"department": {"eq": STRANGER}}}, FindingKind.CONDITION_NEVER, Severity.FAULT),
        ({"scope": {"division": {"in": []}}}, FindingKind.SCOPE_NEVER, Severity.FAULT),
        ({"scope": {"children": {"gt": 2, "lt": 3}}}, FindingKind.SCOPE_NEVER, Severity.FAULT),
        ({"scope": {"name": {"startsWith": "a", "eq": "b"}}}, FindingKind.SCOPE_NEVER, Severity.FAULT),
    ],
)
def test_record_that_can_do_nothing_is_found(members: dict[str, object], kind: FindingKind, severity: Severity) -> None:
    [finding] = [one for one in found([record(**members)]) if one.kind is kind]
    assert (finding.severity, finding.records, finding.entry) == (severity, ("statute-1",), OF.code)
    assert finding.what.en
    assert finding.mend.zh


def test_record_that_ends_before_it_begins_is_found() -> None:
    backwards = replace(RECORD, valid_from=NOW + timedelta(days=2), valid_until=NOW + timedelta(days=1))
    assert kinds(found([backwards])) == {FindingKind.BACKWARDS}


def test_item_that_the_catalog_lets_no_record_stand_on_is_found() -> None:
    general = record(kind="unconditional", consumer="any_department")
    assert kinds(found([general])) == {FindingKind.NO_ITEM}


def test_entry_that_is_not_published_is_found() -> None:
    draft = entry(status=EntryStatus.DRAFT)
    assert kinds(found([RECORD], of=draft)) == {FindingKind.NOT_PUBLISHED}
    own = record(kind="provider", consumer=f"department:{PROVIDER}")
    assert found([own], of=draft) == []


def test_deny_that_can_never_apply_is_found() -> None:
    assert kinds(found([restriction(condition={"department": {"eq": STRANGER}})])) == {FindingKind.CONDITION_NEVER}
    # A level may be missing, and doubt upholds a deny.
    assert found([restriction(condition={"auth_level": {"gt": 3}})]) == []
    assert kinds(found([restriction(scope={"name": {"in": []}})])) == {FindingKind.SCOPE_NEVER}


def test_application_that_is_disabled_is_found() -> None:
    disabled = replace(application("checker", CONSUMER), status=ApplicationStatus.DISABLED)
    [finding] = found([record(consumer="application:checker")], register=registry(applications=[disabled]))
    assert finding.kind is FindingKind.NAMES_NOBODY
    assert "disabled" in finding.what.en


def test_scope_without_rows_is_found_by_counting() -> None:
    asked: list[tuple[EntryCode, Condition]] = []

    def count_rows(code: EntryCode, condition: Condition) -> int:
        asked.append((code, condition))
        return 0 if len(asked) == 1 else 1

    scoped = content([OF], [record(scope={"division": {"eq": {"subject": "region"}}})])
    before = content([OF], [])
    assert kinds(check_change(before, scoped, NOW, count_rows)) == {FindingKind.SCOPE_EMPTY}
    assert check_change(before, scoped, NOW, count_rows) == ()
    personal = content([OF], [record(scope={"name": {"eq": {"subject": "user"}}})])
    assert check_change(before, personal, NOW, count_rows) == ()
    assert check_change(before, content([OF], [restriction(scope={"name": {"eq": "x"}})]), NOW, count_rows) == ()
    assert [code for code, _ in asked] == [OF.code, OF.code]


def test_register_that_leaves_a_record_without_anybody_is_found() -> None:
    grouped = content([OF], [record(consumer="group:inspectors")])
    left = registry([department(PROVIDER), department(CONSUMER), department(STRANGER)])
    assert kinds(check_change(grouped, with_registry(grouped, left), NOW)) == {FindingKind.NAMES_NOBODY}
    assert check_change(with_registry(grouped, left), with_registry(grouped, left), NOW) == ()


def test_what_was_there_before_is_not_told_again() -> None:
    idle = record(id="idle", valid_until=at(-1))
    assert found([idle], [idle]) == []
    assert kinds(found([idle, RECORD], [idle])) == set()
    assert kinds(found([changed(idle, items=("note",))], [idle])) == set()


def is_shadowed(other: dict[str, object], own: dict[str, object] | None = None) -> bool:
    """Whether a record is said to be covered by another one that was there."""
    there = record(id="other", **other)
    findings = found([there, record(**(own or {}))], [there])
    covered = [one.records for one in findings if one.kind is FindingKind.SHADOWED]
    return ("statute-1", "other") in covered


WIDER: Sequence[dict[str, object]] = (
    {},
    {"items": ["name", "note"]},
    {"items": ["*"]},
    {"purposes": ["*"]},
    {"modes": ["query", "exchange"]},
    {"consumer": "group:inspectors"},
    {"kind": "statutory", "valid_from": at(-5)},
)
NARROWER: Sequence[dict[str, object]] = (
    {"purposes": ["work_reference"]},
    {"modes": ["exchange"]},
    {"items": ["note"]},
    {"consumer": "group:readers"},
    {"consumer": f"department:{STRANGER}"},
    {"consumer": "application:checker"},
    {"applications": ["checker"]},
    {"matters": ["999999-0001"]},
    {"valid_until": at(9)},
    {"valid_from": at(9)},
    {"condition": {"auth_level": {"gte": 1}}},
    {"scope": {"division": {"startsWith": ""}}},
    {"obligations": {"max_rows": 5}},
    {"obligations": {"daily_rows": 5}},
    {"obligations": {"mask": {"name": {"hash": {}}}}},
)


@pytest.mark.parametrize("other", WIDER)
def test_record_that_another_covers_is_found(other: dict[str, object]) -> None:
    assert is_shadowed(other)


@pytest.mark.parametrize("other", NARROWER)
def test_record_that_another_covers_in_part_is_not_said_to_be_covered(other: dict[str, object]) -> None:
    assert not is_shadowed(other)


@pytest.mark.parametrize(
    ("other", "own", "is_covered"),
    [
        ({"condition": {"auth_level": {"gte": 1}}}, {"condition": {"auth_level": {"gte": 2}}}, True),
        ({"condition": {"auth_level": {"gte": 2}}}, {"condition": {"auth_level": {"gte": 1}}}, False),
        ({"scope": {"name": {"startsWith": "a"}}}, {"scope": {"name": {"startsWith": "ab"}}}, True),
        ({"scope": {"name": {"startsWith": "ab"}}}, {"scope": {"name": {"startsWith": "a"}}}, False),
        ({"scope": {"name": {"eq": {"subject": "user"}}}}, {"scope": {"name": {"eq": {"subject": "user"}}}}, True),
        ({"scope": {"name": {"eq": {"subject": "user"}}}}, {"scope": {"name": {"eq": {"subject": "region"}}}}, False),
        ({"obligations": {"max_rows": 9}}, {"obligations": {"max_rows": 5}}, True),
        ({"matters": ["999999-0001"]}, {"matters": ["999999-0001"]}, True),
        ({"applications": ["checker"]}, {"consumer": "application:checker"}, True),
        ({"valid_until": at(9)}, {"valid_until": at(8)}, True),
        # A masked item can't be compared, unless another record shows it bare in every row.
        (
            {"scope": {"name": {"isNull": False}}},
            {"scope": {"name": {"eq": "a"}}, "obligations": {"mask": {"name": {"full": {}}}}},
            False,
        ),
        ({}, {"obligations": {"mask": {"name": {"full": {}}}}}, True),
    ],
)
def test_record_is_covered_where_its_terms_are(
    other: dict[str, object], own: dict[str, object], is_covered: bool
) -> None:
    assert is_shadowed(other, own) is is_covered


def test_of_two_that_cover_each_other_one_is_told() -> None:
    [finding] = found([RECORD, replace(RECORD, id=PolicyId("twin"))])
    assert finding.records == ("twin", "statute-1")


def test_restriction_that_another_covers_is_found() -> None:
    wide, narrow = restriction(id="a"), restriction(id="b", scope={"name": {"eq": "a"}})
    assert [one.records for one in found([wide, narrow])] == [("b", "a")]


def test_restriction_that_takes_away_everything_is_found() -> None:
    assert kinds(found([RECORD, restriction()])) == {FindingKind.TAKEN_AWAY}
    assert found([RECORD, restriction(scope={"name": {"eq": "a"}})]) == []
    assert found([RECORD, restriction(condition={"auth_level": {"gte": 2}})]) == []
    assert found([RECORD, restriction(items=["note"])]) == []
    assert found([RECORD, restriction(valid_until=at(3))]) == []
    scoped = record(scope={"name": {"eq": "ab"}})
    assert kinds(found([scoped, restriction(scope={"name": {"startsWith": "a"}})])) == {FindingKind.TAKEN_AWAY}


def test_equal_record_with_the_opposite_effect_is_a_fault() -> None:
    [finding] = found([RECORD, restriction(purposes=["verification"], modes=["query"])])
    assert (finding.kind, finding.severity) == (FindingKind.OPPOSITE, Severity.FAULT)


def test_overlap_on_other_terms_is_a_remark() -> None:
    masked = record(id="a", items=["name", "note"], obligations={"mask": {"name": {"hash": {}}}, "max_rows": 9})
    limited = record(id="b", items=["name"], modes=["query", "exchange"], obligations={"max_rows": 5})
    [finding] = [one for one in found([masked, limited]) if one.kind is FindingKind.OVERLAPPING]
    assert (finding.severity, finding.items) == (Severity.REMARK, ("name",))
    other = replace(limited, consumer=record(consumer=f"department:{STRANGER}").consumer)
    assert FindingKind.OVERLAPPING not in kinds(found([masked, other]))
    anybody = record(
        id="c",
        kind="agreement",
        consumer="any_department",
        valid_from=at(-1),
        valid_until=at(9),
        obligations={"max_rows": 3},
    )
    public = replace(
        anybody,
        id=PolicyId("d"),
        consumer=record(kind="agreement", consumer="public", valid_from=at(-1), valid_until=at(9)).consumer,
    )
    assert FindingKind.OVERLAPPING in kinds(found([anybody, limited]))
    assert FindingKind.OVERLAPPING in kinds(found([public, limited]))


def agreed(name: str, begins: int, ends: int) -> PolicyRecord:
    return record(id=name, kind="agreement", valid_from=at(begins), valid_until=at(ends))


def test_gap_between_agreements_is_found() -> None:
    [finding] = found([agreed("a", -30, 5), agreed("b", 9, 40)], [agreed("a", -30, 5)])
    assert (finding.kind, finding.records) == (FindingKind.GAP, ("b", "a"))
    assert found([agreed("a", -30, 9), agreed("b", 9, 40)]) == []
    assert FindingKind.GAP not in kinds(found([agreed("a", -30, 50), agreed("b", 1, 2), agreed("c", 9, 40)]))
    # What lies behind is nobody's to mend.
    assert FindingKind.GAP not in kinds(found([agreed("a", -30, -20), agreed("b", -9, 40)]))
    other = replace(agreed("b", 9, 40), consumer=record(consumer=f"department:{STRANGER}").consumer)
    assert FindingKind.GAP not in kinds(found([agreed("a", -30, 5), other]))
    endless = replace(agreed("c", 20, 30), valid_until=None)
    assert FindingKind.GAP not in kinds(found([agreed("a", -30, 5), endless]))


def test_class_that_takes_the_ground_from_a_record_is_found() -> None:
    agreement = agreed("a", -30, 5)
    strict = entry([item("name", share_class=ShareClass.NOT_SHARED)])
    lax = entry([item("name")])
    before, after = content([lax], [agreement]), content([strict], [agreement])
    assert kinds(check_change(before, after, NOW)) == {FindingKind.NO_ITEM}
