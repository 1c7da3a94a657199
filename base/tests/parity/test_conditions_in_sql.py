"""A condition means the same in memory and in SQLite, row by row, true, false or unknown (enforcement.md §3)."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from random import Random

import pytest
from sqlalchemy import select

from portal.access.compiling import compile_condition, entry_columns
from portal.access.statement import render_statement
from portal.conditions.meaning import satisfies
from portal.conditions.reading import DEPTH_LIMIT, operators_of
from portal.conditions.tree import And, Comparison, Condition, Membership, Not, Operator, Or
from portal.storage.data_store import ROW_NUMBER, open_read_connection
from tests.fixtures.planned import DIALECT, fetch, table_of, write_rows
from tests.parity.generated_conditions import ATOMS, Draw, Row, generated_entry

SEED = 20260301
ROWS = 250
CONDITIONS = 420
FEW = 25
"""So many rows are enough where a condition has thousands of members."""
LEAST_SHARE = 0.05

Answer = Callable[[Condition], list[bool | None]]


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return Draw(Random(SEED), generated_entry()).rows(ROWS)


@pytest.fixture(scope="module")
def connection(rows: list[Row], tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    url = write_rows(tmp_path_factory.mktemp("parity"), generated_entry(), enumerate(rows))
    opened = open_read_connection(url)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def in_sqlite(connection: sqlite3.Connection) -> Answer:
    """What SQLite makes of a condition on each row, in the rows' order."""
    entry = generated_entry()
    columns = entry_columns(entry, table_of(entry))

    def answer(condition: Condition) -> list[bool | None]:
        number = columns.column(ROW_NUMBER)
        statement = select(number, compile_condition(condition, columns)).order_by(number)
        found = fetch(connection, render_statement(statement, DIALECT))
        return [None if met is None else bool(met) for _, met in found]

    return answer


def in_memory(condition: Condition, rows: Sequence[Row]) -> list[bool | None]:
    return [satisfies(condition, row) for row in rows]


def test_conditions_mean_the_same_in_sqlite_for_100_000_generated_cases(
    rows: list[Row], in_sqlite: Answer, record_property: Callable[[str, object], None]
) -> None:
    draw = Draw(Random(SEED + 1), generated_entry())
    outcomes: Counter[bool | None] = Counter()

    for _ in range(CONDITIONS):
        condition = draw.condition(rows)
        expected = in_memory(condition, rows)
        assert in_sqlite(condition) == expected, condition
        outcomes.update(expected)

    record_property("cases", f"{outcomes[True]} true, {outcomes[False]} false, {outcomes[None]} unknown")
    assert outcomes.total() >= 100_000
    assert min(outcomes.values()) >= LEAST_SHARE * outcomes.total(), outcomes


def test_every_operator_of_every_item_means_the_same_in_sqlite(rows: list[Row], in_sqlite: Answer) -> None:
    draw = Draw(Random(SEED + 2), generated_entry())

    for item in draw.entry.items:
        for operator in operators_of(item.type):
            seen: set[bool | None] = set()
            for _ in range(12):
                condition = draw.test(item.identifier, operator, rows)
                expected = in_memory(condition, rows)
                assert in_sqlite(condition) == expected, condition
                seen.update(expected)
            # Each is drawn so that it is met by some row and not by others; a null test is never unknown.
            assert seen >= ({True, False} if operator == "isNull" else {True, False, None}), (item.identifier, operator)


@pytest.mark.parametrize("operator", [Operator.STARTS_WITH, Operator.ENDS_WITH, Operator.CONTAINS])
def test_text_tests_know_no_wildcard_and_no_border_of_code_points(
    operator: Operator, rows: list[Row], in_sqlite: Answer
) -> None:
    operands = ["", *ATOMS, *(atom * 2 for atom in ATOMS), *(f"a{atom}" for atom in ATOMS)]

    for operand in operands:
        condition = Comparison("name", operator, operand)
        assert in_sqlite(condition) == in_memory(condition, rows), condition


