"""Inserting many rows: as the driver takes them, where SQLAlchemy's parameters would cost more than the insertion."""

from collections.abc import Sequence

from sqlalchemy import Connection, TableClause, insert


def insert_rows(connection: Connection, table: TableClause, rows: Sequence[Sequence[object]]) -> None:
    """Insert rows whose cells are in the order of the table's columns."""
    names = [column.name for column in table.columns]
    if connection.dialect.positional:
        statement = str(insert(table).values(dict.fromkeys(names)).compile(dialect=connection.dialect))
        connection.exec_driver_sql(statement, [tuple(row) for row in rows])
    else:
        connection.execute(insert(table), [dict(zip(names, row, strict=True)) for row in rows])
