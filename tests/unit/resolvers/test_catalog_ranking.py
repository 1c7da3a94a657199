"""A page of the catalog is cut from places ranked by what they count, ties by code, as the plain definition says."""

import random
from dataclasses import replace

from portal.catalog.entries import CatalogEntry, EntryKind
from portal.catalog.facets import CatalogFilter, facet_values
from portal.resolvers.catalog import rank_places
from portal.resolvers.shelves import Shelf
from portal.vocabulary import EntryCode, Subject
from tests.fixtures.counted import Counted
from tests.policies.building import entry


def shelf(drawn: random.Random) -> Shelf:
    """Return a shelf of drawn entries in the order of codes."""
    entries = tuple(
        replace(entry(), code=EntryCode(f"{code:05}"), kind=drawn.choice(list(EntryKind)), open=drawn.random() < 0.5)
        for code in range(300)
    )
    return Shelf(Subject(None), entries, tuple(map(facet_values, entries)), {})


def is_wanted(one: CatalogEntry, narrowed: CatalogFilter) -> bool:
    return narrowed.kind in (None, one.kind) and narrowed.open in (None, one.open)


FILTERS = (
    CatalogFilter(),
    *(CatalogFilter(kind=kind) for kind in EntryKind),
    *(CatalogFilter(kind=kind, open=is_open) for kind in EntryKind for is_open in (True, False)),
)


def test_ranking_is_the_order_of_codes_when_nothing_is_searched_for() -> None:
    searched = shelf(random.Random(4))
    for narrowed in FILTERS:
        wanted = [place for place, one in enumerate(searched.entries) if is_wanted(one, narrowed)]
        assert list(rank_places(None, searched, narrowed)) == wanted


def test_searches_look_at_every_entry_once_however_often_they_are_narrowed_and_counted() -> None:
    searched = shelf(random.Random(5))
    values = searched.values = Counted(searched.values)
    for _ in range(5):
        rank_places(None, searched, CatalogFilter())
        rank_places({3: 1, 7: 2}, searched, CatalogFilter())
    assert values.looked == 0
    for _ in range(5):
        rank_places({3: 1, 7: 2}, searched, CatalogFilter(kind=EntryKind.BASIC, open=True))
        rank_places({3: 1, 7: 2}, searched, CatalogFilter(kind=EntryKind.BASIC))
    assert values.looked == 2 * len(values)
    counted = searched.counts_of_all()
    looked = values.looked
    assert searched.counts_of_all() is counted
    assert values.looked == looked


def test_ranking_agrees_with_the_plain_definition_on_drawn_hits_and_filters() -> None:
    drawn = random.Random(3)
    searched = shelf(drawn)
    for narrowed in FILTERS:
        for count in (0, 1, 40, 300):
            hits = {place: drawn.randint(0, 50) for place in drawn.sample(range(300), count)}
            wanted = [place for place in hits if is_wanted(searched.entries[place], narrowed)]
            plain = sorted(wanted, key=lambda place: (-hits[place], searched.entries[place].code))
            assert [number & (1 << 32) - 1 for number in rank_places(hits, searched, narrowed)] == plain
