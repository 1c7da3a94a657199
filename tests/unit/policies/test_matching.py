from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest

from portal.catalog.entries import EntryStatus
from portal.conditions.tree import UNKNOWN, Comparison, Condition, Operator
from portal.errors import ErrorCode
from portal.policies.matching import (
    Request,
    Stage,
    allows_mode,
    furthest_stage,
    is_in_period,
    lacks_purpose,
    meets,
    meets_condition,
    names_consumer,
    reaches_entry,
    request_attributes,
    serves_purpose,
    subject_attributes,
)
from portal.policies.records import Effect
from portal.vocabulary import (
    PUBLIC,
    Action,
    ApplicationId,
    CaseReference,
    DepartmentCode,
    Environment,
    Matter,
    Mode,
    NetworkZone,
    Purpose,
    Role,
    Subject,
    UserId,
)
from tests.policies.building import (
    CHECKER,
    CONSUMER,
    NOW,
    OTHER,
    OWNER,
    PROVIDER,
    Document,
    changed,
    code_of,
    entry,
    point,
    record,
    request,
    restriction,
    use,
)

FROM, UNTIL = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("consumer", "names"),
    [
        ("public", "checker owner other public"),
        ("any_department", "checker owner other"),
        (f"department:{CONSUMER}", "checker"),
        (f"department:{PROVIDER}", "owner"),
        ("group:inspectors", "checker"),
        ("group:readers", "checker"),
        ("application:checker", "checker"),
        ("application:keeper", "owner"),
        # A code of one kind is none of another.
        ("department:checker", ""),
        ("department:inspectors", ""),
        (f"group:{CONSUMER}", ""),
        ("group:checker", ""),
        (f"application:{CONSUMER}", ""),
        ("application:inspectors", ""),
        ("application:public", ""),
        # Nearly.
        (f"department:{CONSUMER[:-1]}", ""),
        (f"department:{CONSUMER.lower()}", ""),
        ("group:inspector", ""),
        ("application:checkers", ""),
    ],
)
def test_consumer_is_named_by_its_own_kind_and_code(consumer: str, names: str) -> None:
    subjects = {"checker": CHECKER, "owner": OWNER, "other": OTHER, "public": PUBLIC}
    found = restriction(consumer=consumer)
    assert {name for name, subject in subjects.items() if names_consumer(found, subject)} == set(names.split())


@pytest.mark.parametrize(
    ("applications", "names"),
    [
        ([], True),
        (["checker"], True),
        (["other", "checker"], True),
        (["other"], False),
        (["checker2", "Checker"], False),
    ],
)
def test_consumer_is_named_through_the_applications_that_it_may_use(applications: list[str], *, names: bool) -> None:
    for consumer in (f"department:{CONSUMER}", "group:readers", "any_department", "public", "application:checker"):
        assert names_consumer(restriction(consumer=consumer, applications=applications), CHECKER) is names


def test_consumer_is_not_named_through_an_application_when_the_subject_has_none() -> None:
    found = restriction(consumer=f"department:{CONSUMER}", applications=["checker"])
    clerk = Subject(department=CONSUMER, user=UserId("checker"))
    assert not names_consumer(found, clerk)
    assert not names_consumer(restriction(consumer="public", applications=["checker"]), PUBLIC)
    assert not names_consumer(restriction(consumer="application:checker"), clerk)


@pytest.mark.parametrize("status", EntryStatus)
@pytest.mark.clause("enforcement.md §2, an entry that isn't published")
def test_entry_reaches_others_only_when_it_is_published(status: EntryStatus) -> None:
    of = entry(status=status)
    assert reaches_entry(of, OWNER)
    for subject in (CHECKER, OTHER, PUBLIC):
        assert reaches_entry(of, subject) is (status is EntryStatus.PUBLISHED)


@pytest.mark.parametrize("mode", Mode)
def test_mode_is_allowed_when_it_is_listed_or_all_are(mode: Mode) -> None:
    asked = Action(mode=mode)
    assert allows_mode(record(modes=["*"]), asked)
    assert allows_mode(record(modes=["query", "exchange"]), asked) is (mode in (Mode.QUERY, Mode.EXCHANGE))


