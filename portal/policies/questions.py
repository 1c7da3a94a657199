"""What those who answer for policies ask: who can see an item, what somebody can see, why something was refused."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from portal.conditions.tree import TRUE
from portal.errors import ErrorCode
from portal.identity.registry import Registry, is_admitted
from portal.policies.decision_point import DecisionPoint
from portal.policies.differences import Cell, Change, cells_of
from portal.policies.explanation import Explanation, explain_entry
from portal.policies.matching import Request
from portal.policies.merging import merge
from portal.policies.prospects import foresee_items, last_end
from portal.policies.reach import masks_of
from portal.policies.records import Consumer, Mask
from portal.policies.snapshot import Snapshot
from portal.vocabulary import (
    PUBLIC,
    Action,
    ApplicationId,
    DepartmentCode,
    EntryCode,
    Environment,
    ItemIdentifier,
    Matter,
    Mode,
    NetworkZone,
    PolicyId,
    Purpose,
    Subject,
    UserId,
)


@dataclass(frozen=True, slots=True)
class Sight:
    """Parties that can see an item at a moment, in the same way; `until` its last record ends, None for never.

    `is_scoped`: in the rows of a scope alone; `is_conditional`: under a condition alone, which the request may meet.
    `mask` is the weakest that it is shown under. A purpose None is none stated; a matter None any that isn't named.
    """

    who: tuple[Consumer, ...]
    purposes: tuple[Purpose | None, ...]
    modes: tuple[Mode, ...]
    matters: tuple[Matter | None, ...]
    until: datetime | None
    is_scoped: bool
    is_conditional: bool
    mask: Mask | None
    records: tuple[PolicyId, ...]


def who_can_see(snapshot: Snapshot, code: EntryCode, item: ItemIdentifier, at: datetime) -> tuple[Sight, ...]:
    """Return who can see the item at that moment: everybody whom a request could be permitted, and nobody else.

    Departments stand for their persons, and for programs yet to be registered.
    """
    entries = tuple(state for state in snapshot.content.entries if state.entry.code == code)
    there = replace(snapshot.content, entries=entries)
    change = Change(Snapshot(replace(there, records=(), freezes=())), Snapshot(there), at)
    cells = (cell for cell in cells_of(change) if item in cell.items and cell.window.begins == at)
    return merge((_sight(cell) for cell in cells if cell.can_hold(cell.read_after())), _WHAT_SIGHTS_LIST)


_WHAT_SIGHTS_LIST = ("purposes", "modes", "matters", "who")


def _sight(cell: Cell) -> Sight:
    allows = cell.after.allows
    return Sight(
        cell.who,
        (cell.action.purpose,),
        (cell.action.mode,),
        (cell.action.matter,),
        last_end(allows),
        is_scoped=all(record.scope is not None for record in allows),
        is_conditional=all(record.condition != TRUE for record in allows),
        mask=masks_of(cell.after)[0],
        records=tuple(record.id for record in allows),
    )


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whose eyes are looked through: a subject, and the zone that it asks from."""

    subject: Subject
    zone: NetworkZone | None


@dataclass(frozen=True, slots=True)
class Hypothetical:
    """Somebody of a department, as they might be registered one day."""

    department: DepartmentCode
    auth_level: int | None = None
    zone: NetworkZone | None = None
    matter: Matter | None = None


def imagine_viewer(supposed: Hypothetical, registry: Registry) -> Viewer | None:
    """Return the viewer with what is registered of the department; None for one that isn't there."""
    department = registry.departments.get(supposed.department)
    if department is None:
        return None
    subject = Subject(
        department.code,
        tuple(sorted(department.groups)),
        region=department.region or None,
        auth_level=supposed.auth_level,
        matters=() if supposed.matter is None else (supposed.matter,),
    )
    return Viewer(subject, supposed.zone)


@dataclass(frozen=True, slots=True)
class Permission:
    """What a viewer can see of an entry at a moment, in the same way; `until` the last record ends, None for never."""

    entry: EntryCode
    items: tuple[ItemIdentifier, ...]
    purposes: tuple[Purpose | None, ...]
    modes: tuple[Mode, ...]
    matters: tuple[Matter | None, ...]
    until: datetime | None
    is_scoped: bool


