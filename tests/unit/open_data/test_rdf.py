"""Both texts of statements are read back as what was said, whatever stands in a literal or a name."""

from random import Random

import pytest
import rdflib

from portal.open_data.rdf import PREFIXES, Literal, Statement, iri, render_json_ld, render_turtle, term
from tests.fixtures.hostile_text import hostile_text
from tests.fixtures.open_data import HOSTILE, graph_of

ONE, TWO = iri("http://site.example/1"), iri("http://site.example/2")


def test_drawn_literals_are_read_back_as_they_were() -> None:
    random = Random(20260301)
    texts = [*HOSTILE, *(hostile_text(random) for _ in range(500))]
    statements: list[Statement] = [(ONE, "dct:title", Literal(text, "zh")) for text in texts]
    statements += [(TWO, "dct:identifier", Literal(text)) for text in texts]
    for found in (graph_of(render_turtle(statements)), graph_of(render_json_ld(statements), "json-ld")):
        titles = set(found.objects(rdflib.URIRef(ONE.text), rdflib.DCTERMS.title))
        assert titles == {rdflib.Literal(text, lang="zh") for text in texts}
        assert {str(one) for one in found.objects(rdflib.URIRef(TWO.text))} == set(texts)
        assert set(found.predicates()) == {rdflib.DCTERMS.title, rdflib.DCTERMS.identifier}


@pytest.mark.parametrize("text", HOSTILE)
def test_name_never_ends_its_brackets(text: str) -> None:
    made = iri(f"http://site.example/{text}")
    assert made.text.isascii()
    assert set(made.text).isdisjoint('<>"{}|^`\\ \r\n\t\x00\x7f')
    statements: list[Statement] = [(made, "rdf:type", term("dcat:Dataset"))]
    (found,) = graph_of(render_turtle(statements))
    (same,) = graph_of(render_json_ld(statements), "json-ld")
    assert found == same == (rdflib.URIRef(made.text), rdflib.RDF.type, rdflib.DCAT.Dataset)


def test_text_is_written_as_people_and_machines_read_it() -> None:
    statements: list[Statement] = [
        (ONE, "rdf:type", term("dcat:Dataset")),
        (ONE, "dct:title", Literal('停车"场\n', "zh")),
        (ONE, "dct:modified", Literal("2026-01-02", datatype="xsd:date")),
        (ONE, "dct:title", Literal('停车"场\n', "zh")),
        (ONE, "dct:relation", TWO),
    ]
    _, _, written = render_turtle(statements).decode().partition("\n\n")
    assert written == (
        "<http://site.example/1>\n"
        "    a <http://www.w3.org/ns/dcat#Dataset> ;\n"
        '    dct:title "停车\\"场\\n"@zh ;\n'
        '    dct:modified "2026-01-02"^^xsd:date ;\n'
        "    dct:relation <http://site.example/2> .\n"
    )
    assert len(graph_of(render_turtle(statements))) == len(graph_of(render_json_ld(statements), "json-ld")) == 4


def test_no_statement_is_an_empty_graph() -> None:
    assert len(graph_of(render_turtle([]))) == len(graph_of(render_json_ld([]), "json-ld")) == 0
    assert len(PREFIXES) == 7
