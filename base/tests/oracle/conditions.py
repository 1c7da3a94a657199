"""The condition language with its three-valued meaning; the tree has the shape of the text."""

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

Truth = bool | None
"""True, false, or None for unknown."""

Constant = str | int | Decimal | bool | date | datetime


class ItemType(StrEnum):
    """The types of items, and of attributes (which add lists and addresses)."""

    STRING = "string"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    JSON = "json"
    LIST = "list"
    ADDRESS = "address"


COMPARING = ("eq", "ne", "in", "notIn", "lt", "lte", "gt", "gte")
MATCHING = ("startsWith", "endsWith", "contains")
OPERATORS: Mapping[ItemType, tuple[str, ...]] = {
    ItemType.STRING: (*COMPARING, *MATCHING, "isNull"),
    ItemType.INTEGER: (*COMPARING, "isNull"),
    ItemType.DECIMAL: (*COMPARING, "isNull"),
    ItemType.BOOLEAN: ("eq", "ne", "isNull"),
    ItemType.DATE: (*COMPARING, "isNull"),
    ItemType.DATETIME: (*COMPARING, "isNull"),
    ItemType.JSON: ("isNull",),
    ItemType.LIST: ("contains", "isNull"),
    ItemType.ADDRESS: ("inNetwork", "isNull"),
}

ATTRIBUTE_TYPES: Mapping[str, ItemType] = {
    "department": ItemType.STRING,
    "application": ItemType.STRING,
    "user": ItemType.STRING,
    "region": ItemType.STRING,
    "network_zone": ItemType.STRING,
    "auth_level": ItemType.INTEGER,
    "now": ItemType.DATETIME,
    "groups": ItemType.LIST,
    "roles": ItemType.LIST,
    "client_address": ItemType.ADDRESS,
}


@dataclass(frozen=True, slots=True)
class SubjectAttribute:
    """`{"subject": name}` in the place of an operand."""

    name: str


Operand = Constant | tuple[Constant, ...] | SubjectAttribute


@dataclass(frozen=True, slots=True)
class ItemTests:
    """A member that names an item or attribute, with one or more operators that must all hold."""

    name: str
    operators: tuple[tuple[str, Operand], ...]


@dataclass(frozen=True, slots=True)
class Group:
    """A member `and: [..]` or `or: [..]`."""

    word: str
    members: tuple["ConditionTree", ...]


@dataclass(frozen=True, slots=True)
class Negation:
    """A member `not: {..}`."""

    member: "ConditionTree"


@dataclass(frozen=True, slots=True)
class ConditionTree:
    """An object of the language: the *and* of its members."""

    members: tuple["ItemTests | Group | Negation", ...] = ()


ALWAYS = ConditionTree()
"""The empty object."""

Lookup = Callable[[str], object]
"""From an item's or attribute's name to its value, None where null or missing."""


def conjunction(truths: list[Truth]) -> Truth:
    """Three-valued *and*; true of nothing."""
    if any(truth is False for truth in truths):
        return False
    return None if any(truth is None for truth in truths) else True


def disjunction(truths: list[Truth]) -> Truth:
    """Three-valued *or*; false of nothing."""
    if any(truth is True for truth in truths):
        return True
    return None if any(truth is None for truth in truths) else False


def negation(truth: Truth) -> Truth:
    """Three-valued *not*."""
    return None if truth is None else not truth


def evaluate(tree: ConditionTree, lookup: Lookup, subject: Lookup) -> Truth:
    """The truth of a condition where names mean what `lookup` gives and `{"subject": ..}` what `subject` gives."""
    return conjunction([_member(member, lookup, subject) for member in tree.members])


def _member(member: ItemTests | Group | Negation, lookup: Lookup, subject: Lookup) -> Truth:
    if isinstance(member, Negation):
        return negation(evaluate(member.member, lookup, subject))
    if isinstance(member, Group):
        truths = [evaluate(each, lookup, subject) for each in member.members]
        return conjunction(truths) if member.word == "and" else disjunction(truths)
    value = lookup(member.name)
    return conjunction([_test(value, operator, operand, subject) for operator, operand in member.operators])


def _test(value: object, operator: str, operand: Operand, subject: Lookup) -> Truth:
    if operator == "isNull":
        return (value is None) is operand
    if operator == "in" and operand == ():
        return False
    if operator == "notIn" and operand == ():
        return True
    against = subject(operand.name) if isinstance(operand, SubjectAttribute) else operand
    if value is None or against is None:
        return None
    return _compare(value, operator, against)


def _compare(value: object, operator: str, against: object) -> bool:
    match operator:
        case "eq":
            return value == against
        case "ne":
            return value != against
        case "in" | "notIn":
            assert isinstance(against, tuple)
            return (value in against) is (operator == "in")
        case "inNetwork":
            return ipaddress.ip_address(str(value)) in ipaddress.ip_network(str(against))
        case "startsWith" | "endsWith" | "contains":
            return _match(value, operator, str(against))
        case _:
            return _order(value, operator, against)


def _match(value: object, operator: str, against: str) -> bool:
    if isinstance(value, tuple):
        return against in value
    text = str(value)
    if operator == "contains":
        return against in text
    return text.startswith(against) if operator == "startsWith" else text.endswith(against)


def _order(value: object, operator: str, against: object) -> bool:
    """Less and greater; both sides are of one type, strings by code point."""
    below = value < against  # type: ignore[operator]
    if operator in ("lt", "gte"):
        return bool(below) is (operator == "lt")
    above = value > against  # type: ignore[operator]
    return bool(above) is (operator == "gt")


def names_in(tree: ConditionTree) -> set[str]:
    """Every item or attribute that a condition reads."""
    names: set[str] = set()
    for member in tree.members:
        if isinstance(member, ItemTests):
            names.add(member.name)
        elif isinstance(member, Negation):
            names |= names_in(member.member)
        else:
            names |= {name for each in member.members for name in names_in(each)}
    return names
