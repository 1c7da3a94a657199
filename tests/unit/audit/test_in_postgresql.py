"""The log in PostgreSQL: many writers at once, the epoch held against changes, and what hangs cut."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from portal.audit.daily_rows import open_daily_rows
from portal.audit.in_postgresql import TRANSACTION_SECONDS, PostgresLog
from portal.audit.ledger import Ledger, submit
from portal.audit.receipts import QuotaExhausted, Recorded, StaleEpoch
from portal.audit.records import Quota
from portal.audit.signing import SigningKeys
from portal.errors import ConfigurationError
from portal.storage.migrating import upgrade_database
from portal.storage.postgresql import AdvisoryLock, connect_sync
from portal_verify.log import verify_log
from tests.faults.tcp_proxy import TcpProxy, tcp_proxy
from tests.fixtures.postgres import Databases, postgres_server
from tests.fixtures.postgres_log import fresh_log
from tests.unit.audit.logs import ENTRY, EPOCH, KEY, PERMITTED, SUBJECT, numbered, public_pem, write

DAY = PERMITTED.time.date()


@pytest.fixture
def url(postgres: Databases) -> Iterator[str]:
    with fresh_log(postgres, EPOCH) as made:
        yield made


def open_ledger(url: str) -> Ledger:
    return Ledger(url, SigningKeys([KEY]), None)


def run_sql(url: str, statement: str | sql.Composed) -> list[tuple[object, ...]]:
    with closing(connect_sync(url)) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def raise_epoch(url: str) -> None:
    run_sql(url, "UPDATE epoch SET value = value + 1")


def in_thread(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def quota(rows: int, limit: int | None) -> Quota:
    return Quota(SUBJECT, ENTRY, DAY, rows, limit)


def check_sound(url: str, records: int) -> None:
    result = verify_log(url, public_pem(KEY))
    assert (result.fault, result.records) == (None, records)


def test_writers_append_side_by_side_each_its_own_chain(url: str) -> None:
    with closing(open_ledger(url)) as one, closing(open_ledger(url)) as other:
        assert write(one) == Recorded(1, 1)
        assert write(other) == Recorded(2, 1)
        assert write(one) == Recorded(1, 2)
        one.checkpoint()
        write(other)
        other.checkpoint()
    check_sound(url, 4)


@pytest.mark.clause("threats.md T15 R10")
def test_record_of_an_earlier_epoch_is_not_written(url: str) -> None:
    with closing(open_ledger(url)) as ledger:
        write(ledger)
        raise_epoch(url)
        assert write(ledger) == StaleEpoch(EPOCH + 1)
        assert write(ledger, replace(PERMITTED, epoch=EPOCH + 1)) == Recorded(1, 2)


@pytest.mark.clause("enforcement.md §6")
def test_epoch_stays_while_a_transaction_records_under_it_whoever_would_change_it(url: str) -> None:
    with closing(PostgresLog(url)) as log:
        with log.transaction():
            assert log.hold_epoch() == EPOCH
            # By plain SQL, past everything that the portal does: the trigger waits all the same.
            changing = in_thread(lambda: raise_epoch(url))
            changing.join(0.3)
            assert changing.is_alive()
        changing.join(5)
        with log.transaction():
            assert log.hold_epoch() == EPOCH + 1


def test_transactions_share_the_epoch(url: str) -> None:
    with closing(PostgresLog(url)) as one, closing(PostgresLog(url)) as other, one.transaction(), other.transaction():
        assert one.hold_epoch() == other.hold_epoch() == EPOCH


@pytest.mark.clause("threats.md R11")
def test_server_lets_go_of_what_a_worker_holds_that_stopped_between_statements(url: str) -> None:
    """Nobody ends its session who waits for a lock that no trigger watches over."""
    log = PostgresLog(url)
    log.began()
    log._closed.set()
    holding = log.transaction()
    holding.__enter__()
    log.hold_checkpoints()
    milliseconds = int((TRANSACTION_SECONDS + 2) * 1000)
    lock = f"SELECT pg_advisory_xact_lock({AdvisoryLock.CHECKPOINT:d})"
    run_sql(url, f"SET statement_timeout = {milliseconds}; {lock}")
    with pytest.raises(psycopg.Error):
        holding.__exit__(None, None, None)
    log.close()


PARSE = b"P\0\0\0\x10\0SELECT 1\0\0\0"
BIND = b"B\0\0\0\x0c\0\0\0\0\0\0\0\0"


@pytest.mark.clause("threats.md R11")
@pytest.mark.parametrize(
    "sent",
    [b"", PARSE[:7], PARSE, PARSE + BIND[:6], PARSE + BIND],
    ids=["between", "in the first message", "behind the first", "in the second", "behind the second"],
)
def test_revocation_does_not_wait_for_a_worker_that_stopped_in_the_middle(url: str, sent: bytes) -> None:
    """Between statements, or in a large one, of which the driver sends parts: no timeout of the server runs then."""
    log = PostgresLog(url)
    log.began()
    # As a worker that was stopped there: neither it nor its watch goes on.
    log._closed.set()
    holding = log.transaction()
    holding.__enter__()
    log.hold_epoch()
    os.write(log._driver.fileno(), sent)
    began = time.monotonic()
    run_sql(url, "SET statement_timeout = '10s'; UPDATE epoch SET value = value + 1")
    assert time.monotonic() - began < TRANSACTION_SECONDS + 2
    with pytest.raises(psycopg.Error):
        holding.__exit__(None, None, None)
    log.close()


@pytest.mark.clause("threats.md R9 G11")
def test_transaction_is_cut_when_it_hangs(url: str) -> None:
    with closing(open_ledger(url)) as ledger, closing(connect_sync(url)) as blocking:
        blocking.execute("BEGIN")
        blocking.execute("LOCK TABLE audit_records")
        began = time.monotonic()
        with pytest.raises(psycopg.Error):
            write(ledger)
        assert time.monotonic() - began < TRANSACTION_SECONDS + 1
    with closing(open_ledger(url)) as ledger:
        assert write(ledger) == Recorded(2, 1)
    check_sound(url, 1)


def hold_while_it_stands_still(log: PostgresLog, proxy: TcpProxy) -> None:
    with log.transaction():
        proxy.pause()
        log.hold_epoch()


@pytest.mark.clause("threats.md R9 G11")
def test_connection_is_cut_and_that_is_told_when_the_server_stands_still(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    parts = urlsplit(url)
    with tcp_proxy(parts.hostname or "", parts.port or 5432) as proxy:
        log = PostgresLog(url.replace(f":{parts.port}/", f":{proxy.port}/"))
        log.began()
        began = time.monotonic()
        with pytest.raises(psycopg.Error):
            hold_while_it_stands_still(log, proxy)
        assert time.monotonic() - began < TRANSACTION_SECONDS + 1
        log.close()
    assert "didn't end within 2 s: its connection is cut" in caplog.text


def test_nothing_of_a_failed_transaction_is_written(url: str) -> None:
    with closing(open_ledger(url)) as ledger:
        write(ledger)
        with pytest.raises(psycopg.Error):
            write(ledger, replace(PERMITTED, rows=2**40))
    with closing(open_ledger(url)) as ledger:
        write(ledger)
        ledger.checkpoint()
    check_sound(url, 2)


@pytest.mark.clause("threats.md R28")
def test_counts_and_chains_are_whole_when_many_write_the_same_day(url: str) -> None:
    writers, each = 6, 30
    limit = writers * each - 20

    def write_all(writer: int) -> int:
        with closing(open_ledger(url)) as ledger:
            batches = (ledger.append([submit(numbered(writer * each + n), (quota(1, limit),))]) for n in range(each))
            return sum(isinstance(recording, Recorded) for batch in batches for recording in batch)

    with ThreadPoolExecutor(writers) as threads:
        recorded = sum(threads.map(write_all, range(writers)))
    assert recorded == limit
    assert run_sql(url, "SELECT row_count FROM daily_rows") == [(limit,)]
    check_sound(url, limit)


def test_limit_of_the_day_refuses_what_goes_beyond_it(url: str) -> None:
    with closing(open_ledger(url)) as ledger:
        write(ledger, PERMITTED, quota(5, 10))
        assert write(ledger, PERMITTED, quota(6, 10)) == QuotaExhausted(ENTRY, 5)


async def test_rows_of_the_day_are_read_as_committed(url: str) -> None:
    counts = open_daily_rows(url)
    assert await counts.read(SUBJECT, ENTRY, DAY.isoformat()) == 0
    with closing(open_ledger(url)) as ledger:
        write(ledger, PERMITTED, quota(5, None))
    assert await counts.read(SUBJECT, ENTRY, DAY.isoformat()) == 5
    counts.close()


@pytest.mark.clause("threats.md R2")
def test_commit_is_on_the_disk_whatever_the_account_is_set_to(url: str) -> None:
    run_sql(
        url, sql.SQL("ALTER DATABASE {} SET synchronous_commit = off").format(sql.Identifier(url.rpartition("/")[2]))
    )
    with closing(connect_sync(url)) as connection:
        assert connection.execute("SHOW synchronous_commit").fetchone() == ("on",)


@pytest.mark.clause("threats.md R2 R30")
@pytest.mark.parametrize("name", ["fsync", "full_page_writes"])
def test_server_that_forgets_at_a_power_cut_is_refused(name: str) -> None:
    with postgres_server({name: "off"}) as server:
        url = server.create_database()
        with pytest.raises(ConfigurationError, match=f"would lose what was committed at a power cut, for `{name}`"):
            upgrade_database(url)
        with pytest.raises(ConfigurationError, match="power cut"):
            PostgresLog(url)


def test_database_that_is_not_utf_8_is_refused(postgres: Databases) -> None:
    url = postgres.create_database(encoding="SQL_ASCII", locale="C")
    with pytest.raises(ConfigurationError, match="isn't in UTF-8"):
        upgrade_database(url)
