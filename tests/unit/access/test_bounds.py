"""Bounds on a document: fragments are counted as they are executed, in steps that stay few."""

from dataclasses import replace

import pytest
from graphql import get_introspection_query, parse

from portal.access.bounds import Bounds, _Measuring, check_bounds
from portal.access.spreading import fragments_of, operations_of
from portal.errors import ErrorCode, TooComplex

WIDE_OPEN = Bounds(10**6, depth=100, selections=10**6, root_fields=10**6)


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
        ("{a {... {b} ... on T {c {d}}}}", 3, 6),
        ("{a {...F} b {...F}} fragment F on T {c {d}}", 3, 8),
        ("{...F} fragment F on T {...G ...G} fragment G on T {a b}", 1, 5),
        ("{a {...F} ... {...F} ...F} fragment F on T {b}", 2, 7),
        ("{a a a}", 1, 3),
        ("query A {a} query B {b {c}}", 2, 3),
        ("{a {...Nowhere}}", 1, 2),
        ("{a {... on T @skip(if: true) {b}}}", 2, 3),
    ],
)
def test_document_is_taken_up_to_its_depth_and_selections_and_refused_beyond(
    text: str, depth: int, selections: int
) -> None:
    check_bounds(parse(text), Bounds(10**6, depth, selections))

    if depth > 1:
        assert refusal(text, depth=depth - 1).startswith(f"{depth} levels of fields are more than the {depth - 1}")
    assert refusal(text, selections=selections - 1).endswith(
        f"{selections} selections are more than the {selections - 1} allowed; ask for less, or in several requests"
    )


@pytest.mark.clause("T67")
@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("{a}", 3),
        ("{ abcd , efghij }", 11),
        ("{a:b(c:[1,-2 3.5e1]d:{e:$f})@g{...h}}", 36),
        ('{a(b:["" "1" "long" """longer"""])}', 22),
        ("#c\n{a}#another", 9),
        ("query A($b:C!=true){a}", 21),
    ],
)
def test_document_is_taken_up_to_its_tokens_length_and_refused_beyond(text: str, length: int) -> None:
    assert length <= len(text)
    check_bounds(parse(text), replace(WIDE_OPEN, tokens=length))
    with pytest.raises(TooComplex, match=rf"^{length} characters of tokens, up to 4 of each, are more than the"):
        check_bounds(parse(text), replace(WIDE_OPEN, tokens=length - 1))


def test_every_operation_is_bounded_and_not_only_the_first() -> None:
    assert refusal("query A {a} query B {b {c}}", depth=1).startswith("2 levels")


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


@pytest.mark.clause("T66")
def test_fragments_that_multiply_their_spreads_count_once_a_selection_set() -> None:
    chain = "".join(f" fragment F{n} on T {{...F{n + 1} ...F{n + 1} a{n}}}" for n in range(500))
    document = parse(f"{{...F0}}{chain} fragment F500 on T {{a}}")

    check_bounds(document, Bounds(10**6, 1, 1502, root_fields=501))


@pytest.mark.clause("T66")
def test_fragments_that_multiply_what_lies_below_their_fields_are_counted_without_being_put_in_their_places() -> None:
    chain = "".join(f" fragment F{n} on T {{a {{...F{n + 1}}} b {{...F{n + 1}}}}}" for n in range(90))
    document = parse(f"{{...F0}}{chain} fragment F90 on T {{a}}")

    with pytest.raises(TooComplex, match=f"^{2**90 * 5 - 3} selections"):
        check_bounds(document, WIDE_OPEN)


@pytest.mark.clause("T66")
def test_wide_fragment_in_many_places_is_not_walked_to_the_end() -> None:
    document = parse("{" + "a {...F} " * 300 + "} fragment F on T {" + "b " * 600 + "}")
    measuring = _Measuring(fragments_of(document), Bounds(10**6, 100, 5000))

    with pytest.raises(TooComplex, match=r"^at least 5001 selections are more than the 5000 allowed"):
        measuring.extent(operations_of(document)[0].selection_set)
    assert measuring.walked == 5001


@pytest.mark.clause("T70")
@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("{ a }", 1),
        ("{ a b c: a }", 3),
        ("{ catalogEntry(code: 1) { name } a }", 11),
        ("{ a: catalogEntry(code: 1) { name } b: catalogEntry(code: 2) { name } }", 20),
        ("{ a: catalogEntry { name } a: catalogEntry { code } }", 10),
        ("{ explain { lines } ... { b: explain { lines } } }", 4),
        ("{ shared { explain { name } catalogEntry { name } } }", 2),
        ("{ a a }", 1),
        ("{ shared { a b } c }", 3),
        ("{ shared { a } x: shared { a } }", 2),
        ("{ shared { a } shared { a b } }", 2),
        ("{ shared { a { b c d } } }", 1),
        ("{ shared }", 1),
        ("{ ... { a ... on Query { b } } }", 2),
        ("{ ...F ...F } fragment F on Query { a shared { b ...G } } fragment G on Shared { c }", 3),
        ("{ ...F } fragment F on Query { shared { ...G } } fragment G on Shared { a ... { b } }", 2),
        ("{ ...F } fragment F on Query { a ...F }", 1),
        ("{ ...Nowhere a }", 1),
        ("{ __schema { queryType { name } types { name } directives { name } } }", 1),
        ("query A { a b } query B { a }", 3),
        ("{ x { shared { a b c } } }", 1),
    ],
)
def test_document_is_taken_up_to_its_root_fields_and_refused_beyond(text: str, count: int) -> None:
    check_bounds(parse(text), replace(WIDE_OPEN, root_fields=count))
    with pytest.raises(TooComplex, match=rf"^{count} root fields \(.*\) are more than the {count - 1} allowed"):
        check_bounds(parse(text), replace(WIDE_OPEN, root_fields=count - 1))


def test_usual_introspection_is_far_within_bounds() -> None:
    usual = parse(get_introspection_query(True, True, True, True, True))
    check_bounds(usual, Bounds(10**6, 15, 250, root_fields=1))
