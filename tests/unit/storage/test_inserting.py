from pathlib import Path

from sqlalchemy import Column, Integer, LargeBinary, MetaData, Table, Text, column, table

from portal.storage.addresses import database_url
from portal.storage.database import for_writing, open_sync_database
from portal.storage.inserting import insert_rows

ROWS = [(1, "甲", b"\x00"), (2, None, None), (3, "%s ? :a", b"")]


def test_rows_are_inserted_in_the_order_of_the_columns(tmp_path: Path) -> None:
    made = Table("t", MetaData(), Column("a", Integer, primary_key=True), Column("b", Text), Column("c", LargeBinary))
    engine = open_sync_database(database_url(tmp_path / "a.db"))
    with for_writing(engine).begin() as connection:
        made.create(connection)
        insert_rows(connection, made, ROWS[:2])
        insert_rows(connection, table("t", column("c"), column("a"), column("b")), [ROWS[2][2:] + ROWS[2][:2]])
        assert [tuple(row) for row in connection.execute(made.select())] == ROWS
    engine.dispose()
