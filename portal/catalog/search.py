"""Full-text search over catalog entries: an immutable index in memory, Chinese cut into characters and bigrams.

Index and query are cut the same way, so that a part of a word is found, two characters or one being enough.
"""

import re
import unicodedata
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from operator import add

from portal.catalog.entries import CatalogEntry, InformationItem
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
    """The folded texts that an entry is found by, the weightiest first."""

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
    postings: Mapping[str, "array[int]"]


def fold(text: str) -> str:
    """Return the text as it is compared: full-width forms as half-width, Latin letters in lower case."""
    return unicodedata.normalize("NFKC", text).casefold()


def search_document(entry: CatalogEntry, items: Iterable[InformationItem], provider: str) -> SearchDocument:
    """Return what an entry is found by. `items` are those that the searcher may see; `provider` is its name."""
    named = [part for item in items for part in (item.name, item.identifier)]
    texts = (
        (Weight.TITLE, fold(f"{entry.name}\n{entry.identifier}")),
        (Weight.KEYWORDS, fold("\n".join(entry.keywords))),
        (Weight.ITEMS, fold("\n".join(named))),
        (Weight.PROVIDER, fold(provider)),
        (Weight.ABSTRACT, fold(entry.abstract)),
    )
    return SearchDocument(entry.code, texts)


def build_index(documents: Sequence[SearchDocument]) -> SearchIndex:
    """Return the index of the documents, which are to be in the order of codes."""
    postings: dict[str, array[int]] = {}
    for place, document in enumerate(documents):
        for term, number in _numbered_terms(place, document).items():
            posting = postings.get(term)
            if posting is None:
                postings[term] = array("I", (number,))
            else:
                posting.append(number)
    return SearchIndex(tuple(documents), postings)


def _numbered_terms(place: int, document: SearchDocument) -> dict[str, int]:
    """Return the document's terms, each with its number in a posting list."""
    numbers: dict[str, int] = {}
    for weight, text in reversed(document.texts):
        # A weightier text comes later, and takes the place of a lighter one.
        number = place << _WEIGHT_BITS | int(weight)
        for word in _WORD.findall(text):
            numbers.update(dict.fromkeys(word, number))
            numbers.update(dict.fromkeys(_bigrams(word), number))
    return numbers


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
    found: dict[int, int] | None = None
    for posting, word in sorted(zip(rarest, words, strict=True), key=lambda pair: len(pair[0])):
        hits = _word_hits(index, word, posting, found)
        found = hits if found is None else {place: found[place] + weight for place, weight in hits.items()}
        if not found:
            return {}
    return found or {}


def _rarest_posting(index: SearchIndex, word: str) -> "array[int]":
    terms = (word,) if len(word) == 1 else _bigrams(word)
    return min((index.postings.get(term, array("I")) for term in terms), key=len)


def _word_hits(
    index: SearchIndex, word: str, posting: "array[int]", within: Mapping[int, int] | None
) -> dict[int, int]:
    """Return the weight of the word in each document of `within` (None: in all) that has it."""
    if within is not None and len(within) * _READING_COST < len(posting):
        places: Iterable[int] = within
    elif len(word) <= _TERM_LENGTH:
        hits = {number >> _WEIGHT_BITS: number & _WEIGHT_MASK for number in posting}
        return hits if within is None else {place: hits[place] for place in within if place in hits}
    else:
        listed = (number >> _WEIGHT_BITS for number in posting)
        places = listed if within is None else (place for place in listed if place in within)
    weighed = ((place, _weight_in(index.documents[place], word)) for place in places)
    return {place: weight for place, weight in weighed if weight}


def _weight_in(document: SearchDocument, word: str) -> int:
    """Return the weight of the weightiest text that holds the word, 0 where none does."""
    return next((int(weight) for weight, text in document.texts if word in text), 0)
