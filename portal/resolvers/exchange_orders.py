"""From a wish to an order: the same field of `shared` that a query would ask, against the same view and types (T4)."""

from collections.abc import Iterable, Mapping
from typing import cast

from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema, parse
from graphql.execution.values import VariableValues, get_argument_values, get_variable_values
from graphql.language.ast import FieldNode, OperationDefinitionNode, SelectionSetNode
from graphql.type import get_named_type

from portal.access.asker import Asker, identify
from portal.access.planning import SharedField
from portal.access.selections import Document
from portal.errors import BadInput, ErrorCode, PortalError, Text
from portal.exchange.order import Order
from portal.policies.snapshot import EntryView
from portal.resolvers.context import actor_of
from portal.resolvers.endpoint import Endpoint
from portal.resolvers.exchange_wishes import Wish
from portal.vocabulary import EntryIdentifier, ItemIdentifier

_PAGE = "pageInfo{hasNextPage endCursor} access{policies validUntil receipt}"


class NotThere(PortalError):
    """An entry or item that isn't there for who asks: whether nobody has it or others do looks alike."""

    code = ErrorCode.NOT_VALID


async def make_order(endpoint: Endpoint, asker: Asker, identifier: str, wish: Wish) -> Order:
    """Return the order. Raises: NotThere, BadInput, Unauthenticated, PolicyUnavailable."""
    point = await endpoint.road.keeper.current()
    endpoint.road.check_token(asker.claims)
    subject, _ = identify(asker, point.snapshot.registry)
    view = endpoint.view_of(subject, point, endpoint.road.now())
    seen = view.get(EntryIdentifier(identifier))
    if seen is None:
        raise NotThere(
            Text(
                en="there is no such entry for you; `{ catalog { nodes { identifier } } }` lists what there is",
                zh="对您而言没有该条目；请用 `{ catalog { nodes { identifier } } }` 查看目录",
            )
        )
    items = _items(seen, wish.items)
    text = f"{{ shared {{ {identifier} }} }}"
    assembled = endpoint.schema_for(text, view, point.snapshot.content.profile, actor_of(asker, subject))
    counting = _field(assembled.schema, identifier, wish.arguments, f"nodes{{{' '.join(items)}}} totalCount {_PAGE}")
    field = _field(assembled.schema, identifier, wish.arguments, f"nodes{{{' '.join(items)}}} {_PAGE}")
    return Order(seen.state, field, counting, items, wish.style, wish.first, wish.arguments, wish.framed)


def _items(seen: EntryView, wanted: Iterable[str]) -> tuple[ItemIdentifier, ...]:
    known = [item.identifier for item in seen.items]
    items = tuple(ItemIdentifier(name) for name in wanted) or tuple(known)
    missing = next((name for name in items if name not in known), None)
    if missing is not None:
        listed = "`, `".join(known)
        raise NotThere(
            Text(
                en=f"`items` names what isn't there for you; there are `{listed}`",
                zh=f"`items` 中有对您不存在的信息项；可用的有 `{listed}`",
            )
        )
    return items


def _field(schema: GraphQLSchema, identifier: str, given: Mapping[str, object], selection: str) -> SharedField:
    """Return the field as a document would have it whose variables are the arguments."""
    definition = _definition(schema, identifier)
    names = [name for name in given if name in definition.args]
    if len(names) < len(given):
        raise _bad("`orderBy` isn't there for this entry")
    declared = ", ".join(f"${name}: {definition.args[name].type}" for name in names)
    passed = ", ".join(f"{name}: ${name}" for name in names)
    head, arguments = (f"query({declared})", f"({passed})") if names else ("query", "")
    (definition_node,) = parse(f"{head} {{ shared {{ {identifier}{arguments} {{ {selection} }} }} }}").definitions
    operation = cast("OperationDefinitionNode", definition_node)
    values = get_variable_values(
        schema, operation.variable_definitions or (), dict(given), max_errors=1, hide_suggestions=True
    )
    if not isinstance(values, VariableValues):
        raise _bad(values[0].message)
    node = _only(_only(operation))
    return SharedField((node,), get_argument_values(definition, node, values), Document({}, {}))


def _definition(schema: GraphQLSchema, identifier: str) -> GraphQLField:
    query = cast("GraphQLObjectType", schema.query_type)
    shared = cast("GraphQLObjectType", get_named_type(query.fields["shared"].type))
    field: GraphQLField = shared.fields[identifier]
    return field


def _only(parent: OperationDefinitionNode | FieldNode) -> FieldNode:
    """Return the one field below a node that was written here."""
    (node,) = cast("SelectionSetNode", parent.selection_set).selections
    return cast("FieldNode", node)


def _bad(message: str) -> BadInput:
    return BadInput(Text(en=message[:2000], zh=f"参数有误：{message[:2000]}"))
