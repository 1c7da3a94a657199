"""Whether claims can hold together: held against trying every value there is."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from ipaddress import ip_address, ip_network
from itertools import product
from random import Random

import pytest

from portal.conditions.formulas import Claim, Every, Formula, Side, Some, Truth, negate
from portal.conditions.meaning import Attribute, satisfies
from portal.conditions.models import find_model
from portal.conditions.tree import (
    FALSE,
    TRUE,
    UNKNOWN,
    And,
    Comparison,
    Condition,
    InNetwork,
    ListContains,
    Membership,
    Not,
    NullTest,
    Operator,
    Or,
    Value,
)

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
DAY = date(2026, 1, 1)
ALL: Mapping[str, tuple[Attribute, ...]] = {
    "text": (None, "", "a", "b", "ab", "ba", "aab", "abab", "c", "b0", "ac", "bc", "aa", "bb", "cab", "bca"),
    "number": (None, *range(-2, 7)),
    "amount": (None, *(Decimal(half) / 2 for half in range(-3, 11))),
    "flag": (None, True, False),
    "day": (None, *(DAY + timedelta(days=day) for day in range(-2, 7))),
    "time": (None, *(MOMENT + timedelta(microseconds=tick) for tick in range(-2, 7))),
    "list": (None, ("x",), ("y",), ("x", "y"), ("z",)),
    "address": (None, *map(ip_address, ("10.0.0.1", "10.0.1.1", "10.1.0.1", "11.0.0.1", "2001:db8::1"))),
}
NETWORKS = tuple(map(ip_network, ("10.0.0.0/8", "10.0.0.0/16", "10.0.0.0/24", "11.0.0.0/8", "2001:db8::/32")))
ORDERED = (Operator.EQ, Operator.NE, Operator.LT, Operator.LTE, Operator.GT, Operator.GTE)


def draw_test(draw: Random, name: str) -> Condition:
    if draw.random() < 0.12:
        return NullTest(name, draw.random() < 0.5)
    match name:
        case "list":
            return ListContains("list", draw.choice("xy"))
        case "address":
            return InNetwork("address", draw.choice(NETWORKS))
        case "flag":
            return Comparison("flag", draw.choice((Operator.EQ, Operator.NE)), draw.random() < 0.5)
        case _:
            return draw_comparison(draw, name)


def draw_operand(draw: Random, name: str) -> Value:
    step = draw.randint(0, 4)
    operands: Mapping[str, Value] = {
        "text": draw.choice(("", "a", "b", "ab", "ba", "c")),
        "number": step,
        "amount": Decimal(step),
        "day": DAY + timedelta(days=step),
        "time": MOMENT + timedelta(microseconds=step),
    }
    return operands[name]


def draw_comparison(draw: Random, name: str) -> Condition:
    if draw.random() < 0.25:
        values = tuple(draw_operand(draw, name) for _ in range(draw.randint(0, 2)))
        return Membership(name, values, negated=draw.random() < 0.5)
    textual = (Operator.STARTS_WITH, Operator.ENDS_WITH, Operator.CONTAINS)
    operators = (*ORDERED, *textual, *textual) if name == "text" else ORDERED
    return Comparison(name, draw.choice(operators), draw_operand(draw, name))


def draw_condition(draw: Random, names: tuple[str, ...], depth: int = 0) -> Condition:
    kind = draw.random()
    if depth > 2 or kind < 0.4:
        return draw_test(draw, draw.choice(names))
    if kind < 0.5:
        return Not(draw_condition(draw, names, depth + 1))
    if kind < 0.53:
        return draw.choice((TRUE, FALSE, UNKNOWN))
    members = tuple(draw_condition(draw, names, depth + 1) for _ in range(draw.randint(1, 3)))
    return And(members) if kind < 0.8 else Or(members)


def is_so(condition: Condition, truth: Truth, row: Mapping[str, Attribute]) -> bool:
    met = satisfies(condition, row)
    return {
        Truth.TRUE: met is True,
        Truth.FALSE: met is False,
        Truth.NOT_TRUE: met is not True,
        Truth.NOT_FALSE: met is not False,
    }[truth]


def check_claims(draw: Random) -> tuple[bool, bool]:
    """Check claims on two conditions: whether they can hold, and whether that is told."""
    names = tuple(draw.sample(sorted(ALL), draw.randint(1, 2)))
    claims = tuple(
        Claim(draw_condition(draw, names), draw.choice(list(Truth)), Side.REQUEST) for _ in range(draw.randint(1, 2))
    )
    formula: Formula = Every(claims) if draw.random() < 0.7 else Every((claims[0], negate(Some(claims[1:]))))
    negated = isinstance(formula.members[-1], Every)
    rows = [dict(zip(names, values, strict=True)) for values in product(*(ALL[name] for name in names))]

    def holds(row: Mapping[str, Attribute]) -> bool:
        first, *others = (is_so(claim.condition, claim.truth, row) for claim in claims)
        return first and (not any(others) if negated else all(others))

    possible = any(map(holds, rows))
    model = find_model(formula)
    if possible:
        assert model is not None
    if model is not None and model.certain:
        assert holds(model.attributes)
    return possible, model is not None


@pytest.mark.clause("enforcement.md §3")
def test_what_can_hold_is_never_said_to_be_impossible() -> None:
    results = [check_claims(Random(f"claims {number}")) for number in range(4000)]
    impossible = [told for possible, told in results if not possible]
    # It is an over-approximation, and a close one.
    assert len(impossible) > 400
    assert sum(impossible) / len(impossible) < 0.1
