"""A data store in PostgreSQL, read on the event loop."""

import asyncio

import asyncpg
from sqlalchemy import Dialect

from portal.access.executing import Executed, read_steps, took_too_long, unreadable
from portal.access.linking import Row, take_steps_waiting
from portal.access.statement import Read, Statement, too_complex
from portal.errors import PortalError
from portal.storage.data_in_postgresql import GRANTED, render_granted
from portal.storage.dialects import asyncpg_dialect
from portal.storage.pool import DATABASE_FAULTS, ReadingPool

_PROGRAM_LIMITS = "54"
"""The class of PostgreSQL's codes for statements beyond its limits."""
_PARSER_FULL = "memory exhausted"
"""What its parser says of a statement nested beyond its stack, under the code of any other fault in a statement."""
_MOST_PARAMETERS = 32_767
"""What the driver takes."""
_BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_GRANT = "SELECT set_config($1, $2, true)"


class PostgresSource:
    """The data store, read through a few read-only connections."""

    def __init__(self, url: str, connections: int, timeout_seconds: float) -> None:
        self.dialect: Dialect = asyncpg_dialect()
        self._timeout_seconds = timeout_seconds
        self._pool = ReadingPool(url, connections, timeout_seconds)

    async def execute(self, read: Read) -> Executed:
        """Return what the read gives, as every `DataSource` does."""
        try:
            async with self._pool.connection() as connection:
                # Waiting for a connection isn't reading: the time counts from here.
                async with asyncio.timeout(self._timeout_seconds):
                    return await _run(connection, read)
        except (TimeoutError, asyncpg.QueryCanceledError) as failure:
            raise took_too_long() from failure
        except DATABASE_FAULTS as failure:
            raise _refusal(failure) from failure

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()


async def _run(connection: asyncpg.Connection, read: Read) -> Executed:
    await connection.execute(_BEGIN)
    await connection.fetchval(_GRANT, GRANTED, render_granted(read.tables))

    async def fetch(statement: Statement) -> list[Row]:
        if len(statement.parameters) > _MOST_PARAMETERS:
            raise too_complex()
        rows: list[Row] = await connection.fetch(statement.sql, *statement.parameters)
        return rows

    executed = await take_steps_waiting(read_steps(read), fetch)
    await connection.execute("COMMIT")
    return executed


def _refusal(failure: Exception) -> PortalError:
    code = getattr(failure, "sqlstate", None) or ""
    is_beyond = code.startswith(_PROGRAM_LIMITS) or str(failure).startswith(_PARSER_FULL)
    return too_complex() if is_beyond else unreadable(failure)
