"""Descriptions hold to DCAT-AP 3, as both texts, whatever people wrote; each shape notices a fault."""

from collections.abc import Iterable
from datetime import date

import pytest
import rdflib

from portal.catalog.entries import UpdateCycle
from portal.exchange.formats import Format
from portal.open_data.addresses import Site
from portal.open_data.dcat import describe_catalog, describe_data_sets
from portal.open_data.paging import page_of
from portal.open_data.rdf import Iri, Literal, Statement, iri, render_json_ld, render_turtle, term
from portal.open_data.reading import OpenCatalog
from portal.open_data.vocabularies import file_type, frequency, media_type
from tests.fixtures.open_data import (
    HOSTILE,
    SHAPES,
    SITE,
    catalog_of,
    graph_of,
    hostile_parking,
    opening,
    parking,
    point_on,
    read_at,
    updated,
    violations,
)

DCAT = rdflib.Namespace("http://www.w3.org/ns/dcat#")
DCT = rdflib.Namespace("http://purl.org/dc/terms/")
HYDRA = rdflib.Namespace("http://www.w3.org/ns/hydra/core#")
DATA_SET = rdflib.URIRef("https://share.example.gov.cn/catalog/303001001/00001#data-set")


def described(catalog: OpenCatalog, page: int = 1, size: int = 100, site: Site = SITE) -> list[Statement]:
    shown = page_of(catalog.data_sets, page, size)
    assert shown is not None
    return [*describe_catalog(catalog, shown, site, "/dcat.ttl")]


def graph(statements: Iterable[Statement]) -> rdflib.Graph:
    return graph_of(render_turtle(statements))


MANY = catalog_of(*(parking(f"303001001/0000{number}", f"parks_{number}") for number in range(1, 6)))
PLAIN = described(catalog_of(parking()))
PAGED = described(MANY, page=2, size=2)


@pytest.mark.parametrize(
    "statements", [PLAIN, PAGED, described(read_at(point_on([], [])))], ids=["one", "page", "none"]
)
def test_description_is_valid_and_the_same_graph_as_turtle_and_as_json_ld(statements: list[Statement]) -> None:
    assert violations(statements) == []
    turtle, json_ld = graph_of(render_turtle(statements)), graph_of(render_json_ld(statements), "json-ld")
    assert turtle.isomorphic(json_ld)
    assert len(turtle) == len(set(statements))


def test_description_of_a_data_set_is_valid_by_itself_and_part_of_that_of_the_catalog() -> None:
    catalog = catalog_of(parking())
    alone = [*describe_data_sets(catalog, catalog.data_sets, SITE)]
    assert violations(alone) == []
    assert set(graph(alone)) < set(graph(PLAIN))


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_people_wrote_is_text_and_adds_no_statement(text: str) -> None:
    entry = hostile_parking(text)
    statements = described(catalog_of(entry))
    assert violations(statements) == []
    turtle, json_ld = graph(statements), graph_of(render_json_ld(statements), "json-ld")
    assert turtle.isomorphic(json_ld)
    plain = described(
        catalog_of(parking(classification=("甲", "乙"), keywords=("丙",), published_on=entry.published_on))
    )
    assert len(turtle) == len(graph(plain))
    assert turtle.value(DATA_SET, DCT.title) == rdflib.Literal(text, lang="zh")
    assert turtle.value(DATA_SET, DCAT.keyword) == rdflib.Literal(text, lang="zh")


def test_classes_of_different_places_have_different_names() -> None:
    places = [("甲", "乙"), ("甲/乙",), ("甲%2F乙",), ("甲", "乙", ""), ("甲#乙",)]
    entries = [parking(f"303001001/0000{n}", f"parks_{n}", classification=of) for n, of in enumerate(places)]
    found = graph(described(catalog_of(*entries)))
    assert len(set(found.objects(None, DCAT.theme))) == len(places)
    assert all(len([*found.objects(one, rdflib.SKOS.prefLabel)]) == 1 for one in found.objects(None, DCAT.theme))


