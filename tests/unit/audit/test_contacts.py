"""Whom to tell of a freeze, from who was answered and from the register."""

import pytest

from portal.audit.affected import Uses
from portal.audit.contacts import Concern, Notice, notices_of
from portal.identity.registry import (
    Application,
    ApplicationStatus,
    Department,
    DepartmentStatus,
    Registry,
    Successor,
    User,
    UserStatus,
)
from portal.policies.freezes import FreezeTarget, Frozen
from portal.vocabulary import ApplicationId, DepartmentCode, EntryCode, ItemIdentifier, Role, UserId

pytestmark = pytest.mark.clause("threats.md R31")

ENTRY, OTHER = EntryCode("303001001/00001"), EntryCode("303001001/00002")
CONSUMER, PROVIDER, MERGED = DepartmentCode("C"), DepartmentCode("P"), DepartmentCode("M")
COUNTER, OLD = ApplicationId("counter"), ApplicationId("old")
PROVIDERS = {ENTRY: PROVIDER, OTHER: CONSUMER}
EARLY, LATE = "2026-01-01T00:00:00.000000Z", "2026-01-02T00:00:00.000000Z"


def user(name: str, department: DepartmentCode, *roles: Role, status: UserStatus = UserStatus.ACTIVE) -> User:
    return User(UserId(name), f"合成{name}", department, roles, None, None, status)


def application(name: ApplicationId, department: DepartmentCode, contact: str | None) -> Application:
    status = ApplicationStatus.APPROVED if contact else ApplicationStatus.DISABLED
    return Application(name, f"应用{name}", department, (), None, None, None, status, contact)


REGISTRY = Registry(
    departments={
        CONSUMER: Department(CONSUMER, "使用部门", None, ()),
        PROVIDER: Department(PROVIDER, "提供部门", None, ()),
        MERGED: Department(
            MERGED, "合并部门", None, (), status=DepartmentStatus.MERGED, successors=(Successor(CONSUMER),)
        ),
    },
    applications={COUNTER: application(COUNTER, CONSUMER, "0000-0000000"), OLD: application(OLD, MERGED, None)},
    users={
        one.id: one
        for one in (
            user("a", CONSUMER, Role.INFORMATION_MANAGER),
            user("b", CONSUMER, Role.REGISTRAR),
            user("c", CONSUMER, Role.INFORMATION_MANAGER, status=UserStatus.DISABLED),
            user("d", PROVIDER, Role.HEAD, Role.INFORMATION_MANAGER),
        )
    },
)


def told(frozen: Frozen, *uses: Uses) -> list[Notice]:
    return notices_of(frozen, uses, PROVIDERS, REGISTRY)


def test_application_is_told_by_its_contact_and_its_departments_manager() -> None:
    consumer, provider = told(
        Frozen(FreezeTarget.ENTRY, ENTRY),
        Uses(CONSUMER, COUNTER, ENTRY, 3, 30, LATE),
    )
    assert consumer == Notice(
        concern=Concern.CONSUMER,
        department=CONSUMER,
        department_name="使用部门",
        application=COUNTER,
        application_name="应用counter",
        contact="0000-0000000",
        managers=("合成a (a)",),
        answers=3,
        rows=30,
        last_at=LATE,
    )
    assert (provider.concern, provider.department, provider.managers) == (Concern.PROVIDER, PROVIDER, ("合成d (d)",))
    assert (provider.answers, provider.rows, provider.last_at, provider.application) == (3, 30, LATE, None)


def test_uses_of_several_entries_add_up_with_the_last_of_them() -> None:
    uses = [Uses(CONSUMER, COUNTER, ENTRY, 3, 30, LATE), Uses(CONSUMER, COUNTER, OTHER, 1, 1, EARLY)]
    consumer, *providers = told(Frozen(FreezeTarget.DEPARTMENT, CONSUMER), *uses)
    assert (consumer.application, consumer.answers, consumer.rows, consumer.last_at) == (COUNTER, 4, 31, LATE)
    itself, *providers = providers
    assert (itself.department, itself.application, itself.answers) == (CONSUMER, None, 0)
    assert [(one.department, one.answers) for one in providers] == [(PROVIDER, 3), (CONSUMER, 1)]


def test_successors_managers_are_told_of_a_department_that_is_no_more() -> None:
    (notice,) = told(Frozen(FreezeTarget.APPLICATION, OLD))
    assert (notice.department, notice.application, notice.contact) == (MERGED, OLD, None)
    assert (notice.managers, notice.answers, notice.last_at) == (("合成a (a)",), 0, None)


def test_public_and_who_is_registered_no_more_are_told_without_contact() -> None:
    gone = Uses(DepartmentCode("gone"), ApplicationId("gone"), EntryCode("gone"), 1, 1, EARLY)
    public = Uses(None, None, EntryCode("gone"), 2, 2, EARLY)
    first, second = told(Frozen(FreezeTarget.EVERYTHING), gone, public)
    assert (first.department, first.application, first.managers) == (None, None, ())
    assert (second.department, second.department_name, second.application_name) == ("gone", None, None)


@pytest.mark.parametrize(
    ("frozen", "concern"),
    [
        (Frozen(FreezeTarget.ENTRY, ENTRY), [(Concern.PROVIDER, PROVIDER)]),
        (Frozen(FreezeTarget.ITEM, ENTRY, ItemIdentifier("name")), [(Concern.PROVIDER, PROVIDER)]),
        (Frozen(FreezeTarget.ENTRY, "none"), []),
        (Frozen(FreezeTarget.DEPARTMENT, CONSUMER), [(Concern.CONSUMER, CONSUMER)]),
        (Frozen(FreezeTarget.APPLICATION, COUNTER), [(Concern.CONSUMER, CONSUMER)]),
        (Frozen(FreezeTarget.APPLICATION, "none"), []),
        (Frozen(FreezeTarget.EVERYTHING), []),
    ],
    ids=str,
)
def test_what_is_frozen_is_told_without_any_use(frozen: Frozen, concern: list[tuple[Concern, DepartmentCode]]) -> None:
    assert [(one.concern, one.department) for one in told(frozen)] == concern
