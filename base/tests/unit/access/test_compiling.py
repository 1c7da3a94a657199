"""Compiling: conditions to SQL with bound values, never a value or a name of the request in the text."""

import re
import sqlite3
from datetime import UTC, date, datetime
from decimal import Decimal
from ipaddress import ip_network

import pytest
from sqlalchemy import Select, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from portal.access.compiling import Stored, compile_condition, entry_columns, mask_index, store_value
from portal.access.statement import Statement, render_statement
from portal.conditions.tree import (
    FALSE,
    TRUE,
    UNKNOWN,
    And,
    Comparison,
    Condition,
    Constant,
    InNetwork,
    ListContains,
    Membership,
    Not,
    NullTest,
    Operator,
    Or,
    SubjectAttribute,
    Value,
)
from tests.fixtures.planned import DIALECT, entry_of, table_of
from tests.fixtures.sharing_bundle import residents

ENTRY = entry_of(residents())
TABLE = table_of(ENTRY)
COLUMNS = entry_columns(ENTRY, TABLE)


def where(condition: Condition) -> Statement:
    """Return the rendered WHERE clause, without the table's name, and its parameters."""
    statement = render_statement(select(TABLE.c.code).where(compile_condition(condition, COLUMNS)), DIALECT)
    _, _, clause = statement.sql.partition("WHERE ")
    return Statement(clause.replace("dataset_1.", ""), statement.parameters)


@pytest.mark.parametrize(
    ("condition", "sql", "parameters"),
    [
        (Comparison("name", Operator.EQ, "x"), "name = ?", ("x",)),
        (Comparison("name", Operator.NE, "x"), "name != ?", ("x",)),
        (Not(Comparison("name", Operator.EQ, "x")), "name != ?", ("x",)),
        (Comparison("children", Operator.LT, 2), "children < ?", (2,)),
        (Not(Comparison("children", Operator.LT, 2)), "children >= ?", (2,)),
        (Comparison("present", Operator.EQ, True), "present = ?", (1,)),
        (Comparison("born", Operator.GTE, date(2026, 1, 31)), "born >= ?", ("2026-01-31",)),
        (Comparison("seen", Operator.LTE, datetime(999, 1, 1, tzinfo=UTC)), "seen <= ?", ("0999-01-01T00:00:00Z",)),
        (Comparison("income", Operator.EQ, Decimal("1.5")), "income = ?", (150,)),
        (Comparison("income", Operator.LT, Decimal("1.501")), "income < ?", (151,)),
        (Comparison("income", Operator.GTE, Decimal("1.501")), "income >= ?", (151,)),
        (Comparison("income", Operator.LTE, Decimal("-1.501")), "income <= ?", (-151,)),
        (Comparison("income", Operator.GT, Decimal("-1.501")), "income > ?", (-151,)),
        (Comparison("name", Operator.CONTAINS, "%"), "instr(name, ?) > ?", ("%", 0)),
        (Comparison("name", Operator.ENDS_WITH, "村\U0001f600"), "substr(name, -?) = ?", (2, "村\U0001f600")),
        (Comparison("name", Operator.STARTS_WITH, "37"), "name >= ? AND name < ?", ("37", "38")),
        (Comparison("name", Operator.STARTS_WITH, ""), "name >= ?", ("",)),
        (Comparison("name", Operator.STARTS_WITH, "a\ud7ff"), "name >= ? AND name < ?", ("a\ud7ff", "a\ue000")),
        (Comparison("name", Operator.STARTS_WITH, "a\U0010ffff"), "name >= ? AND name < ?", ("a\U0010ffff", "b")),
        (Comparison("name", Operator.STARTS_WITH, "\U0010ffff"), "name >= ?", ("\U0010ffff",)),
        (Membership("name", ("x", "y")), "name IN (?, ?)", ("x", "y")),
        (Membership("name", ("x",), negated=True), "(name NOT IN (?))", ("x",)),
        (Membership("income", (Decimal("1.5"), Decimal("0.001"))), "income IN (?)", (150,)),
        (NullTest("name", is_null=True), "name IS NULL", ()),
        (NullTest("name", is_null=False), "name IS NOT NULL", ()),
        (Not(NullTest("name", is_null=False)), "name IS NULL", ()),
        (
            Not(And((Comparison("name", Operator.EQ, "x"), NullTest("code", is_null=True)))),
            "name != ? OR code IS NOT NULL",
            ("x",),
        ),
        (
            Not(Or((Comparison("name", Operator.EQ, "x"), Not(NullTest("code", is_null=True))))),
            "name != ? AND code IS NULL",
            ("x",),
        ),
    ],
    ids=repr,
)
def test_condition_is_written_with_bound_values(condition: Condition, sql: str, parameters: tuple[Stored, ...]) -> None:
    assert where(condition) == Statement(sql, parameters)


