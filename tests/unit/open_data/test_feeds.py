"""Sitemaps, the Atom feed and robots.txt: well-formed whatever people wrote, and whole however many data sets."""

import re
from xml.etree import ElementTree as ET

import pytest

from portal.open_data.feeds import FEED_SIZE, render_feed, render_robots, render_sitemap, render_sitemap_part
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

ATOM = "{http://www.w3.org/2005/Atom}"
MAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
EMPTY = read_at(point_on([], []))
ONE = catalog_of(parking())
SEVERAL = catalog_of(*(parking(f"303001001/{number:05}", f"parks_{number}") for number in range(1, 6)))


def tree(content: bytes | None) -> ET.Element:
    assert content is not None
    return ET.fromstring(content)  # noqa: S314  it was written here


def locations(content: bytes | None) -> list[str | None]:
    return [one.text for one in tree(content).iter(f"{MAP}loc")]


def test_sitemap_lists_every_page_with_its_last_change() -> None:
    found = tree(render_sitemap(ONE, SITE))
    assert found.tag == f"{MAP}urlset"
    assert locations(render_sitemap(ONE, SITE)) == [
        "https://share.example.gov.cn/",
        "https://share.example.gov.cn/catalog",
        "https://share.example.gov.cn/catalog/303001001/00001",
    ]
    assert {one.text for one in found.iter(f"{MAP}lastmod")} == {"2026-02-28T16:30:00Z"}


def test_sitemap_without_data_sets_lists_the_portals_own_pages() -> None:
    assert len(locations(render_sitemap(EMPTY, SITE))) == 2
    assert [*tree(render_sitemap(EMPTY, SITE)).iter(f"{MAP}lastmod")] == []


def test_sitemap_of_more_than_fits_is_an_index_whose_parts_hold_every_page_once() -> None:
    whole = locations(render_sitemap(SEVERAL, SITE))
    assert len(whole) == 7
    index = render_sitemap(SEVERAL, SITE, size=3)
    assert tree(index).tag == f"{MAP}sitemapindex"
    assert locations(index) == [f"https://share.example.gov.cn/sitemap-{number}.xml" for number in (1, 2, 3)]
    parts = [locations(render_sitemap_part(SEVERAL, SITE, number, size=3)) for number in (1, 2, 3)]
    assert [len(part) for part in parts] == [3, 3, 1]
    assert [one for part in parts for one in part] == whole
    assert render_sitemap_part(SEVERAL, SITE, 0, size=3) is render_sitemap_part(SEVERAL, SITE, 4, size=3) is None


def test_sitemap_that_fits_has_no_parts() -> None:
    assert tree(render_sitemap(SEVERAL, SITE, size=7)).tag == f"{MAP}urlset"
    assert render_sitemap_part(SEVERAL, SITE, 1, size=7) is None


def entries(catalog: OpenCatalog) -> list[ET.Element]:
    return tree(render_feed(catalog, SITE)).findall(f"{ATOM}entry")


def test_feed_has_what_rfc_4287_demands() -> None:
    feed = tree(render_feed(ONE, SITE))
    for part in (feed, *feed.findall(f"{ATOM}entry")):
        for name in ("id", "title", "updated", "author"):
            assert len(part.findall(f"{ATOM}{name}")) == 1
        assert part.findtext(f"{ATOM}author/{ATOM}name")
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", part.findtext(f"{ATOM}updated") or "")
        links = [(link.get("rel"), link.get("type")) for link in part.findall(f"{ATOM}link")]
        assert len(links) == len(set(links))
    (entry,) = feed.findall(f"{ATOM}entry")
    assert entry.findtext(f"{ATOM}id") == "https://share.example.gov.cn/catalog/303001001/00001"
    assert entry.findtext(f"{ATOM}summary") == "合成数据，仅供测试"
    assert [one.get("term") for one in entry.findall(f"{ATOM}category")] == ["交通", "停车"]


def test_id_of_a_data_set_stays_when_all_else_of_it_changes() -> None:
    other = parking(name="另一名称", abstract="另一摘要", keywords=(), identifier="other")
    assert [one.findtext(f"{ATOM}id") for one in entries(ONE)] == [
        one.findtext(f"{ATOM}id") for one in entries(catalog_of(other))
    ]


def test_feed_of_nothing_is_a_feed() -> None:
    assert tree(render_feed(EMPTY, SITE)).findtext(f"{ATOM}updated") == "1970-01-01T00:00:00Z"
    undated = read_at(point_on([updated(parking(), None)], [opening(parking())]))
    assert entries(undated)[0].findtext(f"{ATOM}updated") == "1970-01-01T00:00:00Z"


def test_feed_holds_the_newest_alone_where_there_are_many() -> None:
    many = changed(ONE, data_sets=ONE.data_sets * (FEED_SIZE + 1))
    assert len(entries(many)) == FEED_SIZE


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_people_wrote_is_text_in_the_feed(text: str) -> None:
    feed = tree(render_feed(changed(catalog_of(hostile_parking(text)), title=text), SITE))
    shape = [element.tag for element in feed.iter()]
    plain = tree(render_feed(catalog_of(parking(keywords=("词",))), SITE))
    assert shape == [element.tag for element in plain.iter()]
    (entry,) = feed.findall(f"{ATOM}entry")
    kept = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "\ufffd", text).replace("\r\n", "\n")
    assert entry.findtext(f"{ATOM}title") == kept
    assert entry.findtext(f"{ATOM}author/{ATOM}name") == kept


def test_robots_are_told_of_the_sitemap_and_kept_from_data_and_staff() -> None:
    lines = render_robots(SITE).decode().splitlines()
    assert lines[0] == "User-agent: *"
    assert {"Disallow: /graphql", "Disallow: /exchange/", "Disallow: /console"} <= set(lines)
    assert lines[-1] == "Sitemap: https://share.example.gov.cn/sitemap.xml"
