"""What the data store's tables have in PostgreSQL beside their columns: rows by COPY, and row-level security.

A transaction sees rows of those tables alone that it has named as granted: the road names those that a decision
permitted to be read. So a statement that went astray, or was led astray, finds nothing in any other (T1, T19).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import cast

import psycopg
from psycopg import sql
from sqlalchemy import Connection, Table, TableClause, func, select

from portal.storage.addresses import DatabaseKind

GRANTED = "portal.granted"
"""The session's setting that names the granted tables, with a comma before and behind each."""


def render_granted(tables: Iterable[str]) -> str:
    """Return the setting's value for these tables."""
    return "".join(f",{table}," for table in tables)


def grant_tables(connection: Connection, tables: Iterable[str]) -> None:
    """Let the rest of the transaction see rows of these tables; without effect where the database isn't PostgreSQL."""
    if connection.dialect.name == DatabaseKind.POSTGRESQL:
        # Not past SQLAlchemy: it may be what begins the transaction, and says then what sort it is.
        connection.execute(select(func.set_config(GRANTED, render_granted(tables), True)))


def _driver(connection: Connection) -> "psycopg.Connection[tuple[object, ...]]":
    return cast("psycopg.Connection[tuple[object, ...]]", connection.connection.driver_connection)


@contextmanager
def copy_rows(connection: Connection, table: TableClause) -> Iterator[Callable[[Iterable[Sequence[object]]], None]]:
    """Copy rows into the table, in the order of its columns; what is given to the block takes any number of them."""
    columns = sql.SQL(", ").join(sql.Identifier(column.name) for column in table.columns)
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table.name), columns)
    with _driver(connection).cursor() as cursor, cursor.copy(statement) as copy:

        def write(rows: Iterable[Sequence[object]]) -> None:
            for row in rows:
                copy.write_row(row)

        yield write


_FINISHING = (
    "ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
    # For the owner too: a portal that knows one account alone is held to it as well.
    "ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
    "CREATE POLICY granted ON {table} USING (position({name} IN current_setting({setting}, true)) > 0)",
    # Planned with what is known of the rows from the first request on.
    "ANALYZE {table}",
)


def finish_table(connection: Connection, table: Table) -> None:
    """Finish a table: its rows are hidden from transactions that haven't named it as granted."""
    names = {
        "table": sql.Identifier(table.name),
        "name": sql.Literal(render_granted([table.name])),
        "setting": sql.Literal(GRANTED),
    }
    for statement in _FINISHING:
        _driver(connection).execute(sql.SQL(statement).format(**names))
