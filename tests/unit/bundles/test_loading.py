import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import MetaData, Table, select

from portal.bundles.loading import LoadOrder, LoadStep, compare_bundle, has_content, load_bundle
from portal.bundles.store import PortalStore
from portal.errors import ConfigurationError, PolicyUnavailable
from portal.identity.registry import Department
from portal.policies.information_point import EntryState, PortalContent
from portal.storage.data_store import dataset_tables
from portal.storage.database import database_path, hold_writer_lock, open_sync_database
from portal.storage.tables import catalog_entries, changes, policy_records
from portal.vocabulary import DepartmentCode, EntryCode, GroupCode
from tests.fixtures.small_bundle import (
    AUTHORITY,
    CONSUMER,
    NOW,
    PROVIDER,
    BundleDraft,
    content_of,
    entry,
    item,
    load,
    new_store,
    small_bundle,
    statutory,
)

VILLAGES, RESIDENTS = EntryCode("303001001/00001"), EntryCode("303001001/00002")


@pytest.fixture
def store(tmp_path: Path) -> PortalStore:
    return new_store(tmp_path)


@pytest.fixture
def loaded(store: PortalStore, tmp_path: Path) -> PortalStore:
    load(small_bundle().read(tmp_path / "first"), store)
    return store


def changed(change: Callable[[BundleDraft], object]) -> BundleDraft:
    """Return the small bundle with a change made to it."""
    draft = small_bundle()
    change(draft)
    return draft


def states(content: PortalContent) -> dict[EntryCode, EntryState]:
    return {state.entry.code: state for state in content.entries}


def record_versions(content: PortalContent) -> dict[str, int]:
    return {record.id: record.version for record in content.records}


def rows(store: PortalStore, name: str) -> list[tuple[object, ...]]:
    """Return the rows of a table of the data store, in row-number order."""
    engine = open_sync_database(store.data_url)
    try:
        with engine.connect() as connection:
            return [*map(tuple, connection.execute(Table(name, MetaData(), autoload_with=connection).select()))]
    finally:
        engine.dispose()


def tables(store: PortalStore) -> frozenset[str]:
    engine = open_sync_database(store.data_url)
    try:
        with engine.connect() as connection:
            return dataset_tables(connection)
    finally:
        engine.dispose()


def test_nothing_is_there_before_the_first_load(store: PortalStore) -> None:
    assert not has_content(store.database_url)
    with pytest.raises(PolicyUnavailable, match="nothing has been loaded yet"):
        content_of(store)


def test_everything_of_the_bundle_is_there_after_a_load(store: PortalStore, tmp_path: Path) -> None:
    bundle = small_bundle().read(tmp_path / "bundle")
    outcome = load(bundle, store)
    content = content_of(store)
    assert (outcome.epoch, outcome.changed, content.epoch) == (1, True, 1)
    assert has_content(store.database_url)
    assert (content.profile, content.title) == ("nantong-2015", "测试门户")
    assert tuple(content.registry.departments.values()) == tuple(sorted(bundle.departments, key=lambda one: one.code))
    assert set(content.registry.groups.values()) == set(bundle.groups)
    assert set(content.registry.applications.values()) == set(bundle.applications)
    assert set(content.registry.users.values()) == set(bundle.users)
    assert tuple(state.entry for state in content.entries) == bundle.entries
    assert {state.table.row_count for state in content.entries} == {3}
    written = {record.id: record for record in content.records}
    assert [written[one.record.id] for one in bundle.records] == [one.record for one in bundle.records]


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


def test_a_second_load_changes_nothing(loaded: PortalStore, tmp_path: Path) -> None:
    before = database_path(loaded.database_url).read_bytes(), content_of(loaded), tables(loaded)
    outcome = load(small_bundle().read(tmp_path / "again"), loaded, now=NOW + timedelta(days=1))
    assert (outcome.epoch, outcome.changed) == (1, False)
    assert [line.en for line in outcome.lines] == ["nothing changed"]
    assert (database_path(loaded.database_url).read_bytes(), content_of(loaded), tables(loaded)) == before


def test_a_change_raises_the_epoch_and_only_the_changed_versions(loaded: PortalStore, tmp_path: Path) -> None:
    draft = changed(lambda draft: draft.policies["statute-1"].update(items=["code"]))
    outcome = load(draft.read(tmp_path / "second"), loaded)
    content = content_of(loaded)
    assert (outcome.epoch, outcome.changed, content.epoch) == (2, True, 2)
    versions = record_versions(content)
    assert versions.pop("statute-1") == 2
    assert set(versions.values()) == {1}
    assert {state.version for state in content.entries} == {1}


def test_a_change_of_rows_alone_raises_the_epoch_and_writes_a_new_table(loaded: PortalStore, tmp_path: Path) -> None:
    before = states(content_of(loaded))
    draft = changed(lambda draft: draft.rows["villages"].append("99999904,北村,"))
    assert load(draft.read(tmp_path / "second"), loaded).epoch == 2
    after = states(content_of(loaded))
    assert after[RESIDENTS] == before[RESIDENTS]
    assert after[VILLAGES].table.name != before[VILLAGES].table.name
    assert after[VILLAGES].table.row_count == 4
    assert rows(loaded, before[VILLAGES].table.name)


