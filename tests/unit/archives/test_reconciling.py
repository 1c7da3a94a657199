"""The quarantine ends by agreement with the witness, or by two people who say what is lost; by nothing else (T31)."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from portal.archives.reconciling import Acceptance
from portal.audit.checkpoints import Checkpoint
from portal.audit.ledger import Ledger
from portal.audit.signing import SigningKeys
from portal.audit.witness import WitnessedCheckpoint, load_witness
from portal.audit.witness_service import WitnessDesk
from portal.audit.witness_stores import lost_until, render_checkpoint
from portal.errors import AuditUnavailable, BadInput
from portal.identity.keys import render_keys, rotate_key
from portal.storage.audit_tables import audit_checkpoints
from portal.storage.database import for_writing, open_sync_database
from portal.storage.quarantine import Quarantine
from portal_verify.log import LogLoss, LogVerification, verify_log
from tests.fixtures.kept_portal import KeptPortal, kept_portal
from tests.fixtures.small_bundle import NOW, BundleDraft, content_of, small_bundle

ACCEPTED = Acceptance(("甲", "乙"), "synthetic")


@pytest.fixture
def portal(tmp_path: Path) -> KeptPortal:
    """A portal with a backup of it."""
    portal = kept_portal(tmp_path)
    portal.backup()
    return portal


def revoked() -> BundleDraft:
    draft = small_bundle()
    del draft.policies["statute-1"]
    return draft


def restored(portal: KeptPortal) -> KeptPortal:
    portal.destroy()
    portal.restore()
    return portal


def quarantine_of(portal: KeptPortal) -> Quarantine | None:
    return content_of(portal.store).quarantine


def verified(portal: KeptPortal) -> LogVerification:
    return verify_log(portal.place.database_url, portal.keys.audit_public_pem(), [portal.place.witness])


def test_quarantine_is_lifted_when_log_and_epoch_agree(portal: KeptPortal) -> None:
    reconciled = restored(portal).reconcile()
    assert (reconciled.lifted, reconciled.epoch, reconciled.kept_witness) == (True, 1002, None)
    assert quarantine_of(portal) is None
    assert verified(portal).fault is None
    assert verified(portal).losses == ()
    witness = load_witness(portal.place.witness)
    assert witness is not None
    assert (witness.number, witness.epoch) == (3, 1002)


def test_quarantine_stays_when_records_are_missing(portal: KeptPortal) -> None:
    portal.record(2)
    reconciled = restored(portal).reconcile()
    assert not reconciled.lifted
    assert reconciled.found is not None
    assert not reconciled.found.holds
    assert quarantine_of(portal) is not None


def test_quarantine_stays_when_a_revocation_is_missing_that_no_record_followed(portal: KeptPortal) -> None:
    """Nothing was asked between the revocation and the loss: its epoch alone was witnessed."""
    portal.load(revoked(), "revoked")
    reconciled = restored(portal).reconcile()
    assert not reconciled.lifted
    assert reconciled.found is not None
    assert reconciled.found.witness is not None
    assert (reconciled.found.quarantine.epoch, reconciled.found.witness.epoch) == (1, 2)


def test_quarantine_stays_however_high_the_epoch_rises_in_it(portal: KeptPortal) -> None:
    """What counts is the backup's epoch: restoring and loading raise the present one above the witnessed."""
    portal.load(revoked(), "revoked")
    restored(portal)
    for name in ("a", "b", "c"):
        draft = small_bundle()
        draft.title = name
        portal.load(draft, name)
    assert portal.epoch == 1004
    assert not portal.reconcile().lifted


@pytest.mark.parametrize("content", [None, "", "{}", "[]", '{"number": 2}'])
def test_quarantine_stays_without_a_witness(portal: KeptPortal, content: str | None) -> None:
    restored(portal)
    portal.place.witness.unlink()
    if content is not None:
        portal.place.witness.write_text(content)
    reconciled = portal.reconcile()
    assert not reconciled.lifted
    assert reconciled.found is not None
    assert reconciled.found.witness is None


def test_quarantine_stays_when_the_witness_says_no_epoch(portal: KeptPortal) -> None:
    witness = json.loads(portal.place.witness.read_text())
    del witness["epoch"]
    portal.place.witness.write_text(json.dumps(witness))
    assert not restored(portal).reconcile().lifted


def test_quarantine_stays_when_the_log_has_a_fault(portal: KeptPortal) -> None:
    restored(portal)
    engine = open_sync_database(portal.place.database_url)
    with for_writing(engine).begin() as connection:
        connection.exec_driver_sql("UPDATE audit_records SET row_count = 99 WHERE sequence = 2")
    engine.dispose()
    for acceptance in (None, ACCEPTED):
        reconciled = portal.reconcile(acceptance)
        assert not reconciled.lifted
        assert reconciled.log_fault is not None


def test_portal_in_quarantine_records_and_leaves_the_witness_as_it_is(portal: KeptPortal) -> None:
    portal.record(9)
    before = portal.place.witness.read_bytes()
    restored(portal).record(20)
    assert portal.place.witness.read_bytes() == before
    assert not portal.reconcile().lifted


def test_portal_in_quarantine_makes_no_witness_of_its_own(portal: KeptPortal) -> None:
    portal.place.witness.unlink()
    restored(portal).record(3)
    portal.load(revoked(), "revoked")
    assert not portal.place.witness.exists()


