from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from portal.bundles.loading import LoadOrder, LoadStep, compare_bundle, has_content, load_bundle
from portal.bundles.store import PortalStore
from portal.errors import ConfigurationError, PolicyUnavailable
from portal.identity.registry import Department
from portal.storage.addresses import database_path
from portal.storage.database import hold_writer_lock, open_sync_database
from portal.storage.tables import catalog_entries, changes, policy_records
from portal.vocabulary import DepartmentCode, GroupCode
from tests.fixtures.loaded_store import RESIDENTS, VILLAGES, changed, record_versions, states, tables
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


@pytest.fixture
def store(tmp_path: Path) -> PortalStore:
    return new_store(tmp_path)


@pytest.fixture
def loaded(store: PortalStore, tmp_path: Path) -> PortalStore:
    load(small_bundle().read(tmp_path / "first"), store)
    return store


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


def test_a_load_is_refused_while_another_runs(loaded: PortalStore, tmp_path: Path) -> None:
    with (
        hold_writer_lock(loaded.database_url),
        pytest.raises(ConfigurationError, match="another load or backup is running"),
    ):
        load_bundle(small_bundle().read(tmp_path / "second"), loaded, LoadOrder(NOW, wait_seconds=0.1))


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
