"""G18: a record that is said to do nothing does nothing: leaving it out changes no cell, no mask, no limit."""

from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from portal.conditions.tree import FALSE, And, Comparison, Operator
from portal.policies.checking.change import check_change
from portal.policies.checking.findings import NEVER_APPLIES, Finding, FindingKind
from portal.policies.records import ANY, Consumer, ConsumerKind, Effect, PolicyKind, PolicyRecord
from portal.policies.snapshot import Snapshot
from portal.vocabulary import ApplicationId, Matter
from tests.policies.building import NOW
from tests.policies.changing import MOMENTS, Drawn, Tried, draw_change, draw_near_record

SAID = {
    *NEVER_APPLIES,
    FindingKind.SHADOWED,
    FindingKind.TAKEN_AWAY,
    FindingKind.OPPOSITE,
    FindingKind.OVERLAPPING,
    FindingKind.UNREGISTERED,
    FindingKind.GAP,
    FindingKind.MODE_NOT_OFFERED,
}
DOES_NOTHING = {*NEVER_APPLIES, FindingKind.SHADOWED, FindingKind.TAKEN_AWAY, FindingKind.OPPOSITE}


def twist(draw: Random, record: PolicyRecord, other: PolicyRecord) -> PolicyRecord:
    """Return the record with something that makes it idle, or puts it beside another one."""
    ways = (
        lambda: replace(record, consumer=Consumer(ConsumerKind.GROUP, "nobody")),
        lambda: replace(record, consumer=Consumer(ConsumerKind.PUBLIC), applications=(ApplicationId("unknown"),)),
        lambda: replace(record, valid_from=MOMENTS[3], valid_until=MOMENTS[2]),
        lambda: replace(record, matters=(Matter("999999-9999"),)),
        lambda: replace(record, condition=_both(("auth_level", Operator.GTE, 2), ("auth_level", Operator.LT, 2))),
        lambda: replace(record, scope=_both(("children", Operator.GT, 2), ("children", Operator.LT, 3))),
        lambda: replace(record, scope=FALSE),
        lambda: replace(record, kind=PolicyKind.AGREEMENT, effect=Effect.ALLOW, items=ANY),
        lambda: replace(other, id=record.id),
        lambda: replace(other, id=record.id, items=tuple(record.items) if record.items is not ANY else ANY),
        lambda: replace(other, id=record.id, purposes=record.purposes, obligations=record.obligations),
        lambda: replace(other, id=record.id, effect=Effect.DENY, kind=PolicyKind.RESTRICTION),
        lambda: replace(record, effect=Effect.DENY, kind=PolicyKind.RESTRICTION, scope=None, items=ANY, purposes=ANY),
        lambda: replace(record, valid_until=MOMENTS[0]),
        lambda: replace(other, id=record.id, valid_from=MOMENTS[4], valid_until=MOMENTS[4].replace(year=2031)),
    )
    return draw.choice(ways)()


def _both(*tests: tuple[str, Operator, int]) -> And:
    return And(tuple(Comparison(*test) for test in tests))


def draw_twisted(draw: Random) -> Drawn:
    """Return a change that puts idle records beside others."""
    drawn = draw_change(draw, 2)
    content = drawn.after.content
    entry = content.entries[0].entry
    others = content.records or (draw_near_record(draw, entry, 50),)
    put = [twist(draw, draw_near_record(draw, entry, 60 + serial), draw.choice(others)) for serial in range(2)]
    records = {one.id: one for one in (*others, *put)}
    left = tuple(records[name] for name in sorted(records))
    return Drawn(drawn.before, Snapshot(replace(content, records=left)))


def differing(snapshot: Snapshot, finding: Finding) -> str | None:
    """What leaving the record out changes, None for nothing; of a shadowed one also masks, limits and refusals."""
    [record] = [one for one in snapshot.content.records if one.id == finding.records[0]]
    kept = tuple(one for one in snapshot.content.records if one is not record)
    whole, part = Tried(snapshot), Tried(Snapshot(replace(snapshot.content, records=kept)))
    for point in whole.points():
        if not whole.is_meant(record, point):
            continue
        old, new = whole.rows(point), part.rows(point)
        if any(old.get(one, 0) != new.get(one, 0) for one in {**old, **new}):
            return f"rows of {point}"
        if finding.kind is FindingKind.SHADOWED and whole.terms(point) != part.terms(point):
            return f"terms of {point}"
    return None


def check_findings(count: int, seed: str) -> Counter[str]:
    """Check so many changes; return how many had a finding of each kind."""
    seen: Counter[str] = Counter()
    for number in range(count):
        drawn = draw_twisted(Random(f"{seed} {number}"))
        findings = check_change(drawn.before, drawn.after, NOW)
        for finding in findings:
            if finding.kind in DOES_NOTHING:
                assert differing(drawn.after, finding) is None, (seed, number, finding)
        seen.update({finding.kind for finding in findings})
    return seen


@pytest.mark.clause("NT-33")
def test_what_is_said_to_do_nothing_does_nothing() -> None:
    assert set(check_findings(400, "light")) == SAID


@pytest.mark.heavy
@pytest.mark.parametrize("part", range(2))
def test_what_is_said_to_do_nothing_does_nothing_in_5000_changes(part: int) -> None:
    seen = check_findings(2500, f"part {part}")
    # Where little happens, little is shown: each in one of a hundred changes at least.
    assert min(seen[kind] for kind in SAID) >= 25, seen


@pytest.mark.campaign
@pytest.mark.parametrize("part", range(2, 6))
def test_what_is_said_to_do_nothing_does_nothing_in_10000_more_changes(part: int) -> None:
    check_findings(2500, f"part {part}")
