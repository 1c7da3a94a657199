import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from portal.audit.ledger import Ledger, submit
from portal.audit.receipts import QuotaExhausted, Recorded, StaleEpoch
from portal.audit.records import Quota
from portal.audit.signing import SigningKeys
from portal.errors import AuditUnavailable
from portal.vocabulary import EntryCode
from tests.unit.audit.logs import (
    ENTRY,
    EPOCH,
    KEY,
    OTHER_KEY,
    PERMITTED,
    REFUSED,
    SUBJECT,
    Log,
    make_log,
    write,
    write_many,
)

DAY = date(2026, 1, 31)
OTHER_ENTRY = EntryCode("303001001/00002")


def quota(rows: int, limit: int | None, subject: str = SUBJECT, entry: EntryCode = ENTRY, day: date = DAY) -> Quota:
    return Quota(subject, entry, day, rows, limit)


def record_numbers(log: Log) -> list[tuple[object, ...]]:
    return log.rows("SELECT writer, sequence FROM audit_records ORDER BY writer, sequence")


def checkpoint_heads(log: Log) -> list[list[list[object]]]:
    """The heads that each checkpoint names, without their hashes."""
    bodies = log.rows("SELECT body FROM audit_checkpoints ORDER BY number")
    return [[head[:2] for head in json.loads(str(body))["heads"]] for (body,) in bodies]


def test_record_is_in_the_database_with_its_columns_and_a_receipt(log: Log) -> None:
    ledger = log.open()
    recorded = write(ledger)
    assert recorded == Recorded(1, 1)
    assert recorded.receipt == "1-1"
    ledger.close()
    [row] = log.rows(
        "SELECT writer, sequence, time, subject, department, application, user_id, entry, decision, row_count, record "
        "FROM audit_records"
    )
    document = json.loads(str(row[-1]))
    assert row[:-1] == (
        1,
        1,
        "2026-01-31T08:00:00.000000Z",
        "application:demo-app",
        "11999999MB0000019T",
        "demo-app",
        None,
        ENTRY,
        "permit",
        3,
    )
    assert list(document)[:3] == ["writer", "sequence", "time"]
    assert document["epoch"] == EPOCH


def test_writer_numbers_are_never_given_again_even_when_rows_are_deleted(log: Log) -> None:
    log.open().close()
    with closing(sqlite3.connect(log.path)) as connection:
        connection.execute("DELETE FROM audit_writers")
        connection.commit()
    ledger = log.open()
    assert write(ledger) == Recorded(2, 1)
    ledger.close()


@pytest.mark.clause("threats.md T15")
def test_records_of_another_epoch_are_not_written_and_the_others_are(log: Log) -> None:
    ledger = log.open()
    log.set_epoch(EPOCH + 1)
    old, new = submit(PERMITTED, ()), submit(replace(PERMITTED, epoch=EPOCH + 1), ())
    refused = submit(REFUSED, ())
    assert ledger.append([old, new, refused, new]) == [
        StaleEpoch(EPOCH + 1),
        Recorded(1, 1),
        StaleEpoch(EPOCH + 1),
        Recorded(1, 2),
    ]
    ledger.close()
    assert record_numbers(log) == [(1, 1), (1, 2)]


def test_no_epoch_is_epoch_zero(log: Log) -> None:
    with closing(sqlite3.connect(log.path)) as connection:
        connection.execute("DELETE FROM epoch")
        connection.commit()
    ledger = log.open()
    assert write(ledger) == StaleEpoch(0)
    ledger.close()


def test_rows_are_counted_by_subject_entry_and_day(log: Log) -> None:
    ledger = log.open()
    write(ledger, PERMITTED, quota(3, None), quota(5, None, entry=OTHER_ENTRY))
    write(ledger, PERMITTED, quota(4, 100))
    write(ledger, PERMITTED, quota(1, None, subject="user:u1"), quota(1, None, day=DAY + timedelta(days=1)))
    ledger.close()
    assert log.rows("SELECT subject, entry, day, row_count FROM daily_rows ORDER BY 1, 2, 3") == [
        (SUBJECT, ENTRY, "2026-01-31", 7),
        (SUBJECT, ENTRY, "2026-02-01", 1),
        (SUBJECT, OTHER_ENTRY, "2026-01-31", 5),
        ("user:u1", ENTRY, "2026-01-31", 1),
    ]


def test_rows_are_refused_above_the_days_limit_and_nothing_is_written(log: Log) -> None:
    ledger = log.open()
    assert write(ledger, PERMITTED, quota(7, 10)) == Recorded(1, 1)
    assert write(ledger, PERMITTED, quota(1, None, entry=OTHER_ENTRY), quota(4, 10)) == QuotaExhausted(ENTRY, 3)
    assert write(ledger, PERMITTED, quota(3, 10)) == Recorded(1, 2)
    assert write(ledger, PERMITTED, quota(1, 10)) == QuotaExhausted(ENTRY, 0)
    assert write(ledger, PERMITTED, quota(0, 10)) == Recorded(1, 3)
    assert write(ledger, PERMITTED, quota(1, 5)) == QuotaExhausted(ENTRY, 0)
    ledger.close()
    assert log.rows("SELECT entry, row_count FROM daily_rows") == [(ENTRY, 10)]
    assert len(record_numbers(log)) == 3


