"""`portal tokens revoke`."""

import asyncio
import re
from datetime import timedelta

from portal.app import Portal, open_portal
from portal.audit.ledger import RevokedToken
from portal.audit.records import Act
from portal.commands.operating import CommandAct, record_of, user_of
from portal.commands.options import RevokeOptions
from portal.commands.terminal import ExitCode, Session
from portal.conditions.values import render_instant
from portal.errors import BadInput, Text, Unauthenticated
from portal.identity.claims import MAX_TTL_SECONDS
from portal.identity.tokens import verify_token
from portal.json_text import JsonValue

_TOKEN_ID = re.compile(r"[A-Za-z0-9_-]{22}")


def revoke(session: Session, options: RevokeOptions) -> ExitCode:
    """Let a token count no more on any worker, from its next request on."""
    named = session.stdin.read().decode("ascii", "replace").strip() if options.token == "-" else options.token  # noqa: S105
    token = asyncio.run(_revoke(session, named, options.by))
    end = render_instant(token.expires_at)
    session.terminal.say(
        Text(
            en=f"the token `{token.token_id}` counts no more; it would have ended at {end} or before",
            zh=f"令牌 `{token.token_id}` 已失效；其原有效期最晚至 {end}",
        )
    )
    return ExitCode.DONE


async def _revoke(session: Session, named: str, by: str) -> RevokedToken:
    async with open_portal(session.settings()) as portal:
        registry = (await portal.road.keeper.current()).snapshot.registry
        user, token = user_of(by, registry), _parse_token(named, portal)
        details: dict[str, JsonValue] = {"expires_at": render_instant(token.expires_at)}
        act = CommandAct(Act.TOKEN_REVOKED, token.token_id, details, user)
        await portal.road.recorder.record_act(record_of(act, session.environment, portal.road.now()), token)
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
