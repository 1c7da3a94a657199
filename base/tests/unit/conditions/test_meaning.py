"""What a condition means on a row: truth tables of three values, and every operator on every type."""

from datetime import UTC, date, datetime
from decimal import Decimal
from ipaddress import ip_address, ip_network

import pytest

from portal.conditions.meaning import Attribute, condition_names, satisfies
from portal.conditions.tree import (
    FALSE,
    TRUE,
    UNKNOWN,
    And,
    Comparison,
    Condition,
    Constant,
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

T, F, U = Constant(True), Constant(False), UNKNOWN
TRUTHS = {True: T, False: F, None: U}
ORDERINGS = (Operator.EQ, Operator.NE, Operator.LT, Operator.LTE, Operator.GT, Operator.GTE)


@pytest.mark.parametrize("first", TRUTHS)
@pytest.mark.parametrize("second", TRUTHS)
def test_junctions_are_three_valued(first: bool | None, second: bool | None) -> None:
    members = (TRUTHS[first], TRUTHS[second])
    either = {first, second}

    assert satisfies(And(members), {}) is (False if False in either else None if None in either else True)
    assert satisfies(Or(members), {}) is (True if True in either else None if None in either else False)


@pytest.mark.parametrize(("value", "negated"), [(True, False), (False, True), (None, None)])
def test_negation_keeps_what_is_unknown(value: bool | None, negated: bool | None) -> None:
    assert satisfies(Not(TRUTHS[value]), {}) is negated
    assert satisfies(Not(Not(TRUTHS[value])), {}) is value


def test_junctions_without_members_are_their_neutral_values() -> None:
    assert satisfies(TRUE, {}) is True
    assert satisfies(FALSE, {}) is False
    assert satisfies(Not(FALSE), {}) is True


@pytest.mark.parametrize("condition", [And((F, U)), And((U, F)), Not(Or((T, U))), Not(Or((U, T)))], ids=repr)
def test_one_false_member_decides_whatever_the_others(condition: Condition) -> None:
    assert satisfies(condition, {}) is False


@pytest.mark.parametrize(
    ("lower", "higher"),
    [
        ("Z", "a"),
        ("", "a"),
        ("a", "aa"),
        ("\uffff", "\U00010000"),
        (-1, 10),
        (Decimal("0.1"), Decimal("0.10000000000000000001")),
        (date(1, 1, 1), date(9999, 12, 31)),
        (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC)),
    ],
    ids=repr,
)
def test_orderings_compare_by_value(lower: Value, higher: Value) -> None:
    expected = {
        (lower, higher): (False, True, True, True, False, False),
        (higher, lower): (False, True, False, False, True, True),
        (lower, lower): (True, False, False, True, False, True),
    }
    for (cell, operand), outcomes in expected.items():
        found = tuple(satisfies(Comparison("item", operator, operand), {"item": cell}) for operator in ORDERINGS)
        assert found == outcomes


def test_decimals_of_different_scale_are_equal() -> None:
    assert satisfies(Comparison("item", Operator.EQ, Decimal("1.50")), {"item": Decimal("1.5")}) is True
    assert satisfies(Membership("item", (Decimal("1.500"),)), {"item": Decimal("1.5")}) is True


@pytest.mark.parametrize(
    ("operator", "cell", "operand", "met"),
    [
        (Operator.STARTS_WITH, "370000", "37", True),
        (Operator.STARTS_WITH, "370000", "", True),
        (Operator.STARTS_WITH, "37", "370", False),
        (Operator.STARTS_WITH, "Ab", "ab", False),
        (Operator.STARTS_WITH, "100%", "%", False),
        (Operator.ENDS_WITH, "100%", "%", True),
        (Operator.ENDS_WITH, "a_b", "_b", True),
        (Operator.ENDS_WITH, "axb", "_b", False),
        (Operator.ENDS_WITH, "e\u0301", "e", False),
        (Operator.ENDS_WITH, "", "", True),
        (Operator.CONTAINS, "东村社区", "村社", True),
        (Operator.CONTAINS, "abc", "%", False),
        (Operator.CONTAINS, "a%c", "%", True),
        (Operator.CONTAINS, "abc", "", True),
    ],
    ids=repr,
)
def test_text_operators_know_no_wildcards(operator: Operator, cell: str, operand: str, met: bool) -> None:
    assert satisfies(Comparison("item", operator, operand), {"item": cell}) is met


