"""Executing in PostgreSQL: reads of one state, of granted tables alone, each within its time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from time import monotonic

import pytest
import pytest_asyncio

from portal.access.executing import Executed
from portal.access.postgres_source import PostgresSource
from portal.access.statement import Read, RowLayout, Statement
from portal.conditions.tree import ValueType
from portal.errors import SourceUnavailable, TooComplex
from portal.storage.accounts import PortalAddresses, set_up_server
from portal.storage.data_store import ColumnSpec, TableLayout, create_dataset, data_table
from portal.storage.database import for_writing, open_sync_database
from portal.storage.postgresql import connect_sync
from tests.fixtures.postgres import Databases, postgres_server

NOTHING = RowLayout((), (), ())
CODE = ColumnSpec("code", ValueType.STRING)
COUNT = Statement("SELECT count(*) FROM dataset_1", ())
SLOW = Statement("SELECT 1 FROM pg_sleep(5)", ())


@pytest.fixture(scope="module")
def addresses(postgres: Databases) -> PortalAddresses:
    made = set_up_server(postgres.url, "portal_test_source")
    postgres.created += ["portal_test_source", "portal_test_source_data"]
    engine = open_sync_database(made.owner_data)
    for name in ("dataset_1", "dataset_2"):
        with for_writing(engine).begin() as connection:
            rows = ((number, f"r{number:03}") for number in range(50))
            list(create_dataset(connection, data_table(name, [CODE]), TableLayout((CODE,), ("code",)), rows))
    engine.dispose()
    return made


@pytest_asyncio.fixture
async def source(addresses: PortalAddresses) -> AsyncIterator[PostgresSource]:
    opened = PostgresSource(addresses.data, connections=2, timeout_seconds=0.5)
    yield opened
    opened.close()
    await asyncio.sleep(0)


def reading(sql: str, *parameters: object, tables: tuple[str, ...] = ("dataset_1",)) -> Read:
    return Read(NOTHING, Statement(sql, parameters), None, tables=tables)


async def test_read_gives_rows_and_total_as_asked(source: PostgresSource) -> None:
    rows = Statement("SELECT code FROM dataset_1 ORDER BY code LIMIT $1::int", (2,))
    both = Read(NOTHING, rows, COUNT, tables=("dataset_1",))
    assert await source.execute(both) == Executed([("r000",), ("r001",)], 50)
    assert await source.execute(replace(both, rows=None)) == Executed(None, 50)
    assert await source.execute(replace(both, rows=None, total=None)) == Executed(None, None)


@pytest.mark.clause("threats.md T1 T19")
async def test_table_that_was_not_granted_shows_no_row(source: PostgresSource) -> None:
    other = "SELECT code FROM dataset_2"
    assert (await source.execute(reading(other))).rows == []
    assert len((await source.execute(reading(other, tables=("dataset_2",)))).rows or []) == 50
    # What the read before was granted is forgotten, though the connection is the same.
    assert (await source.execute(reading(other))).rows == []


async def test_rows_and_total_are_of_one_state_of_the_data(source: PostgresSource, addresses: PortalAddresses) -> None:
    slow = Statement("SELECT count(*) FROM dataset_1, pg_sleep(0.3)", ())

    def write() -> None:
        with closing(connect_sync(addresses.owner_data)) as connection, connection.transaction():
            connection.execute("SELECT set_config('portal.granted', ',dataset_1,', true)")
            connection.execute("INSERT INTO dataset_1 VALUES (99, 'r099')")

    async def write_meanwhile() -> None:
        await asyncio.sleep(0.1)
        await asyncio.to_thread(write)

    read = Read(NOTHING, slow, COUNT, tables=("dataset_1",))
    executed, _ = await asyncio.gather(source.execute(read), write_meanwhile())
    assert executed == Executed([(50,)], 50)
    assert (await source.execute(replace(read, rows=None))).total == 51


async def test_statement_beyond_its_time_is_given_up_and_the_next_are_answered(source: PostgresSource) -> None:
    started = monotonic()
    for _ in range(3):
        with pytest.raises(SourceUnavailable, match="reading took too long"):
            await source.execute(Read(NOTHING, SLOW, None))
    assert monotonic() - started < 4
    assert (await source.execute(Read(NOTHING, None, COUNT, tables=("dataset_1",)))).total is not None


@pytest.mark.clause("threats.md R33")
async def test_read_that_is_cancelled_leaves_nothing_behind(source: PostgresSource, addresses: PortalAddresses) -> None:
    for _ in range(20):
        reading_on = asyncio.ensure_future(source.execute(Read(NOTHING, SLOW, None, tables=("dataset_2",))))
        await asyncio.sleep(0.02)
        reading_on.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading_on
        assert (await source.execute(reading("SELECT code FROM dataset_2"))).rows == []
    await asyncio.sleep(0.2)
    with closing(connect_sync(addresses.owner_data)) as connection:
        left = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%pg_sleep(5)%'"
        assert connection.execute(f"{left} AND state = 'active' AND pid <> pg_backend_pid()").fetchone() == (0,)


async def test_many_reads_at_the_same_time_are_all_answered(source: PostgresSource) -> None:
    total = Read(NOTHING, None, COUNT, tables=("dataset_1",))
    assert len(await asyncio.gather(*(source.execute(total) for _ in range(50)))) == 50


@pytest.mark.parametrize("sql", ["SELECT secret FROM dataset_1", "no sql", "DELETE FROM dataset_1", "SELECT 1/0"])
async def test_what_can_not_be_read_is_unavailable_and_tells_nothing_of_it(source: PostgresSource, sql: str) -> None:
    with pytest.raises(SourceUnavailable) as refused:
        await source.execute(reading(sql))
    assert "secret" not in refused.value.text.en + refused.value.text.zh
    assert refused.value.text.en == "the entry's rows can't be read now; try again later"


async def test_statement_beyond_what_postgresql_takes_is_too_complex(source: PostgresSource) -> None:
    nested = "SELECT " + "(" * 20_000 + "1" + ")" * 20_000
    with pytest.raises(TooComplex):
        await source.execute(reading(nested))
    with pytest.raises(TooComplex):
        await source.execute(reading("SELECT 1", *range(40_000)))


async def answered_within(seconds: float, source: PostgresSource, read: Read) -> Executed:
    """What the read gives as soon as it gives anything."""
    deadline = monotonic() + seconds
    while True:
        try:
            return await source.execute(read)
        except SourceUnavailable:
            assert monotonic() < deadline
            await asyncio.sleep(0.1)


@pytest.mark.clause("threats.md R7")
async def test_source_answers_again_when_its_server_is_back() -> None:
    with postgres_server() as server:
        source = PostgresSource(server.url, connections=2, timeout_seconds=0.5)
        one = Read(NOTHING, Statement("SELECT 1", ()), None)
        assert (await source.execute(one)).rows == [(1,)]
        await asyncio.to_thread(server.stop, "immediate")
        for _ in range(10):
            with pytest.raises(SourceUnavailable):
                await source.execute(one)
        await asyncio.to_thread(server.start)
        assert (await answered_within(5, source, one)).rows == [(1,)]
        source.close()
        await asyncio.sleep(0)