def test_description_says_what_the_catalog_knows() -> None:
    found = graph(PLAIN)
    said = {name: str(found.value(DATA_SET, DCT[name])) for name in ("title", "description", "identifier", "issued")}
    assert said == {
        "title": "停车场 car_parks",
        "description": "合成数据，仅供测试",
        "identifier": "303001001/00001",
        "issued": "2026-01-02",
    }
    assert found.value(DATA_SET, DCT.issued) == rdflib.Literal(date(2026, 1, 2))
    assert str(found.value(DATA_SET, DCT.modified)) == "2026-02-28T16:30:00+00:00"
    assert str(found.value(DATA_SET, DCT.accrualPeriodicity)).endswith("frequency/DAILY")
    assert str(found.value(DATA_SET, DCAT.landingPage)) == "https://share.example.gov.cn/catalog/303001001/00001"
    assert {str(word) for word in found.objects(DATA_SET, DCAT.keyword)} == {"交通", "停车"}
    theme = found.value(DATA_SET, DCAT.theme)
    assert str(found.value(theme, rdflib.SKOS.prefLabel)) == "交通"
    assert str(found.value(found.value(theme, rdflib.SKOS.broader), rdflib.SKOS.prefLabel)) == "公共服务"


def test_files_name_the_items_that_may_be_read_and_no_others() -> None:
    found = graph(PLAIN)
    files = {str(address) for address in found.objects(None, DCAT.downloadURL)}
    assert files == {
        f"https://share.example.gov.cn/exchange/car_parks?format={chosen}&items=code,name"
        for chosen in ("csv", "jsonl", "xlsx", "parquet")
    }
    assert not any("fee" in str(node) or "note" in str(node) for statement in found for node in statement)


@pytest.mark.parametrize(("modes", "files", "services"), [(["query"], 0, 1), (["exchange"], 4, 0), (["*"], 4, 1)])
def test_distributions_are_those_by_which_the_public_may_read(modes: list[str], files: int, services: int) -> None:
    entry = parking()
    statements = described(read_at(point_on([entry], [opening(entry, modes=modes)])))
    found = graph(statements)
    assert violations(statements) == []
    assert len([*found.objects(None, DCAT.downloadURL)]) == files
    assert len([*found.objects(None, DCAT.accessService)]) == services


def test_licence_is_named_where_one_is_set_and_nowhere_else() -> None:
    assert {str(one) for one in graph(PLAIN).objects(None, DCT.license)} == {SITE.licence}
    without = described(catalog_of(parking()), site=Site(SITE.origin))
    assert [*graph(without).objects(None, DCT.license)] == []
    assert violations(without) == []


def test_data_set_of_which_little_is_known_is_described_by_what_is() -> None:
    bare = parking(keywords=(), classification=(), published_on=None)
    statements = described(read_at(point_on([updated(bare, None)], [opening(bare)])))
    assert violations(statements) == []
    found = graph(statements)
    for name in (DCT.issued, DCT.modified, DCAT.theme, DCAT.keyword, DCAT.themeTaxonomy):
        assert [*found.subject_objects(name)] == []


def test_pages_name_each_other_and_hold_each_data_set_once() -> None:
    found = [graph(described(MANY, page=number, size=2)) for number in (1, 2, 3)]
    listed = [str(one) for each in found for one in each.objects(None, DCAT.dataset)]
    assert len(listed) == len(set(listed)) == 5
    assert [[str(one)[-6:] for one in each.objects(None, HYDRA.next)] for each in found] == [["page=2"], ["page=3"], []]
    assert [[str(one)[-6:] for one in each.objects(None, HYDRA.previous)] for each in found] == [
        [],
        ["at.ttl"],
        ["page=2"],
    ]
    assert {str(one) for each in found for one in each.objects(None, HYDRA.totalItems)} == {"5"}


def test_catalog_on_one_page_tells_of_no_pages() -> None:
    assert [*graph(PLAIN).objects(None, HYDRA.view)] == []


@pytest.mark.parametrize("cycle", list(UpdateCycle))
def test_every_update_cycle_has_a_frequency(cycle: UpdateCycle) -> None:
    statements = described(catalog_of(parking(update_cycle=cycle)))
    assert violations(statements) == []
    assert (Iri(str(DATA_SET)), "dct:accrualPeriodicity", frequency(cycle)) in statements


def test_every_format_has_a_file_type_and_a_media_type_that_is_registered_or_none() -> None:
    for chosen in Format:
        assert "/authority/file-type/" in file_type(chosen).text
        registered = media_type(chosen)
        assert registered is None or registered.text.split("media-types/")[1] == chosen.media_type.partition(";")[0]
    assert media_type(Format.JSON_LINES) is None


