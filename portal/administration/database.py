"""The portal's database as those who administer it work with it: in threads, a transaction at a time."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from portal.errors import ConfigurationError, Text
from portal.storage.database import for_writing, open_sync_database
from portal.storage.privileges import privilege_refused

_Result = TypeVar("_Result")
_NOT_HERE = Text(
    en="this server's account may not change policies or the register; work at one where "
    "`PORTAL_ADMINISTRATION_DATABASE_URL` names the account that `portal database init` made for it",
    zh="本服务器所用的数据库账户不能变更策略和注册信息；请在以 `PORTAL_ADMINISTRATION_DATABASE_URL` "
    "指定了 `portal database init` 所建账户的服务器上操作",
)


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

    def read_here(self, read: Callable[[Connection], _Result]) -> _Result:
        """Read in this thread."""
        return self._run(read, writes=False)

    def write_here(self, write: Callable[[Connection], _Result]) -> _Result:
        """Write in this thread."""
        return self._run(write, writes=True)

    def _run(self, work: Callable[[Connection], _Result], *, writes: bool) -> _Result:
        engine = open_sync_database(self.url)
        try:
            with for_writing(engine).begin() if writes else engine.connect() as connection:
                return work(connection)
        except SQLAlchemyError as fault:
            if privilege_refused(fault) is None:
                raise
            raise ConfigurationError(_NOT_HERE) from None
        finally:
            engine.dispose()
