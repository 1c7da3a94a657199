"""Who signs: handovers from one audit key to the next, by whichever worker comes first, and nothing by the old one."""

import asyncio
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from portal.audit.checkpoints import NO_CHECKPOINT, Checkpoint, Loss, Statement, sign_checkpoint
from portal.audit.ledger import Ledger
from portal.audit.proving import ProofState, prove_record
from portal.audit.sealing import append_checkpoint
from portal.audit.searching import Place, load_record
from portal.audit.signing import Signer, SigningKeys
from portal.audit.witness_service import WitnessDesk
from portal.audit.witness_stores import FolderWitness, render_checkpoint
from portal.audit.witnessing import Witnessing
from portal.errors import AuditUnavailable
from portal.storage.database import for_writing, open_sync_database
from portal_verify.log import FaultKind, LogVerification, verify_log
from tests.unit.audit.logs import KEY, MOMENT, OTHER_KEY, Log, public_pem, write_many

THIRD_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
LOSS = Loss(9, "ab" * 32, 1, (1, 4), ("甲", "乙"), "synthetic")


def verify(log: Log, key: Ed25519PrivateKey = KEY) -> LogVerification:
    return verify_log(log.url, public_pem(key), [log.witness] if log.witness.exists() else [])


def checkpoints(log: Log) -> list[Checkpoint]:
    rows = log.rows("SELECT number, body, signature FROM audit_checkpoints ORDER BY number")
    return [Checkpoint(*row) for row in rows]  # type: ignore[arg-type]


def named_keys(log: Log) -> list[str]:
    return [key for one in checkpoints(log) if (key := json.loads(one.body).get("key"))]


