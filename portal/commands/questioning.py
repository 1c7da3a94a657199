"""`portal who`, `portal what` and `portal why`: questions on policies, by those whose duty it is."""

import asyncio
from collections.abc import Awaitable, Callable

from portal.acting import Acting, act
from portal.administration.acts import Person
from portal.administration.answers import render_permissions, render_refusal, render_sights
from portal.administration.questions import ItemQuestion, ViewerQuestion
from portal.app import Portal
from portal.commands.office_options import ActingOptions
from portal.commands.parsing import parse_choice, parse_moment, parse_whole
from portal.commands.question_options import WhatOptions, WhoOptions, WhyOptions
from portal.commands.terminal import ExitCode, Session
from portal.errors import BadInput, Text
from portal.identity.claims import MAX_AUTH_LEVEL
from portal.policies.questions import Hypothetical
from portal.vocabulary import ApplicationId, DepartmentCode, EntryCode, ItemIdentifier, Matter, NetworkZone, UserId


def who_can_see(session: Session, options: WhoOptions) -> ExitCode:
    """Print who can see each of the items."""
    at = parse_moment("--at", options.at) if options.at else None
    if not options.items:
        raise BadInput(
            Text(
                en="no item is named; write `portal who CODE ITEM …`",
                zh="未指明信息项；写法为 `portal who 代码 信息项 …`",
            )
        )

    async def run(portal: Portal, person: Person) -> ExitCode:
        for item in options.items:
            question = ItemQuestion(EntryCode(options.resource), ItemIdentifier(item), at)
            sights = await portal.endpoint.office.questions.who_can_see(person, question)
            session.terminal.say(Text(en=item, zh=item))
            for line in render_sights(sights):
                session.terminal.say(Text(en=f"  {line.en}", zh=f"  {line.zh}"))
        return ExitCode.DONE

    return _act(session, options, run)


def what_can_see(session: Session, options: WhatOptions) -> ExitCode:
    """Print what somebody can see."""
    question = _parse_viewer(options)

    async def run(portal: Portal, person: Person) -> ExitCode:
        for line in render_permissions(await portal.endpoint.office.questions.what_can_see(person, question)):
            session.terminal.say(line)
        return ExitCode.DONE

    return _act(session, options, run)


def _parse_viewer(options: WhatOptions) -> ViewerQuestion:
    named = [options.application, options.user, options.department]
    if sum(map(bool, named)) + options.public != 1:
        raise BadInput(
            Text(
                en="write one of `--application ID`, `--user ID`, `--department CODE` and `--public`",
                zh="请在 `--application ID`、`--user ID`、`--department CODE`、`--public` 中选择一个",
            )
        )
    supposed = None
    if options.department:
        supposed = Hypothetical(
            DepartmentCode(options.department),
            parse_whole("--level", options.level, 0, MAX_AUTH_LEVEL) if options.level else None,
            parse_choice("--zone", options.zone, NetworkZone) if options.zone else None,
            Matter(options.matter) if options.matter else None,
        )
    return ViewerQuestion(
        application=ApplicationId(options.application) if options.application else None,
        user=UserId(options.user) if options.user else None,
        supposed=supposed,
        at=parse_moment("--at", options.at) if options.at else None,
    )


def why_refused(session: Session, options: WhyOptions) -> ExitCode:
    """Print why a request was refused."""

    async def run(portal: Portal, person: Person) -> ExitCode:
        for line in render_refusal(await portal.endpoint.office.questions.why_refused(person, options.receipt)):
            session.terminal.say(line)
        return ExitCode.DONE

    return _act(session, options, run)


def _act(session: Session, options: ActingOptions, run: Callable[[Portal, Person], Awaitable[ExitCode]]) -> ExitCode:
    return asyncio.run(act(session.settings(), Acting(options.by, options.code), run))
