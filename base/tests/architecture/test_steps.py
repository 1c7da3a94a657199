"""The steps of the road that must do nothing but compute, and the oracle that must know nothing of the portal."""

from pathlib import Path

import pytest

from tests.architecture.sources import Source, parse_source, sources

# Planning, deciding and compiling are functions of frozen values, in files and folders that begin with these.
PURE_STEPS = ("plan", "decision", "compil")
SIDE_EFFECTS = frozenset(
    [
        "aiosqlite",
        "asyncio",
        "asyncpg",
        "httpx2",
        "logging",
        "os",
        "portal.storage",
        "psycopg",
        "random",
        "secrets",
        "socket",
        "sqlalchemy.engine",
        "sqlalchemy.ext",
        "sqlalchemy.orm",
        "sqlite3",
        "starlette",
        "structlog",
        "subprocess",
        "threading",
        "time",
    ]
)


def pure_steps() -> list[Source]:
    """The files of the pure steps in `access` and `policies`."""
    found = sources("portal/access", "portal/policies")
    return [source for source in found if any(part.startswith(PURE_STEPS) for part in source.path.parts[2:])]


def side_effects(source: Source) -> list[str]:
    return [name for name in source.imported_names() if SIDE_EFFECTS & set(packages_of(name))]


def packages_of(name: str) -> list[str]:
    """`a.b.c` gives `a`, `a.b` and `a.b.c`."""
    parts = name.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts) + 1)]


def graphql_beyond_syntax(source: Source) -> list[str]:
    return [
        name
        for name in source.imported_names()
        if name.split(".")[0] == "graphql" and not name.startswith("graphql.language")
    ]


@pytest.mark.parametrize("prefix", PURE_STEPS)
def test_each_pure_step_is_found(prefix: str) -> None:
    assert any(part.startswith(prefix) for source in pure_steps() for part in source.path.parts)


def test_pure_steps_reach_no_connection_clock_or_log() -> None:
    assert {str(source.path): found for source in pure_steps() if (found := side_effects(source))} == {}


def test_planning_knows_the_syntax_tree_of_graphql_and_nothing_else_of_it() -> None:
    planning = [source for source in pure_steps() if source.path.parts[2].startswith("plan")]
    assert {str(source.path): found for source in planning if (found := graphql_beyond_syntax(source))} == {}


def test_oracle_knows_nothing_of_the_portal() -> None:
    oracle = sources("tests/oracle")
    assert oracle
    names = [(str(source.path), name) for source in oracle for name in source.imported_names()]
    assert [(path, name) for path, name in names if name.split(".")[0] == "portal"] == []


@pytest.mark.parametrize(
    "line",
    ["import sqlite3", "from portal.storage import data_store", "from sqlalchemy.ext.asyncio import AsyncEngine"],
)
def test_side_effects_are_noticed_when_planted(line: str) -> None:
    assert len(side_effects(parse_source(Path("planted.py"), line))) == 1


def test_side_effects_are_not_seen_where_there_are_none() -> None:
    assert (
        side_effects(
            parse_source(Path("planted.py"), "from sqlalchemy import select\nfrom datetime import timedelta\n")
        )
        == []
    )


def test_graphql_beyond_syntax_is_noticed_when_planted() -> None:
    text = "from graphql import GraphQLSchema\nfrom graphql.language import FieldNode\n"
    assert graphql_beyond_syntax(parse_source(Path("planted.py"), text)) == ["graphql.GraphQLSchema"]
