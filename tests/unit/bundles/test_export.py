import os
import stat
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import update

from portal.bundles.export import export_bundle
from portal.bundles.reading import read_bundle
from portal.bundles.store import PortalStore
from portal.errors import ConfigurationError, Language, PolicyUnavailable, SourceUnavailable
from portal.storage.database import for_writing, open_sync_database
from portal.storage.tables import users
from tests.fixtures.dataset_rows import rows_of
from tests.fixtures.hostile_text import hostile_text
from tests.fixtures.small_bundle import (
    CONSUMER,
    NOW,
    BundleDraft,
    add_agreement,
    content_of,
    entry,
    item,
    load,
    new_store,
    read_folder,
    small_bundle,
)


@pytest.fixture
def store(tmp_path: Path) -> PortalStore:
    return new_store(tmp_path)


def full_bundle() -> BundleDraft:
    draft = small_bundle()
    add_agreement(draft)
    return draft


def files(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def export(store: PortalStore, folder: Path) -> dict[str, bytes]:
    export_bundle(folder, store)
    return files(folder)


def test_an_export_has_the_bundle_s_files(store: PortalStore, tmp_path: Path) -> None:
    load(full_bundle().read(tmp_path / "bundle"), store)
    exported = export(store, tmp_path / "export")
    assert sorted(exported) == [
        "agreements/nt-2026-0001.json",
        "applications.csv",
        "bundle.toml",
        "catalog/residents.json",
        "catalog/villages.json",
        "data/residents.csv",
        "data/villages.csv",
        "departments.csv",
        "groups.csv",
        *(f"keys/{path}" for path in sorted(full_bundle().keys)),
        "policies/open-villages.json",
        "policies/restriction-1.json",
        "policies/statute-1.json",
        "policies/unconditional-villages.json",
        "users.csv",
    ]
    assert exported["data/residents.csv"].decode().splitlines() == [
        "code,name,division,born,seen,income,children,present,details",
        'r1,甲,99999901,1980-01-31,2026-01-31T00:00:00Z,100.50,2,true,"{""a"": 1.0}"',
        "r2,乙,99999902,0999-12-31,0999-12-31T23:59:59Z,-0.01,-9223372036854775808,false,null",
        "r3,,,,,,,,",
    ]
    assert {path: exported[f"keys/{path}"] for path in full_bundle().keys} == full_bundle().keys


def test_an_export_loads_again_and_changes_nothing(store: PortalStore, tmp_path: Path) -> None:
    load(full_bundle().read(tmp_path / "bundle"), store)
    before = content_of(store)
    export(store, tmp_path / "export")
    outcome = load(read_folder(tmp_path / "export"), store)
    assert (outcome.epoch, outcome.changed) == (1, False)
    assert [line.en for line in outcome.lines] == ["nothing changed"]
    assert content_of(store) == before


def test_an_export_is_the_same_byte_for_byte_from_the_second_time_on(store: PortalStore, tmp_path: Path) -> None:
    load(full_bundle().read(tmp_path / "bundle"), store)
    first = export(store, tmp_path / "first")
    assert export(store, tmp_path / "second") == first
    other = new_store(tmp_path / "other")
    load(read_folder(tmp_path / "first"), other)
    assert export(other, tmp_path / "third") == first


def test_an_export_gives_another_portal_the_same_content(store: PortalStore, tmp_path: Path) -> None:
    load(full_bundle().read(tmp_path / "bundle"), store)
    export(store, tmp_path / "export")
    other = new_store(tmp_path / "other")
    load(read_folder(tmp_path / "export"), other)
    assert content_of(other) == content_of(store)


def test_an_export_is_in_row_number_order(store: PortalStore, tmp_path: Path) -> None:
    draft = small_bundle()
    draft.rows["villages"] = ["code,name,note", "b,,", "a,,", "c,,"]
    load(draft.read(tmp_path / "bundle"), store)
    draft.rows["villages"] = ["note,code,name", ",b,", ",x,", ",a,", ",c,"]
    load(draft.read(tmp_path / "second"), store)
    exported = export(store, tmp_path / "export")
    assert exported["data/villages.csv"].decode().splitlines() == ["code,name,note", "b,,", "x,,", "a,,", "c,,"]


def test_what_was_withdrawn_is_not_exported(store: PortalStore, tmp_path: Path) -> None:
    load(full_bundle().read(tmp_path / "bundle"), store)
    draft = small_bundle()
    del draft.entries["residents"], draft.rows["residents"], draft.users[0]
    draft.policies.clear()
    load(draft.read(tmp_path / "second"), store)
    exported = export(store, tmp_path / "export")
    assert not [name for name in exported if "residents" in name or "agreements" in name or "statute" in name]
    assert b"clerk" not in exported["users.csv"]


def test_an_entry_without_rows_has_no_file(store: PortalStore, tmp_path: Path) -> None:
    draft = small_bundle()
    draft.rows.pop("residents")
    load(draft.read(tmp_path / "bundle"), store)
    assert "data/residents.csv" not in export(store, tmp_path / "export")


@pytest.mark.clause("T10")
def test_hostile_texts_come_through_files_and_tables(store: PortalStore, tmp_path: Path) -> None:
    random = Random(3)
    draft = small_bundle()
    draft.title = hostile_text(random) + "\x7f题"
    quoted = hostile_text(random).replace('"', '""')
    draft.departments[1] = f'{CONSUMER},"使用{quoted}方",99999901,'
    draft.groups[0] = f'inspectors,"组{quoted}"'
    for number in range(40):
        name = f"entry_{number}"
        draft.entries[name] = entry(
            name,
            f"303002001/{number:05}",
            [item("code", name=f"项{hostile_text(random)}", description=f"x{hostile_text(random)}")],
            name=f"条目{hostile_text(random)}",
            abstract=f"x{hostile_text(random)}",
            keywords=[f"x{hostile_text(random)}"],
            extensions={f"x{hostile_text(random)}": [hostile_text(random), 1.50, None, True]},
        )
        cells = {hostile_text(random)[:60] for _ in range(20)}
        quoted_cells = ['"' + cell.replace('"', '""') + '"' for cell in sorted(cells)]
        draft.rows[name] = ["code", *quoted_cells]
    bundle = draft.read(tmp_path / "bundle")
    load(bundle, store)
    exported = export(store, tmp_path / "export")
    again = read_folder(tmp_path / "export")
    assert (again.title, again.groups, again.entries) == (bundle.title, bundle.groups, bundle.entries)
    assert sorted(again.departments, key=str) == sorted(bundle.departments, key=str)
    for each in bundle.entries:
        before, after = bundle.datasets[each.code], again.datasets[each.code]
        assert list(rows_of(after, each)) == list(rows_of(before, each))
    assert not load(again, store).changed
    assert export(store, tmp_path / "second") == exported


def test_an_export_is_refused_where_something_is(store: PortalStore, tmp_path: Path) -> None:
    load(small_bundle().read(tmp_path / "bundle"), store)
    place = tmp_path / "export"
    place.mkdir()
    (place / "kept").touch()
    with pytest.raises(ConfigurationError, match="isn't an empty folder"):
        export_bundle(place, store)
    assert [file.name for file in place.iterdir()] == ["kept"]


def test_an_export_goes_into_an_empty_folder(store: PortalStore, tmp_path: Path) -> None:
    load(small_bundle().read(tmp_path / "bundle"), store)
    (tmp_path / "export").mkdir()
    assert "bundle.toml" in export(store, tmp_path / "export")


def test_an_export_is_for_its_owner_alone(store: PortalStore, tmp_path: Path) -> None:
    load(small_bundle().read(tmp_path / "bundle"), store)
    before = os.umask(0)
    export(store, tmp_path / "new" / "export")
    os.umask(before)
    assert stat.S_IMODE((tmp_path / "new" / "export").stat().st_mode) == 0o700


@pytest.mark.parametrize("place", ["file", "file/export"])
def test_an_export_is_refused_where_no_folder_can_be(store: PortalStore, tmp_path: Path, place: str) -> None:
    load(small_bundle().read(tmp_path / "bundle"), store)
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="can't be written"):
        export_bundle(tmp_path / place, store)


