"""GraphQL types of shared entries, made from the catalog and kept per entry version and visible items."""

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLString,
)
from graphql.type import GraphQLOutputType

from portal.access.plan_groups import GROUPING_LIMIT, GROUPS, is_groupable
from portal.catalog.entries import CatalogEntry, InformationItem, Link
from portal.conditions.tree import ValueType
from portal.policies.snapshot import EntryView
from portal.schema.frame import FrameTypes
from portal.vocabulary import EntryIdentifier

Resolve = Callable[..., object]
LinkTargets = Sequence[tuple[Link, EntryIdentifier]]
"""The links of an entry that a schema has, each with its target."""


@dataclass(frozen=True, slots=True)
class EntryParts:
    """What an entry's types are made of, whatever its links: one object a name, in every schema that has the entry."""

    view: EntryView
    frame: FrameTypes
    choices: Mapping[str, GraphQLArgument]
    key: GraphQLInputObjectType | None
    grouped: GraphQLEnumType | None

    @property
    def entry(self) -> CatalogEntry:
        """The catalog entry."""
        return self.view.entry

    def link_arguments(self) -> dict[str, GraphQLArgument]:
        """Return the arguments of a link to many rows of the entry."""
        first = GraphQLArgument(GraphQLInt, description="每行的关联行数，1 至 100，缺省 20")
        return {**self.choices, "first": first}


@dataclass(frozen=True, slots=True)
class EntryTypes:
    """The types of one entry as one view shows it, and its fields in `shared`."""

    parts: EntryParts
    node: GraphQLObjectType
    connection: GraphQLObjectType

    @property
    def description(self) -> str:
        """What the catalog says of the entry."""
        return f"{self.parts.entry.name}。{self.parts.entry.abstract}"

    def field(self, resolve: Resolve) -> GraphQLField:
        """Return the root field of `shared`."""
        arguments = {
            **_action_arguments(self.parts.frame),
            **self.parts.choices,
            "first": GraphQLArgument(GraphQLInt, description="行数，1 至 1000，缺省 100"),
            "after": GraphQLArgument(GraphQLString, description="游标；从其后一行开始"),
        }
        return GraphQLField(self.connection, args=arguments, resolve=resolve, description=self.description)

    def key_fields(self, resolve: Resolve, taken: Container[str]) -> dict[str, GraphQLField]:
        """Return the root fields that give rows by key; a name that an entry has taken is that entry's alone."""
        key, name = self.parts.key, self.parts.entry.identifier
        if key is None:
            return {}
        action, fields = _action_arguments(self.parts.frame), {}
        one, many = f"{name}_by_key", f"{name}_by_keys"
        offered = key_field_names(self.parts.view, taken)
        if one in offered:
            members = {
                item: GraphQLArgument(shown.type, description=shown.description) for item, shown in key.fields.items()
            }
            fields[one] = GraphQLField(
                self.node,
                # A key's item called `case` or `operator` stands for itself: the header says the other.
                args={**action, **members},
                resolve=resolve,
                description=f"{self.parts.entry.name}：按主键取一行",
            )
        if many in offered:
            keys = GraphQLArgument(GraphQLNonNull(GraphQLList(GraphQLNonNull(key))), description="主键，至多 1000 个")
            fields[many] = GraphQLField(
                GraphQLList(self.node),
                args={"keys": keys, **action},
                resolve=resolve,
                description=f"{self.parts.entry.name}：按主键取多行，次序同主键，没有或未获准者为空",
            )
        return fields


def entry_parts(view: EntryView, frame: FrameTypes, taken: Container[str]) -> EntryParts:
    """Return what an entry's types are made of, with the items that the view shows; `taken` as for key fields."""
    return EntryParts(view, frame, _choices(view, frame), _key_type(view, frame), _grouped_type(view, taken))


def entry_types(parts: EntryParts, links: LinkTargets, others: Mapping[EntryIdentifier, EntryTypes]) -> EntryTypes:
    """Return the types of an entry with these links; `others` has the targets' types once the schema is used."""
    entry, frame, name = parts.entry, parts.frame, parts.entry.identifier

    def node_fields() -> dict[str, GraphQLField]:
        items: dict[str, GraphQLField] = {
            item.identifier: GraphQLField(_output(item, frame), description=_describe(item))
            for item in parts.view.items
        }
        return {**items, **{link.identifier: _link_field(link, others[target]) for link, target in links}}

    node = GraphQLObjectType(name, node_fields, description=f"{entry.name}。{entry.abstract}")
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
            **_groups_field(parts),
        },
        description=f"{entry.name}：一页",
    )
    return EntryTypes(parts, node, connection)


