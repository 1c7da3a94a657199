"""Fields of the office on sessions and second factors (8.1.4.1, T46, T47)."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import strawberry

from portal.conditions.values import check_text, render_instant
from portal.errors import BadInput, Forbidden, PortalError, Text
from portal.identity.second_factors import enrolment_uri
from portal.identity.sessions import StaffSession
from portal.policies.duties import Operation
from portal.resolvers.context import RequestContext, portal_field_error
from portal.resolvers.root import Info
from portal.resolvers.staff import From, Staff
from portal.vocabulary import UserId

FRESH = timedelta(minutes=5)
"""So long after signing in a second factor may be enrolled: whoever finds an open browser later can't."""
_NAME = re.compile("[0-9a-f]{64}")


@strawberry.type(name="StaffSession", description="工作人员会话")
class StaffSessionType:
    """A session, as the system administrator sees it. Times are instants in UTC."""

    id: str
    user: str
    begun_at: str
    seen_at: str
    ends_at: str
    auth_level: int
    second_factor: bool
    is_own: bool


@strawberry.type(name="SecondFactorEnrolment", description="第二因素登记：密钥只显示这一次")
class EnrolmentType:
    """A new second factor, shown this once: the secret in base32, and the same as an address to scan."""

    secret: str
    uri: str


@strawberry.type(description="会话")
class SessionQueries:
    """What is asked of sessions."""

    @strawberry.field(description="当前有效的会话")  # type: ignore[untyped-decorator]
    async def sessions(self, info: Info) -> list[StaffSessionType]:
        """Return the sessions that hold, the oldest first."""
        with _failing_here(info.context) as staff:
            info.context.office.duties.check(info.context.actor, Operation.VIEW_SESSIONS)
            found = await asyncio.to_thread(staff.sessions.list, info.context.now)
        own = info.context.asker.session
        return [_shown(session, own) for session in found]


@strawberry.type(description="会话与第二因素")
class SessionMutations:
    """What is done with sessions and second factors."""

    @strawberry.mutation(description="结束一个会话")  # type: ignore[untyped-decorator]
    async def end_session(self, info: Info, id: str) -> bool:  # noqa: A002  the argument's name in the schema
        """End a session; return whether there was one."""
        with _failing_here(info.context) as staff:
            info.context.office.duties.check(info.context.actor, Operation.END_SESSION)
            if not _NAME.fullmatch(id):
                raise BadInput(Text(en="`id` is no session's; take it from `sessions`", zh="`id` 应取自 `sessions`"))
            return await staff.end(bytes.fromhex(id), _person(info.context), _whence(info.context), "administrator")

    @strawberry.mutation(description="结束一名用户的全部会话")  # type: ignore[untyped-decorator]
    async def end_sessions(self, info: Info, user: str) -> int:
        """End all sessions of a user; return how many there were."""
        with _failing_here(info.context) as staff:
            info.context.office.duties.check(info.context.actor, Operation.END_SESSION)
            return await staff.end_all(UserId(check_text(user)), _person(info.context), _whence(info.context))

    @strawberry.mutation(description="登记第二因素；更换时以 code 提供原有的验证码")  # type: ignore[untyped-decorator]
    async def enrol_second_factor(self, info: Info, code: str | None = None) -> EnrolmentType:
        """Return a new secret; its first code, given to `confirmSecondFactor`, makes it the second factor."""
        with _failing_here(info.context) as staff:
            session = _own_session(info.context)
            if info.context.now - session.begun_at > FRESH:
                raise Forbidden(
                    Text(
                        en="sign in anew, and enrol the second factor within 5 minutes",
                        zh="请重新登录，并在 5 分钟内登记第二因素",
                    )
                )
            secret = await staff.second_factors.propose(session.user, code)
            title = info.context.point.snapshot.content.title
            return EnrolmentType(secret=secret, uri=enrolment_uri(secret, session.user, title))

    @strawberry.mutation(description="以验证码确认登录；会话的 Cookie 随之更换")  # type: ignore[untyped-decorator]
    async def confirm_second_factor(self, info: Info, code: str) -> bool:
        """Take a code for this session, whose cookie changes with it."""
        with _failing_here(info.context) as staff:
            session = _own_session(info.context)
            if info.context.made.secrets:
                raise Forbidden(Text(en="this sign-in is confirmed already", zh="本次登录已确认"))
            await staff.second_factors.show(session.user, code)
            secret = await asyncio.to_thread(staff.sessions.confirm, session.digest, info.context.road.now())
            if secret is None:
                raise Forbidden(Text(en="the session has ended; sign in again", zh="会话已结束；请重新登录"))
            info.context.made.secrets.append(secret)
            return True

    @strawberry.mutation(description="重置他人的第二因素，并结束其全部会话")  # type: ignore[untyped-decorator]
    async def reset_second_factor(self, info: Info, user: str) -> bool:
        """Take another person's second factor away; return whether there was one."""
        with _failing_here(info.context) as staff:
            info.context.office.duties.check(info.context.actor, Operation.RESET_FACTOR)
            by = _person(info.context)
            # INVARIANT: nobody takes the own second factor away: who has a stolen session would.
            if user == by:
                raise Forbidden(
                    Text(
                        en="nobody resets the own second factor; another system administrator does",
                        zh="不得重置自己的第二因素；请由另一名系统管理员操作",
                    )
                )
            return await staff.reset_factor(UserId(check_text(user)), by, _whence(info.context))


@contextmanager
def _failing_here(context: RequestContext) -> Iterator[Staff]:
    """Yield the sessions of staff, and turn a failure with a sentence into the field's error."""
    try:
        yield context.office.staff
    except PortalError as failure:
        raise portal_field_error(failure, context.language) from None


def _own_session(context: RequestContext) -> StaffSession:
    if context.asker.session is None:
        raise Forbidden(
            Text(
                en="this is for a session in the browser; sign in at `/sign-in`",
                zh="此操作需要浏览器会话；请从 `/sign-in` 登录",
            )
        )
    return context.asker.session


def _person(context: RequestContext) -> UserId:
    if context.subject.user is None:
        raise Forbidden(Text(en="this is for persons", zh="此操作仅限人员"))
    return context.subject.user


def _whence(context: RequestContext) -> From:
    return From(context.asker.client_address, context.asker.request_id)


def _shown(session: StaffSession, own: StaffSession | None) -> StaffSessionType:
    return StaffSessionType(
        id=session.name,
        user=session.user,
        begun_at=render_instant(session.begun_at),
        seen_at=render_instant(session.seen_at),
        ends_at=render_instant(session.ends_at),
        auth_level=session.auth_level,
        second_factor=session.confirmed_at is not None,
        is_own=own is not None and own.digest == session.digest,
    )
