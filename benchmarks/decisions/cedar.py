"""The same records as policies of Cedar, and the same questions asked of both.

Cedar is given its best: policies and entities parsed once, and of three ways to ask the one that is quickest here.
Scopes are left aside, as they say which rows are permitted and not whether any is.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from random import Random
from time import process_time

from cedarpy import Entities, PolicySet, is_authorized, is_authorized_batch

from benchmarks.city import City
from benchmarks.decisions.decision_cost import NOW, load_matchers, request_of, subject_of
from portal.conditions.tree import TRUE
from portal.policies.decision import Permit, Use
from portal.policies.decision_point import DecisionPoint
from portal.policies.kept_decisions import KeptDecisions
from portal.policies.matching import Request
from portal.policies.records import Any, ConsumerKind, Effect, PolicyRecord
from portal.policies.snapshot import Snapshot
from portal.vocabulary import EntryCode, ItemIdentifier, Purpose

_PURPOSES = (Purpose("verification"), Purpose("work_reference"), Purpose("statistics"))
_SEED = 4127
CedarRequest = dict[str, object]


class Disagreement(Exception):
    """Cedar and the portal answer a question differently; the message says which."""


@dataclass(frozen=True, slots=True)
class Question:
    """Whether an application may read one item of an entry, in any row."""

    request: Request
    entry: EntryCode
    item: ItemIdentifier

    @property
    def use(self) -> Use:
        """The question as the portal takes it."""
        return Use(self.entry, (self.item,))

    def to_cedar(self) -> CedarRequest:
        """Return the question as Cedar takes it."""
        context = {"purpose": self.request.action.purpose, "now": _seconds(self.request.environment.now)}
        return {
            "principal": {"type": "Application", "id": str(self.request.subject.application)},
            "action": {"type": "Action", "id": self.request.action.mode.value},
            "resource": {"type": "Item", "id": item_name(self.entry, self.item)},
            "context": context,
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """Processor seconds of one decision, by way; `permitted` of so many `questions` were, by both alike."""

    records: int
    questions: int
    permitted: int
    portal_made: float
    portal_kept: float
    cedar_by_way: dict[str, float]

    @property
    def cedar(self) -> float:
        """The seconds of Cedar's quickest way."""
        return min(self.cedar_by_way.values())


def compare(snapshot: Snapshot, city: City, questions: int) -> Comparison:
    """Ask both the same questions. Raises: Disagreement where they answer one differently."""
    asked = draw_questions(snapshot, city, questions)
    made_point = DecisionPoint(snapshot, load_matchers())
    kept_point = DecisionPoint(snapshot, made_point.matchers, KeptDecisions())
    # The index belongs to the snapshot, as Cedar's parsed policies do to it.
    if not (snapshot.index.by_entry and snapshot.state_by_code):
        raise AssertionError("nothing to decide on")
    answers, portal_made = _timed(lambda: [_permits(made_point, one) for one in asked])
    first, _ = _timed(lambda: [_permits(kept_point, one) for one in asked])
    again, portal_kept = _timed(lambda: [_permits(kept_point, one) for one in asked])
    check_alike("what was kept", asked, first, answers)
    check_alike("what was kept and asked again", asked, again, answers)
    seconds = {}
    for way, ask in cedar_ways(snapshot, city, asked).items():
        found, seconds[way] = _timed(ask)
        check_alike(f"Cedar, {way}", asked, found, answers)
    count = len(asked)
    return Comparison(
        len(snapshot.content.records),
        count,
        sum(answers),
        portal_made / count,
        portal_kept / count,
        {way: each / count for way, each in seconds.items()},
    )


def _permits(point: DecisionPoint, question: Question) -> bool:
    return isinstance(point.decide(question.request, question.use), Permit)


def _timed(ask: Callable[[], list[bool]]) -> tuple[list[bool], float]:
    began = process_time()
    found = ask()
    return found, process_time() - began


def check_alike(who: str, asked: Sequence[Question], found: Sequence[bool], expected: Sequence[bool]) -> None:
    """Raise `Disagreement` at the first question that was answered otherwise."""
    for question, one, other in zip(asked, found, expected, strict=True):
        if one is not other:
            raise Disagreement(f"{who} says {one} and the portal's first decision {other} to {question}")


def draw_questions(snapshot: Snapshot, city: City, count: int) -> list[Question]:
    """Return questions of a seed: every second is one that a record permits, the others differ from such in one way."""
    random, records = Random(_SEED), snapshot.content.records
    return [_draw(random, random.choice(records), city, is_changed=number % 2 == 1) for number in range(count)]


