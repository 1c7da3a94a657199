"""The register of departments, groups, applications and users, as one immutable value.

What follows a bundle's columns in each is its standing. A bundle doesn't hold it: what it loads is active or approved.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

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


class DepartmentStatus(StrEnum):
    """What became of a department; of those that aren't active nobody is admitted."""

    ACTIVE = "active"
    MERGED = "merged"
    SPLIT = "split"
    RENAMED = "renamed"
    """Its code is another one now; a new name alone is a change of `name`."""
    DISSOLVED = "dissolved"


class ApplicationStatus(StrEnum):
    """How far an application's registration came (FJ-35); approved ones alone are admitted."""

    REGISTERED = "registered"
    RECOGNISED = "recognised"
    APPROVED = "approved"
    DISABLED = "disabled"


class UserStatus(StrEnum):
    """Whether a person's account may be used."""

    ACTIVE = "active"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Successor:
    """A department that follows another one: of a split, with the policies and entries that go to it."""

    code: DepartmentCode
    policies: tuple[PolicyId, ...] = ()
    entries: tuple[EntryCode, ...] = ()


@dataclass(frozen=True, slots=True)
class Department:
    """A department. `region` is the prefix of a division code; empty is missing.

    `parent` is the one above it in the tree. Of one merged or renamed there is one successor, of one split several.
    `since` is the day from which the status holds.
    """

    code: DepartmentCode
    name: str
    region: str | None
    groups: tuple[GroupCode, ...]
    parent: DepartmentCode | None = None
    status: DepartmentStatus = DepartmentStatus.ACTIVE
    successors: tuple[Successor, ...] = ()
    since: date | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """A group of departments."""

    code: GroupCode
    name: str


@dataclass(frozen=True, slots=True)
class Application:
    """A department's application, with the matters that it is registered for.

    `recognised_by` and `approved_by` name who did so; an approved one without them was loaded from a bundle.
    """

    id: ApplicationId
    name: str
    department: DepartmentCode
    matters: tuple[Matter, ...]
    auth_level: int | None
    network_zone: NetworkZone | None
    public_key: str | None
    status: ApplicationStatus = ApplicationStatus.APPROVED
    contact: str | None = None
    recognised_by: str | None = None
    approved_by: str | None = None
    since: date | None = None


@dataclass(frozen=True, slots=True)
class User:
    """A person of a department, with roles.

    An information manager is filed with the authority: on a day, under a number (NT-28 FJ-24).
    """

    id: UserId
    name: str
    department: DepartmentCode
    roles: tuple[Role, ...]
    auth_level: int | None
    network_zone: NetworkZone | None
    status: UserStatus = UserStatus.ACTIVE
    filed_on: date | None = None
    filing: str | None = None
    since: date | None = None


Registered = Department | Group | Application | User


@dataclass(frozen=True, slots=True)
class Registry:
    """Everyone who is registered now, by code or id."""

    departments: Mapping[DepartmentCode, Department] = field(default_factory=dict)
    groups: Mapping[GroupCode, Group] = field(default_factory=dict)
    applications: Mapping[ApplicationId, Application] = field(default_factory=dict)
    users: Mapping[UserId, User] = field(default_factory=dict)


def is_admitted(registered: Application | User, registry: Registry) -> bool:
    """Return whether an application or person may ask: approved or active now, of a department that is active."""
    department = registry.departments.get(registered.department)
    if department is None or department.status is not DepartmentStatus.ACTIVE:
        return False
    if isinstance(registered, Application):
        return registered.status is ApplicationStatus.APPROVED
    return registered.status is UserStatus.ACTIVE


def held_exclusive_roles(roles: tuple[Role, ...]) -> tuple[Role, ...]:
    """Return the administrators' roles that nobody may have together, where there is more than one (T29)."""
    held = tuple(role for role in EXCLUSIVE_ROLES if role in roles)
    return held if len(held) > 1 else ()
