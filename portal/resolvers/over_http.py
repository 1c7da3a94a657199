"""GraphQL over HTTP: from a request to an operation, and from an outcome to a response."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import orjson
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from portal.errors import ErrorCode, Language, Text
from portal.resolvers.operation import Operation, Outcome

JSON_TYPE = "application/json"
RESPONSE_TYPE = "application/graphql-response+json"
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Vary": "Accept, Authorization"}

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
        error = {"message": self.text.render(language), "extensions": {"code": self.code.value}}
        return Outcome({"errors": [error]}, self.status, malformed=True)


def wanted_language(header: str | None) -> Language:
    """Return the language of `Accept-Language`: Chinese where it is preferred, English otherwise."""
    best, quality = Language.ENGLISH, 0.0
    for part in (header or "").split(","):
        tag, _, parameters = part.strip().partition(";")
        weight = _quality(parameters)
        language = {"zh": Language.CHINESE, "en": Language.ENGLISH}.get(tag.strip().lower()[:2])
        if language is not None and weight > quality:
            best, quality = language, weight
    return best


def _quality(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


def wanted_type(accept: str | None) -> str | None:
    """Return the media type to answer in; None where the client accepts neither."""
    if not accept:
        return JSON_TYPE
    best: tuple[float, str] | None = None
    for part in accept.split(","):
        media, *parameters = (piece.strip() for piece in part.split(";"))
        weight = next((_quality(piece) for piece in parameters if piece.startswith("q")), 1.0)
        answer = {RESPONSE_TYPE: RESPONSE_TYPE, JSON_TYPE: JSON_TYPE}.get(media.lower())
        if media in ("*/*", "application/*"):
            answer = JSON_TYPE
        if answer is not None and weight > 0 and (best is None or weight > best[0]):
            best = (weight, answer)
    return None if best is None else best[1]


def client_address(request: Request, trusted: Sequence[Network]) -> Address | None:
    """Return the client's address: the socket's, or the last that a trusted proxy forwards from one not trusted."""
    forwarded = [part.strip() for value in request.headers.getlist("x-forwarded-for") for part in value.split(",")]
    address = _parse_address(request.client.host if request.client else "")
    while address is not None and forwarded and any(address in network for network in trusted):
        address = _parse_address(forwarded.pop())
    return address


def _parse_address(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


async def read_operation(request: Request, max_body_bytes: int) -> Operation:
    """Return the operation of a GET or POST request. Raises: NotAnOperation."""
    if request.method == "GET":
        return _from_query(request.query_params)
    _check_content_type(request.headers.get("content-type", ""))
    return _from_json(_parse_json(await _read_body(request, max_body_bytes)))


def _check_content_type(header: str) -> None:
    media, *parameters = (piece.strip().lower() for piece in header.split(";"))
    charset = next((piece.partition("=")[2].strip('"') for piece in parameters if piece.startswith("charset")), "utf-8")
    if media != JSON_TYPE or charset not in ("utf-8", "utf8"):
        raise NotAnOperation(
            415, Text(en="send `Content-Type: application/json` in UTF-8", zh="请以 UTF-8 的 `application/json` 发送")
        )


async def _read_body(request: Request, limit: int) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise NotAnOperation(
                413,
                Text(
                    en=f"the body is longer than the {limit} bytes allowed; ask for less",
                    zh=f"请求体超过 {limit} 字节的上限；请减少内容",
                ),
                ErrorCode.TOO_COMPLEX,
            )
    return bytes(body)


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _parse_json(content: bytes | str) -> object:
    try:
        text = content.decode("utf-8") if isinstance(content, bytes) else content
        return json.loads(text, parse_float=Decimal, parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        raise NotAnOperation(400, Text(en="the body isn't UTF-8", zh="请求体不是 UTF-8")) from None
    except (ValueError, ArithmeticError, RecursionError):
        raise NotAnOperation(400, Text(en="the body is no JSON", zh="请求体不是 JSON")) from None


def _from_query(parameters: QueryParams) -> Operation:
    variables = parameters.get("variables")
    members: dict[str, object] = {
        "query": parameters.get("query"),
        "operationName": parameters.get("operationName") or None,
    }
    if variables:
        members["variables"] = _parse_json(variables)
    return _from_json(members)


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
    _check_member("query", query, str, required=True)
    _check_member("variables", variables, dict)
    _check_member("operationName", name, str)
    _check_member("extensions", members.get("extensions"), dict)
    return Operation(str(query), variables, name)


def _check_member(name: str, value: object, kind: type, *, required: bool = False) -> None:
    if isinstance(value, kind) or (value is None and not required):
        return
    form = {str: Text(en="a text", zh="文本"), dict: Text(en="an object", zh="对象")}[kind]
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
        headers={**_HEADERS, **headers, "Content-Type": f"{media_type}; charset=utf-8"},
    )
