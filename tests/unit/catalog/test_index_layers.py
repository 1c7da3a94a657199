"""The index of a catalog that changes finds what a plain reading of its texts finds, and reads nothing again."""

import math
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


def read_again(index: CatalogIndex, known: CatalogIndex) -> int:
    """Return how many documents are in layers that `known` hadn't."""
    former = {id(layer.index) for layer in known.layers}
    return sum(len(layer.index.documents) for layer in index.layers if id(layer.index) not in former)


def test_index_finds_what_a_plain_reading_finds_when_the_catalog_changed_many_times() -> None:
    drawn, compared, followed = random.Random(7), 0, 0
    for _ in range(10):
        documents = [document(code, drawn) for code in range(0, 1_000, 45)]
        index = index_catalog(documents)
        for _ in range(12):
            documents, former = changed(documents, drawn), index
            index = index_catalog(documents, former)
            followed += index.layers[0].index is former.layers[0].index
            for _ in range(10):
                words = ["".join(drawn.choices(LETTERS, k=drawn.randint(1, 3))) for _ in range(drawn.randint(1, 2))]
                expected = plainly_found(documents, words)
                assert dict(index.find(words)) == expected
                compared += bool(expected)
    assert compared > 400
    assert 0 < followed < 120


def test_index_reads_one_document_alone_when_an_entry_is_added() -> None:
    drawn = random.Random(8)
    documents = [document(code, drawn) for code in range(0, 1_000, 10)]
    known = index_catalog(documents)
    followed = index_catalog([document(5, drawn), *documents], known)
    assert followed.layers[0].index is known.layers[0].index
    assert read_again(followed, known) == 1


def test_index_reads_nothing_when_an_entry_is_removed() -> None:
    drawn = random.Random(9)
    documents = [document(code, drawn) for code in range(100)]
    known = index_catalog(documents)
    followed = index_catalog(documents[:50] + documents[51:], known)
    assert len(followed.layers) == 1
    assert read_again(followed, known) == 0


def test_index_reads_few_again_when_entries_are_added_one_after_the_other() -> None:
    drawn, added = random.Random(10), 64
    documents = [document(code, drawn) for code in range(1_000)]
    index = index_catalog(documents)
    former, reads, layers = index.layers[0].index, [], []
    for code in range(1_000, 1_000 + added):
        documents.append(document(code, drawn))
        before, index = index, index_catalog(documents, index)
        reads.append(read_again(index, before))
        layers.append(len(index.layers))
    assert index.layers[0].index is former
    assert reads.count(1) == added // 2
    assert sum(reads) <= added * (1 + math.log2(added))
    assert max(layers) <= 1 + math.log2(added)


def test_index_reads_what_is_left_again_when_most_of_a_layer_is_gone() -> None:
    drawn = random.Random(11)
    documents = [document(code, drawn) for code in range(80)]
    known = index_catalog(documents)
    half = index_catalog(documents[:40], known)
    assert read_again(half, known) == 0
    less = index_catalog(documents[:39], known)
    assert read_again(less, known) == 39
    assert [len(layer.index.documents) for layer in less.layers] == [39]


def test_index_has_no_layer_when_there_is_nothing_to_find() -> None:
    assert index_catalog([]).layers == ()
    assert index_catalog([], index_catalog([document(1, random.Random(12))])).find(["甲"]) == {}
