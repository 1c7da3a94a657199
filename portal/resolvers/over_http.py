"""GraphQL over HTTP: from a request to an operation, and from an outcome to a response."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import parse_qsl

import orjson
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

from portal.errors import BadInput, ErrorCode, Language, Text
from portal.resolvers.documents import parse_digest
from portal.resolvers.endpoint import Operation
from portal.resolvers.negotiation import JSON_TYPE, is_json
from portal.resolvers.operation import Outcome, refusal

_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Vary": "Accept, Accept-Language, Authorization, Cookie",
    "X-Content-Type-Options": "nosniff",
}

_JSON_PARAMETERS = ("variables", "extensions")
_PARAMETERS = ("query", "documentId", "operationName", *_JSON_PARAMETERS)
_LENGTH_DIGITS = 19
_KEPT_BODY = 4096
"""Bytes of a body whose operation is kept."""
_KEPT_ADDRESS = 64
"""Characters of an address that is kept: no longer one is an address of a machine."""

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class NotAnOperation(Exception):
    """An HTTP request that carries no operation: its status, code and sentence."""

    def __init__(self, status: int, text: Text, code: ErrorCode = ErrorCode.BAD_INPUT) -> None:
        super().__init__(text.en)
        self.status = status
        self.text = text
        self.code = code

    def outcome(self, language: Language) -> Outcome:
        """Return the answer to it."""
        return refusal(self.status, self.code, self.text.render(language), malformed=True)


def client_address(request: Request, trusted: Sequence[Network]) -> Address | None:
    """Return the client's address: the socket's, or the last that a trusted proxy forwards from one not trusted."""
    forwarded = [part.strip() for value in request.headers.getlist("x-forwarded-for") for part in value.split(",")]
    address = parse_address(request.client.host if request.client else "")
    while address is not None and forwarded and any(address in network for network in trusted):
        address = parse_address(forwarded.pop())
    return address


def parse_address(text: str) -> Address | None:
    """Return the address that a text is, None where it is none; an IPv4 address in an IPv6 one is the IPv4 address."""
    return _kept_address(text) if len(text) <= _KEPT_ADDRESS else _address(text)


def _address(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


_kept_address = lru_cache(4096)(_address)


async def read_operation(request: Request, max_body_bytes: int) -> Operation:
    """Return the operation of a GET, HEAD or POST request; by GET only queries are executed. Raises: NotAnOperation."""
    if request.method == "POST":
        check_content(request.headers)
        body = await read_body(request, max_body_bytes)
        return _kept_operation(body) if len(body) <= _KEPT_BODY else _operation_of(body)
    return replace(_from_query(request.scope["query_string"], max_body_bytes), only_query=True)


def _operation_of(body: bytes) -> Operation:
    return _from_json(parse_json(body))


_kept_operation = lru_cache(1024)(_operation_of)
"""Pages and programs send the same again and again. Nobody changes an operation, nor its variables."""


def check_content(headers: Headers) -> None:
    """Refuse a body that isn't said to be plain JSON. Raises: NotAnOperation."""
    if not is_json(headers.getlist("content-type")):
        raise NotAnOperation(
            415, Text(en="send `Content-Type: application/json` in UTF-8", zh="请以 UTF-8 的 `application/json` 发送")
        )
    # What is small on the way may be large when unpacked.
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise NotAnOperation(
            415,
            Text(en="send the body as it is, without `Content-Encoding`", zh="请勿使用 `Content-Encoding` 压缩请求体"),
        )


def _too_long(limit: int) -> NotAnOperation:
    return NotAnOperation(
        413,
        Text(
            en=f"the body is longer than the {limit} bytes allowed; ask for less",
            zh=f"请求体超过 {limit} 字节的上限；请减少内容",
        ),
        ErrorCode.TOO_COMPLEX,
    )


async def read_body(request: Request, limit: int) -> bytes:
    """Return the body. Raises: NotAnOperation where it is longer than the limit, before the rest of it is read."""
    declared = request.headers.get("content-length", "")
    # Refused beforehand: a client that waits for `100 Continue` needn't send it then.
    if declared.isdecimal() and len(declared) < _LENGTH_DIGITS and int(declared) > limit:
        raise _too_long(limit)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise _too_long(limit)
    return bytes(body)