@pytest.mark.parametrize(
    ("purposes", "purpose", "serves", "lacks"),
    [
        (["verification"], "verification", True, False),
        (["work_reference", "verification"], "verification", True, False),
        (["work_reference"], "verification", False, False),
        (["verification"], None, False, True),
        (["*"], None, True, False),
        (["*"], "verification", True, False),
        (["verification"], "Verification", False, False),
        (["verification"], "", False, False),
        (["verification"], "*", False, False),
    ],
)
@pytest.mark.clause("enforcement.md §5, purpose")
def test_purpose_is_served_when_it_is_listed_or_all_are(
    purposes: list[str], purpose: str | None, *, serves: bool, lacks: bool
) -> None:
    asked = Action(purpose=None if purpose is None else Purpose(purpose))
    found = record(purposes=purposes)
    assert (serves_purpose(found, asked), lacks_purpose(found, asked)) == (serves, lacks)


@pytest.mark.parametrize(
    ("matters", "matter", "serves"),
    [
        ([], None, True),
        ([], "999999-0001", True),
        (["999999-0001"], "999999-0001", True),
        (["999999-0002", "999999-0001"], "999999-0001", True),
        (["999999-0002"], "999999-0001", False),
        (["999999-0001"], None, False),
        (["999999-0001"], "999999-000", False),
        (["*"], "999999-0001", False),
        (["*"], None, False),
    ],
)
def test_matter_is_served_when_it_is_listed_or_any_is(matters: list[str], matter: str | None, *, serves: bool) -> None:
    asked = Action(purpose=Purpose("verification"), matter=None if matter is None else Matter(matter))
    assert serves_purpose(record(matters=matters), asked) is serves
    assert serves_purpose(record(matters=matters, purposes=["*"]), asked) is serves


@pytest.mark.parametrize(
    ("now", "within"),
    [
        (FROM - MICROSECOND, False),
        (FROM, True),
        (FROM + MICROSECOND, True),
        (UNTIL - MICROSECOND, True),
        (UNTIL, False),
        (UNTIL + MICROSECOND, False),
    ],
    ids=["before", "at the first", "after the first", "before the end", "at the end", "after the end"],
)
@pytest.mark.clause("enforcement.md §2, [from, until)")
def test_period_holds_its_first_moment_and_not_its_end(now: datetime, *, within: bool) -> None:
    found = record(valid_from="2026-01-01T08:00:00+08:00", valid_until="2027-01-01T00:00:00Z")
    assert is_in_period(found, now) is within
    assert is_in_period(changed(found, valid_from=None), now) is (now < UNTIL)
    assert is_in_period(changed(found, valid_until=None), now) is (now >= FROM)
    assert is_in_period(changed(found, valid_from=None, valid_until=None), now)


@pytest.mark.parametrize(
    ("condition", "allows", "denies"),
    [
        (Comparison("region", Operator.EQ, "999999"), True, True),
        (Comparison("region", Operator.EQ, "111111"), False, False),
        (Comparison("application", Operator.EQ, "checker"), False, True),
        (UNKNOWN, False, True),
    ],
    ids=["true", "false", "missing", "unknown"],
)
@pytest.mark.clause("enforcement.md §3, doubt never opens")
def test_doubt_closes_an_allow_and_upholds_a_deny(condition: Condition, *, allows: bool, denies: bool) -> None:
    attributes = {"region": "999999", "application": None}
    assert meets(Effect.ALLOW, condition, attributes) is allows
    assert meets(Effect.DENY, condition, attributes) is denies


@pytest.mark.parametrize(
    ("condition", "met"),
    [
        ({"department": {"eq": CONSUMER}}, True),
        ({"groups": {"contains": "readers"}}, True),
        ({"groups": {"contains": "read"}}, False),
        ({"application": {"startsWith": "check"}}, True),
        ({"user": {"isNull": True}}, True),
        ({"user": {"ne": "clerk"}}, None),
        ({"roles": {"contains": "auditor"}}, None),
        ({"roles": {"isNull": True}}, True),
        ({"region": {"eq": "999999"}}, True),
        ({"auth_level": {"gte": 2}}, True),
        ({"auth_level": {"gt": 2}}, False),
        ({"now": {"gte": "2026-03-01T16:00:00+08:00"}}, True),
        ({"now": {"gt": "2026-03-01T16:00:00+08:00"}}, False),
        ({"network_zone": {"eq": "government"}}, True),
        ({"network_zone": {"in": ["internet"]}}, False),
        ({"client_address": {"inNetwork": "10.0.0.0/8"}}, None),
        ({"not": {"client_address": {"inNetwork": "10.0.0.0/8"}}}, None),
        ({"case": {"isNull": True}, "operator": {"isNull": True}}, True),
        ({"case": {"startsWith": "2026"}}, None),
    ],
)
def test_condition_tests_what_is_known_of_subject_and_environment(condition: object, met: bool | None) -> None:
    asked = request()
    allow, deny = record(condition=condition), restriction(condition=condition)
    assert meets_condition(allow, asked.subject, asked.environment) is (met is True)
    assert meets_condition(deny, asked.subject, asked.environment) is (met is not False)


