"""The scalars of the contract (enforcement.md §5). They take any constant: planning says what is wrong with it."""

from collections.abc import Mapping
from decimal import Decimal as Number
from typing import NewType

import strawberry
from graphql import GraphQLError
from graphql.language.ast import BooleanValueNode, FloatValueNode, IntValueNode, StringValueNode, ValueNode
from strawberry.types.scalar import ScalarDefinition

BigInt = NewType("BigInt", int)
Decimal = NewType("Decimal", str)
Date = NewType("Date", str)
DateTime = NewType("DateTime", str)
Json = NewType("Json", object)

_LITERAL_DIGITS = 400


def _take(value: object) -> object:
    return value


def _take_literal(node: ValueNode, _variables: Mapping[str, object] | None = None) -> object:
    """Return the constant that a literal writes; numbers exactly."""
    if isinstance(node, IntValueNode | FloatValueNode) and len(node.value) <= _LITERAL_DIGITS:
        return int(node.value) if isinstance(node, IntValueNode) else Number(node.value)
    if isinstance(node, StringValueNode | BooleanValueNode):
        return node.value
    raise GraphQLError("write a number or a text", node)


def _scalar(name: str, description: str) -> ScalarDefinition:
    return strawberry.scalar(
        name=name, description=description, serialize=_take, parse_value=_take, parse_literal=_take_literal
    )


SCALARS: Mapping[object, ScalarDefinition] = {
    BigInt: _scalar("BigInt", "64 位整数。回答为 JSON 数值；输入可为数值或文本。"),
    Decimal: _scalar("Decimal", "定点小数，文本形式，小数位数固定。输入可为文本或数值，精确比较。"),
    Date: _scalar("Date", "日期，如 `2026-01-31`。"),
    DateTime: _scalar("DateTime", "时刻，如 `2026-01-31T08:00:00Z`，整秒。输入可带任意时区偏移。"),
    Json: _scalar("JSON", "JSON 值，仅可用 `isNull` 检验。"),
}
