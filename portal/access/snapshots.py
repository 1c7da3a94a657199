"""The current snapshot: the epoch is read at each request, the content only when it changed."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from portal.policies.canaries import check_canaries
from portal.policies.casbin_models import Matcher, ModelName
from portal.policies.decision_point import DecisionPoint
from portal.policies.information_point import load_content, read_epoch
from portal.policies.snapshot import Snapshot
from portal.storage.database import open_database


@dataclass(slots=True)
class SnapshotKeeper:
    """Keeps the decision point of the epoch last seen. Snapshots are immutable, and swapped whole."""

    engine: AsyncEngine
    digest_secret: bytes
    matchers: Mapping[ModelName, Matcher]
    _lock: asyncio.Lock
    _kept: DecisionPoint | None = None

    async def current(self) -> DecisionPoint:
        """Return the decision point of the epoch that holds now.

        Raises: PolicyUnavailable where the content can't be loaded whole; no earlier snapshot answers then.
        """
        epoch = await read_epoch(self.engine)
        kept = self._kept
        if kept is None or kept.snapshot.epoch != epoch:
            async with self._lock:
                kept = await self._load(epoch)
        return kept

    async def close(self) -> None:
        """Close the connections."""
        await self.engine.dispose()

    async def _load(self, epoch: int) -> DecisionPoint:
        if self._kept is None or self._kept.snapshot.epoch != epoch:
            # INVARIANT: while another is read, and after it couldn't be, no earlier one answers.
            self._kept = None
            check_canaries(self.matchers)
            self._kept = DecisionPoint(Snapshot(await load_content(self.engine, self.digest_secret)), self.matchers)
        return self._kept


def snapshot_keeper(database_url: str, digest_secret: bytes) -> SnapshotKeeper:
    """Return a keeper on the portal's database, with Casbin's models loaded."""
    matchers = {name: Matcher(name) for name in ModelName}
    return SnapshotKeeper(open_database(database_url), digest_secret, matchers, asyncio.Lock())
