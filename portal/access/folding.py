"""Folding a document: fields that one selection set names again are one field, before validation looks at them all."""

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field

from graphql import GraphQLError
from graphql.language.ast import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    InlineFragmentNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
)

from portal.access.spreading import response_key

_FieldKey = tuple[str, str, Hashable, bool]
"""Response key, name, arguments, and whether anything is selected below: validation is to see where only some do."""


@dataclass(slots=True)
class _Field:
    first: FieldNode
    below: list[SelectionNode] = field(default_factory=list)


def fold_document(document: DocumentNode) -> DocumentNode:
    """Return the document with fields of one name, response key and arguments merged where no fragment stands between.

    `... { a b }` is `a b`. It means the same, to the order of the answer's members. Hundreds of repeated fields would
    otherwise be validated each. Raises: GraphQLError for a selection set without selections.
    """
    definitions = [
        _with_selections(node) if isinstance(node, OperationDefinitionNode | FragmentDefinitionNode) else node
        for node in document.definitions
    ]
    return DocumentNode(definitions=tuple(definitions), loc=document.loc)


def arguments_key(node: FieldNode) -> Hashable:
    """Return what two fields have in common whose arguments are the same, in whatever order they stand."""
    arguments = sorted(node.arguments or (), key=lambda one: one.name.value)
    return tuple((argument.name.value, _value_key(argument.value)) for argument in arguments)


def _value_key(value: ValueNode) -> Hashable:
    if isinstance(value, ListValueNode):
        return value.kind, tuple(map(_value_key, value.values))
    if isinstance(value, ObjectValueNode):
        members = sorted(value.fields, key=lambda one: one.name.value)
        return value.kind, tuple((member.name.value, _value_key(member.value)) for member in members)
    return value.kind, value.name.value if isinstance(value, VariableNode) else getattr(value, "value", None)


def _with_selections(
    node: OperationDefinitionNode | FragmentDefinitionNode,
) -> OperationDefinitionNode | FragmentDefinitionNode:
    members = {key: getattr(node, key) for key in node.keys}
    members["selection_set"] = _fold(node.selection_set)
    return type(node)(**members)


def _fold(selection_set: SelectionSetNode) -> SelectionSetNode:
    return SelectionSetNode(selections=tuple(_merged(_flat(selection_set))), loc=selection_set.loc)


def _flat(selection_set: SelectionSetNode) -> Iterator[SelectionNode]:
    """Yield the selections, those of a fragment that says nothing in its place."""
    if not selection_set.selections:
        raise GraphQLError("a selection set is empty: name at least one field", selection_set)
    for node in selection_set.selections:
        if isinstance(node, InlineFragmentNode) and node.type_condition is None and not node.directives:
            yield from _flat(node.selection_set)
        else:
            yield node


def _merged(selections: Iterable[SelectionNode]) -> Iterator[SelectionNode]:
    run: dict[_FieldKey, _Field] = {}
    for node in selections:
        if isinstance(node, FieldNode) and not node.directives:
            kept = run.setdefault(_key(node), _Field(node))
            if node.selection_set is not None:
                kept.below.extend(_flat(node.selection_set))
            continue
        # What a fragment or a directive adds stands between: merging across it could change the members' order.
        yield from _finished(run)
        run.clear()
        yield _folded_below(node)
    yield from _finished(run)


def _key(node: FieldNode) -> _FieldKey:
    return response_key(node), node.name.value, arguments_key(node), node.selection_set is not None


def _finished(run: dict[_FieldKey, _Field]) -> Iterator[FieldNode]:
    for kept in run.values():
        node = kept.first
        below = SelectionSetNode(selections=tuple(_merged(kept.below))) if kept.below else None
        yield FieldNode(
            name=node.name,
            alias=node.alias,
            arguments=node.arguments,
            directives=node.directives,
            selection_set=below,
            loc=node.loc,
        )


def _folded_below(node: SelectionNode) -> SelectionNode:
    if isinstance(node, FieldNode | InlineFragmentNode) and node.selection_set is not None:
        members = {key: getattr(node, key) for key in node.keys}
        members["selection_set"] = _fold(node.selection_set)
        return type(node)(**members)
    return node
