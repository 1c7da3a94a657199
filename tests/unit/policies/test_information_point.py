import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, Table, delete

from portal.bundles.store import PortalStore
from portal.errors import PolicyUnavailable
from portal.policies.information_point import load_content, parse_content
from portal.storage.addresses import database_path
from portal.storage.content import ActiveRow, Cell, ContentRow, StoredContent, read_content
from portal.storage.database import for_writing, open_database, open_sync_database
from portal.storage.metadata import metadata
from portal.storage.present import Present, read_present
from portal.storage.tables import catalog_entries, epoch, information_items, policy_records, portal
from tests.fixtures.small_bundle import content_of, load, new_store, small_bundle


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> PortalStore:
    folder = tmp_path_factory.mktemp("portal")
    store = new_store(folder)
    draft = small_bundle()
    draft.keys["checker.pem"] = PUBLIC_KEY
    load(draft.read(folder / "first"), store)
    # A second load, so that there are rows of the past too.
    draft.policies["statute-1"]["basis"] = "修订后的依据"
    del draft.users[0]
    load(draft.read(folder / "second"), store)
    return store


PUBLIC_KEY = b"""-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----
"""


@pytest.fixture
def engine(store: PortalStore) -> Iterator[Engine]:
    engine = open_sync_database(store.database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def content(store: PortalStore, engine: Engine) -> StoredContent:
    with engine.connect() as connection:
        return read_content(connection, store.digest_secret)


def test_content_is_read(store: PortalStore) -> None:
    content = content_of(store)
    assert content.epoch == 2
    assert [state.entry.identifier for state in content.entries] == ["villages", "residents"]
    assert [record.id for record in content.records] == sorted(record.id for record in content.records)
    assert [record.version for record in content.records if record.id == "statute-1"] == [2]


async def test_epoch_is_read(store: PortalStore, tmp_path: Path) -> None:
    engine, empty = open_database(store.database_url), open_database(new_store(tmp_path).database_url)
    assert (await read_present(engine), await read_present(empty)) == (Present(2, 0), Present(0, 0))
    await engine.dispose()
    await empty.dispose()


async def test_content_is_refused_when_the_tables_are_not_there(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'portal.db'}")
    for reading in (load_content(engine, b"secret"), read_present(engine)):
        with pytest.raises(PolicyUnavailable, match="no such table"):
            await reading
    await engine.dispose()


async def test_content_is_refused_when_the_file_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "portal.db").write_bytes(b"no database, and longer than a header of one hundred bytes " * 3)
    engine = open_database(f"sqlite:///{tmp_path / 'portal.db'}")
    for reading in (load_content(engine, b"secret"), read_present(engine)):
        with pytest.raises(PolicyUnavailable, match="can't be read whole"):
            await reading
    await engine.dispose()


def test_content_is_refused_with_another_key_file(store: PortalStore) -> None:
    with pytest.raises(PolicyUnavailable, match="the key file isn't this portal's"):
        content_of(replace(store, digest_secret=b"another secret"))


@pytest.mark.parametrize("table", [pytest.param(epoch, id="epoch"), pytest.param(portal, id="portal")])
def test_content_is_refused_when_its_epoch_or_identity_is_missing(engine: Engine, table: Table) -> None:
    with for_writing(engine).connect() as connection:
        connection.execute(delete(table))
        with pytest.raises(PolicyUnavailable, match="its epoch or its identity is missing"):
            read_content(connection, b"synthetic secret")


def test_content_is_refused_when_everything_was_wiped(engine: Engine) -> None:
    with for_writing(engine).connect() as connection:
        connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        for table in metadata.tables.values():
            connection.execute(delete(table))
        with pytest.raises(PolicyUnavailable, match="nothing has been loaded yet"):
            read_content(connection, b"synthetic secret")


