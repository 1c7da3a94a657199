"""A restored portal is the one that was backed up, in quarantine; where anything is amiss nothing is a portal."""

import shutil
from contextlib import suppress
from pathlib import Path

import pytest

from portal.archives.steps import CopyStep
from portal.audit.ledger import Ledger
from portal.audit.signing import SigningKeys
from portal.errors import AuditUnavailable, BadInput, ConfigurationError
from portal.identity.keys import create_keys
from portal.storage.addresses import database_url
from portal.storage.content import read_content
from portal.storage.database import for_writing, open_sync_database
from portal.storage.migrating import upgrade_database
from portal.storage.tables import groups
from portal.storage.unfinished import read_data_token, read_revision, unfinished_token
from portal_verify.log import verify_log
from tests.fixtures.kept_portal import CHANGED_BY_QUARANTINE, KeptPortal, Rows, kept_portal
from tests.fixtures.small_bundle import content_of


@pytest.fixture
def portal(tmp_path: Path) -> KeptPortal:
    """A portal with a backup of it."""
    portal = kept_portal(tmp_path)
    portal.backup()
    return portal


def unchanged(rows: Rows) -> Rows:
    return {name: of_table for name, of_table in rows.items() if name not in CHANGED_BY_QUARANTINE}


class Stopped(Exception):
    """A restore that was stopped at a step."""


def stop_at(step: CopyStep, count: int = 1) -> object:
    reached = 0

    def stop(at: CopyStep, _rows: int) -> None:
        nonlocal reached
        reached += at is step
        if at is step and reached == count:
            raise Stopped

    return stop


def test_restored_portal_has_the_rows_of_the_backed_up_one(portal: KeptPortal) -> None:
    before = portal.rows()
    portal.destroy()
    restored = portal.restore()
    after = portal.rows()
    assert unchanged(after) == unchanged(before)
    assert restored.log_fault is None
    assert restored.epoch == portal.epoch == 1001
    assert verify_log(portal.place.database_url, portal.keys.audit_public_pem(), [portal.place.witness]).fault is None


def test_restored_portal_is_in_quarantine(portal: KeptPortal) -> None:
    portal.destroy()
    portal.restore()
    quarantine = content_of(portal.store).quarantine
    assert quarantine is not None
    assert (quarantine.epoch, quarantine.checkpoint, quarantine.reason) == (1, 2, "synthetic")


def test_key_file_is_restored_where_there_is_none(portal: KeptPortal) -> None:
    keys = portal.key_file.read_bytes()
    portal.destroy()
    portal.key_file.unlink()
    portal.restore()
    assert portal.key_file.read_bytes() == keys
    assert portal.key_file.stat().st_mode & 0o777 == 0o600


def test_another_key_file_is_refused_before_anything_is_written(portal: KeptPortal) -> None:
    portal.destroy()
    portal.key_file.unlink()
    create_keys(portal.key_file)
    with pytest.raises(ConfigurationError, match="isn't the one of the backup"):
        portal.restore()
    assert list((portal.folder / "portal").iterdir()) == []


def test_damaged_backup_is_refused_before_anything_is_written(portal: KeptPortal) -> None:
    portal.destroy()
    path = portal.folder / "one.backup"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(BadInput, match="nothing was restored from it"):
        portal.restore()
    assert list((portal.folder / "portal").iterdir()) == []


@pytest.mark.parametrize("lost", ["portal.db", "data.db"])
def test_place_that_holds_something_is_refused_and_left_as_it_is(portal: KeptPortal, lost: str) -> None:
    """Where one database survived, nobody but its owner may say that it isn't needed."""
    for path in (portal.folder / "portal").glob(f"{lost}*"):
        path.unlink()
    kept = {path.name: path.read_bytes() for path in (portal.folder / "portal").glob("*.db")}
    with pytest.raises(ConfigurationError, match="holds something already"):
        portal.restore()
    assert {name: (portal.folder / "portal" / name).read_bytes() for name in kept} == kept


