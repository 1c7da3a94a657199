"""The current snapshot: the epoch is read at each request, the content only when it changed."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from portal.access.epochs import EpochSource, open_epochs
from portal.access.revocations import Revocations
from portal.access.settling import make_undisturbed, settle
from portal.errors import ConfigurationError, PolicyUnavailable, Text
from portal.identity.keyring import KeyRing
from portal.policies.canaries import check_canaries
from portal.policies.casbin_models import Matcher, ModelName
from portal.policies.decision_point import DecisionPoint
from portal.policies.following import KnownContent, read_following
from portal.policies.kept_decisions import KeptDecisions
from portal.policies.snapshot import Snapshot
from portal.storage.content import read_content, unreadable
from portal.storage.database import open_database, open_sync_database
from portal.storage.pool import DATABASE_FAULTS

LOAD_SECONDS = 20.0
"""So long a request waits for content that is being read; it is refused then, and the reading goes on.

A database that falls silent is given up by its driver, statement by statement.
"""
FOLLOWED_FROM = 5_000
"""Content of fewer rows is read and verified whole at each epoch: that costs hardly more than to follow it."""
WHOLE_EVERY_SECONDS = 300.0
"""So often content that was followed is verified whole, beside the requests: was any of it changed by other means?"""
_log = logging.getLogger("portal")


def _still_reading() -> PolicyUnavailable:
    return PolicyUnavailable(
        Text(
            en="the portal's content is still being read, and nothing is permitted until it was; ask again in a moment",
            zh="门户的内容仍在读取中，读取完成之前一律不予许可；请稍后重试",
        )
    )


@dataclass(slots=True)
class SnapshotKeeper:
    """Keeps the decision point of the epoch last seen. Snapshots are immutable, and swapped whole."""

    engine: AsyncEngine
    epochs: EpochSource
    ring: KeyRing
    matchers: Mapping[ModelName, Matcher]
    revocations: Revocations
    verify: Callable[[], None]
    """Verifies the whole content, in a thread. Raises: PolicyUnavailable."""
    followed_from: int = FOLLOWED_FROM
    whole_every: float = WHOLE_EVERY_SECONDS
    wait_seconds: float = LOAD_SECONDS
    _kept: DecisionPoint | None = None
    _known: KnownContent | None = None
    _reading: asyncio.Task[DecisionPoint] | None = None
    _heard: asyncio.Event = field(default_factory=asyncio.Event)
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)
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
            kept = await self._loaded(present.epoch)
        return kept

    async def after(self, former: DecisionPoint | None) -> DecisionPoint:
        """Return the decision point of an epoch that was read, once it is another than the former one."""
        while self._kept is None or self._kept is former:
            await self._arrived.wait()
        return self._kept

    def now(self) -> datetime:
        """Return the time by the clock of the portal's database."""
        return self.epochs.now()

    def start(self) -> None:
        """Begin to load the content at once, and new content as soon as one hears of it, before it is asked for."""
        self._heard.set()
        work = (self.epochs.listen(self._heard.set), self._warm(), self._verify_now_and_then())
        self._tasks = [asyncio.create_task(one) for one in work]

    async def _warm(self) -> None:
        while True:
            await self._heard.wait()
            self._heard.clear()
            # Who asks is told what is wrong.
            with suppress(PolicyUnavailable):
                await self.current()

    async def _verify_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(self.whole_every)
            await self.verify_whole()

    async def verify_whole(self) -> None:
        """Verify content that was followed, whole; where it isn't what was signed nothing is permitted any more."""
        known = self._known
        if known is None or known.standing.row_count < self.followed_from:
            return
        try:
            # A database that can't be reached is looked at again the next time, and told to whoever asks.
            with suppress(ConfigurationError, SQLAlchemyError):
                await asyncio.to_thread(self.verify)
        except PolicyUnavailable as refused:
            _log.error("%s", refused.text.en)
            # Whoever asks next reads all of it, and is told.
            self._kept = self._known = None

    async def close(self) -> None:
        """Close the connections."""
        tasks = self._tasks if self._reading is None else [*self._tasks, self._reading]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.epochs.close()
        await self.engine.dispose()

    async def _loaded(self, epoch: int) -> DecisionPoint:
        """Return the point of the epoch; all who ask while it is read wait for the same reading.

        INVARIANT: who leaves or is refused doesn't end it: a content that takes longer to be read than anyone waits
        would never be.
        """
        try:
            async with asyncio.timeout(self.wait_seconds):
                if self._reading is not None and not self._reading.done():
                    # It may have begun before the epoch that holds now, and failed of what was mended since.
                    with suppress(PolicyUnavailable):
                        point = await asyncio.shield(self._reading)
                        if point.snapshot.epoch == epoch:
                            return point
                if self._reading is None or self._reading.done():
                    self._reading = asyncio.create_task(self._load())
                return await asyncio.shield(self._reading)
        except TimeoutError:
            raise _still_reading() from None

    async def _load(self) -> DecisionPoint:
        # INVARIANT: while another is read, and after it couldn't be, no earlier one answers.
        former, self._kept = self._kept, None
        check_canaries(self.matchers)
        known, self._known = self._known, None
        is_followed = known is not None and known.standing.row_count >= self.followed_from
        following = await self._read(known if is_followed else None)
        # INVARIANT: what is decided under an epoch is masked, sealed and verified with that epoch's keys.
        await asyncio.to_thread(self.ring.use, following.content.key_set)
        self._kept, self._known = self._point(former, following), following
        self._arrived.set()
        self._arrived = asyncio.Event()
        return self._kept

    def _point(self, former: DecisionPoint | None, known: KnownContent) -> DecisionPoint:
        """Return the point that decides on the content, with what of the former one's still holds."""
        if former is None or former.kept is None or known.touched is None:
            return DecisionPoint(Snapshot(known.content), self.matchers, KeptDecisions())
        snapshot = former.snapshot.following(known.content, known.touched)
        return DecisionPoint(snapshot, self.matchers, former.kept.untouched(known.touched))

    async def _read(self, known: KnownContent | None) -> KnownContent:
        try:
            make = await read_following(self.engine, known, self.ring.keys.digest_secret)
        except DATABASE_FAULTS as fault:
            raise unreadable("the database doesn't answer", "数据库没有响应") from fault
        made = await asyncio.to_thread(make_undisturbed, make)
        if made.touched is None and made.standing.row_count >= self.followed_from:
            # INVARIANT: only here, where everybody waits for the content: it holds up every thread.
            await asyncio.to_thread(settle)
        return made


def snapshot_keeper(database_url: str, ring: KeyRing) -> SnapshotKeeper:
    """Return a keeper on the portal's database, with Casbin's models loaded; it says which keys are in use."""
    matchers = {name: Matcher(name) for name in ModelName}
    engine = open_database(database_url)
    epochs, revocations = open_epochs(database_url, engine), Revocations(engine)

    def verify() -> None:
        reading = open_sync_database(database_url)
        try:
            with reading.connect() as connection:
                read_content(connection, ring.keys.digest_secret)
        finally:
            reading.dispose()

    return SnapshotKeeper(engine, epochs, ring, matchers, revocations, verify)
