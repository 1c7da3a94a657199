"""Draws conditions over items from the values that their rows hold, and conditions over attributes."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

from tests.oracle.conditions import (
    COMPARING,
    MATCHING,
    OPERATORS,
    ConditionTree,
    Constant,
    Group,
    ItemTests,
    ItemType,
    Negation,
    Operand,
    SubjectAttribute,
)
from tests.oracle.generate_cells import chance, draw_cell, subset
from tests.oracle.world import Item, JsonText, Row

SCOPED_ATTRIBUTES = ("region", "region", "region", "department", "application", "user")
SUBJECT_OPERATORS = ("eq", "ne", "lt", "lte", "gt", "gte", *MATCHING)


def draw_condition(draw: Random, items: Sequence[Item], rows: Sequence[Row], depth: int = 2) -> ConditionTree:
    """A condition over items, on values that lie near those of the rows."""
    if not items:
        return ConditionTree((Group("and", ()),))
    named = draw.sample(list(items), min(len(items), draw.choice((1, 1, 1, 2))))
    members: list[ItemTests | Group | Negation] = [_draw_tests(draw, item, rows) for item in named]
    if depth and chance(draw, 0.3):
        members = members[: draw.randint(0, 1)]
        members += _draw_nested(draw, items, rows, depth - 1)
    return ConditionTree(tuple(members))


def _draw_nested(draw: Random, items: Sequence[Item], rows: Sequence[Row], depth: int) -> list[Group | Negation]:
    nested: list[Group | Negation] = []
    for word in subset(draw, ("and", "or", "or", "not"), 1, 2):
        if word == "not":
            nested.append(Negation(draw_condition(draw, items, rows, depth)))
        elif not any(isinstance(one, Group) and one.word == word for one in nested):
            size = draw.choice((0, 1, 2, 2, 2, 3))
            nested.append(Group(word, tuple(draw_condition(draw, items, rows, depth) for _ in range(size))))
    return nested


def _draw_tests(draw: Random, item: Item, rows: Sequence[Row]) -> ItemTests:
    operators = [_draw_operator(draw, item) for _ in range(2 if chance(draw, 0.12) else 1)]
    return ItemTests(
        item.identifier,
        tuple((operator, _draw_operand(draw, item, operator, rows)) for operator in dict.fromkeys(operators)),
    )


def _draw_operator(draw: Random, item: Item) -> str:
    possible = OPERATORS[item.type]
    if item.type is ItemType.STRING and chance(draw, 0.4):
        return draw.choice(MATCHING)
    return draw.choice(possible)


def near_value(draw: Random, item: Item, rows: Sequence[Row]) -> Constant:
    """A value that some row holds, or another one like it."""
    held = [value for row in rows if (value := row.cells[item.identifier]) is not None]
    if held and chance(draw, 0.85):
        value = draw.choice(held)
    else:
        value = next(drawn for _ in range(1000) if (drawn := draw_cell(draw, item)) is not None)
    assert not isinstance(value, JsonText)
    return _beside(draw, value) if chance(draw, 0.1) else value


def _beside(draw: Random, value: Constant) -> Constant:
    match value:
        case bool() | str():
            return value
        case int():
            return value + (1 if value < 0 else -1)
        case Decimal():
            return value + Decimal(draw.choice((1, -5))).scaleb(-12)
        case datetime():
            return value + timedelta(seconds=draw.choice((-1, 1)))
        case date():
            return date(2024, 6, 30)


def _draw_operand(draw: Random, item: Item, operator: str, rows: Sequence[Row]) -> Operand:
    if operator == "isNull":
        return chance(draw, 0.4)
    if operator in ("in", "notIn"):
        size = 0 if chance(draw, 0.08) else draw.randint(1, 5)
        return tuple(near_value(draw, item, rows) for _ in range(size))
    value = near_value(draw, item, rows)
    if operator not in MATCHING:
        return value
    text = str(value)
    cut = draw.randint(0 if chance(draw, 0.1) else 1, max(1, len(text)))
    return {"startsWith": text[:cut], "endsWith": text[-cut:]}.get(operator, text[len(text) // 3 :][:cut])


def draw_scope(draw: Random, items: Sequence[Item], rows: Sequence[Row]) -> ConditionTree:
    """A scope: often by the subject's region, sometimes always or never true."""
    strings = [item for item in items if item.type is ItemType.STRING]
    kind = draw.random()
    if kind < 0.3:
        division = next(item for item in items if item.identifier == "division")
        return ConditionTree((ItemTests(division.identifier, (("startsWith", SubjectAttribute("region")),)),))
    if kind < 0.42:
        item = draw.choice([one for one in strings if one.identifier in ("owner", "division")] or strings)
        attribute = "department" if item.identifier == "owner" else draw.choice(SCOPED_ATTRIBUTES)
        operator = draw.choice(("eq", "ne", "eq", *SUBJECT_OPERATORS))
        return ConditionTree((ItemTests(item.identifier, ((operator, SubjectAttribute(attribute)),)),))
    if kind < 0.5:
        return draw.choice(_constant_scopes(draw.choice(strings).identifier))
    return draw_condition(draw, items, rows)


