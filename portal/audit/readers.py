"""Who may read which records of the audit, and how much of each (T65; NT-22, FJ-30, ND-29).

An auditor reads all. A department reads what it asked for itself, and of what others asked of the entries that it
provides how its data are used: who, for what, which items, how many rows, by which policies and when. Not theirs are
the values of others' filters, addresses, people and cases, and what was read of other departments' entries with it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import cast

from portal.catalog.entries import CatalogEntry
from portal.json_text import JsonValue
from portal.policies.duties import ANYTHING, Actor, Duties, Operation, Target
from portal.vocabulary import DepartmentCode, EntryCode


class Sight(StrEnum):
    """How much of a record a reader sees."""

    WHOLE = "whole"
    USE = "use"
    """What a provider sees of another department's request."""


@dataclass(frozen=True, slots=True)
class AuditReach:
    """What a reader may read: everything, or requests for entries and of a department; none of it is nothing."""

    everything: bool = False
    provided: frozenset[EntryCode] = frozenset()
    department: DepartmentCode | None = None


def providers_of(entries: Iterable[CatalogEntry]) -> dict[EntryCode, DepartmentCode]:
    """Return whose each entry is: by the catalog as it is now, for earlier use too."""
    return {entry.code: entry.provider for entry in entries}


def reach_of(duties: Duties, actor: Actor, providers: Mapping[EntryCode, DepartmentCode]) -> AuditReach:
    """Return what the actor may read of the audit. Raises: Forbidden where that is nothing."""
    if duties.permits(actor, Operation.READ_AUDIT, ANYTHING):
        return AuditReach(everything=True)
    theirs = {
        provider
        for provider in set(providers.values())
        if duties.permits(actor, Operation.READ_AUDIT, Target(provider=provider))
    }
    provided = frozenset(code for code, provider in providers.items() if provider in theirs)
    own = actor.subject.department
    is_consumer = own is not None and duties.permits(actor, Operation.READ_AUDIT, Target(consumer=own))
    reach = AuditReach(provided=provided, department=own if is_consumer else None)
    if reach == AuditReach():
        duties.check(actor, Operation.READ_AUDIT, ANYTHING)
    return reach


def sight_of(reach: AuditReach, record: Mapping[str, JsonValue]) -> Sight | None:
    """Return how much of a record may be read, None for nothing; `record` is its canonical JSON.

    INVARIANT: every record that leaves for a reader passes here, however it was found.
    """
    if reach.everything:
        return Sight.WHOLE
    if "act" in record:
        return None
    if reach.department is not None and record["department"] == reach.department:
        return Sight.WHOLE
    return Sight.USE if used_entries(reach, record) else None


def used_entries(reach: AuditReach, record: Mapping[str, JsonValue]) -> tuple[EntryCode, ...]:
    """Return the entries within reach as provided that a request read, or was refused, links included."""
    parts = cast("list[dict[str, JsonValue]]", record.get("parts") or [])
    asked = [str(record["entry"]), *(str(part["entry"]) for part in parts)]
    return tuple(dict.fromkeys(EntryCode(code) for code in asked if code in reach.provided))


def shown_members(reach: AuditReach, record: Mapping[str, JsonValue]) -> dict[str, JsonValue] | None:
    """Return the members of a record that may be read; None where none may."""
    match sight_of(reach, record):
        case None:
            return None
        case Sight.WHOLE:
            return dict(record)
        case Sight.USE:
            return _used_members(reach, record)


_SEEN_OF_USE = (
    "writer",
    "sequence",
    "time",
    "department",
    "application",
    "decision",
    "mode",
    "purpose",
    "matter",
    "code",
)
"""Of the request itself: who asked, for what, when, and what was decided."""
_SEEN_OF_ENTRY = ("entry", "identifier", "items", "rows", "policies")
"""Of what it read of an entry."""


def _used_members(reach: AuditReach, record: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return what the provider sees: the request, and of what it read the entries that it provides.

    Which code a refusal has is the request's; what was refused of another's entry isn't said.
    """
    parts = cast("list[dict[str, JsonValue]]", record.get("parts") or [])
    own_parts = [_picked(part, _SEEN_OF_ENTRY) for part in parts if part["entry"] in reach.provided]
    members = _picked(record, _SEEN_OF_USE)
    if record["entry"] not in reach.provided:
        return {**members, **own_parts[0], "parts": [*own_parts[1:]], "reasons": []}
    reasons = cast("list[list[JsonValue]]", record["reasons"])
    # Items of linked entries are named `ENTRY.ITEM`.
    own_reasons: list[JsonValue] = [[*reason] for reason in reasons if "." not in str(reason[0])]
    return {**members, **_picked(record, _SEEN_OF_ENTRY), "parts": [*own_parts], "reasons": own_reasons}


def _picked(members: Mapping[str, JsonValue], names: Iterable[str]) -> dict[str, JsonValue]:
    return {name: members[name] for name in names}
