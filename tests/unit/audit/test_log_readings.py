"""Reading the log for people: beside the writer, within a time limit, on connections that can't write."""

import sqlite3
from contextlib import closing
from time import monotonic

import pytest
from sqlalchemy import delete, func, select
from sqlalchemy.exc import DBAPIError

from portal.audit.log_readings import LogReadings, Reading
from portal.errors import AuditUnavailable, TooComplex
from portal.storage.audit_tables import audit_records
from tests.fixtures.postgres import Databases
from tests.fixtures.postgres_log import fresh_log
from tests.unit.audit.logs import EPOCH, Log, write_many


@pytest.fixture
def filled(log: Log) -> Log:
    with closing(log.open()) as ledger:
        write_many(ledger, 100)
    return log


def count(reading: Reading) -> int:
    return int(reading.connection.scalar(select(func.count()).select_from(audit_records)) or 0)


def count_for_ever(reading: Reading) -> int:
    """A hundred million rows and more."""
    others = [audit_records.alias(f"a{number}") for number in range(5)]
    return int(reading.connection.scalar(select(func.count()).select_from(*others)) or 0)


async def test_log_is_read_beside_its_writer(filled: Log) -> None:
    readings = LogReadings(filled.url, 10)
    with closing(filled.open()) as ledger:
        write_many(ledger, 3)
        assert await readings.run(count) == 103
        write_many(ledger, 4)
        assert await readings.run(count) == 107
    readings.close()


@pytest.mark.filterwarnings("ignore:SELECT statement has a cartesian product")
async def test_reading_is_ended_in_words_when_it_takes_too_long(filled: Log) -> None:
    readings = LogReadings(filled.url, 0.2)
    began = monotonic()
    with pytest.raises(TooComplex, match="`since` and `until`"):
        await readings.run(count_for_ever)
    assert monotonic() - began < 5
    # The connection serves the next one.
    assert await readings.run(count) == 100
    readings.close()


async def test_many_short_statements_end_at_the_deadline_too(filled: Log) -> None:
    readings = LogReadings(filled.url, 0.0)
    with pytest.raises(TooComplex):
        await readings.run(lambda reading: reading.check_time())
    await readings.run(lambda reading: reading.check_time(), 10)
    readings.close()


async def test_log_that_cannot_be_read_is_told_so(filled: Log) -> None:
    with closing(sqlite3.connect(filled.path)) as raw, raw:
        raw.execute("DROP TABLE audit_records")
    readings = LogReadings(filled.url, 10)
    with pytest.raises(AuditUnavailable, match="can't be read"):
        await readings.run(count)
    readings.close()


def test_readings_that_never_began_close(filled: Log) -> None:
    LogReadings(filled.url, 10).close()


@pytest.mark.heavy
@pytest.mark.filterwarnings("ignore:SELECT statement has a cartesian product")
async def test_postgres_ends_what_takes_too_long_and_writes_nothing(postgres: Databases) -> None:
    with fresh_log(postgres, EPOCH) as url:
        readings = LogReadings(url, 0.3)
        assert await readings.run(count) == 0

        def generate(reading: Reading) -> None:
            reading.connection.scalar(select(func.count()).select_from(func.generate_series(1, 10**10)))

        def remove(reading: Reading) -> None:
            with pytest.raises(DBAPIError):
                reading.connection.execute(delete(audit_records))
            raise TooComplexForTheTest

        with pytest.raises(TooComplex):
            await readings.run(generate)
        with pytest.raises(TooComplexForTheTest):
            await readings.run(remove)
        readings.close()


class TooComplexForTheTest(Exception):
    """Ends a transaction that failed."""
