"""Checkpoints beside the writers': they verify like any other, and change the witness only where they may."""

from contextlib import closing

import pytest

from portal.audit.checkpoints import Loss
from portal.audit.sealing import append_checkpoint, find_checkpoint, read_heads, read_last_checkpoint, witness_change
from portal.audit.signing import SigningKeys
from portal.audit.witness import load_witness
from portal.storage.database import for_writing, open_sync_database
from portal_verify.log import FaultKind, LogLoss
from tests.unit.audit.logs import EPOCH, KEY, MOMENT, OTHER_KEY, Log, write_many

LOSS = Loss(9, "ab" * 32, 2, (1, 4), ("甲", "乙"), "synthetic")


def append(log: Log, loss: Loss | None = None) -> int:
    engine = open_sync_database(log.url)
    with for_writing(engine).begin() as connection:
        number = append_checkpoint(connection, SigningKeys([KEY]), MOMENT, loss).number
    engine.dispose()
    return number


@pytest.fixture
def written(log: Log) -> Log:
    """Two chains, the second without records, and two checkpoints."""
    with closing(log.open()) as ledger:
        write_many(ledger, 3)
    log.open().close()
    return log


def test_checkpoint_covers_every_chain(written: Log) -> None:
    assert append(written) == 3
    engine = open_sync_database(written.url)
    with engine.connect() as connection:
        heads = read_heads(connection)
        assert [(head.writer, head.sequence) for head in heads] == [(1, 3), (2, 0)]
        last = read_last_checkpoint(connection)
        assert find_checkpoint(connection, 3) == last
        assert find_checkpoint(connection, 4) is None
    engine.dispose()
    assert (written.verify().fault, written.verify().uncovered) == (None, 0)


def test_loss_takes_the_numbers_that_were_lost(written: Log) -> None:
    written.witness.unlink()
    assert append(written, LOSS) == 10
    verified = written.verify()
    assert (verified.fault, verified.checkpoints) == (None, 3)
    assert verified.losses == (LogLoss(10, 2, 9, ("甲", "乙"), "synthetic"),)
    with closing(written.open()) as ledger:
        write_many(ledger, 1)
    assert written.verify().fault is None


def test_gap_without_a_loss_is_a_fault(written: Log) -> None:
    append(written, LOSS)
    engine = open_sync_database(written.url)
    with for_writing(engine).begin() as connection:
        connection.exec_driver_sql("UPDATE audit_checkpoints SET number = 11 WHERE number = 10")
    engine.dispose()
    fault = written.verify().fault
    assert fault is not None
    assert fault.kind is FaultKind.CHECKPOINT_GAP


def test_change_is_witnessed(written: Log) -> None:
    engine = open_sync_database(written.url)
    witness_change(engine, SigningKeys([KEY]), written.witness, MOMENT)
    engine.dispose()
    witness = load_witness(written.witness)
    assert witness is not None
    assert (witness.number, witness.epoch) == (3, EPOCH)


def test_change_of_a_portal_without_log_is_not_witnessed(log: Log) -> None:
    engine = open_sync_database(log.url)
    witness_change(engine, SigningKeys([OTHER_KEY]), log.witness, MOMENT)
    engine.dispose()
    assert not log.witness.exists()


def test_witness_of_what_the_log_lacks_is_left_as_it_is(written: Log) -> None:
    """A load into a database that was put back by hand must not make the log look whole."""
    written.witness.write_text('{"number": 9, "hash": "ab"}')
    engine = open_sync_database(written.url)
    witness_change(engine, SigningKeys([KEY]), written.witness, MOMENT)
    engine.dispose()
    assert written.witness.read_text() == '{"number": 9, "hash": "ab"}'
