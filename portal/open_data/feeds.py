"""What crawlers and feed readers are told: robots.txt, sitemaps (sitemaps.org 0.9), and an Atom feed (RFC 4287)."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from portal.conditions.values import render_instant
from portal.errors import Text
from portal.open_data.addresses import (
    ATOM_PATH,
    CATALOG_PATH,
    SITEMAP_PATH,
    Site,
    page_path,
)
from portal.open_data.paging import page_of
from portal.open_data.plain_text import marked_up
from portal.open_data.reading import NEVER_UPDATED, DataSet, OpenCatalog

SITEMAP_SIZE = 50_000
"""Addresses that a sitemap may hold; where there are more an index names several."""
FEED_SIZE = 100
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
_SITEMAPS = "http://www.sitemaps.org/schemas/sitemap/0.9"
_OWN_PAGES = ("/", CATALOG_PATH)
_FEED_TITLE = Text(en="open data", zh="开放数据")
_CLOSED_PATHS = ("/console", "/exchange/", "/explorer", "/graphql", "/session", "/sign-in", "/sign-out")
"""Where nothing is to be indexed: pages for staff, and data, of which the descriptions tell."""


def render_robots(site: Site) -> bytes:
    """Return what crawlers are asked for (RFC 9309), and where the sitemap is."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in _CLOSED_PATHS), f"Sitemap: {site.at(SITEMAP_PATH)}"]
    return ("\n".join(lines) + "\n").encode()


def sitemap_path(number: int) -> str:
    """Return the path of one of several sitemaps, counted from 1."""
    return f"/sitemap-{number}.xml"


def render_sitemap(catalog: OpenCatalog, site: Site, size: int = SITEMAP_SIZE) -> bytes:
    """Return the sitemap of all pages, or where there are more than `size`, the index of several."""
    pages = _pages(catalog)
    if len(pages) <= size:
        return _url_set(pages, site)
    count = -(-len(pages) // size)
    listed = "".join(
        f"<sitemap><loc>{marked_up(site.at(sitemap_path(number)))}</loc></sitemap>\n" for number in range(1, count + 1)
    )
    return f'{_DECLARATION}<sitemapindex xmlns="{_SITEMAPS}">\n{listed}</sitemapindex>\n'.encode()


def render_sitemap_part(catalog: OpenCatalog, site: Site, number: int, size: int = SITEMAP_SIZE) -> bytes | None:
    """Return one of several sitemaps, counted from 1; None where the index names none of that number."""
    pages = _pages(catalog)
    part = page_of(pages, number, size) if len(pages) > size else None
    return None if part is None else _url_set(part.listed, site)


def _pages(catalog: OpenCatalog) -> list[tuple[str, datetime | None]]:
    """Return the path of each page, and when what it shows was updated."""
    own = [(path, catalog.updated_at) for path in _OWN_PAGES]
    return [*own, *((page_path(data_set.code), data_set.updated_at) for data_set in catalog.data_sets)]


def _url_set(pages: Iterable[tuple[str, datetime | None]], site: Site) -> bytes:
    listed = "".join(f"<url><loc>{marked_up(site.at(path))}</loc>{_last_change(at)}</url>\n" for path, at in pages)
    return f'{_DECLARATION}<urlset xmlns="{_SITEMAPS}">\n{listed}</urlset>\n'.encode()


def _last_change(moment: datetime | None) -> str:
    return "" if moment is None else f"<lastmod>{render_instant(moment)}</lastmod>"


def render_feed(catalog: OpenCatalog, site: Site) -> bytes:
    """Return the data sets that were updated last as an Atom feed, at most `FEED_SIZE`."""
    title = marked_up(f"{catalog.title} {_FEED_TITLE.zh}")
    head = (
        f"<id>{marked_up(site.at(ATOM_PATH))}</id>\n<title>{title}</title>\n"
        f"<updated>{render_instant(catalog.updated_at or NEVER_UPDATED)}</updated>\n"
        f"<author><name>{marked_up(catalog.title)}</name></author>\n"
        f'<link rel="self" type="application/atom+xml" href="{marked_up(site.at(ATOM_PATH))}"/>\n'
        f'<link rel="alternate" type="text/html" href="{marked_up(site.at(CATALOG_PATH))}"/>\n'
    )
    entries = "".join("".join(_entry(data_set, site)) for data_set in catalog.newest[:FEED_SIZE])
    return (
        f'{_DECLARATION}<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="zh-CN">\n{head}{entries}</feed>\n'
    ).encode()


def _entry(data_set: DataSet, site: Site) -> Iterator[str]:
    entry, path = data_set.entry, page_path(data_set.code)
    address = site.at(path)
    # The id is the page's address, which is the same as long as entry and site are.
    yield f"<entry>\n<id>{marked_up(address)}</id>\n<title>{marked_up(entry.name)}</title>\n"
    yield f"<updated>{render_instant(data_set.updated_at or NEVER_UPDATED)}</updated>\n"
    yield f"<author><name>{marked_up(data_set.provider)}</name></author>\n"
    yield f"<summary>{marked_up(entry.abstract)}</summary>\n"
    for keyword in entry.keywords:
        yield f'<category term="{marked_up(keyword)}"/>\n'
    for kind, ending in (("text/html", ""), ("application/ld+json", ".jsonld"), ("text/turtle", ".ttl")):
        yield f'<link rel="alternate" type="{kind}" href="{marked_up(address + ending)}"/>\n'
    yield "</entry>\n"
