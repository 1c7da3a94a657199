"""What is done at the command line where nobody is named: the machine's operator did it, and that is on record (T65).

Whoever may run commands here holds the portal's keys and is nobody of its register.
"""

import asyncio
import os
import pwd
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

from portal.audit.receipts import Recorded
from portal.audit.records import Act, ActRecord
from portal.audit.starting import start_recorder
from portal.commands.terminal import Session
from portal.errors import BadInput, Text
from portal.identity.keyring import KeyRing, load_key_ring
from portal.identity.registry import Registry, User
from portal.json_text import JsonValue
from portal.settings import Settings
from portal.storage.migrating import upgrade_database
from portal.vocabulary import UserId

OPERATOR = "operator"
"""The subject of records where nobody is named. Subjects of the register are `KIND:ID`, so nobody in it is this."""
_ACCOUNT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}")


@dataclass(frozen=True, slots=True)
class CommandAct:
    """What a command does with the portal; `user` is whom it names with `--by`, None is the operator."""

    act: Act
    target: str
    details: Mapping[str, JsonValue] = field(default_factory=dict)
    user: User | None = None


def account_of(environment: Mapping[str, str]) -> dict[str, JsonValue]:
    """Return the operating system's account that runs the command, and who took it on by sudo, as sudo tells.

    The account is the system's word. `sudo` is taken as told: who is that account may tell anything.
    """
    told = environment.get("SUDO_USER", "")
    return {"account": account_name(os.geteuid()), **({"sudo": told} if _ACCOUNT.fullmatch(told) else {})}


def account_name(number: int) -> str:
    """Return the name of the operating system's account, `uid NUMBER` where it has none, as in a container."""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"uid {number}"


def record_of(act: CommandAct, environment: Mapping[str, str], now: datetime) -> ActRecord:
    """Return the record of what a command does: the operator's, or of the user it names; the account in both."""
    user = act.user
    return ActRecord(
        time=now,
        subject=OPERATOR if user is None else f"user:{user.id}",
        department=None if user is None else user.department,
        application=None,
        user=None if user is None else user.id,
        act=act.act,
        target=act.target,
        details={**act.details, **account_of(environment)},
        request_id=uuid4().hex,
    )


def record_at_once(session: Session, settings: Settings, ring: KeyRing, act: CommandAct) -> Recorded:
    """Return when what the command does is durably on record; it prints what it has to say only then.

    Raises: AuditUnavailable.
    """
    return asyncio.run(_record(settings, ring, record_of(act, session.environment, datetime.now(UTC))))


async def _record(settings: Settings, ring: KeyRing, record: ActRecord) -> Recorded:
    recorder = await asyncio.to_thread(start_recorder, settings, ring)
    try:
        return await recorder.record_act(record)
    finally:
        await asyncio.to_thread(recorder.close)


def record_reading(session: Session, settings: Settings, target: str, details: Mapping[str, JsonValue]) -> Recorded:
    """Return when it is on record that the operator reads the audit; nothing of it may be shown before.

    Raises: AuditUnavailable, ConfigurationError.
    """
    ring = load_key_ring(settings.key_file)
    upgrade_database(settings.owner_database_url)
    # As for readers with a duty: `whole` says that nothing was kept from them.
    act = CommandAct(Act.AUDIT_READ, target, {**details, "whole": True})
    return record_at_once(session, settings, ring, act)


def user_of(by: str, registry: Registry) -> User | None:
    """Return the registered user that `--by` names, None where it names nobody. Raises: BadInput."""
    user = registry.users.get(UserId(by))
    if by and user is None:
        raise BadInput(
            Text(
                en=f"`--by {by}` names no registered user; name one, or leave it out",
                zh=f"`--by {by}` 不是已登记用户；请填写已登记用户，或不填",
            )
        )
    return user
