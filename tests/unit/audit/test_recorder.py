import asyncio
import json
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from portal.audit.receipts import QuotaExhausted, Recorded, StaleEpoch
from portal.audit.recorder import Recorder
from portal.audit.records import Quota
from portal.audit.signing import SigningKeys
from portal.errors import AuditUnavailable
from tests.unit.audit.logs import ENTRY, EPOCH, OTHER_KEY, PERMITTED, SUBJECT, Log, make_log, numbered

DAY = date(2026, 1, 31)


@pytest.fixture
async def recorder(log: Log) -> AsyncIterator[Recorder]:
    recorder = Recorder.start(log.url, log.keys, log.witness)
    yield recorder
    recorder.close()


async def record_many(recorder: Recorder, count: int) -> list[Recorded]:
    recordings = await asyncio.gather(*(recorder.record(numbered(number)) for number in range(count)))
    assert all(isinstance(recording, Recorded) for recording in recordings)
    return [recording for recording in recordings if isinstance(recording, Recorded)]


def numbers(log: Log) -> list[tuple[object, ...]]:
    return log.rows("SELECT writer, sequence FROM audit_records ORDER BY writer, sequence")


def away(path: Path) -> Path:
    return path.with_name(f"away-{path.name}")


async def until_recorded(recorder: Recorder) -> Recorded:
    """Try as clients do, until the log can be written again."""
    for _ in range(50):
        try:
            recorded = await recorder.record(PERMITTED)
        except AuditUnavailable:
            await asyncio.sleep(0.1)
        else:
            assert isinstance(recorded, Recorded)
            return recorded
    raise TimeoutError("the log stays unavailable")


async def test_record_is_durable_when_its_receipt_is_there(log: Log, recorder: Recorder) -> None:
    recorded = await recorder.record(PERMITTED)
    assert recorded == Recorded(1, 1)
    assert numbers(log) == [(1, 1)]


async def test_records_that_wait_at_the_same_time_share_transactions(log: Log, recorder: Recorder) -> None:
    recorded = await record_many(recorder, 1000)
    assert {one.sequence for one in recorded} == set(range(1, 1001))
    assert len(numbers(log)) == 1000


async def test_receipt_names_the_record_that_was_handed_in(log: Log, recorder: Recorder) -> None:
    recorded = await record_many(recorder, 300)
    stored = log.rows("SELECT record FROM audit_records ORDER BY sequence")
    for number, one in enumerate(recorded):
        assert json.loads(str(stored[one.sequence - 1][0]))["request_id"] == str(number)


async def test_record_that_cannot_be_rendered_disturbs_no_other(log: Log, recorder: Recorder) -> None:
    answers = await asyncio.gather(
        recorder.record(PERMITTED),
        recorder.record(replace(PERMITTED, purpose="\ud800")),
        recorder.record(PERMITTED),
        return_exceptions=True,
    )
    assert [type(answer) for answer in answers] == [Recorded, TypeError, Recorded]


async def test_record_is_refused_when_its_epoch_is_over(log: Log, recorder: Recorder) -> None:
    log.set_epoch(EPOCH + 1)
    assert await recorder.record(PERMITTED) == StaleEpoch(EPOCH + 1)
    assert numbers(log) == []


