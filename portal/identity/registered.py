"""What stands in the register: its kinds, under which key and in which tables each is kept, and as JSON."""

from collections.abc import Mapping
from enum import StrEnum
from typing import assert_never

from portal.identity.registry import Application, Department, Group, Registered, User
from portal.identity.standing import render_day, render_successor
from portal.json_text import JsonValue
from portal.storage.tables import (
    application_standing,
    applications,
    department_standing,
    departments,
    groups,
    user_standing,
    users,
)


class RegisteredKind(StrEnum):
    """What stands in the register."""

    DEPARTMENT = "department"
    GROUP = "group"
    APPLICATION = "application"
    USER = "user"


REGISTERED_TABLES: Mapping[RegisteredKind, tuple[str, ...]] = {
    RegisteredKind.DEPARTMENT: (departments.name, department_standing.name),
    RegisteredKind.GROUP: (groups.name,),
    RegisteredKind.APPLICATION: (applications.name, application_standing.name),
    RegisteredKind.USER: (users.name, user_standing.name),
}
"""The tables that hold one of a kind, each under its code or id."""

REGISTERED_MEMBERS: Mapping[RegisteredKind, tuple[str, ...]] = {
    RegisteredKind.DEPARTMENT: ("code", "name", "region", "groups", "parent", "status", "successors", "since"),
    RegisteredKind.GROUP: ("code", "name"),
    RegisteredKind.APPLICATION: (
        "id",
        "name",
        "department",
        "matter",
        "auth_level",
        "network_zone",
        "public_key",
        "status",
        "contact",
        "recognised_by",
        "approved_by",
        "since",
    ),
    RegisteredKind.USER: (
        "id",
        "name",
        "department",
        "roles",
        "auth_level",
        "network_zone",
        "status",
        "filed_on",
        "filing",
        "since",
    ),
}
"""The members of the JSON documents: the columns of a bundle's tables, then the standing."""


def kind_of(registered: Registered) -> RegisteredKind:
    """Return what it is."""
    match registered:
        case Department():
            return RegisteredKind.DEPARTMENT
        case Group():
            return RegisteredKind.GROUP
        case Application():
            return RegisteredKind.APPLICATION
        case User():
            return RegisteredKind.USER
    assert_never(registered)


def key_of(registered: Registered) -> str:
    """Return the code or id under which it is registered."""
    return registered.code if isinstance(registered, Department | Group) else registered.id


def render_registered(registered: Registered) -> dict[str, JsonValue]:
    """Return the JSON document that registers this; members that are empty are left out."""
    return {name: member for name, member in _members(registered).items() if member not in (None, [])}


def _members(registered: Registered) -> dict[str, JsonValue]:
    match registered:
        case Department():
            return {
                "code": registered.code,
                "name": registered.name,
                "region": registered.region,
                "groups": [*registered.groups],
                "parent": registered.parent,
                "status": registered.status.value,
                "successors": [render_successor(successor) for successor in registered.successors],
                "since": render_day(registered.since),
            }
        case Group():
            return {"code": registered.code, "name": registered.name}
        case Application():
            return {
                **_owned(registered),
                "matter": [*registered.matters],
                "public_key": registered.public_key,
                "status": registered.status.value,
                "contact": registered.contact,
                "recognised_by": registered.recognised_by,
                "approved_by": registered.approved_by,
                "since": render_day(registered.since),
            }
        case User():
            return {
                **_owned(registered),
                "roles": [role.value for role in registered.roles],
                "status": registered.status.value,
                "filed_on": render_day(registered.filed_on),
                "filing": registered.filing,
                "since": render_day(registered.since),
            }
    assert_never(registered)


def _owned(registered: Application | User) -> dict[str, JsonValue]:
    zone = registered.network_zone
    return {
        "id": registered.id,
        "name": registered.name,
        "department": registered.department,
        "auth_level": registered.auth_level,
        "network_zone": None if zone is None else zone.value,
    }
