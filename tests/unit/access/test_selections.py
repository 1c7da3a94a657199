"""What a document selects: fragments, aliases, merged fields, `@skip` and `@include`, told as response keys."""

import pytest
from graphql import parse

from portal.access.selections import Document, Selected, select_fields
from portal.errors import BadInput
from tests.fixtures.planned import shared_field


def selected(text: str, variables: dict[str, object] | None = None) -> list[tuple[str, str]]:
    """Return key and name of each field below the first one of the text."""
    return [(one.key, one.name) for one in below(text, variables)]


def below(text: str, variables: dict[str, object] | None = None) -> tuple[Selected, ...]:
    field = shared_field(text, variables)
    return select_fields(field.nodes, field.document)


def test_fields_come_in_the_order_of_the_document_under_their_keys() -> None:
    assert selected("{x {b a second: a __typename}}") == [
        ("b", "b"),
        ("a", "a"),
        ("second", "a"),
        ("__typename", "__typename"),
    ]


def test_fields_of_one_key_are_merged_with_all_their_selections() -> None:
    (merged,) = below("{x {nodes {a} nodes {b}}}")

    assert len(merged.nodes) == 2
    field = shared_field("{x {nodes {a} nodes {b}}}")
    assert [one.key for one in select_fields(merged.nodes, field.document)] == ["a", "b"]


def test_nodes_of_the_field_itself_are_merged() -> None:
    assert selected("{x {a} x {b a}}") == [("a", "a"), ("b", "b")]


@pytest.mark.parametrize(
    "text",
    [
        "{x {a ... on T {b} ... {c}}}",
        "{x {a ...F}} fragment F on T {b ...G} fragment G on T {c}",
        "{x {a ...F ...F}} fragment F on T {b c}",
        "{x {a ...F b}} fragment F on T {b c}",
    ],
)
def test_fragments_are_put_in_their_places(text: str) -> None:
    assert selected(text) == [("a", "a"), ("b", "b"), ("c", "c")]


def test_fragment_that_holds_itself_by_way_of_another_ends() -> None:
    # Validation refuses it; it must not hang what runs before.
    assert selected("{x {...F}} fragment F on T {a ...G} fragment G on T {b ...F}") == [("a", "a"), ("b", "b")]


@pytest.mark.parametrize(
    ("selection", "is_there"),
    [
        ("b @skip(if: true)", False),
        ("b @skip(if: false)", True),
        ("b @include(if: true)", True),
        ("b @include(if: false)", False),
        ("b @include(if: true) @skip(if: true)", False),
        ("b @include(if: true) @skip(if: false)", True),
        ("b @include(if: $yes)", True),
        ("b @include(if: $no)", False),
        ("b @skip(if: $yes)", False),
        ("b @skip(if: $no)", True),
        ("... @include(if: $no) {b}", False),
        ("... on T @skip(if: $no) {b}", True),
        ("...F @skip(if: $yes)", False),
        ("...F @include(if: $yes)", True),
        ("...F @skip(if: true) ...F", True),
        ("b @cached", True),
        ("b @cached @skip(if: true)", False),
    ],
)
def test_directives_decide_what_is_there(selection: str, is_there: bool) -> None:
    text = f"{{x {{a {selection}}}}} fragment F on T {{b}}"

    assert selected(text, {"yes": True, "no": False}) == [("a", "a"), ("b", "b")][: 1 + is_there]


def test_field_that_is_left_out_once_is_there_where_it_is_named_again() -> None:
    assert selected("{x {a @skip(if: true) a}}") == [("a", "a")]


@pytest.mark.parametrize("directive", ["skip", "include"])
def test_directive_is_refused_when_its_variable_is_null(directive: str) -> None:
    with pytest.raises(BadInput, match="`\\$maybe` is null"):
        selected(f"{{x {{a @{directive}(if: $maybe)}}}}", {"maybe": None})


def test_leaf_fields_select_nothing() -> None:
    assert select_fields(shared_field("{x}").nodes, shared_field("{x}").document) == ()


def test_selections_of_any_number_of_spreads_are_gathered_in_one_pass() -> None:
    spreads = " ".join(["...F"] * 2000)
    text = f"{{x {{{spreads}}}}} fragment F on T {{...G ...G}} fragment G on T {{a}}"
    parse(text)
    (one,) = below(text)

    assert len(one.nodes) == 1


def test_arguments_below_the_root_field_are_not_guessed_without_a_schema() -> None:
    (node,) = shared_field("{x(first: 1) {a}}").nodes

    with pytest.raises(LookupError, match="x_connection"):
        Document({}, {}).arguments("x_connection", node)
