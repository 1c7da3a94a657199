import asyncio
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, insert, select, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from portal.errors import ConfigurationError
from portal.storage.addresses import database_path, database_url
from portal.storage.database import empty_journal, for_writing, hold_writer_lock, open_database, open_sync_database
from portal.storage.migrating import upgrade_database
from portal.storage.tables import changes

EXPECTED = {
    "journal_mode": "wal",
    "synchronous": 2,
    "foreign_keys": 1,
    "secure_delete": 1,
    "busy_timeout": 10000,
    "trusted_schema": 0,
}
CHANGE = {"made_at": "2026-01-01T00:00:00Z", "made_by": "", "reason": "", "epoch": 1, "summary": "{}"}


@pytest.fixture
def url(tmp_path: Path) -> str:
    url = database_url(tmp_path / "portal.db")
    upgrade_database(url)
    return url


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    engine = open_sync_database(url)
    yield engine
    engine.dispose()


@pytest.mark.clause("T56")
@pytest.mark.parametrize(("name", "value"), EXPECTED.items())
def test_sync_engine_has_the_setting(engine: Engine, name: str, value: str | int) -> None:
    for opened in (engine, for_writing(engine)):
        with opened.connect() as connection:
            assert connection.exec_driver_sql(f"PRAGMA {name}").scalar() == value


@pytest.mark.parametrize(("name", "value"), EXPECTED.items())
async def test_async_engine_has_the_setting(url: str, name: str, value: str | int) -> None:
    engine = open_database(url)
    try:
        async with engine.connect() as connection, engine.connect() as other:
            assert (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar() == value
            assert (await other.exec_driver_sql(f"PRAGMA {name}")).scalar() == value
    finally:
        await engine.dispose()


async def test_async_engine_opens_nothing_anew_when_a_crowd_asks_again(url: str) -> None:
    engine, opened = open_database(url), 0

    def count(_connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        nonlocal opened
        opened += 1

    async def ask(together: asyncio.Barrier) -> None:
        async with engine.connect(), together:
            pass

    event.listen(engine.sync_engine, "connect", count)
    try:
        for _ in range(3):
            together = asyncio.Barrier(12)
            await asyncio.gather(*(ask(together) for _ in range(12)))
    finally:
        await engine.dispose()
    assert opened == 12


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "is no database URL"),
        ("no url", "is no database URL"),
        ("postgresql://host/portal", "isn't an SQLite database"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite:///portal.db?mode=ro", "names no file"),
    ],
)
def test_a_url_is_refused_when_it_names_no_file(url: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        database_path(url)


def test_a_refused_url_is_shown_without_its_password() -> None:
    with pytest.raises(ConfigurationError) as refused:
        database_path("postgresql://portal:secret@host/portal")
    assert "secret" not in refused.value.text.en + refused.value.text.zh


@pytest.mark.parametrize("name", ["portal.db", "中文 空格.db", "a?b#c%20d&e.db"])
def test_a_file_of_any_name_has_a_url(tmp_path: Path, name: str) -> None:
    assert database_path(database_url(tmp_path / name)) == tmp_path / name
    upgrade_database(database_url(tmp_path / name))
    assert (tmp_path / name).stat().st_size > 0


def test_files_are_made_for_their_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "home" / "portal.db"
    before = os.umask(0)
    try:
        upgrade_database(database_url(path))
        engine = open_sync_database(database_url(path))
        with for_writing(engine).begin() as connection:
            connection.execute(insert(changes).values(CHANGE))
            files = list(path.parent.iterdir())
            assert len(files) == 3
            assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
        engine.dispose()
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_file_is_refused_when_its_place_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="can't be opened"):
        open_sync_database(database_url(tmp_path / "file" / "portal.db"))


def test_a_reading_transaction_sees_one_state(engine: Engine) -> None:
    with engine.connect() as reader:
        assert reader.execute(select(changes)).all() == []
        with for_writing(engine).begin() as writer:
            writer.execute(insert(changes).values(CHANGE))
        assert reader.execute(select(changes)).all() == []
    with engine.connect() as reader:
        assert len(reader.execute(select(changes)).all()) == 1


