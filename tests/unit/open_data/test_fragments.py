"""Pages without JavaScript: they say what the catalog knows, in both languages, and nothing of a text is markup."""

import re
from html.parser import HTMLParser

import pytest

from portal.errors import Language
from portal.open_data.fragments import (
    NEWEST_SHOWN,
    Fragment,
    render_data_set,
    render_list,
    render_nothing,
    render_start,
)
from portal.open_data.paging import page_of
from portal.open_data.reading import OpenCatalog
from tests.fixtures.open_data import (
    HOSTILE,
    SITE,
    catalog_of,
    hostile_parking,
    opening,
    parking,
    point_on,
    read_at,
    updated,
)
from tests.policies.building import changed

PARKING = parking(open_condition="注明来源")
CATALOG = catalog_of(PARKING)
MANY = catalog_of(*(parking(f"303001001/{number:05}", f"parks_{number}") for number in range(1, 13)))
_VOID = frozenset({"img", "input", "link", "meta", "br"})


class Outline(HTMLParser):
    """Reads HTML as a browser would: its elements with their attributes, its texts, and whether all are closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(decl)

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(data)

    def handle_pi(self, data: str) -> None:
        raise AssertionError(data)

    @property
    def links(self) -> list[str]:
        """The addresses of its links, in their order."""
        return [value or "" for _, attributes in self.elements for name, value in attributes if name == "href"]


def listed(catalog: OpenCatalog, number: int = 1, search: str = "", language: Language = Language.ENGLISH) -> Fragment:
    page = page_of(catalog.data_sets, number, 5)
    assert page is not None
    return render_list(catalog, page, search, language)


def fragments(catalog: OpenCatalog, language: Language, search: str = "", licence: str | None = None) -> list[Fragment]:
    return [
        render_start(catalog, language),
        listed(catalog, search=search, language=language),
        *(render_data_set(catalog, one, licence, language) for one in catalog.data_sets[:1]),
        render_nothing(catalog, language),
    ]


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_people_wrote_is_text_on_every_page(text: str, language: Language) -> None:
    plain = catalog_of(parking(keywords=("词",), open_condition="条件"))
    hostile = changed(catalog_of(hostile_parking(text)), title=text)
    pairs = zip(fragments(hostile, language, text), fragments(plain, language, "词"), strict=True)
    for spoken, usual in pairs:
        for written, expected in ((spoken.body, usual.body), (spoken.head, usual.head)):
            found = Outline(written)
            assert [tag for tag, _ in found.elements] == [tag for tag, _ in Outline(expected).elements]
            assert [[name for name, _ in of] for _, of in found.elements] == [
                [name for name, _ in of] for _, of in Outline(expected).elements
            ]
            assert {link[0] for link in found.links} <= {"/"}
        assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f]", spoken.title + spoken.head + spoken.body)
    kept = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "\ufffd", text)
    shown = Outline(fragments(hostile, language)[2].body)
    assert [item for item in shown.texts if item == kept] != []


@pytest.mark.parametrize("language", list(Language))
def test_no_page_holds_a_script_or_a_style(language: Language) -> None:
    for fragment in fragments(CATALOG, language, licence=SITE.licence):
        for tag, attributes in Outline(fragment.head + fragment.body).elements:
            assert tag not in ("script", "style", "iframe", "object", "img")
            assert not [name for name, _ in attributes if name == "style" or name.startswith("on")]


def test_data_set_says_what_the_catalog_knows_of_it() -> None:
    (data_set,) = CATALOG.data_sets
    page = render_data_set(CATALOG, data_set, SITE.licence, Language.ENGLISH)
    found = Outline(page.body)
    assert page.title == "停车场 car_parks · 合成平台"
    for told in (
        "停车场 car_parks",
        "合成数据，仅供测试",
        data_set.provider,
        "every day",
        "2026-03-01 00:30",
        "2026-01-02",
        "公共服务 / 交通",
        "交通 · 停车",
        "注明来源",
        "信息项 name",
        "text",
        "{ shared { car_parks(first: 10) { nodes { code name } } } }",
    ):
        assert told in found.texts, told
    assert SITE.licence in found.links
    assert "/exchange/car_parks?format=parquet&items=code,name" in found.links
    assert [link for link in found.links if link.endswith(("jsonld", "ttl"))] == [
        "/catalog/303001001/00001.jsonld",
        "/catalog/303001001/00001.ttl",
    ]
    assert "fee" not in page.body
    assert "note" not in page.body


def test_data_set_of_which_little_is_known_says_what_is() -> None:
    bare = parking(keywords=(), classification=(), published_on=None)
    catalog = read_at(point_on([updated(bare, None)], [opening(bare, items=["name"])]))
    found = Outline(render_data_set(catalog, catalog.data_sets[0], None, Language.ENGLISH).body)
    assert [text for text in found.texts if text in ("Provider", "Code", "Updated")] == ["Provider", "Code", "Updated"]
    assert {"Last update", "Published", "Class", "Keywords", "Conditions of use", "Key"}.isdisjoint(found.texts)


def test_data_set_in_chinese_is_told_in_chinese() -> None:
    (data_set,) = CATALOG.data_sets
    found = Outline(render_data_set(CATALOG, data_set, None, Language.CHINESE).body)
    assert {"提供方", "每日", "最近更新", "文本", "下载文件"} <= set(found.texts)
    assert "Licence" not in found.texts
    assert "许可协议" not in found.texts


@pytest.mark.parametrize(("modes", "files", "asked"), [(["query"], 0, True), (["exchange"], 4, False)])
def test_data_set_offers_the_ways_by_which_it_may_be_read(modes: list[str], files: int, asked: bool) -> None:
    catalog = read_at(point_on([updated(PARKING)], [opening(PARKING, modes=modes)]))
    page = render_data_set(catalog, catalog.data_sets[0], None, Language.ENGLISH)
    assert sum(link.startswith("/exchange/") for link in Outline(page.body).links) == files
    assert ("shared {" in page.body) is asked


def test_heads_name_the_descriptions() -> None:
    start, page, data_set, nothing = fragments(CATALOG, Language.ENGLISH)
    assert start.head == page.head
    assert Outline(start.head).links == ["/dcat.jsonld", "/dcat.ttl", "/feed.atom"]
    assert Outline(data_set.head).links == [
        "/catalog/303001001/00001.jsonld",
        "/catalog/303001001/00001.ttl",
        "/feed.atom",
    ]
    assert nothing.head == ""


def test_start_shows_the_newest_data_sets() -> None:
    links = [link for link in Outline(render_start(MANY, Language.ENGLISH).body).links if "/catalog/" in link]
    assert links == [f"/catalog/303001001/{number:05}" for number in range(1, NEWEST_SHOWN + 1)]


def test_list_leads_to_every_data_set_by_its_pages_and_keeps_the_search() -> None:
    seen: list[str] = []
    for number in (1, 2, 3):
        links = Outline(listed(MANY, number, "停车 场&page=9").body).links
        seen += [link for link in links if link.startswith("/catalog/")]
        others = [link for link in links if link.startswith("/catalog?")]
        assert len(others) == (1 if number in (1, 3) else 2)
        assert all("q=%E5%81%9C%E8%BD%A6+%E5%9C%BA%26page%3D9" in link for link in others)
    assert seen == [f"/catalog/303001001/{number:05}" for number in range(1, 13)]
    assert "/catalog?page=2" in Outline(listed(MANY).body).links


def test_list_without_data_sets_says_so() -> None:
    empty = read_at(point_on([], []))
    assert "There is no such data set." in Outline(listed(empty).body).texts
    assert "没有符合条件的数据集。" in Outline(listed(empty, language=Language.CHINESE).body).texts


def test_page_of_nothing_names_no_entry() -> None:
    assert "303001001" not in render_nothing(CATALOG, Language.ENGLISH).body
