"""What must stay so whatever is changed: who must never read an item, and who must be able to (T30, G18)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from portal.catalog.entries import CatalogEntry
from portal.conditions.formulas import Claim, Every, Side, Truth
from portal.conditions.models import can_hold, find_model
from portal.errors import BadInput, Fault, Text
from portal.identity.registry import Registry
from portal.json_text import JsonValue, parse_json
from portal.policies.circumstances import (
    Party,
    actions_of,
    example_of,
    is_party_of,
    parties_of,
    purposes_of,
    windows_of,
)
from portal.policies.decision import Permit, Use
from portal.policies.decision_point import DecisionPoint
from portal.policies.matching import Request
from portal.policies.questions import Viewer
from portal.policies.reach import grant_of, ground_of, reading
from portal.policies.reading import parse_record
from portal.policies.records import ANY, Any, Consumer, ConsumerKind, PolicyRecord
from portal.policies.snapshot import Snapshot
from portal.storage.content import ContentRow
from portal.vocabulary import (
    Action,
    DepartmentCode,
    EntryCode,
    Environment,
    ItemIdentifier,
    Mode,
    NetworkZone,
    Purpose,
    Subject,
    UserId,
)

_MEMBERS = ("consumer", "resource", "items", "purposes", "modes")


class Verdict(StrEnum):
    """What is expected."""

    NEVER = "never"
    """No party that the consumer stands for may ever read any of the items."""
    ABLE = "able"
    """Each department (by one of those who can ask for it), application, or the public can read all of them now."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """An expectation, with the members of a record that say whom and what it is about. `reason` is the author's."""

    id: str
    verdict: Verdict
    consumer: Consumer
    resource: EntryCode
    items: tuple[ItemIdentifier, ...] | Any
    purposes: tuple[Purpose, ...] | Any
    modes: tuple[Mode, ...] | Any
    reason: str


@dataclass(frozen=True, slots=True)
class Broken:
    """An expectation that isn't met, with the first item that breaks it.

    `request` is one that is permitted and must not be, or refused and should be; None where nobody is registered who
    could ask, or the entry or item isn't there.
    """

    expectation: Expectation
    item: ItemIdentifier | None
    request: Request | None
    certain: bool = True


def parse_expectation(
    name: str, verdict: Verdict, document: str, reason: str, entries: Mapping[EntryCode, CatalogEntry]
) -> tuple[Expectation | None, list[Fault]]:
    """Return the expectation that a JSON text writes, or None and every fault in it."""
    file = f"expectation {name}"
    try:
        members = parse_json(document)
    except BadInput as refused:
        return None, [Fault(file, None, "", refused.text, _WRITE_OBJECT)]
    if not isinstance(members, dict):
        return None, [Fault(file, None, "", Text(en="is no object", zh="不是对象"), _WRITE_OBJECT)]
    # Whom and what it is about is written as in a restriction, which may name anybody and anything.
    restriction = {**members, "id": name, "effect": "deny", "kind": "restriction", "basis": reason}
    record, faults = parse_record(restriction, file, entries)
    faults += [Fault(file, None, key, _UNKNOWN, _WRITE_OBJECT) for key in members if key not in _MEMBERS]
    if record is None or faults:
        return None, sorted(faults)
    about = (record.consumer, record.resource, record.items, record.purposes, record.modes)
    return Expectation(name, verdict, *about, reason), []


_WRITE_OBJECT = Text(
    en=f"write an object with {', '.join(_MEMBERS)}, as in a record",
    zh=f"请写成对象，成员同策略记录：{'、'.join(_MEMBERS)}",
)
_UNKNOWN = Text(en="an expectation has no such member", zh="期望没有此成员")


def load_expectation(name: str, row: ContentRow) -> Expectation:
    """Return a stored expectation; what it names may have left the catalog since. Raises: ValueError, KeyError."""
    members = parse_json(row.text("document"))
    if not isinstance(members, dict):
        raise ValueError(name)
    kind, _, code = str(members["consumer"]).partition(":")
    items, purposes, modes = (_texts(members[key]) for key in ("items", "purposes", "modes"))
    return Expectation(
        name,
        Verdict(row.text("verdict")),
        Consumer(ConsumerKind(kind), code),
        EntryCode(str(members["resource"])),
        ANY if items == (ANY.value,) else tuple(map(ItemIdentifier, items)),
        ANY if purposes == (ANY.value,) else tuple(map(Purpose, purposes)),
        ANY if modes == (ANY.value,) else tuple(map(Mode, modes)),
        row.text("reason"),
    )


def _texts(member: JsonValue) -> tuple[str, ...]:
    if not isinstance(member, list):
        raise ValueError("no list")
    return tuple(map(str, member))


def broken_expectations(expectations: Iterable[Expectation], point: DecisionPoint, now: datetime) -> tuple[Broken, ...]:
    """Return the expectations that the point's snapshot doesn't meet, with what breaks each.

    `never` holds from now on for all requests there may be: what could be permitted counts as permitted. `able` takes
    a permit now, for a request with the level and zone that are registered.
    """
    found = (_break(expectation, point, now) for expectation in expectations)
    return tuple(broken for broken in found if broken is not None)


def _break(expectation: Expectation, point: DecisionPoint, now: datetime) -> Broken | None:
    match expectation.verdict:
        case Verdict.NEVER:
            return _read_after_all(expectation, point.snapshot, now)
        case Verdict.ABLE:
            return _unable(expectation, point, now)
    assert_never(expectation.verdict)


