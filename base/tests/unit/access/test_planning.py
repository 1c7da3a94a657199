"""Planning: every item that a request uses is in its plan, and what can't be used is refused with its place."""

import pytest

from portal.access.plan import (
    ConnectionShape,
    EdgesShape,
    LeafShape,
    NamedShape,
    NodeShape,
    NodesShape,
    OrderTerm,
    QueryPlan,
)
from portal.conditions.tree import TRUE, And, Comparison, Operator
from portal.errors import BadInput
from portal.vocabulary import Action, ItemIdentifier, Mode
from tests.fixtures.planned import entry_of, plan
from tests.fixtures.small_bundle import entry, item

CODE, NAME, INCOME, BORN = map(ItemIdentifier, ("code", "name", "income", "born"))


def used(text: str, variables: dict[str, object] | None = None) -> tuple[list[str], set[str]]:
    """Return the items that a text uses, and those that it compares."""
    use = plan(text, variables).use
    return [*use.items], set(use.compared)


def refusal(text: str, variables: dict[str, object] | None = None) -> str:
    """Return the English sentence with which planning refuses the text; the Chinese one must be another."""
    with pytest.raises(BadInput) as refused:
        plan(text, variables)
    assert refused.value.text.zh != refused.value.text.en
    return refused.value.text.en


@pytest.mark.parametrize(
    "text",
    [
        "{residents {nodes {name}}}",
        "{residents {nodes {alias: name}}}",
        "{residents {nodes {name} nodes {__typename}}}",
        "{residents {rows: nodes {name}}}",
        "{residents {edges {node {name}}}}",
        "{residents {edges {cursor} ...F}} fragment F on T {edges {node {...G}}} fragment G on T {name}",
        "{residents {... {nodes {... on residents {name}}}}}",
        "{residents {nodes {name @include(if: true)}}}",
        "{residents {nodes {name @skip(if: $no)}}}",
        '{residents(where: {name: {eq: "x"}}) {totalCount}}',
        "{residents(where: {name: {isNull: true}}) {totalCount}}",
        '{residents(where: {not: {or: [{and: [{name: {in: ["x"]}}]}]}}) {totalCount}}',
        "{residents(where: {name: {in: []}}) {totalCount}}",
        "{residents(orderBy: [{name: ASC}]) {totalCount}}",
        "{residents(orderBy: {name: DESC}) {pageInfo {hasNextPage}}}",
        "{residents(orderBy: [{name: ASC}]) {nodes {__typename}}}",
    ],
)
def test_item_is_used_wherever_the_request_names_it(text: str) -> None:
    items, compared = used(text, {"no": False})

    assert items == ["name"]
    assert compared == ({"name"} if "(where" in text or "(orderBy" in text else set())


def test_used_items_are_in_the_order_of_the_entry_each_once() -> None:
    items, compared = used(
        '{residents(where: {income: {gt: 1}, code: {eq: "a"}}, orderBy: [{born: ASC}, {income: DESC}]) '
        "{nodes {name code} edges {node {name}}}}"
    )

    assert items == ["code", "name", "born", "income"]
    assert compared == {"income", "code", "born"}


@pytest.mark.parametrize(
    "text",
    [
        "{residents {totalCount}}",
        "{residents {__typename}}",
        "{residents {access {policies}}}",
        "{residents {pageInfo {endCursor}}}",
        "{residents {nodes {__typename}}}",
        "{residents {edges {cursor}}}",
        "{residents(where: {}) {totalCount}}",
        "{residents(where: {and: [{}, {or: []}]}, orderBy: []) {totalCount}}",
        "{residents {nodes {name @skip(if: true)}}}",
        "{residents {nodes @include(if: false) {name}}}",
    ],
)
def test_request_that_uses_no_item_uses_the_key(text: str) -> None:
    assert used(text) == (["code"], set())


def test_whole_key_is_used_when_it_has_several_items() -> None:
    pairs = entry_of(entry("pairs", "303001001/00009", [item("a"), item("b"), item("c")], key=["c", "a"]))

    assert plan("{pairs {totalCount}}", entry=pairs).use.items == ("a", "c")


def test_filter_and_order_are_typed_values() -> None:
    planned = plan('{residents(where: {name: {eq: "x"}}, orderBy: [{born: DESC}, {name: ASC}]) {totalCount}}')

    assert planned.filter == Comparison("name", Operator.EQ, "x")
    assert planned.order == (OrderTerm(BORN, descending=True), OrderTerm(NAME, descending=False))


def test_item_that_orders_twice_orders_by_its_first_naming() -> None:
    planned = plan("{residents(orderBy: [{name: DESC}, {code: ASC}, {name: ASC}]) {totalCount}}")

    assert planned.order == (OrderTerm(NAME, descending=True), OrderTerm(CODE, descending=False))


