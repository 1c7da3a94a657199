"""Facets of the catalog: what entries can be narrowed by, and how many there are of each value."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from operator import itemgetter

from portal.catalog.entries import CatalogEntry, EntryKind, UpdateCycle
from portal.vocabulary import DepartmentCode, ShareClass


class Facet(IntEnum):
    """What entries can be narrowed by: the place of its value among an entry's."""

    KIND = 0
    PROVIDER = 1
    SHARE_CLASS = 2
    OPEN = 3
    UPDATE_CYCLE = 4
    CLASSIFICATION = 5


ClassPath = tuple[str, ...]
"""A place in the class tree, from its root."""

FacetValue = EntryKind | DepartmentCode | ShareClass | bool | UpdateCycle | ClassPath
FacetValues = tuple[EntryKind, DepartmentCode, ShareClass, bool, UpdateCycle, ClassPath]
"""An entry's value of each facet, in the order of `Facet`."""
FacetCounts = Mapping[Facet, Counter[FacetValue]]
"""How many entries there are of each value."""


@dataclass(frozen=True, slots=True)
class CatalogFilter:
    """What entries are wanted; None takes all. `classification` takes the entries at a place of the tree and below."""

    kind: EntryKind | None = None
    provider: str | None = None
    share_class: ShareClass | None = None
    open: bool | None = None
    update_cycle: UpdateCycle | None = None
    classification: ClassPath | None = None

    def wanted(self) -> tuple[tuple[Facet, object], ...]:
        """Return the facets that are narrowed, each with the value wanted."""
        values = (self.kind, self.provider, self.share_class, self.open, self.update_cycle, self.classification or None)
        return tuple((facet, value) for facet, value in zip(Facet, values, strict=True) if value is not None)


def facet_values(entry: CatalogEntry) -> FacetValues:
    """Return the entry's value of each facet."""
    return (
        entry.kind,
        entry.provider,
        entry.share_class,
        entry.open,
        entry.update_cycle,
        trimmed_path(entry.classification),
    )


def trimmed_path(names: Iterable[str]) -> ClassPath:
    """Return a place in the class tree; levels left empty at its end aren't there."""
    path = tuple(names)
    while path and not path[-1]:
        path = path[:-1]
    return path


def passes(values: FacetValues, wanted: Iterable[tuple[Facet, object]]) -> bool:
    """Return whether the entry with these values is wanted."""
    return all(_has(values[facet], value) for facet, value in wanted)


def _has(value: object, wanted: object) -> bool:
    if isinstance(value, tuple) and isinstance(wanted, tuple):
        return value[: len(wanted)] == wanted
    return value == wanted


def count_facets(entries: Sequence[FacetValues], wanted: Sequence[tuple[Facet, object]]) -> FacetCounts:
    """Return how many entries there are of each value, each facet leaving its own filter aside."""
    narrowed = {facet for facet, _ in wanted}
    passing = [values for values in entries if passes(values, wanted)] if wanted else entries
    counts = {}
    for facet in Facet:
        others = [pair for pair in wanted if pair[0] is not facet]
        counted = [values for values in entries if passes(values, others)] if facet in narrowed else passing
        counts[facet] = Counter[FacetValue](map(itemgetter(facet), counted))
    counts[Facet.CLASSIFICATION] = _with_places_above(counts[Facet.CLASSIFICATION])
    return counts


def _with_places_above(leaves: Counter[FacetValue]) -> Counter[FacetValue]:
    """Return the counts of places in the class tree, those below each included; the root isn't counted."""
    counts: Counter[FacetValue] = Counter()
    for path, count in leaves.items():
        if isinstance(path, tuple):
            counts.update({path[:length]: count for length in range(1, len(path) + 1)})
    return counts
