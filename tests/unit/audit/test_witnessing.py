"""Checkpoints reach their witnesses, late ones too; another history, or silence for too long, ends the answers."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import uvicorn

from portal.audit.recorder import Recorder
from portal.audit.signing import SigningKeys
from portal.audit.witness import Attestation, ask_witnesses, load_witness
from portal.audit.witness_service import witness_application
from portal.audit.witness_stores import FolderWitness
from portal.audit.witnessing import Witnessing
from portal.errors import AuditUnavailable
from tests.unit.audit.logs import KEY, PERMITTED, Log, make_log, write_many


def wait_for(claim: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


def write_checkpoints(log: Log, count: int) -> None:
    with closing(log.open()) as ledger:
        for _ in range(count - 1):
            write_many(ledger, 1)
            ledger.checkpoint()


def newest_number(folder: Path) -> int:
    newest = FolderWitness(folder).newest()
    return 0 if newest is None else newest.number


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "witness"
    path.mkdir()
    return path


@contextmanager
def witnessing(log: Log, *places: Path | str, limit_seconds: float = 600.0) -> Iterator[Witnessing]:
    with closing(
        Witnessing.start(log.url, [str(place) for place in places], SigningKeys([KEY]), limit_seconds)
    ) as started:
        yield started


@contextmanager
def served(folder: Path, log: Log) -> Iterator[str]:
    """A witness service on a port of this machine."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(witness_application(folder, [log.key.public_key()]), log_config=None, ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        wait_for(lambda: server.started)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        finally:
            server.should_exit = True
            thread.join()


def test_witnesses_are_told_everything_and_what_comes_later(log: Log, folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "served"
    other.mkdir()
    write_checkpoints(log, 3)
    with served(other, log) as url, witnessing(log, folder, url):
        wait_for(lambda: (newest_number(folder), newest_number(other)) == (3, 3))
        write_checkpoints(log, 2)
        wait_for(lambda: (newest_number(folder), newest_number(other)) == (5, 5))
        kept = load_witness(log.witness)
        assert kept is not None
        assert kept.number == 5
        assert ask_witnesses(None, [str(folder)]) == Attestation((kept,))
        assert ask_witnesses(log.witness, [url]) == Attestation((kept, kept))
    for path in (folder, other):
        assert sum(len(file.read_bytes().splitlines()) for file in path.glob("*.jsonl")) == 5


def test_several_workers_tell_one_witness_each_checkpoint_once(log: Log, folder: Path) -> None:
    with witnessing(log, folder), witnessing(log, folder):
        write_checkpoints(log, 40)
        wait_for(lambda: newest_number(folder) == 40)
    assert sum(len(file.read_bytes().splitlines()) for file in folder.glob("*.jsonl")) == 40


@pytest.mark.clause("threats.md R24")
def test_witness_catches_up_when_it_is_reached_again(log: Log, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_checkpoints(log, 1)
    with witnessing(log, folder, limit_seconds=0.6) as started:
        wait_for(lambda: newest_number(folder) == 1)
        folder.rename(folder.with_name("unmounted"))
        write_checkpoints(log, 3)
        wait_for(lambda: not started.is_witnessed)
        folder.with_name("unmounted").rename(folder)
        wait_for(lambda: newest_number(folder) == 4)
        wait_for(lambda: started.is_witnessed)
        wait_for(lambda: "reached again" in caplog.text)
    assert caplog.text.count("can't be reached") == 1


@pytest.mark.clause("threats.md R24")
async def test_nothing_is_recorded_when_no_witness_was_reached_for_too_long(log: Log, folder: Path) -> None:
    started = Witnessing.start(log.url, [str(folder)], SigningKeys([KEY]), 0.3)
    recorder = await asyncio.to_thread(Recorder.start, log.url, log.keys, log.witness, started)
    try:
        await recorder.record(PERMITTED)
        await asyncio.to_thread(folder.rename, folder.with_name("unmounted"))
        await asyncio.to_thread(wait_for, lambda: not recorder.is_writing)
        with pytest.raises(AuditUnavailable):
            await recorder.record(PERMITTED)
    finally:
        await asyncio.to_thread(recorder.close)
    assert log.rows("SELECT count(*) FROM audit_records") == [(1,)]


@pytest.mark.clause("threats.md R6 T31")
def test_portal_does_not_start_when_a_witness_holds_what_the_log_lacks(log: Log, folder: Path, tmp_path: Path) -> None:
    write_checkpoints(log, 3)
    with witnessing(log, folder):
        wait_for(lambda: newest_number(folder) == 3)
    (tmp_path / "new").mkdir()
    restored = make_log(tmp_path / "new")
    for checkpoints in (0, 2, 3, 5):
        if checkpoints:
            write_checkpoints(restored, checkpoints)
        with pytest.raises(AuditUnavailable, match="witness 1"):
            Witnessing.start(restored.url, [str(folder)], SigningKeys([KEY]))


@pytest.mark.clause("threats.md T18")
def test_nothing_is_answered_when_the_log_is_exchanged_at_work(log: Log, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    write_checkpoints(other := make_log(tmp_path / "other"), 3)
    with witnessing(log, folder) as started:
        assert started.is_witnessed
        with witnessing(other, folder):
            wait_for(lambda: newest_number(folder) == 3)
        write_checkpoints(log, 4)
        wait_for(lambda: not started.is_witnessed)


def test_newest_witnessed_is_the_newest_of_all(log: Log, folder: Path, tmp_path: Path) -> None:
    assert ask_witnesses(log.witness) == Attestation(())
    assert Attestation(()).newest is None
    write_checkpoints(log, 2)
    with witnessing(log, folder):
        wait_for(lambda: newest_number(folder) == 2)
    write_checkpoints(log, 1)
    missing = str(tmp_path / "missing")
    told = ask_witnesses(log.witness, [str(folder), missing])
    assert [one.number for one in told.checkpoints] == [3, 2]
    assert told.newest == told.checkpoints[0]
    assert told.unreachable == 1