KNOWN_IF_THERE = [
    (Comparison("income", Operator.EQ, Decimal("0.001")), False),
    (Comparison("income", Operator.NE, Decimal("0.001")), True),
    (Comparison("income", Operator.EQ, Decimal("1E+30")), False),
    (Comparison("income", Operator.LT, Decimal("1E+30")), True),
    (Comparison("income", Operator.LTE, Decimal("-1E+30")), False),
    (Comparison("income", Operator.GT, Decimal("-1E+30")), True),
    (Comparison("income", Operator.GTE, Decimal("1E+30")), False),
    (Comparison("name", Operator.CONTAINS, ""), True),
    (Comparison("name", Operator.ENDS_WITH, ""), True),
    (Membership("income", (Decimal("0.001"),)), False),
    (Membership("income", (Decimal("0.001"),), negated=True), True),
]


@pytest.mark.parametrize(("condition", "met"), KNOWN_IF_THERE, ids=repr)
def test_test_whose_outcome_is_known_looks_at_nulls_alone(condition: Condition, met: bool) -> None:
    statement = where(condition)

    assert re.match(r"CASE WHEN \(\w+ IS NULL\) THEN CAST\(NULL AS BOOLEAN\) ELSE ", statement.sql)
    assert f"ELSE {int(met)} END" in statement.sql
    assert statement.parameters == ()


@pytest.mark.parametrize(
    ("condition", "value"),
    [
        (TRUE, 1),
        (FALSE, 0),
        (Not(FALSE), 1),
        (Membership("name", ()), 0),
        (Membership("name", (), negated=True), 1),
        (Constant(True), 1),
        (Not(Constant(True)), 0),
        (Constant(False), 0),
        (UNKNOWN, None),
        (Not(UNKNOWN), None),
        (And((TRUE, UNKNOWN)), None),
        (Or((TRUE, UNKNOWN)), 1),
        (Not(And((FALSE, UNKNOWN))), 1),
        (ListContains("groups", "x"), None),
        (InNetwork("client_address", ip_network("10.0.0.0/8")), None),
        (Comparison("name", Operator.EQ, SubjectAttribute("region")), None),
        (Not(Comparison("name", Operator.EQ, SubjectAttribute("region"))), None),
    ],
    ids=repr,
)
def test_condition_that_needs_no_row_is_a_constant(condition: Condition, value: int | None) -> None:
    statement = render_statement(select(compile_condition(condition, COLUMNS)), DIALECT)
    connection = sqlite3.connect(":memory:")

    assert connection.execute(statement.sql, statement.parameters).fetchall() == [(value,)]
    connection.close()


@pytest.mark.parametrize("hostile", ["'; DROP TABLE dataset_1; --", '" OR 1=1', "?", ":name", "%s", "\\", "a'b\"c`d"])
def test_no_value_is_part_of_the_text(hostile: str) -> None:
    for operator in Operator:
        statement = where(Comparison("name", operator, hostile))
        assert hostile not in statement.sql.replace("?", "") or hostile == "?"
        assert any(hostile == parameter for parameter in statement.parameters)
    assert where(Membership("name", (hostile, hostile))).parameters == (hostile, hostile)


def test_unknown_item_is_no_column() -> None:
    with pytest.raises(KeyError):
        compile_condition(Comparison("name; --", Operator.EQ, "x"), COLUMNS)


@pytest.mark.parametrize(
    ("value", "scale", "stored"),
    [
        (True, 0, 1),
        (False, 0, 0),
        (5, 0, 5),
        ("x", 0, "x"),
        (Decimal("-1.5"), 2, -150),
        (Decimal("1E+3"), 2, 100_000),
        (date(1, 1, 1), 0, "0001-01-01"),
        (datetime(2026, 1, 31, 8, tzinfo=UTC), 0, "2026-01-31T08:00:00Z"),
    ],
    ids=repr,
)
def test_value_is_stored_as_the_data_store_holds_it(value: Value, scale: int, stored: Stored) -> None:
    found = store_value(value, scale)

    assert found == stored
    assert type(found) is type(stored)


def test_mask_index_is_the_number_of_the_first_option_that_holds() -> None:
    rich = Comparison("income", Operator.GT, Decimal(100))
    near = Comparison("name", Operator.EQ, "x")
    index = mask_index([(None, rich), (None, near)], COLUMNS)
    statement = render_statement(select(TABLE.c.code, index.label("mask")).order_by(TABLE.c.code), DIALECT)
    connection = sqlite3.connect(":memory:")
    connection.execute(str(CreateTable(TABLE).compile(dialect=DIALECT)))
    rows = [("a", "x", 20000), ("b", "x", 1), ("c", "y", 1), ("d", None, None), ("e", "x", None)]
    connection.executemany("INSERT INTO dataset_1 (code, name, income) VALUES (?, ?, ?)", rows)

    found = connection.execute(statement.sql, statement.parameters).fetchall()

    assert found == [("a", 0), ("b", 1), ("c", 2), ("d", 2), ("e", 1)]
    connection.close()


@pytest.mark.parametrize(
    ("operator", "sql"),
    [(Operator.CONTAINS, "strpos(dataset_1.name, "), (Operator.ENDS_WITH, "right(dataset_1.name, ")],
)
def test_text_functions_have_their_names_in_postgresql(operator: Operator, sql: str) -> None:
    statement: Select[tuple[str]] = select(TABLE.c.code).where(
        compile_condition(Comparison("name", operator, "x"), COLUMNS)
    )

    assert sql in str(statement.compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]
