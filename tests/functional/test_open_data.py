"""Open data over HTTP: what machines and pages without JavaScript are told, and what nobody is."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import rdflib
from starlette.requests import Request

from portal.errors import BadInput, Language
from portal.open_data.fragments import Fragment
from portal.resolvers.observing import Observation
from portal.resolvers.over_http import NotAnOperation
from tests.fixtures.open_data import graph_of, open_data_bundle, open_record, parks
from tests.fixtures.portal_world import Answer, PortalWorld, open_world
from tests.fixtures.sharing_bundle import CHECKER

VILLAGES, PARKS, RESIDENTS = "303001001/00001", "303001001/00009", "303001001/00002"
TYPES = {
    "/dcat.jsonld": "application/ld+json",
    "/dcat.ttl": "text/turtle; charset=utf-8",
    f"/catalog/{PARKS}.jsonld": "application/ld+json",
    f"/catalog/{PARKS}.ttl": "text/turtle; charset=utf-8",
    "/sitemap.xml": "application/xml; charset=utf-8",
    "/feed.atom": "application/atom+xml; charset=utf-8",
    "/robots.txt": "text/plain; charset=utf-8",
}
LISTS = ("/dcat.jsonld", "/dcat.ttl", "/sitemap.xml", "/feed.atom")
PAGES = ("/", "/catalog", f"/catalog/{VILLAGES}", f"/catalog/{PARKS}", f"/catalog/{RESIDENTS}", "/catalog/1/2")
SECRETS = (b"tariff", b"residents", b"/00002", b"/00003", b"/00004", b"cases", b"note", "经办".encode(), b"id_number")
"""What the public may not know: a conditional item, one that isn't open, hidden entries and their items."""
HYDRA = rdflib.Namespace("http://www.w3.org/ns/hydra/core#")
DCAT = rdflib.Namespace("http://www.w3.org/ns/dcat#")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    with open_world(open_data_bundle(), tmp_path_factory.mktemp("open")) as opened:
        yield opened


@pytest.fixture
def changing(tmp_path: Path) -> Iterator[PortalWorld]:
    with open_world(open_data_bundle(), tmp_path) as opened:
        yield opened


def get(world: PortalWorld, path: str, by: str | None = None, **headers: str) -> Answer:
    return world.send("GET", path, by=by, headers={name.replace("_", "-"): value for name, value in headers.items()})


def fragment(world: PortalWorld, path: str, query: str = "", language: Language = Language.ENGLISH) -> Fragment:
    scope = {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "query_string": query.encode(),
        "headers": [(b"host", b"portal.test")],
        "client": ("192.0.2.1", 1),
        "state": {"observation": Observation("synthetic", 0, "GET")},
    }
    return world.run(world.portal.open_data_desk.page_fragment(Request(scope), language))


@pytest.mark.parametrize("path", TYPES)
def test_everyone_is_answered_alike_in_the_type_that_is_named(world: PortalWorld, path: str) -> None:
    answer = get(world, path)
    assert (answer.status, answer.headers["content-type"]) == (200, TYPES[path])
    assert get(world, path, CHECKER).content == answer.content
    assert world.send("HEAD", path).status == 200
    assert (answer.headers["cache-control"], answer.headers["x-content-type-options"]) == ("no-cache", "nosniff")
    assert world.send("POST", path).status == 405


@pytest.mark.parametrize("path", LISTS)
def test_list_holds_the_open_data_sets(world: PortalWorld, path: str) -> None:
    assert VILLAGES.encode() in get(world, path).content
    assert PARKS.encode() in get(world, path).content


@pytest.mark.parametrize("path", [*TYPES, *PAGES])
def test_nothing_tells_what_the_public_may_not_know(world: PortalWorld, path: str) -> None:
    if path in TYPES:
        told = get(world, path).content
    else:
        shown = fragment(world, path)
        told = f"{shown.title}{shown.head}{shown.body}".encode()
    assert [secret for secret in SECRETS if secret in told] == []


@pytest.mark.parametrize("ending", [".jsonld", ".ttl"])
def test_hidden_entry_looks_like_none(world: PortalWorld, ending: str) -> None:
    answers = {
        (answer.status, answer.content)
        for code in (RESIDENTS, "303001001/00003", "303001001/00004", "9/9", f"{PARKS}.ttl", "%3Cb%3E/1")
        for answer in [get(world, f"/catalog/{code}{ending}")]
    }
    assert len(answers) == 1
    assert {status for status, _ in answers} == {404}
    assert fragment(world, f"/catalog/{RESIDENTS}") == fragment(world, "/catalog/9/9")


