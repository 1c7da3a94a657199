import sqlite3
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, inspect
from sqlalchemy.exc import IntegrityError
from sqlalchemy.schema import CreateTable

from portal.conditions.tree import Value, ValueType
from portal.errors import SourceUnavailable
from portal.storage.addresses import database_url
from portal.storage.data_store import (
    BATCH,
    ROW_NUMBER,
    ColumnSpec,
    StoredRow,
    StoredValue,
    TableLayout,
    create_dataset,
    data_table,
    dataset_tables,
    drop_datasets,
    load_value,
    open_read_connection,
    read_dataset,
    store_value,
)
from portal.storage.database import for_writing, open_sync_database

CODE = ColumnSpec("code", ValueType.STRING)
COUNT = ColumnSpec("count", ValueType.INTEGER)
LAYOUT = TableLayout((CODE, COUNT), ("code",), (("count",),))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_sync_database(database_url(tmp_path / "data.db"))
    yield engine
    engine.dispose()


def write(engine: Engine, rows: list[StoredRow], layout: TableLayout = LAYOUT, name: str = "dataset_1") -> list[int]:
    with for_writing(engine).begin() as connection:
        return list(create_dataset(connection, data_table(name, layout.columns), layout, rows))


def read(engine: Engine, layout: TableLayout = LAYOUT, name: str = "dataset_1") -> list[StoredRow]:
    with engine.connect() as connection:
        return list(read_dataset(connection, data_table(name, layout.columns)))


@pytest.mark.parametrize(
    ("value", "column", "stored"),
    [
        pytest.param(None, CODE, None, id="null"),
        pytest.param("", CODE, "", id="empty text"),
        pytest.param("甲\n乙", CODE, "甲\n乙", id="text"),
        pytest.param(-(2**63), COUNT, -(2**63), id="the least integer"),
        pytest.param(True, ColumnSpec("b", ValueType.BOOLEAN), 1, id="true"),
        pytest.param(False, ColumnSpec("b", ValueType.BOOLEAN), 0, id="false"),
        pytest.param(Decimal("1.5"), ColumnSpec("d", ValueType.DECIMAL, 2), 150, id="decimal"),
        pytest.param(Decimal("-0.01"), ColumnSpec("d", ValueType.DECIMAL, 2), -1, id="negative decimal"),
        pytest.param(
            Decimal("9223372036.854775807"), ColumnSpec("d", ValueType.DECIMAL, 9), 2**63 - 1, id="the largest decimal"
        ),
        pytest.param(date(999, 1, 2), ColumnSpec("d", ValueType.DATE), "0999-01-02", id="an early date"),
        pytest.param(
            datetime(2026, 1, 31, 8, tzinfo=timezone(timedelta(hours=8))),
            ColumnSpec("t", ValueType.DATETIME),
            "2026-01-31T00:00:00Z",
            id="an instant with offset",
        ),
        pytest.param(
            datetime(1, 1, 1, tzinfo=UTC), ColumnSpec("t", ValueType.DATETIME), "0001-01-01T00:00:00Z", id="early"
        ),
        pytest.param('{"a": 1.0}', ColumnSpec("j", ValueType.JSON), '{"a": 1.0}', id="JSON as written"),
    ],
)
def test_values_are_stored_and_loaded(value: Value | None, column: ColumnSpec, stored: StoredValue) -> None:
    assert store_value(value, column) == stored
    assert type(store_value(value, column)) is type(stored)
    loaded = load_value(stored, column)
    assert loaded == value
    assert type(loaded) is type(value)


def test_a_decimal_without_scale_is_an_integer() -> None:
    column = ColumnSpec("d", ValueType.DECIMAL, 0)
    assert store_value(Decimal(12), column) == 12
    assert load_value(12, column) == Decimal(12)


def test_rows_are_read_back_in_row_number_order(engine: Engine) -> None:
    assert write(engine, [(2, "b", 1), (1, "a", None), (3, "c", -1)]) == [3]
    assert read(engine) == [(1, "a", None), (2, "b", 1), (3, "c", -1)]


def test_batches_are_told_as_they_are_written(engine: Engine) -> None:
    rows: list[StoredRow] = [(number, f"{number}", number) for number in range(1, 2 * BATCH + 2)]
    assert write(engine, rows) == [BATCH, 2 * BATCH, 2 * BATCH + 1]
    assert read(engine) == rows


