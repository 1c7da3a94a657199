"""Staff in the browser: who begins and ends a session, all of it in the audit before it is answered."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from portal.access.pipeline import Road
from portal.audit.dormancy import is_dormant
from portal.audit.records import Act, ActRecord, Outcome
from portal.errors import ErrorCode, Unauthenticated
from portal.identity.authentication import subject_of
from portal.identity.claims import SubjectKind, TokenClaims
from portal.identity.sessions import LONGEST, Sessions, SignIns, StaffSession, name_of
from portal.identity.sign_in import SignedIn
from portal.identity.sign_in_faults import SignInReason, SignInRefused
from portal.json_text import JsonValue
from portal.resolvers.second_factors import SecondFactors
from portal.vocabulary import UserId

SECRET_LEVEL, CERTIFICATE_LEVEL = 1, 2
"""Levels of who signed in without and with a certificate (enforcement.md §1)."""


@dataclass(frozen=True, slots=True)
class From:
    """Whence an act was asked for, as the audit has it."""

    address: IPv4Address | IPv6Address | None
    request_id: str


@dataclass(frozen=True, slots=True)
class _Deed:
    """What was done, as the audit has it; a code is that of a refusal."""

    act: Act
    target: str
    details: Mapping[str, JsonValue]
    code: ErrorCode | None = None


@dataclass(frozen=True, slots=True)
class Staff:
    """Sessions of staff; made once a process, and without memory of its own.

    `certificate_context` is what the provider says (`acr`) of who signed in by certificate.
    """

    road: Road
    sign_ins: SignIns
    sessions: Sessions
    second_factors: SecondFactors
    certificate_context: str | None = None

    async def sign_in(self, signed_in: SignedIn, replaced: str | None, whence: From) -> str:
        """Begin a session for who signed in at the provider, and return its cookie's secret.

        `replaced`: the secret that the browser came with; whatever session it is of ends (T46).
        Raises: SignInRefused where the register doesn't know the person; AuditUnavailable.
        """
        user = UserId(signed_in.identity.name)
        point = await self.road.keeper.current()
        now = self.road.now()
        level = self._level(signed_in)
        claims = TokenClaims(SubjectKind.USER, user, level, None, now + LONGEST, "sign-in")
        try:
            subject, _ = subject_of(claims, point.snapshot.registry)
        except Unauthenticated:
            # Who isn't registered isn't named: the log would hold whatever the provider calls people.
            await self.refuse(SignInReason.NOT_REGISTERED, whence)
            raise SignInRefused(SignInReason.NOT_REGISTERED) from None
        registered = point.snapshot.registry.users[user]
        async with self.road.keeper.engine.connect() as connection:
            is_stopped = await connection.run_sync(is_dormant, registered, now)
        if is_stopped:
            await self.refuse(SignInReason.DORMANT, whence)
            raise SignInRefused(SignInReason.DORMANT)
        if replaced is not None and (former := await asyncio.to_thread(self.sessions.find, replaced, now)) is not None:
            await self.end(former.digest, user, whence, "new_sign_in")
        secret, ended = await asyncio.to_thread(self.sessions.begin, user, level, signed_in.id_token, now)
        for name in ended:
            await self._record(user, whence, _ended(name, "new_sign_in", user))
        details: dict[str, JsonValue] = {"auth_level": level, "department": str(subject.department)}
        await self._record(user, whence, _Deed(Act.SIGNED_IN, f"session:{name_of(secret)}", details))
        return secret

    def _level(self, signed_in: SignedIn) -> int:
        context = signed_in.identity.context
        return CERTIFICATE_LEVEL if context is not None and context == self.certificate_context else SECRET_LEVEL

    async def refuse(self, reason: SignInReason, whence: From) -> None:
        """Record a sign-in that came to nothing after the provider had answered. Raises: AuditUnavailable."""
        deed = _Deed(Act.SIGNED_IN, "sign_in", {"reason": reason.value}, ErrorCode.UNAUTHENTICATED)
        await self._record(None, whence, deed)

    async def sign_out(self, session: StaffSession, whence: From) -> None:
        """End one's own session. Raises: AuditUnavailable, when it has ended all the same."""
        await asyncio.to_thread(self.sessions.end, session.digest)
        await self._record(session.user, whence, _Deed(Act.SIGNED_OUT, f"session:{session.name}", {}))

    async def end(self, digest: bytes, by: UserId, whence: From, why: str) -> bool:
        """End a session; return whether there was one. Raises: AuditUnavailable, when it has ended all the same."""
        ended = await asyncio.to_thread(self.sessions.end, digest)
        if ended is not None:
            await self._record(by, whence, _ended(ended.name, why, ended.user))
        return ended is not None

    async def end_all(self, user: UserId, by: UserId, whence: From) -> int:
        """End every session of a user; return how many there were. Raises: AuditUnavailable."""
        ended = await asyncio.to_thread(self.sessions.end_all, user)
        for session in ended:
            await self._record(by, whence, _ended(session.name, "administrator", user))
        return len(ended)

    async def reset_factor(self, user: UserId, by: UserId, whence: From) -> bool:
        """Take a user's second factor away, and end the user's sessions; return whether there was one."""
        was_there = await self.second_factors.reset(user)
        await self._record(by, whence, _Deed(Act.FACTOR_RESET, f"user:{user}", {"found": was_there}))
        await self.end_all(user, by, whence)
        return was_there

    async def _record(self, user: UserId | None, whence: From, deed: _Deed) -> None:
        registry = (await self.road.keeper.current()).snapshot.registry
        registered = None if user is None else registry.users.get(user)
        await self.road.recorder.record_act(
            ActRecord(
                time=self.road.now(),
                subject="public" if user is None else f"user:{user}",
                department=None if registered is None else registered.department,
                application=None,
                user=user,
                act=deed.act,
                target=deed.target,
                decision=Outcome.PERMIT if deed.code is None else Outcome.DENY,
                code=deed.code,
                details=deed.details,
                client_address=None if whence.address is None else str(whence.address),
                request_id=whence.request_id,
            )
        )


def _ended(name: str, why: str, user: UserId) -> _Deed:
    return _Deed(Act.SESSION_ENDED, f"session:{name}", {"by": why, "of": user})