def test_arguments_left_out_or_null_are_the_defaults() -> None:
    nothing = plan("{residents {totalCount}}")
    nulls = plan(
        "{residents(where: null, orderBy: null, first: null, after: null, purpose: null, matter: null) {totalCount}}"
    )

    for planned in (nothing, nulls):
        assert (planned.filter, planned.order, planned.first, planned.after) == (TRUE, (), None, None)
        assert planned.action == Action(Mode.QUERY, None, None)


def test_arguments_are_taken_as_they_are_given() -> None:
    planned = plan('{residents(first: 1000, after: "abc", purpose: verification, matter: "999999-0001") {totalCount}}')

    assert (planned.first, planned.after) == (1000, "abc")
    assert (planned.action.purpose, planned.action.matter) == ("verification", "999999-0001")
    assert plan("{residents(first: 1) {totalCount}}").first == 1


@pytest.mark.parametrize("first", ["0", "-1", "1001", "99999999999999999999", "true", '"1"', "1.5"])
def test_first_is_refused_when_it_is_not_1_to_1000(first: str) -> None:
    assert refusal(f"{{residents(first: {first}) {{totalCount}}}}").endswith("write 1 to 1000")


@pytest.mark.parametrize(
    ("where", "place"),
    [
        ([], "`where`"),
        ({"salary": {"eq": 1}}, "`where.salary`"),
        ({"and": [{}, {"or": [{"name": {"eq": None}}]}]}, "`where.and[1].or[0].name.eq`"),
        ({"born": {"lt": "2026-02-30"}, "name": {"eq": 1}}, "`where.born.lt`"),
        ({"details": {"eq": "{}"}}, "`where.details.eq`"),
        ({"name": {"eq": {"subject": "region"}}}, "`where.name.eq`"),
    ],
)
def test_filter_is_refused_with_the_place_of_its_first_fault(where: object, place: str) -> None:
    assert refusal("{residents(where: $where) {totalCount}}", {"where": where}).startswith(f"{place}: ")


@pytest.mark.parametrize(
    ("order", "index"),
    [
        ("name", 0),
        ([{"name": "ASC"}, {}], 1),
        ([{"name": "ASC", "code": "ASC"}], 0),
        ([{"name": "ASC"}, None], 1),
        ([{"name": None}], 0),
        ([["name"]], 0),
    ],
)
def test_order_is_refused_with_the_place_where_it_is_not_one_item_an_object(order: object, index: int) -> None:
    sentence = refusal("{residents(orderBy: $order) {totalCount}}", {"order": order})

    assert sentence.startswith(f"`orderBy[{index}]`: write one item")


@pytest.mark.parametrize("name", ["after", "matter"])
@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_text_argument_is_refused_when_it_can_not_be_stored(name: str, text: str) -> None:
    assert refusal(f"{{residents({name}: $text) {{totalCount}}}}", {"text": text}).startswith(f"`{name}`: text holds")


def test_shape_holds_every_key_in_the_order_of_the_document() -> None:
    planned = plan(
        "{residents {n: totalCount nodes {name kind: __typename} edges {c: cursor row: node {code} __typename} "
        "pageInfo {more: hasNextPage} access {receipt} __typename}}"
    )

    assert planned.shape == ConnectionShape(
        (
            ("n", LeafShape("totalCount")),
            ("nodes", NodesShape(NodeShape((("name", NAME), ("kind", None))))),
            (
                "edges",
                EdgesShape((("c", "cursor"), ("row", NodeShape((("code", CODE),))), ("__typename", "__typename"))),
            ),
            ("pageInfo", NamedShape("pageInfo", (("more", "hasNextPage"),))),
            ("access", NamedShape("access", (("receipt", "receipt"),))),
            ("__typename", LeafShape("__typename")),
        )
    )
    assert planned.selected == (NAME, CODE)


@pytest.mark.parametrize(
    ("fields", "rows", "count", "cursors"),
    [
        ("totalCount", False, True, False),
        ("__typename", False, False, False),
        ("access {receipt}", False, False, False),
        ("nodes {code}", True, False, False),
        ("edges {node {code}}", True, False, False),
        ("edges {cursor}", True, False, True),
        ("pageInfo {hasNextPage}", True, False, False),
        ("pageInfo {endCursor}", True, False, True),
        ("total: totalCount nodes {code}", True, True, False),
        ("access {cursor: receipt}", False, False, False),
    ],
)
def test_shape_tells_what_must_be_read(fields: str, rows: bool, count: bool, cursors: bool) -> None:
    shape = plan(f"{{residents {{{fields}}}}}").shape

    assert (shape.reads_rows, shape.counts_rows, shape.shows_cursors) == (rows, count, cursors)


def test_plan_prints_what_it_asks() -> None:
    planned: QueryPlan = plan("{residents(where: {}) {nodes {income}}}")

    assert "income" in repr(planned)
    assert planned.entry.identifier == "residents"
    assert planned.filter == And(())
