"""The scalar of whole JSON documents, such as policy records: exact, numbers with a fraction as `Decimal`."""

from collections.abc import Mapping
from decimal import Decimal
from typing import NewType

import strawberry
from graphql import GraphQLError
from graphql.language.ast import (
    BooleanValueNode,
    FloatValueNode,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    StringValueNode,
    ValueNode,
)

Document = NewType("Document", object)


def _take(value: object) -> object:
    return value


def _show(value: object) -> object:
    """Return a document as the answer holds it; a fraction keeps its digits as a text."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return {name: _show(member) for name, member in value.items()}
    return [_show(member) for member in value] if isinstance(value, list | tuple) else value


def _literal(node: ValueNode, _variables: Mapping[str, object] | None = None) -> object:
    """Return the document that a literal writes. Raises: GraphQLError for a variable or name within it."""
    match node:
        case ObjectValueNode():
            return {field.name.value: _literal(field.value) for field in node.fields}
        case ListValueNode():
            return [_literal(value) for value in node.values]
        case StringValueNode() | BooleanValueNode():
            return node.value
        case IntValueNode():
            return int(node.value)
        case FloatValueNode():
            return Decimal(node.value)
        case NullValueNode():
            return None
    raise GraphQLError("write the document as JSON, or give the whole of it as a variable", node)


DOCUMENT = strawberry.scalar(
    name="Document",
    description="JSON 文档，如策略记录；可作为变量，也可直接写成字面量",
    serialize=_show,
    parse_value=_take,
    parse_literal=_literal,
)
