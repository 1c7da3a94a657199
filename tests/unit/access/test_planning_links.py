"""Planning links: which items of which entry are used, what is compared, and where in the answer a link stands."""

import pytest

from portal.access.plan import LinkNumber, QueryPlan, linked_plans
from portal.access.planning import FieldKind, SharedField, plan_query
from portal.conditions.tree import TRUE, Comparison, Membership, Operator
from portal.errors import BadInput
from portal.vocabulary import EntryIdentifier
from tests.fixtures.planned import entry_of, shared_field, state_of
from tests.fixtures.planned_links import linked_entries
from tests.fixtures.small_bundle import entry, item

ENTRIES = linked_entries()


def uses(plan: QueryPlan) -> list[tuple[str, list[str], set[str]]]:
    """Each entry that a plan reads, with the items used and compared, in the document's order."""
    every = (plan, *linked_plans(plan))
    return [(each.entry.identifier, [*each.use.items], set(each.use.compared)) for each in every]


def test_join_items_are_used_and_compared_on_either_side() -> None:
    assert uses(ENTRIES.plan("{villages {nodes {name street {name}}}}")) == [
        ("villages", ["name", "street_code"], {"street_code"}),
        ("streets", ["code", "name"], {"code"}),
    ]
    assert uses(ENTRIES.plan("{residents {nodes {visits {totalCount}}}}")) == [
        ("residents", ["code", "division"], {"code", "division"}),
        ("visits", ["place", "resident"], {"place", "resident"}),
    ]


def test_arguments_of_a_link_use_items_of_its_target_alone() -> None:
    plan = ENTRIES.plan('{streets {nodes {villages(where: {note: {eq: "x"}}, orderBy: {name: ASC}) {totalCount}}}}')
    assert uses(plan) == [
        ("streets", ["code"], {"code"}),
        ("villages", ["name", "street_code", "note"], {"name", "street_code", "note"}),
    ]
    (link,) = plan.links
    assert (plan.filter, link.plan.filter) == (TRUE, Comparison("note", Operator.EQ, "x"))


def test_same_item_on_two_levels_is_used_on_each() -> None:
    plan = ENTRIES.plan("{villages {nodes {street {villages {nodes {street {name}}}}}}}")
    assert [entry for entry, _, _ in uses(plan)] == ["villages", "streets", "villages", "streets"]
    assert uses(plan)[1] == ("streets", ["code"], {"code"})
    assert uses(plan)[3] == ("streets", ["code", "name"], {"code"})


def test_path_of_a_link_is_of_response_keys_without_places_in_lists() -> None:
    plan = ENTRIES.plan(
        "{streets {a: edges {b: node {c: villages {d: nodes {e: street {name}}}}} nodes {villages {totalCount}}}}"
    )
    assert [link.path for link in plan.links] == [("a", "b", "c"), ("nodes", "villages")]
    assert [link.path for link in plan.links[0].plan.links] == [("a", "b", "c", "d", "e")]


def test_fields_of_one_key_are_one_link_and_of_two_keys_two() -> None:
    plan = ENTRIES.plan(
        "{streets {nodes {villages {totalCount} villages {nodes {code}} other: villages {totalCount}}}}"
    )
    assert [link.path[-1] for link in plan.links] == ["villages", "other"]
    assert [key for key, _ in plan.links[0].plan.shape.members] == ["totalCount", "nodes"]
    assert [shown for _, shown in plan.shape.nodes[0].members] == [LinkNumber(0), LinkNumber(1)]


def test_link_that_is_skipped_uses_nothing() -> None:
    plan = ENTRIES.plan("{villages {nodes {code street @skip(if: $no) {name}}}}", {"no": True})
    assert uses(plan) == [("villages", ["code"], set())]


@pytest.mark.parametrize("first", [1, 100])
def test_size_of_a_link_is_taken_up_to_a_hundred(first: int) -> None:
    assert (
        ENTRIES.plan(f"{{streets {{nodes {{villages(first: {first}) {{totalCount}}}}}}}}").links[0].plan.first == first
    )


@pytest.mark.parametrize("first", ["0", "101", "true"])
def test_size_of_a_link_beyond_is_refused(first: str) -> None:
    with pytest.raises(BadInput, match="write 1 to 100"):
        ENTRIES.plan(f"{{streets {{nodes {{villages(first: {first}) {{totalCount}}}}}}}}")


def by_key(text: str, kind: FieldKind, identifier: str = "visits") -> QueryPlan:
    """The plan of a root field that asks by key."""
    field = shared_field(text)
    return plan_query(
        ENTRIES.state(EntryIdentifier(identifier)), SharedField(field.nodes, field.arguments, field.document, kind)
    )


def test_key_items_are_used_and_compared() -> None:
    plan = by_key('{visits_by_key(place: "p", number: 7) {fee}}', FieldKind.ROW)
    assert uses(plan) == [("visits", ["number", "place", "fee"], {"number", "place"})]
    assert (plan.keys, plan.first) == ((("p", 7),), 1)


def test_keys_keep_their_order_and_their_repetitions() -> None:
    plan = by_key(
        '{villages_by_keys(keys: [{code: "b"}, {code: "a"}, {code: "b"}]) {name}}', FieldKind.ROWS, "villages"
    )
    assert plan.keys == (("b",), ("a",), ("b",))
    assert (plan.filter, plan.first) == (Membership("code", ("b", "a")), 3)


def test_value_of_a_key_that_does_not_fit_is_named() -> None:
    with pytest.raises(BadInput, match=r"`keys\[1\].number`: `x` is no integer"):
        by_key('{v(keys: [{place: "p", number: 1}, {place: "p", number: "x"}]) {fee}}', FieldKind.ROWS)
    with pytest.raises(BadInput, match="`place`: text holds a NUL"):
        by_key('{v(place: "\\u0000", number: 1) {fee}}', FieldKind.ROW)


def test_link_needs_its_schema_and_its_target() -> None:
    bare = entry_of(entry("other", "303001009/00001", [item("code")]))
    with pytest.raises(LookupError):
        plan_query(ENTRIES.state(EntryIdentifier("villages")), shared_field("{villages {nodes {street {name}}}}"))
    assert plan_query(state_of(bare), shared_field("{other {nodes {code}}}")).links == ()
