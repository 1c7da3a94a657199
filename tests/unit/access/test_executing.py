"""Executing: statements on read-only connections, each within its time, and what becomes of a failure."""

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest

from portal.access.executing import Executed
from portal.access.sqlite_source import SqliteSource
from portal.access.statement import GroupsRead, Read, RowLayout, Statement
from portal.errors import ErrorCode, SourceUnavailable, TooComplex
from portal.storage.addresses import database_url
from tests.fixtures.planned import compiled, entry_of, plan, write_rows
from tests.fixtures.sharing_bundle import residents

NOTHING = RowLayout((), (), ())
ENDLESS = "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


@pytest.fixture
def url(tmp_path: Path) -> str:
    rows = [(number, {"code": f"r{number:03}", "name": "合成"}) for number in range(50)]
    return write_rows(tmp_path, entry_of(residents()), rows)


@pytest.fixture
def source(url: str) -> Iterator[SqliteSource]:
    opened = SqliteSource(url, connections=2, timeout_seconds=0.3)
    yield opened
    opened.close()


def reading(sql: str, *parameters: object) -> Read:
    return Read(NOTHING, Statement(sql, parameters), None)


async def test_read_gives_rows_and_total_as_asked(source: SqliteSource) -> None:
    both = compiled(plan('{residents(where: {code: {lt: "r003"}}) {totalCount nodes {code}}}'))
    total = compiled(plan("{residents {totalCount}}"))
    nothing = compiled(plan("{residents {access {receipt}}}"))

    assert await source.execute(both) == Executed([(0, "r000"), (1, "r001"), (2, "r002")], 3)
    assert await source.execute(total) == Executed(None, 50)
    assert await source.execute(nothing) == Executed(None, None)


async def test_rows_and_total_are_of_one_state_of_the_data(source: SqliteSource, tmp_path: Path) -> None:
    # While the rows are read the writer commits; the count that follows must not see it.
    slow = Statement("SELECT count(*) FROM dataset_1 WHERE length(hex(randomblob(200000))) > 0", ())
    count = Statement("SELECT count(*) FROM dataset_1", ())

    async def write() -> None:
        await asyncio.sleep(0.01)
        writer = sqlite3.connect(tmp_path / "data.db")
        writer.execute("DELETE FROM dataset_1 WHERE _row_number < 25")
        writer.commit()
        writer.close()

    executed, _ = await asyncio.gather(source.execute(Read(NOTHING, slow, count)), write())

    assert executed == Executed([(50,)], 50)
    assert await source.execute(Read(NOTHING, None, count)) == Executed(None, 25)


@pytest.mark.clause("threats.md T3")
async def test_groups_are_of_one_state_with_the_rows_that_they_are_held_against(
    source: SqliteSource, tmp_path: Path
) -> None:
    # Were the two rows that come meanwhile seen, they would count as withheld, and take the group with them.
    slow = Statement("SELECT count(*) FROM dataset_1 WHERE length(hex(randomblob(200000))) > 0", ())
    groups = GroupsRead(slow, 100, 5, (Statement("SELECT count(*) FROM dataset_1", ()),))

    async def write() -> None:
        await asyncio.sleep(0.01)
        writer = sqlite3.connect(tmp_path / "data.db")
        writer.execute("INSERT INTO dataset_1 (_row_number, code) VALUES (50, 'r050'), (51, 'r051')")
        writer.commit()
        writer.close()

    executed, _ = await asyncio.gather(source.execute(Read(NOTHING, None, None, groups=(groups,))), write())

    assert executed == Executed(None, None, groups=([(50,)],))
    assert (await source.execute(compiled(plan("{residents {totalCount}}")))).total == 52


async def test_statement_beyond_its_time_is_given_up_and_the_next_are_answered(source: SqliteSource) -> None:
    started = monotonic()

    for _ in range(4):
        with pytest.raises(SourceUnavailable, match="reading took too long") as refused:
            await source.execute(reading(ENDLESS))
        assert refused.value.code is ErrorCode.SOURCE_UNAVAILABLE

    assert monotonic() - started < 4
    assert (await source.execute(compiled(plan("{residents {totalCount}}")))).total == 50


async def test_time_counts_anew_for_each_read(source: SqliteSource) -> None:
    for _ in range(3):
        await source.execute(compiled(plan("{residents {totalCount}}")))
        await asyncio.sleep(0.2)


async def test_many_reads_at_the_same_time_are_all_answered(source: SqliteSource) -> None:
    read = compiled(plan("{residents {totalCount}}"))

    found = await asyncio.gather(*(source.execute(read) for _ in range(200)))

    assert {executed.total for executed in found} == {50}


