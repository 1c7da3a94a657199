from dataclasses import replace

import pytest

from portal.catalog.search import (
    QUERY_LENGTH,
    QUERY_WORDS,
    SearchIndex,
    Weight,
    build_index,
    find_documents,
    parse_words,
    search_document,
)
from portal.errors import BadInput
from portal.vocabulary import EntryCode
from tests.fixtures.counted import Counted
from tests.policies.building import entry, item

BARE = replace(entry(), name="甲", keywords=(), abstract="", items=())


def index(*texts: tuple[str, str, str, str]) -> SearchIndex:
    """Return an index of documents with these titles, keywords, items and abstracts."""
    documents = []
    for place, (title, keyword, named, abstract) in enumerate(texts):
        one = replace(
            BARE, code=EntryCode(str(place)), name=title, keywords=tuple(keyword.split(",")), abstract=abstract
        )
        documents.append(search_document(one, [replace(item("x"), name=named)], "测试局"))
    return build_index(documents)


def found(searched: SearchIndex, text: str) -> dict[int, int]:
    return dict(find_documents(searched, parse_words(text)))


@pytest.mark.parametrize("text", ["常", "常住", "住人口", "常住人口登记", "登记", "记"])
def test_search_finds_a_part_of_a_word_however_short(text: str) -> None:
    assert found(index(("常住人口登记", "", "", ""), ("法人", "", "", "")), text) == {0: Weight.TITLE}


@pytest.mark.parametrize("text", ["常口", "口人", "常住登记", "人口口", "无"])
def test_search_finds_nothing_where_the_characters_do_not_stand_together(text: str) -> None:
    assert found(index(("常住人口登记", "", "", "")), text) == {}


def test_search_finds_only_the_whole_part_when_its_bigrams_stand_apart() -> None:
    assert found(index(("登记，记证", "", "", ""), ("登记证", "", "", "")), "登记证") == {1: Weight.TITLE}


def test_search_wants_every_word_and_adds_their_weights() -> None:
    searched = index(("常住人口", "户籍", "姓名", "公安"), ("流动人口", "户籍", "", ""), ("常住", "", "", "户籍"))
    assert found(searched, "人口 户籍") == {0: 9, 1: 9}
    assert found(searched, "户籍 常住") == {0: 9, 2: 6}
    assert found(searched, "人口，姓名") == {0: 8}
    assert found(searched, "人口 缺失") == {}


def test_search_weighs_title_then_keywords_then_items_then_provider_then_abstract() -> None:
    searched = index(
        ("", "", "", "低保"), ("", "", "低保", "低保"), ("", "甲,低保", "低保", ""), ("低保", "低保", "低保", "低保")
    )
    assert found(searched, "低保") == {0: 1, 1: 3, 2: 4, 3: 5}
    assert found(searched, "低保测试局") == {}
    assert found(searched, "测试局") == dict.fromkeys(range(4), 2)


@pytest.mark.parametrize("text", ["gdp", "GDP", "\uff27\uff24\uff30", "dp"])
def test_search_takes_letters_of_either_case_and_width(text: str) -> None:
    assert found(index(("地区GDP", "", "", ""), ("ｇｄｐ值", "", "", "")), text) == {0: 5, 1: 5}


def test_search_finds_identifiers() -> None:
    searched = build_index([search_document(BARE, [item("zone_number")], "")])
    assert found(searched, "zone_number") == {0: 6}
    assert found(searched, "number_zone_x") == {}


def test_search_does_not_find_across_two_keywords() -> None:
    assert found(index(("", "户口,籍贯", "", "")), "口籍") == {}


def test_search_finds_characters_outside_the_basic_plane() -> None:
    assert found(index(("𠮷田𠮷", "", "", "")), "田𠮷") == {0: 5}


def test_search_agrees_with_a_plain_reading_when_words_are_common_and_rare() -> None:
    titles = [f"表{'甲' if place % 2 else '乙'}{'丙' if place % 50 == 0 else ''}丁{place}" for place in range(400)]
    searched = index(*((title, "", "", "") for title in titles))
    for words in ("丙 丁", "甲 丁", "乙丙丁 表", "丁1 甲", "丙 甲"):
        expected = {place for place, title in enumerate(titles) if all(word in title for word in words.split())}
        assert set(found(searched, words)) == expected


@pytest.mark.parametrize("text", ["", " ", "！？", "__", "%"])
def test_words_are_none_when_there_is_nothing_to_search_for(text: str) -> None:
    assert parse_words(text) == ()


def test_words_are_refused_when_too_long_or_too_many() -> None:
    assert parse_words("字" * QUERY_LENGTH) == ("字" * QUERY_LENGTH,)
    with pytest.raises(BadInput, match="201 characters"):
        parse_words("字" * (QUERY_LENGTH + 1))
    many = [f"w{number}" for number in range(QUERY_WORDS)]
    assert parse_words(" ".join(many + many)) == tuple(many)
    with pytest.raises(BadInput, match="11 words"):
        parse_words(" ".join([*many, "x"]))


def looked_at(searched: SearchIndex, text: str) -> int:
    """Return how many numbers of posting lists a search looks at."""
    counted = {term: Counted(posting) for term, posting in searched.postings.items()}
    found(replace(searched, postings=counted), text)
    return sum(posting.looked for posting in counted.values())


def test_search_looks_at_the_shortest_posting_list_of_each_word_alone() -> None:
    searched = index(*((f"表{'丙' if place < 40 else ''}丁{place:03}", "", "", "") for place in range(400)))
    assert looked_at(searched, "丙丁0") == looked_at(searched, "表丙丁") == 40
    assert looked_at(searched, "表") == 400
    assert looked_at(searched, "丙 丙丁") == 80
    assert looked_at(searched, "无 表") == 0


def test_search_looks_at_no_posting_of_a_common_word_when_few_documents_have_the_rare_one() -> None:
    searched = index(*((f"表{'丙' if place < 40 else ''}丁{place:03}", "", "", "") for place in range(400)))
    assert looked_at(searched, "丙 表 丁") == 40


def test_search_reads_one_column_when_every_title_has_the_word() -> None:
    searched = index(*((f"共享目录{place}", "目录共享", "共享目录", "") for place in range(50)))
    looked = [Counted(texts) for _, texts in searched.columns]
    columns = tuple((weight, texts) for (weight, _), texts in zip(searched.columns, looked, strict=True))
    assert found(replace(searched, columns=columns), "共享目录") == dict.fromkeys(range(50), Weight.TITLE)
    assert [texts.looked for texts in looked] == [50, 0, 0, 0, 0]
