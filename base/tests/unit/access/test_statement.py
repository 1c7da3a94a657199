"""The statements of one read: columns, filter, order and window, and nothing that wasn't asked for."""

from dataclasses import replace

import pytest

from portal.access.plan import OrderTerm
from portal.access.statement import Position, Statement, Window
from portal.conditions.tree import UNKNOWN, Comparison, Condition, Not, Operator
from portal.errors import ErrorCode, TooComplex
from portal.policies.decision import MaskChoice, Permit
from portal.policies.records import FullMask, HashMask, PartialMask
from portal.vocabulary import ItemIdentifier
from tests.fixtures.planned import EVERYTHING, compiled, entry_of, plan
from tests.fixtures.small_bundle import entry, item

CODE, NAME, INCOME = map(ItemIdentifier, ("code", "name", "income"))
NEAR = Comparison("division", Operator.STARTS_WITH, "9999")
FULL, HASH, PARTIAL = FullMask(), HashMask(), PartialMask(1, 0)


def text_of(statement: Statement | None) -> str:
    """Return the SQL on one line, without the table's name."""
    assert statement is not None
    return " ".join(statement.sql.replace("dataset_1.", "").split())


def test_rows_are_read_with_their_number_in_its_order() -> None:
    read = compiled(plan("{residents {nodes {name code}}}"), window=Window(100, None))

    assert read.total is None
    assert read.rows is not None
    assert text_of(read.rows) == (
        "SELECT _row_number AS c0, name AS c1, code AS c2 FROM dataset_1 ORDER BY _row_number LIMIT ? OFFSET ?"
    )
    assert read.rows.parameters == (101, 0)


def test_total_is_counted_by_itself_without_page_and_order() -> None:
    planned = plan('{residents(where: {name: {eq: "x"}}, orderBy: [{name: ASC}]) {totalCount}}')

    read = compiled(planned, window=Window(5, Position(("x",), 3)))

    assert read.rows is None
    assert read.total == Statement("SELECT count(*) AS count_1 \nFROM dataset_1 \nWHERE dataset_1.name = ?", ("x",))


def test_nothing_is_read_when_neither_rows_nor_total_are_shown() -> None:
    read = compiled(plan("{residents {access {receipt} __typename}}"))

    assert (read.rows, read.total) == (None, None)


@pytest.mark.parametrize(
    ("permitted", "asked", "where"),
    [
        (NEAR, "{}", "WHERE division >= ? AND division < ?"),
        (EVERYTHING.row_condition, '{name: {eq: "x"}}', "WHERE name = ?"),
        (NEAR, '{name: {eq: "x"}}', "WHERE division >= ? AND division < ? AND name = ?"),
        (UNKNOWN, "{}", "WHERE CAST(NULL AS BOOLEAN)"),
        (Not(NEAR), "{or: []}", "WHERE 0"),
    ],
    ids=repr,
)
def test_rows_and_total_are_held_by_row_condition_and_filter_together(
    permitted: Condition, asked: str, where: str
) -> None:
    planned = plan(f"{{residents(where: {asked}) {{totalCount nodes {{code}}}}}}")

    read = compiled(planned, replace(EVERYTHING, row_condition=permitted))

    assert where in text_of(read.rows)
    assert where in text_of(read.total)


def test_order_puts_nulls_last_in_both_directions_and_ends_with_the_row_number() -> None:
    read = compiled(plan("{residents(orderBy: [{income: DESC}, {name: ASC}]) {nodes {code}}}"))

    assert "ORDER BY income DESC NULLS LAST, name ASC NULLS LAST, _row_number LIMIT" in text_of(read.rows)


def test_order_items_are_fetched_when_a_cursor_is_shown() -> None:
    without = compiled(plan("{residents(orderBy: [{income: ASC}]) {nodes {code}}}"))
    with_cursor = compiled(plan("{residents(orderBy: [{income: ASC}]) {nodes {code} pageInfo {endCursor}}}"))

    assert text_of(without.rows).startswith("SELECT _row_number AS c0, code AS c1 FROM")
    assert without.layout.order == ()
    assert text_of(with_cursor.rows).startswith("SELECT _row_number AS c0, code AS c1, income AS c2 FROM")
    assert with_cursor.layout.order == (OrderTerm(INCOME, descending=False),)


