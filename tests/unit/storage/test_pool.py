"""Connections to PostgreSQL on the event loop: whatever ends one is the database's fault, not a bug of the portal."""

import asyncio

import asyncpg
import pytest

from portal.storage.pool import DATABASE_FAULTS, ReadingPool
from tests.fixtures.postgres import Databases

ERRORS = [
    error
    for error in vars(asyncpg.exceptions).values()
    if isinstance(error, type) and issubclass(error, Exception)
    if not issubclass(error, (Warning, asyncpg.PostgresWarning))
]


@pytest.mark.clause("threats.md R7")
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.__name__)
def test_whatever_the_driver_raises_is_a_fault_of_the_database(error: type[Exception]) -> None:
    assert issubclass(error, DATABASE_FAULTS)


@pytest.mark.clause("threats.md R7")
async def test_connection_on_which_the_driver_failed_is_not_lent_again(postgres: Databases) -> None:
    pool = ReadingPool(postgres.url, 1, 5.0)
    async with pool.connection() as connection:
        first = connection
    with pytest.raises(DATABASE_FAULTS):
        await _fail(pool)
    async with pool.connection() as connection:
        assert connection is not first
        assert await connection.fetchval("SELECT 1") == 1
    pool.close()
    await asyncio.sleep(0)


async def _fail(pool: ReadingPool) -> None:
    """Fail as the driver does where the server ends the session between two of its steps."""
    async with pool.connection():
        raise asyncpg.InternalClientError("cannot switch to state 11")
