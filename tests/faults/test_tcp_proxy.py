"""The proxy before a database: it pauses, cuts, drops after what it is told, and swallows notifications."""

from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from tests.faults.tcp_proxy import NOTIFICATION, TcpProxy, tcp_proxy
from tests.fixtures.postgres import Databases


@pytest.fixture
def url(postgres: Databases) -> str:
    url = postgres.create_database()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (number integer)")
    return url


@pytest.fixture
def proxy(url: str) -> Iterator[TcpProxy]:
    parts = urlsplit(url)
    with tcp_proxy(parts.hostname or "", parts.port or 5432) as proxy:
        yield proxy


def through(proxy: TcpProxy, url: str) -> psycopg.Connection:
    parts = urlsplit(url)
    return psycopg.connect(
        urlunsplit(parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{proxy.port}")),
        autocommit=True,
        connect_timeout=5,
    )


def stored(url: str) -> list[int]:
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute("SELECT number FROM kept ORDER BY number")]


def test_proxy_passes_what_is_asked_and_answered(proxy: TcpProxy, url: str) -> None:
    with through(proxy, url) as connection:
        assert connection.execute("SELECT repeat('x', 300000)").fetchone() == ("x" * 300_000,)


def test_proxy_lets_nothing_through_while_it_is_paused(proxy: TcpProxy, url: str) -> None:
    with through(proxy, url) as connection:
        proxy.pause()
        with pytest.raises(psycopg.errors.ConnectionTimeout):
            psycopg.connect(host="127.0.0.1", port=proxy.port, user="postgres", dbname="postgres", connect_timeout=2)
        proxy.resume()
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_proxy_ends_connections_when_it_is_told_to_cut(proxy: TcpProxy, url: str) -> None:
    with through(proxy, url) as connection:
        proxy.cut()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    with through(proxy, url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_commit_counts_when_the_proxy_drops_the_connection_after_it(proxy: TcpProxy, url: str) -> None:
    with through(proxy, url) as connection:
        connection.execute("BEGIN")
        connection.execute("INSERT INTO kept VALUES (1)")
        proxy.drop_after(b"COMMIT")
        with pytest.raises(psycopg.OperationalError):
            connection.execute("COMMIT")
    with through(proxy, url) as connection:
        connection.execute("INSERT INTO kept VALUES (2)")
    assert proxy.dropped == 1
    assert stored(url) == [1, 2]


def test_listener_hears_nothing_when_the_proxy_swallows_notifications(proxy: TcpProxy, url: str) -> None:
    with through(proxy, url) as hearing:
        proxy.swallow(NOTIFICATION)
        with through(proxy, url) as deaf:
            for listener in (hearing, deaf):
                listener.execute("LISTEN epoch")
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("SELECT pg_notify('epoch', '7')")
            heard = [len(list(listener.notifies(timeout=1, stop_after=1))) for listener in (hearing, deaf)]
            assert deaf.execute("SELECT 1").fetchone() == (1,)
    assert heard == [1, 0]
    assert proxy.swallowed == 1