@pytest.mark.parametrize("cell", [True, False])
@pytest.mark.parametrize("operand", [True, False])
def test_booleans_are_equal_or_not(cell: bool, operand: bool) -> None:
    assert satisfies(Comparison("item", Operator.EQ, operand), {"item": cell}) is (cell == operand)
    assert satisfies(Comparison("item", Operator.NE, operand), {"item": cell}) is (cell != operand)


@pytest.mark.parametrize("operator", Operator)
@pytest.mark.parametrize("row", [{"item": None}, {}], ids=["null", "missing"])
def test_comparison_is_unknown_when_there_is_no_value(operator: Operator, row: dict[str, Attribute]) -> None:
    assert satisfies(Comparison("item", operator, ""), row) is None
    assert satisfies(Not(Comparison("item", operator, "")), row) is None


@pytest.mark.parametrize("cell", ["", 0, False, Decimal(0)], ids=repr)
def test_values_that_python_takes_for_false_are_values(cell: Value) -> None:
    assert satisfies(Comparison("item", Operator.EQ, cell), {"item": cell}) is True
    assert satisfies(NullTest("item", is_null=True), {"item": cell}) is False


@pytest.mark.parametrize(
    ("cell", "met", "not_met"), [("a", True, False), ("c", False, True), ("", False, True), (None, None, None)]
)
def test_membership_compares_with_each_value(cell: str | None, met: bool | None, not_met: bool | None) -> None:
    assert satisfies(Membership("item", ("a", "b")), {"item": cell}) is met
    assert satisfies(Membership("item", ("a", "b"), negated=True), {"item": cell}) is not_met


@pytest.mark.parametrize("cell", ["a", None])
def test_membership_in_nothing_is_known_even_of_null(cell: str | None) -> None:
    assert satisfies(Membership("item", ()), {"item": cell}) is False
    assert satisfies(Membership("item", (), negated=True), {"item": cell}) is True
    assert satisfies(Membership("item", ()), {}) is False


@pytest.mark.parametrize(
    ("row", "is_null"),
    [({"item": None}, True), ({}, True), ({"item": ()}, True), ({"item": "x"}, False), ({"item": ("x",)}, False)],
    ids=repr,
)
def test_null_test_is_never_unknown(row: dict[str, Attribute], is_null: bool) -> None:
    assert satisfies(NullTest("item", is_null=True), row) is is_null
    assert satisfies(NullTest("item", is_null=False), row) is not is_null


@pytest.mark.parametrize(("groups", "met"), [(("a", "b"), True), (("ab",), False), ((), None), (None, None)])
def test_list_contains_a_whole_member(groups: tuple[str, ...] | None, met: bool | None) -> None:
    assert satisfies(ListContains("groups", "a"), {"groups": groups}) is met


@pytest.mark.parametrize(
    ("address", "network", "met"),
    [
        ("10.1.2.3", "10.0.0.0/8", True),
        ("11.1.2.3", "10.0.0.0/8", False),
        ("10.1.2.3", "10.1.2.3/32", True),
        ("fd00::1", "fd00::/8", True),
        ("fd00::1", "10.0.0.0/8", False),
        ("10.1.2.3", "fd00::/8", False),
    ],
)
def test_address_lies_in_a_network_of_its_version(address: str, network: str, met: bool) -> None:
    row: dict[str, Attribute] = {"client_address": ip_address(address)}
    assert satisfies(InNetwork("client_address", ip_network(network)), row) is met


def test_address_that_is_missing_lies_in_no_network_for_certain() -> None:
    assert satisfies(InNetwork("client_address", ip_network("0.0.0.0/0")), {"client_address": None}) is None


@pytest.mark.parametrize("operator", Operator)
def test_comparison_with_an_attribute_that_was_not_bound_is_unknown(operator: Operator) -> None:
    assert satisfies(Comparison("item", operator, SubjectAttribute("region")), {"item": "37"}) is None


def test_condition_names_are_those_it_tests() -> None:
    condition = And(
        (
            Or((Comparison("a", Operator.EQ, 1), Not(Membership("b", ())))),
            NullTest("c", is_null=True),
            ListContains("d", "x"),
            InNetwork("e", ip_network("10.0.0.0/8")),
            Constant(None),
            Comparison("f", Operator.EQ, SubjectAttribute("region")),
            TRUE,
        )
    )
    assert condition_names(condition) == {"a", "b", "c", "d", "e", "f"}
    assert condition_names(TRUE) == frozenset()
