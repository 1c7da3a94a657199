"""A condition as JSON again: for the audit, for explanations, and to tell one request from another."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import assert_never

from portal.conditions.tree import (
    And,
    Comparison,
    Condition,
    Constant,
    InNetwork,
    ListContains,
    Membership,
    Not,
    NullTest,
    Or,
    SubjectAttribute,
    Value,
)
from portal.conditions.values import render_instant

Json = dict[str, "Json"] | list["Json"] | str | int | bool | None
RenderOperand = Callable[[str, Value], Json]
"""Turns the operand of a named item into JSON: plainly, or hashed where it is sensitive."""


def plain_operand(_name: str, value: Value) -> Json:
    """Return an operand as the contract writes it; decimals as text, exactly."""
    if isinstance(value, bool | int | str):
        return value
    if isinstance(value, Decimal):
        return format(value, "f")
    return render_instant(value) if isinstance(value, datetime) else date.isoformat(value)


def render_condition(condition: Condition, operand: RenderOperand = plain_operand) -> Json:
    """Return the condition as JSON that reads back to the same meaning; equal conditions give equal JSON."""
    match condition:
        case And(members):
            return {"and": [render_condition(member, operand) for member in members]} if members else {}
        case Or(members):
            return {"or": [render_condition(member, operand) for member in members]}
        case Not(member):
            return {"not": render_condition(member, operand)}
        case Constant(value):
            return {True: "true", False: "false", None: "unknown"}[value]
        case _:
            return {condition.name: _render_test(condition, operand)}


def _render_test(
    condition: Comparison | Membership | NullTest | ListContains | InNetwork, operand: RenderOperand
) -> dict[str, Json]:
    match condition:
        case Comparison(name, operator, value):
            return {
                str(operator): {"subject": value.name} if isinstance(value, SubjectAttribute) else operand(name, value)
            }
        case Membership(name, values, negated):
            return {"notIn" if negated else "in": [operand(name, value) for value in values]}
        case NullTest(_, is_null):
            return {"isNull": is_null}
        case ListContains(name, value):
            return {"contains": operand(name, value)}
        case InNetwork(_, network):
            return {"inNetwork": str(network)}
    assert_never(condition)
