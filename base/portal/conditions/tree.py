"""The typed tree of a condition (enforcement.md §3): frozen, hashable; nothing in it is evaluated as text."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from typing import NamedTuple


class ValueType(StrEnum):
    """Type of an information item (bundle.md) or of an attribute."""

    STRING = "string"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    JSON = "json"
    TEXT_LIST = "text_list"
    """Attributes that are lists: `groups`, `roles`."""
    ADDRESS = "address"
    """The attribute `client_address`."""


Value = str | int | Decimal | bool | date | datetime
"""A value of one of the types: str, int (64 bit), Decimal, bool, date, datetime (aware, UTC, whole seconds)."""


class Operator(StrEnum):
    """Comparisons with one operand."""

    EQ = "eq"
    NE = "ne"
    LT = "lt"
    LTE = "lte"
    GT = "gt"
    GTE = "gte"
    STARTS_WITH = "startsWith"
    ENDS_WITH = "endsWith"
    CONTAINS = "contains"


class SubjectAttribute(NamedTuple):
    """`{"subject": A}`: a string attribute of the subject, put in its place when deciding."""

    name: str


@dataclass(frozen=True, slots=True)
class Constant:
    """True, false, or unknown (None)."""

    value: bool | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """`name OPERATOR operand`; unknown where the item is null or the attribute missing."""

    name: str
    operator: Operator
    operand: Value | SubjectAttribute


@dataclass(frozen=True, slots=True)
class Membership:
    """`name in values`, or `notIn` where negated; an empty list is false, and true where negated, whatever the item."""

    name: str
    values: tuple[Value, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class NullTest:
    """`isNull`; never unknown."""

    name: str
    is_null: bool


@dataclass(frozen=True, slots=True)
class ListContains:
    """`contains` on an attribute that is a list."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class InNetwork:
    """`inNetwork` on the client's address."""

    name: str
    network: IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class And:
    """Every member holds; true without members."""

    members: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """A member holds; false without members."""

    members: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The member doesn't hold; unknown stays unknown."""

    member: "Condition"


Condition = And | Or | Not | Comparison | Membership | NullTest | ListContains | InNetwork | Constant

TRUE = And(())
FALSE = Or(())
UNKNOWN = Constant(None)