def _draw(random: Random, record: PolicyRecord, city: City, *, is_changed: bool) -> Question:
    if isinstance(record.items, Any) or isinstance(record.purposes, Any):
        raise TypeError(f"`{record.id}` names no items or purposes")
    reader = next(one for one in range(city.departments) if subject_of(one).department == record.consumer.code)
    item, purpose, now = random.choice(record.items), random.choice(record.purposes), NOW
    match random.randrange(4) if is_changed else None:
        case 0:
            reader = random.randrange(city.departments)
        case 1:
            item = ItemIdentifier(f"item_{random.randrange(city.items)}")
        case 2:
            purpose = random.choice(_PURPOSES)
        case 3:
            now = (record.valid_until or NOW) + timedelta(days=random.choice((-1, 0, 1)))
        case _:
            pass
    return Question(request_of(subject_of(reader), purpose, now), record.resource, item)


def cedar_ways(snapshot: Snapshot, city: City, asked: Sequence[Question]) -> dict[str, Callable[[], list[bool]]]:
    """Return the ways to ask Cedar, with policies and entities parsed beforehand."""
    policies = PolicySet.from_str(render_policies(snapshot.content.records))
    everything = Entities.from_json_str(json.dumps([*_actions(), *_subjects(city), *_items(snapshot)]))
    requests = [one.to_cedar() for one in asked]
    related = [json.dumps([*_actions(), *_related(one)]) for one in asked]
    return {
        "one at a time": lambda: [is_authorized(one, policies, everything).allowed for one in requests],
        "one at a time, with its own entities alone": lambda: [
            is_authorized(one, policies, own).allowed for one, own in zip(requests, related, strict=True)
        ],
        "all in one batch": lambda: [one.allowed for one in is_authorized_batch([*requests], policies, everything)],
    }


def render_policies(records: Iterable[PolicyRecord]) -> str:
    """Return the records as Cedar's policies. Raises: ValueError for one that says more than these can."""
    return "\n".join(map(_policy, records))


def _policy(record: PolicyRecord) -> str:
    says_more = record.condition != TRUE or record.matters or record.applications or record.effect is Effect.DENY
    if says_more or record.consumer.kind is not ConsumerKind.DEPARTMENT:
        raise ValueError(f"`{record.id}` says more than its translation would")
    if isinstance(record.items, Any) or isinstance(record.purposes, Any) or isinstance(record.modes, Any):
        raise ValueError(f"`{record.id}` names everything, which the translation doesn't know")
    name = partial(item_name, record.resource)
    items = ", ".join(f"Item::{_quote(name(item))}" for item in record.items)
    tests = [f"resource in [{items}]", f"[{', '.join(map(_quote, record.purposes))}].contains(context.purpose)"]
    if record.valid_from is not None:
        tests.append(f"context.now >= {_seconds(record.valid_from)}")
    if record.valid_until is not None:
        tests.append(f"context.now < {_seconds(record.valid_until)}")
    modes = ", ".join(f"Action::{_quote(mode)}" for mode in record.modes)
    return (
        f"@id({_quote(record.id)})\npermit(principal in Department::{_quote(record.consumer.code)},"
        f" action in [{modes}], resource in Entry::{_quote(record.resource)}) when {{ {' && '.join(tests)} }};"
    )


def item_name(entry: EntryCode, item: ItemIdentifier) -> str:
    """Return what Cedar knows the item of an entry by."""
    return f"{entry}#{item}"


def _quote(text: str) -> str:
    # Codes and identifiers, in which neither writes anything differently.
    return json.dumps(text, ensure_ascii=False)


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _entity(kind: str, name: str, *parents: tuple[str, str]) -> dict[str, object]:
    above = [{"type": parent, "id": of} for parent, of in parents]
    return {"uid": {"type": kind, "id": name}, "attrs": {}, "parents": above}


def _actions() -> list[dict[str, object]]:
    return [_entity("Action", "query")]


def _subjects(city: City) -> list[dict[str, object]]:
    subjects = map(subject_of, range(city.departments))
    return [_entity("Application", str(one.application), ("Department", str(one.department))) for one in subjects]


def _items(snapshot: Snapshot) -> list[dict[str, object]]:
    entries = [state.entry for state in snapshot.content.entries]
    return [
        _entity("Item", item_name(one.code, item.identifier), ("Entry", one.code))
        for one in entries
        for item in one.items
    ]


def _related(question: Question) -> list[dict[str, object]]:
    subject = question.request.subject
    return [
        _entity("Application", str(subject.application), ("Department", str(subject.department))),
        _entity("Item", item_name(question.entry, question.item), ("Entry", question.entry)),
    ]
