"""Bounds on a document: depth and selections, fragments counted where they are put, in linear time."""

from time import process_time

import pytest
from graphql import parse

from portal.access.bounds import Bounds, check_bounds
from portal.errors import ErrorCode, TooComplex

WIDE_OPEN = Bounds(tokens=10**6, depth=100, selections=10**6)


def refusal(text: str, depth: int = 100, selections: int = 10**6) -> str:
    with pytest.raises(TooComplex) as refused:
        check_bounds(parse(text), Bounds(10**6, depth, selections))
    assert refused.value.code is ErrorCode.TOO_COMPLEX
    assert refused.value.text.zh != refused.value.text.en
    return refused.value.text.en


@pytest.mark.parametrize(
    ("text", "depth", "selections"),
    [
        ("{a}", 1, 1),
        ("{a b c}", 1, 3),
        ("{a {b {c d}} e}", 3, 5),
        ("{a {... {b} ... on T {c {d}}}}", 3, 4),
        ("{a {...F} b {...F}} fragment F on T {c {d}}", 3, 6),
        ("{...F} fragment F on T {...G ...G} fragment G on T {a b}", 1, 4),
        ("query A {a} query B {b {c}}", 2, 2),
        ("{a {...Nowhere}}", 1, 1),
        ("{a {... on T @skip(if: true) {b}}}", 2, 2),
    ],
)
def test_document_is_taken_up_to_its_depth_and_selections_and_refused_beyond(
    text: str, depth: int, selections: int
) -> None:
    check_bounds(parse(text), Bounds(10**6, depth, selections))

    if depth > 1:
        assert refusal(text, depth=depth - 1).startswith(f"{depth} depth are more than the {depth - 1} allowed")
    assert refusal(text, selections=selections - 1).startswith(f"{selections} selections are more than")


def test_every_operation_is_bounded_and_not_only_the_first() -> None:
    assert refusal("query A {a} query B {b {c}}", depth=1).startswith("2 depth")


@pytest.mark.parametrize(
    "text",
    [
        "{...F} fragment F on T {a ...F}",
        "{...F} fragment F on T {a ...G} fragment G on T {b ...F}",
        "fragment F on T {a}",
        "type T {a: Int}",
    ],
)
def test_document_that_validation_refuses_ends_here_too(text: str) -> None:
    check_bounds(parse(text), WIDE_OPEN)


def test_fragments_that_multiply_are_counted_without_being_put_in_their_places() -> None:
    chain = "".join(f" fragment F{n} on T {{...F{n + 1} ...F{n + 1}}}" for n in range(500))
    document = parse(f"{{...F0}}{chain} fragment F500 on T {{a}}")
    started = process_time()

    with pytest.raises(TooComplex):
        check_bounds(document, WIDE_OPEN)

    assert process_time() - started < 1


def test_fragment_is_measured_once_however_often_it_is_spread() -> None:
    spreads = "...F " * 20_000
    fields = "a " * 20_000
    document = parse(f"{{{spreads}}} fragment F on T {{{fields}}}")
    started = process_time()

    with pytest.raises(TooComplex, match="400000000 selections"):
        check_bounds(document, WIDE_OPEN)

    assert process_time() - started < 1
