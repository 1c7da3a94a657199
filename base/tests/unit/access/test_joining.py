"""Joining clauses: brackets and depth stay within what SQLite takes, however wide or deep a condition is."""

import re
import sqlite3

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, select
from sqlalchemy.dialects import sqlite

from portal.access.joining import Clause, Part, join_all, join_any
from portal.access.statement import render_statement

TABLE = Table("t", MetaData(), Column("a", Integer))


def equalities(count: int) -> list[Part]:
    return [Part(TABLE.c.a == number) for number in range(count)]


def sql(clause: Clause) -> str:
    return str(clause.compile(dialect=sqlite.dialect())).replace("t.a = ?", "x")


def run(clause: Clause) -> None:
    """Let SQLite parse and run the clause."""
    statement = render_statement(select(TABLE.c.a).where(clause), sqlite.dialect())
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (a INTEGER)")
    connection.execute(statement.sql, statement.parameters)
    connection.close()


def brackets(text: str) -> int:
    """Return how many brackets of the text lie in one another."""
    depth = deepest = 0
    for bracket in re.findall(r"[()]", text):
        depth += 1 if bracket == "(" else -1
        deepest = max(deepest, depth)
    return deepest


def test_nothing_joined_is_the_neutral_value() -> None:
    assert sql(join_all([]).clause) == "1"
    assert sql(join_any([]).clause) == "0"


def test_one_part_stays_as_it_is() -> None:
    (part,) = equalities(1)

    assert join_all([part]) is part
    assert join_any([part]) is part


def test_few_parts_stand_side_by_side() -> None:
    joined = join_any(equalities(8))

    assert sql(joined.clause) == " OR ".join(["x"] * 8)
    assert joined.height == 1


def test_many_parts_are_halved() -> None:
    assert sql(join_all(equalities(9)).clause) == "x AND (x AND x AND x AND x AND x AND x AND x AND x)"


def test_very_many_parts_are_halved_again() -> None:
    quarter = "(x AND x AND x AND x AND x)"

    assert sql(join_all(equalities(21)).clause) == f"x AND (({quarter} AND {quarter}) AND ({quarter} AND {quarter}))"


def test_joints_of_one_kind_keep_their_brackets() -> None:
    inner = join_all(equalities(2))

    assert sql(join_all([inner, *equalities(1)]).clause) == "(x AND x) AND x"


def test_tallest_part_comes_first() -> None:
    tall = join_any([join_all(equalities(2)), *equalities(1)])

    assert (
        sql(join_all([*equalities(1), join_any(equalities(2)), tall]).clause) == "((x AND x) OR x) AND (x OR x) AND x"
    )


@pytest.mark.parametrize("count", [9, 64, 1000, 4000])
def test_brackets_grow_with_the_logarithm_of_the_width(count: int) -> None:
    clause = join_any(equalities(count)).clause

    assert brackets(sql(clause)) <= count.bit_length()
    assert sql(clause).count("x") == count
    run(clause)


def test_deep_conditions_with_wide_levels_are_taken_by_sqlite() -> None:
    part = equalities(1)[0]
    for level in range(40):
        part = (join_any if level % 2 else join_all)([*equalities(60), part])

    run(part.clause)
