import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from portal.bundles.loading import LoadOrder, LoadStep, has_content, load_bundle
from portal.bundles.store import PortalStore
from portal.errors import BadInput, ConfigurationError, PolicyUnavailable
from portal.storage.addresses import database_path
from portal.storage.data_store import drop_datasets
from portal.storage.database import for_writing, open_sync_database
from tests.fixtures.loaded_store import RESIDENTS, VILLAGES, changed, rows, states, tables
from tests.fixtures.small_bundle import (
    NOW,
    BundleDraft,
    content_of,
    entry,
    item,
    load,
    new_store,
    small_bundle,
)


@pytest.fixture
def store(tmp_path: Path) -> PortalStore:
    return new_store(tmp_path)


@pytest.fixture
def loaded(store: PortalStore, tmp_path: Path) -> PortalStore:
    load(small_bundle().read(tmp_path / "first"), store)
    return store


def test_rows_are_stored_typed_and_numbered_by_line(loaded: PortalStore) -> None:
    table = states(content_of(loaded))[RESIDENTS].table
    assert rows(loaded, table.name) == [
        (1 << 20, "r1", "甲", "99999901", "1980-01-31", "2026-01-31T00:00:00Z", 10050, 2, 1, '{"a": 1.0}'),
        (2 << 20, "r2", "乙", "99999902", "0999-12-31", "0999-12-31T23:59:59Z", -1, -(2**63), 0, "null"),
        (3 << 20, "r3", None, None, None, None, None, None, None, None),
    ]


def test_an_entry_without_file_has_a_table_without_rows(store: PortalStore, tmp_path: Path) -> None:
    load(changed(lambda draft: draft.rows.clear()).read(tmp_path / "bundle"), store)
    content = content_of(store)
    assert [state.table.row_count for state in content.entries] == [0, 0]
    assert [rows(store, state.table.name) for state in content.entries] == [[], []]


def test_a_change_of_rows_alone_raises_the_epoch_and_writes_a_new_table(loaded: PortalStore, tmp_path: Path) -> None:
    before = states(content_of(loaded))
    draft = changed(lambda draft: draft.rows["villages"].append("99999904,北村,"))
    assert load(draft.read(tmp_path / "second"), loaded).epoch == 2
    after = states(content_of(loaded))
    assert after[RESIDENTS] == before[RESIDENTS]
    assert after[VILLAGES].table.name != before[VILLAGES].table.name
    assert after[VILLAGES].table.row_count == 4
    assert rows(loaded, before[VILLAGES].table.name)


def test_indexes_follow_the_links(loaded: PortalStore, tmp_path: Path) -> None:
    before = states(content_of(loaded))
    draft = changed(
        lambda draft: draft.entries["villages"].update(
            links=[
                {
                    "identifier": "people",
                    "items": ["name"],
                    "target": "residents",
                    "target_items": ["name"],
                    "many": True,
                }
            ]
        )
    )
    load(draft.read(tmp_path / "second"), loaded)
    after = states(content_of(loaded))
    assert after[RESIDENTS].table.name != before[RESIDENTS].table.name
    connection = sqlite3.connect(database_path(loaded.data_url))
    indexed = connection.execute("SELECT sql FROM sqlite_master WHERE tbl_name = ?", (after[RESIDENTS].table.name,))
    assert {sql.rpartition("(")[2] for (sql,) in indexed if "INDEX" in sql} == {"code)", "division)", "name)"}
    connection.close()


def test_rows_keep_their_numbers_when_others_come_and_go(loaded: PortalStore, tmp_path: Path) -> None:
    draft = changed(
        lambda draft: draft.rows.__setitem__("villages", ["code,name,note", "x,,", "99999902,y,", "z,,", "99999903,,"])
    )
    load(draft.read(tmp_path / "second"), loaded)
    numbers = {row[1]: row[0] for row in rows(loaded, states(content_of(loaded))[VILLAGES].table.name)}
    assert (numbers["99999902"], numbers["99999903"]) == (2 << 20, 3 << 20)
    assert 0 < numbers["x"] < 2 << 20 < numbers["z"] < 3 << 20  # type: ignore[operator]