def what_can_see(
    point: DecisionPoint, viewer: Viewer, codes: Sequence[EntryCode], at: datetime, purposes: Sequence[Purpose]
) -> tuple[Permission, ...]:
    """Return what the viewer can see of the entries at that moment, decided as requests of theirs would be."""
    permissions = (one for code in codes for one in _permissions(point, viewer, code, at, purposes))
    return merge(permissions, ("purposes", "modes", "matters", "items"))


def _permissions(
    point: DecisionPoint, viewer: Viewer, code: EntryCode, at: datetime, purposes: Sequence[Purpose]
) -> Iterator[Permission]:
    if not point.snapshot.candidates(code, viewer.subject):
        return
    for mode in Mode:
        for matter in (None, *viewer.subject.matters):
            action = Action(mode, None, matter)
            request = Request(viewer.subject, action, Environment(at, viewer.zone))
            for item, prospect in foresee_items(point, request, code, purposes).items():
                for one in prospect.purposes:
                    yield Permission(
                        code, (item,), (one.purpose,), (mode,), (matter,), one.valid_until, is_scoped=one.is_scoped
                    )


@dataclass(frozen=True, slots=True)
class PastRefusal:
    """A refusal as the log holds it: who asked what, when, under which epoch; what was refused, by which code."""

    entry: EntryCode
    items: tuple[ItemIdentifier, ...]
    application: ApplicationId | None
    user: UserId | None
    department: DepartmentCode | None
    action: Action
    environment: Environment
    epoch: int
    code: ErrorCode | None
    reasons: Mapping[ItemIdentifier, ErrorCode]
    policies: tuple[tuple[PolicyId, int], ...] = ()


class Standing(StrEnum):
    """What became of a record that the log names."""

    UNCHANGED = "unchanged"
    CHANGED = "changed"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class RefusalExplained:
    """A refusal, and the decision on the same request at the same moment under the records of now.

    `is_moved`: records may differ from those then. `policies` are those that the log names, with what became of them.
    `explanation` is None where the subject or the entry isn't there any more. The log holds no level and no zone: those
    that are registered were taken.
    """

    refusal: PastRefusal
    is_moved: bool
    policies: tuple[tuple[PolicyId, int, Standing], ...]
    explanation: Explanation | None


def explain_refusal(point: DecisionPoint, refusal: PastRefusal) -> RefusalExplained:
    """Return why it was refused, as far as the log and the records of now tell."""
    is_public = refusal.department is None
    public = Viewer(PUBLIC, NetworkZone.INTERNET)
    viewer = public if is_public else registered_viewer(point.snapshot.registry, refusal.application, refusal.user)
    explanation = None
    if viewer is not None:
        request = Request(viewer.subject, refusal.action, replace(refusal.environment, network_zone=viewer.zone))
        explanation = explain_entry(point, request, refusal.entry, refusal.items)
    versions = {record.id: record.version for record in point.snapshot.records_on(refusal.entry)}
    policies = tuple((name, version, _standing(versions.get(name), version)) for name, version in refusal.policies)
    return RefusalExplained(refusal, refusal.epoch != point.snapshot.epoch, policies, explanation)


def _standing(now: int | None, then: int) -> Standing:
    if now is None:
        return Standing.GONE
    return Standing.UNCHANGED if now == then else Standing.CHANGED


def registered_viewer(registry: Registry, application: ApplicationId | None, user: UserId | None) -> Viewer | None:
    """Return an application or person as registered now; None for one that isn't admitted any more, or never was."""
    program = None if application is None else registry.applications.get(application)
    person = None if user is None else registry.users.get(user)
    registered = program or person
    if registered is None or not is_admitted(registered, registry):
        return None
    department = registry.departments[registered.department]
    subject = Subject(
        department.code,
        tuple(sorted(department.groups)),
        application=None if program is None else program.id,
        user=None if person is None else person.id,
        roles=() if person is None else person.roles,
        region=department.region or None,
        auth_level=registered.auth_level,
        matters=() if program is None else program.matters,
    )
    return Viewer(subject, registered.network_zone)
