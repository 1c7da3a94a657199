"""The current snapshot: the epoch is read at each request, the content only when it changed."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from portal.access.epochs import EpochSource, open_epochs
from portal.access.revocations import Revocations
from portal.errors import PolicyUnavailable
from portal.identity.keyring import KeyRing
from portal.policies.canaries import check_canaries
from portal.policies.casbin_models import Matcher, ModelName
from portal.policies.decision_point import DecisionPoint
from portal.policies.information_point import PortalContent, load_content
from portal.policies.kept_decisions import KeptDecisions
from portal.policies.snapshot import Snapshot
from portal.storage.content import unreadable
from portal.storage.database import open_database
from portal.storage.pool import DATABASE_FAULTS

LOAD_SECONDS = 20.0
"""So long the content may take to be loaded; who waits for it is refused then."""


@dataclass(slots=True)
class SnapshotKeeper:
    """Keeps the decision point of the epoch last seen. Snapshots are immutable, and swapped whole."""

    engine: AsyncEngine
    epochs: EpochSource
    ring: KeyRing
    matchers: Mapping[ModelName, Matcher]
    revocations: Revocations
    _lock: asyncio.Lock
    _kept: DecisionPoint | None = None
    _heard: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def current(self) -> DecisionPoint:
        """Return the decision point of the epoch that holds now.

        From then on `revocations` knows every token that was revoked before it was asked for.
        Raises: PolicyUnavailable where the content can't be loaded whole, or the clock is in doubt; no earlier
        snapshot answers then.
        """
        present = await self.epochs.read()
        await self.revocations.follow(present.revocation)
        kept = self._kept
        if kept is None or kept.snapshot.epoch != present.epoch:
            async with self._lock:
                kept = await self._load(present.epoch)
        return kept

    def now(self) -> datetime:
        """Return the time by the clock of the portal's database."""
        return self.epochs.now()

    def start(self) -> None:
        """Begin to load new content as soon as one hears of it, before it is asked for."""
        self._tasks = [asyncio.create_task(self.epochs.listen(self._heard.set)), asyncio.create_task(self._warm())]

    async def _warm(self) -> None:
        while True:
            await self._heard.wait()
            self._heard.clear()
            # Who asks is told what is wrong.
            with suppress(PolicyUnavailable):
                await self.current()

    async def close(self) -> None:
        """Close the connections."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.epochs.close()
        await self.engine.dispose()

    async def _load(self, epoch: int) -> DecisionPoint:
        if self._kept is None or self._kept.snapshot.epoch != epoch:
            # INVARIANT: while another is read, and after it couldn't be, no earlier one answers.
            self._kept = None
            check_canaries(self.matchers)
            content = await self._read()
            # INVARIANT: what is decided under an epoch is masked, sealed and verified with that epoch's keys.
            await asyncio.to_thread(self.ring.use, content.key_set)
            self._kept = DecisionPoint(Snapshot(content), self.matchers, KeptDecisions())
        return self._kept

    async def _read(self) -> PortalContent:
        try:
            async with asyncio.timeout(LOAD_SECONDS):
                return await load_content(self.engine, self.ring.keys.digest_secret)
        except DATABASE_FAULTS as fault:
            raise unreadable("the database doesn't answer", "数据库没有响应") from fault


def snapshot_keeper(database_url: str, ring: KeyRing) -> SnapshotKeeper:
    """Return a keeper on the portal's database, with Casbin's models loaded; it says which keys are in use."""
    matchers = {name: Matcher(name) for name in ModelName}
    engine = open_database(database_url)
    epochs, revocations = open_epochs(database_url, engine), Revocations(engine)
    return SnapshotKeeper(engine, epochs, ring, matchers, revocations, asyncio.Lock())
