"""Inserting many rows: as the driver takes them; SQLAlchemy's parameters would cost more than the insertion."""

from collections.abc import Sequence

from sqlalchemy import Connection, TableClause, insert

from portal.storage.addresses import DatabaseKind
from portal.storage.data_in_postgresql import copy_rows


def insert_rows(connection: Connection, table: TableClause, rows: Sequence[Sequence[object]]) -> None:
    """Insert rows whose cells are in the order of the table's columns."""
    if connection.dialect.name == DatabaseKind.POSTGRESQL:
        with copy_rows(connection, table) as write:
            write(rows)
        return
    names = [column.name for column in table.columns]
    statement = str(insert(table).values(dict.fromkeys(names)).compile(dialect=connection.dialect))
    connection.exec_driver_sql(statement, [tuple(row) for row in rows])
