"""Answers that may be kept but not shown again unasked: `ETag`, and 304 to who has the same already (RFC 9110 §13)."""

import re
from datetime import UTC, datetime
from email.utils import format_datetime
from hashlib import sha256

from starlette.requests import Request
from starlette.responses import Response

_ETAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')
_HEADERS = {
    # Kept copies are asked about each time: what is withdrawn is gone at once, from every cache that obeys.
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def render_validated(request: Request, content: bytes, media_type: str, updated_at: datetime | None) -> Response:
    """Return the content, or 304 without it where the client names its `ETag`; `updated_at` is aware.

    `If-Modified-Since` alone is answered with the content: where the newest part was withdrawn, what is left is older
    than what the client has, and no less another.
    """
    tag = f'"{sha256(content).hexdigest()[:32]}"'
    headers = {**_HEADERS, "ETag": tag}
    if updated_at is not None:
        headers["Last-Modified"] = format_datetime(updated_at.astimezone(UTC), usegmt=True)
    if _names(request.headers.getlist("if-none-match"), tag):
        return Response(status_code=304, headers=headers)
    return Response(content, headers={**headers, "Content-Type": media_type})


def _names(headers: list[str], tag: str) -> bool:
    """Return whether `If-None-Match` names the tag, or any (`*`)."""
    named = ",".join(headers)
    return named.strip() == "*" or tag in _ETAG.findall(named)
