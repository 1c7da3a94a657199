"""Validation says what is wrong with a document, and says it once where saying it costs much."""

import pytest
from graphql import build_schema, parse, specified_rules

from portal.resolvers.validation import RULES, validate_document

SCHEMA = build_schema("input I { x: Int y: [I] } type Query { a(i: I): Int b: Int }")


def messages(document: str) -> list[str]:
    return [fault.message for fault in validate_document(SCHEMA, parse(document))]


def test_fields_are_compared_only_in_a_document_that_is_valid_but_for_this() -> None:
    assert messages("{ a a: b }") == [
        "Fields 'a' conflict because 'a' and 'b' are different fields. Use different aliases."
    ]
    assert messages("{ a a: b c }") == ["Cannot query field 'c' on type 'Query'."]


def test_each_fault_of_a_short_value_is_told() -> None:
    found = messages("{ a(i: {p: 1, q: 2, x: {}, y: [{x: []}]}) }")
    assert len(found) == 4
    assert all(name in " ".join(found) for name in ("'p'", "'q'"))


@pytest.mark.clause("T67")
def test_one_fault_of_a_long_value_is_told() -> None:
    unknown = ", ".join(f"p{number}: 1" for number in range(1000))
    (found,) = messages(f"{{ a(i: {{{unknown}}}) }}")
    assert "'p0'" in found


def test_no_more_than_ten_faults_are_told() -> None:
    assert len(messages("{" + " ".join(f"p{number}" for number in range(50)) + "}")) == 11


def test_rules_are_those_of_graphql_core_but_for_what_the_schema_does_not_have() -> None:
    left_out = {rule.__name__ for rule in specified_rules} - {rule.__name__ for rule in RULES}
    assert left_out == {
        "ValuesOfCorrectTypeRule",
        "OverlappingFieldsCanBeMergedRule",
        "SingleFieldSubscriptionsRule",
        "DeferStreamDirectiveLabel",
        "DeferStreamDirectiveOnRootField",
        "DeferStreamDirectiveOnValidOperationsRule",
        "StreamDirectiveOnListField",
    }


@pytest.mark.parametrize(
    "document",
    [
        "subscription { a b }",
        "{ a @defer }",
        "{ ... @defer { a } }",
        "{ a @stream }",
        "query ($v: Boolean) { ... @defer(if: $v) { a } }",
    ],
)
def test_what_the_schema_does_not_have_is_refused_by_other_rules(document: str) -> None:
    assert messages(document)