def public(key: Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes_raw().hex()


def write_and_sign(ledger: Ledger) -> None:
    write_many(ledger, 2)
    ledger.checkpoint()


def test_first_checkpoint_is_signed_by_the_newest_key() -> None:
    assert SigningKeys([KEY, OTHER_KEY]).signer_after(NO_CHECKPOINT) == Signer(OTHER_KEY)


def test_key_in_force_is_the_last_named_one_or_else_who_signed_last() -> None:
    signed = sign_checkpoint(KEY, NO_CHECKPOINT, Statement(MOMENT, [], "", 1))
    handover = sign_checkpoint(KEY, signed, Statement(MOMENT, [], "", 1, successor=OTHER_KEY.public_key()))
    assert SigningKeys([KEY]).signer_after(signed) == Signer(KEY)
    assert SigningKeys([KEY, OTHER_KEY]).signer_after(signed) == Signer(KEY, OTHER_KEY)
    assert SigningKeys([KEY, OTHER_KEY]).signer_after(handover) == Signer(OTHER_KEY)
    assert SigningKeys([KEY, OTHER_KEY, THIRD_KEY]).signer_after(handover) == Signer(OTHER_KEY, THIRD_KEY)
    assert SigningKeys([KEY], lambda: [KEY, OTHER_KEY]).signer_after(handover) == Signer(OTHER_KEY)
    for keys in ([KEY], [THIRD_KEY], [KEY, THIRD_KEY]):
        with pytest.raises(AuditUnavailable, match="signed with another key"):
            SigningKeys(keys).signer_after(handover)


def test_open_log_is_handed_over_and_verified_with_the_first_key_alone(log: Log) -> None:
    keys = SigningKeys([KEY])
    with closing(Ledger(log.url, keys, log.witness)) as ledger:
        write_and_sign(ledger)
        keys.use([KEY, OTHER_KEY])
        write_and_sign(ledger)
        write_and_sign(ledger)
    assert named_keys(log) == [public(OTHER_KEY)]
    found = verify(log)
    assert (found.fault, found.records, found.uncovered) == (None, 6, 0)
    assert verify_log(log.url, public_pem(KEY) + public_pem(OTHER_KEY), [log.witness]).fault is None
    fault = verify(log, OTHER_KEY).fault
    assert fault is not None
    assert fault.kind is FaultKind.WRITER


def test_log_is_handed_over_at_a_start_and_twice(log: Log) -> None:
    for keys in ([KEY], [KEY, OTHER_KEY], [KEY, OTHER_KEY, THIRD_KEY], [KEY, OTHER_KEY, THIRD_KEY]):
        with closing(Ledger(log.url, SigningKeys(keys), log.witness)) as ledger:
            write_and_sign(ledger)
    assert named_keys(log) == [public(OTHER_KEY), public(THIRD_KEY)]
    assert (verify(log).fault, verify(log).writers) == (None, 4)


def test_worker_that_lacks_the_key_in_force_signs_nothing(log: Log) -> None:
    behind = SigningKeys([KEY])
    with closing(Ledger(log.url, behind, None)) as late:
        with closing(Ledger(log.url, SigningKeys([KEY, OTHER_KEY]), None)) as ledger:
            write_and_sign(ledger)
        write_many(late, 1)
        with pytest.raises(AuditUnavailable, match="signed with another key"):
            late.checkpoint()
    with pytest.raises(AuditUnavailable, match="signed with another key"):
        Ledger(log.url, behind, None)
    assert (verify(log).fault, verify(log).uncovered) == (None, 1)


def test_worker_that_is_behind_signs_with_the_key_that_lies_ready(log: Log) -> None:
    with closing(Ledger(log.url, SigningKeys([KEY], lambda: [OTHER_KEY]), None)) as late:
        with closing(Ledger(log.url, SigningKeys([KEY, OTHER_KEY]), None)) as ledger:
            write_and_sign(ledger)
        write_and_sign(late)
    assert named_keys(log) == [public(OTHER_KEY)]
    assert (verify(log).fault, verify(log).uncovered) == (None, 0)


def test_checkpoint_that_a_former_key_signs_is_a_fault(log: Log) -> None:
    with closing(Ledger(log.url, SigningKeys([KEY]), None)) as ledger:
        write_and_sign(ledger)
    with closing(Ledger(log.url, SigningKeys([KEY, OTHER_KEY]), None)) as ledger:
        write_and_sign(ledger)
    last = checkpoints(log)[-1]
    forged = sign_checkpoint(KEY, last, Statement(datetime.now(UTC), [], json.loads(last.body)["digest"], 7))
    with closing(sqlite3.connect(log.path)) as connection:
        row = (forged.number, forged.body, forged.signature)
        connection.execute("INSERT INTO audit_checkpoints (number, body, signature) VALUES (?, ?, ?)", row)
        connection.commit()
    fault = verify(log).fault
    assert fault is not None
    assert (fault.place, fault.kind) == (f"checkpoint {forged.number}", FaultKind.SIGNATURE)
    with pytest.raises(AuditUnavailable, match="signed with another key"):
        Ledger(log.url, SigningKeys([OTHER_KEY]), None)


def test_loss_is_signed_by_the_new_key_behind_a_handover(log: Log) -> None:
    """A witness of what was lost may have seen the handover already, and then knows the new key alone."""
    with closing(Ledger(log.url, SigningKeys([KEY]), None)) as ledger:
        write_and_sign(ledger)
    engine = open_sync_database(log.url)
    with for_writing(engine).begin() as connection:
        stated = append_checkpoint(connection, SigningKeys([KEY, OTHER_KEY]), MOMENT, LOSS)
    engine.dispose()
    handover, last = checkpoints(log)[-2:]
    assert last == stated
    assert json.loads(handover.body)["key"] == public(OTHER_KEY)
    OTHER_KEY.public_key().verify(last.signature, last.body.encode())
    assert (verify(log).fault, len(verify(log).losses)) == (None, 1)


def test_records_before_and_behind_a_handover_are_proved(log: Log) -> None:
    keys = SigningKeys([KEY])
    with closing(Ledger(log.url, keys, None)) as ledger:
        write_and_sign(ledger)
        keys.use([KEY, OTHER_KEY])
        write_and_sign(ledger)
        write_and_sign(ledger)
    engine = open_sync_database(log.url)
    with engine.connect() as connection:
        records = [load_record(connection, Place(1, sequence)) for sequence in range(1, 7)]
        proofs = [prove_record(connection, record, keys.public_keys) for record in records]
        assert {proof.state for proof in proofs} == {ProofState.PROVED}
        assert prove_record(connection, records[-1], [KEY.public_key()]).state is ProofState.BROKEN
    engine.dispose()


def test_witness_follows_the_handover_and_one_that_comes_late_does(log: Log, tmp_path: Path) -> None:
    for keys in ([KEY], [KEY, OTHER_KEY], [KEY, OTHER_KEY, THIRD_KEY]):
        with closing(Ledger(log.url, SigningKeys(keys), log.witness)) as ledger:
            write_and_sign(ledger)
    told = checkpoints(log)
    for number, anchors in enumerate(([KEY], [KEY, OTHER_KEY, THIRD_KEY])):
        folder = tmp_path / f"witness {number}"
        folder.mkdir()
        desk = WitnessDesk(folder, [key.public_key() for key in anchors])
        assert {desk.take(render_checkpoint(one))[0] for one in told} == {200}
        for key, status in ((KEY, 403), (OTHER_KEY, 403), (THIRD_KEY, 200)):
            forged = sign_checkpoint(key, told[-1], Statement(datetime.now(UTC), [], "", 7))
            assert desk.take(render_checkpoint(forged))[0] == status


async def test_witnessing_takes_losses_that_any_key_of_the_portal_signed(log: Log, tmp_path: Path) -> None:
    with closing(Ledger(log.url, SigningKeys([KEY]), None)) as ledger:
        write_and_sign(ledger)
    keys = SigningKeys([KEY])
    started = await asyncio.to_thread(Witnessing.start, log.url, [str(tmp_path)], keys)
    keys.use([KEY, OTHER_KEY])
    engine = open_sync_database(log.url)
    with for_writing(engine).begin() as connection:
        stated = append_checkpoint(connection, keys, MOMENT, LOSS)
    engine.dispose()
    await asyncio.to_thread(started.close, 10.0)
    assert FolderWitness(tmp_path).newest() == stated
