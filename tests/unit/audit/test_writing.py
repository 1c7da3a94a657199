import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pytest

from portal.audit.ledger import Handed, Ledger, submit
from portal.audit.receipts import Recorded, Written
from portal.audit.refused_tokens import RefusalKey, RefusedTokens
from portal.audit.writing import MAX_BATCH, Waiting, WritingThread
from portal.errors import AuditUnavailable
from tests.unit.audit.logs import Log, numbered


class FaultyLedger(Ledger):
    """A ledger on a real database whose disk fails when it is told to."""

    def __init__(self, log: Log, faults: list[str]) -> None:
        super().__init__(log.url, log.keys, log.witness)
        self._faults = faults
        self.batches: list[int] = []
        self.is_closed = False

    def append(self, submissions: Sequence[Handed]) -> list[Written]:
        self.batches.append(len(submissions))
        recordings = super().append(submissions)
        # As when the sync fails: what was written may be on the disk or not, the caller can't know.
        self._fail("append")
        return recordings

    def checkpoint(self, older_than_seconds: float | None = None) -> None:
        self._fail("checkpoint")
        super().checkpoint(older_than_seconds)

    def add_refused_tokens(self, counts: Counter[RefusalKey]) -> None:
        self._fail("refused tokens")
        super().add_refused_tokens(counts)

    def close(self) -> None:
        self.is_closed = True
        super().close()

    def _fail(self, step: str) -> None:
        if step in self._faults:
            self._faults.remove(step)
            raise OSError(f"{step}: input/output error")


class Opener:
    """Opens ledgers and remembers them."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self.faults: list[str] = []
        self.opened: list[FaultyLedger] = []

    def __call__(self) -> FaultyLedger:
        self.opened.append(FaultyLedger(self._log, self.faults))
        return self.opened[-1]


@pytest.fixture
def opener(log: Log) -> Opener:
    return Opener(log)


@pytest.fixture
def refused_tokens() -> RefusedTokens:
    return RefusedTokens()


@pytest.fixture
def thread(opener: Opener, refused_tokens: RefusedTokens) -> WritingThread:
    return WritingThread(opener, opener(), refused_tokens)


def put(thread: WritingThread, number: int = 0) -> asyncio.Future[Written]:
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Written] = loop.create_future()
    thread.put(Waiting(submit(numbered(number), ()), loop, future))
    return future


async def eventually(holds: Callable[[], bool]) -> None:
    for _ in range(500):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise TimeoutError("it never came true")


async def test_what_waits_is_written_in_bounded_batches(thread: WritingThread, opener: Opener) -> None:
    futures = [put(thread, number) for number in range(MAX_BATCH * 2 + 1)]
    thread.start()
    await asyncio.gather(*futures)
    thread.finish()
    assert opener.opened[0].batches == [MAX_BATCH, MAX_BATCH, 1]


@pytest.mark.clause("threats.md R3")
async def test_failed_commit_refuses_all_that_wait_and_begins_another_chain(
    log: Log, thread: WritingThread, opener: Opener
) -> None:
    opener.faults.append("append")
    futures = [put(thread, number) for number in range(3)]
    thread.start()
    answers = await asyncio.gather(*futures, return_exceptions=True)
    assert [type(answer) for answer in answers] == [AuditUnavailable] * 3
    assert opener.opened[0].is_closed
    await eventually(lambda: len(opener.opened) == 2)
    assert await put(thread) == Recorded(2, 1)
    thread.finish()
    assert log.verify().fault is None
    assert log.verify().uncovered == 0


@pytest.mark.parametrize("step", ["checkpoint", "refused tokens"])
async def test_failed_checkpoint_begins_another_chain_and_loses_no_count(
    log: Log, thread: WritingThread, opener: Opener, refused_tokens: RefusedTokens, step: str
) -> None:
    opener.faults.append(step)
    refused_tokens.add("192.0.2.1", datetime.now(UTC))
    future = put(thread)
    thread.start()
    assert await future == Recorded(1, 1)
    await eventually(lambda: len(opener.opened) == 2)
    assert await put(thread) == Recorded(2, 1)
    thread.finish()
    assert log.verify().fault is None
    assert log.verify().uncovered == 0
    assert log.rows("SELECT sum(refusals) FROM refused_tokens") == [(1,)]


@pytest.mark.clause("threats.md R4: refusal within 50 ms")
async def test_records_are_refused_at_once_while_the_log_is_closed(thread: WritingThread, opener: Opener) -> None:
    opener.faults.append("append")
    thread.start()
    with pytest.raises(AuditUnavailable):
        await put(thread)
    begun = asyncio.get_running_loop().time()
    with pytest.raises(AuditUnavailable):
        await put(thread)
    assert asyncio.get_running_loop().time() - begun < 0.05
    thread.finish()


async def test_records_are_refused_when_too_many_wait(opener: Opener) -> None:
    thread = WritingThread(opener, opener(), RefusedTokens(), capacity=2)
    futures = [put(thread), put(thread)]
    with pytest.raises(AuditUnavailable):
        put(thread)
    thread.start()
    assert await asyncio.gather(*futures) == [Recorded(1, 1), Recorded(1, 2)]
    await put(thread)
    thread.finish()


async def test_thread_outlives_the_loop_of_those_who_wait(log: Log, thread: WritingThread) -> None:
    def ask_and_leave() -> None:
        async def ask() -> None:
            put(thread)

        asyncio.run(ask())

    asker = threading.Thread(target=ask_and_leave)
    asker.start()
    asker.join()
    thread.start()
    assert await put(thread) == Recorded(1, 2)
    thread.finish()
    assert log.rows("SELECT count(*) FROM audit_records") == [(2,)]


async def test_failure_is_logged_without_what_was_asked(
    thread: WritingThread, opener: Opener, caplog: pytest.LogCaptureFixture
) -> None:
    opener.faults.append("append")
    thread.start()
    with pytest.raises(AuditUnavailable):
        await put(thread)
    thread.finish()
    assert [record.getMessage() for record in caplog.records] == ["the audit log can't be written: OSError"]
