import sqlite3
from contextlib import closing

import pytest

from portal.audit.in_sqlite import SqliteLog
from tests.unit.audit.logs import EPOCH, Log


def test_transaction_keeps_the_epoch_as_it_is_from_its_first_moment(log: Log) -> None:
    connection = SqliteLog(log.url)
    with closing(sqlite3.connect(log.path, timeout=0)) as other:
        with connection.transaction(), pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("UPDATE epoch SET value = value + 1")
        other.execute("UPDATE epoch SET value = value + 1")
        other.commit()
    connection.close()
    assert log.rows("SELECT value FROM epoch") == [(EPOCH + 1,)]


def test_transaction_leaves_nothing_when_its_block_fails(log: Log) -> None:
    connection = SqliteLog(log.url)

    def fail_in_between() -> None:
        with connection.transaction():
            connection.execute("UPDATE epoch SET value = 99")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_in_between()
    with connection.transaction():
        connection.execute("UPDATE epoch SET value = value + 1")
    connection.close()
    assert log.rows("SELECT value FROM epoch") == [(EPOCH + 1,)]


@pytest.mark.clause("threats.md R6")
def test_transaction_does_not_count_when_its_file_is_moved_meanwhile(log: Log) -> None:
    connection = SqliteLog(log.url)
    away = log.path.with_name("away.db")

    def move_in_between() -> None:
        with connection.transaction():
            connection.execute("UPDATE epoch SET value = 99")
            log.path.rename(away)

    with pytest.raises(FileNotFoundError):
        move_in_between()
    connection.close()


def test_connection_syncs_every_commit(log: Log) -> None:
    connection = SqliteLog(log.url)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()
