from pathlib import Path

import pytest

from portal.audit.checkpoints import Checkpoint
from portal.audit.witness import WitnessedCheckpoint, load_witness, retire_witness, store_witness
from tests.unit.audit.logs import MOMENT, Log


def test_witness_is_what_was_stored_last(tmp_path: Path) -> None:
    path = tmp_path / "witness.json"
    for number in (1, 2):
        store_witness(path, Checkpoint(number, '{"epoch": 7}', b"signature"))
    expected = Checkpoint(2, '{"epoch": 7}', b"signature").hash.hex()
    assert load_witness(path) == WitnessedCheckpoint(2, expected, 7)
    assert list(tmp_path.iterdir()) == [path]


def test_witness_is_missing_when_there_is_no_file(tmp_path: Path) -> None:
    assert load_witness(tmp_path / "witness.json") is None


def test_witness_is_put_aside_only_when_the_database_holds_no_log(log: Log) -> None:
    assert retire_witness(log.witness, log.url, MOMENT) is None
    log.witness.write_text("{}")
    kept = retire_witness(log.witness, log.url, MOMENT)
    assert kept == log.witness.with_name("audit-witness-until-20260131T080000Z.json")
    assert kept.exists()
    log.open().close()
    assert retire_witness(log.witness, log.url, MOMENT) is None
    assert log.witness.exists()


def test_witness_is_put_aside_when_there_is_no_database(log: Log) -> None:
    log.open().close()
    log.path.unlink()
    assert retire_witness(log.witness, log.url, MOMENT) is not None
    assert not log.witness.exists()
    assert not log.path.exists()


@pytest.mark.parametrize("content", [b"", b'{"number": 1', b"[]", b'{"number": null, "hash": ""}', b"\xff", b"{}"])
def test_witness_is_missing_when_the_file_is_torn(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "witness.json"
    path.write_bytes(content)
    assert load_witness(path) is None
