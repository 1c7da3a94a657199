"""What a decision costs on an entry of 50 items, each permitted by a record of its own: made, and kept."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from statistics import median
from time import process_time

from benchmarks.city import WIDE_READER, City, department_code, entry_code
from portal.policies.casbin_models import Matcher, ModelName
from portal.policies.decision import Permit, Use
from portal.policies.decision_point import DecisionPoint
from portal.policies.kept_decisions import KeptDecisions
from portal.policies.matching import Request
from portal.policies.snapshot import Snapshot
from portal.vocabulary import Action, ApplicationId, DepartmentCode, Environment, Mode, NetworkZone, Purpose, Subject

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)
ASKED_AGAIN = 2_000
_VERIFICATION = Purpose("verification")


@dataclass(frozen=True, slots=True)
class DecisionCost:
    """Processor time of one decision, medians: in milliseconds where it is made, in microseconds where it was kept.

    `items` and `records` are those that the decision covers; `worst_milliseconds` is the longest of those made.
    """

    items: int
    records: int
    cold_milliseconds: float
    worst_milliseconds: float
    kept_microseconds: float


def load_matchers() -> Mapping[ModelName, Matcher]:
    """Return Casbin's models, loaded as a process loads them once."""
    return {name: Matcher(name) for name in ModelName}


def subject_of(number: int) -> Subject:
    """Return the application of a department of the city."""
    return Subject(
        department=DepartmentCode(department_code(number)),
        application=ApplicationId(f"app-{number}"),
        region=f"9999{number % 100:02}",
        auth_level=2,
    )


def request_of(subject: Subject, purpose: Purpose = _VERIFICATION, now: datetime = NOW) -> Request:
    """Return a query for the purpose, at the moment."""
    return Request(subject, Action(Mode.QUERY, purpose), Environment(now, NetworkZone.GOVERNMENT))


def measure_decisions(snapshot: Snapshot, city: City, rounds: int) -> DecisionCost:
    """Measure the widest decision of a city. Raises: AssertionError where it isn't permitted, or isn't kept."""
    entry = snapshot.state_by_code[entry_code(0)].entry
    use = Use(entry.code, tuple(item.identifier for item in entry.items))
    request = request_of(subject_of(WIDE_READER % city.departments))
    matchers = load_matchers()
    made, kept = [], []
    for _ in range(rounds):
        # Nothing is kept of the entry either: neither what its records test nor when they begin and end.
        fresh = snapshot.following(snapshot.content, frozenset())
        point = DecisionPoint(fresh, matchers, KeptDecisions())
        began = process_time()
        decision = point.decide(request, use)
        made.append(process_time() - began)
        if not isinstance(decision, Permit):
            raise AssertionError(decision)
        kept.append(_ask_again(point, request, use, decision))
    return DecisionCost(
        len(use.items),
        len(snapshot.candidates(entry.code, request.subject)),
        median(made) * 1e3,
        max(made) * 1e3,
        median(kept) * 1e6,
    )


def _ask_again(point: DecisionPoint, request: Request, use: Use, decision: Permit) -> float:
    """Return the seconds of one answer that was kept, each asked at a later moment."""
    moments = [NOW + timedelta(milliseconds=number) for number in range(ASKED_AGAIN)]
    asked = [replace(request, environment=replace(request.environment, now=moment)) for moment in moments]
    began = process_time()
    found = [point.decide(one, use) for one in asked]
    seconds = process_time() - began
    if any(one is not decision for one in found):
        raise AssertionError("a decision was made again that should have been kept")
    return seconds / len(asked)
