"""Copies of a portal from and to PostgreSQL: the same rows, rights given anew, nothing lost on the way."""

import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from portal.archives.moving import move
from portal.archives.reconciling import Acceptance
from portal.archives.steps import CopyStep
from portal.audit.ledger import Ledger
from portal.audit.sealing import read_last_checkpoint
from portal.audit.signing import SigningKeys
from portal.audit.witness_stores import FolderWitness
from portal.audit.witnessing import Witnessing
from portal.errors import ConfigurationError
from portal.storage.migrating import upgrade_database
from portal.storage.rights import give_rights
from portal_verify.log import verify_log
from tests.fixtures.kept_portal import CHANGED_BY_QUARANTINE, KeptPortal, Rows, kept_portal
from tests.fixtures.postgres import Databases
from tests.fixtures.postgres_portal import set_up_portal
from tests.fixtures.small_bundle import content_of, small_bundle

pytestmark = [pytest.mark.heavy, pytest.mark.clause("T31"), pytest.mark.clause("R32")]

ROOT = Path(__file__).parents[2]
WAYS = [("postgresql", "postgresql"), ("sqlite", "postgresql"), ("postgresql", "sqlite")]
BOTH = Acceptance(("甲", "乙"), "synthetic")


@pytest.fixture(scope="module")
def set_up(postgres: Databases) -> Iterator[list[Mapping[str, str]]]:
    with ExitStack() as stack:
        yield [stack.enter_context(set_up_portal(postgres)) for _ in range(2)]


@pytest.fixture
def servers(set_up: list[Mapping[str, str]], tmp_path: Path) -> list[Mapping[str, str]]:
    """The settings of two empty portals in PostgreSQL, with accounts of little privilege."""
    for settings in set_up:
        KeptPortal(tmp_path, "emptied").lie_in(settings).destroy()
        for url in (settings["PORTAL_OWNER_DATABASE_URL"], settings["PORTAL_OWNER_DATA_URL"]):
            give_rights(url)
        upgrade_database(settings["PORTAL_OWNER_DATABASE_URL"])
    return set_up


@pytest.fixture(params=WAYS, ids="-".join)
def pair(
    request: pytest.FixtureRequest, servers: list[Mapping[str, str]], tmp_path: Path
) -> tuple[KeptPortal, KeptPortal]:
    """A portal with a backup, and the place that it is copied to."""
    source, target = request.param
    portal = kept_portal(tmp_path, servers[0] if source == "postgresql" else None)
    portal.backup()
    other = KeptPortal(tmp_path, "target")
    return portal, other.lie_in(servers[1]) if target == "postgresql" else other


def without_quarantine(rows: Rows) -> Rows:
    return {name: of_table for name, of_table in rows.items() if name not in CHANGED_BY_QUARANTINE}


def test_moved_portal_has_the_same_rows_and_goes_on(pair: tuple[KeptPortal, KeptPortal]) -> None:
    portal, target = pair
    before = portal.rows()
    move(portal.move_order(target))
    assert target.rows() == portal.rows() == before
    target.record(2)
    draft = small_bundle()
    draft.title = "改名"
    target.load(draft, "renamed")
    verified = verify_log(target.place.database_url, target.keys.audit_public_pem(), [target.place.witness])
    assert (verified.records, verified.writers, verified.fault) == (7, 2, None)
    assert content_of(target.store).title == "改名"
    with pytest.raises(ConfigurationError, match="holds something already"):
        move(portal.move_order(target))


@pytest.mark.parametrize("step", [CopyStep.WRITING, CopyStep.WRITTEN, CopyStep.VERIFIED])
def test_move_fails_when_the_portal_goes_on(pair: tuple[KeptPortal, KeptPortal], step: CopyStep) -> None:
    portal, target = pair
    told: list[CopyStep] = []

    def go_on(at: CopyStep, _rows: int) -> None:
        if at is step and at not in told:
            portal.record(1)
        told.append(at)

    with pytest.raises(ConfigurationError, match="the portal went on while it was moved"):
        move(portal.move_order(target), go_on)
    with pytest.raises(ConfigurationError, match="half of a move or restore"):
        upgrade_database(target.place.database_url)
    move(portal.move_order(target))
    assert target.rows() == portal.rows()


