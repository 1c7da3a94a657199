"""Where open data are found: the addresses below a portal's site, as pages, feeds and descriptions name them."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from portal.exchange.formats import Format
from portal.vocabulary import EntryCode, EntryIdentifier, ItemIdentifier

JSON_LD_PATH, TURTLE_PATH = "/dcat.jsonld", "/dcat.ttl"
ATOM_PATH, SITEMAP_PATH, ROBOTS_PATH = "/feed.atom", "/sitemap.xml", "/robots.txt"
CATALOG_PATH = "/catalog"
GRAPHQL_PATH = "/graphql"


def page_path(code: EntryCode) -> str:
    """Return the path of a data set's page."""
    return f"{CATALOG_PATH}/{quote(code)}"


def file_path(identifier: EntryIdentifier, items: Iterable[ItemIdentifier], chosen: Format) -> str:
    """Return path and query by which the items of a data set are taken as a file."""
    query = urlencode({"format": chosen.value, "items": ",".join(items)}, safe=",")
    return f"/exchange/{quote(identifier)}?{query}"


def paged(path: str, page: int, search: str = "") -> str:
    """Return path and query of a page, counted from 1, of what is listed there."""
    asked = {"q": search} if search else {}
    query = urlencode({**asked, "page": page} if page > 1 else asked)
    return f"{path}?{query}" if query else path


@dataclass(frozen=True, slots=True)
class Site:
    """A portal's site, as clients reach it: scheme, name and port; and the licence of its open data, if one is set."""

    origin: str
    licence: str | None = None

    def at(self, path: str) -> str:
        """Return the address of a path."""
        return f"{self.origin}{path}"
