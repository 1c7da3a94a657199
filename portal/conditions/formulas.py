"""What is claimed of conditions: that they are true, false, or not; joined, and taken apart into tests on one name."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import assert_never

from portal.conditions.tree import (
    FALSE,
    TRUE,
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
)

Test = Comparison | Membership | ListContains | InNetwork


class Side(Enum):
    """What a condition is about: the attributes of a request, or the items of a row."""

    REQUEST = auto()
    ROW = auto()


class Truth(Enum):
    """What is claimed of a three-valued condition."""

    TRUE = auto()
    FALSE = auto()
    NOT_TRUE = auto()
    NOT_FALSE = auto()


@dataclass(frozen=True, slots=True)
class Claim:
    """A condition has that truth."""

    condition: Condition
    truth: Truth
    side: Side


@dataclass(frozen=True, slots=True)
class Every:
    """Every member holds."""

    members: tuple["Formula", ...]


@dataclass(frozen=True, slots=True)
class Some:
    """A member holds."""

    members: tuple["Formula", ...]


@dataclass(frozen=True, slots=True)
class Literal:
    """What is claimed of one name: that it is there (True) or missing (False), or of one test on it.

    With a test, True and False are its outcome, on a value that is there; None: it can't be told, because the
    subject's attribute that it compares with is missing.
    """

    side: Side
    name: str
    test: Test | None
    outcome: bool | None


Formula = Every | Some | Claim | Literal

HOLDS = Every(())
NEVER = Some(())
_OPPOSITE = {
    Truth.TRUE: Truth.FALSE,
    Truth.FALSE: Truth.TRUE,
    Truth.NOT_TRUE: Truth.NOT_FALSE,
    Truth.NOT_FALSE: Truth.NOT_TRUE,
}
_UPHELD = (Truth.TRUE, Truth.NOT_FALSE)
_WITH_DOUBT = (Truth.NOT_TRUE, Truth.NOT_FALSE)


def negate(formula: Formula) -> Formula:
    """Return what holds exactly where the formula doesn't. Literals are made of claims, and not to be negated."""
    match formula:
        case Every(members):
            return Some(tuple(map(negate, members)))
        case Some(members):
            return Every(tuple(map(negate, members)))
        case Claim(condition, truth, side):
            return Claim(condition, _COMPLEMENT[truth], side)
        case Literal():
            raise AssertionError(formula)
    assert_never(formula)


_COMPLEMENT = {
    Truth.TRUE: Truth.NOT_TRUE,
    Truth.NOT_TRUE: Truth.TRUE,
    Truth.FALSE: Truth.NOT_FALSE,
    Truth.NOT_FALSE: Truth.FALSE,
}


def take_apart(claim: Claim) -> Formula:
    """Return what the claim says of the condition's members, or of its one test."""
    condition, truth, side = claim.condition, claim.truth, claim.side
    match condition:
        case And(members) | Or(members):
            parts = tuple(Claim(member, truth, side) for member in members)
            return Every(parts) if isinstance(condition, And) is (truth in _UPHELD) else Some(parts)
        case Not(member):
            return Claim(member, _OPPOSITE[truth], side)
        case Constant(value):
            return HOLDS if _is_so(value, truth) else NEVER
        case NullTest(name, is_null):
            return Literal(side, name, None, is_null is not (truth in _UPHELD))
        case Membership() if not condition.values:
            return Claim(TRUE if condition.negated else FALSE, truth, side)
        case Comparison() | Membership() | ListContains() | InNetwork():
            return _of_test(condition, truth, side)
    assert_never(condition)


def _is_so(value: bool | None, truth: Truth) -> bool:
    if truth in _WITH_DOUBT:
        return value is not (truth is Truth.NOT_TRUE)
    return value is (truth is Truth.TRUE)


def _of_test(test: Test, truth: Truth, side: Side) -> Formula:
    told = Literal(side, test.name, test, truth in _UPHELD)
    if truth not in _WITH_DOUBT:
        return told
    doubts = [Literal(side, test.name, None, outcome=False)]
    if isinstance(test, Comparison) and isinstance(test.operand, SubjectAttribute):
        doubts.append(Literal(side, test.name, test, outcome=None))
    return Some((told, *doubts))
