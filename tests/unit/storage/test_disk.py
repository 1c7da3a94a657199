"""A full disk, as each database says it."""

import errno
import sqlite3

import asyncpg
import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from portal.storage.disk import is_disk_full


def of_sqlite(code: int) -> sqlite3.OperationalError:
    failure = sqlite3.OperationalError("database or disk is full")
    failure.sqlite_errorcode = code
    return failure


def caused(failure: BaseException) -> RuntimeError:
    outer = RuntimeError("something went wrong")
    outer.__cause__ = failure
    return outer


FULL = of_sqlite(sqlite3.SQLITE_FULL)


@pytest.mark.parametrize(
    "failure",
    [
        FULL,
        of_sqlite(sqlite3.SQLITE_IOERR_SHMSIZE),
        OSError(errno.ENOSPC, "no space"),
        OSError(errno.EDQUOT, "quota"),
        psycopg.errors.DiskFull("no space"),
        asyncpg.DiskFullError("no space"),
        OperationalError("INSERT", {}, FULL),
        caused(OperationalError("INSERT", {}, FULL)),
    ],
)
def test_a_full_disk_is_known(failure: BaseException) -> None:
    assert is_disk_full(failure)


@pytest.mark.parametrize(
    "failure",
    [
        of_sqlite(sqlite3.SQLITE_BUSY),
        sqlite3.OperationalError("without a code"),
        OSError(errno.EACCES, "denied"),
        psycopg.errors.DeadlockDetected("waits"),
        OperationalError("INSERT", {}, of_sqlite(sqlite3.SQLITE_BUSY)),
        caused(ValueError("no disk is full here")),
    ],
)
def test_another_failure_is_not_taken_for_a_full_disk(failure: BaseException) -> None:
    assert not is_disk_full(failure)
