"""What a condition means: three-valued, as in SQL. The compiled SQL must agree with this module (enforcement.md §3)."""

import operator
from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv6Address
from typing import Any, assert_never

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
    Operator,
    Or,
    SubjectAttribute,
    Value,
)

Attribute = Value | tuple[str, ...] | IPv4Address | IPv6Address | None
"""A cell or attribute; None is null or missing, and so is an empty list."""

_COMPARE: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.EQ: operator.eq,
    Operator.NE: operator.ne,
    Operator.LT: operator.lt,
    Operator.LTE: operator.le,
    Operator.GT: operator.gt,
    Operator.GTE: operator.ge,
    Operator.STARTS_WITH: str.startswith,
    Operator.ENDS_WITH: str.endswith,
    Operator.CONTAINS: operator.contains,
}


def satisfies(condition: Condition, row: Mapping[str, Attribute]) -> bool | None:
    """Return whether the row (or the attributes) satisfies the condition: true, false, or unknown as None.

    A name that the row doesn't hold counts as null. A subject attribute that wasn't bound is unknown.
    """
    match condition:
        case And(members):
            return _all(members, row)
        case Or(members):
            return _negate(_all(tuple(Not(member) for member in members), row))
        case Not(member):
            return _negate(satisfies(member, row))
        case Constant(value):
            return value
        case NullTest(name, is_null):
            return (row.get(name) in (None, ())) is is_null
        case Membership() if not condition.values:
            return condition.negated
        case Comparison() | Membership() | ListContains() | InNetwork():
            attribute = row.get(condition.name)
            return None if attribute in (None, ()) else _test(condition, attribute)
    assert_never(condition)


def _all(members: tuple[Condition, ...], row: Mapping[str, Attribute]) -> bool | None:
    unknown = False
    for member in members:
        met = satisfies(member, row)
        if met is False:
            return False
        unknown = unknown or met is None
    return None if unknown else True


def _negate(met: bool | None) -> bool | None:
    return None if met is None else not met


def _test(
    condition: Comparison | Membership | ListContains | InNetwork,
    attribute: Any,  # noqa: ANN401  reading has made operand and item agree in type
) -> bool | None:
    """Return the test of an attribute that is there."""
    match condition:
        case Comparison(_, _, SubjectAttribute()):
            return None
        case Comparison(_, comparator, operand):
            return _COMPARE[comparator](attribute, operand)
        case Membership(_, values, negated):
            return (attribute in values) is not negated
        case ListContains(_, value):
            return value in attribute
        case InNetwork(_, network):
            return attribute in network
    assert_never(condition)


def bind_subject(condition: Condition, attributes: Mapping[str, Attribute]) -> Condition:
    """Return the condition with each subject attribute put in its place; a missing one makes its test unknown."""
    match condition:
        case And(members):
            return And(tuple(bind_subject(member, attributes) for member in members))
        case Or(members):
            return Or(tuple(bind_subject(member, attributes) for member in members))
        case Not(member):
            return Not(bind_subject(member, attributes))
        case Comparison(name, comparator, SubjectAttribute(attribute)):
            value = attributes.get(attribute)
            return Comparison(name, comparator, value) if isinstance(value, str) else Constant(None)
        case _:
            return condition


def condition_names(condition: Condition) -> frozenset[str]:
    """Return the items or attributes that a condition tests."""
    match condition:
        case And(members) | Or(members):
            return frozenset[str]().union(*(condition_names(member) for member in members))
        case Not(member):
            return condition_names(member)
        case Constant():
            return frozenset()
        case _:
            return frozenset({condition.name})
