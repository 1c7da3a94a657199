"""T35: each record stands alone, so adding one does only what that record says."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from random import Random

import pytest

from portal.conditions.meaning import satisfies
from portal.conditions.tree import TRUE
from portal.policies.decision import Decision, Limits, Permit, Use
from portal.policies.decision_point import DecisionPoint
from portal.policies.masks import weakness
from portal.policies.records import ANY, Consumer, ConsumerKind, PolicyKind, PolicyRecord
from portal.vocabulary import ItemIdentifier
from tests.policies.building import MATCHERS, is_permitted_in, snapshot
from tests.policies.drawing import KINDS, Asked, Names, World, chance, draw_asked, draw_record, draw_world, use_names

NAMES = Names()
DENIES: Mapping[PolicyKind, int] = {PolicyKind.RESTRICTION: 1}
ALLOWS: Mapping[PolicyKind, int] = {
    kind: weight for kind, weight in KINDS.items() if kind is not PolicyKind.RESTRICTION
}
HAPPENINGS = {
    "permitted",
    "permitted in the whole row",
    "an allow opened a cell",
    "an allow weakened a mask",
    "an allow raised a limit",
    "a deny closed a cell",
    "a deny left a cell",
}


@dataclass(frozen=True, slots=True)
class Weighed:
    """A question decided on a set of records: item by item, and for all its items together."""

    asked: Asked
    by_item: tuple[Decision, ...]
    together: Decision

    def permits(self, place: int) -> bool:
        return is_permitted_in(self.by_item[place], self.asked.row)

    def permits_row(self) -> bool:
        return is_permitted_in(self.together, self.asked.row)

    def mask(self, place: int) -> tuple[object, ...]:
        """Return how strong the mask on a permitted cell is."""
        decision = self.by_item[place]
        assert isinstance(decision, Permit)
        for choice in decision.masks:
            return weakness(next(mask for mask, rows in choice.options if satisfies(rows, self.asked.row) is True))
        return weakness(None)

    def limits(self) -> list[float]:
        """Return the limits of a permitted request: those of each item, and the smallest."""
        assert isinstance(self.together, Permit)
        found = []
        for limits in (self.together.max_rows, self.together.daily_rows):
            by_item = [_limit(limits, item) for item in use_names(self.asked.items)]
            found += [*by_item, min(by_item)]
        return found


def _limit(limits: Limits, item: ItemIdentifier) -> float:
    return dict(limits).get(item, inf)


def weigh(asked: Asked, records: Sequence[PolicyRecord]) -> Weighed:
    point = DecisionPoint(snapshot([asked.entry], records), MATCHERS)
    names = use_names(asked.items)
    return Weighed(
        asked,
        tuple(point.decide(asked.request, Use(asked.entry.code, (name,))) for name in names),
        point.decide(asked.request, Use(asked.entry.code, names)),
    )


def near(draw: Random, record: PolicyRecord, asked: Asked) -> PolicyRecord:
    """Return the record, most often one that is meant for who asks."""
    department = asked.request.subject.department
    named = record.kind in (PolicyKind.STATUTORY, PolicyKind.AGREEMENT, PolicyKind.RESTRICTION)
    if chance(draw, 0.7) and department is not None and named:
        record = replace(record, consumer=Consumer(ConsumerKind.DEPARTMENT, department), applications=())
    if chance(draw, 0.7):
        record = replace(record, condition=TRUE, matters=())
    return replace(record, purposes=ANY, modes=ANY) if chance(draw, 0.7) else record


def draw_near(draw: Random, asked: Asked, serial: int, kinds: Mapping[PolicyKind, int]) -> PolicyRecord:
    return near(draw, draw_record(draw, asked.entry, NAMES, serial, kinds), asked)


def check_allow(before: Weighed, after: Weighed, seen: Counter[str]) -> None:
    """Check that an added allow took nothing away: no cell, no row, no clearer view, no higher limit."""
    for place in range(len(before.by_item)):
        if before.permits(place):
            assert after.permits(place)
            assert after.mask(place) <= before.mask(place)
            seen["an allow weakened a mask"] += after.mask(place) < before.mask(place)
        seen["an allow opened a cell"] += after.permits(place) and not before.permits(place)
    assert after.permits_row() or not before.permits_row()
    if isinstance(before.together, Permit):
        limits = list(zip(before.limits(), after.limits(), strict=True))
        assert all(old <= new for old, new in limits)
        seen["an allow raised a limit"] += any(old < new for old, new in limits)


def check_deny(before: Weighed, after: Weighed, seen: Counter[str]) -> None:
    """Check that an added deny gave nothing, and changed neither mask nor limit of what it left."""
    for place in range(len(before.by_item)):
        assert before.permits(place) or not after.permits(place)
        if after.permits(place):
            assert after.mask(place) == before.mask(place)
        seen["a deny closed a cell"] += before.permits(place) and not after.permits(place)
        seen["a deny left a cell"] += after.permits(place)
    assert before.permits_row() or not after.permits_row()
    if isinstance(after.together, Permit):
        assert after.limits() == before.limits()


def check_alone(before: Weighed, records: Sequence[PolicyRecord], seen: Counter[str]) -> None:
    """Check that each permitted cell is permitted by one of the records alone."""
    places = [place for place in range(len(before.by_item)) if before.permits(place)]
    alone = [weigh(before.asked, [record]) for record in records] if places else []
    assert all(any(one.permits(place) for one in alone) for place in places)
    seen["permitted"] += len(places)
    seen["permitted in the whole row"] += before.permits_row()


def check_sets(count: int, seed: str) -> Counter[str]:
    """Check so many drawn sets; return what happened how often."""
    seen: Counter[str] = Counter()
    world: World | None = None
    for number in range(count):
        draw = Random(f"{seed} {number}")
        world = draw_world(draw, NAMES, 2) if world is None or number % 50 == 0 else world
        asked = draw_asked(draw, world, 2)
        records = [draw_near(draw, asked, serial, KINDS) for serial in range(draw.randint(0, 4))]
        before = weigh(asked, records)
        check_alone(before, records, seen)
        check_allow(before, weigh(asked, [*records, draw_near(draw, asked, 9, ALLOWS)]), seen)
        check_deny(before, weigh(asked, [*records, draw_near(draw, asked, 9, DENIES)]), seen)
    return seen


@pytest.mark.clause("T35")
def test_added_record_does_only_what_it_says() -> None:
    assert set(check_sets(1500, "light")) == HAPPENINGS


@pytest.mark.heavy
@pytest.mark.parametrize("half", ["first", "second"])
@pytest.mark.clause("T35")
def test_added_record_does_only_what_it_says_in_20000_sets(half: str) -> None:
    seen = check_sets(10_000, half)
    # Where little happens, little is shown: each in one of a hundred sets at least.
    assert min(seen[happening] for happening in HAPPENINGS) >= 100, seen