def test_empty_database_with_tables_is_filled(portal: KeptPortal) -> None:
    before = portal.rows()
    portal.destroy()
    upgrade_database(portal.place.database_url)
    portal.restore()
    assert unchanged(portal.rows()) == unchanged(before)


STEPS = [(CopyStep.WRITING, count) for count in (1, 2, 5, 12)] + [
    (CopyStep.WRITTEN, 1),
    (CopyStep.VERIFIED, 1),
    (CopyStep.RELEASING, 1),
]


@pytest.mark.parametrize(("step", "count"), STEPS)
def test_restore_that_stops_leaves_no_portal_and_the_next_one_begins_again(
    portal: KeptPortal, step: CopyStep, count: int
) -> None:
    before = portal.rows()
    portal.destroy()
    with pytest.raises(Stopped):
        portal.restore(progress=stop_at(step, count))  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="half of a move or restore"):
        upgrade_database(portal.place.database_url)
    portal.restore()
    assert unchanged(portal.rows()) == unchanged(before)
    with portal.store.open() as databases, databases.rows.connect() as connection:
        assert read_data_token(connection) is None


def test_leavings_are_dropped_only_where_both_belong_together(portal: KeptPortal) -> None:
    """An operator who names the data store of a living portal for the second try loses nothing of it."""
    living = KeptPortal(portal.folder, "living")
    shutil.copytree(portal.folder / "portal", portal.folder / "living")
    before = living.rows()
    portal.destroy()
    with suppress(Stopped):
        portal.restore(progress=stop_at(CopyStep.WRITTEN))  # type: ignore[arg-type]
    shutil.copyfile(living.folder / "living" / "data.db", portal.folder / "portal" / "data.db")
    for journal in (portal.folder / "portal").glob("data.db-*"):
        journal.unlink()
    with pytest.raises(ConfigurationError, match="the data store that is to be filled holds something"):
        portal.restore()
    assert living.rows() == before


def test_half_a_copy_tells_its_token(portal: KeptPortal) -> None:
    portal.destroy()
    with suppress(Stopped):
        portal.restore(progress=stop_at(CopyStep.VERIFIED))  # type: ignore[arg-type]
    with portal.store.open() as databases:
        with databases.content.connect() as connection:
            token = unfinished_token(read_revision(connection))
        with databases.rows.connect() as connection:
            assert read_data_token(connection) == token is not None


def test_copy_whose_content_is_not_its_keys_is_no_portal(portal: KeptPortal) -> None:
    """Whoever has the public key alone can seal a file; without the portal's secret its content isn't believed."""
    portal.destroy()

    def falsify(step: CopyStep, _rows: int) -> None:
        if step is CopyStep.VERIFIED:
            engine = open_sync_database(portal.place.database_url)
            with for_writing(engine).begin() as connection:
                connection.execute(groups.update().values(name="改动"))
            engine.dispose()

    with pytest.raises(Exception, match="its digest doesn't match"):
        portal.restore(progress=falsify)
    with pytest.raises(ConfigurationError, match="half of a move or restore"):
        upgrade_database(portal.place.database_url)


def test_quarantine_cannot_be_lifted_by_other_means(portal: KeptPortal) -> None:
    portal.destroy()
    portal.restore()
    engine = open_sync_database(portal.place.database_url)
    with for_writing(engine).begin() as connection:
        connection.exec_driver_sql("DELETE FROM quarantine")
        with pytest.raises(Exception, match="its digest doesn't match"):
            read_content(connection, portal.keys.digest_secret)
    engine.dispose()


def test_older_copy_put_back_by_hand_stays_refused(portal: KeptPortal) -> None:
    kept = portal.folder / "copy"
    shutil.copytree(portal.folder / "portal", kept)
    portal.record(1)
    portal.destroy()
    shutil.copytree(kept, portal.folder / "portal", dirs_exist_ok=True)
    with pytest.raises(AuditUnavailable, match="replaced, cut or restored"):
        Ledger(
            database_url(portal.folder / "portal" / "portal.db"),
            SigningKeys(portal.keys.audit_keys),
            portal.place.witness,
        )
