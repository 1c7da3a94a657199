"""A disk that is full: how each database says so, and what a person is told."""

import errno
import sqlite3
from collections.abc import Iterator

import asyncpg
import psycopg
from sqlalchemy.exc import DBAPIError

from portal.errors import Text

DISK_FULL = Text(
    en="a disk is full: nothing was written; free space on the volume of the portal's databases and do it again",
    zh="磁盘已满，未写入任何内容；请在门户数据库所在的卷上释放空间后重试",
)
_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})
# To read, SQLite too makes a file of 32 KiB beside the database, and says this where there is no space for it.
_FULL_CODES = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE})


def is_disk_full(failure: BaseException) -> bool:
    """Return whether it failed because a disk is full."""
    return any(map(_says_full, _causes(failure)))


def _causes(failure: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = failure
    while cause is not None:
        yield cause
        if isinstance(cause, DBAPIError) and cause.orig is not None:
            yield cause.orig
        cause = cause.__cause__ or cause.__context__


def _says_full(failure: BaseException) -> bool:
    if isinstance(failure, sqlite3.Error):
        return getattr(failure, "sqlite_errorcode", None) in _FULL_CODES
    if isinstance(failure, OSError):
        return failure.errno in _NO_SPACE
    return isinstance(failure, psycopg.errors.DiskFull | asyncpg.DiskFullError)