async def test_an_async_reading_transaction_sees_one_state(url: str) -> None:
    engine = open_database(url)
    async with engine.connect() as reader:
        assert (await reader.execute(select(changes))).all() == []
        async with for_writing(engine).begin() as writer:
            await writer.execute(insert(changes).values(CHANGE))
        assert (await reader.execute(select(changes))).all() == []
    await engine.dispose()


def test_a_writing_transaction_waits_for_the_one_before_it(engine: Engine) -> None:
    began, order = threading.Event(), list[str]()

    def write_second() -> None:
        began.wait()
        with for_writing(engine).begin() as connection:
            order.append("second")
            connection.execute(insert(changes).values(CHANGE))

    second = threading.Thread(target=write_second)
    second.start()
    with for_writing(engine).begin() as connection:
        began.set()
        connection.execute(insert(changes).values(CHANGE))
        second.join(0.2)
        order.append("first")
    second.join()
    assert order == ["first", "second"]


def test_a_failed_transaction_leaves_nothing_not_even_its_tables(engine: Engine) -> None:
    def fail() -> None:
        with for_writing(engine).begin() as connection:
            connection.execute(insert(changes).values(CHANGE))
            connection.exec_driver_sql("CREATE TABLE stray (a)")
            connection.execute(text("SELECT * FROM missing"))

    with pytest.raises(DBAPIError):
        fail()
    with engine.connect() as connection:
        assert connection.execute(select(changes)).all() == []
        assert connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE name = 'stray'").all() == []


@pytest.mark.clause("T56")
def test_nothing_deleted_stays_in_the_files(engine: Engine, tmp_path: Path) -> None:
    canary = "canary-" + "x" * 5000
    with for_writing(engine).begin() as connection:
        connection.execute(insert(changes).values({**CHANGE, "reason": canary}))
    assert any(b"canary-" in file.read_bytes() for file in tmp_path.iterdir())
    with for_writing(engine).begin() as connection:
        connection.execute(changes.delete())
    empty_journal(engine)
    assert not any(b"canary-" in file.read_bytes() for file in tmp_path.iterdir())


def test_writer_lock_is_refused_while_another_holds_it(tmp_path: Path) -> None:
    url, lock = database_url(tmp_path / "portal.db"), tmp_path / "portal.db.lock"
    with (
        hold_writer_lock(url),
        pytest.raises(ConfigurationError, match="another load or backup is running"),
        hold_writer_lock(url, wait_seconds=0.1),
    ):
        pytest.fail("two held the lock")
    with hold_writer_lock(url, wait_seconds=0):
        assert stat.S_IMODE(lock.stat().st_mode) == 0o600


def test_writer_lock_is_waited_for(tmp_path: Path) -> None:
    url, held, release = database_url(tmp_path / "portal.db"), threading.Event(), threading.Event()

    def hold() -> None:
        with hold_writer_lock(url):
            held.set()
            release.wait()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait()
    threading.Timer(0.2, release.set).start()
    with hold_writer_lock(url, wait_seconds=10):
        holder.join()
        assert release.is_set()


def test_async_engines_of_two_loops_are_apart(url: str) -> None:
    async def count() -> int:
        engine = open_database(url)
        async with engine.connect() as connection:
            found = len((await connection.execute(select(changes))).all())
        await engine.dispose()
        return found

    assert [asyncio.run(count()) for _ in range(2)] == [0, 0]


def test_an_open_database_keeps_its_journal_when_another_process_opens_and_leaves_it(url: str, tmp_path: Path) -> None:
    """Closing any descriptor of the file drops a process's locks; the other would then take the journal away."""
    first = open_sync_database(url)
    with for_writing(first).begin() as connection:
        connection.execute(insert(changes).values(CHANGE))
    open_sync_database(url).dispose()
    script = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT 1 FROM changes'); c.close()"
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "portal.db")], check=True)
    assert (tmp_path / "portal.db-wal").exists()
    first.dispose()
