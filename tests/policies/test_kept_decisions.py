"""A kept decision is the one that would be made anew, whatever of the request changed and however the clock moves."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from ipaddress import IPv4Address
from random import Random

import pytest

from portal.errors import ErrorCode, PolicyUnavailable, Text
from portal.policies.decision import Decision, Use
from portal.policies.decision_point import DecisionPoint
from portal.policies.kept_decisions import KeptDecisions
from portal.policies.matching import Request
from portal.policies.records import PolicyRecord
from portal.vocabulary import CaseReference, NetworkZone
from tests.policies.building import CHECKER, MATCHERS, NOW, code_of, open_entry, record, request, snapshot, use
from tests.policies.drawing import MOMENTS, draw_asked, draw_world, use_names

pytestmark = [pytest.mark.clause("threats.md T14"), pytest.mark.clause("threats.md T41")]

OF = open_entry()
LATER, SECOND = NOW + timedelta(days=1), timedelta(seconds=1)


@dataclass
class Counted:
    """A point whose decisions are kept, and how many were made."""

    point: DecisionPoint
    kept: KeptDecisions = field(default_factory=KeptDecisions)
    made: int = 0

    def decide(self, asked: Request, of: Use) -> Decision:
        def decide() -> Decision:
            self.made += 1
            return self.point.decide(asked, of)

        decision = self.kept.decide(self.point.snapshot, asked, of, decide)
        assert decision == self.point.decide(asked, of)
        return decision


def counted(*records: PolicyRecord) -> Counted:
    return Counted(DecisionPoint(snapshot([OF], records), MATCHERS))


def at(now: datetime, asked: Request) -> Request:
    return replace(asked, environment=replace(asked.environment, now=now))


def general(**members: object) -> PolicyRecord:
    return record(OF, id="general", kind="unconditional", consumer="any_department", items=["*"], **members)


def made_of_500(seed: int) -> int:
    """Return how many of 500 decisions on a drawn world were made; requests come back otherwise."""
    draw = Random(f"kept {seed}")
    world = draw_world(draw)
    asking = Counted(DecisionPoint(snapshot(world.entries, world.records), MATCHERS))
    few = [draw_asked(draw, world) for _ in range(25)]
    for _ in range(500):
        one = draw.choice(few)
        environment = replace(
            one.request.environment,
            now=draw.choice(MOMENTS) + draw.choice((timedelta(), SECOND, -SECOND)),
            network_zone=draw.choice((None, *NetworkZone)),
            client_address=draw.choice((None, IPv4Address("192.0.2.1"), IPv4Address("198.51.100.7"))),
            reference=CaseReference(draw.choice((None, "1")), draw.choice((None, "a"))),
        )
        asking.decide(replace(one.request, environment=environment), Use(one.entry.code, use_names(one.items)))
    return asking.made


def test_kept_decisions_are_those_made_anew() -> None:
    """Of drawn worlds, with requests that come back at other times, from elsewhere and for other cases."""
    made = [made_of_500(seed) for seed in range(12)]
    # In some worlds a condition tests the moment itself.
    assert sorted(made)[6] < 350


def test_what_was_decided_once_is_not_decided_again() -> None:
    asking = counted(general())
    for seconds in range(50):
        asking.decide(at(NOW + seconds * SECOND, request(CHECKER)), use("note"))
    assert asking.made == 1


def test_decision_ends_and_begins_with_each_record_to_the_moment_and_back() -> None:
    asking = counted(general(valid_from=NOW.isoformat(), valid_until=LATER.isoformat()))
    moments = (NOW - SECOND, NOW, LATER - SECOND, LATER, LATER - SECOND, NOW, NOW - SECOND)
    codes = [code_of(asking.decide(at(moment, request(CHECKER)), use("note"))) for moment in moments]
    expired = ErrorCode.EXPIRED
    assert codes == [expired, None, None, expired, None, None, expired]
    assert asking.made == 3


@pytest.mark.parametrize(
    ("condition", "elsewhere"),
    [
        ({"network_zone": {"eq": "government"}}, {"network_zone": NetworkZone.INTERNET}),
        ({"client_address": {"inNetwork": "192.0.2.0/24"}}, {"client_address": IPv4Address("198.51.100.7")}),
        ({"case": {"isNull": False}}, {"reference": CaseReference(None, "a")}),
        ({"operator": {"eq": "a"}}, {"reference": CaseReference("1", "b")}),
        ({"now": {"lt": LATER.isoformat()}}, {"now": LATER}),
    ],
)
def test_circumstance_that_a_condition_tests_is_looked_at_each_time(
    condition: dict[str, object], elsewhere: dict[str, object]
) -> None:
    asking = counted(general(condition=condition))
    fitting = request(CHECKER)
    environment = replace(
        fitting.environment,
        network_zone=NetworkZone.GOVERNMENT,
        client_address=IPv4Address("192.0.2.1"),
        reference=CaseReference("1", "a"),
    )
    fitting = replace(fitting, environment=environment)
    other = replace(fitting, environment=replace(environment, **elsewhere))  # type: ignore[arg-type]  # each of its kind
    asked = [fitting, other, fitting, other]
    assert [code_of(asking.decide(one, use("note"))) for one in asked] == [None, ErrorCode.CONDITION_FAILED] * 2


def test_too_many_are_let_go() -> None:
    asking = counted(general())
    asking.kept.most = 3
    items = ("code", "note")
    for compared in ((), ("code",), ("note",), items, ()):
        asking.decide(request(CHECKER), use("note", compared=compared))
    assert asking.made == 5


def test_what_cannot_be_decided_is_asked_again() -> None:
    kept, asked = KeptDecisions(), request(CHECKER)
    point = DecisionPoint(snapshot([OF], [general()]), MATCHERS)

    def refuse() -> Decision:
        raise PolicyUnavailable(Text(en="in doubt", zh="存疑"))

    with pytest.raises(PolicyUnavailable):
        kept.decide(point.snapshot, asked, use("note"), refuse)
    assert code_of(kept.decide(point.snapshot, asked, use("note"), lambda: point.decide(asked, use("note")))) is None
