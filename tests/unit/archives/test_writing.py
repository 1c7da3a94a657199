"""What may be filled: two databases that hold nothing, or what a killed copy left in both."""

from dataclasses import replace
from pathlib import Path

import pytest

from portal.archives.copied import Position, Standing
from portal.archives.writing import open_target
from portal.bundles.store import PortalStore
from portal.errors import ConfigurationError
from portal.storage.data_store import store_owner
from portal.storage.database import for_writing, hold_writer_lock
from portal.storage.migrating import upgrade_database
from portal.storage.unfinished import drop_data_token, store_data_token
from tests.fixtures.small_bundle import load, new_store, small_bundle

STANDING = Standing("2026-03-01T08:00:00Z", "synthetic", "0003", Position(1, 0, "", 0, 0, 0), ())


@pytest.fixture
def store(tmp_path: Path) -> PortalStore:
    return new_store(tmp_path)


def fill(store: PortalStore, standing: Standing = STANDING) -> None:
    with open_target(store, standing, 0.1):
        pass


def test_what_a_killed_copy_left_is_dropped_as_often_as_it_is_killed(store: PortalStore) -> None:
    for _ in range(3):
        fill(store)
    with pytest.raises(ConfigurationError, match="half of a move or restore"):
        upgrade_database(store.database_url)


def test_loaded_portal_is_not_filled(store: PortalStore, tmp_path: Path) -> None:
    load(small_bundle().read(tmp_path / "bundle"), store)
    with pytest.raises(ConfigurationError, match="the portal's database that is to be filled holds something"):
        fill(store)
    upgrade_database(store.database_url)


def test_data_store_that_someone_claimed_is_not_filled(store: PortalStore) -> None:
    with store.open() as databases, for_writing(databases.rows).begin() as connection:
        store_owner(connection, "another")
    with pytest.raises(ConfigurationError, match="the data store that is to be filled holds something"):
        fill(store)


@pytest.mark.parametrize("token", [None, "another"])
def test_data_store_of_another_copy_is_not_filled(store: PortalStore, token: str | None) -> None:
    fill(store)
    with store.open() as databases, for_writing(databases.rows).begin() as connection:
        store_owner(connection, "another")
        drop_data_token(connection)
        if token is not None:
            store_data_token(connection, token)
    with pytest.raises(ConfigurationError, match="the data store that is to be filled holds something"):
        fill(store)


def test_copy_of_a_newer_version_is_refused_and_leaves_nothing(store: PortalStore) -> None:
    with pytest.raises(ConfigurationError, match="the copy has the revision `9999`, which this version doesn't know"):
        fill(store, replace(STANDING, revision="9999"))
    upgrade_database(store.database_url)


def test_place_where_a_load_runs_is_refused(store: PortalStore) -> None:
    with (
        hold_writer_lock(store.database_url),
        pytest.raises(ConfigurationError, match="another load or backup is running"),
    ):
        fill(store)
