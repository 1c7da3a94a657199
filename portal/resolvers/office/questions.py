"""The fields of questions on policies: each is in the audit before it is answered."""

from dataclasses import dataclass
from datetime import datetime

import strawberry

from portal.administration.acts import Person
from portal.administration.answers import render_permission, render_refusal, render_sight
from portal.administration.questions import ItemQuestion, QuestionDesk, ViewerQuestion
from portal.conditions.values import check_text, parse_instant, render_instant
from portal.errors import BadInput, Language, Text
from portal.identity.claims import MAX_AUTH_LEVEL
from portal.policies.questions import Hypothetical, Permission, RefusalExplained, Sight
from portal.resolvers.arguments import with_arguments_of
from portal.resolvers.root import Info, failing_here
from portal.schema.question_types import (
    ExplainedRefusalType,
    NamedPolicyType,
    PermissionType,
    SightType,
    SupposedViewerInput,
)
from portal.schema.scalars import DateTime
from portal.vocabulary import ApplicationId, DepartmentCode, EntryCode, ItemIdentifier, Matter, NetworkZone, UserId


@dataclass(frozen=True, slots=True)
class SightArguments:
    """Which item is asked about, as it came."""

    resource: str
    item: str
    at: DateTime | None = None


@dataclass(frozen=True, slots=True)
class PermissionArguments:
    """Whose eyes are looked through, as it came; nobody named is the public."""

    application: str | None = None
    user: str | None = None
    supposed: SupposedViewerInput | None = None
    at: DateTime | None = None


def _desk(info: Info) -> QuestionDesk:
    return info.context.office.questions


def _person(info: Info) -> Person:
    return Person(info.context.actor, info.context.asker)


async def _who_can_see(info: Info, asked: SightArguments) -> list[SightType]:
    """Return who can see an item."""
    with failing_here(info):
        entry, item = EntryCode(check_text(asked.resource)), ItemIdentifier(check_text(asked.item))
        found = await _desk(info).who_can_see(_person(info), ItemQuestion(entry, item, _moment(asked.at)))
        return [_sight_value(sight, info.context.language) for sight in found]


async def _what_can_see(info: Info, asked: PermissionArguments) -> list[PermissionType]:
    """Return what somebody can see."""
    with failing_here(info):
        question = ViewerQuestion(
            application=None if asked.application is None else ApplicationId(check_text(asked.application)),
            user=None if asked.user is None else UserId(check_text(asked.user)),
            supposed=None if asked.supposed is None else supposed_viewer(asked.supposed),
            at=_moment(asked.at),
        )
        found = await _desk(info).what_can_see(_person(info), question)
        return [_permission_value(info, permission) for permission in found]


def _moment(at: DateTime | None) -> datetime | None:
    return None if at is None else parse_instant(at)


def supposed_viewer(given: SupposedViewerInput) -> Hypothetical:
    """Return somebody who is supposed. Raises: BadInput for a level or zone that there isn't."""
    level, zones = given.auth_level, [zone.value for zone in NetworkZone]
    if level is not None and not 0 <= level <= MAX_AUTH_LEVEL:
        raise BadInput(Text(en=f"`authLevel` is 0 to {MAX_AUTH_LEVEL}", zh=f"`authLevel` 应为 0 至 {MAX_AUTH_LEVEL}"))
    if given.zone is not None and given.zone not in zones:
        raise BadInput(Text(en=f"`zone` is one of {', '.join(zones)}", zh=f"`zone` 应为 {'、'.join(zones)} 之一"))
    return Hypothetical(
        DepartmentCode(check_text(given.department)),
        level,
        None if given.zone is None else NetworkZone(given.zone),
        None if given.matter is None else Matter(check_text(given.matter)),
    )


def _purposes(purposes: tuple[str | None, ...]) -> list[str | None]:
    return [None if purpose is None else purpose.upper() for purpose in purposes]


def _end(until: datetime | None) -> DateTime | None:
    return None if until is None else DateTime(render_instant(until))


def _sight_value(sight: Sight, language: Language) -> SightType:
    return SightType(
        who=[str(one) for one in sight.who],
        purposes=_purposes(sight.purposes),
        modes=list(sight.modes),
        matters=list(sight.matters),
        until=_end(sight.until),
        scoped=sight.is_scoped,
        conditional=sight.is_conditional,
        policies=list(sight.records),
        text=render_sight(sight).render(language),
    )


def _permission_value(info: Info, permission: Permission) -> PermissionType:
    state = info.context.point.snapshot.state_by_code.get(permission.entry)
    return PermissionType(
        resource=permission.entry,
        name=permission.entry if state is None else state.entry.name,
        items=list(permission.items),
        purposes=_purposes(permission.purposes),
        modes=list(permission.modes),
        matters=list(permission.matters),
        until=_end(permission.until),
        scoped=permission.is_scoped,
        text=render_permission(permission).render(info.context.language),
    )


def _refusal_value(explained: RefusalExplained, language: Language) -> ExplainedRefusalType:
    refusal = explained.refusal
    return ExplainedRefusalType(
        resource=refusal.entry,
        items=list(refusal.items),
        code=None if refusal.code is None else refusal.code.value,
        moved=explained.is_moved,
        policies=[NamedPolicyType(id=name, version=version, standing=now) for name, version, now in explained.policies],
        lines=[line.render(language) for line in render_refusal(explained)],
    )


@strawberry.type
class QuestionFields:
    """What is asked of policies by those whose duty it is."""

    who_can_see: list[SightType] = strawberry.field(
        description="谁能看到一个信息项：按用途、方式，现在或指定时刻；提问留痕",
        resolver=with_arguments_of(SightArguments)(_who_can_see),
    )
    what_can_see: list[PermissionType] = strawberry.field(
        description="一个主体能看到什么：应用、人员、设想的主体；都不指明则为公众；提问留痕",
        resolver=with_arguments_of(PermissionArguments)(_what_can_see),
    )

    @strawberry.field(description="为什么被拒绝：按回执查日志并说明；提问留痕")  # type: ignore[untyped-decorator]
    async def why_refused(self, info: Info, receipt: str) -> ExplainedRefusalType:
        """Return why a request was refused."""
        with failing_here(info):
            explained = await _desk(info).why_refused(_person(info), check_text(receipt))
            return _refusal_value(explained, info.context.language)
