"""The index of a catalog that changes: what was indexed stays, and what was changed since is indexed beside it."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from portal.catalog.search import Hits, SearchDocument, SearchIndex, build_index, find_documents

_GONE = -1


@dataclass(frozen=True, slots=True)
class IndexLayer:
    """An index, and where each of its documents stands in the catalog now; -1 for what isn't in it any more.

    Without `places` each stands where it was indexed.
    """

    index: SearchIndex
    places: "array[int] | None"

    def present(self) -> Sequence[int]:
        """Return the places in the catalog of what is still in it."""
        if self.places is None:
            return range(len(self.index.documents))
        return [place for place in self.places if place != _GONE]

    @property
    def is_sparse(self) -> bool:
        """True where most of its documents left the catalog."""
        return 2 * len(self.present()) < len(self.index.documents)


@dataclass(frozen=True, slots=True)
class CatalogIndex:
    """What the documents of a catalog are found by, the largest layer first.

    # INVARIANT: each place of the catalog is in one layer, once; what left the catalog is found in none.
    """

    layers: tuple[IndexLayer, ...]

    def find(self, words: Sequence[str]) -> Hits:
        """Return the places in the catalog that have every word, and the sum of each word's best weight there."""
        found = [hits for layer in self.layers if (hits := _find_in(layer, words))]
        if len(found) == 1:
            return found[0]
        return {place: weight for hits in found for place, weight in hits.items()}


def index_catalog(documents: Sequence[SearchDocument], known: CatalogIndex | None = None) -> CatalogIndex:
    """Return the index of the documents, in the order of codes; of those that `known` has nothing is read again.

    A document counts as known where it is the very same value, not one that is alike. What is new is a layer by itself;
    a layer that isn't larger is indexed again with it, and so is one that has mostly left the catalog: so a document is
    indexed again as often as the number of documents can be halved, and there are no more layers than that.
    """
    places = {id(document): place for place, document in enumerate(documents)}
    moved = [_moved(layer, places) for layer in (() if known is None else known.layers)]
    kept = [layer for layer in moved if not layer.is_sparse]
    pending = [*places.values(), *(place for layer in moved if layer.is_sparse for place in layer.present())]
    while kept and len(pending) >= len(kept[-1].present()):
        pending.extend(kept.pop().present())
    return CatalogIndex((*kept, _layer(documents, sorted(pending))) if pending else tuple(kept))


def _moved(layer: IndexLayer, places: dict[int, int]) -> IndexLayer:
    """Return the layer with its documents where they stand now, by identity; those are taken out of `places`."""
    now = array("q", (places.pop(id(document), _GONE) for document in layer.index.documents))
    return IndexLayer(layer.index, None if now == array("q", range(len(now))) else now)


def _layer(documents: Sequence[SearchDocument], places: Sequence[int]) -> IndexLayer:
    if len(places) == len(documents):
        return IndexLayer(build_index(documents), None)
    return IndexLayer(build_index([documents[place] for place in places]), array("q", places))


def _find_in(layer: IndexLayer, words: Sequence[str]) -> Hits:
    places, hits = layer.places, find_documents(layer.index, words)
    if places is None:
        return hits
    return {places[at]: weight for at, weight in hits.items() if places[at] != _GONE}
