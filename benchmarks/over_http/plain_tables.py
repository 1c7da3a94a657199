"""The rows in plain tables for the contenders that aren't the portal, and the policy as PostgreSQL can hold to it."""

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import psycopg
from psycopg import sql

from benchmarks.over_http.rows import COLUMNS, MASKED, NUMBERS, REGION, SHOWN_HEAD, SHOWN_TAIL, make_rows
from tests.fixtures.postgres import Databases

TABLE = "people"
_HIDDEN = 18 - SHOWN_HEAD - SHOWN_TAIL
_SHOWN = (
    f"substr({MASKED}, 1, {SHOWN_HEAD}) || '{'*' * _HIDDEN}' || substr({MASKED}, {18 - SHOWN_TAIL + 1}, {SHOWN_TAIL})"
)
_COLUMNS = ", ".join(f"{_SHOWN} AS {name}" if name == MASKED else name for name in COLUMNS)


def select_statement(first: str, region: str) -> str:
    """Return the statement of the hand-written endpoints, with the placeholders of the driver."""
    return (
        f"SELECT {_COLUMNS} FROM {TABLE} WHERE substr(division, 1, {len(REGION)}) = {region}"  # noqa: S608  # own names
        f" ORDER BY row_number LIMIT {first}"
    )


def _definitions(number: str) -> str:
    columns = ", ".join(f"{name} {number if name in NUMBERS else 'text'} NOT NULL" for name in COLUMNS)
    return f"row_number {number} PRIMARY KEY, {columns}"


def fill_sqlite(path: Path, count: int) -> None:
    """Make the table in a new SQLite file."""
    places = ", ".join("?" * (len(COLUMNS) + 1))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"CREATE TABLE {TABLE} ({_definitions('integer')}) STRICT")
        rows = ((number, *row) for number, row in enumerate(make_rows(count)))
        connection.executemany(f"INSERT INTO {TABLE} VALUES ({places})", rows)  # noqa: S608  # a name of this module


@dataclass(frozen=True, slots=True)
class PlainPostgres:
    """A database with the table: `hand` reads all of it, `gated` a view of it as the role `reader` with a region."""

    hand: str
    gated: str
    reader: str


@contextmanager
def filled_postgres(databases: Databases, count: int) -> Iterator[PlainPostgres]:
    """Yield a database with the table `people`, the view `shared.people` and the table `audit`; its roles end with it.

    The view shows the masked item partly and is read under the policies of its owner `gate`: the rows of the region
    that the session names. `reader` may read the view alone.
    """
    mark = secrets.token_hex(4)
    hand, gated, reader, gate = (f"bench_{mark}_{name}" for name in ("hand", "gated", "reader", "gate"))
    password = secrets.token_hex(16)
    url = databases.create_database()
    names = {name: sql.Identifier(role) for name, role in _roles(hand, gated, reader, gate).items()}
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            _fill(connection, count)
            for statement in _STATEMENTS:
                connection.execute(sql.SQL(statement).format(**names, password=sql.Literal(password)))
            connection.execute("VACUUM ANALYZE people")
        yield PlainPostgres(_url_as(url, hand, password), _url_as(url, gated, password), reader)
    finally:
        databases.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(url.rpartition("/")[2])))
        databases.created.remove(url.rpartition("/")[2])
        for role in (gated, hand, reader, gate):
            databases.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(role)))


def _roles(hand: str, gated: str, reader: str, gate: str) -> dict[str, str]:
    return {"hand": hand, "gated": gated, "reader": reader, "gate": gate}


def _url_as(url: str, role: str, password: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{role}:{password}@{rest.rpartition('@')[2]}"


def _fill(connection: psycopg.Connection, count: int) -> None:
    connection.execute(sql.SQL("CREATE TABLE people ({})").format(sql.SQL(_definitions("integer"))))
    with connection.cursor().copy("COPY people FROM STDIN") as copy:
        for number, row in enumerate(make_rows(count)):
            copy.write_row(tuple(chain((number,), row)))


_POLICY = (
    "CREATE POLICY region ON people TO {gate} USING"
    " (substr(division, 1, length(current_setting('app.region'))) = current_setting('app.region'))"
)
_AUDIT = (
    "CREATE TABLE audit (number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL DEFAULT now(),"
    " subject text NOT NULL, entry text NOT NULL, purpose text NOT NULL, document text NOT NULL,"
    " client_address text NOT NULL)"
)
_STATEMENTS = (
    "CREATE ROLE {gate} NOLOGIN",
    "CREATE ROLE {reader} NOLOGIN",
    "CREATE ROLE {gated} LOGIN NOINHERIT PASSWORD {password}",
    "CREATE ROLE {hand} LOGIN BYPASSRLS PASSWORD {password}",
    "GRANT {reader} TO {gated}",
    "GRANT SELECT ON people TO {hand}, {gate}",
    "ALTER TABLE people ENABLE ROW LEVEL SECURITY",
    _POLICY,
    "CREATE SCHEMA shared",
    f"CREATE VIEW shared.people AS SELECT row_number, {_COLUMNS} FROM public.people",  # noqa: S608
    "COMMENT ON VIEW shared.people IS '@primaryKey row_number'",
    "GRANT USAGE ON SCHEMA shared TO {reader}, {gated}, {gate}",
    "ALTER VIEW shared.people OWNER TO {gate}",
    "GRANT SELECT ON shared.people TO {reader}",
    _AUDIT,
    "GRANT INSERT ON audit TO {gated}",
)
"""What holds PostGraphile to the policy; the table of audit is the least that an engineer would keep."""
