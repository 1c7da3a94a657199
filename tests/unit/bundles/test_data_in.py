"""Rows of one entry from a file of its own: what holds while others work, and where something is missing."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from portal.administration.loads import settle_rows
from portal.bundles.data_files import FAULTS_LIMIT
from portal.bundles.data_in import DataAct, DataOrder, DataOutcome, FaultyRows, bring_in, compare
from portal.bundles.loading import LoadOrder, LoadStep, Progress, no_progress
from portal.bundles.store import PortalStore
from portal.errors import BadInput, ConfigurationError, PolicyUnavailable, SourceUnavailable
from portal.storage.addresses import database_path
from portal.storage.content import read_content
from portal.storage.content_changes import ChangeNote, WantedContent, compare_content, store_change
from portal.storage.database import for_writing, open_sync_database
from portal.storage.tables import catalog_entries, groups
from tests.fixtures.loaded_store import VILLAGES, rows, states, tables
from tests.fixtures.small_bundle import NOW, content_of, load, new_store, small_bundle

HEADER = "code,name,note\n"


@pytest.fixture
def store(tmp_path: Path) -> PortalStore:
    opened = new_store(tmp_path / "portal")
    load(small_bundle().read(tmp_path / "first"), opened)
    return opened


def order(tmp_path: Path, act: DataAct, text: str, identifier: str = "villages") -> DataOrder:
    file = tmp_path / "rows.csv"
    file.write_text(text, encoding="utf-8")
    return DataOrder(act, identifier, file)


def bring(store: PortalStore, what: DataOrder, progress: Progress = no_progress, minutes: int = 0) -> DataOutcome:
    settle = partial(settle_rows, title="synthetic")
    return bring_in(what, store, LoadOrder(NOW + timedelta(minutes=minutes), by="manager"), progress, settle)


def change_content(store: PortalStore, table: str, key: str) -> None:
    """Withdraw a row of the content, as somebody does at the same time."""
    engine = open_sync_database(store.database_url)
    with for_writing(engine).begin() as connection:
        present = read_content(connection, store.digest_secret)
        kept = {name: {at: one.row for at, one in of.items()} for name, of in present.rows.items()}
        del kept[table][key]
        change = compare_content(present, WantedContent(present.identity, kept))
        store_change(connection, change, ChangeNote("2026-03-01T08:00:00Z", "other", ""), store.digest_secret)
    engine.dispose()


def when_written(do: Callable[[], object]) -> Progress:
    def tell(step: LoadStep, _done: int, _total: int) -> None:
        if step is LoadStep.ROWS_WRITTEN:
            do()

    return tell


@pytest.mark.parametrize("act", list(DataAct))
def test_what_others_change_meanwhile_stays_changed(store: PortalStore, tmp_path: Path, act: DataAct) -> None:
    what = order(tmp_path, act, f"{HEADER}99999904,北村,\n")
    outcome = bring(store, what, when_written(lambda: change_content(store, groups.name, "inspectors")))
    content = content_of(store)
    assert (outcome.epoch, content.epoch) == (3, 3)
    assert "inspectors" not in content.registry.groups
    assert states(content)[VILLAGES].table.row_count == (1 if act is DataAct.REPLACE else 4)


@pytest.mark.parametrize("table", [catalog_entries.name, "datasets"])
def test_nothing_changes_where_the_entry_or_its_rows_changed_meanwhile(
    store: PortalStore, tmp_path: Path, table: str
) -> None:
    what = order(tmp_path, DataAct.REPLACE, f"{HEADER}99999904,北村,\n")
    with pytest.raises(ConfigurationError, match="changed meanwhile; nothing was changed by this: run it again"):
        bring(store, what, when_written(lambda: change_content(store, table, VILLAGES)))


def test_readers_of_the_old_table_see_nothing_of_the_new_rows(store: PortalStore, tmp_path: Path) -> None:
    old = states(content_of(store))[VILLAGES].table.name
    before = rows(store, old)
    seen: list[object] = []
    what = order(tmp_path, DataAct.APPEND, HEADER + "".join(f"v{number},村,\n" for number in range(3000)))
    bring(store, what, lambda *_step: seen.append(rows(store, old) == before))
    assert len(seen) > 5
    assert all(seen)
    assert rows(store, old) == before


def test_the_old_table_goes_with_a_later_one(store: PortalStore, tmp_path: Path) -> None:
    old = states(content_of(store))[VILLAGES].table.name
    what = order(tmp_path, DataAct.REPLACE, f"{HEADER}99999904,北村,\n")
    bring(store, what)
    assert old in tables(store)
    bring(store, what, minutes=2)
    assert old not in tables(store)


def test_the_same_rows_again_are_a_change_of_none(store: PortalStore, tmp_path: Path) -> None:
    what = order(tmp_path, DataAct.REPLACE, f"{HEADER}99999904,北村,\n")
    first, second = bring(store, what), bring(store, what)
    assert (second.added, second.removed, second.changed) == (0, 0, 0)
    assert (second.digest, second.epoch) == (first.digest, first.epoch + 1)


def test_progress_tells_of_rows_checked_and_written(store: PortalStore, tmp_path: Path) -> None:
    told: list[tuple[LoadStep, int, int]] = []
    lines = "".join(f"v{number},村,\n" for number in range(1500))
    bring(store, order(tmp_path, DataAct.APPEND, HEADER + lines), lambda *step: told.append(step))
    assert told == [
        (LoadStep.PLANNING, 0, 0),
        (LoadStep.PLANNING, 1500, 0),
        (LoadStep.WRITING_ROWS, 1000, 1500),
        (LoadStep.WRITING_ROWS, 1500, 1500),
        (LoadStep.ROWS_WRITTEN, 1500, 1500),
        (LoadStep.SWITCHING, 0, 0),
        (LoadStep.SWITCHED, 0, 0),
    ]


def test_faults_are_bounded_however_many_keys_are_there(store: PortalStore, tmp_path: Path) -> None:
    lines = "".join(f"v{number},村,\n" for number in range(FAULTS_LIMIT + 5))
    what = order(tmp_path, DataAct.APPEND, HEADER + lines)
    bring(store, what)
    with pytest.raises(FaultyRows) as refused:
        bring(store, what)
    assert len(refused.value.faults) == FAULTS_LIMIT + 1
    assert refused.value.faults[-1].what.en == "5 more faults aren't listed"


def test_nothing_is_appended_where_the_rows_are_gone(store: PortalStore, tmp_path: Path) -> None:
    database_path(store.data_url).unlink()
    what = order(tmp_path, DataAct.APPEND, f"{HEADER}99999904,北村,\n")
    with pytest.raises(SourceUnavailable, match="aren't in the data store, so nothing can be put behind them"):
        bring(store, what)
    with pytest.raises(SourceUnavailable, match="nothing can be put behind them"):
        compare(what, store, no_progress)
    assert bring(store, order(tmp_path, DataAct.REPLACE, f"{HEADER}99999904,北村,\n")).before == 0


def test_unknown_entry_and_empty_portal_are_told(store: PortalStore, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no catalog entry `vilages`; did you mean `villages`"):
        bring(store, order(tmp_path, DataAct.REPLACE, HEADER, "vilages"))
    with pytest.raises(BadInput, match="no catalog entry `hamlets`; name one by its identifier"):
        bring(store, order(tmp_path, DataAct.REPLACE, HEADER, "hamlets"))
    with pytest.raises(PolicyUnavailable, match="nothing has been loaded yet"):
        bring(new_store(tmp_path / "empty"), order(tmp_path, DataAct.REPLACE, HEADER))
