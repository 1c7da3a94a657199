"""The desk where whoever judges a change sees what it opens to everybody, and what rows could be told apart by."""

from dataclasses import dataclass

from portal.administration.acts import Deed, Person, act_record
from portal.administration.change_sets import ChangeSet
from portal.administration.desk import ChangeDesk
from portal.administration.releasing import Release, looked_at
from portal.administration.uniqueness import Examiner, Uniqueness
from portal.audit.records import Act


@dataclass(frozen=True, slots=True)
class ReleaseReport:
    """What rows of a release can be told apart by, and the seal of who has looked at it."""

    uniqueness: Uniqueness
    looked_at: str


@dataclass(frozen=True)
class ReleaseDesk:
    """Reports on releases to those who may look at change sets."""

    changes: ChangeDesk
    examiner: Examiner

    async def report(self, person: Person, change: ChangeSet, release: Release) -> ReleaseReport:
        """Return the report of one release; that it was asked for is in the audit before.

        Raises: PolicyUnavailable, AuditUnavailable.
        """
        found = await self.examiner.examine(release)
        code, keeper = release.state.entry.code, self.changes.keeper
        asked = Deed(Act.POLICY_ASKED, f"release {code}", {"change": change.id})
        await self.changes.recorder.record_act(act_record(person, asked, keeper.now()))
        return ReleaseReport(found, looked_at(change, release, person.id, keeper.ring.keys.digest_secret))
