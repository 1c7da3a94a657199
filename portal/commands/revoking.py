"""`portal tokens revoke`."""

import asyncio
import re
from datetime import timedelta
from uuid import uuid4

from portal.app import Portal, open_portal
from portal.audit.ledger import RevokedToken
from portal.audit.records import Act, ActRecord
from portal.commands.options import RevokeOptions
from portal.commands.terminal import ExitCode, Session
from portal.conditions.values import render_instant
from portal.errors import BadInput, Text, Unauthenticated
from portal.identity.claims import MAX_TTL_SECONDS
from portal.identity.registry import Registry, User
from portal.identity.tokens import verify_token
from portal.settings import Settings
from portal.vocabulary import UserId

OPERATOR = "operator"
"""Who revokes where nobody is named: who may read the portal's keys."""
_TOKEN_ID = re.compile(r"[A-Za-z0-9_-]{22}")


def revoke(session: Session, options: RevokeOptions) -> ExitCode:
    """Let a token count no more on any worker, from its next request on."""
    named = session.stdin.read().decode("ascii", "replace").strip() if options.token == "-" else options.token  # noqa: S105
    token = asyncio.run(_revoke(session.settings(), named, options.by))
    end = render_instant(token.expires_at)
    session.terminal.say(
        Text(
            en=f"the token `{token.token_id}` counts no more; it would have ended at {end} or before",
            zh=f"令牌 `{token.token_id}` 已失效；其原有效期最晚至 {end}",
        )
    )
    return ExitCode.DONE


async def _revoke(settings: Settings, named: str, by: str) -> RevokedToken:
    async with open_portal(settings) as portal:
        registry = (await portal.road.keeper.current()).snapshot.registry
        user, token = _user_of(by, registry), _parse_token(named, portal)
        await portal.road.recorder.record_act(_record(token, user, portal), token)
        return token


def _parse_token(named: str, portal: Portal) -> RevokedToken:
    """Return the token that a person names by itself or by its id (`jti`). Raises: BadInput."""
    now = portal.road.now()
    if _TOKEN_ID.fullmatch(named):
        # Which token has the id nobody keeps: as long as any may live, it is refused.
        return RevokedToken(named, now + timedelta(seconds=MAX_TTL_SECONDS))
    try:
        claims = verify_token(named, portal.desk.tokens.authority, now)
    except Unauthenticated:
        raise BadInput(
            Text(
                en="this is no token of this portal that is good now, and no id of one (`jti`, 22 characters), so "
                "nothing is revoked; write it whole",
                zh="这不是本门户当前有效的令牌，也不是令牌编号（`jti`，22 个字符），未作吊销；请完整填写",
            )
        ) from None
    return RevokedToken(claims.token_id, claims.expires_at)


def _user_of(by: str, registry: Registry) -> User | None:
    user = registry.users.get(UserId(by))
    if by and user is None:
        raise BadInput(
            Text(
                en=f"`--by {by}` names no registered user; name one, or leave it out",
                zh=f"`--by {by}` 不是已登记用户；请填写已登记用户，或不填",
            )
        )
    return user


def _record(token: RevokedToken, user: User | None, portal: Portal) -> ActRecord:
    return ActRecord(
        time=portal.road.now(),
        subject=OPERATOR if user is None else f"user:{user.id}",
        department=None if user is None else user.department,
        application=None,
        user=None if user is None else user.id,
        act=Act.TOKEN_REVOKED,
        target=token.token_id,
        details={"expires_at": render_instant(token.expires_at)},
        request_id=uuid4().hex,
    )
