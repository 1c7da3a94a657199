"""How many values of the catalog a document can be answered with, counted by hand."""

from typing import Any

import pytest
from graphql import parse

from portal.access.catalog_cells import CatalogSizes, catalog_sizes, check_catalog_cells
from portal.errors import TooComplex
from portal.vocabulary import EntryCode, EntryIdentifier
from tests.policies.building import entry

pytestmark = pytest.mark.clause("T71")

SIZES = CatalogSizes(entries=50, facets=7, below={"items": 6, "purposes": 5})


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("{catalog {totalCount}}", 2),
        ("{catalog(first: 10) {nodes {name}}}", 1 + 1 + 10),
        ("{catalog {nodes {name}}}", 1 + 1 + 50),
        ("{catalog(first: 1000) {edges {node {name}}}}", 1 + 1 + 50 * 2),
        ("{catalog(first: 99999999999999999999) {nodes {name}}}", 1 + 1 + 50),
        ("{catalog(first: -3) {nodes {name}}}", 1 + 1 + 3),
        ("{catalog(first: 10) {nodes {items {name type}}}}", 1 + 1 + 10 * (1 + 6 * 2)),
        ("{catalog(first: 10) {nodes {items {access {purposes {purpose}}}}}}", 1 + 1 + 10 * (1 + 6 * (1 + 1 + 5))),
        ("{catalog {facets {kind {value}}}}", 1 + 1 + 7 * 2),
        ('{catalogEntry(code: "1") {name links {target} relatedEntries {code}}}', 1 + 1 + 11 + 11),
        ('{catalogEntry(code: "1") {hierarchies {item levels {key}}}}', 1 + 1 + 10 * (1 + 1 + 10)),
        ('{catalogEntry(code: "1") {interfaceDescription}}', 1 + 200),
        ('{a: catalogEntry(code: "1") {name} b: catalogEntry(code: "1") {name}}', 4),
        ('{explain(resource: "1") {lines items {code records {id}}}}', 1 + 1 + 1 + 6 * (1 + 1 + 20)),
        ("{...F} fragment F on Query {catalog(first: 5) {...G ...G}} fragment G on C {nodes {name}}", 1 + 1 + 5),
        ("{a: catalogEntry {...F} b: catalogEntry {...F}} fragment F on E {links {target}}", 2 * (1 + 1 + 10)),
        ('{catalog(search: "x", first: 3) {nodes {name}}}', 1 + 1 + 3),
        ("query ($n: Int = 4) {catalog(first: $n) {nodes {name}}}", 1 + 1 + 4),
        ("{...F} fragment F on Query {...F}", 0),
        ("{me {user} shared {catalog(first: 9) {nodes {x}}}}", 0),
    ],
)
def test_values_of_the_catalog_are_counted_with_the_length_of_every_list(text: str, cells: int) -> None:
    check_catalog_cells(parse(text), None, {}, SIZES, cells)
    if cells:
        with pytest.raises(TooComplex, match=f"^up to {cells} values of the catalog .* {cells - 1} allowed"):
            check_catalog_cells(parse(text), None, {}, SIZES, cells - 1)


def test_variable_says_how_many_entries_are_asked_for() -> None:
    document = parse("query ($n: Int = 4) {catalog(first: $n) {nodes {name}}}")
    check_catalog_cells(document, None, {"n": 7}, SIZES, 9)
    with pytest.raises(TooComplex, match=r"^up to 9 values"):
        check_catalog_cells(document, None, {"n": 7}, SIZES, 8)


def test_operation_that_is_meant_is_counted_alone() -> None:
    document = parse("query A {catalog {nodes {name}}} query B {catalog {totalCount}}")
    check_catalog_cells(document, "B", None, SIZES, 2)
    check_catalog_cells(document, None, None, SIZES, 0)
    with pytest.raises(TooComplex):
        check_catalog_cells(document, "A", None, SIZES, 2)


def test_sizes_are_those_of_the_longest_lists() -> None:
    plain: dict[str, Any] = {"code": EntryCode("303001001/00002"), "identifier": EntryIdentifier("others")}
    wide = entry(classification=("户籍", "常住", "城镇"))
    sizes = catalog_sizes([(wide, 7), (entry(wide.items[:2], **plain), 2)], 4)
    assert sizes == CatalogSizes(entries=2, facets=10, below={"items": 7, "purposes": 5})
    many = [(entry(classification=(f"{n}", "x"), code=EntryCode(f"303001001/{n:05}")), 1) for n in range(20)]
    assert catalog_sizes(many, 4).facets == 40
    assert catalog_sizes([], 4) == CatalogSizes(entries=1, facets=10, below={"items": 1, "purposes": 5})
