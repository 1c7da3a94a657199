"""The register as rows of the portal's tables, and back."""

from collections.abc import Iterable, Mapping
from typing import assert_never

from portal.identity.registered import REGISTERED_TABLES, RegisteredKind
from portal.identity.registry import Application, Department, Group, Registered, Registry, User
from portal.identity.standing import (
    load_application_standing,
    load_department_standing,
    load_user_standing,
    store_standing,
)
from portal.storage.content import ContentRow, ContentRows, StoredContent
from portal.storage.tables import (
    application_matters,
    application_standing,
    applications,
    department_groups,
    department_standing,
    departments,
    groups,
    user_roles,
    user_standing,
    users,
)
from portal.vocabulary import ApplicationId, DepartmentCode, GroupCode, Matter, NetworkZone, Role, UserId


def store_registry(
    all_departments: Iterable[Department],
    all_groups: Iterable[Group],
    all_applications: Iterable[Application],
    all_users: Iterable[User],
) -> ContentRows:
    """Return the rows of everyone who is registered, as far as a bundle holds them: without their standing."""
    return {
        departments.name: {department.code: _store_department(department) for department in all_departments},
        groups.name: {group.code: _store_group(group) for group in all_groups},
        applications.name: {application.id: _store_application(application) for application in all_applications},
        users.name: {user.id: _store_user(user) for user in all_users},
    }


def registered_rows(registered: Registered) -> Mapping[str, ContentRow]:
    """Return the rows of one department, group, application or person by table, the standing's among them.

    All have one key: the code or id.
    """
    match registered:
        case Department():
            own = _store_department(registered)
            return {departments.name: own, department_standing.name: store_standing(registered)}
        case Group():
            return {groups.name: _store_group(registered)}
        case Application():
            own = _store_application(registered)
            return {applications.name: own, application_standing.name: store_standing(registered)}
        case User():
            return {users.name: _store_user(registered), user_standing.name: store_standing(registered)}
    assert_never(registered)


def _store_group(group: Group) -> ContentRow:
    return ContentRow({"name": group.name}, {})


def _store_department(department: Department) -> ContentRow:
    return ContentRow(
        {"name": department.name, "region": department.region},
        {department_groups.name: tuple({"group": group} for group in department.groups)},
    )


def _store_application(application: Application) -> ContentRow:
    return ContentRow(
        {
            "name": application.name,
            "department": application.department,
            "auth_level": application.auth_level,
            "network_zone": application.network_zone.value if application.network_zone else None,
            "public_key": application.public_key,
        },
        {application_matters.name: tuple({"matter": matter} for matter in application.matters)},
    )


def _store_user(user: User) -> ContentRow:
    return ContentRow(
        {
            "name": user.name,
            "department": user.department,
            "auth_level": user.auth_level,
            "network_zone": user.network_zone.value if user.network_zone else None,
        },
        {user_roles.name: tuple({"role": role.value} for role in user.roles)},
    )


def load_registry(content: StoredContent) -> Registry:
    """Return who is registered, each with its standing.

    Raises: ValueError, TypeError, PortalError for a role, zone or standing that isn't one.
    """
    of_departments, of_applications, of_users = (
        content.active(table) for table in (department_standing, application_standing, user_standing)
    )
    return Registry(
        departments={
            DepartmentCode(code): load_department_standing(_load_department(code, row), of_departments.get(code))
            for code, row in content.active(departments).items()
        },
        groups={
            GroupCode(code): Group(GroupCode(code), row.text("name")) for code, row in content.active(groups).items()
        },
        applications={
            ApplicationId(name): load_application_standing(_load_application(name, row), of_applications.get(name))
            for name, row in content.active(applications).items()
        },
        users={
            UserId(name): load_user_standing(_load_user(name, row), of_users.get(name))
            for name, row in content.active(users).items()
        },
    )


def load_registered(kind: RegisteredKind, key: str, rows: Mapping[str, ContentRow]) -> Registered:
    """Return what is registered under a key, from its rows by table. Raises: as `load_registry`, KeyError."""
    match kind:
        case RegisteredKind.DEPARTMENT:
            return load_department_standing(_load_department(key, rows[departments.name]), _standing(kind, rows))
        case RegisteredKind.GROUP:
            return Group(GroupCode(key), rows[groups.name].text("name"))
        case RegisteredKind.APPLICATION:
            return load_application_standing(_load_application(key, rows[applications.name]), _standing(kind, rows))
        case RegisteredKind.USER:
            return load_user_standing(_load_user(key, rows[users.name]), _standing(kind, rows))
    assert_never(kind)


def _standing(kind: RegisteredKind, rows: Mapping[str, ContentRow]) -> ContentRow | None:
    return rows.get(REGISTERED_TABLES[kind][-1])


def _load_department(code: str, row: ContentRow) -> Department:
    return Department(
        DepartmentCode(code),
        row.text("name"),
        row.optional_text("region"),
        tuple(map(GroupCode, row.column(department_groups, "group"))),
    )


def _load_application(name: str, row: ContentRow) -> Application:
    return Application(
        ApplicationId(name),
        row.text("name"),
        DepartmentCode(row.text("department")),
        tuple(map(Matter, row.column(application_matters, "matter"))),
        row.optional_number("auth_level"),
        _load_zone(row),
        row.optional_text("public_key"),
    )


def _load_user(name: str, row: ContentRow) -> User:
    return User(
        UserId(name),
        row.text("name"),
        DepartmentCode(row.text("department")),
        tuple(map(Role, row.column(user_roles, "role"))),
        row.optional_number("auth_level"),
        _load_zone(row),
    )


def _load_zone(row: ContentRow) -> NetworkZone | None:
    zone = row.optional_text("network_zone")
    return None if zone is None else NetworkZone(zone)
