"""Reading a whole portal in one consistent state, while it goes on serving."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Integer, LargeBinary, Table, Text, collate, func, select
from sqlalchemy import column as sql_column
from sqlalchemy import table as sql_table
from sqlalchemy.sql import ColumnElement
from sqlalchemy.types import TypeEngine

from portal.archives.copied import (
    BATCH,
    ColumnKind,
    CopiedTable,
    Position,
    Row,
    RunningSum,
    Standing,
    StoreName,
    TableSum,
    batches,
    render_rows,
)
from portal.audit.sealing import read_heads, read_last_checkpoint
from portal.bundles.datasets import parse_layout
from portal.bundles.store import PortalStore
from portal.conditions.values import render_instant
from portal.storage.addresses import DatabaseKind
from portal.storage.administration_tables import sign_ins, staff_sessions
from portal.storage.audit_tables import refused_tokens
from portal.storage.content import StoredContent, read_content, read_epoch_value
from portal.storage.data_store import ROW_NUMBER, data_table, read_dataset
from portal.storage.database import hold_writer_lock, wait_patiently
from portal.storage.metadata import metadata
from portal.storage.tables import compatibility, datasets
from portal.storage.unfinished import read_revision

_TYPES: dict[ColumnKind, TypeEngine[Any]] = {
    ColumnKind.TEXT: Text(),
    ColumnKind.INTEGER: Integer(),
    ColumnKind.OCTETS: LargeBinary(),
}


@dataclass(frozen=True, slots=True)
class OpenCopy:
    """A portal that is being read: both databases, in one transaction each, and what they held at its beginning."""

    content: Connection
    rows: Connection
    stored: StoredContent
    standing: Standing

    def connection(self, table: CopiedTable) -> Connection:
        """Return the connection to the database that the table lies in."""
        return self.rows if table.store is StoreName.ROWS else self.content


@contextmanager
def open_copy(store: PortalStore, now: datetime, wait_seconds: float = 30.0) -> Iterator[OpenCopy]:
    """Hold the lock of loads and one state of the portal for the length of the block.

    Tables of rows are never changed once the content names them, and only a load drops them, so both databases are
    read as of one moment. Raises: ConfigurationError while a load runs; PolicyUnavailable for content that isn't whole.
    """
    with (
        hold_writer_lock(store.database_url, wait_seconds),
        store.open() as databases,
        databases.content.connect() as content,
        databases.rows.connect() as rows,
    ):
        for connection in (content, rows):
            wait_patiently(connection)
        stored = read_content(content, store.digest_secret)
        standing = Standing(
            made_at=render_instant(now),
            portal_id=stored.identity.portal_id,
            revision=read_revision(content) or "",
            position=read_position(content),
            # Rows first: the content that names them comes to the target when they are there.
            tables=(*_tables_of_rows(stored), *map(_own_table, _copied_tables())),
        )
        yield OpenCopy(content, rows, stored, standing)


def _copied_tables() -> list[Table]:
    """Return the portal's own tables whose rows are its own: what a migration wrote, the target's migrations write.

    Who is signed in stays behind: a session that was ended since must not come back with a backup.
    """
    left = (compatibility, staff_sessions, sign_ins)
    return [table for table in metadata.sorted_tables if table not in left]


def read_position(connection: Connection) -> Position:
    """Return where the portal stands now."""
    heads, last = read_heads(connection), read_last_checkpoint(connection)
    return Position(
        epoch=read_epoch_value(connection),
        checkpoint=last.number,
        checkpoint_hash=last.hash.hex(),
        records=sum(head.sequence for head in heads),
        writers=len(heads),
        refusals=int(connection.scalar(select(func.coalesce(func.sum(refused_tokens.c.refusals), 0))) or 0),
    )


def _own_table(table: Table) -> CopiedTable:
    key = tuple(column.name for column in table.primary_key)
    return CopiedTable(StoreName.CONTENT, table.name, _columns(table), key)


def _columns(table: Table) -> tuple[tuple[str, ColumnKind], ...]:
    return tuple((column.name, _kind(column.type)) for column in table.columns)


def _kind(of_column: TypeEngine[Any]) -> ColumnKind:
    return next(kind for kind, known in _TYPES.items() if isinstance(of_column, type(known)))


def _tables_of_rows(stored: StoredContent) -> Iterator[CopiedTable]:
    for _, row in sorted(stored.active(datasets).items()):
        name, layout = row.text("table_name"), row.text("layout")
        columns = _columns(data_table(name, parse_layout(layout).columns))
        yield CopiedTable(StoreName.ROWS, name, columns, (ROW_NUMBER,), layout)


def read_rows(connection: Connection, table: CopiedTable) -> Iterator[Row]:
    """Yield the rows of a table in the order of its key, texts by code point."""
    if table.store is StoreName.ROWS:
        yield from read_dataset(connection, data_table(table.name, parse_layout(table.layout).columns))
        return
    columns = [sql_column(name, _TYPES[kind]) for name, kind in table.columns]
    order = [_ordered(connection, column) for column in columns if column.name in table.key]
    statement = select(*columns).select_from(sql_table(table.name, *columns)).order_by(*order)
    with connection.execute(statement.execution_options(yield_per=BATCH)) as result:
        for batch in result.partitions():
            yield from map(tuple, batch)


def _ordered(connection: Connection, column: ColumnElement[Any]) -> ColumnElement[Any]:
    # SQLite compares texts by code point as it is.
    is_collated = connection.dialect.name == DatabaseKind.POSTGRESQL and isinstance(column.type, Text)
    return collate(column, "C") if is_collated else column


def read_texts(connection: Connection, table: CopiedTable) -> Iterator[tuple[int, bytes]]:
    """Yield the table's rows as text, some at a time, each with how many they are."""
    for batch in batches(read_rows(connection, table)):
        yield len(batch), render_rows(batch)


def sum_table(connection: Connection, table: CopiedTable) -> TableSum:
    """Return the sum of the table as it is read back."""
    running = RunningSum()
    for rows, text in read_texts(connection, table):
        running.add(rows, text)
    return running.result()
