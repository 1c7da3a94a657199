"""The catalog as a subject may search it: its entries, their facets and their index, kept while they stay the same."""

import asyncio
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import and_

from portal.access.kept import Kept
from portal.access.snapshots import SnapshotKeeper
from portal.catalog.entries import CatalogEntry
from portal.catalog.facets import Facet, FacetCounts, FacetValues, count_facets, facet_values, passes
from portal.catalog.index_layers import CatalogIndex, index_catalog
from portal.catalog.search import SearchDocument, search_document
from portal.catalog.turns import in_turns
from portal.policies.decision_point import DecisionPoint
from portal.policies.snapshot import Snapshot
from portal.schema.catalog_values import is_in_catalog, shown_items
from portal.vocabulary import PUBLIC, DepartmentCode, EntryCode, Subject

_KEPT_SHELVES = 4
_KEPT_FILTERS = 32
"""Values of facets whose entries are looked up once: whoever looks for them goes from page to page."""
_DEPARTMENTS = Subject(department=DepartmentCode("all"))
"""Stands for all departments, which may search the same."""


@dataclass(slots=True)
class Shelf:
    """The entries that a subject may know of, in the order of codes, with their facets; the index when first asked for.

    # INVARIANT: a text that the subject may not see is in none of them, so that no search finds it.
    """

    subject: Subject
    entries: tuple[CatalogEntry, ...]
    values: Sequence[FacetValues]
    provider_names: dict[DepartmentCode, str]
    _former: "IndexedShelf | None" = None
    _indexed: "IndexedShelf | None" = None
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _counted: FacetCounts | None = None
    _having: Kept[bytes] = field(default_factory=lambda: Kept(_KEPT_FILTERS))

    def counts_of_all(self) -> FacetCounts:
        """Return how many entries there are of each value, counted when first asked for."""
        if self._counted is None:
            self._counted = count_facets(self.values, ())
        return self._counted

    def passing(self, wanted: Sequence[tuple[Facet, object]]) -> bytes | None:
        """Return an octet for each place, 1 where the entry is wanted, else 0; None takes all."""
        if not wanted:
            return None
        first, *others = (self._with(*one) for one in wanted)
        for other in others:
            first = bytes(map(and_, first, other))
        return first

    def _with(self, facet: Facet, value: object) -> bytes:
        kept = self._having.find((facet, value))
        if kept is not None:
            return kept
        one = ((facet, value),)
        return self._having.keep((facet, value), bytes(passes(values, one) for values in self.values))

    async def index(self) -> CatalogIndex:
        """Return the index, made in a thread, so that other requests are answered meanwhile."""
        async with self._lock:
            if self._indexed is None:
                self._indexed = await asyncio.to_thread(self._build, self._former)
                self._former = None
            return self._indexed.index

    @property
    def latest_indexed(self) -> "IndexedShelf | None":
        """What a shelf that follows on this one need not index again."""
        return self._indexed or self._former

    def _build(self, former: "IndexedShelf | None") -> "IndexedShelf":
        documents = {entry.code: self._document(entry, former) for entry in in_turns(self.entries)}
        index = index_catalog(tuple(documents.values()), None if former is None else former.index)
        return IndexedShelf({entry.code: entry for entry in self.entries}, documents, self.provider_names, index)

    def _document(self, entry: CatalogEntry, former: "IndexedShelf | None") -> SearchDocument:
        name = self.provider_names.get(entry.provider, entry.provider)
        known = None if former is None else former.document_of(entry, name)
        return known or search_document(entry, shown_items(entry, self.subject), name)


@dataclass(frozen=True, slots=True)
class IndexedShelf:
    """What the entries of a shelf are found by, from which a shelf that follows takes those that didn't change."""

    entries: Mapping[EntryCode, CatalogEntry]
    documents: Mapping[EntryCode, SearchDocument]
    provider_names: Mapping[DepartmentCode, str]
    index: CatalogIndex

    def document_of(self, entry: CatalogEntry, provider_name: str) -> SearchDocument | None:
        """Return the entry's document; None where the entry or its provider's name was another one."""
        known = self.entries.get(entry.code)
        is_same = known is entry or known == entry
        if is_same and self.provider_names.get(entry.provider, entry.provider) == provider_name:
            return self.documents[entry.code]
        return None


@dataclass(frozen=True)
class CatalogShelves:
    """Keeps the shelf of the public and that of the departments; a change of policy alone makes no other."""

    _by_epoch: Kept[Shelf] = field(default_factory=lambda: Kept(_KEPT_SHELVES))
    _by_content: Kept[Shelf] = field(default_factory=lambda: Kept(_KEPT_SHELVES))
    _latest: dict[bool, Shelf] = field(default_factory=dict)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def shelf(self, snapshot: Snapshot, subject: Subject) -> Shelf:
        """Return what the subject may search: all departments see the same."""
        key = snapshot.epoch, subject.is_public
        kept = self._by_epoch.find(key)
        if kept is None:
            async with self._lock:
                kept = self._by_epoch.find(key) or self._by_epoch.keep(key, await self._of_content(snapshot, subject))
        return kept

    async def _of_content(self, snapshot: Snapshot, subject: Subject) -> Shelf:
        # A large catalog takes tenths of a second to look through, in which other requests are answered.
        key = await asyncio.to_thread(_content_key, snapshot, subject)
        kept = self._by_content.find(key)
        if kept is None:
            # INVARIANT: the public's shelf follows on the public's alone, for its documents hold what is open alone.
            former = self._latest.get(subject.is_public)
            known = None if former is None else former.latest_indexed
            kept = await asyncio.to_thread(_shelf, snapshot, subject, known)
            self._by_content.keep(key, kept)
            self._latest[subject.is_public] = kept
        return kept


async def keep_indexed(keeper: SnapshotKeeper, shelves: CatalogShelves) -> None:
    """Index the catalog of each epoch as soon as it was read, until cancelled: nobody who searches is to wait."""
    point: DecisionPoint | None = None
    while True:
        point = await keeper.after(point)
        for subject in (_DEPARTMENTS, PUBLIC):
            await (await shelves.shelf(point.snapshot, subject)).index()


def _content_key(snapshot: Snapshot, subject: Subject) -> Hashable:
    # The provider by itself: that of an entry that didn't change changes with a succession.
    states = tuple(
        (state.entry.code, state.version, state.removed, state.entry.provider)
        for state in in_turns(snapshot.content.entries)
    )
    names = tuple((department.code, department.name) for department in snapshot.registry.departments.values())
    return subject.is_public, states, names


def _shelf(snapshot: Snapshot, subject: Subject, former: IndexedShelf | None) -> Shelf:
    states = in_turns(snapshot.content.entries)
    entries = tuple(state.entry for state in states if is_in_catalog(state.entry, subject))
    names = {code: department.name for code, department in snapshot.registry.departments.items()}
    return Shelf(subject, entries, tuple(map(facet_values, in_turns(entries))), names, former)
