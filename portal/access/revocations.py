"""Which tokens were revoked, as a worker knows it: followed at each request, by numbers that only grow."""

import asyncio

from sqlalchemy.ext.asyncio import AsyncEngine

from portal.storage.content import unreadable
from portal.storage.pool import DATABASE_FAULTS
from portal.storage.present import load_revoked

LOAD_SECONDS = 2.0
"""So long the tokens that were revoked since may take to be loaded; who waits for them is refused then."""


class Revocations:
    """Ids of revoked tokens. Which of them have ended isn't looked at: such tokens are refused for their age."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._lock = asyncio.Lock()
        self._last = 0
        self._token_ids: frozenset[str] = frozenset()

    def __contains__(self, token_id: object) -> bool:
        return token_id in self._token_ids

    async def follow(self, last: int) -> None:
        """Know the tokens up to that number. Raises: PolicyUnavailable where they can't be loaded.

        INVARIANT: whoever has seen the number goes on only when they are known.
        """
        if last != self._last:
            async with self._lock:
                await self._load(last)

    async def _load(self, last: int) -> None:
        if last == self._last:
            return
        # A lower number: ended ones were removed, or the database is another one. All is read again, so that the set
        # doesn't grow for ever, and nothing is missed.
        known, after = (self._token_ids, self._last) if last > self._last else (frozenset(), 0)
        try:
            async with asyncio.timeout(LOAD_SECONDS):
                rows = await load_revoked(self._engine, after)
        except DATABASE_FAULTS as fault:
            raise unreadable("the database doesn't answer", "数据库没有响应") from fault
        self._token_ids = known.union(row.token_id for row in rows)
        self._last = rows[-1].number if rows else last
