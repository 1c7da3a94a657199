"""A month's statistics of a busy log, on both databases: what the plan reads, and with a crowd of records how long."""

import asyncio
import os
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from portal.audit.log_readings import LogReadings, Reading
from portal.audit.readers import AuditReach
from portal.audit.statistics import Count, Grouping, StatisticsQuestion, compile_statistics, read_statistics
from portal.errors import TooComplex
from portal.storage.addresses import database_url
from portal.storage.database import for_writing, open_sync_database
from portal.storage.migrating import upgrade_database
from tests.fixtures.postgres import Databases
from tests.fixtures.postgres_portal import set_up_portal

RECORDS = int(os.environ.get("PORTAL_TEST_STATISTICS", "2000000"))
FEW = 5000
MOST_SECONDS = 4.0
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
MONTH = {"since": BEGIN, "until": BEGIN + timedelta(days=31)}
ALL = AuditReach(everything=True)

SERIES = {
    "sqlite": "WITH RECURSIVE series(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM series WHERE n + 1 < :count)"
    " SELECT n FROM series",
    "postgresql": "SELECT generate_series(0, :count - 1) AS n",
}
MOMENT = {
    "sqlite": "strftime('%Y-%m-%dT%H:%M:%S', '2026-01-01', (n * 2592000 / :count) || ' seconds')",
    "postgresql": """to_char(timestamp '2026-01-01' + n::bigint * 2592000 / :count * interval '1 second',
                     'YYYY-MM-DD"T"HH24:MI:SS')""",
}
"""Thirty days, evenly."""
# Entries, departments and purposes run against each other, so that most days have thousands of combinations.
FILL = """
INSERT INTO audit_records
    (writer, sequence, time, subject, department, entry, decision, row_count, record, hash, act, purpose)
SELECT 1, n + 1, {moment} || '.000000Z', 'application:a', 'd' || (n * 7 / 3 % 40), 'e' || (n * 13 / 5 % 60),
    CASE WHEN n % 25 = 0 THEN 'deny' ELSE 'permit' END, n % 100, {text}, {hash}, NULL, 'p' || (n / 11 % 5)
FROM ({series}) AS series
"""
PARTS = """
INSERT INTO audit_parts (entry, time, writer, sequence, department, decision, row_count, purpose)
SELECT 'linked', time, writer, sequence, department, decision, 1, purpose FROM audit_records WHERE sequence % 10 = 0
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, postgres: Databases, tmp_path: Path) -> Iterator[str]:
    """A database with the portal's tables."""
    if request.param == "sqlite":
        upgrade_database(database_url(tmp_path / "portal.db"))
        yield database_url(tmp_path / "portal.db")
    else:
        with set_up_portal(postgres) as settings:
            yield settings["PORTAL_OWNER_DATABASE_URL"]


def fill(url: str, count: int) -> None:
    """Write records straight into the tables: only what statistics read is true of them."""
    engine = open_sync_database(url)
    name = engine.dialect.name
    pad = "hex(zeroblob(200))" if name == "sqlite" else "repeat('0', 400)"
    filled = FILL.format(
        moment=MOMENT[name], series=SERIES[name], text=pad, hash="x'00'" if name == "sqlite" else r"'\\x00'::bytea"
    )
    with for_writing(engine).begin() as connection:
        connection.execute(text(filled), {"count": count})
        connection.execute(text(PARTS))
    if name == "postgresql":
        # As the server does by itself after a while.
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE audit_records"))
            connection.execute(text("VACUUM ANALYZE audit_parts"))
    engine.dispose()


def read(url: str, question: StatisticsQuestion, seconds: float = 60) -> list[Count]:
    """The counts, as a server reads them."""
    with closing(LogReadings(url, seconds)) as readings:
        return asyncio.run(readings.run(lambda reading: read_statistics(reading, ALL, question)))


def plan_of(reading: Reading, question: StatisticsQuestion) -> str:
    compiled = compile_statistics(ALL, question).compile(
        reading.connection.engine, compile_kwargs={"literal_binds": True}
    )
    explain = "EXPLAIN QUERY PLAN" if reading.connection.dialect.name == "sqlite" else "EXPLAIN"
    return "\n".join(str(row) for row in reading.connection.exec_driver_sql(f"{explain} {compiled}"))


@pytest.mark.parametrize("by", Grouping)
def test_statistics_add_up_on_both_databases(url: str, by: Grouping) -> None:
    fill(url, FEW)
    counts = read(url, StatisticsQuestion(by=by, limit=1000, **MONTH))  # type: ignore[arg-type]
    assert sum(count.uses for count in counts) == FEW + FEW // 10
    assert sum(count.denied for count in counts) == len(range(0, FEW, 25)) + linked_denials()
    assert sum(count.rows for count in counts) == sum(n % 100 for n in range(FEW)) + FEW // 10
    if by is Grouping.DAY:
        # The last eight hours of a day of UTC are the next one's in Beijing.
        assert [counts[-1].key, counts[0].key] == ["2026-01-01", "2026-01-31"]
        assert counts[-1].uses * 2 == pytest.approx(counts[-2].uses * 4 / 3, rel=0.02)


def linked_denials() -> int:
    """How many of the refused ones read by a link: every tenth record did."""
    return sum(1 for n in range(FEW) if n % 25 == 0 and (n + 1) % 10 == 0)


def test_statistics_read_the_index_in_its_order_and_sort_no_records(url: str) -> None:
    fill(url, FEW)
    with closing(LogReadings(url, 60)) as readings:
        for by in Grouping:
            question = StatisticsQuestion(by=by, since=BEGIN, until=BEGIN + timedelta(days=2))
            plan = asyncio.run(readings.run(lambda reading, question=question: plan_of(reading, question)))  # type: ignore[misc]
            assert "ix_audit_records_day" in plan, plan
            assert "ix_audit_records_time" not in plan, plan


@pytest.mark.campaign
def test_statistics_of_a_month_of_two_million_records(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    fill(url, RECORDS)
    lines, slowest = [], 0.0
    for by in Grouping:
        begun = time.perf_counter()
        counts = read(url, StatisticsQuestion(by=by, **MONTH))  # type: ignore[arg-type]
        took = time.perf_counter() - begun
        lines.append(f"  by {by:10} {took:6.2f} s, {sum(count.uses for count in counts):,} uses")
        slowest = max(slowest, took)
    with capsys.disabled():
        name = url.partition(":")[0]
        sys.stdout.write(f"\nstatistics of {RECORDS:,} records, {name}:\n" + "\n".join(lines) + "\n")
    assert slowest < MOST_SECONDS


@pytest.mark.campaign
def test_statistics_that_take_too_long_are_refused_with_advice(url: str) -> None:
    fill(url, RECORDS // 4)
    begun = time.perf_counter()
    with pytest.raises(TooComplex, match="name a shorter time"):
        read(url, StatisticsQuestion(by=Grouping.ENTRY), seconds=0.05)
    assert time.perf_counter() - begun < 2
