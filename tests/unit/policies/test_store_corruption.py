"""T13: whatever is changed in the store by other means, nothing is read of it; never is a part of it left out."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import (
    Connection,
    Engine,
    Select,
    Table,
    and_,
    bindparam,
    case,
    delete,
    event,
    literal_column,
    select,
    update,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.expression import Executable
from sqlalchemy.types import UserDefinedType

from portal.bundles.store import PortalStore
from portal.errors import PolicyUnavailable
from portal.policies.information_point import parse_content
from portal.storage.content import ContentRow, _read, read_content
from portal.storage.database import for_writing, open_sync_database
from portal.storage.tables import CONTENT_TABLES, epoch, expectations, freezes, policy_records, portal
from tests.fixtures.register_changes import change_register, put_rows
from tests.fixtures.small_bundle import add_agreement, content_of, load, new_store, small_bundle

TABLES = (epoch, portal, *(table for content in CONTENT_TABLES for table in (content.table, *content.children)))


ROWS = (
    (
        freezes,
        ContentRow(
            {
                "target_kind": "entry",
                "target": "303001001/00001",
                "item": "name",
                "reason": "合成",
                "frozen_by": "user:a",
                "frozen_at": "2026-03-01T08:00:00Z",
            },
            {},
        ),
    ),
    (expectations, ContentRow({"verdict": "never", "document": "{}", "reason": "合成"}, {})),
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> PortalStore:
    folder = tmp_path_factory.mktemp("portal")
    store = new_store(folder)
    draft = small_bundle()
    add_agreement(draft)
    load(draft.read(folder / "first"), store)
    # A second load, so that there are rows of the past to bring back.
    draft.policies["statute-1"]["basis"] = "修订后的依据"
    draft.policies["statute-1"]["items"] = ["code", "name"]
    draft.departments[0] = draft.departments[0].replace("提供方", "提供单位")
    load(draft.read(folder / "second"), store)
    # What a bundle doesn't hold, twice as well.
    for since in (date(2026, 2, 1), date(2026, 2, 2)):
        registry = content_of(store).registry
        of_each = (registry.departments, registry.applications, registry.users)
        change_register(store, *(replace(one, since=since) for of in of_each for one in of.values()))
        put_rows(store, {(table.name, f"{table.name}-{n}"): row for table, row in ROWS for n in (1, 2)})
    return store


@pytest.fixture
def engine(store: PortalStore) -> Iterator[Engine]:
    engine = open_sync_database(store.database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def unguarded(store: PortalStore) -> Iterator[Engine]:
    """An engine as someone opens it who wants no constraint to stand in the way."""
    engine = open_sync_database(store.database_url)

    def unguard(connection: sqlite3.Connection, _entry: object) -> None:
        connection.execute("PRAGMA foreign_keys=OFF")
        connection.execute("PRAGMA ignore_check_constraints=ON")

    event.listen(engine, "connect", unguard)
    yield engine
    engine.dispose()


def active_rows(connection: Connection, table: Table) -> list[tuple[object, ...]]:
    """Return the table's rows that the content is made of, and those of its children, with all their columns."""
    return [tuple(row) for statement in active_selects(table) for row in connection.execute(statement)]


def active_selects(table: Table) -> Iterator[Select[Any]]:
    for content in CONTENT_TABLES:
        if table not in (content.table, *content.children):
            continue
        parent = content.table
        is_active = parent.c.withdrawn_in.is_(None)
        yield select(parent).where(is_active).order_by(parent.c[content.key], parent.c.version)
        for child in content.children:
            key = next(iter(child.columns))
            of_parent = and_(key == parent.c[content.key], child.c.version == parent.c.version)
            order = (key, child.c.version, child.c.position)
            yield select(child).join(parent, of_parent).where(is_active).order_by(*order)
    if table in (epoch, portal):
        yield select(table)


class Raw(UserDefinedType[object]):
    """Whatever it is, as the driver takes it."""

    cache_ok = True


def raw(value: object) -> ColumnElement[object]:
    return bindparam(None, value, type_=Raw(), unique=True)


def corruptions(connection: Connection, table: Table) -> Iterator[Executable]:
    row_id: ColumnElement[int] = literal_column("rowid")
    rows = connection.execute(select(row_id.label("_row_id"), table).order_by(row_id)).mappings().all()
    for row in rows:
        this_row = row_id == row["_row_id"]
        yield delete(table).where(this_row)
        for column in table.columns:
            others = {other[column] for other in rows if other[column] != row[column]}
            for value in {*altered(row[column]), *sorted(others, key=repr)[:1]}:
                yield update(table).where(this_row).values({column: raw(value)})
    for column in table.columns:
        for one, other in pairwise(rows):
            swapped = case((row_id == one["_row_id"], raw(other[column])), else_=raw(one[column]))
            yield update(table).where(row_id.in_([one["_row_id"], other["_row_id"]])).values({column: swapped})


