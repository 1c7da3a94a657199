"""A condition as JSON again: it reads back to the same meaning, and sensitive operands can be put out of sight."""

from datetime import UTC, date, datetime
from decimal import Decimal
from ipaddress import ip_network

import pytest

from portal.conditions.reading import ATTRIBUTE_TYPES, Form, read_condition
from portal.conditions.rendering import Json, render_condition
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
from tests.unit.conditions.test_reading import ITEMS

X = Comparison("name", Operator.EQ, "x")
SCOPES: list[tuple[Condition, Json]] = [
    (TRUE, {}),
    (FALSE, {"or": []}),
    (X, {"name": {"eq": "x"}}),
    (Not(X), {"not": {"name": {"eq": "x"}}}),
    (And((X, Not(TRUE))), {"and": [{"name": {"eq": "x"}}, {"not": {}}]}),
    (Or((X, X)), {"or": [{"name": {"eq": "x"}}, {"name": {"eq": "x"}}]}),
    (
        Comparison("name", Operator.STARTS_WITH, SubjectAttribute("region")),
        {"name": {"startsWith": {"subject": "region"}}},
    ),
    (Comparison("children", Operator.LT, -(2**63)), {"children": {"lt": -(2**63)}}),
    (Comparison("income", Operator.NE, Decimal("-0.050")), {"income": {"ne": "-0.050"}}),
    (Comparison("income", Operator.GT, Decimal("1E+3")), {"income": {"gt": "1000"}}),
    (Comparison("present", Operator.EQ, False), {"present": {"eq": False}}),
    (Comparison("born", Operator.GTE, date(1, 1, 1)), {"born": {"gte": "0001-01-01"}}),
    (Comparison("seen", Operator.LTE, datetime(999, 1, 1, tzinfo=UTC)), {"seen": {"lte": "0999-01-01T00:00:00Z"}}),
    (Membership("name", ()), {"name": {"in": []}}),
    (Membership("born", (date(2026, 1, 1),), negated=True), {"born": {"notIn": ["2026-01-01"]}}),
    (NullTest("details", is_null=False), {"details": {"isNull": False}}),
]


@pytest.mark.parametrize(("condition", "json"), SCOPES, ids=repr)
def test_scope_is_rendered_as_it_is_read(condition: Condition, json: Json) -> None:
    assert render_condition(condition) == json
    assert read_condition(json, ITEMS, Form.SCOPE) == (condition, [])


@pytest.mark.parametrize(
    "condition",
    [
        ListContains("groups", "x"),
        InNetwork("client_address", ip_network("10.0.0.0/8")),
        InNetwork("client_address", ip_network("fd00::/8")),
        Comparison("now", Operator.LT, datetime(2026, 1, 1, tzinfo=UTC)),
    ],
    ids=repr,
)
def test_attribute_test_is_read_back_the_same(condition: Condition) -> None:
    assert read_condition(render_condition(condition), ATTRIBUTE_TYPES, Form.CONDITION) == (condition, [])


@pytest.mark.parametrize(
    ("constant", "word"), [(Constant(True), "true"), (Constant(False), "false"), (UNKNOWN, "unknown")]
)
def test_constant_is_rendered_as_a_word(constant: Constant, word: str) -> None:
    assert render_condition(constant) == word


def test_every_operand_passes_the_renderer_with_the_name_of_its_item() -> None:
    seen: list[tuple[str, Value]] = []

    def hide(name: str, value: Value) -> Json:
        seen.append((name, value))
        return "hidden"

    condition = And(
        (
            Or((X, Not(Membership("children", (1, 2))))),
            ListContains("groups", "g"),
            NullTest("born", is_null=True),
            Comparison("name", Operator.EQ, SubjectAttribute("region")),
        )
    )

    assert render_condition(condition, hide) == {
        "and": [
            {"or": [{"name": {"eq": "hidden"}}, {"not": {"children": {"in": ["hidden", "hidden"]}}}]},
            {"groups": {"contains": "hidden"}},
            {"born": {"isNull": True}},
            {"name": {"eq": {"subject": "region"}}},
        ]
    }
    assert seen == [("name", "x"), ("children", 1), ("children", 2), ("groups", "g")]
