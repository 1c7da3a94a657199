"""G18: what is proved of a change is what trying everything finds, on thousands of small changes."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from random import Random

import pytest

from portal.catalog.entries import is_item_open
from portal.policies.circumstances import Party
from portal.policies.decision_point import DecisionPoint
from portal.policies.guarantees import Declaration, Promise, prove_guarantees
from portal.policies.impact import Shift, Way, compare_access
from portal.policies.records import Effect, PolicyKind
from portal.policies.snapshot import Snapshot
from portal.vocabulary import DepartmentCode, PolicyId, Purpose, ShareClass
from tests.policies.building import MATCHERS, NOW
from tests.policies.changing import Circumstances, Drawn, Point, Tried, draw_change
from tests.policies.drawing import CLASSES

DECLARED = Declaration(frozenset({Purpose("verification")}), frozenset({PolicyId("Z90"), PolicyId("a90")}))
Rows = Mapping[Circumstances, int]
SEEN = {"given", "taken", "holds", *Promise}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What trying everything found of a change: what is given and taken, and which promises are broken."""

    given: frozenset[Point]
    taken: frozenset[Point]
    broken: frozenset[Promise]


def breaks(promise: Promise, point: Point, tried: tuple[Tried, Tried]) -> bool:
    """Whether giving the item at that point breaks the promise, by whatever record that isn't declared to last."""
    before, after = tried
    entry = after.entry
    items = [item for one in (before.entry, entry) for item in one.items if item.identifier == point.item]
    item = items[1]
    share_class = CLASSES[max(CLASSES.index(entry.share_class), CLASSES.index(item.share_class))]
    match promise:
        case Promise.OPENS_NOTHING_UNSHARED:
            return ShareClass.NOT_SHARED in (before.entry.share_class, entry.share_class) or any(
                one.share_class is ShareClass.NOT_SHARED for one in items
            )
        case Promise.SERVES_DECLARED_PURPOSES:
            return point.purpose != "verification"
        case Promise.OPENS_NOTHING_TO_THE_PUBLIC:
            return point.subject.is_public and not is_item_open(entry, item)
        case Promise.OUTLIVES_NO_AGREEMENT:
            if share_class is not ShareClass.CONDITIONAL or is_item_open(entry, item):
                return False
            ends = [
                record.valid_until
                for record in after.snapshot.content.records
                if record.kind is PolicyKind.AGREEMENT
                and record.valid_until is not None
                and after.names(record, point.subject)
            ]
            own = point.subject.department == DepartmentCode(entry.provider)
            return not own and (not ends or point.now >= max(ends))


def more(rows: Rows, former: Rows) -> bool:
    """Whether a row is read under some circumstances that wasn't under these."""
    return any(read & ~former.get(circumstances, 0) for circumstances, read in rows.items())


def without_lasting(snapshot: Snapshot) -> Snapshot:
    left = [one for one in snapshot.content.records if one.id not in DECLARED.lasting or one.effect is Effect.DENY]
    return Snapshot(replace(snapshot.content, records=tuple(left)))


def try_change(drawn: Drawn) -> Outcome:
    tried = Tried(drawn.before), Tried(drawn.after)
    unlasting = Tried(without_lasting(drawn.after))
    old, new = ({point.name: (point, one.rows(point)) for point in one.points()} for one in tried)
    given = frozenset(point for name, (point, rows) in new.items() if more(rows, old[name][1]))
    taken = frozenset(point for name, (point, rows) in old.items() if more(rows, new[name][1]))
    broken = frozenset(
        promise
        for point in given
        for promise in Promise
        if breaks(promise, point, tried)
        and (promise is not Promise.OUTLIVES_NO_AGREEMENT or more(unlasting.rows(point), old[point.name][1]))
    )
    return Outcome(given, taken, broken)


def is_listed(point: Point, shifts: Iterable[Shift]) -> bool:
    return any(fits(point, shift) for shift in shifts)


def fits(point: Point, shift: Shift) -> bool:
    subject = point.subject
    party = Party(replace(subject, user=None)).consumer
    return (
        party in shift.who
        and point.item in shift.items
        and point.purpose in shift.purposes
        and point.mode in shift.modes
        and (point.matter in shift.matters or None in shift.matters)
        and shift.begins <= point.now
        and (shift.ends is None or point.now < shift.ends)
    )


def check_change(drawn: Drawn, seen: Counter[str]) -> None:
    """Check that what is proved, and what is listed, is what was found."""
    outcome = try_change(drawn)
    guarantees = prove_guarantees(drawn.before, drawn.after, NOW, DECLARED)
    assert {one.promise for one in guarantees if not one.holds} == outcome.broken
    point = DecisionPoint(drawn.after, MATCHERS)
    for guarantee in guarantees:
        example = guarantee.counter_example
        if example is not None:
            assert example.certain
            assert example.replays(point)
            seen[guarantee.promise] += 1
        else:
            seen["holds"] += 1
    shifts = compare_access(drawn.before, drawn.after, NOW).shifts
    for points, ways in ((outcome.given, (Way.OPENED, Way.WIDENED)), (outcome.taken, (Way.CLOSED, Way.NARROWED))):
        listed = [shift for shift in shifts if shift.way in ways]
        assert [one for one in points if not is_listed(one, listed)] == []
        assert [one for one in listed if not any(fits(each, one) for each in points)] == []
    seen["given"] += bool(outcome.given)
    seen["taken"] += bool(outcome.taken)


def check_changes(count: int, seed: str) -> Counter[str]:
    seen: Counter[str] = Counter()
    for number in range(count):
        try:
            check_change(draw_change(Random(f"{seed} {number}")), seen)
        except AssertionError as wrong:
            raise AssertionError(f"{seed} {number}") from wrong
    return seen


@pytest.mark.clause("threats.md T30")
@pytest.mark.clause("threats.md T25")
def test_proofs_and_impact_are_what_trying_everything_finds() -> None:
    assert set(check_changes(200, "light")) == SEEN


@pytest.mark.heavy
def test_proofs_are_what_trying_everything_finds_on_1250_changes() -> None:
    seen = check_changes(1250, "part 0")
    # Where little happens, little is shown: each in one of a hundred changes at least.
    assert min(seen[happening] for happening in SEEN) >= 12, seen


@pytest.mark.campaign
@pytest.mark.parametrize("part", range(20))
def test_proofs_are_what_trying_everything_finds_on_100000_changes(part: int) -> None:
    check_changes(5000, f"campaign {part}")
