"""Addresses of open data: whatever a name holds, it stays one part of its address."""

from urllib.parse import parse_qs, urlsplit

from portal.exchange.formats import Format
from portal.open_data.addresses import Site, file_path, page_path, paged
from portal.vocabulary import EntryCode, EntryIdentifier, ItemIdentifier


def test_addresses_are_plain_and_below_the_site() -> None:
    assert Site("https://a.example").at(page_path(EntryCode("303001001/00001"))) == (
        "https://a.example/catalog/303001001/00001"
    )
    assert page_path(EntryCode('1/"><b>')) == "/catalog/1/%22%3E%3Cb%3E"


def test_file_names_format_and_items() -> None:
    found = urlsplit(file_path(EntryIdentifier("parks"), [ItemIdentifier("code"), ItemIdentifier("name")], Format.CSV))
    assert (found.path, parse_qs(found.query)) == ("/exchange/parks", {"format": ["csv"], "items": ["code,name"]})


def test_page_names_its_number_from_the_second_on_and_the_search() -> None:
    assert paged("/catalog", 1) == "/catalog"
    assert paged("/catalog", 2) == "/catalog?page=2"
    assert parse_qs(urlsplit(paged("/catalog", 3, "a&page=9")).query) == {"q": ["a&page=9"], "page": ["3"]}
    assert parse_qs(urlsplit(paged("/catalog", 1, "停车")).query) == {"q": ["停车"]}
