"""What a browser sends by itself: its cookies, and whether a page of the portal's own sent the request (T43)."""

from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie

from starlette.requests import Request

from portal.errors import ErrorCode, Text
from portal.identity.client_settings import cookie_is_secure
from portal.resolvers.over_http import NotAnOperation
from portal.settings import Settings

REQUEST_HEADER = "x-portal-request"
"""Pages of other origins can't send it without being let to, whatever a form or link of theirs does."""
_OWN_PAGE = "same-origin"
_MAX_COOKIE_CHARACTERS = 128


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie that no script reads. `same_site` is `Strict` or `Lax`."""

    name: str
    same_site: str
    is_secure: bool

    def keep(self, secret: str, seconds: int) -> str:
        """Return the `Set-Cookie` that keeps the secret for so long."""
        return f"{self.name}={secret}; Path=/; Max-Age={seconds}; HttpOnly; SameSite={self.same_site}{self._secure}"

    def forget(self) -> str:
        """Return the `Set-Cookie` that forgets it."""
        return f"{self.name}=; Path=/; Max-Age=0; HttpOnly; SameSite={self.same_site}{self._secure}"

    @property
    def _secure(self) -> str:
        return "; Secure" if self.is_secure else ""


def session_cookie(settings: Settings, site: str) -> Cookie:
    """Return the cookie of a session: no request that another site began carries it."""
    return _cookie("portal-session", "Strict", settings, site)


def sign_in_cookie(settings: Settings, site: str) -> Cookie:
    """Return the cookie of a sign-in under way. `Lax`: the provider's site sends the browser back with a link."""
    return _cookie("portal-sign-in", "Lax", settings, site)


def _cookie(name: str, same_site: str, settings: Settings, site: str) -> Cookie:
    # `__Host-`: the browser itself sees to it that no other host and no plain http has set it (fixation, T46).
    is_secure = cookie_is_secure(settings, site)
    return Cookie(f"__Host-{name}" if is_secure else name, same_site, is_secure)


def read_cookie(request: Request, cookie: Cookie) -> str | None:
    """Return what the cookie holds, None where it isn't there or empty.

    Raises: NotAnOperation where it is there twice: one of them is somebody else's.
    """
    found = [
        value
        for header in request.headers.getlist("cookie")
        for part in header.split(";")
        for name, _, value in [part.strip().partition("=")]
        if name == cookie.name and value
    ]
    if not found:
        return None
    if len(found) > 1 or len(found[0]) > _MAX_COOKIE_CHARACTERS or not _is_plain(found[0]):
        raise NotAnOperation(
            400,
            Text(
                en=f"the cookie `{cookie.name}` is there twice, or isn't the portal's; clear this site's cookies",
                zh=f"Cookie `{cookie.name}` 重复或并非本门户所设；请清除本站点的 Cookie",
            ),
        )
    return found[0]


def _is_plain(value: str) -> bool:
    try:
        SimpleCookie({"value": value})
    except CookieError:
        return False
    return value.isascii() and value.replace("-", "").replace("_", "").isalnum()


def is_own_page(request: Request, site: str) -> bool:
    """Return whether a page of the portal sent the request by its script (T43)."""
    headers = request.headers
    origins, fetched_from = headers.getlist("origin"), headers.getlist("sec-fetch-site")
    has_header = headers.getlist(REQUEST_HEADER) == ["1"]
    # Either tells whence it comes, and neither may say otherwise.
    is_own = (origins or fetched_from) and origins in ([], [site]) and fetched_from in ([], [_OWN_PAGE])
    return has_header and bool(is_own)


def check_own_page(request: Request, site: str) -> None:
    """Refuse a request that no page of the portal sent by its script (T43).

    Raises: NotAnOperation.
    """
    if not is_own_page(request, site):
        raise NotAnOperation(
            403,
            Text(
                en="with a session, ask from a page of the portal: POST with `X-Portal-Request: 1`, same origin",
                zh="使用会话时，请从门户自身页面发起请求：以 POST 发送，附 `X-Portal-Request: 1`，且同源",
            ),
            ErrorCode.FORBIDDEN,
        )