def test_rows_are_numbered_anew_when_they_change_places(loaded: PortalStore, tmp_path: Path) -> None:
    def turn_round(draft: BundleDraft) -> None:
        draft.rows["villages"][1:] = reversed(draft.rows["villages"][1:])

    load(changed(turn_round).read(tmp_path / "second"), loaded)
    found = rows(loaded, states(content_of(loaded))[VILLAGES].table.name)
    assert [(row[0], row[1]) for row in found] == [
        (1 << 20, "99999903"),
        (2 << 20, "99999902"),
        (3 << 20, "99999901"),
    ]


def test_rows_are_numbered_anew_when_the_key_was_no_item_before(loaded: PortalStore, tmp_path: Path) -> None:
    def rename_key(draft: BundleDraft) -> None:
        draft.entries["villages"] = entry("villages", VILLAGES, [item("number")])
        draft.entries["residents"]["links"] = []
        draft.rows["villages"] = ["number", "99999903", "99999901"]

    load(changed(rename_key).read(tmp_path / "second"), loaded)
    found = rows(loaded, states(content_of(loaded))[VILLAGES].table.name)
    assert found == [(1 << 20, "99999903"), (2 << 20, "99999901")]


def test_a_table_that_is_gone_is_written_again(loaded: PortalStore, tmp_path: Path) -> None:
    for file in tmp_path.glob("data.db*"):
        file.unlink()
    outcome = load(small_bundle().read(tmp_path / "again"), loaded)
    assert outcome.changed
    content = content_of(loaded)
    assert [len(rows(loaded, state.table.name)) for state in content.entries] == [3, 3]


def test_old_tables_stay_for_readers_and_go_with_a_later_load(loaded: PortalStore, tmp_path: Path) -> None:
    old = {state.table.name for state in content_of(loaded).entries}
    second = changed(lambda draft: draft.rows.clear()).read(tmp_path / "second")
    load(second, loaded, now=NOW)
    new = frozenset(state.table.name for state in content_of(loaded).entries)
    load(second, loaded, now=NOW + timedelta(seconds=60))
    assert tables(loaded) == old | new
    outcome = load(second, loaded, now=NOW + timedelta(seconds=61))
    assert (outcome.changed, tables(loaded)) == (False, new)


@pytest.mark.clause("T56")
def test_rows_that_left_are_in_no_file_after_their_table_went(loaded: PortalStore, tmp_path: Path) -> None:
    canary = "残留" * 20
    second = changed(lambda draft: draft.rows["villages"].append(f"99999904,{canary},"))
    load(second.read(tmp_path / "second"), loaded)
    third = small_bundle().read(tmp_path / "third")
    load(third, loaded, now=NOW + timedelta(minutes=2))
    stored = [*tmp_path.glob("*.db*")]
    assert any(canary.encode() in file.read_bytes() for file in stored)
    load(third, loaded, now=NOW + timedelta(minutes=4))
    assert not any(canary.encode() in file.read_bytes() for file in tmp_path.glob("*.db*"))


def test_tables_that_no_content_names_are_dropped(loaded: PortalStore, tmp_path: Path) -> None:
    connection = sqlite3.connect(database_path(loaded.data_url))
    connection.execute("CREATE TABLE dataset_99 (a)")
    connection.close()
    load(small_bundle().read(tmp_path / "again"), loaded)
    assert tables(loaded) == {state.table.name for state in content_of(loaded).entries}


def test_table_names_never_come_again(loaded: PortalStore, tmp_path: Path) -> None:
    seen = [state.table.name for state in content_of(loaded).entries]
    for step in range(1, 4):
        draft = changed(lambda draft, step=step: draft.rows["villages"].append(f"9999990{step}x,,"))  # type: ignore[misc]
        load(draft.read(tmp_path / f"{step}"), loaded, now=NOW + timedelta(hours=step))
        seen.append(states(content_of(loaded))[VILLAGES].table.name)
    assert len(set(seen)) == len(seen)


