"""Whom to tell of a freeze: consumers that were answered, providers of what they read, and how each is reached."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from portal.audit.affected import Uses
from portal.identity.registry import Registry, UserStatus
from portal.policies.freezes import FreezeTarget, Frozen
from portal.vocabulary import ApplicationId, DepartmentCode, EntryCode, Role


class Concern(StrEnum):
    """Why somebody is told."""

    CONSUMER = "consumer"
    """Was answered, or is what is frozen."""
    PROVIDER = "provider"
    """Provides what the answers came from, or what is frozen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Somebody to tell. Department and application None is the public, which is told by an announcement.

    `name` is the application's, or the department's. `contact` is the application's, as registered. `managers` are the
    information managers of the department, or of those that followed it: `NAME (ID)`. Where nothing was answered
    `answers` is 0 and `last_at` None.
    """

    concern: Concern
    department: DepartmentCode | None
    department_name: str | None
    application: ApplicationId | None
    application_name: str | None
    contact: str | None
    managers: tuple[str, ...]
    answers: int
    rows: int
    last_at: str | None


def notices_of(
    frozen: Frozen, uses: Iterable[Uses], providers: Mapping[EntryCode, DepartmentCode], registry: Registry
) -> list[Notice]:
    """Return everybody to tell, consumers first, those with the most answers before others.

    What is frozen itself is among them without any use: its department, its application, its provider.
    """
    counted = dict[_Key, _Count]()
    for key in _concerned(frozen, providers, registry):
        counted[key] = _Count()
    for use in uses:
        provider = providers.get(use.entry)
        keys: list[_Key] = [(Concern.CONSUMER, use.department, use.application)]
        if provider is not None:
            keys.append((Concern.PROVIDER, provider, None))
        for key in keys:
            counted.setdefault(key, _Count()).add(use)
    notices = [_notice(key, count, registry) for key, count in counted.items()]
    return sorted(notices, key=lambda one: (one.concern, -one.answers, one.department or "", one.application or ""))


_Key = tuple[Concern, DepartmentCode | None, ApplicationId | None]


@dataclass(slots=True)
class _Count:
    answers: int = 0
    rows: int = 0
    last_at: str | None = None

    def add(self, use: Uses) -> None:
        self.answers += use.answers
        self.rows += use.rows
        self.last_at = max(self.last_at or "", use.last_at)


def _concerned(frozen: Frozen, providers: Mapping[EntryCode, DepartmentCode], registry: Registry) -> list[_Key]:
    """Return who is told whatever was used."""
    match frozen.kind:
        case FreezeTarget.ENTRY | FreezeTarget.ITEM:
            provider = providers.get(EntryCode(frozen.target))
            return [] if provider is None else [(Concern.PROVIDER, provider, None)]
        case FreezeTarget.DEPARTMENT:
            return [(Concern.CONSUMER, DepartmentCode(frozen.target), None)]
        case FreezeTarget.APPLICATION:
            application = registry.applications.get(ApplicationId(frozen.target))
            return [] if application is None else [(Concern.CONSUMER, application.department, application.id)]
        case FreezeTarget.EVERYTHING:
            return []
    assert_never(frozen.kind)


def _notice(key: _Key, count: _Count, registry: Registry) -> Notice:
    concern, code, named = key
    application = None if named is None else registry.applications.get(named)
    department = None if code is None else registry.departments.get(code)
    return Notice(
        concern=concern,
        department=code,
        department_name=None if department is None else department.name,
        application=named,
        application_name=None if application is None else application.name,
        contact=None if application is None else application.contact,
        managers=_managers(code, registry),
        answers=count.answers,
        rows=count.rows,
        last_at=count.last_at,
    )


def _managers(code: DepartmentCode | None, registry: Registry) -> tuple[str, ...]:
    """Return the department's information managers; of one that is no more, those of its successors."""
    department = None if code is None else registry.departments.get(code)
    if department is None:
        return ()
    told = {department.code, *(successor.code for successor in department.successors)}
    return tuple(
        f"{user.name} ({user.id})"
        for user in sorted(registry.users.values(), key=lambda user: user.id)
        if user.department in told and Role.INFORMATION_MANAGER in user.roles and user.status is UserStatus.ACTIVE
    )
