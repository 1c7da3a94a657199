from datetime import date
from decimal import Decimal

import pytest

from tests.oracle.conditions import (
    ALWAYS,
    ConditionTree,
    Group,
    ItemTests,
    Negation,
    Operand,
    SubjectAttribute,
    Truth,
    evaluate,
    names_in,
)

ROW = {
    "name": "王社区%",
    "empty": "",
    "amount": Decimal("1.50"),
    "count": 5,
    "on": date(2026, 1, 31),
    "yes": True,
    "groups": ("g1", "g2"),
    "address": "10.1.2.3",
    "division": "371002",
}
UNKNOWN = ConditionTree((ItemTests("missing", (("eq", "x"),)),))
NEVER = ConditionTree((Group("or", ()),))


def truth(tree: ConditionTree) -> Truth:
    return evaluate(tree, ROW.get, {"region": "3710"}.get)


@pytest.mark.parametrize(
    ("name", "operator", "operand", "expected"),
    [
        ("name", "eq", "王社区%", True),
        ("name", "eq", "王社区", False),
        ("name", "ne", "x", True),
        ("name", "contains", "%", True),
        ("name", "contains", "_", False),
        ("name", "startsWith", "", True),
        ("name", "endsWith", "区%", True),
        ("empty", "eq", "", True),
        ("empty", "isNull", True, False),
        ("name", "gt", "王", True),
        ("amount", "eq", Decimal("1.5"), True),
        ("amount", "lt", Decimal("1.5000000001"), True),
        ("amount", "gte", Decimal("1.51"), False),
        ("count", "in", (1, 5), True),
        ("count", "notIn", (1, 5), False),
        ("count", "lte", 5, True),
        ("on", "gt", date(2026, 1, 30), True),
        ("yes", "ne", True, False),
        ("groups", "contains", "g2", True),
        ("groups", "contains", "g", False),
        ("address", "inNetwork", "10.0.0.0/8", True),
        ("address", "inNetwork", "11.0.0.0/8", False),
        ("division", "startsWith", SubjectAttribute("region"), True),
        ("division", "eq", SubjectAttribute("user"), None),
        ("missing", "eq", "x", None),
        ("missing", "ne", "x", None),
        ("missing", "notIn", ("x",), None),
        ("missing", "isNull", True, True),
        ("missing", "isNull", False, False),
        ("missing", "in", (), False),
        ("missing", "notIn", (), True),
    ],
)
def test_operator_means_what_the_page_says(name: str, operator: str, operand: Operand, expected: Truth) -> None:
    assert truth(ConditionTree((ItemTests(name, ((operator, operand),)),))) is expected


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        (ALWAYS, True),
        (NEVER, False),
        (ConditionTree((Group("and", ()),)), True),
        (ConditionTree((Negation(ALWAYS),)), False),
        (ConditionTree((Negation(UNKNOWN),)), None),
        (ConditionTree((Group("or", (UNKNOWN, ALWAYS)),)), True),
        (ConditionTree((Group("or", (UNKNOWN, NEVER)),)), None),
        (ConditionTree((Group("and", (UNKNOWN, NEVER)),)), False),
        (ConditionTree((Group("and", (UNKNOWN, ALWAYS)),)), None),
        (ConditionTree((*UNKNOWN.members, Group("or", ()))), False),
    ],
)
def test_groups_are_three_valued(tree: ConditionTree, expected: Truth) -> None:
    assert truth(tree) is expected


def test_strings_compare_by_code_point() -> None:
    below_astral = ConditionTree((ItemTests("x", (("lt", "\U00020bb7"),)),))
    assert evaluate(below_astral, {"x": "\uffee"}.get, {}.get) is True  # type: ignore[arg-type]


def test_names_are_found_however_deep() -> None:
    tree = ConditionTree((Negation(ConditionTree((Group("or", (UNKNOWN,)),))), ItemTests("name", ())))
    assert names_in(tree) == {"missing", "name"}
