"""From a request's cookie to the session that it counts by, as database and register have them now (T43, T46)."""

import asyncio
from dataclasses import dataclass, field

from cryptography import x509
from starlette.requests import Request

from portal.errors import Text, Unauthenticated
from portal.identity.authentication import subject_of
from portal.identity.claims import MAX_AUTH_LEVEL, SubjectKind, TokenClaims
from portal.identity.registry import User
from portal.identity.sessions import StaffSession
from portal.policies.decision_point import DecisionPoint
from portal.resolvers.browser import Cookie, check_own_page, read_cookie, session_cookie
from portal.resolvers.hosts import site_of
from portal.resolvers.observing import observation_of
from portal.resolvers.over_http import client_address
from portal.resolvers.persons import Persons
from portal.resolvers.proxies import Proxy
from portal.resolvers.staff import From, Staff
from portal.settings import Settings


@dataclass(frozen=True, slots=True)
class Shown:
    """A request's session: what it says of who asks, and whether a second factor was shown."""

    session: StaffSession
    claims: TokenClaims
    has_second_factor: bool


@dataclass(frozen=True, slots=True)
class SessionReader:
    """Reads sessions of requests; made once a process."""

    settings: Settings
    staff: Staff
    proxy: Proxy
    persons: Persons = field(default_factory=Persons)

    def cookie_for(self, request: Request) -> Cookie:
        """Return the cookie of sessions, as this client reaches the portal."""
        return session_cookie(self.settings, site_of(request, self.settings))

    def whence(self, request: Request) -> From:
        """Return whence a request comes."""
        return From(client_address(request, self.settings.trusted_proxies), observation_of(request).request_id)

    async def asked_with(self, request: Request) -> Shown | None:
        """Return the session that a request to `/graphql` counts by, None where it comes without.

        By a method that changes nothing a session counts for nothing: a link, image or form of another site sends it.
        Raises: NotAnOperation where no page of the portal sent it, or it comes with a token; Unauthenticated.
        """
        secret = read_cookie(request, self.cookie_for(request)) if request.method == "POST" else None
        if secret is None:
            return None
        check_own_page(request, site_of(request, self.settings))
        if request.headers.getlist("authorization"):
            raise Unauthenticated(
                Text(
                    en="a session and a token came together; send one of them",
                    zh="请求同时含会话和令牌；请只使用其一",
                )
            )
        return await self.shown(request, secret)

    async def shown(self, request: Request, secret: str) -> Shown:
        """Return the session of a cookie's secret.

        A certificate of the person's own on the connection is the second factor too, for this request.
        Raises: Unauthenticated, PolicyUnavailable.
        """
        point = await self.staff.road.keeper.current()
        now = self.staff.road.now()
        session = await asyncio.to_thread(self.staff.sessions.find, secret, now)
        if session is None:
            raise Unauthenticated(
                Text(en="the session has ended; sign in again at `/sign-in`", zh="会话已结束；请从 `/sign-in` 重新登录")
            )
        user = self._registered(session, point)
        is_certified = await self._is_certified(self.proxy.certificate_of(request), user, point)
        level = MAX_AUTH_LEVEL if is_certified else session.auth_level
        most = MAX_AUTH_LEVEL if user.auth_level is None else user.auth_level
        claims = _claims(session, min(level, most))
        return Shown(session, claims, session.confirmed_at is not None or is_certified)

    def _registered(self, session: StaffSession, point: DecisionPoint) -> User:
        registry = point.snapshot.registry
        subject_of(_claims(session, session.auth_level), registry)
        return registry.users[session.user]

    async def _is_certified(self, certificate: x509.Certificate | None, user: User, point: DecisionPoint) -> bool:
        if certificate is None:
            return False
        content = point.snapshot.content
        return await asyncio.to_thread(self.persons.is_of, certificate, user, content, self.staff.road.now())


def _claims(session: StaffSession, level: int) -> TokenClaims:
    return TokenClaims(SubjectKind.USER, session.user, level, None, session.ends_at, f"session:{session.name}")
