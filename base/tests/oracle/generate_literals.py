"""Draws literals: operands and conditions in the forms that the contract takes, and values that it doesn't."""

import json
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from random import Random

from tests.oracle.conditions import ConditionTree, Constant, Group, ItemTests, ItemType, Negation, Operand
from tests.oracle.document import (
    Definition,
    Flag,
    Fragment,
    Inline,
    Json,
    Literal,
    Members,
    Null,
    Number,
    Selection,
    Several,
    Spread,
    Text,
    Variable,
    Word,
)
from tests.oracle.generate_cells import chance
from tests.oracle.world import Item

SCALARS = {
    ItemType.STRING: "String",
    ItemType.INTEGER: "BigInt",
    ItemType.DECIMAL: "Decimal",
    ItemType.BOOLEAN: "Boolean",
    ItemType.DATE: "Date",
    ItemType.DATETIME: "DateTime",
}


@dataclass(slots=True)
class Builder:
    """What a request in the making has so far besides its selections."""

    draw: Random
    definitions: list[Definition] = field(default_factory=list)
    values: dict[str, Json] = field(default_factory=dict)
    fragments: list[Fragment] = field(default_factory=list)
    aliases: int = 0

    def variable(self, type_name: str, literal: Literal) -> Variable:
        """A new variable with the value of a literal, given or as default."""
        name = f"v{len(self.definitions)}"
        if chance(self.draw, 0.12) and not _holds_variable(literal):
            self.definitions.append(Definition(name, type_name.rstrip("!"), literal))
        else:
            self.definitions.append(Definition(name, type_name))
            self.values[name] = json_of(literal)
        return Variable(name)

    def perhaps_variable(self, type_name: str, literal: Literal, probability: float = 0.15) -> Literal:
        """The literal, or now and then a variable with its value."""
        if chance(self.draw, probability) and not _holds_variable(literal):
            return self.variable(type_name, literal)
        return literal

    def alias(self) -> str:
        """An alias not used before, and no item's identifier."""
        self.aliases += 1
        return f"Alias{self.aliases}"

    def flag(self, *, value: bool) -> Flag | Variable:
        """A boolean, literal or as variable."""
        return self.variable("Boolean!", Flag(value)) if chance(self.draw, 0.4) else Flag(value)

    def fragmented(self, on: str, selections: tuple[Selection, ...]) -> tuple[Selection, ...]:
        """The selections, some of them inside fragments."""
        if not chance(self.draw, 0.25) or not selections:
            return selections
        cut = self.draw.randint(0, len(selections) - 1)
        kept, wrapped = selections[:cut], selections[cut:]
        if chance(self.draw, 0.5):
            return (*kept, Inline(on if chance(self.draw, 0.6) else None, wrapped))
        name = f"F{len(self.fragments)}"
        self.fragments.append(Fragment(name, on, wrapped))
        return (*kept, Spread(name))


def _holds_variable(literal: Literal) -> bool:
    match literal:
        case Variable():
            return True
        case Members():
            return any(_holds_variable(each) for _, each in literal.pairs)
        case Several():
            return any(_holds_variable(each) for each in literal.members)
        case _:
            return False


def json_of(literal: Literal) -> Json:
    """The JSON that a variable carries for a literal."""
    match literal:
        case Members():
            return {name: json_of(each) for name, each in literal.pairs}
        case Several():
            return [json_of(each) for each in literal.members]
        case Word():
            return literal.name
        case Number():
            number: Json = json.loads(literal.text)
            return number
        case Text() | Flag():
            return literal.value
        case _:
            return None


def where_literal(builder: Builder, tree: ConditionTree, items: dict[str, Item]) -> Members:
    """The literal of a condition, operands now and then in variables."""
    pairs: list[tuple[str, Literal]] = []
    for member in tree.members:
        if isinstance(member, Negation):
            pairs.append(("not", where_literal(builder, member.member, items)))
        elif isinstance(member, Group):
            listed = tuple(where_literal(builder, each, items) for each in member.members)
            single = len(listed) == 1 and chance(builder.draw, 0.2)
            pairs.append((member.word, listed[0] if single else Several(listed)))
        else:
            pairs.append((member.name, _tests_literal(builder, member, items[member.name])))
    return Members(tuple(pairs))


