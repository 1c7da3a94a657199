"""`portal token`."""

import asyncio
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import assert_never

from portal.audit.records import Act
from portal.commands.operating import CommandAct, record_at_once, user_of
from portal.commands.options import TokenOptions
from portal.commands.parsing import parse_choice, parse_subject, parse_whole
from portal.commands.terminal import ExitCode, Session
from portal.conditions.values import render_instant
from portal.errors import BadInput, Text
from portal.identity.claims import SubjectKind
from portal.identity.keyring import KeyRing, load_key_ring
from portal.identity.registry import Application, Registry, User, is_admitted
from portal.identity.tokens import TokenAuthority, TokenGrant, issue_token, new_token_id
from portal.json_text import JsonValue
from portal.policies.information_point import PortalContent, load_content
from portal.settings import Settings
from portal.storage.database import open_database
from portal.storage.migrating import upgrade_database
from portal.vocabulary import ApplicationId, NetworkZone, UserId


def token(session: Session, options: TokenOptions) -> ExitCode:
    """Print a bearer token for a registered application or user; without a record of it there is none."""
    grant = _parse_grant(options)
    settings = session.settings()
    ring = load_key_ring(settings.key_file)
    content = asyncio.run(_load(settings, ring))
    ring.use(content.key_set)
    _check_registered(grant, content.registry)
    user, now = user_of(options.by, content.registry), datetime.now(UTC)
    authority = TokenAuthority(settings.issuer, settings.audience, ring.keys.signing)
    token_id = new_token_id()
    issued = issue_token(replace(grant, token_id=token_id), authority, now)
    # INVARIANT: it is on the disk who had it made before anybody can use it.
    record_at_once(session, settings, ring, CommandAct(Act.TOKEN_ISSUED, token_id, _details(grant, now), user))
    session.terminal.write(issued)
    return ExitCode.DONE


def _details(grant: TokenGrant, now: datetime) -> dict[str, JsonValue]:
    """Return what the record says of the token: whose it is, and what it may claim; never the token."""
    ends_at = now.replace(microsecond=0) + timedelta(seconds=grant.ttl_seconds)
    return {
        "for": f"{grant.kind}:{grant.id}",
        "ttl_seconds": grant.ttl_seconds,
        "expires_at": render_instant(ends_at),
        "auth_level": grant.auth_level,
        "network_zone": grant.network_zone,
    }


def _parse_grant(options: TokenOptions) -> TokenGrant:
    subject = parse_subject(options)
    if subject is None:
        raise BadInput(
            Text(
                en="no subject is named; write `--application ID` or `--user ID`",
                zh="未指定主体；请写 `--application ID` 或 `--user ID`",
            )
        )
    return TokenGrant(
        kind=subject[0],
        id=subject[1],
        ttl_seconds=parse_whole("--ttl", options.ttl, 1, 86_400),
        auth_level=parse_whole("--auth-level", options.auth_level, 0, 3) if options.auth_level else None,
        network_zone=parse_choice("--network-zone", options.network_zone, NetworkZone)
        if options.network_zone
        else None,
    )


async def _load(settings: Settings, ring: KeyRing) -> PortalContent:
    upgrade_database(settings.owner_database_url)
    engine = open_database(settings.database_url)
    try:
        return await load_content(engine, ring.keys.digest_secret)
    finally:
        await engine.dispose()


def _check_registered(grant: TokenGrant, registry: Registry) -> None:
    is_application = grant.kind is SubjectKind.APPLICATION
    known: Collection[str] = registry.applications if is_application else registry.users
    kind = Text(en="application", zh="应用") if is_application else Text(en="user", zh="用户")
    found = _registered(grant, registry)
    if found is None:
        raise _unknown(grant.id, kind, known)
    if not is_admitted(found, registry):
        raise BadInput(
            Text(
                en=f"{kind.en} `{grant.id}` isn't approved or active, or its department isn't active any more; "
                "`portal register list` shows how they stand",
                zh=f"{kind.zh} `{grant.id}` 未获批准或已停用，或其部门已变更；可用 `portal register list` 查看登记状态",
            )
        )


def _registered(grant: TokenGrant, registry: Registry) -> Application | User | None:
    match grant.kind:
        case SubjectKind.APPLICATION:
            return registry.applications.get(ApplicationId(grant.id))
        case SubjectKind.USER:
            return registry.users.get(UserId(grant.id))
    assert_never(grant.kind)


def _unknown(name: str, kind: Text, known: Collection[str]) -> BadInput:
    near = get_close_matches(name, known, n=1)
    return BadInput(
        Text(
            en=f"unknown {kind.en} `{name}`" + (f"; did you mean `{near[0]}`?" if near else ""),
            zh=f"未知{kind.zh} `{name}`" + (f"；是否想写 `{near[0]}`？" if near else ""),
        )
    )
