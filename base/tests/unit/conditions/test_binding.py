"""Subject attributes in a scope: put in their places when deciding; what is missing leaves the test unknown."""

import pytest

from portal.conditions.meaning import Attribute, bind_subject, satisfies
from portal.conditions.tree import (
    And,
    Comparison,
    Condition,
    Constant,
    Membership,
    Not,
    NullTest,
    Operator,
    Or,
    SubjectAttribute,
)

REGION = SubjectAttribute("region")
IN_REGION = Comparison("division", Operator.STARTS_WITH, REGION)
PLAIN = Comparison("name", Operator.EQ, "x")


def test_attribute_is_put_in_its_place_wherever_it_stands() -> None:
    scope = And((Or((IN_REGION, PLAIN)), Not(Not(IN_REGION)), Membership("name", ("y",))))
    there = Comparison("division", Operator.STARTS_WITH, "9999")

    bound = bind_subject(scope, {"region": "9999"})

    assert bound == And((Or((there, PLAIN)), Not(Not(there)), Membership("name", ("y",))))


@pytest.mark.parametrize("attributes", [{}, {"region": None}, {"region": ("9999",)}, {"region": 9999}], ids=repr)
def test_test_becomes_unknown_when_the_attribute_is_missing_or_no_text(attributes: dict[str, Attribute]) -> None:
    assert bind_subject(IN_REGION, attributes) == Constant(None)
    assert satisfies(bind_subject(Not(IN_REGION), attributes), {"division": "9999"}) is None


def test_operand_that_is_bound_is_compared_as_text() -> None:
    bound = bind_subject(IN_REGION, {"region": "9999"})

    assert satisfies(bound, {"division": "999901"}) is True
    assert satisfies(bound, {"division": "0"}) is False
    assert satisfies(bound, {"division": None}) is None


def test_empty_attribute_binds_as_the_empty_text() -> None:
    # What is empty counts as missing, but that is for whoever makes the attributes to say.
    assert bind_subject(IN_REGION, {"region": ""}) == Comparison("division", Operator.STARTS_WITH, "")


@pytest.mark.parametrize(
    "condition", [PLAIN, Constant(None), NullTest("name", is_null=True), Membership("name", ("x",))], ids=repr
)
def test_condition_without_subject_attributes_stays_as_it_is(condition: Condition) -> None:
    assert bind_subject(condition, {"region": "9999"}) == condition
