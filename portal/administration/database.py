"""The portal's database as those who administer it work with it: in threads, a transaction at a time."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import Connection

from portal.errors import ConfigurationError
from portal.storage.database import for_writing, open_sync_database
from portal.storage.privileges import privilege_refused

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class ContentDatabase:
    """A database by the URL of an account that may change the content."""

    url: str = field(repr=False)

    async def read(self, read: Callable[[Connection], _Result]) -> _Result:
        """Return what is read in one transaction."""
        return await asyncio.to_thread(self._run, read, writes=False)

    async def write(self, write: Callable[[Connection], _Result]) -> _Result:
        """Return what comes of writing in one transaction. Raises: ConfigurationError where the account may not."""
        return await asyncio.to_thread(self._run, write, writes=True)

    def write_here(self, write: Callable[[Connection], _Result]) -> _Result:
        """Write in this thread."""
        return self._run(write, writes=True)

    def _run(self, work: Callable[[Connection], _Result], *, writes: bool) -> _Result:
        engine = open_sync_database(self.url)
        try:
            with for_writing(engine).begin() if writes else engine.connect() as connection:
                return work(connection)
        except Exception as fault:
            if (refused := privilege_refused(fault)) is not None:
                raise ConfigurationError(refused) from None
            raise
        finally:
            engine.dispose()