def test_restored_portal_is_in_quarantine_until_a_loss_is_accepted(pair: tuple[KeptPortal, KeptPortal]) -> None:
    portal, target = pair
    before = portal.rows()
    portal.record(3)
    target.place.witness.write_bytes(portal.place.witness.read_bytes())
    lost = target.place.witness.read_bytes()
    restored = target.restore()
    assert restored.log_fault is None
    assert without_quarantine(target.rows()) == without_quarantine(before)
    assert content_of(target.store).quarantine is not None
    target.record(2)
    assert target.place.witness.read_bytes() == lost
    assert not target.reconcile().lifted
    assert target.reconcile(BOTH).lifted
    assert content_of(target.store).quarantine is None
    target.record(1)
    verified = verify_log(target.place.database_url, target.keys.audit_public_pem(), [target.place.witness])
    assert (verified.fault, verified.records, len(verified.losses)) == (None, 8, 1)


def test_portal_restored_to_its_last_state_agrees(pair: tuple[KeptPortal, KeptPortal]) -> None:
    portal, target = pair
    target.place.witness.write_bytes(portal.place.witness.read_bytes())
    target.restore()
    reconciled = target.reconcile()
    assert (reconciled.lifted, reconciled.epoch) == (True, 1002)


def test_server_account_may_record_in_a_restored_portal(servers: list[Mapping[str, str]], tmp_path: Path) -> None:
    """Its databases were lost with all rights in them."""
    portal = kept_portal(tmp_path, servers[0])
    portal.backup()
    portal.destroy()
    portal.restore()
    with closing(Ledger(servers[0]["PORTAL_DATABASE_URL"], SigningKeys(portal.keys.audit_keys), None)) as ledger:
        ledger.checkpoint()
    assert verify_log(portal.place.database_url, portal.keys.audit_public_pem()).writers == 2


@pytest.mark.parametrize("step", [CopyStep.WRITING, CopyStep.VERIFIED, CopyStep.RELEASING, CopyStep.RELEASED])
@pytest.mark.parametrize("what", ["move", "restore"])
def test_copy_is_whole_or_no_portal_when_killed(pair: tuple[KeptPortal, KeptPortal], what: str, step: CopyStep) -> None:
    portal, target = pair
    before = portal.rows()
    command = [sys.executable, "-m", "tests.fixtures.dying_copy", what, str(portal.folder), step, "1"]
    assert subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=False).returncode == -signal.SIGKILL
    if step is not CopyStep.RELEASED:
        with pytest.raises(ConfigurationError, match="half of a move or restore"):
            upgrade_database(target.place.database_url)
        if what == "move":
            move(portal.move_order(target))
        else:
            target.restore()
    upgrade_database(target.place.database_url)
    assert without_quarantine(target.rows()) == without_quarantine(before)
    assert (content_of(target.store).quarantine is not None) is (what == "restore")


def test_witnesses_of_others_are_told_nothing_in_quarantine_and_go_on_after_a_loss(
    servers: list[Mapping[str, str]], tmp_path: Path
) -> None:
    folder = tmp_path / "witness"
    folder.mkdir()
    portal = kept_portal(tmp_path, servers[0])
    portal.backup()
    portal.record(3)
    tell(portal, folder)
    held = FolderWitness(folder).newest()
    portal.destroy()
    portal.restore()
    portal.record(2)
    tell(portal, folder)
    assert FolderWitness(folder).newest() == held
    places = [str(folder)]
    assert not portal.reconcile(witnesses=places).lifted
    assert portal.reconcile(BOTH, places).lifted
    portal.record(1)
    tell(portal, folder)
    with portal.store.open() as databases, databases.content.connect() as connection:
        assert FolderWitness(folder).newest() == read_last_checkpoint(connection)
    witnesses = [portal.place.witness, folder]
    assert verify_log(portal.place.database_url, portal.keys.audit_public_pem(), witnesses).fault is None


def tell(portal: KeptPortal, folder: Path) -> None:
    """Run the witnessing of a portal for so long that all is told."""
    keys = SigningKeys(portal.keys.audit_keys)
    Witnessing.start(portal.place.database_url, [str(folder)], keys).close(seconds=10)
