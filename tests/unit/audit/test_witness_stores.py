"""Folders and the witness service: what they take, what they refuse, what a power cut leaves."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from portal.audit.checkpoints import NO_CHECKPOINT, Checkpoint, Loss, Statement, sign_checkpoint
from portal.audit.witness_service import WitnessDesk
from portal.audit.witness_stores import (
    FolderWitness,
    WitnessRefusalError,
    WitnessUnreachableError,
    follows,
    parse_checkpoint,
    render_checkpoint,
)
from tests.unit.audit.logs import KEY, MOMENT, OTHER_KEY


def history(count: int, day_after: int = 1000, start: Checkpoint = NO_CHECKPOINT, minutes: int = 0) -> list[Checkpoint]:
    """Checkpoints that follow each other; after `day_after` of them it is the next day."""
    found = []
    for number in range(count):
        moment = MOMENT + timedelta(days=number // day_after, minutes=minutes)
        start = sign_checkpoint(KEY, start, Statement(moment, [], "", 1))
        found.append(start)
    return found


def desk(folder: Path) -> WitnessDesk:
    return WitnessDesk(folder, [KEY.public_key()])


def test_folder_keeps_a_line_for_each_checkpoint_and_a_file_for_each_day(tmp_path: Path) -> None:
    folder, told = FolderWitness(tmp_path), history(5, day_after=3)
    assert folder.newest() is None
    folder.store(told[:2])
    folder.store(told)
    assert folder.newest() == told[-1]
    days = {path.name: path.read_bytes().splitlines() for path in tmp_path.glob("*.jsonl")}
    assert {day: len(lines) for day, lines in days.items()} == {"2026-01-31.jsonl": 3, "2026-02-01.jsonl": 2}
    assert [parse_checkpoint(line) for day in sorted(days) for line in days[day]] == told


def test_folder_stays_in_order_when_the_clock_is_put_back(tmp_path: Path) -> None:
    folder, told = FolderWitness(tmp_path), history(2, day_after=1)
    folder.store(told)
    [late] = history(1, start=told[-1])
    folder.store([late])
    assert folder.newest() == late


def test_folder_is_never_made_when_it_is_missing(tmp_path: Path) -> None:
    folder = FolderWitness(tmp_path / "mount")
    with pytest.raises(WitnessUnreachableError):
        folder.newest()
    with pytest.raises(WitnessUnreachableError):
        folder.store(history(1))
    assert not (tmp_path / "mount").exists()


@pytest.mark.clause("threats.md R2")
def test_folder_goes_on_when_a_power_cut_tore_its_last_line(tmp_path: Path) -> None:
    folder, told = FolderWitness(tmp_path), history(3)
    folder.store(told[:1])
    [path] = tmp_path.glob("*.jsonl")
    whole = path.read_bytes()
    path.write_bytes(whole + render_checkpoint(told[1])[:40])
    assert folder.newest() == told[0]
    folder.store(told)
    assert folder.newest() == told[2]
    torn, *lines = path.read_bytes().removeprefix(whole).splitlines()
    assert torn == render_checkpoint(told[1])[:40]
    assert [parse_checkpoint(line) for line in lines] == told[1:]


@pytest.mark.clause("threats.md T18")
def test_folder_refuses_another_history(tmp_path: Path) -> None:
    folder, told = FolderWitness(tmp_path), history(4)
    folder.store(told[:3])
    forked = history(2, start=told[1], minutes=1)
    for another in ([forked[0]], [forked[1]], [history(1, minutes=1)[0]], history(6)[5:]):
        with pytest.raises(WitnessRefusalError):
            folder.store(another)
    assert folder.newest() == told[2]


@pytest.mark.parametrize(
    "line",
    [b"", b"null", b"[]", b"{}", b"{", b'{"number":1,"hash":"","body":"{}","signature":""}', b"\xff"],
)
def test_checkpoint_is_refused_when_it_is_none(tmp_path: Path, line: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_checkpoint(line)
    assert desk(tmp_path).take(line)[0] == 400


def test_checkpoint_is_refused_when_its_hash_or_number_is_not_its_own() -> None:
    members = json.loads(render_checkpoint(history(1)[0]))
    for changed in ({"hash": "0" * 64}, {"number": 2}):
        with pytest.raises(ValueError, match="not a checkpoint"):
            parse_checkpoint(json.dumps(members | changed).encode())


@pytest.mark.clause("threats.md T18")
def test_service_takes_what_follows_and_refuses_forks_rewinds_and_other_keys(tmp_path: Path) -> None:
    told = history(4)
    witness = desk(tmp_path)
    assert witness.newest() == b"null"
    assert [witness.take(render_checkpoint(one))[0] for one in told[:3]] == [200, 200, 200]
    assert witness.take(render_checkpoint(told[1]))[0] == 200
    assert witness.take(render_checkpoint(history(3, minutes=1)[2]))[0] == 409
    assert witness.take(render_checkpoint(history(5)[4]))[0] == 409
    foreign = sign_checkpoint(OTHER_KEY, told[2], Statement(MOMENT, [], "", 1))
    assert witness.take(render_checkpoint(foreign))[0] == 403
    assert parse_checkpoint(desk(tmp_path).newest()) == told[2]


@pytest.mark.clause("threats.md T31")
def test_only_a_checkpoint_that_names_the_loss_follows_what_was_lost() -> None:
    told = history(5)

    def stating(number: int, hash_text: str, since: int = 2) -> Checkpoint:
        loss = Loss(number, hash_text, since, (1, 1), ("甲", "乙"), "synthetic")
        return sign_checkpoint(KEY, told[1], Statement(MOMENT, [], "", 2, loss))

    named = stating(5, told[4].hash.hex())
    assert named.number == 6
    assert follows(told[4], named)
    assert follows(told[3], named)
    assert follows(told[1], named)
    assert not follows(told[0], named)
    assert not follows(told[4], stating(5, "00" * 32))
    assert not follows(told[4], stating(4, told[3].hash.hex()))
    assert not follows(told[4], sign_checkpoint(KEY, told[1], Statement(MOMENT, [], "", 2)))
