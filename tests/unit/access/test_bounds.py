"""Bounds on a document: depth and selections, fragments counted as they are executed, in time that stays small."""

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
        ("{...F} fragment F on T {...G ...G} fragment G on T {a b}", 1, 2),
        ("{a {...F} ... {...F} ...F} fragment F on T {b}", 2, 3),
        ("{a a a}", 1, 3),
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


def test_fragments_that_multiply_their_spreads_count_once_a_selection_set() -> None:
    chain = "".join(f" fragment F{n} on T {{...F{n + 1} ...F{n + 1} a{n}}}" for n in range(500))
    document = parse(f"{{...F0}}{chain} fragment F500 on T {{a}}")
    started = process_time()

    check_bounds(document, Bounds(10**6, 1, 501))

    assert process_time() - started < 1


def test_fragments_that_multiply_what_lies_below_their_fields_are_counted_without_being_put_in_their_places() -> None:
    chain = "".join(f" fragment F{n} on T {{a {{...F{n + 1}}} b {{...F{n + 1}}}}}" for n in range(90))
    document = parse(f"{{...F0}}{chain} fragment F90 on T {{a}}")
    started = process_time()

    with pytest.raises(TooComplex, match=f"{2**90 * 3 - 2} selections"):
        check_bounds(document, WIDE_OPEN)

    assert process_time() - started < 1


def test_many_fields_that_spread_a_wide_fragment_are_measured_in_time() -> None:
    document = parse("{" + "a {...F} " * 300 + "} fragment F on T {" + "b " * 600 + "}")
    started = process_time()

    with pytest.raises(TooComplex, match="180300 selections"):
        check_bounds(document, Bounds(10**6, 100, 10**5))

    assert process_time() - started < 5