def test_turtle_and_json_ld_are_the_same_graph(world: PortalWorld) -> None:
    for path in ("/dcat", f"/catalog/{PARKS}"):
        turtle = graph_of(get(world, f"{path}.ttl").content)
        assert turtle.isomorphic(graph_of(get(world, f"{path}.jsonld").content, "json-ld"))
        assert len(turtle) > 20


def test_addresses_that_are_told_are_answered(world: PortalWorld) -> None:
    found = graph_of(get(world, "/dcat.ttl").content)
    files = [str(address) for address in found.objects(None, DCAT.downloadURL)]
    assert len(files) == 8
    assert {get(world, address.removeprefix("http://portal.test")).status for address in files} == {200}
    pages = re.findall("<loc>http://portal.test(.*?)</loc>", get(world, "/sitemap.xml").content.decode())
    assert pages == ["/", "/catalog", f"/catalog/{VILLAGES}", f"/catalog/{PARKS}"]
    assert all("h1" in fragment(world, page).body for page in pages)
    query = re.search("<pre><code>(.*?)</code>", fragment(world, f"/catalog/{PARKS}").body)
    assert query is not None
    assert world.ask(query[1]).data == {"shared": {"parks": {"nodes": [{"code": "p1", "name": "合成停车场"}]}}}


def test_pages_of_a_long_catalog_lead_to_every_data_set(tmp_path: Path) -> None:
    draft = open_data_bundle()
    for number in range(100):
        name = f"parks_{number}"
        draft.entries[name] = {**parks(), "identifier": name, "code": f"303001001/1{number:04}"}
        draft.policies[name] = open_record(name, resource=f"303001001/1{number:04}")
    with open_world(draft, tmp_path) as long:
        for ending, kind in (("ttl", "turtle"), ("jsonld", "json-ld")):
            path, seen = f"/dcat.{ending}", set[object]()
            while path:
                found = graph_of(get(long, path).content, kind)
                assert len(set(found.objects(None, DCAT.dataset))) <= 100
                seen |= set(found.objects(None, DCAT.dataset))
                (path,) = [str(one).removeprefix("http://portal.test") for one in found.objects(None, HYDRA.next)] or [
                    ""
                ]
                assert not path or path.startswith(f"/dcat.{ending}?")
            assert len(seen) == 102
        assert get(long, "/feed.atom").content.count(b"<entry>") == 100


def test_answer_tells_when_its_rows_came(world: PortalWorld) -> None:
    for path in TYPES:
        assert ("last-modified" in get(world, path).headers) is (path != "/robots.txt")


def test_nothing_of_it_is_in_the_audit(world: PortalWorld) -> None:
    asked = "{ shared { parks { nodes { code } access { receipt } } } }"
    before = world.ask(asked).data["shared"]["parks"]["access"]["receipt"]
    for path in TYPES:
        assert get(world, path).status == 200
    after = world.ask(asked).data["shared"]["parks"]["access"]["receipt"]
    assert int(after.rpartition("-")[2]) == int(before.rpartition("-")[2]) + 1


@pytest.mark.parametrize("path", LISTS)
def test_withdrawn_data_set_is_gone_at_once_and_no_kept_copy_outlives_it(changing: PortalWorld, path: str) -> None:
    before = get(changing, path)
    tag = before.headers["etag"]
    assert get(changing, path, if_none_match=tag).status == 304
    draft = open_data_bundle()
    del draft.policies["by-hand"]
    changing.load(draft, changing.settings.home.parent / "second")
    for headers in ({}, {"if_none_match": tag}, {"if_modified_since": "Fri, 01 Jan 2100 00:00:00 GMT"}):
        after = get(changing, path, **headers)
        assert after.status == 200
        assert VILLAGES.encode() in after.content
        assert PARKS.encode() not in after.content
        assert b"parks" not in after.content
    assert get(changing, f"/catalog/{PARKS}.ttl", if_none_match="*").status == 404
    assert fragment(changing, f"/catalog/{PARKS}") == fragment(changing, "/catalog/9/9")


def test_expired_record_opens_nothing(tmp_path: Path) -> None:
    draft = open_data_bundle()
    draft.policies["by-hand"] = open_record("by-hand", valid_until="2026-01-01T00:00:00Z")
    with open_world(draft, tmp_path) as expired:
        for path in LISTS:
            assert PARKS.encode() not in get(expired, path).content
        assert get(expired, f"/catalog/{PARKS}.jsonld").status == 404
        assert "公共停车场" not in fragment(expired, "/catalog").body


