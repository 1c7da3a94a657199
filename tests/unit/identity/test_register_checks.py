"""What a register refers to is there, and nothing in it runs in a circle."""

from dataclasses import replace

import pytest

from portal.identity.register_checks import registered_place, validate_register
from portal.identity.registry import (
    Application,
    Department,
    DepartmentStatus,
    Group,
    Registered,
    Registry,
    Successor,
    User,
)
from portal.identity.successions import circular_parents, circular_successions, predecessors_of
from portal.vocabulary import ApplicationId, DepartmentCode, GroupCode, UserId

A, B, C, D = map(DepartmentCode, "ABCD")
GROUP = Group(GroupCode("readers"), "读者组")


def department(code: DepartmentCode, parent: DepartmentCode | None = None, *successors: DepartmentCode) -> Department:
    status = DepartmentStatus.MERGED if successors else DepartmentStatus.ACTIVE
    return Department(code, f"合成部门{code}", None, (GROUP.code,), parent, status, tuple(map(Successor, successors)))


APPLICATION = Application(ApplicationId("app-1"), "合成应用", A, (), None, None, "app.pem")
USER = User(UserId("u-1"), "合成用户", A, (), None, None)
SOUND: list[Registered] = [department(A), department(B, A), department(C, B, A), GROUP, APPLICATION, USER]


def registry(*registered: Registered) -> Registry:
    return Registry(
        {one.code: one for one in registered if isinstance(one, Department)},
        {one.code: one for one in registered if isinstance(one, Group)},
        {one.id: one for one in registered if isinstance(one, Application)},
        {one.id: one for one in registered if isinstance(one, User)},
    )


def faults_of(*registered: Registered) -> list[tuple[str, str, str]]:
    faults = validate_register(registry(*registered), {"app.pem"})
    assert all(fault.mend.en and fault.mend.zh and fault.what.zh for fault in faults)
    return [(fault.file, fault.column, fault.what.en) for fault in faults]


def test_register_that_holds_together_has_no_fault() -> None:
    assert faults_of(*SOUND) == []
    assert validate_register(Registry(), ()) == []


@pytest.mark.parametrize(
    ("planted", "column", "name"),
    [
        (replace(department(D), groups=(GroupCode("reader"),)), "groups", "reader"),
        (department(D, DepartmentCode("X")), "parent", "X"),
        (department(D, None, DepartmentCode("X")), "successors[0].code", "X"),
        (replace(APPLICATION, department=D), "department", "D"),
        (replace(APPLICATION, public_key="other.pem"), "public_key", "other.pem"),
        (replace(USER, department=D), "department", "D"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_reference_to_what_is_not_there_is_a_fault(planted: Registered, column: str, name: str) -> None:
    place = registered_place(planted)
    assert faults_of(*SOUND, planted) == [(place, column, f"`{name}` isn't registered")]


def test_two_faults_at_one_place_are_both_said_and_a_near_name_is_offered() -> None:
    planted = replace(department(D), groups=(GroupCode("readrs"), GroupCode("zzz")))
    faults = validate_register(registry(*SOUND, planted), {"app.pem"})
    assert [fault.mend.en for fault in faults] == [
        "write `readers`, or register it",
        "register it, or name one that is",
    ]


@pytest.mark.clause("threats.md T30")
@pytest.mark.parametrize("length", [1, 2, 4])
def test_tree_that_runs_in_a_circle_is_a_fault_of_each(length: int) -> None:
    codes = (A, B, C, D)[:length]
    members = [department(code, codes[place - 1]) for place, code in enumerate(codes)]
    assert [(place, column) for place, column, _ in faults_of(GROUP, *members)] == [
        (f"department/{code}", "parent") for code in codes
    ]
    assert circular_parents(registry(*members)) == codes
    assert circular_successions(registry(*members)) == ()


@pytest.mark.clause("threats.md T30")
@pytest.mark.parametrize("length", [1, 2, 4])
def test_succession_that_runs_in_a_circle_is_a_fault_of_each(length: int) -> None:
    codes = (A, B, C, D)[:length]
    members = [department(code, None, codes[place - 1]) for place, code in enumerate(codes)]
    assert [(place, column) for place, column, _ in faults_of(GROUP, *members)] == [
        (f"department/{code}", "successors") for code in codes
    ]


def test_a_department_that_comes_to_a_circle_is_not_in_it() -> None:
    members = [department(A, None, B), department(B, None, C), department(C, None, B)]
    assert circular_successions(registry(*members)) == (B, C)


def test_predecessors_are_all_that_came_before_by_whatever_way() -> None:
    members = [department(A, None, B), department(B, None, D), department(C, None, D), department(D)]
    found = {code: predecessors_of(registry(*members), code) for code in (A, B, C, D)}
    assert found == {A: (), B: (A,), C: (), D: (A, B, C)}


def test_a_department_is_not_its_own_predecessor_where_successions_are_unsound() -> None:
    assert predecessors_of(registry(department(A, None, B), department(B, None, A)), A) == (B,)
