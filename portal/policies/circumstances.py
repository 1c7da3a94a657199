"""Who may ask, and under which circumstances: finitely many parties, actions and periods that stand for all requests.

Everything that a record tests falls into these; what is chosen by who asks (level, zone, address) stays open.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, cached_property
from ipaddress import IPv4Address, IPv6Address
from typing import assert_never

from portal.conditions.formulas import Claim, Every, Formula, Side, Some, Truth
from portal.conditions.meaning import Attribute, condition_names
from portal.conditions.models import Model, Setting
from portal.conditions.tree import And, Comparison, Condition, Membership, Not, NullTest, Operator, Or, SubjectAttribute
from portal.identity.claims import MAX_AUTH_LEVEL
from portal.identity.registry import Application, Department, DepartmentStatus, Registry, is_admitted
from portal.policies.matching import Request, names_consumer, subject_attributes
from portal.policies.records import Any, Consumer, ConsumerKind, PolicyRecord
from portal.policies.snapshot import Snapshot
from portal.regulations.profiles import load_profile
from portal.vocabulary import (
    PUBLIC,
    Action,
    CaseReference,
    DepartmentCode,
    Environment,
    Matter,
    Mode,
    NetworkZone,
    Purpose,
    Role,
    Subject,
    UserId,
)

_LEVELS: tuple[Attribute, ...] = (*range(MAX_AUTH_LEVEL, -1, -1), None)
_ZONES: tuple[Attribute, ...] = (NetworkZone.GOVERNMENT.value, NetworkZone.INTERNET.value, None)
_SAMPLES: Mapping[str, tuple[Attribute, ...]] = {
    "client_address": (IPv4Address("192.0.2.1"),),
    "case": ("1",),
    "operator": ("1",),
}


ANY_REQUEST = Setting({"auth_level": _LEVELS, "network_zone": _ZONES}, _SAMPLES)
"""What is known of every request, whoever asks."""


@dataclass(frozen=True)
class Party:
    """Who may ask: an application, whoever else belongs to a department (its persons), or the public.

    `people` are the persons of the department that are registered.
    """

    subject: Subject
    people: tuple[str, ...] = ()

    @cached_property
    def consumer(self) -> Consumer:
        """The party as records would name it."""
        if self.subject.application is not None:
            return Consumer(ConsumerKind.APPLICATION, self.subject.application)
        if self.subject.department is not None:
            return Consumer(ConsumerKind.DEPARTMENT, self.subject.department)
        return Consumer(ConsumerKind.PUBLIC)

    @cached_property
    def known(self) -> Mapping[str, Attribute]:
        """The attributes that all its requests have; None is one that is missing."""
        known = subject_attributes(self.subject)
        if self.subject.is_public:
            return {**known, "auth_level": 0, "network_zone": NetworkZone.INTERNET.value}
        chosen = {"auth_level"} if self.subject.application else {"auth_level", "user", "roles"}
        return {name: value for name, value in known.items() if name not in chosen}

    @cached_property
    def setting(self) -> Setting:
        """What is known of the attributes that its requests differ in."""
        people = {} if self.subject.is_public or self.subject.application else {"user": (*self.people, None)}
        return Setting({"auth_level": _LEVELS, "network_zone": _ZONES, **people}, _SAMPLES)

    @property
    def people_claim(self) -> Formula:
        """What it says of the attribute `user` that a request is of one of its persons, or of none who is named."""
        return Some(
            (
                Claim(NullTest("user", is_null=True), Truth.TRUE, Side.REQUEST),
                Claim(Membership("user", self.people), Truth.TRUE, Side.REQUEST),
            )
        )

    def is_named_by(self, record: PolicyRecord) -> bool:
        """Return whether the record's consumer is the party."""
        return names_consumer(record, self.subject)

    def matters(self, named: Iterable[Matter]) -> tuple[Matter | None, ...]:
        """Return the matters that its requests are taken under, as far as records that name these can tell them apart.

        None stands for any other, and for none.
        """
        own = self.subject.matters
        known = frozenset(named)
        told = tuple(matter for matter in own if matter in known)
        # A request without a matter is taken under the only one that is registered.
        return told if len(own) == 1 and told else (*told, None)


NOBODY = Party(PUBLIC)
"""The public, which is nobody in particular."""


def parties_of(registry: Registry) -> tuple[Party, ...]:
    """Return everybody who may ask: the public, the departments that are active, their applications."""
    people: dict[DepartmentCode, list[str]] = {}
    for user in registry.users.values():
        if is_admitted(user, registry):
            people.setdefault(user.department, []).append(user.id)
    departments = [
        _member(department, tuple(people.get(code, ())))
        for code, department in registry.departments.items()
        if department.status is DepartmentStatus.ACTIVE
    ]
    applications = [
        _application(application, registry.departments[application.department])
        for application in registry.applications.values()
        if is_admitted(application, registry)
    ]
    return (NOBODY, *departments, *applications)