def test_an_export_that_fails_is_nothing_that_loads(store: PortalStore, tmp_path: Path) -> None:
    load(small_bundle().read(tmp_path / "bundle"), store)
    other = PortalStore(store.database_url, f"sqlite:///{tmp_path / 'other.db'}", store.digest_secret)
    with pytest.raises(SourceUnavailable, match="the rows of `villages` aren't in the data store"):
        export_bundle(tmp_path / "export", other)
    reading = read_bundle(tmp_path / "export", NOW)
    assert reading.bundle is None
    assert reading.faults[0].render(Language.ENGLISH).startswith("bundle.toml: the file is missing")


def test_an_export_is_refused_when_the_content_cannot_be_trusted(store: PortalStore, tmp_path: Path) -> None:
    load(small_bundle().read(tmp_path / "bundle"), store)
    engine = open_sync_database(store.database_url)
    with for_writing(engine).begin() as connection:
        connection.execute(update(users).values(name="其他"))
    engine.dispose()
    with pytest.raises(PolicyUnavailable, match="its digest doesn't match"):
        export_bundle(tmp_path / "export", store)
    assert not (tmp_path / "export").exists()


def test_an_export_of_an_empty_portal_is_refused(store: PortalStore, tmp_path: Path) -> None:
    with pytest.raises(PolicyUnavailable, match="nothing has been loaded yet"):
        export_bundle(tmp_path / "export", store)
    assert not (tmp_path / "export").exists()


def test_an_export_says_what_was_written(store: PortalStore, tmp_path: Path) -> None:
    load(full_bundle().read(tmp_path / "bundle"), store)
    lines = export_bundle(tmp_path / "export", store)
    assert [line.en for line in lines] == ["written: 2 catalog entries, 4 policies, 1 agreements, 6 rows"]


@pytest.mark.clause("bundle.md: derived records")
def test_a_derived_record_is_the_bundle_s_once_it_was_loaded_from_it(store: PortalStore, tmp_path: Path) -> None:
    load(small_bundle().read(tmp_path / "bundle"), store)
    export(store, tmp_path / "export")
    load(read_folder(tmp_path / "export"), store)
    (tmp_path / "export" / "policies" / "open-villages.json").unlink()
    outcome = load(read_folder(tmp_path / "export"), store, now=NOW + timedelta(hours=1))
    assert [line.en for line in outcome.lines] == ["policies: 0 new, 0 changed, 1 withdrawn"]
    assert "open-villages" not in {record.id for record in content_of(store).records}
