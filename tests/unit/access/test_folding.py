import pytest
from graphql import GraphQLError, parse, print_ast

from portal.access.folding import fold_document


def folded(document: str) -> str:
    return " ".join(print_ast(fold_document(parse(document))).split())


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("{a{b b b}}", "{ a { b } }"),
        ("{a{b} c a{d b}}", "{ a { b d } c }"),
        ("{a{b} x: a{b}}", "{ a { b } x: a { b } }"),
        ("{a(n: 1){b} a(n: 2){b}}", "{ a(n: 1) { b } a(n: 2) { b } }"),
        ("{a(n: 1, m: 2){b} a(m: 2, n: 1){c}}", "{ a(n: 1, m: 2) { b c } }"),
        ("{b a: b a: c}", "{ b a: b a: c }"),
        ("{a @include(if: true) a}", "{ a @include(if: true) a }"),
        ("{a @include(if: true) {b b}}", "{ a @include(if: true) { b } }"),
        ("{a a{b} a}", "{ a a { b } }"),
        ("{... on Q {a a}}", "{ ... on Q { a } }"),
        ("{a(n: {p: 1, q: [$v]}){b} a(n: {q: [$v], p: 1}){c}}", "{ a(n: { p: 1, q: [$v] }) { b c } }"),
        ('{a(n: "1"){b} a(n: 1){c}}', '{ a(n: "1") { b } a(n: 1) { c } }'),
        ("{... {a {... {b}} ... {c}} a {d}}", "{ a { b d } c }"),
        ("{a {... {b} ... @skip(if: true) {... {b}}}}", "{ a { b ... @skip(if: true) { b } } }"),
        ("{a {... on T {... {b} c}}}", "{ a { ... on T { b c } } }"),
        ("{...F} fragment F on Q {... {... {a b} a}}", "{ ...F } fragment F on Q { a b }"),
        ("{...F} fragment F on Q {a a}", "{ ...F } fragment F on Q { a }"),
        ("type T {a: Int}", "type T { a: Int }"),
    ],
)
def test_document_keeps_its_meaning_when_fields_are_folded(document: str, expected: str) -> None:
    assert folded(document) == expected


def test_fields_are_not_folded_across_a_fragment_as_it_could_change_their_order() -> None:
    assert folded("{a{b} ...F a{d}} fragment F on Q {a{c}}") == "{ a { b } ...F a { d } } fragment F on Q { a { c } }"


@pytest.mark.parametrize(
    "document", ["{}", "{a{}}", "{a{b} a{}}", "{... on Q {}}", "{a ... {}}", "{a {... {}}}", "{a @skip(if: true) {}}"]
)
def test_document_is_refused_when_a_selection_set_is_empty(document: str) -> None:
    with pytest.raises(GraphQLError, match="selection set is empty"):
        fold_document(parse(document))
