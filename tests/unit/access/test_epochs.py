"""The epoch, and the clock in PostgreSQL: read for each request, doubted when off; what is heard only warms."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

import pytest
import pytest_asyncio

from portal.access.epochs import MAX_SKEW, ClockReading, PostgresEpochs, SqliteEpochs, clock_in_doubt
from portal.errors import PolicyUnavailable
from portal.storage.addresses import database_path, database_url
from portal.storage.database import open_database
from portal.storage.migrating import upgrade_database
from portal.storage.postgresql import connect_sync
from portal.storage.present import Present
from tests.faults.tcp_proxy import tcp_proxy
from tests.fixtures.postgres import Databases

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def url(postgres: Databases) -> Iterator[str]:
    made = postgres.create_database()
    upgrade_database(made)
    yield made
    postgres.drop_databases()


@pytest_asyncio.fixture
async def epochs(url: str) -> AsyncIterator[PostgresEpochs]:
    opened = PostgresEpochs(url)
    yield opened
    await opened.close()
    await asyncio.sleep(0)


def change(url: str, statement: str) -> None:
    with closing(connect_sync(url)) as connection:
        connection.execute(statement.encode())


async def test_epoch_is_nought_before_the_first_and_then_what_holds(epochs: PostgresEpochs, url: str) -> None:
    assert await epochs.read() == Present(0, 0)
    change(url, "INSERT INTO epoch VALUES (1, 7, '')")
    assert await epochs.read() == Present(7, 0)
    change(url, "UPDATE epoch SET value = 8")
    assert await epochs.read() == Present(8, 0)


async def test_time_is_the_databases_once_it_was_read(epochs: PostgresEpochs) -> None:
    await epochs.read()
    first = epochs.now()
    await asyncio.sleep(0.05)
    assert timedelta(milliseconds=45) < epochs.now() - first < SECOND
    assert abs(epochs.now() - datetime.now(UTC)) < SECOND


@pytest.mark.parametrize(
    ("database", "asked", "answered", "skew"),
    [
        pytest.param(NOON, NOON, NOON, timedelta(), id="same"),
        pytest.param(NOON + SECOND, NOON, NOON + 2 * SECOND, timedelta(), id="within the time it took"),
        pytest.param(NOON, NOON + 3 * SECOND, NOON + 4 * SECOND, 3 * SECOND, id="worker ahead"),
        pytest.param(NOON, NOON - 4 * SECOND, NOON - 3 * SECOND, 3 * SECOND, id="worker behind"),
    ],
)
def test_skew_is_what_the_way_there_can_not_explain(
    database: datetime, asked: datetime, answered: datetime, skew: timedelta
) -> None:
    assert ClockReading(database, asked, answered).skew == skew


def clock_off_by(off: timedelta) -> Callable[[], datetime]:
    return lambda: datetime.now(UTC) + off


@pytest.mark.clause("threats.md T41 R12")
@pytest.mark.parametrize("off", [-timedelta(days=1), -3 * SECOND, 3 * SECOND, timedelta(days=400)])
async def test_clock_that_is_off_leaves_nothing_permitted(url: str, off: timedelta) -> None:
    epochs = PostgresEpochs(url, clock_off_by(off))
    with pytest.raises(PolicyUnavailable, match="s off the database's; nothing is permitted until it is set"):
        await epochs.read()
    await epochs.close()
    await asyncio.sleep(0)


@pytest.mark.parametrize("off", [-1.5 * SECOND, 1.5 * SECOND])
async def test_clock_a_little_off_is_taken_and_the_databases_counts(url: str, off: timedelta) -> None:
    epochs = PostgresEpochs(url, clock_off_by(off))
    await epochs.read()
    assert abs(epochs.now() - datetime.now(UTC)) < SECOND
    await epochs.close()
    await asyncio.sleep(0)


def test_doubt_says_how_far_the_clock_is_off() -> None:
    assert "2.5 s off" in clock_in_doubt(MAX_SKEW + SECOND / 2).text.en


async def test_change_is_heard(epochs: PostgresEpochs, url: str) -> None:
    heard = asyncio.Event()
    listening = asyncio.ensure_future(epochs.listen(heard.set))
    try:
        await asyncio.wait_for(heard.wait(), 5)
        heard.clear()
        await asyncio.to_thread(change, url, "INSERT INTO epoch VALUES (1, 1, '')")
        await asyncio.wait_for(heard.wait(), 5)
    finally:
        listening.cancel()


@pytest.mark.clause("threats.md R10")
async def test_listener_that_was_lost_listens_again(epochs: PostgresEpochs, url: str) -> None:
    heard = asyncio.Event()
    listening = asyncio.ensure_future(epochs.listen(heard.set))
    try:
        await asyncio.wait_for(heard.wait(), 5)
        heard.clear()
        kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = "
        await asyncio.to_thread(change, url, f"{kill}current_database()")
        # It tells of itself: what changed meanwhile went unheard.
        await asyncio.wait_for(heard.wait(), 5)
    finally:
        listening.cancel()


@pytest.mark.clause("threats.md R9 G11")
async def test_worker_that_is_cut_off_denies_within_two_seconds_and_comes_back(url: str) -> None:
    host, port = url.rpartition("@")[2].partition("/")[0].split(":")
    with tcp_proxy(host, int(port)) as proxy:
        epochs = PostgresEpochs(url.replace(f"{host}:{port}", f"127.0.0.1:{proxy.port}"))
        assert await epochs.read() == Present(0, 0)
        proxy.pause()
        began = monotonic()
        with pytest.raises(PolicyUnavailable):
            await epochs.read()
        assert monotonic() - began < 2
        proxy.resume()
        proxy.cut()
        deadline = monotonic() + 5
        while monotonic() < deadline:
            try:
                assert await epochs.read() == Present(0, 0)
            except PolicyUnavailable:
                await asyncio.sleep(0.1)
            else:
                break
        else:
            pytest.fail("it doesn't come back")
        await epochs.close()
        await asyncio.sleep(0)


@pytest.fixture
def file_url(tmp_path: Path) -> str:
    url = database_url(tmp_path / "portal.db")
    upgrade_database(url)
    return url


@pytest_asyncio.fixture
async def in_file(file_url: str) -> AsyncIterator[SqliteEpochs]:
    engine = open_database(file_url)
    opened = SqliteEpochs(file_url, engine)
    yield opened
    await opened.close()
    await engine.dispose()


def write(url: str, *statements: str) -> None:
    with closing(sqlite3.connect(database_path(url))) as connection, connection:
        for statement in statements:
            connection.execute(statement)


async def test_epoch_of_a_file_is_what_holds_at_each_reading(in_file: SqliteEpochs, file_url: str) -> None:
    assert await in_file.read() == Present(0, 0)
    write(file_url, "INSERT INTO epoch VALUES (1, 0, '')")
    for value in (1, 2, 3):
        write(file_url, "UPDATE epoch SET value = value + 1")
        assert await in_file.read() == Present(value, 0)


async def test_epoch_of_a_file_is_waited_for_while_another_holds_it_alone(in_file: SqliteEpochs, file_url: str) -> None:
    write(file_url, "INSERT INTO epoch VALUES (1, 5, '')")
    assert await in_file.read() == Present(5, 0)
    with closing(sqlite3.connect(database_path(file_url), isolation_level=None)) as holder:
        await in_file.close()
        holder.execute("PRAGMA locking_mode=EXCLUSIVE")
        holder.execute("BEGIN EXCLUSIVE")
        reading = asyncio.create_task(in_file.read())
        # Whoever waits for the file leaves everybody else their turn.
        for _ in range(20):
            await asyncio.sleep(0.01)
            assert not reading.done()
        holder.execute("ROLLBACK")
        holder.execute("PRAGMA locking_mode=NORMAL")
        holder.execute("SELECT * FROM epoch").fetchall()

    assert await reading == Present(5, 0)
    assert await in_file.read() == Present(5, 0)


async def test_file_that_is_no_database_denies(in_file: SqliteEpochs, file_url: str) -> None:
    database_path(file_url).write_bytes(b"no database at all" * 100)
    with pytest.raises(PolicyUnavailable):
        await in_file.read()
