"""A few connections of the event loop to a PostgreSQL database, on which statements read; and what to do without it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic

import asyncpg

from portal.storage.postgresql import connect_async

RETRY_SECONDS = 0.5
"""After a failure to connect, so long everyone is refused at once; then one tries again."""

DATABASE_FAULTS = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What using a connection raises where the database, or the way to it, fails.

The last is what the driver says where a connection ends between two of its own steps.
"""


class DatabaseDownError(OSError):
    """The database could not be reached a moment ago, and isn't tried now."""


class ReadingPool:
    """Connections for one event loop, made when first needed. What failed on a connection ends it.

    More than `size` may not be in use at once; who asks then waits.
    """

    def __init__(self, url: str, size: int, statement_seconds: float) -> None:
        self._url = url
        self._statement_seconds = statement_seconds
        self._idle: list[asyncpg.Connection] = []
        self._places = asyncio.Semaphore(size)
        self._down_until = 0.0
        self._is_probing = False
        self._loop: asyncio.AbstractEventLoop | None = None

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[asyncpg.Connection]:
        """Lend a connection. Raises: DATABASE_FAULTS."""
        async with self._places:
            connection = await self._take()
            try:
                yield connection
            except BaseException:
                # It may be in any state, or wait for an answer that never comes.
                connection.terminate()
                raise
            self._idle.append(connection)

    async def _take(self) -> asyncpg.Connection:
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
        if self._is_probing or monotonic() < self._down_until:
            raise DatabaseDownError
        self._loop = asyncio.get_running_loop()
        self._is_probing = self._down_until > 0
        began = monotonic()
        try:
            connection = await connect_async(self._url, statement_seconds=self._statement_seconds)
        except BaseException as failure:
            # Who left soon says nothing of the database; who gave up waiting does.
            if isinstance(failure, DATABASE_FAULTS) or monotonic() - began > RETRY_SECONDS:
                self._down_until = monotonic() + RETRY_SECONDS
            raise
        finally:
            self._is_probing = False
        self._down_until = 0.0
        return connection

    def close(self) -> None:
        """Close the connections that aren't in use; any thread may call it."""
        while self._idle:
            connection = self._idle.pop()
            # A loop that was closed has nothing open.
            if self._loop is not None and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(connection.terminate)
