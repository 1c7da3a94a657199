"""Selection sets with fragments in their places: whatever looks at a whole document walks it so."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping

from graphql.language.ast import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    ValueNode,
)

Fragments = Mapping[str, FragmentDefinitionNode]
"""A document's fragments by name."""


def fragments_of(document: DocumentNode) -> Fragments:
    """Return the document's fragments by name."""
    return {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}


def operations_of(document: DocumentNode) -> tuple[OperationDefinitionNode, ...]:
    """Return the document's operations in their order."""
    return tuple(node for node in document.definitions if isinstance(node, OperationDefinitionNode))


def default_values(operation: OperationDefinitionNode) -> Mapping[str, ValueNode]:
    """Return what an operation's variables are where a request leaves them out, for those that have a default."""
    return {
        node.variable.name.value: node.default_value
        for node in operation.variable_definitions or ()
        if node.default_value is not None
    }


def selections_within(sets: Iterable[SelectionSetNode], fragments: Fragments) -> Iterator[SelectionNode]:
    """Yield the selections of sets that are one, and of the fragments in them, each fragment's once.

    So they are executed too. A fragment that isn't there or is within itself adds nothing: validation refuses it.
    """
    pending, spread = deque(sets), set[str]()
    while pending:
        for node in pending.popleft().selections:
            yield node
            if isinstance(node, InlineFragmentNode):
                pending.append(node.selection_set)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in spread:
                spread.add(node.name.value)
                if node.name.value in fragments:
                    pending.append(fragments[node.name.value].selection_set)


def fields_within(sets: Iterable[SelectionSetNode], fragments: Fragments) -> Iterator[FieldNode]:
    """Yield the fields of selection sets that are one, those of their fragments too."""
    return (node for node in selections_within(sets, fragments) if isinstance(node, FieldNode))


def response_key(field: FieldNode) -> str:
    """Return the name under which the answer shows a field."""
    return (field.alias or field.name).value