def _groups_field(parts: EntryParts) -> dict[str, GraphQLField]:
    """Return the field that counts groups; none where no item of the view can be grouped by."""
    if parts.grouped is None:
        return {}
    by = GraphQLNonNull(GraphQLList(GraphQLNonNull(parts.grouped)))
    arguments = {
        "by": GraphQLArgument(by, description=f"分组信息项，1 至 {GROUPING_LIMIT} 个，不重复"),
        "where": parts.choices["where"],
        "first": GraphQLArgument(GraphQLInt, description="组数，1 至 1000，缺省 100"),
    }
    field = GraphQLField(
        _list_of(parts.frame.group_count),
        args=arguments,
        description="按信息项分组的行数，多者在前，其次按值升序，空值在后；不用于关联之下；公众不见过小的组",
    )
    return {GROUPS: field}


def _link_field(link: Link, target: EntryTypes) -> GraphQLField:
    description = f"关联：{target.parts.entry.name}"
    if link.many:
        return GraphQLField(
            GraphQLNonNull(target.connection), args=target.parts.link_arguments(), description=description
        )
    return GraphQLField(target.node, description=description)


def grouped_items(view: EntryView, taken: Container[str]) -> tuple[InformationItem, ...]:
    """Return the items that rows can be grouped by; none where an entry has taken the name of their enum."""
    if f"{view.entry.identifier}_item" in taken:
        return ()
    return tuple(item for item in view.items if is_groupable(item))


def _grouped_type(view: EntryView, taken: Container[str]) -> GraphQLEnumType | None:
    items = grouped_items(view, taken)
    if not items:
        return None
    return GraphQLEnumType(
        f"{view.entry.identifier}_item",
        {str(item.identifier): GraphQLEnumValue(item.identifier, description=item.name) for item in items},
        description=f"{view.entry.name}：可用于分组的信息项",
    )


def key_field_names(view: EntryView, taken: Container[str]) -> tuple[str, ...]:
    """Return which of the fields that give rows of the entry by key there are; `taken` are the entries' own names."""
    entry, offered = view.entry, []
    if not _key_items(view):
        return ()
    # An argument of a key's own name leaves no place for these two.
    if f"{entry.identifier}_by_key" not in taken and not {"purpose", "matter"} & set(entry.key):
        offered.append(f"{entry.identifier}_by_key")
    if f"{entry.identifier}_by_keys" not in taken and f"{entry.identifier}_key" not in taken:
        offered.append(f"{entry.identifier}_by_keys")
    return tuple(offered)


def _key_items(view: EntryView) -> tuple[InformationItem, ...]:
    """Return the items of the entry's key; none where the view hides one of them, or one can't be compared."""
    shown = {item.identifier: item for item in view.items}
    items = tuple(shown[name] for name in view.entry.key if name in shown)
    hidden = len(items) < len(view.entry.key)
    return () if hidden or any(item.type is ValueType.JSON for item in items) else items


def _key_type(view: EntryView, frame: FrameTypes) -> GraphQLInputObjectType | None:
    """Return the type of the entry's key; None where there is no asking by key."""
    items = _key_items(view)
    if not items:
        return None
    return GraphQLInputObjectType(
        f"{view.entry.identifier}_key",
        {
            item.identifier: GraphQLInputField(GraphQLNonNull(frame.scalars[item.type]), description=item.name)
            for item in items
        },
        description=f"{view.entry.name}：主键",
    )


def _describe(item: InformationItem) -> str:
    return f"{item.name}。{item.description}" if item.description else item.name


def _output(item: InformationItem, frame: FrameTypes) -> GraphQLOutputType:
    return frame.scalars[item.type]


def _list_of(node: GraphQLObjectType) -> GraphQLOutputType:
    return GraphQLNonNull(GraphQLList(GraphQLNonNull(node)))


def _action_arguments(frame: FrameTypes) -> dict[str, GraphQLArgument]:
    return {
        "purpose": GraphQLArgument(frame.purpose, description="用途"),
        "matter": GraphQLArgument(GraphQLString, description="业务事项代码；应用只登记一项时可省略"),
        "case": GraphQLArgument(GraphQLString, description="办件编号，记入日志；也可用请求头 case"),
        "operator": GraphQLArgument(GraphQLString, description="经办人，记入日志；也可用请求头 operator"),
    }


def _choices(view: EntryView, frame: FrameTypes) -> dict[str, GraphQLArgument]:
    """Return the arguments that say which rows, and in which order: those of pages and of links."""
    arguments = {"where": GraphQLArgument(_where_type(view, frame), description="筛选条件")}
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