@pytest.mark.heavy
@pytest.mark.clause("threats.md T15")
async def test_no_record_of_an_epoch_is_written_after_the_next_one_was_acknowledged(
    log: Log, recorder: Recorder
) -> None:
    """Each change of the epoch notes, in its own transaction, how many records it found; later there are no more."""
    found: dict[int, int] = {}
    now = EPOCH

    def change_epoch() -> int:
        with closing(sqlite3.connect(log.path, isolation_level=None, timeout=10)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            [(epoch,)] = connection.execute("SELECT value FROM epoch").fetchall()
            [(count,)] = connection.execute("SELECT count(*) FROM audit_records").fetchall()
            connection.execute("UPDATE epoch SET value = value + 1")
            connection.execute("COMMIT")
            found[epoch] = count
            return int(epoch) + 1

    async def ask(worker: int) -> Counter[str]:
        answers: Counter[str] = Counter()
        while now < EPOCH + 60:
            answer = await recorder.record(replace(numbered(worker), epoch=now))
            answers[type(answer).__name__] += 1
        return answers

    askers = [asyncio.create_task(ask(number)) for number in range(20)]
    for _ in range(60):
        await asyncio.sleep(0.01)
        epoch = await asyncio.to_thread(change_epoch)
        # Askers learn of it late, as a worker would that lost the notification.
        await asyncio.sleep(0.005)
        now = epoch
    answers = sum(await asyncio.gather(*askers), Counter[str]())
    assert answers["StaleEpoch"] > 60
    assert answers["Recorded"] == len(numbers(log))
    epochs = Counter(json.loads(str(text))["epoch"] for (text,) in log.rows("SELECT record FROM audit_records"))
    written = 0
    for epoch, count in sorted(found.items()):
        written += epochs[epoch]
        assert written == count, f"records of epoch {epoch}"


async def test_daily_limit_holds_for_requests_at_the_same_time(log: Log, recorder: Recorder) -> None:
    quota = Quota(SUBJECT, ENTRY, DAY, 3, 100)
    answers = await asyncio.gather(*(recorder.record(PERMITTED, [quota]) for _ in range(60)))
    assert sum(isinstance(answer, Recorded) for answer in answers) == 33
    assert set(answers[33:]) <= {QuotaExhausted(ENTRY, 1)}
    assert await recorder.rows_today(SUBJECT, ENTRY, DAY) == 99
    assert len(numbers(log)) == 33


async def test_rows_today_are_none_when_nothing_was_taken(recorder: Recorder) -> None:
    await recorder.record(PERMITTED, [Quota(SUBJECT, ENTRY, DAY, 3, None)])
    assert await recorder.rows_today(SUBJECT, ENTRY, date(2026, 2, 1)) == 0
    assert await recorder.rows_today("user:u1", ENTRY, DAY) == 0


async def test_rows_today_are_unavailable_when_the_database_is(log: Log, recorder: Recorder) -> None:
    with closing(sqlite3.connect(log.path)) as connection:
        connection.execute("DROP TABLE daily_rows")
    with pytest.raises(AuditUnavailable):
        await recorder.rows_today(SUBJECT, ENTRY, DAY)


async def test_request_that_stops_waiting_leaves_the_log_whole(log: Log, recorder: Recorder) -> None:
    random = Random(809)
    tasks = [asyncio.create_task(recorder.record(numbered(number))) for number in range(500)]
    for task in random.sample(tasks, 250):
        await asyncio.sleep(random.choice([0, 0, 0.0005]))
        task.cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    recorded = [answer for answer in answers if isinstance(answer, Recorded)]
    assert len(recorded) >= 250
    assert {(one.writer, one.sequence) for one in recorded} <= set(numbers(log))
    recorder.close()
    result = log.verify()
    assert result.fault is None
    assert result.records >= len(recorded)


@pytest.mark.clause("enforcement.md §6: at most 1 s later")
async def test_checkpoint_covers_a_record_within_a_second(log: Log, recorder: Recorder) -> None:
    await recorder.record(PERMITTED)
    assert log.verify().uncovered == 1
    await asyncio.sleep(1)
    assert log.verify().uncovered == 0


@pytest.mark.clause("enforcement.md §6: at most 1000 records later")
async def test_checkpoint_covers_a_record_within_a_thousand(log: Log, recorder: Recorder) -> None:
    await record_many(recorder, 5000)
    recorder.close()
    bodies = log.rows("SELECT body FROM audit_checkpoints ORDER BY number")
    covered = [sequence for (body,) in bodies for _, sequence, _ in json.loads(str(body))["heads"]]
    assert covered[-1] == 5000
    assert max(later - earlier for earlier, later in pairwise(covered)) <= 1000


async def test_no_checkpoint_is_made_when_nothing_happens(log: Log, recorder: Recorder) -> None:
    await asyncio.sleep(1.2)
    assert log.rows("SELECT count(*) FROM audit_checkpoints") == [(1,)]


async def test_last_checkpoint_covers_everything_when_the_recorder_closes(log: Log, recorder: Recorder) -> None:
    waiting = [asyncio.create_task(recorder.record(numbered(number))) for number in range(50)]
    await asyncio.sleep(0)
    await asyncio.to_thread(recorder.close)
    assert len(await asyncio.gather(*waiting)) == 50
    assert log.verify().uncovered == 0
    with pytest.raises(AuditUnavailable):
        await recorder.record(PERMITTED)
    recorder.close()


async def test_refused_tokens_are_written_down_within_a_second(log: Log, recorder: Recorder) -> None:
    for _ in range(3):
        recorder.count_refused_token("192.0.2.1")
    await asyncio.sleep(1)
    assert log.rows("SELECT address, sum(refusals) FROM refused_tokens GROUP BY address") == [("192.0.2.1", 3)]
    recorder.count_refused_token("192.0.2.1")
    recorder.close()
    assert log.rows("SELECT sum(refusals) FROM refused_tokens") == [(4,)]


@pytest.mark.clause("threats.md R6")
async def test_records_are_refused_while_the_database_is_away_and_taken_when_it_is_back(
    log: Log, recorder: Recorder
) -> None:
    await recorder.record(PERMITTED)
    files = log.files()
    for path in files:
        path.rename(away(path))
    for _ in range(3):
        with pytest.raises(AuditUnavailable):
            await recorder.record(PERMITTED)
        recorder.count_refused_token("192.0.2.1")
        await asyncio.sleep(0.3)
    assert not log.path.exists()
    for path in files:
        away(path).rename(path)
    recorded = await until_recorded(recorder)
    assert recorded == Recorded(2, 1)
    recorder.close()
    result = log.verify()
    assert (result.records, result.writers, result.uncovered, result.fault) == (2, 2, 0, None)
    assert log.rows("SELECT sum(refusals) FROM refused_tokens") == [(3,)]


@pytest.mark.clause("threats.md R6")
async def test_records_are_refused_when_an_empty_database_took_the_place(log: Log, recorder: Recorder) -> None:
    for path in log.files():
        path.unlink()
    make_log(log.path.parent)
    for _ in range(3):
        with pytest.raises(AuditUnavailable):
            await recorder.record(PERMITTED)
        await asyncio.sleep(0.3)
    assert numbers(log) == []


def test_recorder_does_not_start_without_database(tmp_path: Path) -> None:
    log = Log(tmp_path / "none.db")
    with pytest.raises(AuditUnavailable):
        Recorder.start(log.url, log.keys, log.witness)
    assert list(tmp_path.iterdir()) == []


async def test_recorder_does_not_start_with_another_key(log: Log, recorder: Recorder) -> None:
    with pytest.raises(AuditUnavailable, match="another key"):
        Recorder.start(log.url, SigningKeys([OTHER_KEY]), log.witness)


async def test_recorder_does_not_start_on_a_file_that_is_no_database(tmp_path: Path) -> None:
    log = Log(tmp_path / "portal.db")
    log.path.write_bytes(b"no database" * 1000)
    with pytest.raises(AuditUnavailable):
        Recorder.start(log.url, log.keys, log.witness)
