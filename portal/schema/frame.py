"""GraphQL types that entries share: scalars, filters, purposes, directions, `PageInfo`, `Access` and `GroupCount`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
)
from graphql.type import GraphQLInputType, GraphQLNamedType

from portal.conditions.reading import operators_of
from portal.conditions.tree import ValueType

SCALAR_NAMES: Mapping[ValueType, str] = {
    ValueType.STRING: "String",
    ValueType.INTEGER: "BigInt",
    ValueType.DECIMAL: "Decimal",
    ValueType.BOOLEAN: "Boolean",
    ValueType.DATE: "Date",
    ValueType.DATETIME: "DateTime",
    ValueType.JSON: "JSON",
}
"""The scalar that shows each type of item."""

_WORDS = {
    "eq": "等于",
    "ne": "不等于",
    "in": "为其中之一",
    "notIn": "不为其中任何一个",
    "lt": "小于",
    "lte": "不大于",
    "gt": "大于",
    "gte": "不小于",
    "startsWith": "以此开头",
    "endsWith": "以此结尾",
    "contains": "包含",
    "isNull": "是否为空",
}


@dataclass(frozen=True, slots=True)
class FrameTypes:
    """The types that entries share: scalars, filters, purposes, directions, `PageInfo`, `Access` and `GroupCount`."""

    scalars: Mapping[ValueType, GraphQLScalarType]
    filters: Mapping[ValueType, GraphQLInputObjectType]
    purpose: GraphQLEnumType
    direction: GraphQLEnumType
    page_info: GraphQLObjectType
    access: GraphQLObjectType
    group_count: GraphQLObjectType


def frame_types(static: Mapping[str, GraphQLNamedType], purposes: Sequence[str]) -> FrameTypes:
    """Return the shared types; `static` are the static schema's by name, `purposes` the profile's."""
    scalars = {value_type: _scalar(static[name]) for value_type, name in SCALAR_NAMES.items()}
    return FrameTypes(
        scalars=scalars,
        filters={value_type: _filter_type(value_type, scalar) for value_type, scalar in scalars.items()},
        purpose=GraphQLEnumType(
            "Purpose",
            {purpose.upper(): GraphQLEnumValue(purpose) for purpose in purposes},
            description="用途；须为某条策略所允许",
        ),
        direction=GraphQLEnumType(
            "OrderDirection",
            {"ASC": GraphQLEnumValue("ASC", description="升序"), "DESC": GraphQLEnumValue("DESC", description="降序")},
            description="排序方向；空值总在最后",
        ),
        page_info=_object(static["PageInfo"]),
        access=_object(static["Access"]),
        group_count=_group_count(scalars[ValueType.JSON]),
    )


def _group_count(json: GraphQLScalarType) -> GraphQLObjectType:
    key = GraphQLNonNull(GraphQLList(json))
    return GraphQLObjectType(
        "GroupCount",
        {
            "key": GraphQLField(key, description="各分组信息项的值，次序同 `by`，写法同回答中的信息项；空值为 null"),
            "count": GraphQLField(GraphQLNonNull(GraphQLInt), description="该组的行数"),
        },
        description="一组及其行数",
    )


def _scalar(named: GraphQLNamedType) -> GraphQLScalarType:
    if not isinstance(named, GraphQLScalarType):
        raise TypeError(named.name)
    return named


def _object(named: GraphQLNamedType) -> GraphQLObjectType:
    if not isinstance(named, GraphQLObjectType):
        raise TypeError(named.name)
    return named


def _filter_type(value_type: ValueType, scalar: GraphQLScalarType) -> GraphQLInputObjectType:
    def operand(name: str) -> GraphQLInputType:
        if name == "isNull":
            return GraphQLBoolean
        # Members are nullable so that a null among them is answered by a sentence of ours.
        return GraphQLList(scalar) if name in ("in", "notIn") else scalar

    fields = {name: GraphQLInputField(operand(name), description=_WORDS[name]) for name in operators_of(value_type)}
    return GraphQLInputObjectType(f"{scalar.name}Filter", fields, description="条件；多个运算符须同时成立")
