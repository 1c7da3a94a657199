"""What a change would do now, found out upon the content that holds now: nothing rests on what somebody saw earlier."""

import asyncio
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from portal.access.snapshots import SnapshotKeeper
from portal.administration.assessing import OF_A_LOAD, Assessment, assess
from portal.administration.change_sets import ChangeSet
from portal.administration.counting import RowCounter, count_shift
from portal.administration.database import ContentDatabase
from portal.administration.documents import ChangeDocument, Declaration
from portal.administration.in_force import present_content, revise_change, revise_stored
from portal.administration.releasing import Release, releases_of
from portal.administration.revising import Faulty, Revised
from portal.policies.decision_point import DecisionPoint
from portal.policies.information_point import parse_content
from portal.policies.snapshot import Snapshot
from portal.storage.content import StoredContent

SHIFTS_COUNTED = 20
"""Of so many parts of an impact the rows are counted; who changes more looks at the entries one by one."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """What a change would do, and what it opens to everybody, by entry."""

    assessment: Assessment
    releases: tuple[Release, ...] = ()


@dataclass(frozen=True)
class Assessor:
    """Finds out what changes would do. What blocks runs in threads."""

    database: ContentDatabase
    keeper: SnapshotKeeper
    counter: RowCounter

    async def revise(self, document: ChangeDocument) -> tuple[StoredContent, Revised | Faulty]:
        """Return the content that holds now, and what it would be after the change."""

        def revised(connection: Connection) -> tuple[StoredContent, Revised | Faulty]:
            present = present_content(connection, self._secret)
            return present, revise_stored(connection, present, document, self.keeper.now())

        return await self.database.read(revised)

    async def foresee(self, document: ChangeDocument) -> Weighed:
        """Return what a change that isn't drafted yet would do."""
        return await self._weigh(*await self.revise(document), document.declaration)

    async def assess(self, change: ChangeSet) -> Weighed:
        """Return what a change set would do."""

        def revised(connection: Connection) -> tuple[StoredContent, Revised | Faulty]:
            present = present_content(connection, self._secret)
            return present, revise_change(connection, present, change, self.keeper.now())

        present, after = await self.database.read(revised)
        return await self._weigh(present, after, change.document.declaration if change.rows is None else OF_A_LOAD)

    @property
    def _secret(self) -> bytes:
        return self.keeper.ring.keys.digest_secret

    async def _weigh(self, present: StoredContent, after: Revised | Faulty, declared: Declaration) -> Weighed:
        if isinstance(after, Faulty):
            return Weighed(Assessment(after.faults))
        before = DecisionPoint(Snapshot(parse_content(present)), self.keeper.matchers)
        count_rows = self.counter.blocking(after.snapshot, asyncio.get_running_loop())
        found = await asyncio.to_thread(assess, before, after, declared, self.keeper.now(), count_rows)
        points = (before, DecisionPoint(after.snapshot, before.matchers))
        shifts = found.impact.shifts[:SHIFTS_COUNTED]
        rows = tuple([await count_shift(self.counter, points, shift) for shift in shifts])
        return Weighed(replace(found, rows=rows), releases_of(found.given, points[1]))
