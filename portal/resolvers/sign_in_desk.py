"""Where staff sign in and out with a browser: to the identity provider and back, and who is signed in."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import monotonic
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from portal.conditions.values import render_instant
from portal.errors import ErrorCode, PortalError, RateLimited, Text, Unauthenticated
from portal.identity.client_settings import DEMONSTRATION_ISSUER
from portal.identity.return_paths import parse_return_path
from portal.identity.sessions import LONGEST
from portal.identity.sign_in import SIGN_IN_LIFE, SignInClient, draw_sign_in, parse_callback
from portal.identity.sign_in_faults import STATUSES, SignInReason, SignInRefused
from portal.logs import logger_of
from portal.resolvers.browser import Cookie, check_own_page, read_cookie, sign_in_cookie
from portal.resolvers.buckets import Buckets
from portal.resolvers.hosts import check_host, site_of
from portal.resolvers.negotiation import wanted_language
from portal.resolvers.observing import observation_of
from portal.resolvers.over_http import NotAnOperation, client_address, render_json_response
from portal.resolvers.pages import link, paragraph, render_page
from portal.resolvers.session_reader import SessionReader
from portal.resolvers.staff import Staff

SIGN_IN_PATH = "/sign-in"
CALLBACK_PATH = "/sign-in/callback"
SIGN_OUT_PATH = "/sign-out"
SESSION_PATH = "/session"
REQUESTS_PER_SECOND = 5
"""So many requests to sign in are taken from one address; each keeps a row for ten minutes."""
_REDIRECTED_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_SIGN_IN = Text(en="Sign in", zh="登录")
_SIGNED_IN = Text(en="You are signed in", zh="已登录")
_NOT_SIGNED_IN = Text(en="You aren't signed in", zh="未能登录")
_GO_ON = Text(en="Go on", zh="继续")
_AGAIN = Text(en="Sign in again", zh="重新登录")
_HINT = re.compile(r"[A-Za-z0-9._@-]{1,128}", re.ASCII)
_log = logger_of("sign-in")


@dataclass(frozen=True, slots=True)
class SignInDesk:
    """What answers browsers that sign in and out; made once a process."""

    reader: SessionReader
    client: SignInClient | None
    buckets: Buckets

    @property
    def staff(self) -> Staff:
        """Sessions and sign-ins."""
        return self.reader.staff

    async def answer_sign_in(self, request: Request) -> Response:
        """Send the browser to the identity provider."""
        return await self._page(request, self._begin)

    async def answer_callback(self, request: Request) -> Response:
        """Take the browser back from the identity provider, with a session of its own."""
        return await self._page(request, self._complete)

    async def answer_sign_out(self, request: Request) -> Response:
        """End the session, and say where the browser signs out at the provider."""
        return await _json(request, self._sign_out)

    async def answer_session(self, request: Request) -> Response:
        """Say who is signed in, and until when."""
        return await _json(request, self._describe)

    def _client(self) -> SignInClient:
        if self.client is None:
            raise SignInRefused(SignInReason.NOT_OFFERED)
        return self.client

    def _site(self, request: Request) -> str:
        check_host(request.headers.getlist("host"), self.reader.settings.allowed_hosts)
        return site_of(request, self.reader.settings)

    async def _begin(self, request: Request) -> Response:
        site, client = self._site(request), self._client()
        self._take(request)
        return_to, hint = parse_return_path(_single(request, "return_to")), _hint(request)
        await self.staff.road.keeper.current()
        now = self.staff.road.now()
        pending = draw_sign_in(return_to, now)
        address = await client.address_for(pending, f"{site}{CALLBACK_PATH}", now, hint)
        if client.settings.is_demonstration:
            # The demonstration's provider is a page of this portal, wherever that is reached.
            address = address.removeprefix(DEMONSTRATION_ISSUER)
        secret = await asyncio.to_thread(self.staff.sign_ins.begin, pending, now)
        cookie = sign_in_cookie(self.reader.settings, site).keep(secret, int(SIGN_IN_LIFE.total_seconds()))
        return Response(status_code=303, headers={**_REDIRECTED_HEADERS, "Location": address, "Set-Cookie": cookie})

    async def _complete(self, request: Request) -> Response:
        site, client = self._site(request), self._client()
        self._take(request)
        callback = parse_callback(request.scope["query_string"])
        known_by = sign_in_cookie(self.reader.settings, site)
        secret = read_cookie(request, known_by)
        await self.staff.road.keeper.current()
        now = self.staff.road.now()
        # INVARIANT: state and browser belong together, and count once: before anything is asked of the provider.
        pending = (
            None if secret is None else await asyncio.to_thread(self.staff.sign_ins.take, secret, callback.state, now)
        )
        if pending is None:
            raise SignInRefused(SignInReason.STATE)
        whence = self.reader.whence(request)
        try:
            signed_in = await client.complete(callback, pending, f"{site}{CALLBACK_PATH}", now)
        except SignInRefused as refused:
            await self.staff.refuse(refused.reason, whence)
            raise
        cookie = self.reader.cookie_for(request)
        begun = await self.staff.sign_in(signed_in, _former(request, cookie), whence)
        language = wanted_language(request.headers.getlist("accept-language"))
        body = link(pending.return_to, _GO_ON, language)
        response = render_page(_SIGNED_IN, body, language, go_to=pending.return_to)
        response.headers.append("Set-Cookie", known_by.forget())
        response.headers.append("Set-Cookie", cookie.keep(begun, int(LONGEST.total_seconds())))
        return response

    async def _sign_out(self, request: Request) -> Response:
        site = self._site(request)
        check_own_page(request, site)
        cookie = self.reader.cookie_for(request)
        secret = read_cookie(request, cookie)
        if secret is None:
            raise Unauthenticated(Text(en="nobody is signed in here", zh="当前未登录"))
        shown = await self.reader.shown(request, secret)
        await self.staff.sign_out(shown.session, self.reader.whence(request))
        elsewhere = None
        if self.client is not None:
            elsewhere = await self.client.logout_address(shown.session.id_token, f"{site}/")
        response = render_json_response({"signed_in": False, "go_to": elsewhere}, 200)
        response.headers.append("Set-Cookie", cookie.forget())
        return response

    async def _describe(self, request: Request) -> Response:
        self._site(request)
        secret = read_cookie(request, self.reader.cookie_for(request))
        offered = self.client is not None
        if secret is None:
            return render_json_response({"signed_in": False, "offered": offered}, 200)
        try:
            shown = await self.reader.shown(request, secret)
        except Unauthenticated:
            response = render_json_response({"signed_in": False, "offered": offered}, 200)
            response.headers.append("Set-Cookie", self.reader.cookie_for(request).forget())
            return response
        return render_json_response(
            {
                "signed_in": True,
                "offered": offered,
                "user": shown.claims.id,
                "auth_level": shown.claims.auth_level,
                "second_factor": shown.has_second_factor,
                "begun_at": render_instant(shown.session.begun_at),
                "ends_at": render_instant(shown.session.ends_at),
            },
            200,
        )

    def _take(self, request: Request) -> None:
        address = client_address(request, self.reader.settings.trusted_proxies)
        seconds = self.buckets.take(address, monotonic())
        if seconds:
            text = Text(
                en=f"more than {REQUESTS_PER_SECOND} sign-ins a second from one address; try again in a moment",
                zh=f"单个地址每秒登录请求超过 {REQUESTS_PER_SECOND} 次；请稍后重试",
            )
            raise RateLimited(text, seconds)

    async def _page(self, request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
        """Return the answer, or a page that says why there is none."""
        try:
            return await answer(request)
        except (NotAnOperation, PortalError) as failure:
            observation_of(request).code = failure.code
            status = _status(failure)
            if isinstance(failure, SignInRefused) and failure.detail:
                _log.warning("refused", reason=failure.reason.value, why=failure.detail)
            language = wanted_language(request.headers.getlist("accept-language"))
            offered = self.client is not None
            body = paragraph(failure.text, language) + (link(SIGN_IN_PATH, _AGAIN, language) if offered else "")
            response = render_page(_NOT_SIGNED_IN, body, language, status)
            if status == 429:
                response.headers["Retry-After"] = "1"
            return response


def _former(request: Request, cookie: Cookie) -> str | None:
    """Return the secret of the session that the new one replaces; what can't be read is of none."""
    try:
        return read_cookie(request, cookie)
    except NotAnOperation:
        return None


