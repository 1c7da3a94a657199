"""Bounds on a document, before it is validated: found in time linear in the document, fragments counted once each."""

from collections.abc import Mapping
from dataclasses import dataclass, field

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
    measuring = _Measuring(
        {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    )
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            extent = measuring.extent(node.selection_set)
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


@dataclass(frozen=True, slots=True)
class _Measuring:
    """Measures selection sets, each once; a fragment adds to a selection set once, as it does when executed."""

    fragments: Mapping[str, FragmentDefinitionNode]
    measured: dict[int, Extent] = field(default_factory=dict)

    def extent(self, selections: SelectionSetNode) -> Extent:
        """Return the extent of a selection set with its fragments in their places."""
        key = id(selections)
        if key not in self.measured:
            # A fragment inside itself counts as nothing here: validation refuses it.
            self.measured[key] = _NOTHING
            self.measured[key] = self._sum(selections)
        return self.measured[key]

    def _sum(self, selections: SelectionSetNode) -> Extent:
        depth = count = 0
        pending, spread = [selections], set[str]()
        while pending:
            for node in pending.pop().selections:
                if isinstance(node, FieldNode):
                    below = _NOTHING if node.selection_set is None else self.extent(node.selection_set)
                    depth, count = max(depth, below.depth + 1), count + below.selections + 1
                elif isinstance(node, InlineFragmentNode):
                    pending.append(node.selection_set)
                elif isinstance(node, FragmentSpreadNode) and node.name.value not in spread:
                    spread.add(node.name.value)
                    pending.extend(self._body(node.name.value))
        return Extent(depth, count)

    def _body(self, name: str) -> tuple[SelectionSetNode, ...]:
        return (self.fragments[name].selection_set,) if name in self.fragments else ()