@pytest.mark.parametrize(
    ("order", "values", "where", "parameters"),
    [
        ("[]", (), "_row_number > ?", (7,)),
        (
            "[{income: ASC}]",
            (5,),
            "CASE WHEN (income > ? OR income IS NULL) THEN 1 WHEN (income < ?) THEN 0 ELSE _row_number > ? END = 1",
            (5, 5, 7),
        ),
        (
            "[{income: DESC}]",
            (5,),
            "CASE WHEN (income < ? OR income IS NULL) THEN 1 WHEN (income > ?) THEN 0 ELSE _row_number > ? END = 1",
            (5, 5, 7),
        ),
        ("[{income: ASC}]", (None,), "CASE WHEN (income IS NOT NULL) THEN 0 ELSE _row_number > ? END = 1", (7,)),
    ],
)
def test_page_begins_after_its_position(
    order: str, values: tuple[int | None, ...], where: str, parameters: tuple[int, ...]
) -> None:
    planned = plan(f"{{residents(orderBy: {order}) {{nodes {{code}}}}}}")

    read = compiled(planned, window=Window(10, Position(values, 7)))

    assert read.rows is not None
    assert f"WHERE {where} ORDER BY" in text_of(read.rows)
    assert read.rows.parameters == (*parameters, 11, 0)


def test_position_of_another_order_is_never_compared() -> None:
    with pytest.raises(ValueError, match="zip"):
        compiled(plan("{residents(orderBy: [{income: ASC}]) {nodes {code}}}"), window=Window(1, Position((), 7)))


def test_item_that_no_row_shows_is_not_read() -> None:
    hidden = replace(EVERYTHING, masks=(MaskChoice(NAME, ((FULL, EVERYTHING.row_condition),)),))

    read = compiled(plan("{residents {nodes {name code}}}"), hidden)

    assert read.layout.hidden == {NAME}
    assert text_of(read.rows).startswith("SELECT _row_number AS c0, NULL AS c1, code AS c2 FROM")


def test_mask_that_is_the_same_in_every_row_is_not_asked_of_the_rows() -> None:
    masked = replace(EVERYTHING, masks=(MaskChoice(NAME, ((HASH, EVERYTHING.row_condition),)),))

    read = compiled(plan("{residents {nodes {name}}}"), masked)

    assert read.layout.masks == ()
    assert text_of(read.rows).startswith("SELECT _row_number AS c0, name AS c1 FROM")


def test_mask_that_depends_on_the_row_is_fetched_by_number() -> None:
    choice = MaskChoice(NAME, ((None, NEAR), (PARTIAL, EVERYTHING.row_condition)))
    unselected = MaskChoice(INCOME, ((None, NEAR), (FULL, EVERYTHING.row_condition)))
    planned = plan("{residents(orderBy: [{code: ASC}]) {nodes {code name} edges {cursor}}}")

    read = compiled(planned, replace(EVERYTHING, masks=(choice, unselected)))

    assert read.layout.masks == (choice,)
    assert read.layout.place_of_order(0) == 3
    assert read.layout.place_of_mask(0) == 4
    assert (
        "code AS c1, name AS c2, code AS c3, CASE WHEN (division >= ? AND division < ?) THEN ? WHEN 1 THEN ? ELSE ? END"
        " AS c4 FROM"
    ) in text_of(read.rows)


def test_condition_nested_beyond_all_measure_is_refused_and_not_a_bug() -> None:
    condition: Condition = NEAR
    for _ in range(2000):
        condition = Not(condition)

    with pytest.raises(TooComplex) as refused:
        compiled(plan("{residents {totalCount}}"), Permit(condition, (), None))
    assert refused.value.code is ErrorCode.TOO_COMPLEX


def test_order_of_very_many_items_stays_flat() -> None:
    wide = entry_of(entry("wide", "303001001/00009", [item(f"i{number}") for number in range(300)]))
    order = [{f"i{number}": "ASC"} for number in range(300)]
    planned = plan("{wide(orderBy: $order) {edges {cursor}}}", {"order": order}, wide)

    read = compiled(planned, window=Window(1, Position(("x",) * 300, 7)))

    assert read.rows is not None
    assert len(read.rows.parameters) == 603