async def test_failure_beside_others_spoils_none_of_them(source: SqliteSource) -> None:
    read = compiled(plan("{residents {totalCount}}"))
    broken = reading("SELECT * FROM nowhere")

    found = await asyncio.gather(
        *(source.execute(broken if number % 3 == 0 else read) for number in range(60)), return_exceptions=True
    )

    assert sum(isinstance(outcome, SourceUnavailable) for outcome in found) == 20
    assert sum(isinstance(outcome, Executed) and outcome.total == 50 for outcome in found) == 40


@pytest.mark.parametrize(
    "sql", ["SELECT * FROM nowhere", "SELEC", "DELETE FROM dataset_1", "CREATE TABLE x (a)", "PRAGMA nope; SELECT 1"]
)
async def test_what_can_not_be_read_is_unavailable_and_tells_nothing_of_it(source: SqliteSource, sql: str) -> None:
    with pytest.raises(SourceUnavailable, match="can't be read now") as refused:
        await source.execute(reading(sql))

    for word in ("nowhere", "dataset_1", "SELEC", "syntax"):
        assert word not in refused.value.text.en
    assert (await source.execute(compiled(plan("{residents {totalCount}}")))).total == 50


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT " + "(" * 200 + "1" + ")" * 200,
        "SELECT " + " OR ".join(["1"] * 1100),
    ],
    ids=["brackets", "depth"],
)
async def test_statement_beyond_what_sqlite_takes_is_too_complex(source: SqliteSource, sql: str) -> None:
    with pytest.raises(TooComplex):
        await source.execute(reading(sql))


async def test_too_many_parameters_are_too_complex(source: SqliteSource) -> None:
    connection = sqlite3.connect(":memory:")
    limit = connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER) + 1
    connection.close()

    with pytest.raises(TooComplex):
        await source.execute(reading(f"SELECT 1 WHERE 1 IN ({', '.join(['?'] * limit)})", *([1] * limit)))


async def test_failure_that_is_not_of_the_database_comes_through_and_its_connection_is_let_go(
    source: SqliteSource,
) -> None:
    for _ in range(5):
        with pytest.raises(OverflowError):
            await source.execute(reading("SELECT ?", 2**63))

    assert (await source.execute(compiled(plan("{residents {totalCount}}")))).total == 50


async def test_store_that_is_not_there_is_unavailable_until_it_is(tmp_path: Path) -> None:
    missing = SqliteSource(database_url(tmp_path / "data.db"), connections=1, timeout_seconds=1)
    read = compiled(plan("{residents {totalCount}}"))

    with pytest.raises(SourceUnavailable):
        await missing.execute(read)
    assert not await asyncio.to_thread(lambda: list(tmp_path.iterdir()))

    write_rows(tmp_path, entry_of(residents()), [(1, {"code": "r1"})])
    assert (await missing.execute(read)).total == 1
    missing.close()


async def test_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "data.db").write_bytes(b"no database" * 1000)
    broken = SqliteSource(database_url(tmp_path / "data.db"), connections=1, timeout_seconds=1)

    with pytest.raises(SourceUnavailable):
        await broken.execute(compiled(plan("{residents {totalCount}}")))
    broken.close()


async def test_closing_waits_for_reads_under_way(url: str) -> None:
    source = SqliteSource(url, connections=1, timeout_seconds=0.3)
    endless = asyncio.create_task(source.execute(reading(ENDLESS)))
    await asyncio.sleep(0.05)

    await asyncio.to_thread(source.close)

    with pytest.raises(SourceUnavailable):
        await endless


class Threads(SqliteSource):
    """A source that counts the reads that it gives to threads."""

    handed = 0

    def _execute(self, read: Read) -> Executed:
        self.handed += 1
        return super()._execute(read)


async def test_what_takes_a_moment_is_read_without_a_thread_and_the_rest_in_one(url: str) -> None:
    source = Threads(url, connections=2, timeout_seconds=5)
    slow = reading(
        "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n LIMIT 300000) SELECT count(*) FROM n"
    )
    try:
        for _ in range(3):
            assert (await source.execute(compiled(plan("{residents {totalCount}}")))).total == 50
        assert source.handed == 0
        for handed in (1, 2):
            assert (await source.execute(slow)).rows == [(300_000,)]
            assert source.handed == handed
        assert (await source.execute(compiled(plan("{residents {totalCount}}")))).total == 50
        assert source.handed == 2
    finally:
        source.close()