def test_rows_of_records_that_share_a_transaction_are_added_up(log: Log) -> None:
    ledger = log.open()
    submissions = [submit(PERMITTED, (quota(4, 10),)) for _ in range(3)]
    assert ledger.append(submissions) == [Recorded(1, 1), Recorded(1, 2), QuotaExhausted(ENTRY, 2)]
    ledger.close()
    assert log.rows("SELECT row_count FROM daily_rows") == [(8,)]


def test_rows_of_one_entry_that_a_record_reads_twice_are_added_up(log: Log) -> None:
    ledger = log.open()
    assert write(ledger, PERMITTED, quota(6, 10), quota(6, 10)) == QuotaExhausted(ENTRY, 4)
    assert write(ledger, PERMITTED, quota(6, 10), quota(4, 10)) == Recorded(1, 1)
    ledger.close()
    assert log.rows("SELECT row_count FROM daily_rows") == [(10,)]


def test_chain_goes_on_where_it_was_when_a_transaction_fails(log: Log) -> None:
    ledger = log.open()
    write(ledger)
    with pytest.raises(sqlite3.IntegrityError):
        write(ledger, PERMITTED, Quota(None, ENTRY, DAY, 1, None))  # type: ignore[arg-type]
    assert record_numbers(log) == [(1, 1)]
    assert log.rows("SELECT * FROM daily_rows") == []
    assert write(ledger) == Recorded(1, 2)
    ledger.checkpoint()
    ledger.close()
    assert log.verify().fault is None


def test_first_checkpoint_covers_the_new_chain_and_what_others_left(log: Log) -> None:
    killed = log.open()
    write_many(killed, 3)
    killed.close()
    assert log.verify().uncovered == 3
    log.open().close()
    assert checkpoint_heads(log) == [[[1, 0]], [[1, 3], [2, 0]]]
    assert log.verify().uncovered == 0


def test_checkpoint_names_the_chains_that_moved_those_of_others_too(log: Log) -> None:
    first, second, third = log.open(), log.open(), log.open()
    write_many(first, 2)
    write_many(second, 4)
    second.checkpoint()
    write_many(first, 1)
    second.checkpoint()
    first.checkpoint()
    assert checkpoint_heads(log)[3:] == [[[1, 2], [2, 4]], [[1, 3]], []]
    for ledger in (first, second, third):
        ledger.close()
    assert log.verify().fault is None


def test_uncovered_counts_the_writers_own_records(log: Log) -> None:
    first, second = log.open(), log.open()
    write_many(first, 2)
    write_many(second, 3)
    assert (first.uncovered, second.uncovered) == (2, 3)
    first.checkpoint()
    assert (first.uncovered, second.uncovered) == (0, 3)
    first.close()
    second.close()


def test_log_is_not_opened_with_another_key(log: Log) -> None:
    log.open().close()
    with pytest.raises(AuditUnavailable, match="another key"):
        Ledger(log.url, SigningKeys([OTHER_KEY]), None)
    assert log.rows("SELECT count(*) FROM audit_writers") == [(1,)]


def test_log_is_not_opened_when_its_last_checkpoint_was_edited(log: Log) -> None:
    log.open().close()
    with closing(sqlite3.connect(log.path)) as connection:
        connection.execute("UPDATE audit_checkpoints SET body = body || ' '")
        connection.commit()
    with pytest.raises(AuditUnavailable):
        log.open()


@pytest.mark.clause("threats.md R6")
def test_empty_log_is_not_opened_when_the_witness_knows_better(log: Log, tmp_path: Path) -> None:
    log.open().close()
    (tmp_path / "new").mkdir()
    new = make_log(tmp_path / "new")
    with pytest.raises(AuditUnavailable, match="replaced, cut or restored"):
        Ledger(new.url, SigningKeys([KEY]), log.witness)
    assert new.rows("SELECT count(*) FROM audit_writers") == [(0,)]


@pytest.mark.clause("threats.md T18")
def test_restored_log_is_not_opened_when_the_witness_knows_better(log: Log) -> None:
    log.open().close()
    old = log.path.read_bytes()
    log.open().close()
    log.path.write_bytes(old)
    with pytest.raises(AuditUnavailable, match="`2`"):
        log.open()
    log.witness.unlink()
    log.open().close()


@pytest.mark.clause("threats.md R6")
def test_no_log_is_made_when_there_is_no_database(log: Log) -> None:
    log.path.unlink()
    with pytest.raises(FileNotFoundError):
        log.open()
    assert not log.path.exists()


@pytest.mark.clause("threats.md R6")
@pytest.mark.parametrize("name", ["portal.db", "portal.db-wal"])
@pytest.mark.parametrize("is_replaced", [False, True])
def test_nothing_is_written_when_a_file_was_moved_away(log: Log, name: str, is_replaced: bool) -> None:
    ledger = log.open()
    path = log.path.with_name(name)
    content = path.read_bytes()
    path.rename(path.with_suffix(".moved"))
    if is_replaced:
        path.write_bytes(content)
    with pytest.raises(FileNotFoundError):
        write(ledger)
    ledger.close()