def altered(value: object) -> list[object]:
    """Return a cell's value damaged in each way that fits its type."""
    match value:
        case str():
            halves = (value[: len(value) // 2], value[len(value) // 2 :])
            texts = (value.upper(), value.lower(), value.title(), *halves, f" {value}", f"{value} ", f"{value}x", "")
            return [*texts, value.replace('"', "'"), value[::-1], "*", '["*"]', "{}", "[]", None, 7, b"x"]
        case int():
            return [value + 1, value - 1, -value, 0, 2, 1 << 40, None, "x", f"{value}x", b"x", 1.5]
        case bytes():
            return [value[:-1], value + b"x", b"", value.decode(), None, 7]
        case _:
            return ["x", "", 7, 0, b"x"]


def is_refused(connection: Connection, corruption: Executable) -> bool:
    """Corrupt the store; return whether the database itself refused."""
    try:
        connection.execute(corruption)
    except DBAPIError as fault:
        if not any(words in str(fault) for words in ("constraint failed", "cannot store", "mismatch")):
            raise
        return True
    return False


def check_all(engine: Engine, table: Table, secret: bytes) -> tuple[int, int]:
    """Try every corruption of the table; return how many the database refused, and how many the reader did."""
    by_database = by_reader = 0
    with for_writing(engine).connect() as connection:
        planned = list(corruptions(connection, table))
        before = active_rows(connection, table)
        for corruption in planned:
            connection.rollback()
            if is_refused(connection, corruption):
                by_database += 1
            elif active_rows(connection, table) != before:
                by_reader += 1
                with pytest.raises(PolicyUnavailable):
                    parse_content(read_content(connection, secret))
    return by_database, by_reader


@pytest.mark.heavy
@pytest.mark.clause("T13")
@pytest.mark.parametrize("table", [pytest.param(table, id=table.name) for table in TABLES])
def test_no_corruption_of_a_table_is_read(engine: Engine, store: PortalStore, table: Table) -> None:
    by_database, by_reader = check_all(engine, table, store.digest_secret)
    assert by_database > 0
    assert by_reader > 0


@pytest.mark.heavy
@pytest.mark.clause("T13")
@pytest.mark.parametrize("table", [pytest.param(table, id=table.name) for table in TABLES])
def test_no_corruption_of_a_table_is_read_when_the_constraints_were_off(
    unguarded: Engine, store: PortalStore, table: Table
) -> None:
    _, by_reader = check_all(unguarded, table, store.digest_secret)
    assert by_reader > 0


@pytest.mark.clause("T13")
def test_corruptions_of_policies_are_not_read(engine: Engine, store: PortalStore) -> None:
    with for_writing(engine).connect() as connection:
        planned = list(corruptions(connection, policy_records))[::40]
        before = active_rows(connection, policy_records)
        found = 0
        for corruption in planned:
            connection.rollback()
            if not is_refused(connection, corruption) and active_rows(connection, policy_records) != before:
                found += 1
                with pytest.raises(PolicyUnavailable):
                    parse_content(read_content(connection, store.digest_secret))
    assert found > 20


@pytest.mark.heavy
@pytest.mark.clause("T13")
@pytest.mark.parametrize("table", [pytest.param(table, id=table.name) for table in TABLES])
def test_nothing_is_left_out_when_a_corruption_is_signed(unguarded: Engine, table: Table) -> None:
    """Without the digest, too, the readers refuse what they can't read instead of going on without it."""
    with for_writing(unguarded).connect() as connection:
        for corruption in list(corruptions(connection, table)):
            connection.rollback()
            if is_refused(connection, corruption):
                continue
            try:
                stored, _ = _read(connection, b"any secret")
                content = parse_content(stored)
            except PolicyUnavailable:
                continue
            assert len(content.records) == len(stored.rows["policy_records"])
            assert len(content.entries) == len(stored.rows["catalog_entries"])
            registry = content.registry
            assert len(registry.departments) == len(stored.rows["departments"])
            assert len(registry.groups) == len(stored.rows["groups"])
            assert len(registry.applications) == len(stored.rows["applications"])
            assert len(registry.users) == len(stored.rows["users"])
