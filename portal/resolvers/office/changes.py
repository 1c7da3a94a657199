"""The fields of change sets and freezes: drafted, checked, approved by another person, in force."""

from collections.abc import Mapping
from dataclasses import dataclass

import strawberry

from portal.administration.acts import Person
from portal.administration.change_sets import ChangeSet, ChangeState
from portal.administration.change_store import MOST_LISTED, StepTaken
from portal.administration.desk import Approval, Assessed, ChangeDesk, Draft, Judgement
from portal.administration.differences import Differences
from portal.administration.documents import NotAChange, parse_written, render_change
from portal.administration.freezing import parse_frozen
from portal.conditions.values import check_text, parse_instant, render_instant
from portal.errors import BadInput, Language, Text
from portal.json_text import JsonValue, check_strings_and_depth
from portal.policies.duties import Operation
from portal.policies.freezes import Freeze
from portal.resolvers.arguments import with_arguments_of
from portal.resolvers.context import RequestContext
from portal.resolvers.office.assessments import assessment_value
from portal.resolvers.office.once import Once
from portal.resolvers.office.releases import release_values
from portal.resolvers.root import Info, failing_here
from portal.schema.change_types import (
    ChangeAssessmentType,
    ChangeSetType,
    ChangeStepTakenType,
    FreezeType,
    ReleaseType,
)
from portal.schema.documents import Document
from portal.schema.scalars import DateTime

_StepsTaken = Mapping[int, tuple[StepTaken, ...]]


@dataclass(frozen=True, slots=True)
class DraftArguments:
    """What a person drafts, as it came."""

    title: str
    reason: str
    change: Document
    basis: str | None = None


@dataclass(frozen=True, slots=True)
class EditArguments:
    """What a person drafts anew, as it came."""

    id: int
    version: int
    title: str
    reason: str
    change: Document
    basis: str | None = None


@dataclass(frozen=True, slots=True)
class ApproveArguments:
    """What a person approves, as it came."""

    id: int
    version: int
    note: str = ""
    activates_at: DateTime | None = None
    looked_at: list[str] | None = None


@dataclass(frozen=True, slots=True)
class ListArguments:
    """Which change sets to list, as it came."""

    states: list[ChangeState] | None = None
    first: int = 20
    after: int | None = None


def person_of(context: RequestContext) -> Person:
    """Return who acts."""
    return Person(context.actor, context.asker)


def _desk(info: Info) -> ChangeDesk:
    return info.context.office.changes


async def _list(info: Info, asked: ListArguments) -> list[ChangeSetType]:
    """Return change sets, newest first."""
    with failing_here(info):
        if not 1 <= asked.first <= MOST_LISTED:
            raise BadInput(Text(en=f"`first` is 1 to {MOST_LISTED}", zh=f"`first` 应为 1 至 {MOST_LISTED}"))
        person = person_of(info.context)
        found = await _desk(info).list(person, asked.states or (), asked.first, asked.after)
        taken = Once(lambda: _desk(info).steps(person, [change.id for change in found]))
        return [_value(info, change, taken=taken) for change in found]


async def _draft(info: Info, drafted: DraftArguments) -> ChangeSetType:
    """Draft a change set."""
    with failing_here(info):
        change = await _desk(info).draft(person_of(info.context), _read_draft(drafted, info.context.language))
        return _value(info, change)


async def _edit(info: Info, edited: EditArguments) -> ChangeSetType:
    """Draft a change set anew."""
    with failing_here(info):
        draft = _read_draft(edited, info.context.language)
        change = await _desk(info).edit(person_of(info.context), Judgement(edited.id, edited.version), draft)
        return _value(info, change)


async def _approve(info: Info, approved: ApproveArguments) -> ChangeSetType:
    """Approve what somebody else submitted."""
    with failing_here(info):
        moment = None if approved.activates_at is None else parse_instant(approved.activates_at)
        approval = Approval(approved.id, approved.version, check_text(approved.note), tuple(approved.looked_at or ()))
        return _value(info, await _desk(info).approve(person_of(info.context), approval, moment))


@strawberry.type
class ChangeFields:
    """What is asked of change sets and freezes."""

    change_sets: list[ChangeSetType] = strawberry.field(
        description="变更单，新的在前", resolver=with_arguments_of(ListArguments)(_list)
    )

    @strawberry.field(description="一张变更单")  # type: ignore[untyped-decorator]
    async def change_set(self, info: Info, id: int) -> ChangeSetType:  # noqa: A002  the argument's name
        """Return one change set."""
        with failing_here(info):
            change, _ = await _desk(info).show(person_of(info.context), id)
            return _value(info, change)

    @strawberry.field(description="当前的紧急冻结")  # type: ignore[untyped-decorator]
    def freezes(self, info: Info) -> list[FreezeType]:
        """Return the freezes that hold."""
        with failing_here(info):
            info.context.office.duties.check(info.context.actor, Operation.VIEW_CHANGES)
            return [_freeze_value(one) for one in info.context.point.snapshot.content.freezes]


