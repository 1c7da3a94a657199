"""A page of the catalog is cut from places ranked by what they count, ties by code, as the plain definition says."""

import random
from dataclasses import replace

from portal.catalog.entries import EntryKind
from portal.catalog.facets import CatalogFilter, facet_values
from portal.resolvers.catalog import rank_places
from portal.resolvers.shelves import Shelf
from portal.vocabulary import EntryCode, Subject
from tests.policies.building import entry


def shelf(drawn: random.Random) -> Shelf:
    """Return a shelf of drawn entries in the order of codes."""
    entries = tuple(
        replace(entry(), code=EntryCode(f"{code:05}"), kind=drawn.choice(list(EntryKind))) for code in range(300)
    )
    return Shelf(Subject(None), entries, tuple(map(facet_values, entries)), {})


def test_ranking_agrees_with_the_plain_definition_on_drawn_hits_and_filters() -> None:
    drawn = random.Random(3)
    searched = shelf(drawn)
    for narrowed in (CatalogFilter(), *(CatalogFilter(kind=kind) for kind in EntryKind)):
        for count in (0, 1, 40, 300):
            hits = {place: drawn.randint(0, 50) for place in drawn.sample(range(300), count)}
            wanted = [place for place in hits if narrowed.kind is None or searched.entries[place].kind is narrowed.kind]
            plain = sorted(wanted, key=lambda place: (-hits[place], searched.entries[place].code))
            assert [number & (1 << 32) - 1 for number in rank_places(hits, searched, narrowed)] == plain
