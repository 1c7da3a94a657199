"""The PostgreSQL that tests bring: encodings, durability, crashes, standbys, and nothing left behind."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.architecture.sources import PROJECT
from tests.fixtures.postgres import Databases, NoPostgres, PostgresServer, postgres_server, programs_folder

LEFT_BEHIND = """
import sys
from tests.fixtures.postgres import make_server
server = make_server()
print(server.folder, (server.cluster / "postmaster.pid").read_text().split()[0], flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as started:
        yield started


def shown(url: str, setting: str) -> str:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT current_setting(%s)", (setting,)).fetchone()
    assert row is not None
    return str(row[0])


def stored(url: str) -> list[int]:
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute("SELECT number FROM kept ORDER BY number")]


def store(url: str, number: int) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (number integer)")
        connection.execute("INSERT INTO kept VALUES (%s)", (number,))


def test_postgres_gives_databases_of_code_points(postgres: Databases) -> None:
    url = postgres.create_database()
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT pg_encoding_to_char(encoding), datcollate FROM pg_database WHERE datname = current_database()"
        ).fetchone()
        assert row == ("UTF8", "C.UTF-8")
        assert connection.execute("SELECT 'Z' < 'a', '中' < '丁'").fetchone() == (True, False)
    assert (shown(url, "fsync"), shown(url, "full_page_writes")) == ("on", "on")


def test_database_is_a_copy_when_made_from_another(postgres: Databases) -> None:
    template = postgres.create_database()
    store(template, 1)
    copy = postgres.create_database(template)
    store(copy, 2)
    assert (stored(template), stored(copy)) == ([1], [1, 2])


@pytest.mark.heavy
@pytest.mark.parametrize("crash", ["kill", "immediate"])
def test_server_keeps_what_was_committed_when_it_crashes(server: PostgresServer, crash: str) -> None:
    url = server.create_database()
    store(url, 1)
    if crash == "kill":
        server.kill()
    else:
        server.stop("immediate")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)
    server.start()
    assert stored(url) == [1]


@pytest.mark.heavy
def test_standby_has_what_was_committed_when_it_is_promoted() -> None:
    with postgres_server() as primary:
        standby = primary.standby()
        try:
            primary.configure(synchronous_standby_names="*")
            store(primary.url, 1)
            primary.kill()
            standby.promote()
            store(standby.url, 2)
            assert stored(standby.url) == [1, 2]
        finally:
            standby.close()


@pytest.mark.heavy
def test_server_ends_when_the_process_of_the_test_is_killed() -> None:
    command = [sys.executable, "-c", LEFT_BEHIND]
    with subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        folder, _, server = process.stdout.readline().strip().partition(" ")
        assert Path(f"/proc/{server}").exists()
        process.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 20
    while Path(folder).exists():
        assert time.monotonic() < deadline, "the server is still there"
        time.sleep(0.05)
    assert not Path(f"/proc/{server}/exe").is_file()


def test_missing_postgres_is_told_with_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoPostgres, match="apt install postgresql"):
        programs_folder(tmp_path)
