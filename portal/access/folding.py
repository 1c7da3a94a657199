"""Folding a document: fields that one selection set names again are one field, before validation compares them all."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from graphql import GraphQLError
from graphql.language import print_ast
from graphql.language.ast import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)

_FieldKey = tuple[str, str, str, bool]
"""Response key, name, arguments, and whether anything is selected below: validation is to see where only some do."""


@dataclass(slots=True)
class _Field:
    first: FieldNode
    below: list[SelectionNode] = field(default_factory=list)


def fold_document(document: DocumentNode) -> DocumentNode:
    """Return the document with fields of one name, response key and arguments merged where no fragment stands between.

    It means the same, to the order of the answer's members. Hundreds of repeated fields would otherwise exhaust what
    validation spends on comparing them. Raises: GraphQLError for a selection set without selections.
    """
    definitions = [
        _with_selections(node) if isinstance(node, OperationDefinitionNode | FragmentDefinitionNode) else node
        for node in document.definitions
    ]
    return DocumentNode(definitions=tuple(definitions), loc=document.loc)


def _with_selections(
    node: OperationDefinitionNode | FragmentDefinitionNode,
) -> OperationDefinitionNode | FragmentDefinitionNode:
    members = {key: getattr(node, key) for key in node.keys}
    members["selection_set"] = _fold(node.selection_set)
    return type(node)(**members)


def _fold(selection_set: SelectionSetNode) -> SelectionSetNode:
    if not selection_set.selections:
        raise GraphQLError("a selection set is empty: name at least one field", selection_set)
    return SelectionSetNode(selections=tuple(_merged(selection_set.selections)), loc=selection_set.loc)


def _merged(selections: Iterable[SelectionNode]) -> Iterator[SelectionNode]:
    run: dict[_FieldKey, _Field] = {}
    for node in selections:
        if isinstance(node, FieldNode) and not node.directives:
            kept = run.setdefault(_key(node), _Field(node))
            if node.selection_set is not None:
                kept.below.extend(_checked(node.selection_set))
            continue
        # What a fragment or a directive adds stands between: merging across it could change the members' order.
        yield from _finished(run)
        run.clear()
        yield _folded_below(node)
    yield from _finished(run)


def _checked(selection_set: SelectionSetNode) -> tuple[SelectionNode, ...]:
    if not selection_set.selections:
        raise GraphQLError("a selection set is empty: name at least one field", selection_set)
    return selection_set.selections


def _key(node: FieldNode) -> _FieldKey:
    arguments = " ".join(sorted(print_ast(argument) for argument in node.arguments or ()))
    return (node.alias or node.name).value, node.name.value, arguments, node.selection_set is not None


def _finished(run: dict[_FieldKey, _Field]) -> Iterator[FieldNode]:
    for kept in run.values():
        node = kept.first
        below = SelectionSetNode(selections=tuple(kept.below)) if kept.below else None
        yield FieldNode(
            name=node.name,
            alias=node.alias,
            arguments=node.arguments,
            directives=node.directives,
            selection_set=None if below is None else _fold(below),
            loc=node.loc,
        )


def _folded_below(node: SelectionNode) -> SelectionNode:
    if isinstance(node, FieldNode | InlineFragmentNode) and node.selection_set is not None:
        members = {key: getattr(node, key) for key in node.keys}
        members["selection_set"] = _fold(node.selection_set)
        return type(node)(**members)
    return node