def test_condition_tests_the_address_when_it_is_known() -> None:
    found = record(condition={"client_address": {"inNetwork": "10.0.0.0/8"}})
    for address, met in (("10.1.2.3", True), ("11.1.2.3", False), ("::ffff:10.1.2.3", False)):
        assert meets_condition(found, CHECKER, Environment(NOW, None, ip_address(address))) is met


@pytest.mark.clause("enforcement.md §1, an attribute that is empty is missing")
def test_attribute_is_missing_when_it_is_empty() -> None:
    empty = Subject(
        department=DepartmentCode(""), application=ApplicationId(""), user=UserId(""), region="", auth_level=None
    )
    assert set(subject_attributes(empty).values()) == {None}
    assert request_attributes(empty, Environment(NOW, None))["network_zone"] is None


def test_attributes_are_all_there_when_they_are_known() -> None:
    subject = changed(CHECKER, user=UserId("clerk"), roles=(Role.AUDITOR, Role.HEAD))
    address = ip_address("10.1.2.3")
    stated = CaseReference("2026-0001", "合成经办")
    assert request_attributes(subject, Environment(NOW, NetworkZone.INTERNET, address, stated)) == {
        "department": CONSUMER,
        "groups": ("inspectors", "readers"),
        "application": "checker",
        "user": "clerk",
        "roles": ("auditor", "head"),
        "region": "999999",
        "auth_level": 2,
        "now": NOW,
        "network_zone": "internet",
        "client_address": address,
        "case": "2026-0001",
        "operator": "合成经办",
    }


def test_auth_level_of_the_public_is_there_and_lowest() -> None:
    assert subject_attributes(PUBLIC)["auth_level"] == 0


OPEN = {"purposes": ["*"], "modes": ["*"]}
STOPS: list[tuple[Stage, Document, ErrorCode]] = [
    (Stage.CONSUMER, {"consumer": "group:strangers"}, ErrorCode.ITEM_DENIED),
    (Stage.CONSUMER, {"applications": ["other"]}, ErrorCode.ITEM_DENIED),
    (Stage.MODE, {"modes": ["exchange"]}, ErrorCode.MODE_DENIED),
    (Stage.PURPOSE, {"purposes": ["work_reference"]}, ErrorCode.PURPOSE_DENIED),
    (Stage.PURPOSE, {"matters": ["999999-0009"]}, ErrorCode.PURPOSE_DENIED),
    (Stage.PERIOD, {"valid_until": "2026-03-01T08:00:00Z"}, ErrorCode.EXPIRED),
    (Stage.PERIOD, {"valid_from": "2026-03-01T08:00:01Z"}, ErrorCode.EXPIRED),
    (Stage.CONDITION, {"condition": {"auth_level": {"gte": 3}}}, ErrorCode.CONDITION_FAILED),
    (Stage.CONDITION, {"condition": {"user": {"eq": "clerk"}}}, ErrorCode.CONDITION_FAILED),
]


@pytest.mark.parametrize(("stage", "members", "code"), STOPS)
@pytest.mark.clause("enforcement.md §5, refusal")
def test_record_stops_where_it_no_longer_applies(stage: Stage, members: Document, code: ErrorCode) -> None:
    found = record(**members)
    assert furthest_stage(found, entry(), request()) is stage
    assert code_of(point(found).decide(request(), use("name"))) is code


def test_record_stops_at_the_first_of_several_stages() -> None:
    stop_by_stage = {stage: stop for stage, stop, _ in STOPS}
    members: Document = {}
    for stage in sorted(stop_by_stage, reverse=True):
        members |= stop_by_stage[stage]
        assert furthest_stage(record(**members), entry(), request()) is stage


def test_record_stops_at_the_consumer_when_the_entry_is_not_published() -> None:
    of = entry(status=EntryStatus.REVISED)
    assert furthest_stage(record(), of, request()) is Stage.CONSUMER


def test_record_applies_when_it_stops_nowhere_whatever_its_scope() -> None:
    asked: Request = request()
    assert furthest_stage(record(**OPEN), entry(), asked) is Stage.APPLIES
    assert furthest_stage(record(scope={"or": []}), entry(), asked) is Stage.APPLIES
