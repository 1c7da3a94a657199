"""Selection sets with fragments, aliases and `@skip`/`@include` applied: what a document asks of one field."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from graphql.language.ast import (
    BooleanValueNode,
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
)

from portal.errors import BadInput, Text

TYPENAME = "__typename"


Coerce = Callable[[str, FieldNode], Mapping[str, object]]
"""Returns the coerced arguments of a field, given the name of the type that has it. Raises: BadInput."""


def _without_schema(type_name: str, node: FieldNode) -> Mapping[str, object]:
    raise LookupError(type_name, node.name.value)


@dataclass(frozen=True, slots=True)
class Document:
    """What the selections of a validated document refer to: its fragments, and the coerced variables.

    `arguments` coerces those of fields below the root field; only links and groups have any.
    """

    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, object]
    arguments: Coerce = _without_schema


@dataclass(frozen=True, slots=True)
class Selected:
    """One response key: the field that it shows, and the selection sets under it, from every place that names it."""

    key: str
    name: str
    nodes: tuple[FieldNode, ...]


def select_fields(nodes: Iterable[FieldNode], document: Document) -> tuple[Selected, ...]:
    """Return the fields selected below `nodes`, merged by response key, in the order of the document.

    Validation has seen to it that fragments fit their type and that fields of one key agree.
    """
    found: dict[str, list[FieldNode]] = {}
    for node in nodes:
        if node.selection_set is not None:
            for field in _fields(node.selection_set, document, set()):
                found.setdefault(field.alias.value if field.alias else field.name.value, []).append(field)
    return tuple(Selected(key, fields[0].name.value, tuple(fields)) for key, fields in found.items())


def _fields(selection_set: SelectionSetNode, document: Document, spread: set[str]) -> Iterator[FieldNode]:
    for selection in selection_set.selections:
        if not _is_included(selection, document):
            continue
        if isinstance(selection, FieldNode):
            yield selection
        elif isinstance(selection, InlineFragmentNode):
            yield from _fields(selection.selection_set, document, spread)
        elif isinstance(selection, FragmentSpreadNode) and selection.name.value not in spread:
            # A fragment spread twice in one selection set adds nothing the second time.
            spread.add(selection.name.value)
            yield from _fields(document.fragments[selection.name.value].selection_set, document, spread)


def _is_included(selection: SelectionNode, document: Document) -> bool:
    for directive in selection.directives or ():
        met = _condition(directive, document)
        if met is not None and met is (directive.name.value == "skip"):
            return False
    return True


def _condition(directive: DirectiveNode, document: Document) -> bool | None:
    """Return the value of `if`; None for a directive that isn't `@skip` or `@include`. Raises: BadInput."""
    if directive.name.value not in ("skip", "include"):
        return None
    (argument,) = directive.arguments or ()
    value = argument.value
    if not isinstance(value, VariableNode):
        return isinstance(value, BooleanValueNode) and value.value
    met = document.variables[value.name.value]
    if not isinstance(met, bool):
        # Only a variable with a default can be null here; graphql-core refuses it likewise.
        raise BadInput(
            Text(
                en=f"`${value.name.value}` is null; write `true` or `false`",
                zh=f"`${value.name.value}` 为 null，应为 `true` 或 `false`",
            )
        )
    return met