def _hint(request: Request) -> str | None:
    """Return who probably signs in, if it is said in a form that ids have; what comes of it is the provider's."""
    hint = _single(request, "login_hint")
    return hint if hint is not None and _HINT.fullmatch(hint) else None


def _single(request: Request, name: str) -> str | None:
    """Return a parameter of the address, None where it isn't there. Raises: SignInRefused where it is there twice."""
    try:
        pairs = parse_qsl(
            request.scope["query_string"].decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=20
        )
    except ValueError:
        raise SignInRefused(SignInReason.RETURN_PATH) from None
    values = [value for key, value in pairs if key == name]
    if len(values) > 1:
        raise SignInRefused(SignInReason.RETURN_PATH)
    return values[0] if values else None


async def _json(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    try:
        return await answer(request)
    except (NotAnOperation, PortalError) as failure:
        observation_of(request).code = failure.code
        language = wanted_language(request.headers.getlist("accept-language"))
        error = {"message": failure.text.render(language), "code": failure.code.value}
        return render_json_response({"error": error}, _status(failure))


def _status(failure: NotAnOperation | PortalError) -> int:
    match failure:
        case NotAnOperation():
            return failure.status
        case SignInRefused():
            return STATUSES[failure.reason]
        case Unauthenticated():
            return 401
        case RateLimited():
            return 429
        case _:
            return 400 if failure.code is ErrorCode.BAD_INPUT else 503
