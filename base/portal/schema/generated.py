"""GraphQL types of shared entries, made from the catalog and kept per entry version and visible items."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from graphql import (
    GraphQLArgument,
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
    GraphQLString,
)
from graphql.type import GraphQLInputType, GraphQLNamedType, GraphQLOutputType

from portal.catalog.entries import InformationItem
from portal.conditions.reading import operators_of
from portal.conditions.tree import ValueType
from portal.policies.snapshot import EntryView

Resolve = Callable[..., object]

_SCALAR_NAMES: Mapping[ValueType, str] = {
    ValueType.STRING: "String",
    ValueType.INTEGER: "BigInt",
    ValueType.DECIMAL: "Decimal",
    ValueType.BOOLEAN: "Boolean",
    ValueType.DATE: "Date",
    ValueType.DATETIME: "DateTime",
    ValueType.JSON: "JSON",
}
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
    """The types that entries share: scalars, filters, purposes, directions, `PageInfo` and `Access`."""

    scalars: Mapping[ValueType, GraphQLScalarType]
    filters: Mapping[ValueType, GraphQLInputObjectType]
    purpose: GraphQLEnumType
    direction: GraphQLEnumType
    page_info: GraphQLObjectType
    access: GraphQLObjectType


def frame_types(static: Mapping[str, GraphQLNamedType], purposes: Sequence[str]) -> FrameTypes:
    """Return the shared types; `static` are the static schema's by name, `purposes` the profile's."""
    scalars = {value_type: _scalar(static[name]) for value_type, name in _SCALAR_NAMES.items()}
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


@dataclass(frozen=True, slots=True)
class EntryTypes:
    """The types of one entry as one view shows it, and its field in `shared`."""

    connection: GraphQLObjectType
    arguments: Mapping[str, GraphQLArgument]
    description: str

    def field(self, resolve: Resolve) -> GraphQLField:
        """Return the root field of `shared`."""
        return GraphQLField(self.connection, args=dict(self.arguments), resolve=resolve, description=self.description)


def entry_types(view: EntryView, frame: FrameTypes) -> EntryTypes:
    """Return the types of an entry with the items that the view shows."""
    entry, name = view.entry, view.entry.identifier
    node = GraphQLObjectType(
        name,
        {item.identifier: GraphQLField(_output(item, frame), description=_describe(item)) for item in view.items},
        description=f"{entry.name}。{entry.abstract}",
    )
    edge = GraphQLObjectType(
        f"{name}_edge",
        {"cursor": GraphQLField(GraphQLNonNull(GraphQLString)), "node": GraphQLField(GraphQLNonNull(node))},
        description=f"{entry.name}：一行及其游标",
    )
    connection = GraphQLObjectType(
        f"{name}_connection",
        {
            "nodes": GraphQLField(_list_of(node), description="本页各行"),
            "edges": GraphQLField(_list_of(edge), description="本页各行及其游标"),
            "pageInfo": GraphQLField(GraphQLNonNull(frame.page_info), description="分页"),
            "totalCount": GraphQLField(GraphQLNonNull(GraphQLInt), description="符合条件且获准的总行数"),
            "access": GraphQLField(GraphQLNonNull(frame.access), description="本次访问的依据与回执"),
        },
        description=f"{entry.name}：一页",
    )
    return EntryTypes(connection, _arguments(view, frame), f"{entry.name}。{entry.abstract}")


def _describe(item: InformationItem) -> str:
    return f"{item.name}。{item.description}" if item.description else item.name


def _output(item: InformationItem, frame: FrameTypes) -> GraphQLOutputType:
    return frame.scalars[item.type]


def _list_of(node: GraphQLObjectType) -> GraphQLOutputType:
    return GraphQLNonNull(GraphQLList(GraphQLNonNull(node)))


def _arguments(view: EntryView, frame: FrameTypes) -> dict[str, GraphQLArgument]:
    arguments = {
        "purpose": GraphQLArgument(frame.purpose, description="用途"),
        "matter": GraphQLArgument(GraphQLString, description="业务事项代码；应用只登记一项时可省略"),
        "where": GraphQLArgument(_where_type(view, frame), description="筛选条件"),
        "first": GraphQLArgument(GraphQLInt, description="行数，1 至 1000，缺省 100"),
        "after": GraphQLArgument(GraphQLString, description="游标；从其后一行开始"),
    }
    order = _order_type(view, frame)
    if order is not None:
        arguments["orderBy"] = GraphQLArgument(GraphQLList(order), description="排序，每个对象一个信息项")
    return arguments


def _where_type(view: EntryView, frame: FrameTypes) -> GraphQLInputObjectType:
    def fields() -> dict[str, GraphQLInputField]:
        tests = {
            str(item.identifier): GraphQLInputField(frame.filters[item.type], description=item.name)
            for item in view.items
        }
        return {
            **tests,
            "and": GraphQLInputField(GraphQLList(where), description="各条件均成立"),
            "or": GraphQLInputField(GraphQLList(where), description="至少一个条件成立"),
            "not": GraphQLInputField(where, description="条件不成立"),
        }

    where = GraphQLInputObjectType(
        f"{view.entry.identifier}_where", fields, description=f"{view.entry.name}：筛选条件，各成员须同时成立"
    )
    return where


def _order_type(view: EntryView, frame: FrameTypes) -> GraphQLInputObjectType | None:
    fields = {
        str(item.identifier): GraphQLInputField(frame.direction, description=item.name)
        for item in view.items
        if item.type is not ValueType.JSON
    }
    if not fields:
        return None
    return GraphQLInputObjectType(
        f"{view.entry.identifier}_order", fields, description=f"{view.entry.name}：排序，一个对象一个信息项"
    )