@pytest.mark.clause("R29")
def test_content_is_refused_while_a_row_is_bad_and_read_when_it_is_good_again(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    load(small_bundle().read(tmp_path / "bundle"), store)
    before = content_of(store)
    connection = sqlite3.connect(database_path(store.database_url), isolation_level=None)
    connection.execute("UPDATE policy_records SET consumer_kind = 'public' WHERE id = 'statute-1'")
    with pytest.raises(PolicyUnavailable, match="its digest doesn't match"):
        content_of(store)
    connection.execute("UPDATE policy_records SET consumer_kind = 'department' WHERE id = 'statute-1'")
    connection.close()
    assert content_of(store) == before


def test_an_earlier_state_of_the_content_does_not_pass_for_a_later_one(store: PortalStore, engine: Engine) -> None:
    with for_writing(engine).connect() as connection:
        connection.exec_driver_sql("UPDATE epoch SET value = value + 1")
        with pytest.raises(PolicyUnavailable, match="its digest doesn't match"):
            read_content(connection, store.digest_secret)


def corrupted(content: StoredContent, table: str, key: str, cells: Mapping[str, Cell]) -> StoredContent:
    """Return the content with cells of one row changed, as if it had been signed so."""
    active = content.rows[table][key]
    row = replace(active.row, cells={**active.row.cells, **cells})
    return with_row(content, table, key, replace(active, row=row))


def with_row(content: StoredContent, table: str, key: str, active: ActiveRow) -> StoredContent:
    return replace(content, rows={**content.rows, table: {**content.rows[table], key: active}})


@pytest.mark.clause("T13")
@pytest.mark.parametrize(
    ("table", "key", "cells", "words"),
    [
        ("policy_records", "statute-1", {"effect": "Deny"}, "`effect` is `Deny`"),
        ("policy_records", "statute-1", {"kind": " statutory"}, "`kind` is ` statutory`"),
        ("policy_records", "statute-1", {"consumer_kind": "everyone"}, "everyone"),
        ("policy_records", "statute-1", {"consumer_code": ""}, "no consumer"),
        ("policy_records", "statute-1", {"resource": "303001001/99999"}, "unknown entry"),
        ("policy_records", "statute-1", {"items": '["salary"]'}, "unknown item `salary`"),
        ("policy_records", "statute-1", {"items": "[]"}, "missing or empty"),
        ("policy_records", "statute-1", {"items": "name"}, "no JSON"),
        ("policy_records", "statute-1", {"modes": '["steal"]'}, "unknown mode"),
        ("policy_records", "statute-1", {"condition": '{"auth_level":{"about":2}}'}, "condition"),
        ("policy_records", "statute-1", {"scope": '{"division":'}, "no JSON"),
        ("policy_records", "statute-1", {"scope": None}, "no text"),
        ("policy_records", "statute-1", {"obligations": '{"watermark":{}}'}, "unknown obligation"),
        ("policy_records", "statute-1", {"valid_from": "tomorrow"}, "tomorrow"),
        ("policy_records", "statute-1", {"basis": None}, "basis"),
        ("catalog_entries", "303001001/00001", {"share_class": "open"}, "share_class"),
        ("catalog_entries", "303001001/00001", {"status": "Published"}, "status"),
        ("catalog_entries", "303001001/00001", {"provider": "11999999MB0000028M"}, "credit code"),
        ("catalog_entries", "303001001/00001", {"key": '["missing"]'}, "unknown item"),
        ("catalog_entries", "303001001/00001", {"removed": None}, "no number"),
        ("datasets", "303001001/00001", {"table_name": 7}, "no text"),
        ("datasets", "303001001/00001", {"row_count": "7"}, "no number"),
        ("applications", "checker", {"network_zone": "moon"}, "moon"),
        ("users", "keeper", {"name": b"x"}, "no text"),
        ("departments", "11999999MB0000019T", {"region": 7}, "no text"),
    ],
)
def test_a_row_that_cannot_be_read_refuses_the_whole_content(
    content: StoredContent, table: str, key: str, cells: Mapping[str, Cell], words: str
) -> None:
    with pytest.raises(PolicyUnavailable, match=words):
        parse_content(corrupted(content, table, key, cells))


def test_an_entry_without_table_refuses_the_whole_content(content: StoredContent) -> None:
    with pytest.raises(PolicyUnavailable, match="has no table of rows"):
        parse_content(replace(content, rows={**content.rows, "datasets": {}}))


def test_an_item_that_cannot_be_read_refuses_the_whole_content(content: StoredContent) -> None:
    active = content.rows[catalog_entries.name]["303001001/00001"]
    items = active.row.children[information_items.name]
    bad = ContentRow(active.row.cells, {**active.row.children, information_items.name: ({**items[0], "type": "bool"},)})
    with pytest.raises(PolicyUnavailable, match="type"):
        parse_content(with_row(content, catalog_entries.name, "303001001/00001", replace(active, row=bad)))


def test_content_is_printed_without_all_that_it_holds(content: StoredContent) -> None:
    """asyncio prints what its first task returns, which of a city's records takes longer than to read them."""
    parsed = parse_content(content)
    many = replace(parsed, records=parsed.records * 1000, entries=parsed.entries * 1000)
    assert repr(many) == repr(parsed)
    assert len(repr(parsed)) < 300
    assert len(repr(content)) < 1000


def test_equal_cells_of_a_table_are_kept_once(content: StoredContent) -> None:
    cells = [active.row.cells["effect"] for active in content.rows[policy_records.name].values()]
    assert len(cells) > len(set(cells))
    assert len({id(cell) for cell in cells}) == len(set(cells))