def _member(department: Department, people: tuple[str, ...]) -> Party:
    groups, region = tuple(sorted(department.groups)), department.region or None
    return Party(Subject(department.code, groups, region=region, auth_level=None), people)


def _application(application: Application, department: Department) -> Party:
    member = _member(department, ()).subject
    return Party(replace(member, application=application.id, matters=application.matters))


def is_party_of(consumer: Consumer, party: Party) -> bool:
    """Return whether the consumer stands for the party."""
    match consumer.kind:
        case ConsumerKind.PUBLIC:
            return True
        case ConsumerKind.ANY_DEPARTMENT:
            return party.subject.department is not None
        case ConsumerKind.DEPARTMENT:
            return party.subject.department == consumer.code
        case ConsumerKind.GROUP:
            return consumer.code in party.subject.groups
        case ConsumerKind.APPLICATION:
            return party.subject.application == consumer.code
    assert_never(consumer.kind)


@dataclass(frozen=True, slots=True)
class Window:
    """A period `[begins, ends)` within which no record begins or ends; None is never."""

    begins: datetime
    ends: datetime | None

    @property
    def claim(self) -> Formula:
        """What it says of the attribute `now`."""
        begun = _of_now(Operator.GTE, self.begins)
        return Every((begun,) if self.ends is None else (begun, _of_now(Operator.LT, self.ends)))


def _of_now(operator: Operator, moment: datetime) -> Claim:
    return Claim(Comparison("now", operator, moment), Truth.TRUE, Side.REQUEST)


def windows_of(records: Iterable[PolicyRecord], now: datetime, further: Iterable[datetime] = ()) -> tuple[Window, ...]:
    """Return the periods from now on between the moments at which one of the records begins or ends."""
    moments = {moment for record in records for moment in (record.valid_from, record.valid_until) if moment is not None}
    later = sorted(moment for moment in moments | set(further) if moment > now)
    return tuple(Window(begins, ends) for begins, ends in zip([now, *later], [*later, None], strict=True))


def purposes_of(snapshot: Snapshot, records: Iterable[PolicyRecord]) -> tuple[Purpose | None, ...]:
    """Return the purposes that may be stated, None for none: the profile's, and any that a record names."""
    named = [purpose for record in records if not isinstance(record.purposes, Any) for purpose in record.purposes]
    return (None, *dict.fromkeys((*profile_purposes(snapshot.content.profile), *named)))


@cache
def profile_purposes(profile: str) -> tuple[Purpose, ...]:
    """Return the purposes that the profile knows."""
    return load_profile(profile).purposes


def actions_of(party: Party, records: Sequence[PolicyRecord], purposes: Sequence[Purpose | None]) -> Iterator[Action]:
    """Yield the actions of the party that the records can tell apart."""
    matters = party.matters(matter for record in records for matter in record.matters)
    for mode in Mode:
        for purpose in purposes:
            yield from (Action(mode, purpose, matter) for matter in matters)


def example_of(party: Party, action: Action, window: Window, model: Model) -> Request:
    """Return a request of the party with the attributes of the model, as far as one can have them."""
    chosen = model.attributes
    user, level, roles = chosen.get("user"), chosen.get("auth_level"), chosen.get("roles")
    subject = replace(
        party.subject,
        user=UserId(user) if isinstance(user, str) else party.subject.user,
        auth_level=level if isinstance(level, int) else party.subject.auth_level,
        roles=tuple(role for role in Role if role.value in roles) if isinstance(roles, tuple) else (),
    )
    now, zone, address = chosen.get("now"), chosen.get("network_zone"), chosen.get("client_address")
    if party.subject.is_public:
        zone = NetworkZone.INTERNET.value
    environment = Environment(
        now if isinstance(now, datetime) else window.begins,
        NetworkZone(zone) if isinstance(zone, str) else None,
        address if isinstance(address, IPv4Address | IPv6Address) else None,
        CaseReference(_text(chosen.get("case")), _text(chosen.get("operator"))),
    )
    return Request(subject, action, environment)


def _text(value: Attribute) -> str | None:
    return value if isinstance(value, str) else None


def tested_attributes(records: Iterable[PolicyRecord]) -> frozenset[str]:
    """Return the attributes of a request that the records' conditions test, or their scopes compare with."""
    names: set[str] = set()
    for record in records:
        names |= condition_names(record.condition)
        if record.scope is not None:
            names |= compared_attributes(record.scope)
    return frozenset(names)


def compared_attributes(scope: Condition) -> frozenset[str]:
    """Return the attributes of a subject that the scope compares items with."""
    match scope:
        case And(members) | Or(members):
            return frozenset[str]().union(*map(compared_attributes, members))
        case Not(member):
            return compared_attributes(member)
        case Comparison(_, _, SubjectAttribute(name)):
            return frozenset({name})
        case _:
            return frozenset()
