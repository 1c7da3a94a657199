"""When a record applies: the predicates of the Casbin models, and where a record stopped (enforcement.md §4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import assert_never

from portal.catalog.entries import CatalogEntry
from portal.conditions.meaning import Attribute, satisfies
from portal.conditions.tree import Condition
from portal.policies.records import Any, ConsumerKind, Effect, PolicyRecord
from portal.vocabulary import Action, Environment, Subject


class Stage(IntEnum):
    """How far a record came; a later stage is further."""

    CONSUMER = 0
    MODE = 1
    PURPOSE = 2
    PERIOD = 3
    CONDITION = 4
    APPLIES = 5


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks what under which circumstances."""

    subject: Subject
    action: Action
    environment: Environment


def subject_attributes(subject: Subject) -> Mapping[str, Attribute]:
    """Return the subject's attributes by name; what is empty is missing."""
    return {
        "department": subject.department or None,
        "groups": subject.groups or None,
        "application": subject.application or None,
        "user": subject.user or None,
        "roles": tuple(map(str, subject.roles)) or None,
        "region": subject.region or None,
        "auth_level": subject.auth_level,
    }


def request_attributes(subject: Subject, environment: Environment) -> Mapping[str, Attribute]:
    """Return the attributes of subject and environment that a condition may test."""
    return {
        **subject_attributes(subject),
        "now": environment.now,
        "network_zone": None if environment.network_zone is None else str(environment.network_zone),
        "client_address": environment.client_address,
        "case": environment.reference.case,
        "operator": environment.reference.operator,
    }


def names_consumer(record: PolicyRecord, subject: Subject) -> bool:
    """Return whether the record's consumer is the subject, and the application one of those it allows."""
    if record.applications and subject.application not in record.applications:
        return False
    code = record.consumer.code
    match record.consumer.kind:
        case ConsumerKind.PUBLIC:
            return True
        case ConsumerKind.ANY_DEPARTMENT:
            return subject.department is not None
        case ConsumerKind.DEPARTMENT:
            return subject.department is not None and subject.department == code
        case ConsumerKind.GROUP:
            return code in subject.groups
        case ConsumerKind.APPLICATION:
            return subject.application is not None and subject.application == code
    assert_never(record.consumer.kind)


def reaches_entry(entry: CatalogEntry, subject: Subject) -> bool:
    """Return whether anything of the entry may be permitted: it is published, or the subject's own."""
    return entry.is_published or (subject.department is not None and subject.department == entry.provider)


def allows_mode(record: PolicyRecord, action: Action) -> bool:
    """Return whether the record is for the request's mode."""
    return isinstance(record.modes, Any) or action.mode in record.modes


def lacks_purpose(record: PolicyRecord, action: Action) -> bool:
    """Return whether the record asks for a purpose where the request states none."""
    return action.purpose is None and not isinstance(record.purposes, Any)


def serves_purpose(record: PolicyRecord, action: Action) -> bool:
    """Return whether the record is for the request's purpose and matter; without purpose only `["*"]` is."""
    if not isinstance(record.purposes, Any) and (action.purpose is None or action.purpose not in record.purposes):
        return False
    return not record.matters or (action.matter is not None and action.matter in record.matters)


def is_in_period(record: PolicyRecord, now: datetime) -> bool:
    """Return whether `now` lies in the record's period `[valid_from, valid_until)`."""
    begun = record.valid_from is None or record.valid_from <= now
    return begun and (record.valid_until is None or now < record.valid_until)


def meets(effect: Effect, condition: Condition, attributes: Mapping[str, Attribute]) -> bool:
    """Return whether the condition lets a record of that effect apply: doubt closes an allow, and upholds a deny."""
    met = satisfies(condition, attributes)
    return met is True if effect is Effect.ALLOW else met is not False


def meets_condition(record: PolicyRecord, subject: Subject, environment: Environment) -> bool:
    """Return whether the record's condition on subject and environment lets it apply."""
    return meets(record.effect, record.condition, request_attributes(subject, environment))


def furthest_stage(record: PolicyRecord, entry: CatalogEntry, request: Request) -> Stage:
    """Return the first stage at which the record stopped, `APPLIES` if at none; scopes are left aside."""
    if not (reaches_entry(entry, request.subject) and names_consumer(record, request.subject)):
        return Stage.CONSUMER
    if not allows_mode(record, request.action):
        return Stage.MODE
    if not serves_purpose(record, request.action):
        return Stage.PURPOSE
    if not is_in_period(record, request.environment.now):
        return Stage.PERIOD
    if not meets_condition(record, request.subject, request.environment):
        return Stage.CONDITION
    return Stage.APPLIES
