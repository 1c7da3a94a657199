"""The bound on what is asked of the schema: what is counted is what the answer would hold."""

import pytest
from graphql import build_schema, execute_sync, get_introspection_query, parse

from portal.access.bounds import Bounds
from portal.access.spreading import fields_within, fragments_of, operations_of
from portal.errors import TooComplex
from portal.resolvers.introspection import _Counting, check_introspection

SCHEMA = build_schema(
    """
    enum E { A B }
    input I { x: Int = 1, y: [E!] }
    type T { a(i: I, n: Int! = 2): [T!]! b: E c: [[String]!] }
    type Query { t(e: E): T u: [T] }
    """
)
PARTS = 102
"""Its types, and what they have, the introspection's own included."""


def values(answered: object) -> int:
    """How many members of objects an answer holds."""
    if isinstance(answered, dict):
        return sum(1 + values(member) for member in answered.values())
    return sum(map(values, answered)) if isinstance(answered, list) else 0


def allows(document: str, allowed: int, variables: dict[str, object] | None = None) -> bool:
    try:
        check_introspection(SCHEMA, parse(document), None, variables or {}, allowed)
    except TooComplex:
        return False
    return True


@pytest.mark.clause("T70")
@pytest.mark.parametrize(
    "selections",
    [
        "types { name }",
        "types { name fields { name args { name type { name } } type { name ofType { name ofType { kind } } } } }",
        "types { inputFields { name defaultValue type { name } } enumValues { name } possibleTypes { name } }",
        "queryType { fields { type { fields { name } } } } directives { name args { type { name } } }",
        "...F ...F } } fragment F on __Schema { types { ...G ... { kind } } } fragment G on __Type { fields { name ",
    ],
)
def test_values_of_the_schema_are_counted_as_they_would_be_answered(selections: str) -> None:
    document = parse(f"{{ __schema {{ {selections} }} }}")
    answer = execute_sync(SCHEMA, document)
    assert answer.errors is None
    counting = _Counting(fragments_of(document), 10**6)
    (field,) = fields_within((operations_of(document)[0].selection_set,), counting.fragments)
    assert field.selection_set is not None
    counting.count(field.selection_set, (SCHEMA,))
    assert counting.found == values(answer.data) - 1


@pytest.mark.parametrize("name", ['"T"', "$name"])
def test_values_of_one_type_are_counted(name: str) -> None:
    fields = " ".join(f"a{n}: fields {{ name }}" for n in range(PARTS))
    document = f"query ($name: String!) {{ __type(name: {name}) {{ {fields} }} }}"
    assert allows(document, 4, {"name": "T"})
    assert not allows(document, 3, {"name": "T"})
    assert allows(document.replace('"T"', '"Nothing"'), 1, {"name": "Nothing"})


def test_usual_introspection_is_allowed_twice_and_not_again_and_again() -> None:
    allowed = Bounds(1, 1, 1).introspection
    usual = get_introspection_query(True, True, True, True, True)
    assert allows(usual, allowed // 2)
    again = usual.replace("__schema {", "__schema { " + " ".join(f"a{n}: types {{ ...FullType }}" for n in range(9)))
    assert not allows(again, allowed)


def test_document_that_asks_for_no_schema_is_not_counted() -> None:
    assert allows("{ __typename t { a { b } } }", 0)
    assert allows("subscription { t }", 0)


def test_refusal_says_how_much_and_what_to_do() -> None:
    with pytest.raises(TooComplex) as refused:
        check_introspection(SCHEMA, parse("{ __schema { types { name } } }"), None, {}, 0)
    assert refused.value.text.en.startswith("at least 1 values of the schema are more than the 0 allowed; ask")
    assert "超过上限 0" in refused.value.text.zh