def test_what_is_no_longer_in_the_bundle_is_withdrawn_and_kept(loaded: PortalStore, tmp_path: Path) -> None:
    def leave(draft: BundleDraft) -> None:
        del draft.departments[2], draft.applications[0], draft.users[0]
        del draft.policies["statute-1"]

    load(changed(leave).read(tmp_path / "second"), loaded)
    content = content_of(loaded)
    assert set(content.registry.departments) == {PROVIDER, CONSUMER}
    assert (set(content.registry.applications), set(content.registry.users)) == (set(), {"keeper"})
    assert "statute-1" not in record_versions(content)
    engine = open_sync_database(loaded.database_url)
    with engine.connect() as connection:
        kept = connection.execute(
            select(policy_records.c.version, policy_records.c.withdrawn_in).where(policy_records.c.id == "statute-1")
        ).all()
    engine.dispose()
    assert [tuple(row) for row in kept] == [(1, 2)]


def test_versions_go_on_when_a_record_comes_back(loaded: PortalStore, tmp_path: Path) -> None:
    load(changed(lambda draft: draft.policies.pop("statute-1")).read(tmp_path / "second"), loaded)
    load(small_bundle().read(tmp_path / "third"), loaded)
    assert record_versions(content_of(loaded))["statute-1"] == 2


def remove_residents(draft: BundleDraft) -> None:
    del draft.entries["residents"], draft.rows["residents"]
    draft.policies.clear()


def test_an_entry_that_leaves_stays_as_removed_for_its_provider(loaded: PortalStore, tmp_path: Path) -> None:
    before = states(content_of(loaded))[RESIDENTS]
    load(changed(remove_residents).read(tmp_path / "second"), loaded)
    content = content_of(loaded)
    after = states(content)[RESIDENTS]
    assert (after.removed, after.version, after.table) == (True, 2, before.table)
    assert after.entry.items == before.entry.items
    assert {record.id for record in content.records if record.resource == RESIDENTS} == {"provider-residents"}
    load(changed(remove_residents).read(tmp_path / "third"), loaded)
    assert states(content_of(loaded))[RESIDENTS] == after


def test_a_removed_entry_has_no_links(loaded: PortalStore, tmp_path: Path) -> None:
    load(changed(remove_residents).read(tmp_path / "second"), loaded)
    assert states(content_of(loaded))[RESIDENTS].entry.links == ()


def test_a_removed_entry_comes_back_as_its_next_version(loaded: PortalStore, tmp_path: Path) -> None:
    before = states(content_of(loaded))[RESIDENTS]
    load(changed(remove_residents).read(tmp_path / "second"), loaded)
    load(small_bundle().read(tmp_path / "third"), loaded)
    after = states(content_of(loaded))[RESIDENTS]
    assert (after.removed, after.version, after.entry, after.table) == (False, 3, before.entry, before.table)


def test_a_removed_entry_goes_when_another_takes_its_identifier(loaded: PortalStore, tmp_path: Path) -> None:
    def replace(draft: BundleDraft) -> None:
        remove_residents(draft)
        draft.entries["residents"] = entry("residents", "303001001/00009", [item("code")])

    load(changed(remove_residents).read(tmp_path / "second"), loaded)
    load(changed(replace).read(tmp_path / "third"), loaded)
    content = content_of(loaded)
    assert set(states(content)) == {VILLAGES, "303001001/00009"}
    provider = next(record for record in content.records if record.id == "provider-residents")
    assert (provider.resource, provider.version) == ("303001001/00009", 2)


def test_an_entry_with_another_provider_is_read_by_the_new_one(loaded: PortalStore, tmp_path: Path) -> None:
    load(changed(lambda draft: draft.entries["villages"].update(provider=AUTHORITY)).read(tmp_path / "second"), loaded)
    provider = next(record for record in content_of(loaded).records if record.id == "provider-villages")
    assert provider.consumer.code == AUTHORITY


def test_title_is_a_change(loaded: PortalStore, tmp_path: Path) -> None:
    outcome = load(changed(lambda draft: setattr(draft, "title", '新"名"')).read(tmp_path / "second"), loaded)
    assert (outcome.epoch, content_of(loaded).title) == (2, '新"名"')
    assert [line.en for line in outcome.lines] == ['changed title: `测试门户` becomes `新"名"`']


def test_who_and_why_are_recorded_with_what_changed(loaded: PortalStore, tmp_path: Path) -> None:
    draft = changed(lambda draft: draft.groups.append("writers,写者组"))
    load(draft.read(tmp_path / "second"), loaded, now=NOW + timedelta(hours=1), by="测试员", reason="新增组")
    engine = open_sync_database(loaded.database_url)
    with engine.connect() as connection:
        noted = connection.execute(select(changes).order_by(changes.c.id)).all()
    engine.dispose()
    assert [tuple(row)[:5] for row in noted] == [
        (1, "2026-03-01T08:00:00Z", "", "", 1),
        (2, "2026-03-01T09:00:00Z", "测试员", "新增组", 2),
    ]
    assert noted[1].summary == '{"groups":{"new":["writers"],"changed":[],"withdrawn":[]}}'


