"""The arguments of a root field, read from literals into typed values, with what is wrong with them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from tests.oracle.conditions import (
    OPERATORS,
    ConditionTree,
    Constant,
    Group,
    ItemTests,
    ItemType,
    Negation,
    Operand,
)
from tests.oracle.document import Flag, FromVariable, Literal, Members, Null, Number, Several, Text, Word
from tests.oracle.world import PURPOSES, Entry, Item

INTEGER = re.compile(r"-?[0-9]+\Z")
DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?\Z")
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
DATETIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2})\Z")
PAGE_MAXIMUM = 1000
LINKED_MAXIMUM = 100
KEYS_MAXIMUM = 1000
ARGUMENTS = ("where", "orderBy", "first", "after", "purpose", "matter")


class Fault(StrEnum):
    """What is wrong with an argument: the document, the value, or one of the two (the page doesn't say which)."""

    NOT_VALID = "NOT_VALID"
    BAD_INPUT = "BAD_INPUT"
    EITHER = "EITHER"


@dataclass(slots=True)
class Arguments:
    """The arguments of a root field; an argument left out is None or empty."""

    where: ConditionTree = field(default_factory=ConditionTree)
    order: tuple[tuple[str, bool], ...] = ()
    first: int | None = None
    after: str | None = None
    purpose: str | None = None
    matter: str | None = None
    filtered: set[str] = field(default_factory=set)
    ordered: set[str] = field(default_factory=set)
    faults: set[Fault] = field(default_factory=set)
    keys: tuple[tuple[Constant, ...], ...] | None = None
    """The keys of the rows that are asked for by key; `first` is then how many they are."""


class _WrongError(Exception):
    """A value that is no value of its type."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault


def read_arguments(pairs: tuple[tuple[str, Literal], ...], items: Mapping[str, Item]) -> Arguments:
    """The arguments of a root field over the items that the view holds; variables are resolved already."""
    arguments = Arguments()
    reader = _Reader(items, arguments)
    for name, given in pairs:
        literal, loose = _unwrap(given, loose=False)
        if name == "orderBy" and all(item.type is ItemType.JSON for item in items.values()):
            # GraphQL has no input type without members, so there is no such argument.
            arguments.faults.add(Fault.NOT_VALID)
            continue
        if isinstance(literal, Null) and name in ARGUMENTS:
            continue
        try:
            reader.read_argument(name, literal, loose=loose)
        except _WrongError as wrong:
            arguments.faults.add(wrong.fault)
    return arguments


class AskedByKey(Protocol):
    """What a root field by key asks for."""

    @property
    def entry(self) -> Entry:
        """The entry whose rows they are."""

    @property
    def several(self) -> bool:
        """Whether it takes a list of keys."""


def read_link_arguments(pairs: tuple[tuple[str, Literal], ...], items: Mapping[str, Item]) -> Arguments:
    """The arguments of a link to many: fewer than those of a root field, and smaller pages."""
    arguments = read_arguments(pairs, items)
    if any(name not in ("where", "orderBy", "first") for name, _ in pairs):
        arguments.faults.add(Fault.NOT_VALID)
    if arguments.first is not None and arguments.first > LINKED_MAXIMUM:
        arguments.faults.add(Fault.BAD_INPUT)
    return arguments


def read_key_arguments(pairs: tuple[tuple[str, Literal], ...], asked: AskedByKey) -> Arguments:
    """The arguments of a root field that gives rows by key."""
    entry = asked.entry
    items = {item.identifier: item for item in entry.items}
    common = tuple(pair for pair in pairs if pair[0] in ("purpose", "matter"))
    arguments = read_arguments(common, items)
    given = dict(pairs)
    literal, loose = _unwrap(given["keys"], loose=False) if asked.several else (Members(pairs), False)
    listed = literal.members if isinstance(literal, Several) else (literal,)
    keys = []
    for member in listed:
        values = dict(member.pairs) if isinstance(member, Members) else {}
        try:
            keys.append(tuple(_key_value(items[name].type, values[name], loose=loose) for name in entry.key))
        except _WrongError as wrong:
            arguments.faults.add(wrong.fault)
        except KeyError:
            arguments.faults.add(_kind(loose=loose))
    if len(keys) > KEYS_MAXIMUM:
        arguments.faults.add(Fault.BAD_INPUT)
    arguments.keys, arguments.first = tuple(keys), len(keys)
    return arguments


def _key_value(kind: ItemType, given: Literal, *, loose: bool) -> Constant:
    literal, loose = _unwrap(given, loose=loose)
    if isinstance(literal, Null):
        raise _WrongError(_kind(loose=loose))
    return _constant(kind, literal, loose=loose)


def _unwrap(literal: Literal, *, loose: bool) -> tuple[Literal, bool]:
    """The literal itself, and whether it came from a variable."""
    return (literal.value, True) if isinstance(literal, FromVariable) else (literal, loose)


def _kind(*, loose: bool) -> Fault:
    """The fault of a value of another GraphQL kind; in a variable the portal may find it at either place."""
    return Fault.EITHER if loose else Fault.NOT_VALID


@dataclass(frozen=True, slots=True)
class _Reader:
    items: Mapping[str, Item]
    into: Arguments

    def read_argument(self, name: str, literal: Literal, *, loose: bool) -> None:
        match name:
            case "where":
                self.into.where = self._where(literal, loose=loose)
            case "orderBy":
                self.into.order = self._order(literal, loose=loose)
            case "first":
                self.into.first = self._first(literal)
            case "after":
                self.into.after = _string(literal, loose=loose)
            case "matter":
                self.into.matter = _string(literal, loose=loose)
            case "purpose":
                self.into.purpose = _purpose(literal, loose=loose)
            case _:
                raise _WrongError(Fault.NOT_VALID)

    def _fault(self, fault: Fault) -> None:
        self.into.faults.add(fault)

    def _where(self, given: Literal, *, loose: bool) -> ConditionTree:
        literal, loose = _unwrap(given, loose=loose)
        if not isinstance(literal, Members):
            self._fault(Fault.EITHER if isinstance(literal, Null) else _kind(loose=loose))
            return ConditionTree()
        if len({name for name, _ in literal.pairs}) < len(literal.pairs):
            self._fault(Fault.NOT_VALID)
        members = (self._member(name, value, loose=loose) for name, value in literal.pairs)
        return ConditionTree(tuple(member for member in members if member is not None))

    def _member(self, name: str, given: Literal, *, loose: bool) -> ItemTests | Group | Negation | None:
        value, loose = _unwrap(given, loose=loose)
        if name in ("and", "or"):
            if isinstance(value, Null):
                self._fault(Fault.EITHER)
                return None
            listed = value.members if isinstance(value, Several) else (value,)
            return Group(name, tuple(self._where(each, loose=loose) for each in listed))
        if name == "not":
            return Negation(self._where(value, loose=loose))
        return self._tests(name, value, loose=loose)

    def _tests(self, name: str, value: Literal, *, loose: bool) -> ItemTests | None:
        item = self.items.get(name)
        if item is None:
            self._fault(_kind(loose=loose))
            return None
        self.into.filtered.add(name)
        if not isinstance(value, Members):
            self._fault(Fault.EITHER if isinstance(value, Null) else _kind(loose=loose))
            return None
        if not value.pairs:
            self._fault(Fault.BAD_INPUT)
        operators: list[tuple[str, Operand]] = []
        for operator, operand in value.pairs:
            try:
                operators.append((operator, _operand(item, operator, operand, loose=loose)))
            except _WrongError as wrong:
                self._fault(wrong.fault)
        return ItemTests(name, tuple(operators))

    def _order(self, literal: Literal, *, loose: bool) -> tuple[tuple[str, bool], ...]:
        listed = literal.members if isinstance(literal, Several) else (literal,)
        order: list[tuple[str, bool]] = []
        for given in listed:
            member, inner = _unwrap(given, loose=loose)
            if not isinstance(member, Members):
                self._fault(Fault.EITHER if isinstance(member, Null) else _kind(loose=inner))
                continue
            if len(member.pairs) != 1:
                self._fault(Fault.BAD_INPUT)
            order += [self._direction(name, direction, loose=inner) for name, direction in member.pairs]
        return tuple(order)

    def _direction(self, name: str, given: Literal, *, loose: bool) -> tuple[str, bool]:
        direction, loose = _unwrap(given, loose=loose)
        item = self.items.get(name)
        if item is None or item.type is ItemType.JSON:
            self._fault(_kind(loose=loose))
            return name, False
        self.into.ordered.add(name)
        word = _word(direction, loose=loose)
        if word not in ("ASC", "DESC"):
            self._fault(Fault.EITHER if isinstance(direction, Null) else _kind(loose=loose))
        return name, word == "DESC"

    def _first(self, literal: Literal) -> int:
        """The page says of `first` that all but 1 to 1000 is bad input; GraphQL that all but an Int isn't valid."""
        if not isinstance(literal, Number) or not INTEGER.match(literal.text):
            raise _WrongError(Fault.EITHER)
        first = int(literal.text)
        if not -(2**31) <= first < 2**31:
            raise _WrongError(Fault.EITHER)
        if not 1 <= first <= PAGE_MAXIMUM:
            self._fault(Fault.BAD_INPUT)
        return first


def _word(literal: Literal, *, loose: bool) -> str | None:
    """An enum's member; a string is one only where it came from a variable."""
    if isinstance(literal, Word):
        return literal.name
    return literal.value if loose and isinstance(literal, Text) else None


def _purpose(literal: Literal, *, loose: bool) -> str:
    word = _word(literal, loose=loose)
    if word is None or word != word.upper() or word.lower() not in PURPOSES:
        raise _WrongError(_kind(loose=loose))
    return word.lower()


def _string(literal: Literal, *, loose: bool) -> str:
    if not isinstance(literal, Text):
        raise _WrongError(_kind(loose=loose))
    if any("\ud800" <= character <= "\udfff" for character in literal.value):
        raise _WrongError(Fault.EITHER)
    if "\0" in literal.value:
        raise _WrongError(Fault.BAD_INPUT)
    return literal.value


def _operand(item: Item, operator: str, given: Literal, *, loose: bool) -> Operand:
    literal, loose = _unwrap(given, loose=loose)
    if operator not in OPERATORS[item.type]:
        raise _WrongError(_kind(loose=loose))
    if isinstance(literal, Null):
        raise _WrongError(Fault.BAD_INPUT)
    if operator == "isNull":
        return _boolean(literal, loose=loose)
    if operator not in ("in", "notIn"):
        return _constant(item.type, literal, loose=loose)
    listed = literal.members if isinstance(literal, Several) else (literal,)
    return tuple(_listed(item.type, each, loose=loose) for each in listed)


def _listed(kind: ItemType, given: Literal, *, loose: bool) -> Constant:
    literal, inner = _unwrap(given, loose=loose)
    if isinstance(literal, Null):
        raise _WrongError(Fault.EITHER if inner else Fault.BAD_INPUT)
    return _constant(kind, literal, loose=inner)


def _constant(kind: ItemType, literal: Literal, *, loose: bool) -> Constant:
    match kind:
        case ItemType.STRING:
            return _string(literal, loose=loose)
        case ItemType.BOOLEAN:
            return _boolean(literal, loose=loose)
        case _:
            return _scalar(kind, literal, loose=loose)


def _boolean(literal: Literal, *, loose: bool) -> bool:
    if not isinstance(literal, Flag):
        raise _WrongError(_kind(loose=loose))
    return literal.value


def _scalar(kind: ItemType, literal: Literal, *, loose: bool) -> Constant:
    """A value of one of the contract's own scalars: of a wrong value the field complains, not the validation."""
    if not isinstance(literal, Text | Number):
        raise _WrongError(Fault.EITHER)
    text = literal.value if isinstance(literal, Text) else literal.text
    try:
        return _parsed(kind, text, is_text=isinstance(literal, Text))
    except (ValueError, OverflowError):
        raise _WrongError(Fault.EITHER if loose else Fault.BAD_INPUT) from None


def _parsed(kind: ItemType, text: str, *, is_text: bool) -> Constant:
    match kind:
        case ItemType.INTEGER if INTEGER.match(text) and -(2**63) <= int(text) < 2**63:
            return int(text)
        case ItemType.DECIMAL if DECIMAL.match(text):
            return Decimal(text)
        case ItemType.DATE if is_text and DATE.match(text):
            return date.fromisoformat(text)
        case ItemType.DATETIME if is_text and DATETIME.match(text):
            return datetime.fromisoformat(text).astimezone(UTC)
        case _:
            raise ValueError(text)
