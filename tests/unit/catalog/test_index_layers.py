"""The index of a catalog that changes finds what a plain reading of its texts finds, and reads nothing again."""

import random

from portal.catalog.index_layers import CatalogIndex, index_catalog
from portal.catalog.search import SearchDocument, Weight
from portal.vocabulary import EntryCode

LETTERS = "甲乙丙丁"
WEIGHTS = sorted(Weight, reverse=True)


def document(code: int, drawn: random.Random) -> SearchDocument:
    """Return a document of few characters, so that drawn words are found often."""
    texts = ("".join(drawn.choices(f"{LETTERS} ", k=drawn.randint(0, 6))) for _ in WEIGHTS)
    return SearchDocument(EntryCode(f"{code:04}"), tuple(zip(WEIGHTS, texts, strict=True)))


def plainly_found(documents: list[SearchDocument], words: list[str]) -> dict[int, int]:
    """Return what the documents say: each word's weightiest text, all words wanted."""
    found = {}
    for place, one in enumerate(documents):
        weights = [max((int(weight) for weight, text in one.texts if word in text), default=0) for word in words]
        if all(weights):
            found[place] = sum(weights)
    return found


def changed(documents: list[SearchDocument], drawn: random.Random) -> list[SearchDocument]:
    """Return the catalog after one entry came, one went and one was written anew, in the order of codes."""
    by_code = {one.code: one for one in documents}
    by_code.pop(drawn.choice(documents).code)
    for code in (int(drawn.choice(documents).code), drawn.randrange(1_000)):
        made = document(code, drawn)
        by_code[made.code] = made
    return [by_code[code] for code in sorted(by_code)]


def read_again(index: CatalogIndex) -> int:
    """Return how many documents were indexed beside those that were known."""
    return len(index.recent.index.documents)


def test_index_finds_what_a_plain_reading_finds_when_the_catalog_changed_many_times() -> None:
    drawn, compared, followed = random.Random(7), 0, 0
    for _ in range(10):
        documents = [document(code, drawn) for code in range(0, 1_000, 11)]
        index = index_catalog(documents)
        for _ in range(12):
            documents, former = changed(documents, drawn), index
            index = index_catalog(documents, former)
            followed += index.former.index is former.former.index
            for _ in range(10):
                words = ["".join(drawn.choices(LETTERS, k=drawn.randint(1, 3))) for _ in range(drawn.randint(1, 2))]
                expected = plainly_found(documents, words)
                assert dict(index.find(words)) == expected
                compared += bool(expected)
    assert compared > 600
    assert 0 < followed < 120


def test_index_reads_one_document_alone_when_an_entry_is_added() -> None:
    drawn = random.Random(8)
    documents = [document(code, drawn) for code in range(0, 1_000, 10)]
    known = index_catalog(documents)
    followed = index_catalog([document(5, drawn), *documents], known)
    assert followed.former.index is known.former.index
    assert read_again(followed) == 1


def test_index_reads_nothing_when_an_entry_is_removed() -> None:
    drawn = random.Random(9)
    documents = [document(code, drawn) for code in range(100)]
    known = index_catalog(documents)
    followed = index_catalog(documents[:50] + documents[51:], known)
    assert followed.former.index is known.former.index
    assert read_again(followed) == 0


def test_index_reads_all_when_more_than_an_eighth_is_new() -> None:
    drawn = random.Random(10)
    documents = [document(code, drawn) for code in range(80)]
    known = index_catalog(documents)
    anew = [document(code, drawn) for code in range(11)]
    assert index_catalog(anew[:10] + documents[10:], known).former.index is known.former.index
    whole = index_catalog(anew + documents[11:], known)
    assert whole.former.index is not known.former.index
    assert read_again(whole) == 0
