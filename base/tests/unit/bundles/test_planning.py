from dataclasses import replace
from pathlib import Path

import pytest

from portal.bundles.planning import Present, plan_load
from portal.bundles.store import PortalStore
from portal.errors import PolicyUnavailable
from portal.storage.content import Cell, StoredContent, read_content
from portal.storage.database import open_sync_database
from portal.storage.tables import catalog_entries, policy_records
from tests.fixtures.small_bundle import BundleDraft, load, new_store, small_bundle


@pytest.fixture
def content(tmp_path: Path) -> StoredContent:
    store = new_store(tmp_path)
    load(small_bundle().read(tmp_path / "loaded"), store)
    return content_in(store)


def content_in(store: PortalStore) -> StoredContent:
    engine = open_sync_database(store.database_url)
    with engine.connect() as connection:
        found = read_content(connection, store.digest_secret)
    engine.dispose()
    return found


def with_cell(content: StoredContent, table: str, key: str, name: str, cell: Cell) -> StoredContent:
    active = content.rows[table][key]
    row = replace(active.row, cells={**active.row.cells, name: cell})
    return replace(content, rows={**content.rows, table: {**content.rows[table], key: replace(active, row=row)}})


def without_residents() -> BundleDraft:
    draft = small_bundle()
    del draft.entries["residents"], draft.rows["residents"]
    draft.policies.clear()
    return draft


def test_a_load_is_refused_when_an_entry_that_leaves_cannot_be_read(content: StoredContent, tmp_path: Path) -> None:
    """As a version with stricter readers would find it."""
    damaged = with_cell(content, catalog_entries.name, "303001001/00002", "provider", "nobody")
    present = Present(damaged, "", frozenset(), 1)
    with pytest.raises(PolicyUnavailable, match="`nobody`"):
        plan_load(without_residents().read(tmp_path / "second"), present, derive=True)


def test_a_load_is_refused_when_a_derived_record_that_stays_cannot_be_read(
    content: StoredContent, tmp_path: Path
) -> None:
    damaged = with_cell(content, policy_records.name, "open-villages", "modes", '["steal"]')
    present = Present(damaged, "", frozenset(), 1)
    with pytest.raises(PolicyUnavailable, match="unknown mode `steal`"):
        plan_load(small_bundle().read(tmp_path / "second"), present, derive=True)


def test_a_plan_reads_and_writes_nothing(content: StoredContent, tmp_path: Path) -> None:
    bundle = small_bundle().read(tmp_path / "second")
    plan = plan_load(bundle, Present(content, "", frozenset({"dataset_1", "dataset_2"}), 3), derive=True)
    assert (plan.change.is_change, plan.datasets.writings) == (False, ())
    lost = plan_load(bundle, Present(content, "", frozenset({"dataset_1"}), 3), derive=True)
    assert [writing.name for writing in lost.datasets.writings] == ["dataset_3"]
