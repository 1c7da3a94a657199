"""The data store: the rows of shared entries in typed tables of their own, apart from the portal's content.

Text compares by code point. A decimal is an integer scaled by its digits, so that it is exact and sorts as a number.
"""

import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import islice

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    delete,
    func,
    insert,
    inspect,
    select,
)
from sqlalchemy.types import TypeEngine

from portal.conditions.tree import Value, ValueType
from portal.conditions.values import parse_instant, render_instant
from portal.errors import SourceUnavailable
from portal.errors import Text as Message
from portal.storage.addresses import DatabaseKind, database_path
from portal.storage.data_in_postgresql import copy_rows, finish_table, grant_tables
from portal.storage.inserting import insert_rows
from portal.storage.sqlite import connect_read_only

ROW_NUMBER = "_row_number"
TABLE_PREFIX = "dataset_"
DATA_TABLES = re.compile(r"dataset_\d+|owner")
"""The names of the data store's tables."""
BATCH = 1000
"""Rows that are inserted together."""
READ_TOGETHER = 1000
"""Rows that are read together by column."""

StoredValue = str | int | None
StoredRow = tuple[StoredValue, ...]

_OWNER = Table("owner", MetaData(), Column("portal_id", Text, nullable=False), sqlite_strict=True)
_NUMBER: TypeEngine[int] = BigInteger().with_variant(Integer(), "sqlite")
_TEXT: TypeEngine[str] = Text().with_variant(Text(collation="C"), "postgresql")
_MAX_INDEXED_BYTES = 2000
"""PostgreSQL's indexes take values up to a third of a page, all columns of a row together."""
_INTEGERS = frozenset({ValueType.INTEGER, ValueType.DECIMAL, ValueType.BOOLEAN})


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """The column of an item. `scale` is a decimal's digits after the point."""

    name: str
    type: ValueType
    scale: int | None = None


@dataclass(frozen=True, slots=True)
class TableLayout:
    """How an entry's rows are laid out: columns in the items' order, the key, and what else is indexed."""

    columns: tuple[ColumnSpec, ...]
    key: tuple[str, ...]
    indexes: tuple[tuple[str, ...], ...] = ()

    def positions(self, names: Iterable[str]) -> tuple[int, ...]:
        """Return where in a row the columns of these names are."""
        position_of = {column.name: position for position, column in enumerate(self.columns)}
        return tuple(position_of[name] for name in names)


def data_table(table_name: str, columns: Sequence[ColumnSpec]) -> Table:
    """Return the table of an entry's rows: the row number first, then the items by identifier."""
    return Table(
        table_name,
        MetaData(),
        Column(ROW_NUMBER, _NUMBER, primary_key=True, autoincrement=False),
        *(Column(column.name, _NUMBER if column.type in _INTEGERS else _TEXT) for column in columns),
        sqlite_strict=True,
    )


def store_value(value: Value | None, column: ColumnSpec) -> StoredValue:
    """Return a typed value as its column holds it: instants in UTC, decimals scaled, booleans as 0 and 1."""
    match value:
        case bool():
            return int(value)
        case None | str() | int():
            return value
        case Decimal():
            return int(value.scaleb(column.scale or 0))
        case datetime():
            return render_instant(value)
        case date():
            return value.isoformat()


def load_value(stored: StoredValue, column: ColumnSpec) -> Value | None:
    """Return what a column holds as a typed value; JSON is its text as written."""
    if stored is None:
        return None
    match column.type:
        case ValueType.BOOLEAN:
            return bool(stored)
        case ValueType.DECIMAL:
            return Decimal(stored).scaleb(-(column.scale or 0))
        case ValueType.DATE:
            return date.fromisoformat(str(stored))
        case ValueType.DATETIME:
            return parse_instant(stored)
        case _:
            return stored


def open_read_connection(url: str) -> sqlite3.Connection:
    """Return a connection to the data store that can't write. Any thread may use it, one at a time.

    Raises: SourceUnavailable if the store isn't there or can't be opened.
    """
    try:
        return connect_read_only(database_path(url))
    except sqlite3.Error:
        raise SourceUnavailable(
            Message(
                en="the data store can't be opened; see that its file is there and may be read",
                zh="无法打开数据存储；请确认其文件存在且可读",
            )
        ) from None


