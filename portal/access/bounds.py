"""Bounds on a document, before it is validated: found in time linear in the document, fragments counted once each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from graphql.language.ast import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from portal.errors import Text, TooComplex


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a document may have: tokens, depth of fields, and selections after fragments are put in their places."""

    tokens: int
    depth: int
    selections: int


@dataclass(frozen=True, slots=True)
class Extent:
    """How deep and how wide a selection set is."""

    depth: int
    selections: int


_NOTHING = Extent(0, 0)


def check_bounds(document: DocumentNode, bounds: Bounds) -> None:
    """Raise TooComplex, saying which bound and by how much, for a document beyond its bounds."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    measured: dict[str, Extent | None] = {}
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            extent = _measure(node.selection_set, fragments, measured)
            _hold("depth", "层数", extent.depth, bounds.depth)
            _hold("selections", "选择数", extent.selections, bounds.selections)


def _hold(en: str, zh: str, found: int, allowed: int) -> None:
    if found > allowed:
        raise TooComplex(
            Text(
                en=f"{found} {en} are more than the {allowed} allowed; ask for less, or in several requests",
                zh=f"{zh}为 {found}，超过上限 {allowed}；请减少内容，或分几次请求",
            )
        )


def _measure(
    selections: SelectionSetNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    measured: dict[str, Extent | None],
) -> Extent:
    return _sum(_measure_one(node, fragments, measured) for node in selections.selections)


def _sum(extents: Iterable[Extent]) -> Extent:
    depth = selections = 0
    for extent in extents:
        depth, selections = max(depth, extent.depth), selections + extent.selections
    return Extent(depth, selections)


def _measure_one(
    node: object, fragments: Mapping[str, FragmentDefinitionNode], measured: dict[str, Extent | None]
) -> Extent:
    if isinstance(node, FieldNode):
        below = _NOTHING if node.selection_set is None else _measure(node.selection_set, fragments, measured)
        return Extent(below.depth + 1, below.selections + 1)
    if isinstance(node, InlineFragmentNode):
        return _measure(node.selection_set, fragments, measured)
    if isinstance(node, FragmentSpreadNode) and node.name.value in fragments:
        return _measure_fragment(node.name.value, fragments, measured)
    return _NOTHING


def _measure_fragment(
    name: str, fragments: Mapping[str, FragmentDefinitionNode], measured: dict[str, Extent | None]
) -> Extent:
    if name not in measured:
        # A fragment inside itself counts as nothing here: validation refuses it.
        measured[name] = None
        measured[name] = _measure(fragments[name].selection_set, fragments, measured)
    return measured[name] or _NOTHING