def test_data_set_is_gone_when_its_entry_is_withdrawn(changing: PortalWorld) -> None:
    draft = open_data_bundle()
    draft.entries["parks"]["status"] = "withdrawn"
    changing.load(draft, changing.settings.home.parent / "second")
    assert get(changing, f"/catalog/{PARKS}.ttl").status == 404
    assert PARKS.encode() not in get(changing, "/feed.atom").content


@pytest.mark.parametrize("path", TYPES)
def test_request_is_held_to_the_publics_rate_and_the_portals_names(tmp_path: Path, path: str) -> None:
    settings = {"public_requests_per_second": "1", "allowed_hosts": "portal.test"}
    with open_world(open_data_bundle(), tmp_path, **settings) as bounded:
        assert get(bounded, path, host="elsewhere.test").status == 421
        answers = (get(bounded, path) for _ in range(50))
        refused = next(answer for answer in answers if answer.status != 200)
        assert (refused.status, refused.codes) == (429, ["RATE_LIMITED"])
        assert refused.headers["retry-after"] == "1"
        assert {get(bounded, path, CHECKER).status for _ in range(5)} == {200}


def test_token_that_does_not_verify_is_never_the_public(world: PortalWorld) -> None:
    for path in TYPES:
        refused = get(world, path, authorization="Bearer x")
        assert (refused.status, refused.codes) == (401, ["UNAUTHENTICATED"])


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/dcat.ttl?page=1", 200),
        ("/dcat.ttl?page=2", 404),
        ("/dcat.ttl?page=0", 404),
        ("/dcat.jsonld?page=x", 400),
        ("/dcat.jsonld?page=-1", 400),
        ("/dcat.jsonld?page=9999999999", 400),
        ("/dcat.ttl?page=1&page=1", 400),
        ("/dcat.ttl?page=%FF", 400),
        ("/dcat.ttl?other=1&other=2", 200),
        ("/sitemap-1.xml", 404),
        ("/sitemap-x.xml", 404),
        ("/sitemap-01.xml", 404),
        ("/catalog/303001001.ttl", 404),
        ("/dcat.xml", 404),
    ],
)
def test_address_is_answered_or_refused_with_its_status(world: PortalWorld, path: str, status: int) -> None:
    answer = get(world, path)
    assert answer.status == status
    assert status == 200 or answer.errors[0]["message"]


def test_site_is_the_one_that_is_set(tmp_path: Path) -> None:
    settings = {"public_url": "https://share.example.gov.cn", "open_data_licence": "https://license.example.gov.cn/1"}
    with open_world(open_data_bundle(), tmp_path, **settings) as named:
        for path in LISTS:
            assert b"portal.test" not in get(named, path, host="portal.test").content
        licences = set(graph_of(get(named, "/dcat.ttl").content).objects(None, rdflib.DCTERMS.license))
        assert licences == {rdflib.URIRef("https://license.example.gov.cn/1")}
        assert 'href="https://license.example.gov.cn/1"' in fragment(named, f"/catalog/{PARKS}").body


def test_pages_list_search_and_tell_in_both_languages(world: PortalWorld) -> None:
    assert "公共停车场" in fragment(world, "/").body
    assert "公共停车场" in fragment(world, "/catalog", "q=%E5%81%9C%E8%BD%A6").body
    assert "条目 villages" not in fragment(world, "/catalog", "q=%E5%81%9C%E8%BD%A6").body
    assert "条目 villages" in fragment(world, "/catalog", "q=++").body
    assert "2 data sets" in fragment(world, "/catalog").body
    assert "共 2 个数据集" in fragment(world, "/catalog", language=Language.CHINESE).body
    nothing = fragment(world, "/catalog", "q=%3Cscript%3E")
    assert "0 data sets" in nothing.body
    assert "<script>" not in nothing.body


def test_search_finds_nothing_by_what_is_hidden(world: PortalWorld) -> None:
    for word in ("tariff", "note", "residents", "id_number"):
        assert "0 data sets" in fragment(world, "/catalog", f"q={word}").body


def test_page_that_cannot_be_shown_is_refused(world: PortalWorld) -> None:
    with pytest.raises(NotAnOperation) as refused:
        fragment(world, "/catalog", "page=2")
    assert refused.value.status == 404
    with pytest.raises(BadInput):
        fragment(world, "/catalog", f"q={'a' * 201}")
    with pytest.raises(BadInput):
        fragment(world, "/catalog", "q=%00")
