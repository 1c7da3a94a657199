"""Receiving frames: what isn't what its hash says, or has no end, never gets the name of the file."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from portal.errors import BadInput
from portal.exchange.receiving import Damaged, Frames, Receiver
from tests.fixtures.frames import CONTENTS, frame, manifest, whole


def receive(file: Path, octets: bytes, size: int = 7) -> Receiver:
    receiver, frames = Receiver(file, "request"), Frames()
    receiver.begin()
    for place in range(0, len(octets), size):
        for head, content in frames.feed(octets[place : place + size]):
            receiver.take(head, content)
    return receiver


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_file_gets_its_name_once_it_is_whole(tmp_path: Path, size: int) -> None:
    file = tmp_path / "x.csv"
    receiver = receive(file, whole(), size)
    assert not file.exists()
    found = receiver.finish()
    assert file.read_bytes() == b"".join(CONTENTS)
    assert json.loads((tmp_path / "x.csv.manifest.json").read_text()) == found
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.csv", "x.csv.manifest.json"]


def test_another_run_goes_on_behind_what_counts(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    first = receive(file, frame(CONTENTS[0]) + frame(CONTENTS[1])[:-2])
    assert first.received.after == "after-1"
    (tmp_path / "x.csv.part").write_bytes(CONTENTS[0] + b"half of what follows")
    again = receive(file, frame(CONTENTS[1]) + frame(CONTENTS[2]) + manifest(sha256=None))
    assert again.finish()["sha256"] == hashlib.sha256(b"".join(CONTENTS)).hexdigest()


def test_what_can_not_be_gone_on_with_begins_anew(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    receive(file, frame(CONTENTS[0], after=None))
    assert receive(file, whole()).finish()["rows"] == 3


@pytest.mark.parametrize("state", [b"{", b"{}", b'{"nothing": 1}'])
def test_damaged_state_counts_for_nothing(tmp_path: Path, state: bytes) -> None:
    file = tmp_path / "x.csv"
    receive(file, frame(CONTENTS[0]))
    (tmp_path / "x.csv.part.json").write_bytes(state)
    assert receive(file, whole()).finish()["rows"] == 3


def test_part_that_is_shorter_than_it_says_counts_for_nothing(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    receive(file, frame(CONTENTS[0]))
    (tmp_path / "x.csv.part").write_bytes(b"c")
    assert receive(file, whole()).finish()["rows"] == 3


def test_part_of_another_request_is_refused(tmp_path: Path) -> None:
    receive(tmp_path / "x.csv", frame(CONTENTS[0]))
    with pytest.raises(BadInput, match="is of another request"):
        Receiver(tmp_path / "x.csv", "another")


@pytest.mark.parametrize(
    "octets",
    [
        b"not a frame\n",
        b"[1]\n",
        b'{"bytes": -1}\n',
        b'{"bytes": "x"}\n',
        b'{"bytes": 99999999999}\n',
        frame(CONTENTS[0], sha256="0" * 64),
        frame(CONTENTS[0])[:-3] + b"9\r\n",
    ],
)
def test_what_is_damaged_on_the_way_is_refused(tmp_path: Path, octets: bytes) -> None:
    with pytest.raises(Damaged):
        receive(tmp_path / "x.csv", octets)


def test_line_without_end_is_not_gathered_without_end() -> None:
    frames = Frames()
    for _ in range(15):
        assert list(frames.feed(b"x" * 65_536)) == []
    with pytest.raises(Damaged):
        list(frames.feed(b"x" * 65_536))


@pytest.mark.clause("threats.md T16")
@pytest.mark.parametrize("changed", [{"rows": 4}, {"bytes": 1}, {"chain": "0" * 64}, {"sha256": "0" * 64}])
def test_file_that_is_not_what_its_manifest_says_gets_no_name(tmp_path: Path, changed: dict[str, Any]) -> None:
    receiver = receive(tmp_path / "x.csv", whole(**changed))
    with pytest.raises(Damaged, match="isn't what its manifest says"):
        receiver.finish()
    assert not (tmp_path / "x.csv").exists()


@pytest.mark.clause("threats.md T16")
def test_file_without_manifest_gets_no_name(tmp_path: Path) -> None:
    receiver = receive(tmp_path / "x.csv", b"".join(map(frame, CONTENTS)))
    with pytest.raises(Damaged, match="cut before its end"):
        receiver.finish()
    assert not (tmp_path / "x.csv").exists()