def test_changed_members_of_a_department_are_loaded(loaded: PortalStore, tmp_path: Path) -> None:
    draft = changed(lambda draft: draft.departments.__setitem__(1, f"{CONSUMER},使用方,,readers"))
    load(draft.read(tmp_path / "second"), loaded)
    code = DepartmentCode(CONSUMER)
    found = content_of(loaded).registry.departments[code]
    assert found == Department(code, "使用方", None, (GroupCode("readers"),))


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
    new = {state.table.name for state in content_of(loaded).entries}
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
    with pytest.raises(Exception, match="has changed since it was checked"):
        load(bundle, loaded)
    assert content_of(loaded) == before
    assert tables(loaded) == {state.table.name for state in before.entries}


def test_a_load_is_refused_while_another_runs(loaded: PortalStore, tmp_path: Path) -> None:
    with hold_writer_lock(loaded.lock_file), pytest.raises(ConfigurationError, match="another load is running"):
        load_bundle(small_bundle().read(tmp_path / "second"), loaded, LoadOrder(NOW, wait_seconds=0.1))


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


def test_a_load_is_refused_with_another_key_file(loaded: PortalStore, tmp_path: Path) -> None:
    other = PortalStore(loaded.database_url, loaded.data_url, b"another secret")
    with pytest.raises(PolicyUnavailable, match="the key file isn't this portal's"):
        load(small_bundle().read(tmp_path / "second"), other)


@pytest.mark.clause("T13")
def test_a_load_is_refused_when_the_content_was_changed_by_other_means(loaded: PortalStore, tmp_path: Path) -> None:
    engine = open_sync_database(loaded.database_url)
    with engine.connect() as connection:
        connection.exec_driver_sql("UPDATE policy_records SET origin = 'derived' WHERE id = 'statute-1'")
        connection.commit()
    engine.dispose()
    with pytest.raises(PolicyUnavailable, match="its digest doesn't match"):
        load(changed(lambda draft: draft.policies.clear()).read(tmp_path / "second"), loaded)


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


@pytest.mark.parametrize("step", LoadStep)
def test_content_is_whole_when_a_load_fails_at_any_step(loaded: PortalStore, tmp_path: Path, step: LoadStep) -> None:
    before = content_of(loaded)

    def fail(reached: LoadStep, _done: int, _total: int) -> None:
        if reached is step:
            raise RuntimeError("stopped")

    draft = changed(lambda draft: draft.rows["villages"].append("x,,"))
    draft.policies["statute-2"] = statutory("statute-2")
    bundle = draft.read(tmp_path / "second")
    with pytest.raises(RuntimeError, match="stopped"):
        load_bundle(bundle, loaded, LoadOrder(NOW), fail)
    if step is not LoadStep.SWITCHED:
        assert content_of(loaded) == before
        assert load(bundle, loaded).changed
    after = content_of(loaded)
    assert "statute-2" in record_versions(after)
    assert not load(bundle, loaded, now=NOW + timedelta(minutes=2)).changed
    assert tables(loaded) == {state.table.name for state in after.entries}


def test_comparing_tells_what_loading_would_change_and_writes_nothing(loaded: PortalStore, tmp_path: Path) -> None:
    before = content_of(loaded), tables(loaded)
    bundle = changed(lambda draft: draft.rows["villages"].append("x,,")).read(tmp_path / "second")
    lines = compare_bundle(bundle, loaded, LoadOrder(NOW))
    assert [line.en for line in lines] == ["data/villages.csv: rows: 1 added, 0 removed, 0 changed"]
    assert (content_of(loaded), tables(loaded)) == before


def test_comparing_with_an_empty_portal_leaves_it_empty(store: PortalStore, tmp_path: Path) -> None:
    lines = compare_bundle(small_bundle().read(tmp_path / "bundle"), store, LoadOrder(NOW))
    assert "new policy `unconditional-villages`" in [line.en for line in lines]
    assert not has_content(store.database_url)


def test_an_empty_bundle_is_loaded_too(store: PortalStore, tmp_path: Path) -> None:
    assert load(BundleDraft().read(tmp_path / "bundle"), store).epoch == 1
    content = content_of(store)
    assert (content.entries, content.records) == ((), ())


def test_stored_rows_say_in_which_load_they_came_and_went(loaded: PortalStore, tmp_path: Path) -> None:
    load(changed(remove_residents).read(tmp_path / "second"), loaded)
    engine = open_sync_database(loaded.database_url)
    table = catalog_entries
    with engine.connect() as connection:
        found = connection.execute(
            select(table.c.version, table.c.removed, table.c.added_in, table.c.withdrawn_in)
            .where(table.c.code == RESIDENTS)
            .order_by(table.c.version)
        ).all()
    engine.dispose()
    assert [tuple(row) for row in found] == [(1, 0, 1, 2), (2, 1, 2, None)]
