"""Join values as one JSON text: what each database is asked to make of it."""

import pytest
from sqlalchemy import BigInteger, Column, Dialect, MetaData, String, Table, Text, bindparam, select

from portal.access.json_keys import json_member, json_members
from portal.storage.dialects import asyncpg_dialect, sqlite_dialect

TABLE = Table("dataset_1", MetaData(), Column("name", Text), Column("number", BigInteger))
NAME, NUMBER = TABLE.c.name, TABLE.c.number


def rendered(dialect: Dialect, *members: tuple[int | None, Column[str] | Column[int]]) -> str:
    keys = json_members(bindparam("keys", "[]", type_=String))
    statement = select(*(json_member(keys, index, column) for index, column in members))
    return " ".join(str(statement.compile(dialect=dialect)).split())


@pytest.mark.parametrize(
    ("dialect", "expected"),
    [
        (sqlite_dialect(), "SELECT keys.value AS member_1 FROM json_each(?) AS keys"),
        (
            asyncpg_dialect(),
            "SELECT (keys.value #>> '{}')::text AS member_1 FROM jsonb_array_elements(($1::VARCHAR)::jsonb) AS keys",
        ),
    ],
    ids=["sqlite", "postgresql"],
)
def test_single_values_are_members_of_the_list(dialect: Dialect, expected: str) -> None:
    assert rendered(dialect, (None, NAME)) == expected


@pytest.mark.parametrize(
    ("dialect", "expected"),
    [
        (
            sqlite_dialect(),
            (
                "SELECT json_extract(keys.value, '$[0]') AS member_1, json_extract(keys.value, '$[1]') AS member_2 "
                "FROM json_each(?) AS keys"
            ),
        ),
        (
            asyncpg_dialect(),
            (
                "SELECT (keys.value #>> '{0}')::text AS member_1, (keys.value #>> '{1}')::bigint AS member_2 "
                "FROM jsonb_array_elements(($1::VARCHAR)::jsonb) AS keys"
            ),
        ),
    ],
    ids=["sqlite", "postgresql"],
)
def test_several_values_are_members_of_a_member_each_of_its_columns_type(dialect: Dialect, expected: str) -> None:
    assert rendered(dialect, (0, NAME), (1, NUMBER)) == expected