ELSEWHERE = iri("http://elsewhere.example/")
FAULTS: dict[str, tuple[str, str, Iri | Literal | None]] = {
    "catalogue without publisher": ("dcat:Catalog", "dct:publisher", None),
    "homepage": ("dcat:Catalog", "foaf:homepage", ELSEWHERE),
    "dataset": ("dcat:Catalog", "dcat:dataset", ELSEWHERE),
    "service": ("dcat:Catalog", "dcat:service", ELSEWHERE),
    "taxonomy": ("dcat:Catalog", "dcat:themeTaxonomy", ELSEWHERE),
    "total": ("dcat:Catalog", "hydra:totalItems", Literal("many")),
    "view": ("dcat:Catalog", "hydra:view", ELSEWHERE),
    "identifier": ("dcat:Dataset", "dct:identifier", None),
    "keyword": ("dcat:Dataset", "dcat:keyword", ELSEWHERE),
    "theme": ("dcat:Dataset", "dcat:theme", ELSEWHERE),
    "landing page": ("dcat:Dataset", "dcat:landingPage", ELSEWHERE),
    "distribution": ("dcat:Dataset", "dcat:distribution", None),
    "frequency": ("dcat:Dataset", "dct:accrualPeriodicity", ELSEWHERE),
    "access address": ("dcat:Distribution", "dcat:accessURL", None),
    "download address": ("dcat:Distribution", "dcat:downloadURL", Literal("https://share.example.gov.cn/")),
    "access service": ("dcat:Distribution", "dcat:accessService", ELSEWHERE),
    "media type": ("dcat:Distribution", "dcat:mediaType", Literal("text/csv")),
    "format": ("dcat:Distribution", "dct:format", ELSEWHERE),
    "endpoint": ("dcat:DataService", "dcat:endpointURL", None),
    "served data set": ("dcat:DataService", "dcat:servesDataset", ELSEWHERE),
    "agent without name": ("foaf:Agent", "foaf:name", None),
    "label": ("skos:Concept", "skos:prefLabel", None),
    "scheme": ("skos:Concept", "skos:inScheme", ELSEWHERE),
    "broader": ("skos:Concept", "skos:broader", ELSEWHERE),
    "first page": ("hydra:PartialCollectionView", "hydra:first", None),
    "last page": ("hydra:PartialCollectionView", "hydra:last", None),
    "next page": ("hydra:PartialCollectionView", "hydra:next", Literal("2")),
    "publisher": ("dcat:Dataset", "dct:publisher", ELSEWHERE),
    "licence": ("dcat:Distribution", "dct:license", ELSEWHERE),
    "issued": ("dcat:Dataset", "dct:issued", Literal("2026-01-02")),
    "modified": ("dcat:Dataset", "dct:modified", Literal("yesterday", datatype="xsd:date")),
    "language": ("dcat:Dataset", "dct:language", ELSEWHERE),
    "access rights": ("dcat:Dataset", "dct:accessRights", ELSEWHERE),
}
"""A fault by the message of the shape that notices it: of the things of a type, a property is left out or another."""


def spoilt(statements: list[Statement], kind: str, name: str, value: Iri | Literal | None) -> list[Statement]:
    """Return the statements with the property of each thing of the type left out, or given this value alone."""
    things = [subject for subject, said, of in statements if said == "rdf:type" and of == term(kind)]
    kept = [each for each in statements if not (each[0] in things and each[1] == name)]
    return kept if value is None else [*kept, *((thing, name, value) for thing in things)]


@pytest.mark.parametrize("message", FAULTS)
def test_shape_notices_a_planted_fault(message: str) -> None:
    kind, name, value = FAULTS[message]
    found = violations(spoilt(PAGED, kind, name, value))
    assert found != []
    assert any(one.endswith(f" {message}") for one in found), found


@pytest.mark.parametrize("kind", ["dcat:Catalog", "dcat:Dataset", "dcat:DataService", "skos:ConceptScheme"])
def test_shape_notices_what_has_no_title(kind: str) -> None:
    assert any(one.endswith(" title") for one in violations(spoilt(PAGED, kind, "dct:title", None)))


@pytest.mark.parametrize("kind", ["dcat:Catalog", "dcat:Dataset"])
def test_shape_notices_what_has_no_description(kind: str) -> None:
    assert any(one.endswith(" description") for one in violations(spoilt(PAGED, kind, "dct:description", None)))


def test_each_message_of_the_shapes_has_a_planted_fault() -> None:
    shapes = graph_of(SHAPES.read_text(encoding="utf-8"))
    messages = {str(one) for one in shapes.objects(None, rdflib.Namespace("http://www.w3.org/ns/shacl#").message)}
    assert messages == {*FAULTS, "title", "description"}
