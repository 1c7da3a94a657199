"""A load that is killed at any moment is whole or not there, and the next one succeeds (T17, R1)."""

import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import MetaData, Table

from portal.bundles.loading import LoadStep, has_content
from portal.bundles.store import PortalStore
from portal.policies.information_point import DataTable, PortalContent
from portal.storage.addresses import database_path
from portal.storage.data_store import dataset_tables
from portal.storage.database import open_sync_database
from tests.fixtures.small_bundle import (
    NOW,
    BundleDraft,
    content_of,
    load,
    new_store,
    read_folder,
    small_bundle,
    statutory,
)

pytestmark = [pytest.mark.heavy, pytest.mark.clause("R1")]

ROOT = Path(__file__).parents[2]
ROWS = 2100

Rows = Mapping[str, list[tuple[object, ...]]]
State = tuple[PortalContent, Rows] | None
"""Content and rows of a portal, without the names of its tables; None for an empty one."""


def old_bundle() -> BundleDraft:
    draft = small_bundle()
    draft.rows["villages"] = ["code,name,note", *(f"v{number},村 {number},旧" for number in range(ROWS))]
    return draft


def new_bundle() -> BundleDraft:
    draft = old_bundle()
    draft.title = "另一个门户"
    draft.rows["villages"] = ["code,name,note", *(f"v{number},村 {number},新" for number in range(1, ROWS + 1))]
    draft.rows["residents"].pop()
    draft.policies["statute-2"] = statutory("statute-2")
    del draft.policies["restriction-1"]
    draft.users.pop()
    return draft


@dataclass(frozen=True)
class Worlds:
    """Folders: a portal that has the old bundle, the new bundle; and both states."""

    loaded: Path
    bundle: Path
    old: State
    new: State
    first: State
    seconds: float


def store_in(folder: Path) -> PortalStore:
    return new_store(folder)


def state_of(store: PortalStore) -> State:
    """Return what a server and its readers see."""
    if not has_content(store.database_url):
        return None
    content = content_of(store)
    engine = open_sync_database(store.data_url)
    with engine.connect() as connection:
        rows: Rows = {
            state.entry.identifier: [
                *map(tuple, connection.execute(Table(state.table.name, MetaData(), autoload_with=connection).select()))
            ]
            for state in content.entries
        }
    engine.dispose()
    named = tuple(replace(state, table=DataTable("", state.table.row_count)) for state in content.entries)
    return replace(content, entries=named), rows


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Worlds:
    folder = tmp_path_factory.mktemp("worlds")
    load(old_bundle().read(folder / "old"), store_in(folder / "loaded"))
    old = state_of(store_in(folder / "loaded"))
    new_bundle().write(folder / "new")
    shutil.copytree(folder / "loaded", folder / "after")
    seconds = run_to_end(folder / "after", folder / "new")
    run_to_end(folder / "first", folder / "new")
    new, first = state_of(store_in(folder / "after")), state_of(store_in(folder / "first"))
    assert None not in (old, new, first)
    assert old != new
    return Worlds(folder / "loaded", folder / "new", old, new, first, seconds)


def start(folder: Path, bundle: Path, *stop: str) -> subprocess.Popen[bytes]:
    """Start a load and return its process when it begins to load."""
    command = [sys.executable, "-m", "tests.fixtures.dying_load", str(folder), str(bundle), *stop]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process.stdout as output:
        assert output.readline() == b"ready\n"
    return process


def run_to_end(folder: Path, bundle: Path) -> float:
    """Load and return the seconds that it took."""
    process = start(folder, bundle)
    began = time.monotonic()
    assert process.wait() == 0
    return time.monotonic() - began


def check_whole(store: PortalStore, worlds: Worlds, before: State, after: State) -> State:
    """See that the portal is as before or as after the load; load again, see that nothing is left of the killed one."""
    for url in (store.database_url, store.data_url):
        with closing(sqlite3.connect(database_path(url))) as checked:
            assert checked.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    found = state_of(store)
    assert found in (before, after)
    bundle = read_folder(worlds.bundle)
    assert load(bundle, store).changed is (found == before)
    assert state_of(store) == after
    assert not load(bundle, store, now=NOW + timedelta(minutes=2)).changed
    engine = open_sync_database(store.data_url)
    with engine.connect() as connection:
        assert dataset_tables(connection) == {state.table.name for state in content_of(store).entries}
    engine.dispose()
    return found


POINTS = [
    (LoadStep.PLANNING, 1),
    (LoadStep.WRITING_ROWS, 1),
    (LoadStep.WRITING_ROWS, 3),
    (LoadStep.WRITING_ROWS, 4),
    (LoadStep.ROWS_WRITTEN, 1),
    (LoadStep.SWITCHING, 1),
    (LoadStep.SWITCHED, 1),
]


@pytest.mark.parametrize(("step", "count"), POINTS)
def test_load_is_whole_or_not_there_when_killed_at_a_step(
    tmp_path: Path, worlds: Worlds, step: LoadStep, count: int
) -> None:
    shutil.copytree(worlds.loaded, tmp_path / "portal")
    assert start(tmp_path / "portal", worlds.bundle, step, str(count)).wait() == -signal.SIGKILL
    found = check_whole(store_in(tmp_path / "portal"), worlds, worlds.old, worlds.new)
    assert found == (worlds.new if step is LoadStep.SWITCHED else worlds.old)


@pytest.mark.parametrize(("step", "count"), POINTS)
def test_first_load_is_whole_or_not_there_when_killed_at_a_step(
    tmp_path: Path, worlds: Worlds, step: LoadStep, count: int
) -> None:
    assert start(tmp_path / "portal", worlds.bundle, step, str(count)).wait() == -signal.SIGKILL
    found = check_whole(store_in(tmp_path / "portal"), worlds, None, worlds.first)
    assert found == (worlds.first if step is LoadStep.SWITCHED else None)


@pytest.mark.parametrize("seed", range(24))
def test_load_is_whole_or_not_there_when_killed_at_a_random_moment(tmp_path: Path, worlds: Worlds, seed: int) -> None:
    shutil.copytree(worlds.loaded, tmp_path / "portal")
    process = start(tmp_path / "portal", worlds.bundle)
    time.sleep(Random(seed).uniform(0, worlds.seconds))
    process.kill()
    process.wait()
    check_whole(store_in(tmp_path / "portal"), worlds, worlds.old, worlds.new)


def test_a_load_goes_on_after_one_that_was_killed_holding_the_lock(tmp_path: Path, worlds: Worlds) -> None:
    """Killed several times in a row, each leaving its tables, it leaves none in the end."""
    shutil.copytree(worlds.loaded, tmp_path / "portal")
    for step in (LoadStep.WRITING_ROWS, LoadStep.ROWS_WRITTEN, LoadStep.SWITCHING):
        assert start(tmp_path / "portal", worlds.bundle, step, "1").wait() == -signal.SIGKILL
    check_whole(store_in(tmp_path / "portal"), worlds, worlds.old, worlds.new)