def _named_items(expectation: Expectation, entry: CatalogEntry) -> tuple[ItemIdentifier, ...]:
    known = tuple(item.identifier for item in entry.items)
    return known if isinstance(expectation.items, Any) else expectation.items


def _modes(expectation: Expectation) -> Sequence[Mode]:
    return tuple(Mode) if isinstance(expectation.modes, Any) else expectation.modes


def _stands_for(consumer: Consumer, party: Party, provider: str) -> bool:
    """Return whether the expectation is about the party.

    `public` is those without department alone; a provider that reads its own is meant only where it is named itself.
    """
    if consumer.kind is ConsumerKind.PUBLIC:
        return party.subject.is_public
    is_own = party.subject.department == provider
    named = consumer.kind in (ConsumerKind.DEPARTMENT, ConsumerKind.APPLICATION)
    return is_party_of(consumer, party) and (named or not is_own)


def _read_after_all(expectation: Expectation, snapshot: Snapshot, now: datetime) -> Broken | None:
    state = snapshot.state_by_code.get(expectation.resource)
    if state is None:
        return None
    for party in parties_of(snapshot.registry):
        if _stands_for(expectation.consumer, party, state.entry.provider):
            broken = _read_by(expectation, party, snapshot, now)
            if broken is not None:
                return broken
    return None


def _read_by(expectation: Expectation, party: Party, snapshot: Snapshot, now: datetime) -> Broken | None:
    """Return a request of the party that could be permitted; None where there is none, now or ever."""
    ground = ground_of(snapshot, expectation.resource, party)
    if ground is None:
        return None
    for name in _named_items(expectation, ground.entry):
        item = ground.entry.item(name)
        covering = () if item is None else ground.covering(item)
        for action in _actions(expectation, party, covering, snapshot):
            for window in windows_of(covering, now):
                grant = grant_of(covering, name, action, window)
                model = find_model(Every((window.claim, reading(grant, party))), party.setting)
                if model is not None:
                    return Broken(expectation, name, example_of(party, action, window, model), model.certain)
    return None


def _actions(
    expectation: Expectation, party: Party, records: Sequence[PolicyRecord], snapshot: Snapshot
) -> Iterator[Action]:
    stated = purposes_of(snapshot, records) if isinstance(expectation.purposes, Any) else expectation.purposes
    modes = _modes(expectation)
    return (action for action in actions_of(party, records, stated) if action.mode in modes)


def _unable(expectation: Expectation, point: DecisionPoint, now: datetime) -> Broken | None:
    state = point.snapshot.state_by_code.get(expectation.resource)
    if state is None:
        return Broken(expectation, None, None)
    parties = [
        party
        for party in parties_of(point.snapshot.registry)
        if _stands_for(expectation.consumer, party, state.entry.provider)
    ]
    asking: dict[DepartmentCode | None, list[Viewer]] = {}
    for viewer in _registered(parties, point.snapshot.registry):
        asking.setdefault(viewer.subject.department, []).append(viewer)
    if not asking:
        return Broken(expectation, None, None)
    refusals = (_refused(expectation, viewers, point, now) for viewers in asking.values())
    return next((refusal for refusal in refusals if refusal is not None), None)


def _refused(expectation: Expectation, viewers: Sequence[Viewer], point: DecisionPoint, now: datetime) -> Broken | None:
    """Return a refused request of the first of a department, None where one of them is permitted everything."""
    refusals = [_refused_to(expectation, one.subject, Environment(now, one.zone), point) for one in viewers]
    return None if None in refusals else refusals[0]


def _registered(parties: Iterable[Party], registry: Registry) -> Iterator[Viewer]:
    """Yield those who can ask of the parties, with level and zone as they are registered."""
    for party in parties:
        subject = party.subject
        application = None if subject.application is None else registry.applications[subject.application]
        if application is not None:
            yield Viewer(replace(subject, auth_level=application.auth_level), application.network_zone)
        elif subject.is_public:
            yield Viewer(subject, NetworkZone.INTERNET)
        for user in [registry.users[UserId(name)] for name in party.people]:
            person = replace(subject, user=user.id, roles=user.roles, auth_level=user.auth_level)
            yield Viewer(person, user.network_zone)


def _refused_to(
    expectation: Expectation, subject: Subject, environment: Environment, point: DecisionPoint
) -> Broken | None:
    entry = point.snapshot.state_by_code[expectation.resource].entry
    # Without a purpose only what is for every purpose is permitted.
    purposes = (None,) if isinstance(expectation.purposes, Any) else expectation.purposes
    for name in _named_items(expectation, entry):
        for mode in _modes(expectation):
            for purpose in purposes:
                requests = [
                    Request(subject, Action(mode, purpose, matter), environment) for matter in (None, *subject.matters)
                ]
                if not any(_is_permitted(point, request, entry.code, name) for request in requests):
                    return Broken(expectation, name, requests[0])
    return None


def _is_permitted(point: DecisionPoint, request: Request, code: EntryCode, item: ItemIdentifier) -> bool:
    decision = point.decide(request, Use(code, (item,)))
    return isinstance(decision, Permit) and can_hold(Claim(decision.row_condition, Truth.TRUE, Side.ROW))
