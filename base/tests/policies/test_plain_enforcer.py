"""The decision point against Casbin by itself, in every cell of drawn worlds."""

import sys
from collections import Counter
from dataclasses import dataclass
from random import Random

import pytest

from portal.conditions.tree import TRUE
from portal.errors import ErrorCode
from portal.policies.casbin_models import ModelName, model_of
from portal.policies.decision import Decision, Deny, Use
from portal.policies.decision_point import DecisionPoint
from tests.policies.building import MATCHERS, is_permitted_in, snapshot
from tests.policies.drawing import Asked, draw_asked, draw_world, use_names
from tests.policies.plain_enforcer import PlainEnforcer

SEED = 20260301
DECISIONS_OF_WORLD = 40
KINDS = {
    "permit",
    "permit, scoped",
    "row left out",
    *map(str, (ErrorCode.ITEM_DENIED, ErrorCode.MODE_DENIED, ErrorCode.PURPOSE_DENIED, ErrorCode.PURPOSE_REQUIRED)),
    *map(str, (ErrorCode.EXPIRED, ErrorCode.CONDITION_FAILED)),
}


@dataclass(slots=True)
class Comparison:
    """What came of comparing: how many decisions of each kind, and those where the two don't agree."""

    kinds: Counter[str]
    disagreements: list[Asked]

    @property
    def shares(self) -> dict[str, float]:
        """The share of each kind, in per cent."""
        return {kind: round(100 * count / self.kinds.total(), 2) for kind, count in sorted(self.kinds.items())}


def kind_of(decision: Decision, *, permitted: bool) -> str:
    """Return what kind of decision on a cell it is."""
    if isinstance(decision, Deny):
        return str(decision.code)
    if not permitted:
        return "row left out"
    return "permit" if decision.row_condition == TRUE else "permit, scoped"


def compare(worlds: int, seed: int) -> Comparison:
    """Compare the two on drawn worlds, with every record of a world before Casbin."""
    found = Comparison(Counter(), [])
    for number in range(worlds):
        draw = Random(f"{seed} {number}")
        world = draw_world(draw)
        point = DecisionPoint(snapshot(world.entries, world.records), MATCHERS)
        plain = {name: PlainEnforcer(name, world.records) for name in ModelName}
        for _ in range(DECISIONS_OF_WORLD):
            asked = draw_asked(draw, world)
            (item,) = asked.items
            decision = point.decide(asked.request, Use(asked.entry.code, use_names(asked.items)))
            permitted = is_permitted_in(decision, asked.row)
            found.kinds[kind_of(decision, permitted=permitted)] += 1
            enforcer = plain[model_of(asked.request.subject)]
            if enforcer.permits(asked.request, asked.entry, item, asked.row) is not permitted:
                found.disagreements.append(asked)
    return found


def test_decision_point_agrees_with_plain_casbin() -> None:
    found = compare(worlds=15, seed=SEED)
    assert found.disagreements == []
    assert found.kinds.total() == 15 * DECISIONS_OF_WORLD
    assert set(found.kinds) == KINDS


@pytest.mark.heavy
@pytest.mark.clause("G1")
def test_decision_point_agrees_with_plain_casbin_in_20000_decisions() -> None:
    found = compare(worlds=500, seed=SEED + 1)
    sys.stdout.write(f"shares in per cent: {found.shares}\n")
    assert found.disagreements == []
    assert found.kinds.total() == 20_000
    # A campaign that draws hardly anything of one kind proves nothing about it.
    assert set(found.shares) == KINDS
    assert min(found.shares.values()) >= 1, found.shares
