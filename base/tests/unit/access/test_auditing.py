"""What an answer or a refusal leaves in the audit: who, what and why, with sensitive values out of sight."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from ipaddress import ip_address
from time import perf_counter_ns
from typing import Any

import pytest

from portal.access.auditing import Occasion, Refusal, permit_record, refusal_record, rows_quota
from portal.access.plan import QueryPlan
from portal.audit.records import Outcome, Quota, hash_value
from portal.catalog.entries import CatalogEntry
from portal.conditions.tree import TRUE, Value
from portal.errors import ErrorCode
from portal.policies.decision import Permit
from portal.policies.matching import Request
from portal.policies.records import ANY, Consumer, ConsumerKind, Effect, PolicyKind, PolicyRecord
from portal.vocabulary import (
    PUBLIC,
    Action,
    ApplicationId,
    DepartmentCode,
    EntryCode,
    Environment,
    ItemIdentifier,
    Matter,
    Mode,
    NetworkZone,
    PolicyId,
    Purpose,
    Subject,
    UserId,
)
from tests.fixtures.planned import entry_of, plan
from tests.fixtures.sharing_bundle import cases, residents, villages
from tests.fixtures.small_bundle import entry, item

SECRET = b"synthetic audit secret"
NOW = datetime(2026, 1, 31, 16, tzinfo=UTC)
DEPARTMENT = DepartmentCode("11999999MB0000019T")
SUBJECT = Subject(DEPARTMENT, application=ApplicationId("checker"), matters=(Matter("999999-0001"),))
RESIDENTS = entry_of(residents())


def occasion(subject: Subject = SUBJECT, action: Action | None = None, about: CatalogEntry = RESIDENTS) -> Occasion:
    environment = Environment(NOW, NetworkZone.GOVERNMENT, ip_address("192.0.2.1"))
    return Occasion(Request(subject, action or Action(), environment), about, 7, "r-1", perf_counter_ns() - 5_000_000)


def policy(name: str, effect: Effect = Effect.ALLOW, version: int = 1) -> PolicyRecord:
    kind = PolicyKind.STATUTORY if effect is Effect.ALLOW else PolicyKind.RESTRICTION
    consumer = Consumer(ConsumerKind.DEPARTMENT, DEPARTMENT)
    return PolicyRecord(
        PolicyId(name), effect, kind, consumer, EntryCode("303001001/00002"), ANY, ANY, ANY, version=version
    )


def filter_of(planned: QueryPlan, about: CatalogEntry = RESIDENTS) -> object:
    """Return the recorded filter, parsed."""
    record = permit_record(occasion(about=about), planned, Permit(TRUE, (), None), 0, SECRET)
    return None if record.filter is None else json.loads(record.filter)


def test_permit_is_recorded_with_who_what_and_under_which_policies() -> None:
    action = Action(Mode.QUERY, Purpose("verification"), None)
    permit = Permit(
        TRUE,
        (policy("b", version=3), policy("a")),
        None,
        restrictions=(policy("aa", Effect.DENY), policy("b", version=3)),
    )
    planned = plan("{residents(orderBy: [{code: ASC}]) {nodes {income name}}}")

    record = permit_record(occasion(action=action), planned, permit, 12, SECRET)

    assert record.decision is Outcome.PERMIT
    assert (record.subject, record.department, record.application, record.user) == (
        "application:checker",
        "11999999MB0000019T",
        "checker",
        None,
    )
    assert (record.entry, record.identifier, record.rows) == ("303001001/00002", "residents", 12)
    assert (record.mode, record.purpose) == (Mode.QUERY, "verification")
    assert record.items == ("code", "name", "income")
    assert record.policies == (("a", 1), ("aa", 1), ("b", 3))
    assert (record.epoch, record.client_address, record.request_id) == (7, "192.0.2.1", "r-1")
    assert (record.code, record.reasons, record.filter, record.time) == (None, (), None, NOW)
    assert record.duration_microseconds >= 5000


def test_matter_is_recorded_as_the_decision_took_it() -> None:
    def matter(subject: Subject, named: str | None) -> str | None:
        action = Action(matter=None if named is None else Matter(named))
        return refusal_record(occasion(subject, action), None, Refusal(ErrorCode.PURPOSE_DENIED), SECRET).matter

    two = replace(SUBJECT, matters=(Matter("m1"), Matter("m2")))
    assert matter(SUBJECT, None) == "999999-0001"
    assert matter(SUBJECT, "999999-0001") == "999999-0001"
    assert matter(two, None) is None
    assert matter(two, "m2") == "m2"
    # Refused, and recorded as it was named.
    assert matter(SUBJECT, "another's") == "another's"
    assert matter(PUBLIC, "any") == "any"


def test_public_and_users_are_recorded_as_such() -> None:
    public = refusal_record(occasion(PUBLIC), None, Refusal(ErrorCode.ITEM_DENIED), SECRET)
    person = refusal_record(
        occasion(Subject(DEPARTMENT, user=UserId("clerk"))), None, Refusal(ErrorCode.ITEM_DENIED), SECRET
    )

    assert (public.subject, public.department, public.application, public.user) == ("public", None, None, None)
    assert (person.subject, person.application, person.user) == ("user:clerk", None, "clerk")


def test_address_that_is_unknown_is_recorded_as_none() -> None:
    asked = occasion()
    unknown = replace(asked, request=replace(asked.request, environment=Environment(NOW)))

    assert refusal_record(unknown, None, Refusal(ErrorCode.BAD_INPUT), SECRET).client_address is None


def test_refusal_is_recorded_with_every_reason_and_no_policy() -> None:
    reasons = ((ItemIdentifier("name"), ErrorCode.EXPIRED), (ItemIdentifier("code"), ErrorCode.ITEM_DENIED))
    planned = plan('{residents(where: {born: {gt: "2026-01-01"}}) {nodes {name code}}}')

    record = refusal_record(occasion(), planned, Refusal(ErrorCode.EXPIRED, reasons), SECRET)

    assert (record.decision, record.rows, record.code, record.reasons) == (
        Outcome.DENY,
        0,
        ErrorCode.EXPIRED,
        reasons,
    )
    assert record.items == ("code", "name", "born")
    assert record.filter is not None
    assert record.policies == ()


def test_refusal_without_a_plan_has_neither_items_nor_filter() -> None:
    record = refusal_record(occasion(), None, Refusal(ErrorCode.BAD_INPUT), SECRET)

    assert (record.items, record.filter, record.code) == ((), None, ErrorCode.BAD_INPUT)


VALUES: list[tuple[str, str, Value]] = [
    ("name", '"合成甲"', "合成甲"),
    ("born", '"1980-01-31"', date(1980, 1, 31)),
    ("seen", '"2026-01-31T08:00:00+08:00"', datetime(2026, 1, 31, tzinfo=UTC)),
    ("income", "100.50", Decimal("100.50")),
    ("children", "123456789012", 123456789012),
    ("present", "true", True),
]


@pytest.mark.parametrize(("name", "literal", "value"), VALUES, ids=repr)
def test_value_beside_a_conditional_item_is_hashed(name: str, literal: str, value: Value) -> None:
    found = filter_of(plan(f"{{residents(where: {{{name}: {{eq: $v}}}}) {{totalCount}}}}", {"v": raw(literal)}))

    assert found == {name: {"eq": hash_value(SECRET, value)}}
    assert str(value) not in json.dumps(found, ensure_ascii=False)


def raw(literal: str) -> object:
    """Return a literal as a variable would bring it."""
    return json.loads(literal, parse_float=Decimal)


def test_value_beside_an_unconditional_item_stands_as_it_is() -> None:
    found = filter_of(
        plan(
            '{villages(where: {name: {startsWith: "东"}, area: {gt: "1.5"}}) {totalCount}}', entry=entry_of(villages())
        ),
        entry_of(villages()),
    )

    assert found == {"and": [{"name": {"startsWith": "东"}}, {"area": {"gt": "1.5"}}]}


def test_every_value_of_a_list_and_below_junctions_is_hashed() -> None:
    found = filter_of(
        plan('{residents(where: {not: {or: [{name: {notIn: ["甲", "乙"]}}, {code: {isNull: true}}]}}) {totalCount}}')
    )

    hashed = [hash_value(SECRET, "甲"), hash_value(SECRET, "乙")]
    assert found == {"not": {"or": [{"name": {"notIn": hashed}}, {"code": {"isNull": True}}]}}


@pytest.mark.parametrize(
    ("members", "hidden"),
    [
        ({}, False),
        ({"sensitivity": 2}, False),
        ({"sensitivity": 3}, True),
        ({"sensitivity": 4}, True),
        ({"share_class": "conditional", "share_condition": "按协议"}, True),
        ({"share_class": "not_shared", "legal_basis": "依据"}, True),
    ],
    ids=repr,
)
def test_value_is_hashed_when_class_or_sensitivity_ask_for_it(members: dict[str, Any], hidden: bool) -> None:
    things = entry_of(entry("things", "303001001/00009", [item("code"), item("kind", **members)]))

    found = filter_of(plan('{things(where: {kind: {eq: "x"}}) {totalCount}}', entry=things), things)

    assert found == {"kind": {"eq": hash_value(SECRET, "x") if hidden else "x"}}


def test_value_is_hashed_when_the_entry_alone_is_not_shared() -> None:
    about = entry_of(cases())

    found = filter_of(plan('{cases(where: {code: {eq: "c1"}}) {totalCount}}', entry=about), about)

    assert found == {"code": {"eq": hash_value(SECRET, "c1")}}


def test_empty_filter_is_none() -> None:
    assert filter_of(plan("{residents(where: {}) {totalCount}}")) is None
    assert filter_of(plan("{residents {totalCount}}")) is None
    assert filter_of(plan("{residents(where: {or: []}) {totalCount}}")) == {"or": []}


def test_rows_count_in_the_calendar_day_of_shanghai() -> None:
    assert rows_quota(occasion(), 5, 100) == Quota(
        "application:checker", EntryCode("303001001/00002"), date(2026, 2, 1), 5, 100
    )
