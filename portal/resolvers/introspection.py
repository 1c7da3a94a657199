"""The bound on what a document asks of the schema: its answer is counted before it is made (T70)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLSchema,
    StringValueNode,
    VariableNode,
)
from graphql.language.ast import SelectionSetNode
from graphql.type import is_wrapping_type
from graphql.utilities import get_operation_ast

from portal.access.spreading import Fragments, default_values, fields_within, fragments_of
from portal.errors import Text, TooComplex

_Shown = Sequence[object]
"""Parts of the schema that one selection set is answered for: types, fields, arguments, values."""


def check_introspection(
    schema: GraphQLSchema, document: DocumentNode, name: str | None, variables: Mapping[str, object], allowed: int
) -> None:
    """Raise TooComplex where a valid document asks for more than `allowed` values for each part of the schema.

    Parts are types, fields, arguments and values of enumerations; the usual introspection asks for 14 of each.
    """
    operation = get_operation_ast(document, name)
    if operation is None:
        return
    fragments = fragments_of(document)
    known = {**default_values(operation), **variables}
    asked = [
        (node.selection_set, _asked_for(schema, node, known))
        for node in fields_within((operation.selection_set,), fragments)
        if node.selection_set is not None and node.name.value in ("__schema", "__type")
    ]
    if asked:
        counting = _Counting(fragments, allowed * sum(1 for _ in _parts(schema)))
        for selections, shown in asked:
            counting.count(selections, shown)


def _asked_for(schema: GraphQLSchema, node: FieldNode, variables: Mapping[str, object]) -> _Shown:
    if node.name.value == "__schema":
        return (schema,)
    (argument,) = node.arguments or ()
    value: object = argument.value
    named = variables.get(value.name.value) if isinstance(value, VariableNode) else value
    if isinstance(named, StringValueNode):
        named = named.value
    return (schema.type_map[named],) if isinstance(named, str) and named in schema.type_map else ()


def _parts(schema: GraphQLSchema) -> Iterator[object]:
    types = tuple(schema.type_map.values())
    yield from types
    for name in ("inputFields", "enumValues"):
        yield from _below(name, types)
    fields = tuple(_below("fields", types))
    yield from fields
    yield from _below("args", fields)


@dataclass(slots=True)
class _Counting:
    """Counts the values that selection sets are answered with, up to what is allowed."""

    fragments: Fragments
    allowed: int
    found: int = 0

    def count(self, selections: SelectionSetNode, shown: _Shown) -> None:
        """Add the values that are shown of these parts of the schema. Raises: TooComplex."""
        below: dict[str, _Shown] = {}
        for node in fields_within((selections,), self.fragments):
            self.found += len(shown)
            if self.found > self.allowed:
                raise _too_much(self.found, self.allowed)
            if node.selection_set is not None and shown:
                name = node.name.value
                if name not in below:
                    below[name] = tuple(_below(name, shown))
                self.count(node.selection_set, below[name])


def _too_much(found: int, allowed: int) -> TooComplex:
    return TooComplex(
        Text(
            en=f"at least {found} values of the schema are more than the {allowed} allowed; ask for it once, "
            "as the usual introspection does",
            zh=f"所请求的模式内容至少为 {found} 个值，超过上限 {allowed}；请只请求一次，如通常的内省查询那样",
        )
    )


def _below(name: str, shown: Iterable[object]) -> Iterator[object]:  # noqa: C901  one case a field
    """Yield what an introspection field shows of parts of the schema. None of its types has interfaces."""
    for part in shown:
        match name, part:
            case "types", GraphQLSchema():
                yield from part.type_map.values()
            case "queryType", GraphQLSchema():
                yield part.query_type
            case "directives", GraphQLSchema():
                yield from part.directives
            case "fields", GraphQLObjectType():
                yield from part.fields.values()
            case "inputFields", GraphQLInputObjectType():
                yield from part.fields.values()
            case "enumValues", GraphQLEnumType():
                yield from part.values.values()
            case "args", _:
                yield from getattr(part, "args", {}).values()
            case "type", _:
                yield getattr(part, "type", None)
            case "ofType", _ if is_wrapping_type(part):
                yield part.of_type
