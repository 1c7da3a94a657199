"""Writing a whole portal into two empty databases: no portal serves them until `release`, the last step."""

import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from alembic.util import CommandError
from sqlalchemy import Connection, func, select
from sqlalchemy import column as sql_column
from sqlalchemy import table as sql_table

from portal.archives.copied import CopiedTable, Standing, StoreName, TableSum, parse_rows
from portal.archives.reading import sum_table
from portal.bundles.datasets import parse_layout
from portal.bundles.store import Databases, PortalStore
from portal.errors import ConfigurationError, Text
from portal.storage.addresses import DatabaseKind, database_kind
from portal.storage.data_store import (
    StoredRow,
    create_dataset,
    data_table,
    dataset_tables,
    drop_datasets,
    read_owner,
    store_owner,
)
from portal.storage.database import for_writing, hold_writer_lock, wait_patiently
from portal.storage.inserting import insert_rows
from portal.storage.metadata import metadata
from portal.storage.postgresql import check_server
from portal.storage.rights import give_rights_within
from portal.storage.unfinished import (
    create_unfinished,
    drop_data_token,
    drop_portal_tables,
    finish_unfinished,
    has_rows,
    read_data_token,
    read_revision,
    store_data_token,
    unfinished_token,
)

Texts = Iterable[tuple[int, bytes]]
"""Rows as text, some at a time, each with how many they are."""


@contextmanager
def open_target(store: PortalStore, standing: Standing, wait_seconds: float = 30.0) -> Iterator[Databases]:
    """Make the two databases ready to be filled, under the lock of loads; what a killed copy left there is dropped.

    Raises: ConfigurationError if one of them holds something, or the copy is of a revision that isn't known here.
    """
    for url in (store.database_url, store.data_url):
        if database_kind(url) is DatabaseKind.POSTGRESQL:
            check_server(url)
    with hold_writer_lock(store.database_url, wait_seconds), store.open() as databases:
        token = _check_empty(databases)
        with for_writing(databases.content).begin() as connection:
            drop_portal_tables(connection)
            _create(connection, standing.revision, token)
        with for_writing(databases.rows).begin() as connection:
            drop_datasets(connection, dataset_tables(connection))
            drop_data_token(connection)
            store_data_token(connection, token)
        yield databases


def _create(connection: Connection, revision: str, token: str) -> None:
    try:
        create_unfinished(connection, revision, token)
    except CommandError:
        raise ConfigurationError(
            Text(
                en=f"the copy has the revision `{revision}`, which this version doesn't know; use the version of the "
                "portal that wrote it",
                zh=f"该副本的版本为 `{revision}`，本程序不认识；请使用写入它的较新版本",
            )
        ) from None


def _check_empty(databases: Databases) -> str:
    """Return the token of the copy that begins: that of a killed one whose leavings are there, else a new one."""
    with databases.content.connect() as connection:
        left = unfinished_token(read_revision(connection))
        if left is None and has_rows(connection):
            raise _not_empty("the portal's database", "门户数据库")
    with databases.rows.connect() as connection:
        is_used = bool(dataset_tables(connection)) or read_owner(connection) is not None
        # INVARIANT: rows are dropped only where the content that would name them is half of the same copy.
        if is_used and (left is None or read_data_token(connection) != left):
            raise _not_empty("the data store", "数据存储")
    return left or secrets.token_hex(8)


def _not_empty(en: str, zh: str) -> ConfigurationError:
    return ConfigurationError(
        Text(
            en=f"{en} that is to be filled holds something already; name an empty one, or one that isn't there yet",
            zh=f"待写入的{zh}中已有内容；请指定空的或尚不存在的数据库",
        )
    )


def write_table(databases: Databases, table: CopiedTable, texts: Texts, told: Callable[[int], None]) -> None:
    """Write a table, whole or not at all; `told` hears how many rows came. Raises: ValueError if a text is none."""
    if table.store is StoreName.ROWS:
        layout = parse_layout(table.layout)
        with for_writing(databases.rows).begin() as connection:
            made = data_table(table.name, layout.columns)
            for _ in create_dataset(connection, made, layout, _stored_rows(table, texts, told)):
                pass
        return
    made_before = sql_table(table.name, *(sql_column(name) for name, _ in table.columns))
    with for_writing(databases.content).begin() as connection:
        for rows, text in texts:
            insert_rows(connection, made_before, parse_rows(text, table))
            told(rows)
        _set_sequence(connection, table)


def _stored_rows(table: CopiedTable, texts: Texts, told: Callable[[int], None]) -> Iterator[StoredRow]:
    for rows, text in texts:
        for row in parse_rows(text, table):
            yield tuple(row)  # type: ignore[arg-type]  # an entry's table has no octets
        told(rows)


def _set_sequence(connection: Connection, table: CopiedTable) -> None:
    """Let PostgreSQL count on behind the rows that came with their numbers; SQLite does so by itself."""
    numbered = metadata.tables[table.name].autoincrement_column if table.name in metadata.tables else None
    if connection.dialect.name != DatabaseKind.POSTGRESQL or numbered is None:
        return
    last = connection.scalar(select(func.max(numbered)))
    sequence = connection.scalar(select(func.pg_get_serial_sequence(table.name, numbered.name)))
    if last is not None and sequence is not None:
        connection.execute(select(func.setval(sequence, last)))


def check_sums(databases: Databases, tables: Iterable[CopiedTable], sums: Iterable[TableSum]) -> None:
    """Read every table back in order and compare. Raises: ConfigurationError naming one that differs."""
    with databases.content.connect() as content, databases.rows.connect() as rows:
        for connection in (content, rows):
            wait_patiently(connection)
        for table, expected in zip(tables, sums, strict=True):
            found = sum_table(rows if table.store is StoreName.ROWS else content, table)
            if found != expected:
                raise ConfigurationError(
                    Text(
                        en=f"the table `{table.name}` isn't the same in its new place: {expected.rows} rows were "
                        f"written and {found.rows} read back; nothing serves it; look at the disk and try again",
                        zh=f"表 `{table.name}` 在新位置与原表不一致：写入 {expected.rows} 行，读回 {found.rows} 行；"
                        "尚未启用；请检查磁盘后重试",
                    )
                )


def release(store: PortalStore, databases: Databases, standing: Standing, sign: Callable[[Connection], None]) -> None:
    """Turn what was copied into a portal; `sign` checks the content, in the transaction that does so.

    INVARIANT: what can fail comes before the commit, and what comes after it may be left out.
    """
    with for_writing(databases.rows).begin() as connection:
        store_owner(connection, standing.portal_id)
        give_rights_within(connection, store.data_url)
    with for_writing(databases.content).begin() as connection:
        finish_unfinished(connection, standing.revision)
        sign(connection)
        give_rights_within(connection, store.database_url)
    with for_writing(databases.rows).begin() as connection:
        drop_data_token(connection)
