"""Whether claims can hold together: held against trying every value there is."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from ipaddress import ip_address, ip_network
from itertools import product
from random import Random

import pytest

from portal.conditions.formulas import HOLDS, Claim, Every, Literal, Side, Some, Truth, negate
from portal.conditions.meaning import Attribute, satisfies
from portal.conditions.models import DOUBT, Model, Setting, can_hold, find_model
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
    SubjectAttribute,
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
    negated = draw.random() < 0.3
    formula = Every((claims[0], negate(Some(claims[1:])))) if negated else Every(claims)
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


def claim(condition: Condition, truth: Truth = Truth.TRUE, side: Side = Side.REQUEST) -> Claim:
    return Claim(condition, truth, side)


def text(operator: Operator, operand: str) -> Comparison:
    return Comparison("text", operator, operand)


@pytest.mark.parametrize(
    "tests",
    [
        (Comparison("number", Operator.GT, 2**63 - 1),),
        (Comparison("number", Operator.LT, -(2**63)),),
        (Comparison("number", Operator.GT, 1), Comparison("number", Operator.LT, 2)),
        (Comparison("day", Operator.GT, date.max),),
        (Comparison("day", Operator.LT, date.min),),
        (Comparison("day", Operator.GT, DAY), Comparison("day", Operator.LT, DAY + timedelta(days=1))),
        (Comparison("amount", Operator.GT, Decimal(2)), Comparison("amount", Operator.LTE, Decimal(2))),
        (text(Operator.LT, ""),),
        (text(Operator.STARTS_WITH, "37"), text(Operator.STARTS_WITH, "11")),
        (text(Operator.STARTS_WITH, "37"), text(Operator.GT, "38")),
        (text(Operator.STARTS_WITH, "37"), text(Operator.LT, "37")),
        (text(Operator.STARTS_WITH, "37"), Not(text(Operator.STARTS_WITH, "3"))),
        (text(Operator.ENDS_WITH, "01"), text(Operator.ENDS_WITH, "02")),
        (text(Operator.ENDS_WITH, "01"), Not(text(Operator.CONTAINS, "0"))),
        (text(Operator.CONTAINS, "12"), Not(text(Operator.CONTAINS, "2"))),
        (text(Operator.ENDS_WITH, "12"), Not(text(Operator.ENDS_WITH, "2"))),
        (InNetwork("address", NETWORKS[0]), InNetwork("address", NETWORKS[3])),
        (InNetwork("address", NETWORKS[1]), Not(InNetwork("address", NETWORKS[0]))),
        (InNetwork("address", NETWORKS[0]), InNetwork("address", NETWORKS[4])),
        (ListContains("list", "x"), Not(ListContains("list", "x"))),
        (NullTest("list", is_null=True), ListContains("list", "x")),
        (Comparison("flag", Operator.NE, True), Comparison("flag", Operator.NE, False)),
        (Membership("text", ("a", "b")), Membership("text", ("b", "c"), negated=True), text(Operator.NE, "a")),
    ],
)
def test_contradictions_are_seen(tests: tuple[Condition, ...]) -> None:
    assert not can_hold(claim(And(tests)))
    assert can_hold(claim(And(tests[:-1])))


@pytest.mark.parametrize(
    "tests",
    [
        (text(Operator.STARTS_WITH, "37"), text(Operator.GT, "375")),
        (text(Operator.STARTS_WITH, "37"), text(Operator.CONTAINS, "12"), text(Operator.ENDS_WITH, "01")),
        (InNetwork("address", NETWORKS[0]), Not(InNetwork("address", NETWORKS[1]))),
        (ListContains("list", "x"), ListContains("list", "y"), Not(ListContains("list", "z"))),
        (Comparison("amount", Operator.GT, Decimal(1)), Comparison("amount", Operator.LT, Decimal("1.01"))),
        (Comparison("time", Operator.GT, datetime.max.replace(tzinfo=UTC) - timedelta(days=1)),),
        (Comparison("number", Operator.GT, 1), Comparison("number", Operator.LT, 1000)),
        (Comparison("day", Operator.GT, DAY), Comparison("day", Operator.LT, DAY + timedelta(days=1000))),
    ],
)
def test_values_are_found_that_meet_all(tests: tuple[Condition, ...]) -> None:
    model = find_model(claim(And(tests)))
    assert model is not None
    assert model.certain
    assert satisfies(And(tests), model.attributes) is True


def test_attribute_of_the_subject_has_one_outcome() -> None:
    own = Comparison("division", Operator.EQ, SubjectAttribute("region"))
    row = Side.ROW
    assert not can_hold(Every((claim(own, Truth.TRUE, row), claim(own, Truth.FALSE, row))))
    assert not can_hold(Every((claim(own, Truth.TRUE, row), claim(own, Truth.NOT_TRUE, row))))
    assert not can_hold(
        Every((claim(own, Truth.TRUE, row), claim(NullTest("division", is_null=True), Truth.TRUE, row)))
    )
    model = find_model(claim(own, Truth.TRUE, row))
    assert model is not None
    assert not model.certain
    missing = Every((claim(own, Truth.NOT_TRUE, row), claim(NullTest("division", is_null=False), Truth.TRUE, row)))
    assert can_hold(missing)


def test_sides_are_apart() -> None:
    same = Comparison("region", Operator.EQ, "1"), Comparison("region", Operator.NE, "1")
    assert can_hold(Every((claim(same[0]), claim(same[1], Truth.TRUE, Side.ROW))))
    assert not can_hold(Every((claim(same[0]), claim(same[1]))))


def test_domain_is_all_that_there_is() -> None:
    setting = Setting({"level": (0, 1, None)}, {"case": ("7",)})
    level = Comparison("level", Operator.GTE, 1)
    assert find_model(claim(level), setting) == Model({"level": 1}, certain=True)
    assert find_model(claim(Comparison("level", Operator.GTE, 2)), setting) is None
    assert find_model(claim(level, Truth.NOT_TRUE), setting) is not None
    assert find_model(claim(NullTest("level", is_null=True)), setting) == Model({"level": None}, certain=True)
    assert find_model(claim(NullTest("case", is_null=False)), setting) == Model({"case": "7"}, certain=True)
    own = Comparison("level", Operator.EQ, SubjectAttribute("region"))
    assert find_model(claim(own), setting) is not None
    assert find_model(claim(own), Setting({"level": (None,)})) is None


def test_search_that_takes_too_long_ends_in_doubt() -> None:
    choices = tuple(
        Some(tuple(claim(Comparison(f"x{number}", Operator.EQ, value)) for value in range(3))) for number in range(12)
    )
    parities = Every((*choices, Every(tuple(negate(one) for one in choices[-1:]))))
    assert find_model(parities) == DOUBT


def test_doubt_is_kept_where_nothing_is_certain() -> None:
    doubtful = And(
        (
            text(Operator.STARTS_WITH, "3"),
            text(Operator.CONTAINS, "1"),
            text(Operator.ENDS_WITH, "2"),
            text(Operator.LT, "31"),
            Not(text(Operator.CONTAINS, "0")),
        )
    )
    model = find_model(Some((claim(doubtful), claim(doubtful), claim(FALSE))))
    assert model is not None
    assert not model.certain


def test_formulas_are_negated_whole() -> None:
    one = claim(Comparison("number", Operator.EQ, 1))
    assert negate(negate(Every((one, Some((one,)))))) == Every((one, Some((one,))))
    assert not can_hold(Every((one, negate(one))))
    assert can_hold(HOLDS)
    assert not can_hold(negate(HOLDS))
    with pytest.raises(AssertionError):
        negate(Literal(Side.ROW, "name", None, outcome=True))


@pytest.mark.parametrize(
    "tests",
    [
        (
            text(Operator.STARTS_WITH, "3"),
            text(Operator.GT, "32"),
            Not(text(Operator.CONTAINS, "0")),
            Not(text(Operator.CONTAINS, "~")),
        ),
        (
            InNetwork("address", NETWORKS[0]),
            Not(InNetwork("address", NETWORKS[1])),
            Not(InNetwork("address", ip_network("10.255.0.0/16"))),
        ),
    ],
)
def test_what_no_value_was_found_for_counts_as_possible(tests: tuple[Condition, ...]) -> None:
    model = find_model(claim(And(tests)))
    assert model is not None
    assert not model.certain
