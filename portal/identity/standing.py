"""The standing of who is registered as rows of tables beside the register's, and back."""

from dataclasses import replace
from datetime import date
from typing import assert_never

from portal.conditions.tree import ValueType
from portal.conditions.values import parse_value
from portal.identity.registry import (
    Application,
    ApplicationStatus,
    Department,
    DepartmentStatus,
    Successor,
    User,
    UserStatus,
)
from portal.json_text import JsonValue, parse_json, render_json
from portal.storage.content import Cell, ContentRow
from portal.vocabulary import DepartmentCode, EntryCode, PolicyId


def store_standing(registered: Department | Application | User) -> ContentRow:
    """Return the row of the standing, also where it is as a bundle loads it."""
    match registered:
        case Department():
            return ContentRow(_department_cells(registered), {})
        case Application():
            return ContentRow(_application_cells(registered), {})
        case User():
            return ContentRow(_user_cells(registered), {})
    assert_never(registered)


def _department_cells(department: Department) -> dict[str, Cell]:
    return {
        "parent": department.parent,
        "status": department.status.value,
        "successors": render_json([render_successor(successor) for successor in department.successors]),
        "since": render_day(department.since),
    }


def _application_cells(application: Application) -> dict[str, Cell]:
    return {
        "status": application.status.value,
        "contact": application.contact,
        "recognised_by": application.recognised_by,
        "approved_by": application.approved_by,
        "since": render_day(application.since),
    }


def _user_cells(user: User) -> dict[str, Cell]:
    return {
        "status": user.status.value,
        "filed_on": render_day(user.filed_on),
        "filing": user.filing,
        "since": render_day(user.since),
    }


def render_successor(successor: Successor) -> JsonValue:
    """Return a successor as documents and rows write it."""
    return {"code": successor.code, "policies": [*successor.policies], "entries": [*successor.entries]}


def render_day(day: date | None) -> str | None:
    """Return a day as `2026-01-31`, None for none."""
    return None if day is None else day.isoformat()


def load_department_standing(department: Department, row: ContentRow | None) -> Department:
    """Return the department with its standing; without a row it is active.

    Raises: ValueError, PortalError for a row that says what nobody knows, as do those below.
    """
    if row is None:
        return department
    parent = row.optional_text("parent")
    return replace(
        department,
        parent=None if parent is None else DepartmentCode(parent),
        status=DepartmentStatus(row.text("status")),
        successors=_load_successors(row.text("successors")),
        since=_load_day(row, "since"),
    )


def load_application_standing(application: Application, row: ContentRow | None) -> Application:
    """Return the application with its standing; without a row it is approved."""
    if row is None:
        return application
    return replace(
        application,
        status=ApplicationStatus(row.text("status")),
        contact=row.optional_text("contact"),
        recognised_by=row.optional_text("recognised_by"),
        approved_by=row.optional_text("approved_by"),
        since=_load_day(row, "since"),
    )


def load_user_standing(user: User, row: ContentRow | None) -> User:
    """Return the person with the account's standing; without a row it is active."""
    if row is None:
        return user
    return replace(
        user,
        status=UserStatus(row.text("status")),
        filed_on=_load_day(row, "filed_on"),
        filing=row.optional_text("filing"),
        since=_load_day(row, "since"),
    )


def _load_day(row: ContentRow, name: str) -> date | None:
    text = row.optional_text(name)
    if text is None:
        return None
    day = parse_value(text, ValueType.DATE)
    if not isinstance(day, date):
        raise TypeError(f"`{name}` is no day")
    return day


def _load_successors(text: str) -> tuple[Successor, ...]:
    members = parse_json(text)
    if not isinstance(members, list):
        raise TypeError("the successors are no list")
    return tuple(map(_load_successor, members))


def _load_successor(member: JsonValue) -> Successor:
    if not isinstance(member, dict) or member.keys() != {"code", "policies", "entries"}:
        raise TypeError("a successor is no object of `code`, `policies` and `entries`")
    return Successor(
        DepartmentCode(_load_name(member["code"])),
        tuple(map(PolicyId, _load_names(member["policies"]))),
        tuple(map(EntryCode, _load_names(member["entries"]))),
    )


def _load_names(member: JsonValue) -> tuple[str, ...]:
    if not isinstance(member, list):
        raise TypeError("a successor's policies or entries are no list")
    return tuple(map(_load_name, member))


def _load_name(member: JsonValue) -> str:
    if not isinstance(member, str):
        raise TypeError("a successor is named by something else than a text")
    return member
