"""Full-text search over catalog entries: an immutable index in memory, Chinese cut into characters and bigrams.

Index and query are cut the same way, so that a part of a word is found, two characters or one being enough.
"""

import re
import unicodedata
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from operator import add

from portal.catalog.entries import CatalogEntry, InformationItem
from portal.catalog.turns import in_turns
from portal.errors import BadInput, Text
from portal.vocabulary import EntryCode

QUERY_LENGTH = 200
QUERY_WORDS = 10

_WEIGHT_BITS = 3
_WEIGHT_MASK = (1 << _WEIGHT_BITS) - 1
_TERM_LENGTH = 2
"""Words up to this length are terms of the index: their posting lists hold their weights."""
_READING_COST = 8
"""What it costs to read a document's texts, measured in numbers of a posting list."""
_TEXTS_KEPT = 1_024
"""Entries have the names of providers and items, and keywords, mostly in common: each is folded once."""
_WORD = re.compile(r"[^\W_]+")


class Weight(IntEnum):
    """What a word counts where it is found."""

    ABSTRACT = 1
    PROVIDER = 2
    ITEMS = 3
    KEYWORDS = 4
    TITLE = 5


@dataclass(frozen=True, slots=True)
class SearchDocument:
    """The folded texts that an entry is found by, one of each weight, the weightiest first."""

    code: EntryCode
    texts: tuple[tuple[Weight, str], ...]


Hits = Mapping[int, int]
"""Places of documents in their index, each with what the words found in it count together."""


@dataclass(frozen=True, slots=True)
class SearchIndex:
    """Documents in the order of codes, and where each term is: the document's place and its best weight in one number.

    # INVARIANT: nothing in it changes; posting lists ascend.
    """

    documents: tuple[SearchDocument, ...]
    postings: Mapping[str, Sequence[int]]
    columns: tuple[tuple[Weight, Sequence[str]], ...]
    """The documents' texts of each weight, the weightiest first: to look through one column is fast."""


def fold(text: str) -> str:
    """Return the text as it is compared: full-width forms as half-width, Latin letters in lower case."""
    return unicodedata.normalize("NFKC", text).casefold()


@lru_cache(maxsize=_TEXTS_KEPT)
def _fold_once(text: str) -> str:
    return fold(text)


def search_document(entry: CatalogEntry, items: Iterable[InformationItem], provider: str) -> SearchDocument:
    """Return what an entry is found by. `items` are those that the searcher may see; `provider` is its name."""
    named = [part for item in items for part in (item.name, item.identifier)]
    texts = (
        (Weight.TITLE, fold(f"{entry.name}\n{entry.identifier}")),
        (Weight.KEYWORDS, _fold_once("\n".join(entry.keywords))),
        (Weight.ITEMS, _fold_once("\n".join(named))),
        (Weight.PROVIDER, _fold_once(provider)),
        (Weight.ABSTRACT, fold(entry.abstract)),
    )
    return SearchDocument(entry.code, texts)


def build_index(documents: Sequence[SearchDocument]) -> SearchIndex:
    """Return the index of the documents, which are to be in the order of codes."""
    postings: dict[str, array[int]] = {}
    cut: dict[str, Sequence[str]] = {}
    for place, document in enumerate(in_turns(documents)):
        for term, number in _numbered_terms(place, document, cut).items():
            posting = postings.get(term)
            if posting is None:
                postings[term] = array("I", (number,))
            else:
                posting.append(number)
    return SearchIndex(tuple(documents), postings, _columns(documents))


def _columns(documents: Sequence[SearchDocument]) -> tuple[tuple[Weight, Sequence[str]], ...]:
    heaviest_first = sorted(Weight, reverse=True)
    return tuple(
        (weight, tuple(document.texts[at][1] for document in documents)) for at, weight in enumerate(heaviest_first)
    )


def _numbered_terms(place: int, document: SearchDocument, cut: dict[str, Sequence[str]]) -> dict[str, int]:
    """Return the document's terms, each with its number in a posting list. `cut` are texts that were cut before."""
    numbers: dict[str, int] = {}
    for weight, text in reversed(document.texts):
        # A weightier text comes later, and takes the place of a lighter one.
        number = place << _WEIGHT_BITS | int(weight)
        if weight is Weight.TITLE:
            terms: Iterable[str] = _terms(text)
        elif text in cut:
            terms = cut[text]
        else:
            terms = cut[text] = tuple(_terms(text))
        numbers.update(dict.fromkeys(terms, number))
    return numbers


def _terms(text: str) -> set[str]:
    terms: set[str] = set()
    for word in _WORD.findall(text):
        terms.update(word)
        terms.update(_bigrams(word))
    return terms


def _bigrams(word: str) -> Iterable[str]:
    return map(add, word, word[1:])


def parse_words(text: str) -> tuple[str, ...]:
    """Return the words to search for, all of which an entry must have; none where there is nothing to search for.

    Raises: BadInput for a text that is too long, or has too many words.
    """
    if len(text) > QUERY_LENGTH:
        raise BadInput(
            Text(
                en=f"`search` has {len(text)} characters; write {QUERY_LENGTH} at most",
                zh=f"`search` 有 {len(text)} 个字符，至多 {QUERY_LENGTH} 个",
            )
        )
    words = tuple(dict.fromkeys(_WORD.findall(fold(text))))
    if len(words) > QUERY_WORDS:
        raise BadInput(
            Text(
                en=f"`search` has {len(words)} words; write {QUERY_WORDS} at most",
                zh=f"`search` 有 {len(words)} 个词，至多 {QUERY_WORDS} 个",
            )
        )
    return words


def find_documents(index: SearchIndex, words: Sequence[str]) -> Hits:
    """Return the documents that have every word, and the sum of each word's best weight in them."""
    rarest = [_rarest_posting(index, word) for word in words]
    found: Mapping[int, int] | None = None
    for posting, word in sorted(zip(rarest, words, strict=True), key=lambda pair: len(pair[0])):
        hits = _word_hits(index, word, posting, found)
        found = hits if found is None else {place: found[place] + weight for place, weight in hits.items()}
        if not found:
            return {}
    return found or {}


def _rarest_posting(index: SearchIndex, word: str) -> Sequence[int]:
    terms = (word,) if len(word) == 1 else _bigrams(word)
    return min((index.postings.get(term, ()) for term in terms), key=len)


def _word_hits(
    index: SearchIndex, word: str, posting: Sequence[int], within: Mapping[int, int] | None
) -> Mapping[int, int]:
    """Return the weight of the word in each document of `within` (None: in all) that has it."""
    if within is not None and len(within) * _READING_COST < len(posting):
        return _read_hits(index, word, list(within))
    if len(word) > _TERM_LENGTH:
        listed = [number >> _WEIGHT_BITS for number in posting]
        return _read_hits(index, word, listed if within is None else [place for place in listed if place in within])
    hits = {number >> _WEIGHT_BITS: number & _WEIGHT_MASK for number in posting}
    return hits if within is None else {place: hits[place] for place in within if place in hits}


def _read_hits(index: SearchIndex, word: str, places: Sequence[int]) -> Mapping[int, int]:
    """Return the weight of the weightiest text that holds the word, of each of these documents that has it."""
    hits: dict[int, int] = {}
    for weight, texts in index.columns:
        found = [place for place in places if word in texts[place]]
        if found:
            hits.update(dict.fromkeys(found, int(weight)))
            places = [place for place in places if place not in hits]
        if not places:
            break
    return hits
