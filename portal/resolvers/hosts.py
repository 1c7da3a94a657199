"""The `Host` that a request names. Nothing is decided by it; a name that isn't the portal's is refused (T8)."""

import re
from collections.abc import Sequence

from starlette.requests import Request

from portal.errors import Text
from portal.resolvers.over_http import NotAnOperation
from portal.settings import Settings

_HOST = re.compile(r"(\[[0-9a-f:.]{2,45}\]|[a-z0-9._-]{1,253})(?::[0-9]{1,5})?", re.ASCII)


def check_host(headers: Sequence[str], allowed: Sequence[str]) -> None:
    """Raise unless the one `Host` is a name and among those allowed; none allowed, or `*`, stands for any.

    Raises: NotAnOperation: 400 for what is no host, 421 for another's.
    """
    parts = _HOST.fullmatch(headers[0].lower()) if len(headers) == 1 else None
    if parts is None:
        raise NotAnOperation(400, Text(en="send one `Host` header", zh="请发送一个 `Host` 请求头"))
    if allowed and "*" not in allowed and parts[1].rstrip(".") not in allowed:
        raise NotAnOperation(
            421,
            Text(
                en="the portal isn't reached by this `Host`; its operator lists names in `PORTAL_ALLOWED_HOSTS`",
                zh="门户不以此 `Host` 提供服务；运行单位在 `PORTAL_ALLOWED_HOSTS` 中登记主机名",
            ),
        )


def site_of(request: Request, settings: Settings) -> str:
    """Return scheme, name and port by which clients reach the portal: as set, or as this one does."""
    return settings.public_url or f"{request.url.scheme}://{request.headers.get('host', '')}"
