"""The desk of change sets: each step by the person whose duty it is, in the audit, and in force only when approved.

What blocks runs in threads; every step reads the content anew and holds the change against it, so that nothing rests on
what somebody saw earlier.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from portal.access.snapshots import SnapshotKeeper
from portal.administration.acts import Deed, Person, act_record, permit
from portal.administration.assessing import Assessment
from portal.administration.assessor import Assessor, Weighed
from portal.administration.change_sets import (
    ChangeKind,
    ChangeSet,
    ChangeState,
    Step,
    advance,
    check_version,
    seal_of,
)
from portal.administration.change_store import (
    StepNote,
    StepTaken,
    insert_change,
    list_changes,
    list_steps,
    read_change,
    store_step,
)
from portal.administration.database import ContentDatabase
from portal.administration.differences import Differences, read_differences
from portal.administration.documents import ChangeDocument, Restoration
from portal.administration.editing import REGISTER_KINDS, REGISTER_TABLES
from portal.administration.in_force import bring_into_force
from portal.administration.releasing import Release, check_looked_at
from portal.administration.revising import Faulty, Revised
from portal.audit.recorder import Recorder
from portal.audit.records import Act
from portal.errors import BadInput, Conflict, Forbidden, Text
from portal.policies.decision_point import DecisionPoint
from portal.policies.duties import Duties, Operation, Target
from portal.storage.history import versions_before
from portal.storage.tables import catalog_entries, datasets


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person wants changed, and why."""

    title: str
    reason: str
    basis: str | None
    document: ChangeDocument


