"""What registers a department, group, application or person, as a JSON document."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from portal.identity.register_reading import parse_registered
from portal.identity.registered import (
    REGISTERED_MEMBERS,
    REGISTERED_TABLES,
    RegisteredKind,
    key_of,
    kind_of,
    render_registered,
)
from portal.identity.registry import (
    Application,
    ApplicationStatus,
    Department,
    DepartmentStatus,
    Group,
    Registered,
    Successor,
    User,
    UserStatus,
)
from portal.identity.rows import registered_rows
from portal.json_text import JsonValue
from portal.storage.tables import APPLICATION_STATUSES, DEPARTMENT_STATUSES, USER_STATUSES
from portal.vocabulary import (
    EXCLUSIVE_ROLES,
    ApplicationId,
    DepartmentCode,
    EntryCode,
    GroupCode,
    Matter,
    NetworkZone,
    PolicyId,
    Role,
    UserId,
)

CODE = DepartmentCode("11999999MB0000019T")
FIRST, SECOND = DepartmentCode("11999999MB0000027M"), DepartmentCode("11999999MB0000035G")
DEPARTMENT = Department(
    CODE,
    "合成部门",
    "999999",
    (GroupCode("readers"),),
    parent=FIRST,
    status=DepartmentStatus.SPLIT,
    successors=(Successor(FIRST, (PolicyId("statute-1"),), (EntryCode("303001001/00001"),)), Successor(SECOND)),
    since=date(2026, 1, 31),
)
APPLICATION = Application(
    ApplicationId("app-1"),
    "合成应用",
    CODE,
    (Matter("m-1"),),
    0,
    NetworkZone.INTERNET,
    "app.pem",
    contact="合成联系人",
    recognised_by="user:a",
    approved_by="user:b",
    since=date(2026, 2, 1),
)
USER = User(
    UserId("u-1"),
    "合成用户",
    CODE,
    (Role.INFORMATION_MANAGER, Role.AUDITOR),
    2,
    NetworkZone.GOVERNMENT,
    status=UserStatus.DISABLED,
    filed_on=date(2026, 1, 2),
    filing="备案-1",
    since=date(2026, 2, 2),
)
GROUP = Group(GroupCode("readers"), "读者组")
WHOLE = [DEPARTMENT, APPLICATION, USER, GROUP]
LEAST: list[Registered] = [
    Department(CODE, "合成部门", None, ()),
    Application(ApplicationId("app-1"), "合成应用", CODE, (), None, None, None),
    User(UserId("u-1"), "合成用户", CODE, (), None, None),
]


def faults_of(kind: RegisteredKind, document: JsonValue) -> list[tuple[str, str, str]]:
    _, faults = parse_registered(kind, document, "here")
    assert all(fault.mend.en and fault.mend.zh and fault.what.zh for fault in faults)
    return [(fault.file, fault.column, fault.what.en) for fault in faults]


@pytest.mark.parametrize("registered", [*WHOLE, *LEAST], ids=range(7))
def test_what_is_registered_is_written_and_read_back(registered: Registered) -> None:
    document = render_registered(registered)
    assert parse_registered(kind_of(registered), document, "here") == (registered, [])
    assert set(document) <= set(REGISTERED_MEMBERS[kind_of(registered)])
    assert set(registered_rows(registered)) == set(REGISTERED_TABLES[kind_of(registered)])


@pytest.mark.parametrize("registered", WHOLE, ids=lambda one: type(one).__name__)
def test_every_member_is_written(registered: Registered) -> None:
    assert tuple(sorted(render_registered(registered))) == tuple(sorted(REGISTERED_MEMBERS[kind_of(registered)]))
    assert key_of(registered) in render_registered(registered).values()


def test_statuses_are_those_of_the_tables() -> None:
    assert tuple(DepartmentStatus) == DEPARTMENT_STATUSES
    assert tuple(ApplicationStatus) == APPLICATION_STATUSES
    assert tuple(UserStatus) == USER_STATUSES


@pytest.mark.parametrize("kind", RegisteredKind)
def test_what_is_no_object_is_one_fault(kind: RegisteredKind) -> None:
    assert parse_registered(kind, [], "here")[0] is None
    [(place, column, what)] = faults_of(kind, [])
    assert (place, column) == ("here", "")
    assert "one JSON object" in what


def split(**changed: object) -> dict[str, Any]:
    return {**render_registered(DEPARTMENT), **changed}


ONE, TWO = {"code": FIRST}, {"code": SECOND}


@pytest.mark.parametrize(
    ("document", "column", "what"),
    [
        (split(code="11999999MB0000018T"), "code", "no unified social credit code"),
        (split(code=None), "code", "`code` can't be `null`"),
        (split(code=f"{CODE} "), "code", "has spaces around it"),
        (split(parent=CODE), "parent", "above itself"),
        (split(groups=["a", "a"]), "groups", "`a` is listed twice"),
        (split(status="closed"), "status", '`status` can\'t be `"closed"`'),
        (split(since="2026-02-30"), "since", "2026-02-30"),
        (split(since="yesterday"), "since", "yesterday"),
        (split(boss="x"), "boss", "unknown member `boss`"),
        (split(successors=[ONE]), "successors", "`split` with 1 successors"),
        (split(successors=[]), "successors", "`split` with 0 successors"),
        (split(successors=[ONE, ONE]), "successors", "`split` with 1 successors"),
        (split(status="merged"), "successors", "`merged` with 2 successors"),
        (split(status="renamed", successors=[]), "successors", "`renamed` with 0 successors"),
        (split(status="active", successors=[ONE]), "successors", "`active` with 1 successors"),
        (split(status="dissolved", successors=[ONE]), "successors", "`dissolved` with 1 successors"),
        (split(successors=[ONE, TWO, {"code": CODE}]), "successors", "the department itself"),
        (split(successors=[ONE, TWO, TWO]), "successors", "there twice"),
        (
            split(status="merged", successors=[{"code": FIRST, "policies": ["p"]}]),
            "successors",
            "though nothing is split",
        ),
        (
            split(successors=[{"code": FIRST, "policies": ["p"]}, {"code": SECOND, "policies": ["p"]}]),
            "successors",
            "`p` goes to two successors",
        ),
        (
            split(successors=[{"code": FIRST, "entries": ["e"]}, {"code": SECOND, "entries": ["e"]}]),
            "successors",
            "`e` goes to two successors",
        ),
        (split(successors=[ONE, {"code": SECOND, "shares": []}]), "successors[1].shares", "unknown member `shares`"),
    ],
)
def test_department_has_the_planted_fault(document: JsonValue, column: str, what: str) -> None:
    found = faults_of(RegisteredKind.DEPARTMENT, document)
    assert [one for one in found if one[1] == column and what in one[2]], found


@pytest.mark.parametrize(
    ("changed", "column", "what"),
    [
        ({"id": ""}, "id", "`id` can't be"),
        ({"id": "a\nb"}, "id", "control characters"),
        ({"id": "a" * 257}, "id", "too long for a token"),
        ({"department": None}, "department", "`department` can't be"),
        ({"auth_level": 4}, "auth_level", "`auth_level` can't be `4`"),
        ({"auth_level": True}, "auth_level", "`auth_level` can't be `true`"),
        ({"network_zone": "moon"}, "network_zone", "`network_zone` can't be"),
        ({"matter": ["m", "m"]}, "matter", "`m` is listed twice"),
        ({"status": None}, "status", "`status` can't be `null`"),
        ({"status": "registered"}, "status", "`registered` doesn't fit"),
        ({"status": "recognised"}, "status", "`recognised` doesn't fit"),
        ({"approved_by": None}, "status", "`approved` doesn't fit"),
    ],
)
@pytest.mark.clause("FJ-35")
def test_application_has_exactly_the_planted_fault(changed: dict[str, Any], column: str, what: str) -> None:
    [found] = faults_of(RegisteredKind.APPLICATION, {**render_registered(APPLICATION), **changed})
    assert found[:2] == ("here", column)
    assert what in found[2]


def test_application_without_status_is_neither_let_in_nor_shut_out() -> None:
    document = render_registered(APPLICATION)
    del document["status"]
    assert faults_of(RegisteredKind.APPLICATION, document) == [("here", "status", "`status` is missing")]


@pytest.mark.parametrize(
    ("status", "recognised", "approved"),
    [
        (ApplicationStatus.REGISTERED, None, None),
        (ApplicationStatus.RECOGNISED, "user:a", None),
        (ApplicationStatus.APPROVED, "user:a", "user:b"),
        (ApplicationStatus.APPROVED, None, None),
        (ApplicationStatus.DISABLED, None, None),
        (ApplicationStatus.DISABLED, "user:a", "user:b"),
    ],
)
@pytest.mark.clause("FJ-35")
def test_application_comes_from_registered_by_recognised_to_approved(
    status: ApplicationStatus, recognised: str | None, approved: str | None
) -> None:
    application = replace(APPLICATION, status=status, recognised_by=recognised, approved_by=approved)
    assert faults_of(RegisteredKind.APPLICATION, render_registered(application)) == []


def test_key_file_may_be_written_with_its_folder() -> None:
    document = {**render_registered(APPLICATION), "public_key": "keys/app.pem"}
    assert parse_registered(RegisteredKind.APPLICATION, document, "here") == (APPLICATION, [])


@pytest.mark.parametrize(
    ("changed", "column", "what"),
    [
        ({"roles": ["boss", "information_manager"]}, "roles", "`roles` can't be"),
        ({"roles": ["head", "information_manager", "head"]}, "roles", "`head` is listed twice"),
        ({"status": "away"}, "status", "`status` can't be"),
        ({"filed_on": None}, "filing", "a number without the day of filing"),
        ({"roles": []}, "filed_on", "no information manager"),
    ],
)
@pytest.mark.clause("NT-28")
def test_user_has_exactly_the_planted_fault(changed: dict[str, Any], column: str, what: str) -> None:
    [found] = faults_of(RegisteredKind.USER, {**render_registered(USER), **changed})
    assert found[:2] == ("here", column)
    assert what in found[2]


@pytest.mark.parametrize("first", EXCLUSIVE_ROLES)
@pytest.mark.parametrize("second", EXCLUSIVE_ROLES)
@pytest.mark.clause("threats.md T29")
@pytest.mark.clause("WH-24")
@pytest.mark.clause("KF-23")
def test_nobody_is_two_administrators(first: Role, second: Role) -> None:
    roles: list[JsonValue] = [
        role.value for role in dict.fromkeys([Role.INFORMATION_MANAGER, first, Role.HEAD, second])
    ]
    found = faults_of(RegisteredKind.USER, {**render_registered(USER), "roles": roles})
    if first is second:
        assert found == []
    else:
        [(_, column, what)] = found
        assert column == "roles"
        assert what.endswith("together")
        assert all(f"`{role}`" in what for role in (first, second))