def create_dataset(
    connection: Connection, table: Table, layout: TableLayout, rows: Iterable[StoredRow], copied: Table | None = None
) -> Iterator[int]:
    """Make the table with these rows, each beginning with its row number; yield the rows written so far.

    Those of `copied`, a table of the same columns, are put before them within the database, and aren't counted.
    Runs as it is iterated, in the connection's transaction.
    """
    table.create(connection)
    grant_tables(connection, [table.name] if copied is None else [table.name, copied.name])
    if copied is not None:
        names = [column.name for column in table.columns]
        connection.execute(insert(table).from_select(names, select(*(copied.columns[name] for name in names))))
    written = 0
    copies = connection.dialect.name == DatabaseKind.POSTGRESQL
    with copy_rows(connection, table) if copies else _inserting(connection, table) as write:
        for batch in _batches(rows):
            write(batch)
            written += len(batch)
            if len(batch) == BATCH:
                yield written
    for index in _indexes(connection, table, layout):
        index.create(connection)
    if copies:
        finish_table(connection, table)
    yield written


def _batches(rows: Iterable[StoredRow]) -> Iterator[list[StoredRow]]:
    remaining = iter(rows)
    while batch := list(islice(remaining, BATCH)):
        yield batch


@contextmanager
def _inserting(connection: Connection, table: Table) -> Iterator[Callable[[list[StoredRow]], None]]:
    yield lambda batch: insert_rows(connection, table, batch)


def _indexes(connection: Connection, table: Table, layout: TableLayout) -> Iterator[Index]:
    # After the rows: building an index once is faster than keeping it while rows come.
    names = [("key", layout.key), *((f"index_{number}", names) for number, names in enumerate(layout.indexes, start=1))]
    for name, columns in names:
        if _is_indexable(connection, table, columns):
            indexed = (table.columns[column] for column in columns)
            yield Index(f"{table.name}_{name}", *indexed, unique=name == "key")


def _is_indexable(connection: Connection, table: Table, names: Sequence[str]) -> bool:
    """Return whether the database's index takes what these columns hold; without one, reading by them is slower."""
    texts = [column for name in names if isinstance((column := table.columns[name]).type, Text)]
    if connection.dialect.name != DatabaseKind.POSTGRESQL or not texts:
        return True
    longest = select(*(func.coalesce(func.max(func.octet_length(column)), 0) for column in texts))
    return sum(connection.execute(longest).one()) <= _MAX_INDEXED_BYTES


def read_dataset(connection: Connection, table: Table) -> Iterator[StoredRow]:
    """Yield the rows in row-number order, each beginning with its row number."""
    grant_tables(connection, [table.name])
    statement = table.select().order_by(table.columns[ROW_NUMBER]).execution_options(yield_per=BATCH)
    with connection.execute(statement) as result:
        # By whole batches: one row at a time costs three times as much.
        for batch in result.partitions():
            yield from map(tuple, batch)


def last_row_number(connection: Connection, table: Table) -> int:
    """Return the number of the last row, 0 where there is none."""
    grant_tables(connection, [table.name])
    return connection.scalar(select(func.max(table.columns[ROW_NUMBER]))) or 0


def read_columns(connection: Connection, table: Table) -> Iterator[tuple[Sequence[StoredValue], ...]]:
    """Yield the rows in row-number order, many at a time and by column, the row numbers first."""
    rows = read_dataset(connection, table)
    while batch := list(islice(rows, READ_TOGETHER)):
        yield tuple(zip(*batch, strict=True))


def dataset_tables(connection: Connection) -> frozenset[str]:
    """Return the names of the data store's tables of rows."""
    names = inspect(connection).get_table_names()
    return frozenset(name for name in names if name.startswith(TABLE_PREFIX) and DATA_TABLES.fullmatch(name))


def read_owner(connection: Connection) -> str | None:
    """Return the id of the portal whose rows lie here, None if no portal has claimed the store yet."""
    if not inspect(connection).has_table(_OWNER.name):
        return None
    return connection.scalar(select(_OWNER.c.portal_id))


def store_owner(connection: Connection, portal_id: str) -> None:
    """Claim the store for a portal, in place of any other."""
    _OWNER.create(connection, checkfirst=True)
    connection.execute(delete(_OWNER))
    connection.execute(insert(_OWNER).values(portal_id=portal_id))


def drop_datasets(connection: Connection, names: Iterable[str]) -> None:
    """Drop the tables; what they held is overwritten."""
    for name in sorted(names):
        Table(name, MetaData()).drop(connection)
