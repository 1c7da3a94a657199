"""`portal change …`, `portal freeze` and `portal lift`: what people who administer a portal do at the command line."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path

from portal.acting import Acting, act
from portal.administration.acts import Person
from portal.administration.change_sets import ChangeSet, ChangeState, Step
from portal.administration.change_store import MOST_LISTED
from portal.administration.desk import Approval, Draft, Judgement
from portal.administration.documents import (
    ChangedKind,
    ChangeDocument,
    NotAChange,
    Withdrawal,
    parse_written,
    render_change,
)
from portal.administration.freezing import parse_frozen
from portal.administration.release_wording import render_release
from portal.administration.wording import render_assessment
from portal.app import Portal
from portal.commands.office_options import (
    ActingOptions,
    ApproveOptions,
    ChangeOptions,
    DraftOptions,
    FreezeOptions,
    JudgeOptions,
    LiftOptions,
    ListChangesOptions,
)
from portal.commands.parsing import parse_choice, parse_moment, parse_whole
from portal.commands.terminal import ExitCode, Session, Terminal
from portal.conditions.values import render_instant
from portal.errors import BadInput, Language, Text
from portal.json_text import decode_text, parse_json, render_json

_STATES: Mapping[ChangeState, str] = {
    ChangeState.DRAFT: "草稿",
    ChangeState.CHECKED: "已检查",
    ChangeState.SUBMITTED: "已提交",
    ChangeState.APPROVED: "已批准",
    ChangeState.ACTIVE: "已生效",
    ChangeState.SUPERSEDED: "已取代",
    ChangeState.REJECTED: "已驳回",
    ChangeState.WITHDRAWN: "已撤回",
}
_STEPS: Mapping[Step, str] = {
    Step.DRAFT: "起草",
    Step.EDIT: "修改",
    Step.CHECK: "检查",
    Step.SUBMIT: "提交",
    Step.APPROVE: "批准",
    Step.REJECT: "驳回",
    Step.WITHDRAW: "撤回",
    Step.ACTIVATE: "生效",
    Step.SUPERSEDE: "被取代",
}
_MOST_CHANGES = 999_999_999


def draft(session: Session, options: DraftOptions) -> ExitCode:
    """Draft a change set from a JSON document and check it; exit code 1 where it isn't sound."""
    document = _read_change(session, options.file)
    if document is None:
        return ExitCode.BAD_INPUT
    wanted = Draft(options.title, options.reason, options.basis or None, document)

    async def run(portal: Portal, person: Person) -> ExitCode:
        desk = portal.endpoint.office.changes
        if options.id:
            number = _number(options.id)
            before, _ = await desk.show(person, number)
            change = await desk.edit(person, Judgement(number, before.version), wanted)
        else:
            change = await desk.draft(person, wanted)
        return await _check(session, portal, person, change)

    return _act(session, options, run)


def check(session: Session, options: ChangeOptions) -> ExitCode:
    """Check one's own draft; exit code 1 where it isn't sound."""

    async def run(portal: Portal, person: Person) -> ExitCode:
        change, _ = await portal.endpoint.office.changes.show(person, _number(options.id))
        return await _check(session, portal, person, change)

    return _act(session, options, run)


async def _check(session: Session, portal: Portal, person: Person, change: ChangeSet) -> ExitCode:
    assessed = await portal.endpoint.office.changes.check(person, Judgement(change.id, change.version))
    _say_change(session.terminal, assessed.change)
    for line in render_assessment(assessed.assessment):
        session.terminal.say(line)
    return ExitCode.DONE if assessed.assessment.is_sound else ExitCode.NO


def show(session: Session, options: ChangeOptions) -> ExitCode:
    """Print a change set, its history, and what it would do now."""

    async def run(portal: Portal, person: Person) -> ExitCode:
        desk, number = portal.endpoint.office.changes, _number(options.id)
        change, steps = await desk.show(person, number)
        terminal = session.terminal
        _say_change(terminal, change)
        for step in steps:
            note = f": {step.note}" if step.note else ""
            when, who = f"  {step.made_at}", f"{step.made_by}{note}"
            terminal.say(Text(en=f"{when} {step.step} {who}", zh=f"{when} {_STEPS[step.step]} {who}"))
        terminal.write(render_json(render_change(change.document), indent=2))
        if change.state in (ChangeState.DRAFT, ChangeState.CHECKED, ChangeState.SUBMITTED) and change.rows is None:
            for line in render_assessment((await desk.look_at(person, number)).assessment):
                terminal.say(line)
        return ExitCode.DONE

    return _act(session, options, run)


def report(session: Session, options: ChangeOptions) -> ExitCode:
    """Print what a change set opens to everybody, and by what its rows could be told apart."""

    async def run(portal: Portal, person: Person) -> ExitCode:
        office = portal.endpoint.office
        assessed = await office.changes.look_at(person, _number(options.id))
        if not assessed.releases:
            session.terminal.say(Text(en="it opens nothing to everybody", zh="不向公众开放任何内容"))
        for release in assessed.releases:
            found = await office.releases.report(person, assessed.change, release)
            for line in render_release(release, found):
                session.terminal.say(line)
        return ExitCode.DONE

    return _act(session, options, run)


def list_all(session: Session, options: ListChangesOptions) -> ExitCode:
    """Print change sets, newest first."""
    states = [parse_choice("--state", options.state, ChangeState)] if options.state else []
    first = parse_whole("--limit", options.limit, 1, MOST_LISTED)

    async def run(portal: Portal, person: Person) -> ExitCode:
        for change in await portal.endpoint.office.changes.list(person, states, first, None):
            _say_change(session.terminal, change)
        return ExitCode.DONE

    return _act(session, options, run)


