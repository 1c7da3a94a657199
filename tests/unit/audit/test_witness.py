from pathlib import Path

import pytest

from portal.audit.checkpoints import Checkpoint
from portal.audit.witness import Witness, load_witness, store_witness


def test_witness_is_what_was_stored_last(tmp_path: Path) -> None:
    path = tmp_path / "witness.json"
    for number in (1, 2):
        store_witness(path, Checkpoint(number, "body", b"signature"))
    assert load_witness(path) == Witness(2, Checkpoint(2, "body", b"signature").hash.hex())
    assert list(tmp_path.iterdir()) == [path]


def test_witness_is_missing_when_there_is_no_file(tmp_path: Path) -> None:
    assert load_witness(tmp_path / "witness.json") is None


@pytest.mark.parametrize("content", [b"", b'{"number": 1', b"[]", b'{"number": null, "hash": ""}', b"\xff", b"{}"])
def test_witness_is_missing_when_the_file_is_torn(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "witness.json"
    path.write_bytes(content)
    assert load_witness(path) is None
