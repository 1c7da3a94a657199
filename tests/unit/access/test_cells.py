"""How many cells a document can ask for, counted by hand."""

import pytest
from graphql import parse

from portal.access.cells import check_cells
from portal.errors import TooComplex


def holds(text: str, cells: int, **variables: object) -> bool:
    """Whether the document asks for exactly so many cells."""
    check_cells(parse(text), None, variables, cells)
    try:
        check_cells(parse(text), None, variables, cells - 1)
    except TooComplex as refused:
        return str(cells) in refused.text.en and str(cells - 1) in refused.text.zh
    return False


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("{me {name}}", 2),
        ("{shared {a {totalCount}}}", 3),
        ("{shared {a {nodes {x y}}}}", 2 + 100 * 3),
        ("{shared {a(first: 7) {nodes {x y} edges {node {x}}}}}", 2 + 7 * (3 + 3)),
        ("{shared {a(first: 7) {nodes {one {x}}}}}", 2 + 7 * (1 + 2)),
        ("{shared {a(first: 7) {nodes {many {nodes {x}}}}}}", 2 + 7 * (1 + 1 + 20 * 2)),
        ("{shared {a(first: 7) {nodes {many(first: 3) {totalCount nodes {x}}}}}}", 2 + 7 * (1 + 1 + 1 + 3 * 2)),
        ("{shared {a(first: 99999999999) {nodes {x}}}}", 2 + 1000 * 2),
        ("{shared {a {groups(by: [x]) {key count}}}}", 2 + 1 + 100 * 2),
        ("{shared {a(first: 7) {nodes {x} g: groups(by: [x], first: 9) {key}}}}", 2 + 7 * 2 + 1 + 9),
        ("{shared {a(first: 7) {nodes {groups(first: 3) {nodes {x}}}}}}", 2 + 7 * (1 + 1 + 3 * 2)),
        ("{shared {a_by_keys(keys: [{k: 1}, {k: 2}]) {x y}}}", 2 + 2 * 2),
        ("{shared {a(first: 2) {...F ...F}}} fragment F on a_connection {nodes {...G}} fragment G on a {x}", 2 + 2 * 2),
        ("{...F} fragment F on Query {...F}", 0),
    ],
)
def test_cells_are_rows_times_fields_with_links_multiplied(text: str, cells: int) -> None:
    if cells:
        assert holds(text, cells)
    else:
        check_cells(parse(text), None, None, 0)


def test_rows_that_variables_name_count() -> None:
    text = "query ($n: Int = 5, $k: [a_key!]!) {shared {a(first: $n) {nodes {x}} a_by_keys(keys: $k) {x}}}"
    assert holds(text, 1 + 1 + 5 * 2 + 1 + 3, k=[{}, {}, {}])
    assert holds(text, 1 + 1 + 4 * 2 + 1 + 0, k=[], n=4)


def test_only_the_operation_that_is_meant_counts() -> None:
    document = parse("query A {shared {a {nodes {x}}}} query B {me {name}}")
    check_cells(document, "B", None, 2)
    with pytest.raises(TooComplex):
        check_cells(document, "A", None, 2)


def test_fragments_that_multiply_are_weighed_once_each() -> None:
    fragments = " ".join(f"fragment F{n} on t {{a {{...F{n + 1}}} b {{...F{n + 1}}}}}" for n in range(60))
    with pytest.raises(TooComplex):
        check_cells(parse(f"{{shared {{...F0}}}} {fragments} fragment F60 on t {{x}}"), None, None, 2**59)


def test_widest_document_of_eight_kibibytes_and_twelve_levels_is_taken_by_default() -> None:
    levels = "nodes{a(first:100){" * 4
    leaves = ",".join(f"{letter}{number}" for letter in "abcdefgh" for number in range(200))
    text = f"{{shared{{a(first:1000){{{levels}nodes{{{leaves}}}{'}}' * 4}}}}}}}"
    check_cells(parse(text), None, None, 10**15)
