"""The catalog's root fields: one entry by code, and the catalog with search, filters and pages."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import compress

from portal.catalog.entries import CatalogEntry, EntryKind, UpdateCycle
from portal.catalog.facets import CatalogFilter, count_facets, trimmed_path
from portal.catalog.search import Hits, parse_words
from portal.conditions.values import check_text
from portal.errors import BadInput, Text
from portal.resolvers.context import RequestContext
from portal.resolvers.interface_description import describe_interface
from portal.resolvers.prospects import ItemDecisions
from portal.resolvers.shelves import Shelf
from portal.schema.catalog_values import OnDemand, entry_value, facets_value, is_in_catalog
from portal.schema.static import CatalogConnectionType, CatalogEdgeType, CatalogFacetsType, EntryType, PageInfoType
from portal.vocabulary import EntryCode, ShareClass

PAGE_LIMIT = 1000
DEFAULT_PAGE = 100

_CURSOR = re.compile(r"([0-9]{1,4}) (.*)", re.ASCII | re.DOTALL)

_PLACE_BITS = 32
_PLACE_MASK = (1 << _PLACE_BITS) - 1
_Rank = tuple[int, str]
"""Where an entry stands in a result: what it counts, negated, then its code."""


@dataclass(frozen=True, slots=True)
class CatalogQuestion:
    """What a page of the catalog is asked for, as it came; None is left out, and a blank `search` too."""

    search: str | None = None
    kind: EntryKind | None = None
    provider: str | None = None
    share_class: ShareClass | None = None
    open: bool | None = None
    update_cycle: UpdateCycle | None = None
    classification: list[str] | None = None
    first: int | None = None
    after: str | None = None

    @property
    def is_search(self) -> bool:
        """True where entries are ranked by what they count, not by code alone."""
        return bool(self.search and self.search.strip())

    @property
    def filter(self) -> CatalogFilter:
        """The facets that the page is narrowed by."""
        place = trimmed_path(self.classification or ())
        return CatalogFilter(self.kind, self.provider, self.share_class, self.open, self.update_cycle, place)

    def check_texts(self) -> None:
        """Raise BadInput for a text that can't be stored or sent."""
        for text in (self.search, self.provider, self.after, *(self.classification or ())):
            check_text(text or "")


def find_entry(context: RequestContext, code: str) -> EntryType | None:
    """Return the entry of that code; None where it isn't known to the subject, or not at all."""
    state = context.point.snapshot.state_by_code.get(EntryCode(code))
    if state is None or not is_in_catalog(state.entry, context.subject):
        return None
    answers = context.made.answers.get(state.entry.code)
    if answers is None:
        # However often a document asks for the entry, its items are decided once and its interface described once.
        described = cache(partial(describe_interface, context, state.entry.code))
        answers = OnDemand(ItemDecisions(context, state.entry.code), described)
        context.made.answers[state.entry.code] = answers
    return entry_value(state.entry, context.subject, context.point.snapshot, context.now, answers)


async def list_entries(context: RequestContext, question: CatalogQuestion) -> CatalogConnectionType:
    """Return a page of the catalog, in the order of codes, or ranked by a search with ties by code.

    Raises: BadInput.
    """
    question.check_texts()
    rows = _page_size(question.first)
    after = _parse_cursor(question)
    shelf = await context.shelves.shelf(context.point.snapshot, context.subject)
    hits = await _hits(shelf, question)
    found = rank_places(hits, shelf, question.filter)
    start = 0 if after is None else bisect_right(found, _number_after(after, shelf))
    page = [number & _PLACE_MASK for number in found[start : start + rows]]
    nodes = _node_values(context, (shelf.entries[place] for place in page))
    weights = (0 if hits is None else hits[place] for place in page)
    codes = (shelf.entries[place].code for place in page)
    cursors = [_cursor(weight, code, question) for weight, code in zip(weights, codes, strict=True)]
    return CatalogConnectionType(
        nodes=nodes,
        edges=[CatalogEdgeType(cursor=cursor, node=node) for cursor, node in zip(cursors, nodes, strict=True)],
        page_info=PageInfoType(has_next_page=len(found) > start + rows, end_cursor=cursors[-1] if cursors else None),
        total_count=len(found),
        counted=_count_later(context, shelf, hits, question.filter),
    )


def rank_places(hits: Hits | None, shelf: Shelf, narrowed: CatalogFilter) -> Sequence[int]:
    """Return the places of the hits (None: of all) that pass the filter, the weightiest first, ties by code.

    Each is one number, ascending: what the entry counts, negated, above the bits of its place.
    # INVARIANT: the order of places in a shelf is that of codes.
    """
    passing = shelf.passing(narrowed.wanted())
    if hits is None:
        places = range(len(shelf.entries))
        return places if passing is None else list(compress(places, passing))
    if passing is None:
        return sorted([place - (weight << _PLACE_BITS) for place, weight in hits.items()])
    return sorted([place - (weight << _PLACE_BITS) for place, weight in hits.items() if passing[place]])


def _number_after(rank: _Rank, shelf: Shelf) -> int:
    """Return the greatest number, as of `rank_places`, of what stands at the rank or before it."""
    weight, code = rank
    before = bisect_right(shelf.entries, code, key=lambda entry: entry.code)
    return before - 1 + (weight << _PLACE_BITS)


def _page_size(first: int | None) -> int:
    rows = DEFAULT_PAGE if first is None else first
    if not 1 <= rows <= PAGE_LIMIT:
        raise BadInput(
            Text(en=f"`first` is {rows}; write 1 to {PAGE_LIMIT}", zh=f"`first` 为 {rows}，应为 1 至 {PAGE_LIMIT}")
        )
    return rows


async def _hits(shelf: Shelf, question: CatalogQuestion) -> Hits | None:
    """Return the places of the entries that the search finds, each with what it counts; None, for all, without one."""
    words = parse_words(question.search or "")
    if not question.is_search:
        return None
    return (await shelf.index()).find(words) if words else {}


def _cursor(weight: int, code: EntryCode, question: CatalogQuestion) -> str:
    return f"{weight} {code}" if question.is_search else code


def _parse_cursor(question: CatalogQuestion) -> _Rank | None:
    """Return the rank of the entry that the page is to follow, whether or not it is still there."""
    if question.after is None:
        return None
    if not question.is_search:
        return 0, question.after
    parts = _CURSOR.fullmatch(question.after)
    if parts is None:
        raise BadInput(
            Text(
                en="`after` is no cursor of a search; take `endCursor` as it was given",
                zh="`after` 不是检索结果的游标；请原样使用返回的 `endCursor`",
            )
        )
    return -int(parts[1]), parts[2]


def _node_values(context: RequestContext, entries: Iterable[CatalogEntry]) -> list[EntryType]:
    snapshot = context.point.snapshot
    return [entry_value(entry, context.subject, snapshot, context.now) for entry in entries]


def _count_later(
    context: RequestContext, shelf: Shelf, hits: Hits | None, narrowed: CatalogFilter
) -> Callable[[], CatalogFacetsType]:
    """Return what counts the facets; it is done only where they are asked for."""
    departments, wanted = context.point.snapshot.registry.departments, narrowed.wanted()

    def count() -> CatalogFacetsType:
        if hits is None and not wanted:
            return facets_value(shelf.counts_of_all(), departments)
        values = shelf.values if hits is None else [shelf.values[place] for place in hits]
        return facets_value(count_facets(values, wanted), departments)

    return count
