"""The register of departments, groups, applications and users, as one immutable value."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from portal.vocabulary import ApplicationId, DepartmentCode, GroupCode, Matter, NetworkZone, Role, UserId


@dataclass(frozen=True, slots=True)
class Department:
    """A department. `region` is the prefix of a division code; empty is missing."""

    code: DepartmentCode
    name: str
    region: str | None
    groups: tuple[GroupCode, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """A group of departments."""

    code: GroupCode
    name: str


@dataclass(frozen=True, slots=True)
class Application:
    """A department's application, with the matters that it is registered for."""

    id: ApplicationId
    name: str
    department: DepartmentCode
    matters: tuple[Matter, ...]
    auth_level: int | None
    network_zone: NetworkZone | None
    public_key: str | None


@dataclass(frozen=True, slots=True)
class User:
    """A person of a department, with roles."""

    id: UserId
    name: str
    department: DepartmentCode
    roles: tuple[Role, ...]
    auth_level: int | None
    network_zone: NetworkZone | None


@dataclass(frozen=True, slots=True)
class Registry:
    """Everyone who is registered now, by code or id."""

    departments: Mapping[DepartmentCode, Department] = field(default_factory=dict)
    groups: Mapping[GroupCode, Group] = field(default_factory=dict)
    applications: Mapping[ApplicationId, Application] = field(default_factory=dict)
    users: Mapping[UserId, User] = field(default_factory=dict)
