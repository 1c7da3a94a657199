"""`portal token`."""

import asyncio
from collections.abc import Collection
from datetime import UTC, datetime
from difflib import get_close_matches

from portal.commands.options import TokenOptions
from portal.commands.parsing import parse_choice, parse_subject, parse_whole
from portal.commands.terminal import ExitCode, Session
from portal.errors import BadInput, Text
from portal.identity.claims import SubjectKind
from portal.identity.keys import PortalKeys, load_keys
from portal.identity.registry import Registry
from portal.identity.tokens import TokenAuthority, TokenGrant, issue_token
from portal.policies.information_point import load_content
from portal.settings import Settings
from portal.storage.database import open_database
from portal.storage.migrating import upgrade_database
from portal.vocabulary import NetworkZone


def token(session: Session, options: TokenOptions) -> ExitCode:
    """Print a bearer token for a registered application or user."""
    grant = _parse_grant(options)
    settings = session.settings()
    keys = load_keys(settings.key_file)
    _check_registered(grant, asyncio.run(_load_registry(settings, keys)))
    authority = TokenAuthority(settings.issuer, settings.audience, keys.signing)
    session.terminal.write(issue_token(grant, authority, datetime.now(UTC)))
    return ExitCode.DONE


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


async def _load_registry(settings: Settings, keys: PortalKeys) -> Registry:
    upgrade_database(settings.database_url)
    engine = open_database(settings.database_url)
    try:
        return (await load_content(engine, keys.digest_secret)).registry
    finally:
        await engine.dispose()


def _check_registered(grant: TokenGrant, registry: Registry) -> None:
    is_application = grant.kind is SubjectKind.APPLICATION
    known: Collection[str] = registry.applications if is_application else registry.users
    if grant.id in known:
        return
    kind = Text(en="application", zh="应用") if is_application else Text(en="user", zh="用户")
    near = get_close_matches(grant.id, known, n=1)
    raise BadInput(
        Text(
            en=f"unknown {kind.en} `{grant.id}`" + (f"; did you mean `{near[0]}`?" if near else ""),
            zh=f"未知{kind.zh} `{grant.id}`" + (f"；是否想写 `{near[0]}`？" if near else ""),
        )
    )