def submit(session: Session, options: JudgeOptions) -> ExitCode:
    """Hand a checked change set over to a second person."""
    return _judge(session, options, lambda portal: portal.endpoint.office.changes.submit)


def reject(session: Session, options: JudgeOptions) -> ExitCode:
    """Refuse a change set that somebody else submitted."""
    return _judge(session, options, lambda portal: portal.endpoint.office.changes.reject)


def withdraw(session: Session, options: JudgeOptions) -> ExitCode:
    """Take one's own change set back."""
    return _judge(session, options, lambda portal: portal.endpoint.office.changes.withdraw)


def approve(session: Session, options: ApproveOptions) -> ExitCode:
    """Approve what somebody else submitted; in force at once, or from a time on."""
    at = parse_moment("--at", options.at) if options.at else None
    number = _number(options.id)

    async def run(portal: Portal, person: Person) -> ExitCode:
        desk = portal.endpoint.office.changes
        before, _ = await desk.show(person, number)
        approval = Approval(number, before.version, options.note, tuple(options.looked_at))
        change = await desk.approve(person, approval, at)
        _say_change(session.terminal, change)
        return ExitCode.DONE

    return _act(session, options, run)


def roll_back(session: Session, options: JudgeOptions) -> ExitCode:
    """Draft the undoing of a change set, and check it."""

    async def run(portal: Portal, person: Person) -> ExitCode:
        change = await portal.endpoint.office.changes.roll_back(person, _number(options.id), options.note)
        return await _check(session, portal, person, change)

    return _act(session, options, run)


def freeze(session: Session, options: FreezeOptions) -> ExitCode:
    """Freeze something at once."""
    frozen = parse_frozen(options.target)

    async def run(portal: Portal, person: Person) -> ExitCode:
        made = await portal.endpoint.office.freezes.freeze(person, frozen, options.reason)
        session.terminal.say(
            Text(
                en=f"`{frozen}` is frozen from now on, as `{made.id}`; two people lift it (`portal lift {made.id}`)",
                zh=f"`{frozen}` 自此冻结，编号 `{made.id}`；须由两人解除（`portal lift {made.id}`）",
            )
        )
        return ExitCode.DONE

    return _act(session, options, run)


def lift(session: Session, options: LiftOptions) -> ExitCode:
    """Draft and submit the lifting of a freeze; another person approves it."""
    lifting = ChangeDocument(withdrawals=(Withdrawal(ChangedKind.FREEZE, options.freeze, "withdraw[0]"),))

    async def run(portal: Portal, person: Person) -> ExitCode:
        desk = portal.endpoint.office.changes
        change = await desk.draft(person, Draft(f"lift {options.freeze}", options.reason, None, lifting))
        assessed = await desk.check(person, Judgement(change.id, change.version))
        if not assessed.assessment.is_sound:
            for line in render_assessment(assessed.assessment):
                session.terminal.say(line)
            return ExitCode.NO
        change = await desk.submit(person, Judgement(change.id, assessed.change.version))
        _say_change(session.terminal, change)
        return ExitCode.DONE

    return _act(session, options, run)


def _judge(
    session: Session,
    options: JudgeOptions,
    step: Callable[[Portal], Callable[[Person, Judgement], Awaitable[ChangeSet]]],
) -> ExitCode:
    number = _number(options.id)

    async def run(portal: Portal, person: Person) -> ExitCode:
        before, _ = await portal.endpoint.office.changes.show(person, number)
        _say_change(session.terminal, await step(portal)(person, Judgement(number, before.version, options.note)))
        return ExitCode.DONE

    return _act(session, options, run)


def _act(session: Session, options: ActingOptions, run: Callable[[Portal, Person], Awaitable[ExitCode]]) -> ExitCode:
    return asyncio.run(act(session.settings(), Acting(options.by, options.code), run))


def _number(text: str) -> int:
    return parse_whole("ID", text, 1, _MOST_CHANGES)


def _say_change(terminal: Terminal, change: ChangeSet) -> None:
    for line in _lines(change):
        terminal.say(line)


def _lines(change: ChangeSet) -> Iterator[Text]:
    approved = "" if change.approved_by is None else f", {change.approved_by}"
    yield Text(
        en=f"change set {change.id}: {change.state}, version {change.version}, by {change.author}{approved}: "
        f"{change.title}",
        zh=f"变更单 {change.id}：{_STATES[change.state]}，第 {change.version} 版，{change.author}{approved}："
        f"{change.title}",
    )
    if change.activates_at is not None and change.state is ChangeState.APPROVED:
        at = render_instant(change.activates_at)
        yield Text(en=f"  in force from {at} on", zh=f"  自 {at} 起生效")


def _read_change(session: Session, file: str) -> ChangeDocument | None:
    """Return the change that a file says; None where it has faults, each said on a line of its own."""
    try:
        content = session.stdin.read() if file == "-" else Path(file).read_bytes()
    except OSError as fault:
        raise BadInput(
            Text(
                en=f"`{file}` can't be read ({fault.strerror}); name a file with a change, or `-`",
                zh=f"无法读取 `{file}`（{fault.strerror}）；请指定变更文件，或写 `-`",
            )
        ) from None
    try:
        return parse_written(parse_json(decode_text(content)))
    except NotAChange as refused:
        for found in refused.faults:
            session.terminal.complain(Text(en=found.render(Language.ENGLISH), zh=found.render(Language.CHINESE)))
        return None
