"""Validation says what is wrong with a document, and says it once where saying it costs much."""

import pytest
from graphql import GraphQLError, build_schema, parse, specified_rules, validate
from graphql.validation import ASTValidationRule

from portal.resolvers.validation import RULES, RulesTogether, validate_document

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


def test_value_of_an_unknown_argument_is_no_fault_of_its_own() -> None:
    assert messages("{ a(z: {p: 1}) }") == ["Unknown argument 'z' on field 'Query.a'."]


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


BROAD = build_schema(
    """
    directive @once on FIELD
    interface Named { name: String }
    type Person implements Named { name: String friends: [Person] }
    type Town implements Named { name: String }
    input Near { town: String! x: Int }
    type Query { person(id: ID!, near: Near): Person town: Town named: Named plain: Int }
    """
)
FAULTY = (
    "{ plain } type T { a: Int }",
    "mutation { plain }",
    "query A { plain } query A { plain }",
    "{ plain } query B { plain }",
    "{ ... on Nobody { name } }",
    "{ plain ... on Near { x } }",
    "query ($p: Person) { plain }",
    "{ plain { name } } query C { town }",
    "{ town { height } ... { nothing } }",
    "fragment F on Town { name } fragment F on Town { name } { town { ...F } }",
    "{ town { ...Missing } }",
    "fragment G on Town { name } { plain }",
    "{ town { ... on Person { name } } }",
    "fragment H on Person { friends { ...H } } { person(id: 1) { ...H } }",
    "fragment I on Person { friends { ...J } } fragment J on Person { ...I } { person(id: 1) { ...I } }",
    "query ($a: ID!, $a: ID!) { person(id: $a) { name } }",
    "{ person(id: $unknown) { name ...K } } fragment K on Person { friends @include(if: $too) { name } }",
    "query ($unused: Int) { plain }",
    "{ plain @nowhere town @once @once { name } } fragment L on Town @once { name }",
    "query @skip(if: true) { plain @skip(if: true) @skip(if: false) }",
    "{ person(id: 1, age: 2) { name @include(if: true, unless: 3) } }",
    "{ person(id: 1, id: 2) { name } }",
    "{ person(id: {x: 1}, near: {town: 3, x: 1.5, z: [$v]}) { name } }",
    "{ person { name @include } }",
    "query ($id: ID, $x: String) { person(id: $id, near: {town: $x, x: $x}) { name } }",
    '{ person(id: 1, near: {town: "a", town: "b"}) { name } }',
    "{ __schema { types { fields { type { fields { type { fields { type { name } } } } } } } } }",
)
"""Among them every rule is broken, some within what another rule passes over."""


def told(document: str, *rules: type[ASTValidationRule], at_most: int = 100) -> list[str]:
    faults = validate(BROAD, parse(document), rules, max_errors=at_most, hide_suggestions=True)
    return [_shown(fault) for fault in faults]


def _shown(fault: GraphQLError) -> str:
    return f"{fault.message} {fault.locations}"


@pytest.mark.parametrize("at_most", [1, 2, 100])
@pytest.mark.parametrize("document", FAULTY)
def test_rules_say_together_what_they_say_each_for_itself(document: str, at_most: int) -> None:
    apart = told(document, *RULES, at_most=at_most)
    assert apart
    assert told(document, RulesTogether, at_most=at_most) == apart


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_rule_is_broken_by_a_document_that_is_compared(rule: type[ASTValidationRule]) -> None:
    assert any(told(document, rule) for document in FAULTY)
