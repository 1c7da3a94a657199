import os
import subprocess
import sys
from pathlib import Path

import pytest

from portal.audit.checkpoints import Checkpoint
from portal.audit.recorder import Recorder
from portal.audit.witness import WitnessedCheckpoint, load_witness, remove_drafts, retire_witness, store_witness
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


def test_drafts_are_removed_when_the_processes_that_began_them_are_gone(tmp_path: Path) -> None:
    witness = tmp_path / "audit-witness-1.json"
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    left = [witness.with_name(f"{witness.name}.{process}") for process in (gone.pid, os.getpid(), 2**70)]
    kept = [
        witness,
        witness.with_name(f"{witness.name}.{os.getppid()}"),
        witness.with_name(f"{witness.name}.1"),
        witness.with_name(f"{witness.name}.kept"),
        witness.with_name(f"audit-witness-2.json.{gone.pid}"),
    ]
    for file in (*left, *kept):
        file.touch()
    remove_drafts(witness)
    assert sorted(tmp_path.iterdir()) == sorted(kept)


def test_drafts_are_removed_when_a_log_is_opened(log: Log) -> None:
    draft = log.witness.with_name(f"{log.witness.name}.{2**40}")
    draft.touch()
    Recorder.start(log.url, log.keys, log.witness).close()
    assert not draft.exists()
    assert log.witness.exists()