def _members_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return the members of a JSON object; of a name that is there twice nobody knows which one counts."""
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("twice")
    return members


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def parse_json(content: bytes | str) -> object:
    """Return a JSON value whose objects name no member twice. Raises: NotAnOperation."""
    try:
        text = content.decode("utf-8") if isinstance(content, bytes) else content
        return json.loads(text, parse_float=Decimal, parse_constant=_refuse_constant, object_pairs_hook=_members_once)
    except UnicodeDecodeError:
        raise _not_utf8() from None
    except (ValueError, ArithmeticError, RecursionError):
        raise NotAnOperation(
            400,
            Text(
                en="this is no JSON, or names a member of an object twice; mend it",
                zh="这不是合法的 JSON，或对象中有重复的成员；请改正",
            ),
        ) from None


def _not_utf8() -> NotAnOperation:
    return NotAnOperation(
        400, Text(en="the request isn't UTF-8; send UTF-8", zh="请求不是 UTF-8 编码；请以 UTF-8 发送")
    )


def _from_query(query_string: bytes, limit: int) -> Operation:
    if len(query_string) > limit:
        raise _too_long(limit)
    members: dict[str, object] = {}
    for name, value in _parse_query(query_string):
        if name in members:
            raise NotAnOperation(
                400, Text(en=f"`{name}` is there twice; send it once", zh=f"`{name}` 重复；请只发送一次")
            )
        members[name] = parse_json(value) if value and name in _JSON_PARAMETERS else value or None
    return _from_json(members)


def _parse_query(query_string: bytes) -> list[tuple[str, str]]:
    """Return the parameters that mean something here, in their order."""
    try:
        pairs = parse_qsl(query_string.decode("ascii"), keep_blank_values=True, errors="strict")
    except UnicodeError:
        raise _not_utf8() from None
    return [pair for pair in pairs if pair[0] in _PARAMETERS]


def _from_json(members: object) -> Operation:
    if not isinstance(members, Mapping):
        raise NotAnOperation(
            400,
            Text(
                en="send one JSON object with `query`; batches aren't taken",
                zh="请发送一个含 `query` 的 JSON 对象；不接受批量请求",
            ),
        )
    query, variables, name = members.get("query"), members.get("variables"), members.get("operationName")
    _check_member("variables", variables, dict)
    _check_member("operationName", name, str)
    _check_member("extensions", members.get("extensions"), dict)
    digest = _digest(members)
    _check_member("query", query, str, required=digest is None)
    return Operation("" if query is None else str(query), variables, name, digest=digest)


def _digest(members: Mapping[str, object]) -> str | None:
    """Return the hash by which the request names its document. Raises: NotAnOperation."""
    extensions = members.get("extensions")
    try:
        return parse_digest(members.get("documentId"), extensions if isinstance(extensions, Mapping) else {})
    except BadInput as refused:
        raise NotAnOperation(400, refused.text) from None


def _check_member(name: str, value: object, kind: type, *, required: bool = False) -> None:
    if isinstance(value, kind) or (value is None and not required):
        return
    form = Text(en="a text", zh="文本") if kind is str else Text(en="an object", zh="对象")
    raise NotAnOperation(400, Text(en=f"`{name}` must be {form.en}", zh=f"`{name}` 应为{form.zh}"))


def render_payload(payload: Mapping[str, object]) -> bytes:
    """Return the JSON text of an answer."""
    return orjson.dumps(payload)


def render_response(outcome: Outcome, media_type: str, headers: Mapping[str, str]) -> Response:
    """Return the HTTP response: with `application/json` a document that isn't valid is answered with 200."""
    status = 200 if outcome.status == 400 and media_type == JSON_TYPE and not outcome.malformed else outcome.status
    return Response(
        render_payload(outcome.payload),
        status,
        headers={**_HEADERS, **headers, **outcome.headers, "Content-Type": f"{media_type}; charset=utf-8"},
    )


def render_json_response(members: Mapping[str, object], status: int) -> Response:
    """Return a response that is a plain JSON object."""
    return Response(render_payload(members), status, headers={**_HEADERS, "Content-Type": JSON_TYPE})
