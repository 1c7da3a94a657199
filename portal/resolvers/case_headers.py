"""The headers `case` and `operator`: what a whole request is made for (FJ-28)."""

import re
from urllib.parse import unquote_to_bytes

from starlette.datastructures import Headers

from portal.access.case_reference import CASE, OPERATOR, parse_reference
from portal.errors import BadInput, Text
from portal.resolvers.over_http import NotAnOperation
from portal.vocabulary import CaseReference

_ENCODED = re.compile("(?:[^%]|%[0-9A-Fa-f]{2})*")


def read_case_headers(headers: Headers) -> CaseReference:
    """Return what the headers state; their text is UTF-8, as it is or percent-encoded. Raises: NotAnOperation."""
    try:
        return CaseReference(case=_read(headers, CASE), operator=_read(headers, OPERATOR))
    except BadInput as refused:
        raise NotAnOperation(400, refused.text) from None


def _read(headers: Headers, name: str) -> str | None:
    values = headers.getlist(name)
    if len(values) > 1:
        raise BadInput(
            Text(en=f"the header `{name}` is there twice; send it once", zh=f"请求头 `{name}` 重复；请只发送一次")
        )
    return parse_reference(name, _decode(name, values[0])) if values else None


def _decode(name: str, value: str) -> str:
    """Return the text of a header's value, which the server has read as Latin-1. Raises: BadInput."""
    try:
        if _ENCODED.fullmatch(value):
            return unquote_to_bytes(value.encode("latin-1")).decode("utf-8")
    except UnicodeError:
        pass
    raise BadInput(
        Text(
            en=f"the header `{name}` isn't UTF-8; percent-encode it, and `%` itself as `%25`",
            zh=f"请求头 `{name}` 不是 UTF-8；请用百分号编码，`%` 本身写作 `%25`",
        )
    )
