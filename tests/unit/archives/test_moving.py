"""A moved portal is the same one, or it isn't one."""

import shutil
from pathlib import Path

import pytest

from portal.archives.moving import move
from portal.archives.steps import CopyStep
from portal.errors import ConfigurationError
from portal.storage.database import for_writing, open_sync_database
from portal.storage.migrating import upgrade_database
from portal.storage.tables import quarantine
from portal_verify.log import verify_log
from tests.fixtures.kept_portal import KeptPortal, kept_portal
from tests.fixtures.small_bundle import BundleDraft, content_of, small_bundle
from tests.unit.archives.test_restoring import STEPS, Stopped, stop_at


@pytest.fixture
def portal(tmp_path: Path) -> KeptPortal:
    return kept_portal(tmp_path)


@pytest.fixture
def target(portal: KeptPortal) -> KeptPortal:
    return KeptPortal(portal.folder, "target")


def test_moved_portal_has_the_same_rows_and_goes_on(portal: KeptPortal, target: KeptPortal) -> None:
    before = portal.rows()
    moved = move(portal.move_order(target))
    assert target.rows() == portal.rows() == before
    assert moved.standing.position.records == 5
    assert content_of(target.store) == content_of(portal.store)
    target.record(2)
    verified = verify_log(target.place.database_url, target.keys.audit_public_pem(), [target.place.witness])
    assert (verified.records, verified.fault) == (7, None)
    target.load(_renamed(), "renamed")
    assert content_of(target.store).title == "改名"


def _renamed() -> BundleDraft:
    draft = small_bundle()
    draft.title = "改名"
    return draft


def test_witness_goes_along(portal: KeptPortal, target: KeptPortal) -> None:
    target.place.witness.write_text("another log's")
    moved = move(portal.move_order(target))
    assert target.place.witness.read_bytes() == portal.place.witness.read_bytes()
    assert moved.kept_witness is not None
    assert moved.kept_witness.read_text() == "another log's"


def test_quarantine_goes_along(portal: KeptPortal, target: KeptPortal) -> None:
    portal.backup()
    portal.destroy()
    portal.restore()
    move(portal.move_order(target))
    engine = open_sync_database(target.place.database_url)
    with engine.connect() as connection:
        assert connection.execute(quarantine.select()).one().epoch == 1
    engine.dispose()
    assert content_of(target.store).quarantine is not None


@pytest.mark.parametrize(("step", "count"), STEPS)
def test_move_that_stops_leaves_no_portal_and_the_next_one_begins_again(
    portal: KeptPortal, target: KeptPortal, step: CopyStep, count: int
) -> None:
    before = portal.rows()
    with pytest.raises(Stopped):
        move(portal.move_order(target), stop_at(step, count))  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="half of a move or restore"):
        upgrade_database(target.place.database_url)
    assert portal.rows() == before
    move(portal.move_order(target))
    assert target.rows() == before


@pytest.mark.parametrize("step", [CopyStep.WRITING, CopyStep.WRITTEN, CopyStep.VERIFIED])
def test_move_fails_when_the_portal_goes_on(portal: KeptPortal, target: KeptPortal, step: CopyStep) -> None:
    told: list[CopyStep] = []

    def go_on(at: CopyStep, _rows: int) -> None:
        if at is step and at not in told:
            portal.record(1)
        told.append(at)

    with pytest.raises(ConfigurationError, match="the portal went on while it was moved"):
        move(portal.move_order(target), go_on)
    with pytest.raises(ConfigurationError, match="half of a move or restore"):
        upgrade_database(target.place.database_url)


def test_row_that_changed_on_its_way_is_noticed(portal: KeptPortal, target: KeptPortal) -> None:
    def falsify(step: CopyStep, _rows: int) -> None:
        if step is CopyStep.WRITTEN:
            engine = open_sync_database(target.place.data_url)
            with for_writing(engine).begin() as connection:
                connection.exec_driver_sql("UPDATE dataset_1 SET name = '改动' WHERE _row_number = 1048576")
            engine.dispose()

    with pytest.raises(ConfigurationError, match="the table `dataset_1` isn't the same in its new place"):
        move(portal.move_order(target), falsify)
    with pytest.raises(ConfigurationError, match="half of a move or restore"):
        upgrade_database(target.place.database_url)


def test_log_with_a_fault_is_not_moved(portal: KeptPortal, target: KeptPortal) -> None:
    engine = open_sync_database(portal.place.database_url)
    with for_writing(engine).begin() as connection:
        connection.exec_driver_sql("UPDATE audit_records SET row_count = 99 WHERE sequence = 2")
    engine.dispose()
    with pytest.raises(ConfigurationError, match=r"the audit log has a fault \(record 1-2: columns\)"):
        move(portal.move_order(target))


def test_log_without_its_witnessed_end_is_not_moved(portal: KeptPortal, target: KeptPortal) -> None:
    shutil.copytree(portal.folder / "portal", portal.folder / "copy")
    portal.record(1)
    portal.destroy()
    shutil.copytree(portal.folder / "copy", portal.folder / "portal", dirs_exist_ok=True)
    with pytest.raises(ConfigurationError, match=r"the audit log has a fault \(witness: witness\)"):
        move(portal.move_order(target))


def test_place_that_holds_a_portal_is_refused_and_left_as_it_is(portal: KeptPortal, target: KeptPortal) -> None:
    shutil.copytree(portal.folder / "portal", portal.folder / "target")
    before = target.rows()
    with pytest.raises(ConfigurationError, match="holds something already"):
        move(portal.move_order(target))
    assert target.rows() == before
    with pytest.raises(ConfigurationError, match="the portal lies there already"):
        move(portal.move_order(portal))
