"""Lists of groups: their statements, and which groups the public isn't shown."""

from collections.abc import Sequence
from itertools import pairwise, product
from typing import Any

import pytest

from portal.access.grouping import read_groups
from portal.access.groups_statement import GroupsWindow, compile_groups
from portal.access.linking import Row, take_steps
from portal.access.statement import GroupsRead, Statement
from portal.conditions.tree import Comparison, Condition, Not, Operator
from portal.errors import TooComplex
from portal.policies.decision import Permit
from tests.fixtures.planned import DIALECT, EVERYTHING, plan, table_of

SMALLEST = 5
NEAR = Comparison("division", Operator.STARTS_WITH, "9999")


def compiled(text: str, smallest: int = 1, permit: Permit = EVERYTHING) -> tuple[GroupsRead, ...]:
    planned = plan(text)
    window = GroupsWindow(tuple(each.first or 100 for each in planned.groups), smallest)
    return compile_groups(planned, permit, table_of(planned.entry), window, DIALECT)


def text_of(statement: Statement) -> str:
    return " ".join(statement.sql.replace("dataset_1.", "").split())


def test_groups_are_counted_the_largest_first_then_by_their_items_with_nulls_last() -> None:
    (read,) = compiled("{residents {groups(by: [born, name], first: 7) {count}}}")

    assert text_of(read.statement) == (
        "SELECT born AS c0, name AS c1, count(*) AS c2 FROM dataset_1 GROUP BY born, name "
        "ORDER BY count(*) DESC, born ASC NULLS LAST, name ASC NULLS LAST LIMIT ? OFFSET ?"
    )
    assert read.statement.parameters == (7, 0)
    assert (read.first, read.smallest, read.counted) == (7, 1, ())


@pytest.mark.clause("threats.md T3")
def test_row_policy_holds_before_rows_are_counted() -> None:
    text = '{residents(where: {code: {lt: "r9"}}) {groups(by: [name], where: {born: {isNull: false}}) {count}}}'
    (read,) = compiled(text, SMALLEST, Permit(NEAR, (), None))
    own, field = read.counted

    for statement in (read.statement, own, field):
        assert "division >= ? AND division < ?" in text_of(statement)
        assert "code < ?" in text_of(statement)
    assert ["born IS NOT NULL" in text_of(each) for each in (read.statement, own, field)] == [True, True, False]
    assert "HAVING count(*) >= ?" in text_of(read.statement)
    assert read.statement.parameters[-3:] == (SMALLEST, 101, 0)


def test_rows_of_a_list_without_filter_are_counted_once() -> None:
    (read,) = compiled("{residents {groups(by: [name]) {count}}}", SMALLEST)

    assert [text_of(each) for each in read.counted] == ["SELECT count(*) AS count_1 FROM dataset_1"]


def test_filter_nested_too_deep_is_refused_as_such() -> None:
    nested: Condition = NEAR
    for _ in range(5000):
        nested = Not(Not(Comparison("name", Operator.EQ, "x"))) if nested is NEAR else Not(nested)
    with pytest.raises(TooComplex):
        compiled("{residents {groups(by: [name]) {count}}}", 1, Permit(nested, (), None))


def shown(counts: Sequence[int], first: int, *, outside: int = 0) -> list[int]:
    """Return the counts that the public is shown of groups of these, with so many rows outside the list's filter."""
    ordered: list[Row] = [(f"g{index}", count) for index, count in enumerate(sorted(counts, reverse=True))]
    large = [row for row in ordered if int(str(row[1])) >= SMALLEST]
    answers: dict[str, list[Row]] = {
        "groups": large[: first + 1],
        "own": [(sum(counts),)],
        "field": [(sum(counts) + outside,)],
    }
    read = GroupsRead(Statement("groups", ()), first, SMALLEST, (Statement("own", ()), Statement("field", ())))
    (found,) = take_steps(read_groups((read,)), lambda statement: answers[statement.sql])
    return [int(str(row[-1])) for row in found]


@pytest.mark.clause("threats.md T3")
@pytest.mark.parametrize(
    ("counts", "left"),
    [
        ([9, 7, 5], [9, 7, 5]),
        ([9, 7, 4, 4], [9, 7]),
        ([9, 7, 4, 1], [9, 7]),
        ([9, 7, 4], [9]),
        ([9, 7, 2, 2], [9]),
        ([9, 1], []),
        ([4, 4], []),
        ([3], []),
        ([], []),
    ],
)
def test_small_groups_are_withheld_and_one_more_where_the_rest_would_tell_of_them(
    counts: list[int], left: list[int]
) -> None:
    assert shown(counts, 100) == left


@pytest.mark.clause("threats.md T3")
@pytest.mark.parametrize(("outside", "left"), [(0, [9, 7]), (1, [9]), (4, [9]), (5, [9, 7])])
def test_rows_that_the_lists_filter_leaves_out_count_as_withheld(outside: int, left: list[int]) -> None:
    assert shown([9, 7], 100, outside=outside) == left


@pytest.mark.clause("threats.md T3")
def test_what_the_public_can_subtract_is_never_a_small_group_whatever_first_is() -> None:
    for counts in product(range(1, 8), repeat=4):
        for outside, firsts in ((0, range(1, 6)), (3, range(1, 6))):
            lists = [shown(counts, first, outside=outside) for first in firsts]
            for found in lists:
                assert all(count >= SMALLEST for count in found)
                rests = {sum(counts) - sum(found), sum(counts) + outside - sum(found)}
                # With nothing shown, nothing but `totalCount` is told, which counts as it always does.
                assert not found or not any(0 < rest < SMALLEST for rest in rests), (counts, outside, found)
            # A longer list only goes on where a shorter one ended: asking again takes nothing apart.
            assert all(longer[: len(shorter)] == shorter for shorter, longer in pairwise(lists))


def test_rows_of_a_list_that_goes_on_are_not_counted() -> None:
    asked: list[str] = []

    def fetch(statement: Statement) -> list[Row]:
        asked.append(statement.sql)
        return [("a", 9), ("b", 8), ("c", 7)]

    read = GroupsRead(Statement("groups", ()), 2, SMALLEST, (Statement("own", ()),))
    found: Any = take_steps(read_groups((read,)), fetch)

    assert found == ([("a", 9), ("b", 8)],)
    assert asked == ["groups"]
