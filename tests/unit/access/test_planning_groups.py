"""Planning groups: what they group by and count is used, and what can't be used is refused with its place."""

import pytest

from portal.access.plan import GroupsPlan, GroupsShape
from portal.access.plan_groups import is_groupable
from portal.conditions.tree import TRUE, And, Comparison, NullTest, Operator
from portal.errors import BadInput
from portal.vocabulary import ItemIdentifier
from tests.fixtures.planned import entry_of, plan
from tests.fixtures.small_bundle import entry, item

NAME, DIVISION = ItemIdentifier("name"), ItemIdentifier("division")
LIVING = Comparison("code", Operator.LT, "r9")
NAMED = NullTest("name", is_null=False)


def refusal(arguments: str) -> str:
    """Return the English sentence with which planning refuses a list; the Chinese one must be another."""
    with pytest.raises(BadInput) as refused:
        plan(f"{{residents {{groups({arguments}) {{count}}}}}}")
    assert refused.value.text.zh != refused.value.text.en
    return refused.value.text.en


@pytest.mark.clause("enforcement.md §4, used items")
def test_items_of_groups_and_of_their_filter_are_used_and_compared() -> None:
    planned = plan(
        '{residents(where: {code: {lt: "r9"}}) {nodes {born} '
        "a: groups(by: [division, name], where: {income: {gt: 1}}) {key} b: groups(by: present) {count}}}"
    )

    assert planned.use.items == ("code", "name", "division", "born", "income", "present")
    assert planned.use.compared == {"code", "name", "division", "income", "present"}
    assert planned.selected == ("born",)


def test_groups_without_nodes_read_no_rows_and_use_what_they_group_by_alone() -> None:
    planned = plan("{residents {groups(by: [division]) {key count}}}")

    assert (planned.use.items, planned.selected) == (("division",), ())
    assert not planned.shape.reads_rows
    assert not planned.shape.counts_rows


def test_lists_are_numbered_in_the_documents_order_under_their_response_keys() -> None:
    planned = plan(
        "{residents {b: groups(by: [name], first: 3) {n: count __typename} ...F}} "
        "fragment F on residents_connection {groups(by: [division]) {key} groups(by: [division]) {count}}"
    )

    assert planned.groups == (GroupsPlan((NAME,), TRUE, 3), GroupsPlan((DIVISION,), TRUE, None))
    assert planned.shape.members == (
        ("b", GroupsShape(0, (("n", "count"), ("__typename", "__typename")))),
        ("groups", GroupsShape(1, (("key", "key"), ("count", "count")))),
    )


@pytest.mark.parametrize(
    ("field", "own", "both"),
    [
        ("", "", TRUE),
        ('(where: {code: {lt: "r9"}})', "", LIVING),
        ("", ", where: {name: {isNull: false}}", NAMED),
        ('(where: {code: {lt: "r9"}})', ", where: {name: {isNull: false}}", And((LIVING, NAMED))),
    ],
)
def test_filter_of_a_list_narrows_the_fields(field: str, own: str, both: object) -> None:
    (groups,) = plan(f"{{residents{field} {{groups(by: [division]{own}) {{count}}}}}}").groups

    assert groups.filter == both


def test_list_that_is_left_out_uses_nothing() -> None:
    planned = plan("{residents {nodes {code} groups(by: [name]) @skip(if: true) {count}}}")

    assert (planned.groups, planned.use.items) == ((), ("code",))


@pytest.mark.parametrize("by", ["by: []", "by: [code, name, division, born, seen, income, children, present, code]"])
def test_grouping_by_no_item_or_too_many_is_refused(by: str) -> None:
    assert refusal(by).endswith("name 1 to 8")


def test_eight_items_are_not_too_many() -> None:
    by = "[code, name, division, born, seen, income, children, present]"
    (groups,) = plan(f"{{residents {{groups(by: {by}) {{count}}}}}}").groups
    assert len(groups.by) == 8


def test_item_named_twice_is_refused_with_its_place() -> None:
    assert refusal("by: [name, code, name]") == "`groups.by[2]`: `name` is named twice; name each item once"


@pytest.mark.parametrize("name", ["details", "salary"])
def test_item_that_nothing_can_be_grouped_by_is_refused_as_one_that_is_not_there(name: str) -> None:
    sentence = f"`groups.by[0]`: rows of `residents` can't be grouped by `{name}`; name another item"
    assert refusal(f"by: [{name}]") == sentence


@pytest.mark.parametrize("first", ["0", "-1", "1001", "true"])
def test_first_of_a_list_is_refused_when_it_is_not_1_to_1000(first: str) -> None:
    assert refusal(f"by: [name], first: {first}").startswith("`groups.first` is ")


def test_filter_of_a_list_is_refused_with_its_place() -> None:
    assert refusal("by: [name], where: {born: {lt: 7}}").startswith("`groups.where.born.lt`: ")


def test_names_that_no_enum_value_may_have_are_not_grouped_by() -> None:
    named = entry_of(entry("named", "303001001/00009", [item(name) for name in ("code", "null", "true", "false")]))

    assert [one.identifier for one in named.items if is_groupable(one)] == ["code"]
