"""The index of a catalog that changes: what was indexed stays, and what was changed since is indexed beside it."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from portal.catalog.search import Hits, SearchDocument, SearchIndex, build_index, find_documents

_RECENT_SHARE = 8
"""Where more than one document in so many isn't in the former index, all are indexed together again."""
_GONE = -1


@dataclass(frozen=True, slots=True)
class IndexLayer:
    """An index, and where each of its documents stands in the catalog now; -1 for what isn't in it any more."""

    index: SearchIndex
    places: "array[int]"


@dataclass(frozen=True, slots=True)
class CatalogIndex:
    """What the documents of a catalog are found by.

    # INVARIANT: each place of the catalog is in one layer, once; what left the catalog is found in none.
    """

    former: IndexLayer
    recent: IndexLayer

    def find(self, words: Sequence[str]) -> Hits:
        """Return the places in the catalog that have every word, and the sum of each word's best weight there."""
        return {**_find_in(self.former, words), **_find_in(self.recent, words)}


def index_catalog(documents: Sequence[SearchDocument], known: CatalogIndex | None = None) -> CatalogIndex:
    """Return the index of the documents, in the order of codes; of those that `known` has nothing is read again.

    A document counts as known where it is the very same value, not one that is alike.
    """
    places = {} if known is None else {id(document): at for at, document in enumerate(known.former.index.documents)}
    recent = [place for place, document in enumerate(documents) if id(document) not in places]
    if known is None or len(recent) * _RECENT_SHARE > len(documents):
        return CatalogIndex(_layer(documents, range(len(documents))), _layer((), ()))
    now = array("q", [_GONE]) * len(known.former.index.documents)
    for place, document in enumerate(documents):
        at = places.get(id(document))
        if at is not None:
            now[at] = place
    return CatalogIndex(IndexLayer(known.former.index, now), _layer([documents[place] for place in recent], recent))


def _layer(documents: Sequence[SearchDocument], places: Sequence[int]) -> IndexLayer:
    return IndexLayer(build_index(documents), array("q", places))


def _find_in(layer: IndexLayer, words: Sequence[str]) -> Hits:
    places = layer.places
    hits = find_documents(layer.index, words)
    return {places[at]: weight for at, weight in hits.items() if places[at] != _GONE}
