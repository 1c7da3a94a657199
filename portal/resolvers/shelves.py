"""The catalog as a subject may search it: its entries, their facets and their index, kept while they stay the same."""

import asyncio
from collections.abc import Hashable
from dataclasses import dataclass, field

from portal.access.kept import Kept
from portal.catalog.entries import CatalogEntry
from portal.catalog.facets import FacetValues, facet_values
from portal.catalog.search import SearchDocument, SearchIndex, build_index, search_document
from portal.policies.snapshot import Snapshot
from portal.schema.catalog_values import is_in_catalog, shown_items
from portal.vocabulary import DepartmentCode, Subject

_KEPT_SHELVES = 4


@dataclass(slots=True)
class Shelf:
    """The entries that a subject may know of, in the order of codes, with their facets; the index when first asked for.

    # INVARIANT: a text that the subject may not see is in none of them, so that no search finds it.
    """

    subject: Subject
    entries: tuple[CatalogEntry, ...]
    values: tuple[FacetValues, ...]
    provider_names: dict[DepartmentCode, str]
    _index: SearchIndex | None = None
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def index(self) -> SearchIndex:
        """Return the index, made in a thread, so that other requests are answered meanwhile."""
        async with self._lock:
            if self._index is None:
                self._index = await asyncio.to_thread(self._build)
            return self._index

    def _build(self) -> SearchIndex:
        return build_index([self._document(entry) for entry in self.entries])

    def _document(self, entry: CatalogEntry) -> SearchDocument:
        name = self.provider_names.get(entry.provider, entry.provider)
        return search_document(entry, shown_items(entry, self.subject), name)


@dataclass(frozen=True)
class CatalogShelves:
    """Keeps the shelf of the public and that of the departments; a change of policy alone makes no other."""

    _by_epoch: Kept[Shelf] = field(default_factory=lambda: Kept(_KEPT_SHELVES))
    _by_content: Kept[Shelf] = field(default_factory=lambda: Kept(_KEPT_SHELVES))

    def shelf(self, snapshot: Snapshot, subject: Subject) -> Shelf:
        """Return what the subject may search: all departments see the same."""
        key = snapshot.epoch, subject.is_public
        kept = self._by_epoch.find(key)
        return kept if kept is not None else self._by_epoch.keep(key, self._of_content(snapshot, subject))

    def _of_content(self, snapshot: Snapshot, subject: Subject) -> Shelf:
        key = _content_key(snapshot, subject)
        kept = self._by_content.find(key)
        return kept if kept is not None else self._by_content.keep(key, _shelf(snapshot, subject))


def _content_key(snapshot: Snapshot, subject: Subject) -> Hashable:
    # The provider by itself: that of an entry that didn't change changes with a succession.
    states = tuple(
        (state.entry.code, state.version, state.removed, state.entry.provider) for state in snapshot.content.entries
    )
    names = tuple((department.code, department.name) for department in snapshot.registry.departments.values())
    return subject.is_public, states, names


def _shelf(snapshot: Snapshot, subject: Subject) -> Shelf:
    entries = tuple(state.entry for state in snapshot.content.entries if is_in_catalog(state.entry, subject))
    names = {code: department.name for code, department in snapshot.registry.departments.items()}
    return Shelf(subject, entries, tuple(map(facet_values, entries)), names)
