"""Reading epoch, revocations and clock of the portal's database, and hearing that the epoch has changed.

What is read decides; what is heard only lets a worker load the new content before it is asked for.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Protocol

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from portal.errors import PolicyUnavailable, Text
from portal.storage.addresses import DatabaseKind, database_kind, database_path
from portal.storage.content import unreadable
from portal.storage.dialects import asyncpg_dialect, sqlite_dialect
from portal.storage.pool import DATABASE_FAULTS, ReadingPool
from portal.storage.postgresql import connect_async
from portal.storage.present import PRESENT_COLUMNS, Present, read_present
from portal.storage.sqlite import connect_read_only

CHANNEL = "portal_epoch"
MAX_SKEW = timedelta(seconds=2)
"""So far a worker's clock may be off the database's (enforcement.md §4)."""
CONNECTIONS = 8
"""To ask for the epoch and the database's time, for requests that begin at the same moment."""
_SECONDS = 1.5
_LISTEN_AGAIN_SECONDS = 1.0


class EpochSource(Protocol):
    """The epoch of a portal's database, and its clock."""

    async def read(self) -> Present:
        """Return what holds now. Raises: PolicyUnavailable, for a clock in doubt too."""
        ...

    def now(self) -> datetime:
        """Return the time by the database's clock."""
        ...

    async def listen(self, heard: Callable[[], object]) -> None:
        """Call `heard` whenever the epoch may have changed, until cancelled; some changes may go unheard."""
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...


class SqliteEpochs:
    """The epoch in a file of this machine, whose clock is this machine's.

    It is read where it is asked for, which takes some microseconds: a thread for it would take a hundred times as long.
    """

    def __init__(self, url: str, engine: AsyncEngine) -> None:
        self._path = database_path(url)
        self._engine = engine
        self._connection: sqlite3.Connection | None = None

    async def read(self) -> Present:
        """Return what holds now."""
        try:
            if self._connection is None:
                self._connection = connect_read_only(self._path, wait_seconds=0)
            epoch, revocation = self._connection.execute(_PRESENT_STATEMENT).fetchone()
        except sqlite3.Error:
            self._drop()
            # What waits, waits in a thread; and what is wrong is told there.
            return await read_present(self._engine)
        return Present(int(epoch), int(revocation))

    def now(self) -> datetime:
        """Return the machine's time."""
        return datetime.now(UTC)

    async def listen(self, heard: Callable[[], object]) -> None:
        """Hear nothing: a file tells nobody."""

    async def close(self) -> None:
        """Close the connection; the engine is its owner's."""
        self._drop()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


@dataclass(frozen=True, slots=True)
class ClockReading:
    """What the database's clock said, between two moments of the worker's own."""

    database: datetime
    asked_at: datetime
    answered_at: datetime

    @property
    def skew(self) -> timedelta:
        """How far at least the worker's clock is off."""
        return max(self.asked_at - self.database, self.database - self.answered_at, timedelta())


_PRESENT_STATEMENT = str(
    select(*PRESENT_COLUMNS).compile(dialect=sqlite_dialect(), compile_kwargs={"literal_binds": True})
)
_STATEMENT = str(
    select(*PRESENT_COLUMNS, func.clock_timestamp()).compile(
        dialect=asyncpg_dialect(), compile_kwargs={"literal_binds": True}
    )
)


def _machine_time() -> datetime:
    return datetime.now(UTC)


class PostgresEpochs:
    """The epoch in a database that many workers of several machines share; `clock` is the worker's own."""

    def __init__(self, url: str, clock: Callable[[], datetime] = _machine_time) -> None:
        self._url = url
        self._clock = clock
        self._pool = ReadingPool(url, CONNECTIONS, _SECONDS)
        # What the database's clock showed when the process's own monotonic one stood at zero.
        self._zero: datetime | None = None

    async def read(self) -> Present:
        """Return what holds now."""
        asked_at = self._clock()
        try:
            async with asyncio.timeout(_SECONDS), self._pool.connection() as connection:
                epoch, revocation, time = await connection.fetchrow(_STATEMENT)
        except DATABASE_FAULTS as fault:
            raise unreadable("the database doesn't answer", "数据库没有响应") from fault
        reading = ClockReading(time, asked_at, self._clock())
        if reading.skew > MAX_SKEW:
            raise clock_in_doubt(reading.skew)
        self._zero = time - _monotonic()
        return Present(int(epoch), int(revocation))

    def now(self) -> datetime:
        """Return the time by the database's clock, as read last and gone on since."""
        return self._clock() if self._zero is None else self._zero + _monotonic()

    async def listen(self, heard: Callable[[], object]) -> None:
        """Hear of changes, on a connection of its own that is made again whenever it is lost."""
        while True:
            with suppress(*DATABASE_FAULTS):
                await self._listen_once(heard)
            await asyncio.sleep(_LISTEN_AGAIN_SECONDS)

    async def _listen_once(self, heard: Callable[[], object]) -> None:
        lost = asyncio.Event()
        connection = await connect_async(self._url)
        try:
            connection.add_termination_listener(lambda _connection: lost.set())
            await connection.add_listener(CHANNEL, lambda *_what: heard())
            heard()
            await lost.wait()
        finally:
            connection.terminate()

    async def close(self) -> None:
        """Close the connections."""
        self._pool.close()


def _monotonic() -> timedelta:
    return timedelta(seconds=monotonic())


def clock_in_doubt(skew: timedelta) -> PolicyUnavailable:
    """Return the refusal of a worker whose clock isn't the database's: periods would begin and end at another time."""
    seconds = skew.total_seconds()
    return PolicyUnavailable(
        Text(
            en=f"this server's clock is {seconds:.1f} s off the database's; nothing is permitted until it is set",
            zh=f"本服务器的时钟与数据库相差 {seconds:.1f} 秒；校准之前一律不予许可",
        )
    )


def open_epochs(url: str, engine: AsyncEngine) -> EpochSource:
    """Return the epoch of the portal's database at a URL; `engine` is one that is open on it."""
    return SqliteEpochs(url, engine) if database_kind(url) is DatabaseKind.SQLITE else PostgresEpochs(url)