def test_a_table_without_rows_is_there(engine: Engine) -> None:
    assert write(engine, []) == [0]
    assert read(engine) == []


def test_key_is_unique_and_link_items_are_indexed(engine: Engine) -> None:
    write(engine, [(1, "a", 1)])
    indexes = {
        tuple(index["column_names"]): bool(index["unique"]) for index in inspect(engine).get_indexes("dataset_1")
    }
    assert indexes == {("code",): True, ("count",): False}


def test_nothing_is_written_when_a_key_comes_twice(engine: Engine) -> None:
    with pytest.raises(IntegrityError):
        write(engine, [(1, "a", 1), (2, "a", 2)])
    with engine.connect() as connection:
        assert dataset_tables(connection) == frozenset()


def test_columns_take_their_own_type_only(engine: Engine) -> None:
    with pytest.raises(IntegrityError, match="cannot store TEXT value in INTEGER column"):
        write(engine, [(1, "a", "many")])


def test_text_compares_by_code_point(engine: Engine) -> None:
    write(engine, [(1, "a", 1), (2, "B", 2), (3, "é", 3), (4, "\U00010000", 4), (5, "\ufffd", 5)])
    table = data_table("dataset_1", LAYOUT.columns)
    with engine.connect() as connection:
        ordered = list(connection.scalars(table.select().with_only_columns(table.c.code).order_by(table.c.code)))
    assert ordered == sorted(["a", "B", "é", "\U00010000", "\ufffd"])


@pytest.mark.clause("T19")
@pytest.mark.parametrize("name", ["order", "rowid", "select", "_x", 'a"b', "a]b", "a;drop table t", "é", "a b", "--"])
def test_any_name_is_a_column_and_nothing_else(engine: Engine, name: str) -> None:
    layout = TableLayout((ColumnSpec(name, ValueType.STRING),), (name,))
    write(engine, [(1, "x")], layout)
    assert read(engine, layout) == [(1, "x")]
    assert [column["name"] for column in inspect(engine).get_columns("dataset_1")] == [ROW_NUMBER, name]


def test_dropped_tables_are_gone_and_others_stay(engine: Engine) -> None:
    for name in ("dataset_1", "dataset_2", "dataset_3"):
        write(engine, [(1, "a", 1)], name=name)
    with for_writing(engine).begin() as connection:
        drop_datasets(connection, {"dataset_3", "dataset_1"})
    with engine.connect() as connection:
        assert dataset_tables(connection) == {"dataset_2"}


def test_read_connection_reads_and_cannot_write(engine: Engine, tmp_path: Path) -> None:
    write(engine, [(1, "a", 1)])
    engine.dispose()
    connection = open_read_connection(database_url(tmp_path / "data.db"))
    try:
        assert connection.execute("SELECT code FROM dataset_1").fetchall() == [("a",)]
        for statement in ("DELETE FROM dataset_1", "CREATE TABLE t (a)", "DROP TABLE dataset_1"):
            with pytest.raises(sqlite3.OperationalError, match="readonly"):
                connection.execute(statement)
        connection.execute("PRAGMA query_only=OFF")
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            connection.execute("DELETE FROM dataset_1")
    finally:
        connection.close()


def test_read_connection_sees_tables_that_come_later(engine: Engine, tmp_path: Path) -> None:
    write(engine, [(1, "a", 1)])
    connection = open_read_connection(database_url(tmp_path / "data.db"))
    try:
        write(engine, [(1, "b", 1)], name="dataset_2")
        assert connection.execute("SELECT code FROM dataset_2").fetchall() == [("b",)]
    finally:
        connection.close()


def test_read_connection_is_refused_when_the_store_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="can't be opened"):
        open_read_connection(database_url(tmp_path / "missing.db"))
    assert not (tmp_path / "missing.db").exists()


def test_integers_have_64_bits_in_postgresql_too() -> None:
    engine = create_engine("postgresql+psycopg://")
    statement = str(CreateTable(data_table("dataset_1", LAYOUT.columns)).compile(engine))
    assert f"{ROW_NUMBER} BIGINT NOT NULL" in statement
    assert "count BIGINT" in statement
    assert "code TEXT" in statement
