"""The bound on how much a document asks of the catalog: values in the answer, counted before it is made (T71)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from graphql.language.ast import (
    DocumentNode,
    FieldNode,
    IntValueNode,
    SelectionSetNode,
    VariableNode,
)
from graphql.utilities import get_operation_ast

from portal.access.spreading import Fragments, default_values, fields_within, fragments_of
from portal.catalog.entries import CatalogEntry
from portal.errors import Text, TooComplex

_ROOTS = frozenset({"catalog", "catalogEntry", "explain"})
_PAGES = frozenset({"nodes", "edges"})
_DEFAULT_PAGE = 100
_USUAL = {"hierarchies": 10, "levels": 10, "links": 10, "relatedEntries": 10, "records": 20}
"""Lists of which a subject may know a part: they count as long as they hardly ever are."""
_WRITTEN = {"interfaceDescription": 200}
"""Fields whose value is as long as so many others."""


@dataclass(frozen=True, slots=True)
class CatalogSizes:
    """How long the lists can be that catalog fields answer: entries, and the longest of each kind below an entry."""

    entries: int
    facets: int
    below: Mapping[str, int]


def catalog_sizes(shown: Sequence[tuple[CatalogEntry, int]], purposes: int) -> CatalogSizes:
    """Return the sizes of lists over the entries that a subject may know of, each with how many of its items.

    # INVARIANT: a refusal tells them, so nothing else may count: no hidden entry or item, and no record of a policy.
    """
    classifications = {entry.classification for entry, _ in shown}
    places = {place for names in classifications for place in accumulate((name,) for name in names)}
    return CatalogSizes(
        entries=max(1, len(shown)),
        facets=max(10, len(places), len({entry.provider for entry, _ in shown})),
        below={"items": max((items for _, items in shown), default=1), "purposes": purposes + 1},
    )


def check_catalog_cells(
    document: DocumentNode,
    name: str | None,
    variables: Mapping[str, object] | None,
    sizes: CatalogSizes,
    allowed: int,
) -> None:
    """Raise TooComplex for a document whose catalog fields could be answered with more values than allowed."""
    operation = get_operation_ast(document, name)
    if operation is None:
        return
    weighing = _Weighing(fragments_of(document), {**default_values(operation), **(variables or {})}, sizes)
    roots = fields_within((operation.selection_set,), weighing.fragments)
    cells = sum(weighing.cells(node, 1) for node in roots if node.name.value in _ROOTS)
    if cells > allowed:
        raise TooComplex(
            Text(
                en=f"up to {cells} values of the catalog are more than the {allowed} allowed; "
                "ask for fewer entries with `first`, for fewer fields, or in several requests",
                zh=f"至多 {cells} 个目录值，超过上限 {allowed}；请减小 `first`、少取字段，或分几次请求",
            )
        )


@dataclass(frozen=True, slots=True)
class _Weighing:
    """Weighs fields, each selection set once for each length that the page around it has."""

    fragments: Fragments
    variables: Mapping[str, object]
    sizes: CatalogSizes
    weighed: dict[tuple[int, int], int] = field(default_factory=dict)

    def cells(self, node: FieldNode, page: int) -> int:
        """Return how many values the field is answered with, at the most."""
        name = node.name.value
        if node.selection_set is None:
            return _WRITTEN.get(name, 1)
        if name == "catalog":
            page = self._page(node)
        return 1 + self._length(name, page) * self._below(node.selection_set, page)

    def _length(self, name: str, page: int) -> int:
        if name in _PAGES:
            return page
        return self.sizes.facets if name == "facets" else self.sizes.below.get(name, _USUAL.get(name, 1))

    def _below(self, selections: SelectionSetNode, page: int) -> int:
        key = id(selections), page
        if key not in self.weighed:
            # A fragment inside itself weighs nothing here: validation refuses it.
            self.weighed[key] = 0
            self.weighed[key] = sum(self.cells(node, page) for node in fields_within((selections,), self.fragments))
        return self.weighed[key]

    def _page(self, node: FieldNode) -> int:
        value: object = None
        for argument in node.arguments or ():
            if argument.name.value == "first":
                value = argument.value
        if isinstance(value, VariableNode):
            value = self.variables.get(value.name.value)
        if isinstance(value, IntValueNode):
            value = int(value.value) if len(value.value) < len(str(10**9)) else self.sizes.entries
        # More than the entries there are, or a number that will be refused, can't be answered with more than all.
        first = abs(value) if isinstance(value, int) else _DEFAULT_PAGE
        return min(first, self.sizes.entries)