@strawberry.type
class ChangeActs:
    """What is done with change sets, and the freeze."""

    draft_change: ChangeSetType = strawberry.mutation(
        description="起草变更单", resolver=with_arguments_of(DraftArguments)(_draft)
    )
    edit_change: ChangeSetType = strawberry.mutation(
        description="修改自己的草稿；之后须重新检查", resolver=with_arguments_of(EditArguments)(_edit)
    )
    approve_change: ChangeSetType = strawberry.mutation(
        description="批准他人提交的变更单；立即生效，或自指定时刻起生效；向公众开放数据的，须附所查看报告的 lookedAt",
        resolver=with_arguments_of(ApproveArguments)(_approve),
    )

    @strawberry.mutation(description="检查自己的草稿；没有问题即可提交")  # type: ignore[untyped-decorator]
    async def check_change(self, info: Info, id: int, version: int) -> ChangeSetType:  # noqa: A002
        """Check a draft."""
        with failing_here(info):
            assessed = await _desk(info).check(person_of(info.context), Judgement(id, version))
            return _value(info, assessed.change, assessed)

    @strawberry.mutation(description="提交检查过的变更单，由另一人审核")  # type: ignore[untyped-decorator]
    async def submit_change(self, info: Info, id: int, version: int, note: str = "") -> ChangeSetType:  # noqa: A002
        """Submit a checked draft."""
        with failing_here(info):
            return _value(info, await _desk(info).submit(person_of(info.context), _judgement(id, version, note)))

    @strawberry.mutation(description="驳回他人提交的变更单")  # type: ignore[untyped-decorator]
    async def reject_change(self, info: Info, id: int, version: int, note: str) -> ChangeSetType:  # noqa: A002
        """Reject what somebody else submitted."""
        with failing_here(info):
            return _value(info, await _desk(info).reject(person_of(info.context), _judgement(id, version, note)))

    @strawberry.mutation(description="撤回自己的变更单")  # type: ignore[untyped-decorator]
    async def withdraw_change(self, info: Info, id: int, version: int, note: str = "") -> ChangeSetType:  # noqa: A002
        """Take one's own change set back."""
        with failing_here(info):
            return _value(info, await _desk(info).withdraw(person_of(info.context), _judgement(id, version, note)))

    @strawberry.mutation(description="起草一张恢复原状的变更单")  # type: ignore[untyped-decorator]
    async def roll_back_change(self, info: Info, id: int, reason: str) -> ChangeSetType:  # noqa: A002
        """Draft the undoing of a change set."""
        with failing_here(info):
            return _value(info, await _desk(info).roll_back(person_of(info.context), id, check_text(reason)))

    @strawberry.mutation(description="紧急冻结：立即生效；须提供第二因素验证码")  # type: ignore[untyped-decorator]
    async def freeze(self, info: Info, target: str, reason: str, code: str) -> FreezeType:
        """Freeze at once."""
        with failing_here(info):
            frozen, office = parse_frozen(check_text(target)), info.context.office
            await office.freezes.permit(person_of(info.context), frozen)
            await office.second_factors.check(person_of(info.context).id, code)
            return _freeze_value(await office.freezes.freeze(person_of(info.context), frozen, check_text(reason)))


def _judgement(number: int, version: int, note: str) -> Judgement:
    return Judgement(number, version, check_text(note))


def _read_draft(drafted: DraftArguments | EditArguments, language: Language) -> Draft:
    try:
        written: JsonValue = drafted.change  # type: ignore[assignment]  # JSON, as the scalar takes it
        check_strings_and_depth(written)
        document = parse_written(written)
    except NotAChange as refused:
        # All at once, each with its place: a person mends them in one go.
        lines = Text(
            en="; ".join(fault.render(Language.ENGLISH) for fault in refused.faults),
            zh="；".join(fault.render(Language.CHINESE) for fault in refused.faults),
        )
        raise BadInput(lines) from None
    basis = None if drafted.basis is None else check_text(drafted.basis)
    return Draft(check_text(drafted.title), check_text(drafted.reason), basis, document)


def _step_value(taken: StepTaken) -> ChangeStepTakenType:
    return ChangeStepTakenType(
        version=taken.version,
        step=taken.step,
        made_at=DateTime(taken.made_at),
        made_by=taken.made_by,
        note=taken.note,
    )


def _value(
    info: Info, change: ChangeSet, found: Assessed | None = None, taken: Once[_StepsTaken] | None = None
) -> ChangeSetType:
    """Return the change set; what is known of it, or read for all of a list, is given with it."""
    desk, person, language = _desk(info), person_of(info.context), info.context.language
    history = taken or Once(lambda: desk.steps(person, (change.id,)))

    async def steps() -> list[ChangeStepTakenType]:
        with failing_here(info):
            return [_step_value(one) for one in (await history.result())[change.id]]

    look = Once(lambda: desk.look_at(person, change.id), found)

    async def assessment() -> ChangeAssessmentType:
        with failing_here(info):
            return assessment_value((await look.result()).assessment, language)

    async def releases(entry: str | None) -> list[ReleaseType]:
        with failing_here(info):
            return release_values(info, await look.result(), entry)

    async def differences() -> Differences:
        with failing_here(info):
            return await desk.differences(person, change.id)

    return ChangeSetType(
        id=change.id,
        kind=change.kind,
        title=change.title,
        reason=change.reason,
        basis=change.basis,
        author=change.author,
        state=change.state,
        version=change.version,
        base_epoch=change.base_epoch,
        document=Document(render_change(change.document)),
        activates_at=None if change.activates_at is None else DateTime(render_instant(change.activates_at)),
        approved_by=change.approved_by,
        epoch=change.epoch,
        listed=steps,
        assessed=assessment,
        compared=differences,
        released=releases,
    )


def _freeze_value(freeze: Freeze) -> FreezeType:
    return FreezeType(
        id=freeze.id,
        target=str(freeze.frozen),
        reason=freeze.reason,
        frozen_by=freeze.frozen_by,
        frozen_at=DateTime(freeze.frozen_at),
    )