@pytest.mark.parametrize("name", ["whole", "price", "ratio"])
@pytest.mark.parametrize("operator", [Operator.EQ, Operator.NE, Operator.LT, Operator.LTE, Operator.GT, Operator.GTE])
def test_decimals_between_and_beyond_stored_ones_compare_exactly(
    name: str, operator: Operator, rows: list[Row], in_sqlite: Answer
) -> None:
    stored = {row[name] for row in rows}
    operands = [Decimal(text) for text in ("1E+60", "-1E+60", "1E-60", "-1E-60", "0.5", "-0.5", "1.005", "-1.505")]
    operands += [Decimal(scaled).scaleb(-9) for scaled in (2**63, -(2**63), 2**63 + 1, -(2**63) - 1)]
    operands += [value for value in stored if isinstance(value, Decimal)]

    for operand in operands:
        for condition in (Comparison(name, operator, operand), Not(Comparison(name, operator, operand))):
            assert in_sqlite(condition) == in_memory(condition, rows), condition


@pytest.mark.parametrize("negated", [False, True])
def test_membership_among_thousands_means_the_same_in_sqlite(negated: bool, rows: list[Row], in_sqlite: Answer) -> None:
    draw = Draw(Random(SEED + 3), generated_entry())
    for name in ("name", "count", "price", "day", "moment"):
        values = tuple(draw.operand(name, rows) for _ in range(5000))
        condition = Membership(name, values, negated)
        assert in_sqlite(condition) == in_memory(condition, rows), name


def test_membership_of_decimals_that_can_not_be_stored_is_unknown_of_null_alone(
    rows: list[Row], in_sqlite: Answer
) -> None:
    for negated in (False, True):
        condition = Membership("price", (Decimal("0.001"), Decimal("1E+30")), negated)
        expected = in_memory(condition, rows)
        assert in_sqlite(condition) == expected
        assert set(expected) == {negated, None}


@pytest.mark.parametrize("joint", [And, Or])
@pytest.mark.parametrize("width", [7, 8, 9, 64, 65, 1000, 4000])
def test_wide_junctions_mean_the_same_in_sqlite(
    joint: type[And] | type[Or], width: int, rows: list[Row], in_sqlite: Answer
) -> None:
    draw = Draw(Random(SEED + width), generated_entry())
    # Members that all hold, or all fail, for most rows: none decides the whole by itself.
    least = Operator.NE if joint is And else Operator.EQ
    members = tuple(Comparison("count", least, draw.random.randint(50, 10**9)) for _ in range(width - 1))
    condition = joint((*members, draw.test("name", "contains", rows)))

    assert in_sqlite(condition)[:FEW] == in_memory(condition, rows[:FEW])
    assert in_sqlite(Not(condition))[:FEW] == in_memory(Not(condition), rows[:FEW])


@pytest.mark.parametrize("outer", [And, Or])
@pytest.mark.parametrize("inner", [And, Or])
def test_wide_junctions_of_wide_junctions_mean_the_same_in_sqlite(
    outer: type[And] | type[Or], inner: type[And] | type[Or], rows: list[Row], in_sqlite: Answer
) -> None:
    draw = Draw(Random(SEED + 4), generated_entry())
    condition = outer(tuple(inner(tuple(draw.leaf(rows) for _ in range(64))) for _ in range(64)))

    assert in_sqlite(condition)[:FEW] == in_memory(condition, rows[:FEW])


@pytest.mark.parametrize("width", [1, 2, 10, 50])
@pytest.mark.parametrize("seed", range(4))
def test_conditions_as_deep_as_may_be_read_mean_the_same_in_sqlite(
    width: int, seed: int, rows: list[Row], in_sqlite: Answer
) -> None:
    draw = Draw(Random(SEED + seed), generated_entry())
    condition = draw.leaf(rows)
    for level in range(DEPTH_LIMIT):
        beside = tuple(draw.leaf(rows) for _ in range(width))
        condition = And((*beside, Or((condition, *beside)))) if level % 3 else Not(condition)

    assert in_sqlite(condition) == in_memory(condition, rows)


def test_two_deep_conditions_side_by_side_mean_the_same_in_sqlite(rows: list[Row], in_sqlite: Answer) -> None:
    draw = Draw(Random(SEED + 5), generated_entry())

    def deep(depth: int) -> Condition:
        condition = draw.leaf(rows)
        for _ in range(depth):
            condition = Or((And((condition, draw.leaf(rows))), draw.leaf(rows)))
        return condition

    condition = And((deep(12), deep(12), Not(deep(12))))
    assert in_sqlite(condition) == in_memory(condition, rows)