@dataclass(frozen=True, slots=True)
class Assessed:
    """A change set, what it would do now, and what of that opens data to everybody."""

    change: ChangeSet
    assessment: Assessment
    releases: tuple[Release, ...]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What somebody says of a change set that they saw in a version."""

    number: int
    version: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Approval(Judgement):
    """A judgement that approves; `looked_at` are the seals of the reports that its author has looked at."""

    looked_at: tuple[str, ...] = ()


_ACTS = {
    Step.DRAFT: Act.CHANGE_DRAFTED,
    Step.EDIT: Act.CHANGE_DRAFTED,
    Step.SUBMIT: Act.CHANGE_SUBMITTED,
    Step.APPROVE: Act.CHANGE_APPROVED,
    Step.ACTIVATE: Act.CHANGE_ACTIVATED,
    Step.REJECT: Act.CHANGE_REJECTED,
    Step.WITHDRAW: Act.CHANGE_WITHDRAWN,
}


@dataclass(frozen=True)
class ChangeDesk:
    """Takes change sets from step to step."""

    database: ContentDatabase
    keeper: SnapshotKeeper
    recorder: Recorder
    duties: Duties
    assessor: Assessor

    async def list(
        self, person: Person, states: Sequence[ChangeState], first: int, after: int | None
    ) -> tuple[ChangeSet, ...]:
        """Return change sets, newest first. Raises: Forbidden."""
        await permit(self, person, Operation.VIEW_CHANGES, "changes")
        return await self.database.read(lambda connection: list_changes(connection, states, first, after))

    async def show(self, person: Person, number: int) -> tuple[ChangeSet, tuple[StepTaken, ...]]:
        """Return a change set and its history. Raises: Forbidden, BadInput."""
        await permit(self, person, Operation.VIEW_CHANGES, f"change:{number}")
        return await self.database.read(
            lambda connection: (read_change(connection, number), list_steps(connection, (number,))[number])
        )

    async def steps(self, person: Person, numbers: Sequence[int]) -> Mapping[int, tuple[StepTaken, ...]]:
        """Return what was done with each of these change sets, at most `MOST_LISTED`. Raises: Forbidden."""
        await permit(self, person, Operation.VIEW_CHANGES, "changes")
        return await self.database.read(lambda connection: list_steps(connection, numbers))

    async def differences(self, person: Person, number: int) -> Differences:
        """Return what a change set changes, thing by thing. Raises: Forbidden, BadInput."""
        change, _ = await self.show(person, number)
        return await self.database.read(lambda connection: read_differences(connection, change))

    async def draft(self, person: Person, draft: Draft) -> ChangeSet:
        """Return a new change set. Raises: Forbidden, BadInput."""
        await self._check_author(person, draft.document)
        _check_words(draft)
        return await self._insert(person, draft, ChangeKind.RECORDS)

    async def edit(self, person: Person, judged: Judgement, draft: Draft) -> ChangeSet:
        """Return the change set with another document, to be checked anew. Raises: Forbidden, Conflict, BadInput."""
        await self._check_author(person, draft.document)
        _check_words(draft)
        change = await self._own(person, judged)
        present, revised = await self.assessor.revise(draft.document)
        edited = replace(
            advance(change, Step.EDIT),
            title=draft.title,
            reason=draft.reason,
            basis=draft.basis,
            author_roles=frozenset(person.actor.subject.roles) | change.author_roles,
            base_epoch=present.epoch,
            document=draft.document,
            base=revised.base if isinstance(revised, Revised) else {},
        )
        return await self._store(person, edited, Step.EDIT, judged.note)

    async def check(self, person: Person, judged: Judgement) -> Assessed:
        """Return what the change set would do; one that is sound may be submitted then. Raises: Forbidden, Conflict."""
        change = await self._own(person, judged)
        weighed = await self.assessor.assess(change)
        if weighed.assessment.is_sound:
            change = await self._store(person, advance(change, Step.CHECK), Step.CHECK, "")
        return Assessed(change, weighed.assessment, weighed.releases)

    async def look_at(self, person: Person, number: int) -> Assessed:
        """Return what the change set would do now, for whoever judges it. Raises: Forbidden, BadInput."""
        change, _ = await self.show(person, number)
        weighed = await self.assessor.assess(change)
        return Assessed(change, weighed.assessment, weighed.releases)

    async def foresee(self, person: Person, document: ChangeDocument) -> Assessment:
        """Return what a change that isn't drafted yet would do now; nothing is kept. Raises: Forbidden."""
        await self._check_author(person, document)
        return (await self.assessor.foresee(document)).assessment

    async def point_after(self, person: Person, document: ChangeDocument) -> DecisionPoint:
        """Return what would decide if the change were in force now. Raises: Forbidden, BadInput for a faulty one."""
        await self._check_author(person, document)
        _, after = await self.assessor.revise(document)
        if isinstance(after, Faulty):
            raise BadInput(after.faults[0].what)
        return DecisionPoint(after.snapshot, self.keeper.matchers)

    async def submit(self, person: Person, judged: Judgement) -> ChangeSet:
        """Hand a checked change set over to a second person. Raises: Forbidden, Conflict, BadInput."""
        change = await self._own(person, judged)
        following = advance(change, Step.SUBMIT)
        await self._check_still_sound(change)
        return await self._store(person, following, Step.SUBMIT, judged.note)

    async def withdraw(self, person: Person, judged: Judgement) -> ChangeSet:
        """Take one's own change set back. Raises: Forbidden, Conflict."""
        await permit(self, person, Operation.WITHDRAW_CHANGE, f"change:{judged.number}")
        change = await self._own(person, judged)
        return await self._store(person, advance(change, Step.WITHDRAW), Step.WITHDRAW, judged.note)

    async def reject(self, person: Person, judged: Judgement) -> ChangeSet:
        """Refuse a change set that somebody else submitted. Raises: Forbidden, Conflict."""
        change = await self._judged(person, judged, Operation.REJECT_CHANGE)
        return await self._store(person, advance(change, Step.REJECT), Step.REJECT, judged.note)

    async def approve(self, person: Person, judged: Approval, activates_at: datetime | None) -> ChangeSet:
        """Approve what somebody else submitted; it is in force at once, or from the time on that is named.

        What opens data to everybody is approved by who has looked at the report of each release.

        Raises: Forbidden, Conflict, BadInput for a time that has passed.
        """
        change = await self._judged(person, judged, Operation.APPROVE_CHANGE)
        now = self.keeper.now()
        if activates_at is not None and activates_at <= now:
            raise BadInput(
                Text(en="that time has passed; name a later one, or none", zh="该时间已过；请填写更晚的时间，或不填")
            )
        approved = replace(advance(change, Step.APPROVE), approved_by=person.id, activates_at=activates_at)
        weighed = await self._check_still_sound(change)
        check_looked_at(change, weighed.releases, person.id, judged.looked_at, self._secret)
        approved = replace(approved, seal=seal_of(approved, self._secret))
        approved = await self._store(person, approved, Step.APPROVE, judged.note)
        if activates_at is not None:
            return approved
        try:
            active = await self.bring_into_force(approved.id)
        except Conflict:
            # A worker that looks for what is due may have been first.
            active = await self.database.read(lambda connection: read_change(connection, approved.id))
            if active.state is not ChangeState.ACTIVE:
                raise
            return active
        await self._record(person, Step.ACTIVATE, active)
        return active

    async def roll_back(self, person: Person, number: int, reason: str) -> ChangeSet:
        """Return a new change set that undoes one that is in force. Raises: Forbidden, BadInput."""
        former, _ = await self.show(person, number)
        if former.epoch is None:
            raise BadInput(
                Text(
                    en=f"change set {number} never came into force, so there is nothing to undo",
                    zh=f"变更单 {number} 从未生效，无需撤回",
                )
            )
        epoch = former.epoch
        before = await self.database.read(lambda connection: versions_before(connection, epoch))
        if any(table in (catalog_entries.name, datasets.name) for table, _ in before):
            raise BadInput(
                Text(
                    en="a load that changed the catalog or rows is undone by loading the former bundle",
                    zh="装载若改动了目录或数据行，请装载此前的数据包以撤回",
                )
            )
        restorations = tuple(Restoration(table, key, version) for (table, key), version in sorted(before.items()))
        draft = Draft(
            f"撤回变更单 {number}：{former.title}", reason, former.basis, ChangeDocument((), (), restorations)
        )
        await self._check_author(person, draft.document)
        _check_words(draft)
        return await self._insert(person, draft, ChangeKind.ROLLBACK)

    async def bring_into_force(self, number: int) -> ChangeSet:
        """Bring an approved change set whose time has come into force. Raises: Conflict, PolicyUnavailable."""
        return await asyncio.to_thread(bring_into_force, self.database, self._secret, number, self.keeper.now)

    @property
    def _secret(self) -> bytes:
        return self.keeper.ring.keys.digest_secret

    async def _check_author(self, person: Person, document: ChangeDocument) -> None:
        is_register = bool(document.kinds & REGISTER_KINDS) or any(
            one.table in REGISTER_TABLES for one in document.restorations
        )
        others = bool(document.kinds - REGISTER_KINDS) or any(
            one.table not in REGISTER_TABLES for one in document.restorations
        )
        if is_register:
            await permit(self, person, Operation.DRAFT_REGISTER, "register")
        if others:
            await permit(self, person, Operation.DRAFT_POLICIES, "policies")

    async def _own(self, person: Person, judged: Judgement) -> ChangeSet:
        """Return a change set for its author, in the version that was seen. Raises: Forbidden, Conflict, BadInput."""
        change, _ = await self.show(person, judged.number)
        if change.author != person.id:
            raise Forbidden(Text(en="only its author may do this to a change set", zh="只有变更单的作者可以执行此操作"))
        check_version(change, judged.version)
        await self._check_author(person, change.document)
        return change

    async def _judged(self, person: Person, judged: Judgement, operation: Operation) -> ChangeSet:
        change = await self.database.read(lambda connection: read_change(connection, judged.number))
        point = await self.keeper.current()
        author = point.snapshot.registry.users.get(change.author)
        roles = change.author_roles | frozenset(author.roles if author else ())
        await permit(self, person, operation, f"change:{change.id}", Target(author=change.author, author_roles=roles))
        check_version(change, judged.version)
        return change

    async def _check_still_sound(self, change: ChangeSet) -> Weighed:
        """Return what the change would do, which is what its author saw. Raises: Conflict."""
        weighed = await self.assessor.assess(change)
        assessment = weighed.assessment
        if assessment.base != change.base:
            places = sorted(
                place
                for place in {*assessment.base, *change.base}
                if assessment.base.get(place) != change.base.get(place)
            )
            raise Conflict(
                Text(
                    en=f"what change set {change.id} was drafted upon has changed since ({', '.join(places)}); "
                    "edit it, so that it is checked anew",
                    zh=f"变更单 {change.id} 所依据的内容已发生变化（{'、'.join(places)}）；请编辑后重新检查",
                )
            )
        if not assessment.is_sound:
            raise Conflict(
                Text(
                    en=f"change set {change.id} doesn't pass its checks any more; check it again to see why",
                    zh=f"变更单 {change.id} 已不能通过检查；请重新检查以了解原因",
                )
            )
        return weighed

    async def _insert(self, person: Person, draft: Draft, kind: ChangeKind) -> ChangeSet:
        present, revised = await self.assessor.revise(draft.document)
        change = ChangeSet(
            id=0,
            kind=kind,
            title=draft.title,
            reason=draft.reason,
            basis=draft.basis,
            author=person.id,
            author_roles=frozenset(person.actor.subject.roles),
            state=ChangeState.DRAFT,
            version=1,
            base_epoch=present.epoch,
            document=draft.document,
            base=revised.base if isinstance(revised, Revised) else {},
        )
        note = StepNote(person.id, self.keeper.now())
        number = await self.database.write(lambda connection: insert_change(connection, change, note))
        drafted = replace(change, id=number)
        await self._record(person, Step.DRAFT, drafted)
        return drafted

    async def _store(self, person: Person, change: ChangeSet, step: Step, note: str) -> ChangeSet:
        """Record the step in the audit, write it, and return the change set."""
        # Before it is written: nothing is approved that the log doesn't tell of.
        await self._record(person, step, change)
        at = StepNote(person.id, self.keeper.now(), note)
        await self.database.write(lambda connection: store_step(connection, change, step, at))
        return change

    async def _record(self, person: Person, step: Step, change: ChangeSet) -> None:
        act = _ACTS.get(step)
        if act is not None:
            deed = Deed(act, f"change:{change.id}", {"version": change.version, "title": change.title})
            await self.recorder.record_act(act_record(person, deed, self.keeper.now()))


def _check_words(draft: Draft) -> None:
    for name, text in (("title", draft.title), ("reason", draft.reason)):
        if not text.strip():
            raise BadInput(
                Text(en=f"`{name}` is empty; say what is changed, and why", zh=f"`{name}` 为空；请说明变更内容和理由")
            )
