from collections.abc import Hashable
from itertools import combinations_with_replacement

import pytest
from graphql import OverlappingFieldsCanBeMergedRule, build_schema, parse, validate
from hypothesis import given
from hypothesis import strategies as st

from portal.access.folding import fold_document
from portal.access.merging import _conflicts, validate_merging
from portal.access.spreading import fragments_of, operations_of
from portal.resolvers.validation import RULES

SCHEMA = build_schema("type T { a(x: Int, y: Int): Int b: Int t(x: Int): T } type Query { t: T u: T }")


def messages(document: str) -> list[str]:
    parsed = parse(document)
    assert validate(SCHEMA, parsed, RULES) == [], document
    return [fault.message for fault in validate_merging(parsed, 10)]


@pytest.mark.parametrize(
    "document",
    [
        "{ t { a a: a } }",
        "{ t { a(x: 1) a(x: 1) } }",
        "{ t { a(x: 1, y: 2) a(y: 2, x: 1) } }",
        "{ t { a } t { b } }",
        "{ t { t { a } } ...F } fragment F on Query { t { t { b } } }",
        "{ t { ...F ...F } } fragment F on T { a b }",
        "{ t { a(x: 1) } u { a(x: 2) } }",
        "query ($v: Int) { t { a(x: $v) ... { a(x: $v) } } }",
    ],
)
def test_fields_that_can_be_one_are_no_fault(document: str) -> None:
    assert messages(document) == []


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ("{ t { a a: b } }", "'a' and 'b' are different fields"),
        ("{ t { a(x: 1) a(x: 2) } }", "they have differing arguments"),
        ("{ t { a(x: 1) a } }", "they have differing arguments"),
        ("query ($v: Int) { t { a(x: $v) a(x: 1) } }", "they have differing arguments"),
        ("{ t { a } t { a: b } }", "'a' and 'b' are different fields"),
        ("{ t { ...F ...G } } fragment F on T { a } fragment G on T { a: b }", "'a' and 'b' are different fields"),
        ("{ t { t(x: 1) { a } ... { t(x: 2) { a } } } }", "they have differing arguments"),
        ("{ ...F t { t { a: b } } } fragment F on Query { t { ... on T { t { a } } } }", "different fields"),
    ],
)
def test_fields_that_cannot_be_one_are_a_fault(document: str, why: str) -> None:
    (message,) = messages(document)
    assert why in message


def test_every_operation_is_looked_at_and_so_many_faults_are_told() -> None:
    assert len(messages("query A { t { a a: b } } query B { t { b b: a b: a } }")) == 3
    parsed = parse("{ t { a " + "a: b " * 50 + "} }")
    assert len(validate_merging(parsed, 10)) == 10


ARGUMENTS = (
    "1",
    "2",
    "$v",
    "$w",
    "{p: 1, q: 2}",
    "{q: 2, p: 1}",
    "{p: 1}",
    "[1, 2]",
    "[2, 1]",
    "[]",
    "null",
    '"1"',
    "A",
)


@pytest.mark.parametrize(("one", "other"), list(combinations_with_replacement(ARGUMENTS, 2)))
def test_arguments_are_the_same_where_graphql_core_takes_them_for_the_same(one: str, other: str) -> None:
    document = parse(f"{{ t {{ a(x: {one}, y: 1) a(y: 1, x: {other}) }} }}")
    compared = validate(SCHEMA, document, [OverlappingFieldsCanBeMergedRule])
    assert bool(validate_merging(document, 10)) is bool(compared)


FIELDS = ("a", "a(x: 1)", "a(x: 2)", "a: b", "b", "b: a")
SETS = st.recursive(
    st.lists(st.sampled_from(FIELDS), min_size=1, max_size=3).map(" ".join),
    lambda inner: st.lists(
        st.one_of(
            inner,
            inner.map("t {{ {} }}".format),
            inner.map("a: t {{ {} }}".format),
            inner.map("... {{ {} }}".format),
            inner.map("... on T {{ {} }}".format),
            st.sampled_from(("...F", "...G")),
        ),
        min_size=1,
        max_size=3,
    ).map(" ".join),
    max_leaves=8,
)


@given(SETS, SETS, SETS)
def test_verdict_is_that_of_the_rule_which_compares_every_field_with_every_other(first: str, f: str, g: str) -> None:
    f, g = f.replace("...F", "b").replace("...G", "b"), g.replace("...G", "b")
    document = parse(f"{{ t {{ {first} ...F ...G }} }} fragment F on T {{ {f} }} fragment G on T {{ {g} }}")
    if validate(SCHEMA, document, RULES):
        return
    compared = validate(SCHEMA, document, [OverlappingFieldsCanBeMergedRule])
    assert bool(validate_merging(document, 10)) is bool(compared)
    assert bool(validate_merging(fold_document(document), 10)) is bool(compared)


@pytest.mark.clause("T67")
def test_arguments_are_looked_at_once_however_often_their_field_is_spread() -> None:
    class Looked(dict[int, Hashable]):
        times = 0

        def __setitem__(self, key: int, value: Hashable) -> None:
            Looked.times += 1
            super().__setitem__(key, value)

    places = " ".join(f"t{n}: t {{ ...F ...G }}" for n in range(50))
    document = parse(f"{{ {places} }} fragment F on T {{ a(x: 1) }} fragment G on T {{ a(x: 1) }}")
    (operation,) = operations_of(document)
    assert list(_conflicts((operation.selection_set,), fragments_of(document), Looked())) == []
    assert Looked.times == 2