def test_accepted_loss_is_in_the_log_for_good(portal: KeptPortal) -> None:
    portal.record(3)
    portal.load(revoked(), "revoked")
    lost = load_witness(portal.place.witness)
    assert lost is not None
    restored(portal).record(1)
    assert verified(portal).fault is not None
    portal.load(revoked(), "revoked-again")
    reconciled = portal.reconcile(ACCEPTED)
    assert reconciled.lifted
    assert reconciled.epoch == portal.epoch > (lost.epoch or 0)
    assert reconciled.kept_witness is not None
    assert load_witness(reconciled.kept_witness) == lost
    assert verified(portal).fault is None
    assert verified(portal).losses == (LogLoss(lost.number + 1, 2, lost.number, ("甲", "乙"), "synthetic"),)
    portal.record(2)
    assert verified(portal).fault is None
    assert len(verified(portal).losses) == 1
    witness = load_witness(portal.place.witness)
    assert witness is not None
    assert witness.number > lost.number + 1


def test_accepted_loss_settles_the_old_witness_and_no_other(portal: KeptPortal) -> None:
    """A reconciliation that is killed before it writes the new witness is done; another gap is still told."""
    portal.record(3)
    old = portal.place.witness.read_bytes()
    restored(portal).reconcile(ACCEPTED)
    portal.place.witness.write_bytes(old)
    assert verified(portal).fault is None
    portal.record(1)
    forged = json.loads(old)
    portal.place.witness.write_text(json.dumps({**forged, "number": forged["number"] + 40}))
    assert verified(portal).fault is not None
    with pytest.raises(AuditUnavailable):
        Ledger(portal.place.database_url, SigningKeys(portal.keys.audit_keys), portal.place.witness)


def test_loss_that_the_audit_key_did_not_sign_settles_nothing(portal: KeptPortal) -> None:
    portal.record(3)
    old = portal.place.witness.read_bytes()
    restored(portal).reconcile(ACCEPTED)
    portal.place.witness.write_bytes(old)
    engine = open_sync_database(portal.place.database_url)
    with for_writing(engine).begin() as connection:
        statement = "UPDATE audit_checkpoints SET signature = zeroblob(64) WHERE body LIKE '%loss%'"
        connection.exec_driver_sql(statement)
    engine.dispose()
    assert verified(portal).fault is not None
    with pytest.raises(AuditUnavailable):
        Ledger(portal.place.database_url, SigningKeys(portal.keys.audit_keys), portal.place.witness)


def test_loss_without_a_witness_is_accepted_too(portal: KeptPortal) -> None:
    portal.place.witness.unlink()
    reconciled = restored(portal).reconcile(ACCEPTED)
    assert reconciled.lifted
    assert verified(portal).fault is None
    assert [loss.until for loss in verified(portal).losses] == [0]


def test_loss_is_not_stated_where_nothing_is_missing(portal: KeptPortal) -> None:
    assert restored(portal).reconcile(ACCEPTED).lifted
    assert verified(portal).losses == ()


def test_portal_that_is_not_in_quarantine_has_nothing_to_reconcile(portal: KeptPortal) -> None:
    before = portal.rows()
    for acceptance in (None, ACCEPTED):
        reconciled = portal.reconcile(acceptance)
        assert (reconciled.found, reconciled.lifted) == (None, False)
    assert portal.rows() == before


@pytest.mark.parametrize(
    ("people", "reason"),
    [(("", ""), "x"), (("甲", ""), "x"), (("甲", "甲"), "x"), (("Li", " lI "), "x"), (("甲", "乙"), " ")],
)
def test_loss_is_accepted_by_two_people_with_a_reason(people: tuple[str, str], reason: str) -> None:
    with pytest.raises(BadInput):
        Acceptance(people, reason)


def test_agreement_needs_all_that_is_known(portal: KeptPortal) -> None:
    found = restored(portal).reconcile().found
    assert found is not None
    assert found.agrees
    assert found.witness is not None
    for other in (
        replace(found, holds=False),
        replace(found, witness=None),
        replace(found, witness=replace(found.witness, epoch=None)),
        replace(found, witness=WitnessedCheckpoint(2, "", 2)),
        replace(found, quarantine=replace(found.quarantine, epoch=0)),
    ):
        assert not other.agrees


@pytest.mark.parametrize("brings_newer_keys", [True, False])
def test_witness_that_saw_a_rotation_takes_the_loss_from_the_newer_key_alone(
    portal: KeptPortal, tmp_path: Path, *, brings_newer_keys: bool
) -> None:
    folder = tmp_path / "witness"
    folder.mkdir()
    desk = WitnessDesk(folder, [portal.keys.audit.public_key()])
    former = portal.key_file.read_bytes()
    newer = render_keys(rotate_key(portal.keys, "audit", NOW))
    portal.key_file.write_bytes(newer)
    portal.record(2)
    told = checkpoints(portal)
    assert {desk.take(render_checkpoint(one))[0] for one in told} == {200}
    # The backup holds the keys from before the rotation.
    portal.key_file.unlink()
    restored(portal)
    assert portal.key_file.read_bytes() == former
    if brings_newer_keys:
        portal.key_file.write_bytes(newer)
    assert portal.reconcile(ACCEPTED).lifted
    stating = [one for one in checkpoints(portal) if lost_until(one)]
    assert [desk.take(render_checkpoint(one))[0] for one in stating] == [200 if brings_newer_keys else 403]
    assert (verified(portal).fault, len(verified(portal).losses)) == (None, 1)


def checkpoints(portal: KeptPortal) -> list[Checkpoint]:
    with portal.store.open() as databases, databases.content.connect() as connection:
        columns = audit_checkpoints.c
        rows = connection.execute(select(columns.number, columns.body, columns.signature).order_by(columns.number))
        return [Checkpoint(*row) for row in rows]
