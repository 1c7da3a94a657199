"""Reading the log for people, beside the requests: threads and connections of its own, within a time limit."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import TypeVar, cast

import psycopg
from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.exc import DBAPIError

from portal.errors import AuditUnavailable, Text, TooComplex
from portal.storage.addresses import DatabaseKind
from portal.storage.database import open_sync_database

THREADS = 2
_CHECKED_EVERY = 4000
"""Steps of SQLite's machine between two looks at the clock: some tens of microseconds."""
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Reading:
    """A connection that only reads, in one transaction that ends at a deadline (monotonic seconds)."""

    connection: Connection
    deadline: float

    def check_time(self) -> None:
        """Raise TooComplex once the deadline is past: of many short statements none is too long by itself."""
        if monotonic() > self.deadline:
            raise _too_slow()


class LogReadings:
    """Reads the log in a few threads; made once a process, and opened with the first reading.

    INVARIANT: these aren't the connection nor the thread that write records, so however much somebody reads, no answer
    waits for it.
    """

    def __init__(self, database_url: str, timeout_seconds: float) -> None:
        self._url = database_url
        self._timeout_seconds = timeout_seconds
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="portal-audit-reading")
        self._engine: Engine | None = None

    async def run(self, work: Callable[[Reading], _Result], seconds: float | None = None) -> _Result:
        """Return what the work gives within so many seconds; None: as is set.

        Raises: TooComplex where it takes longer, AuditUnavailable.
        """
        limit = self._timeout_seconds if seconds is None else seconds
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._run, work, limit)

    def close(self) -> None:
        """Wait for the readings under way and close the connections."""
        self._threads.shutdown()
        if self._engine is not None:
            self._engine.dispose()

    def _run(self, work: Callable[[Reading], _Result], seconds: float) -> _Result:
        if self._engine is None:
            self._engine = open_sync_database(self._url)
        try:
            with self._engine.connect() as connection, _bounded(connection, seconds) as reading:
                return work(reading)
        except DBAPIError as failure:
            raise (_too_slow() if _was_ended(failure) else _unreadable()) from failure


@contextmanager
def _bounded(connection: Connection, seconds: float) -> Iterator[Reading]:
    deadline = monotonic() + seconds
    if connection.dialect.name == DatabaseKind.POSTGRESQL:
        connection.execute(select(func.set_config("statement_timeout", str(int(seconds * 1000)), True)))
        yield Reading(connection, deadline)
        return
    driver = cast("sqlite3.Connection", connection.connection.driver_connection)
    driver.set_progress_handler(lambda: monotonic() > deadline, _CHECKED_EVERY)
    try:
        yield Reading(connection, deadline)
    finally:
        driver.set_progress_handler(None, 0)


def _was_ended(failure: DBAPIError) -> bool:
    ended = failure.orig
    return (
        isinstance(ended, psycopg.errors.QueryCanceled)
        or getattr(ended, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT
    )


def _too_slow() -> TooComplex:
    return TooComplex(
        Text(
            en="reading the audit took too long; name a shorter time with `since` and `until`, or one entry",
            zh="读取审计日志超时；请以 `since` 和 `until` 缩短时段，或指定一个条目",
        )
    )


def _unreadable() -> AuditUnavailable:
    return AuditUnavailable(
        Text(en="the audit can't be read now; try again later", zh="暂时无法读取审计日志，请稍后再试")
    )