def _constant_scopes(name: str) -> list[ConditionTree]:
    return [
        ConditionTree((Group("and", ()),)),
        ConditionTree((Group("or", ()),)),
        ConditionTree((Negation(ConditionTree()),)),
        ConditionTree((Negation(ConditionTree((Group("or", ()),))),)),
        ConditionTree((ItemTests(name, (("in", ()),)),)),
        ConditionTree((ItemTests(name, (("notIn", ()),)),)),
        ConditionTree((Group("and", (ConditionTree(),)),)),
    ]


def draw_attribute_condition(draw: Random, values: Mapping[str, Sequence[str]], now: datetime) -> ConditionTree:
    """A condition over attributes; `values` are those that subjects of the world have, by attribute."""
    names = draw.sample(ATTRIBUTES, draw.choice((1, 1, 1, 2)))
    members: list[ItemTests | Group | Negation] = [
        ItemTests(name, _attribute_tests(draw, name, values, now)) for name in names
    ]
    if chance(draw, 0.25):
        inner = draw_attribute_condition(draw, values, now)
        members = (
            [Negation(inner)]
            if chance(draw, 0.4)
            else [*members[:1], Group("or", (inner, ConditionTree(tuple(members))))]
        )
    return ConditionTree(tuple(members))


ATTRIBUTES = (
    "network_zone", "auth_level", "region", "department", "application", "user", "groups", "roles", "now",
    "client_address",
)  # fmt: skip


def _attribute_tests(
    draw: Random, name: str, values: Mapping[str, Sequence[str]], now: datetime
) -> tuple[tuple[str, Operand], ...]:
    if chance(draw, 0.12):
        return (("isNull", chance(draw, 0.35)),)
    match name:
        case "auth_level":
            return (draw.choice((("gte", draw.randint(0, 3)), ("in", (1, 2, 3)), ("lt", 3), ("ne", 2), ("notIn", ()))),)
        case "now":
            moment = now + timedelta(days=draw.choice((-30, 30)))
            return ((draw.choice(("gte", "lt", "gt", "lte", "ne")), moment),)
        case "client_address":
            return (("inNetwork", draw.choice(("127.0.0.0/8", "127.0.0.1/32", "0.0.0.0/0", "10.0.0.0/8"))),)
        case "groups" | "roles":
            return (("contains", draw.choice(values[name])),)
        case _:
            return (_string_test(draw, values[name]),)


def _string_test(draw: Random, values: Sequence[str]) -> tuple[str, Operand]:
    operator = draw.choice((*COMPARING, "startsWith", "contains", "endsWith"))
    value = draw.choice(values)
    if operator in ("in", "notIn"):
        return operator, () if chance(draw, 0.1) else tuple(subset(draw, values, 1, 3))
    if operator in MATCHING:
        return operator, value[: draw.randint(0, len(value))] if operator != "endsWith" else value[-2:]
    return operator, value