def _tests_literal(builder: Builder, tests: ItemTests, item: Item) -> Members:
    pairs = []
    for operator, operand in tests.operators:
        literal = operand_literal(builder.draw, item, operand)
        scalar = "Boolean" if operator == "isNull" else SCALARS[item.type]
        listed = operator in ("in", "notIn")
        # A single value stands for a list as a literal, and never as a variable.
        single = listed and not isinstance(literal, Several)
        type_name = f"[{scalar}!]!" if listed else f"{scalar}!"
        pairs.append((operator, literal if single else builder.perhaps_variable(type_name, literal)))
    return Members(tuple(pairs))


def operand_literal(draw: Random, item: Item, operand: Operand) -> Literal:
    """An operand in one of the forms that stand for it."""
    if isinstance(operand, tuple):
        listed = tuple(_constant_literal(draw, item, each) for each in operand)
        return listed[0] if len(listed) == 1 and chance(draw, 0.2) else Several(listed)
    assert isinstance(operand, str | int | Decimal | bool | date)
    return _constant_literal(draw, item, operand)


def _constant_literal(draw: Random, item: Item, value: Constant) -> Literal:
    match value:
        case bool():
            return Flag(value)
        case int():
            return Text(str(value)) if chance(draw, 0.3) else Number(str(value))
        case Decimal():
            return _decimal_literal(draw, item, value)
        case datetime():
            offset = draw.choice((0, 0, 480, -210, 345))
            text = value.astimezone(timezone(timedelta(minutes=offset))).isoformat()
            return Text(text.replace("+00:00", "Z") if chance(draw, 0.7) else text)
        case date():
            return Text(value.isoformat())
        case str():
            return Text(value, escaped=chance(draw, 0.08))


def _decimal_literal(draw: Random, item: Item, value: Decimal) -> Literal:
    """A string or a number; as a number only where a binary fraction would print as the same digits."""
    text = f"{value:f}"
    if len(text) < 12 and chance(draw, 0.4):
        return Number(text)
    return Text(text + "0" if "." in text and item.scale and chance(draw, 0.1) else text)


WRONG_VALUES: dict[ItemType, tuple[Literal, ...]] = {
    ItemType.STRING: (Text("a\0b"), Text("a\ud800"), Text("\udc00b"), Null()),
    ItemType.INTEGER: (Text("abc"), Text("1.5"), Text(""), Number("9223372036854775808"), Text("-9223372036854775809"),
                       Number("1.5"), Null()),
    ItemType.DECIMAL: (Text("abc"), Text(""), Text("NaN"), Text("Infinity"), Text("1,5"), Null()),
    ItemType.BOOLEAN: (Null(),),
    ItemType.DATE: (Text("2026-02-30"), Text("2026-13-01"), Text("2026-1-1"), Text("yesterday"), Number("20260101"),
                    Text("2026-01-01T00:00:00Z"), Null()),
    ItemType.DATETIME: (Text("2026-02-30T00:00:00Z"), Text("2026-01-01T00:00:00"), Text("2026-01-01"), Null(),
                        Text("2026-01-01T00:00:00.5Z"), Text("2026-01-01T25:00:00+08:00"), Number("1767225600")),
    ItemType.JSON: (Null(),),
}  # fmt: skip
"""Values of the right GraphQL kind, or of the contract's own scalars, that are no values of the type."""

WRONG_KINDS: dict[ItemType, tuple[Literal, ...]] = {
    ItemType.STRING: (
        Number("5"),
        Flag(value=True),
        Word("DESC"),
        Several((Text("a"),)),
        Members((("eq", Text("a")),)),
    ),
    ItemType.BOOLEAN: (Text("true"), Number("1"), Word("yes")),
}
"""Literals of another GraphQL kind than the built-in scalar's."""