def test_nothing_is_written_when_a_file_changed_since_it_was_checked(loaded: PortalStore, tmp_path: Path) -> None:
    before = content_of(loaded)
    bundle = changed(lambda draft: draft.rows["villages"].pop()).read(tmp_path / "second")
    (tmp_path / "second" / "data" / "villages.csv").write_text("code,name,note\nx,,\n", encoding="utf-8")
    with pytest.raises(BadInput, match="has changed since it was checked"):
        load(bundle, loaded)
    assert content_of(loaded) == before
    assert tables(loaded) == {state.table.name for state in before.entries}


def test_a_load_is_refused_when_the_data_store_is_another_portal_s(loaded: PortalStore, tmp_path: Path) -> None:
    """Else their tables would be dropped as what a load left that died."""
    before = tables(loaded)
    other = new_store(tmp_path / "other")
    bundle = small_bundle().read(tmp_path / "second")
    for _ in range(2):
        with pytest.raises(ConfigurationError, match="holds the rows of another portal"):
            load(bundle, replace(other, data_url=loaded.data_url))
    assert tables(loaded) == before
    load(bundle, other)
    with pytest.raises(ConfigurationError, match="holds the rows of another portal"):
        load(bundle, replace(other, data_url=loaded.data_url))
    assert tables(loaded) == before


def test_a_store_is_claimed_by_the_next_load_when_the_first_died_before_it_did(
    loaded: PortalStore, tmp_path: Path
) -> None:
    connection = sqlite3.connect(database_path(loaded.data_url))
    connection.execute("DROP TABLE owner")
    connection.close()
    bundle = small_bundle().read(tmp_path / "second")
    assert not load(bundle, loaded).changed
    with pytest.raises(ConfigurationError, match="holds the rows of another portal"):
        load(bundle, replace(new_store(tmp_path / "other"), data_url=loaded.data_url))


def test_nothing_is_dropped_when_the_content_cannot_be_trusted(loaded: PortalStore, tmp_path: Path) -> None:
    before = tables(loaded)
    connection = sqlite3.connect(database_path(loaded.database_url), isolation_level=None)
    connection.execute("DELETE FROM datasets")
    connection.close()
    with pytest.raises(PolicyUnavailable, match="its digest doesn't match"):
        load(small_bundle().read(tmp_path / "second"), loaded)
    assert tables(loaded) == before


def test_progress_tells_the_steps_and_the_rows(store: PortalStore, tmp_path: Path) -> None:
    told: list[tuple[LoadStep, int, int]] = []
    bundle = changed(lambda draft: draft.rows["villages"].extend(f"{n},," for n in range(1500))).read(tmp_path / "b")
    load_bundle(bundle, store, LoadOrder(NOW), lambda *step: told.append(step))
    assert told == [
        (LoadStep.PLANNING, 0, 0),
        (LoadStep.WRITING_ROWS, 1000, 1506),
        (LoadStep.WRITING_ROWS, 1503, 1506),
        (LoadStep.WRITING_ROWS, 1506, 1506),
        (LoadStep.ROWS_WRITTEN, 1506, 1506),
        (LoadStep.SWITCHING, 0, 0),
        (LoadStep.SWITCHED, 0, 0),
    ]


def test_nothing_changes_when_another_load_removed_what_was_written(store: PortalStore, tmp_path: Path) -> None:
    """As happens to one whose lock was lost with its session."""

    def remove(step: LoadStep, _done: int, _total: int) -> None:
        if step is LoadStep.ROWS_WRITTEN:
            engine = open_sync_database(store.data_url)
            with for_writing(engine).begin() as connection:
                drop_datasets(connection, {"dataset_1"})
            engine.dispose()

    bundle = small_bundle().read(tmp_path / "bundle")
    with pytest.raises(ConfigurationError, match="removed by another one; nothing was changed"):
        load_bundle(bundle, store, LoadOrder(NOW), remove)
    assert not has_content(store.database_url)
    load_bundle(bundle, store, LoadOrder(NOW))
    assert has_content(store.database_url)
