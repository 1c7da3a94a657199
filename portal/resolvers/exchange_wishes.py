"""What a request for `/exchange/IDENTIFIER` asks for: parameters of the address, or the same members as JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast
from urllib.parse import parse_qsl

from starlette.requests import Request

from portal.conditions.values import check_text
from portal.errors import BadInput, Text
from portal.exchange.formats import Format, Style
from portal.resolvers.over_http import check_content, parse_json, read_body

_JSON = ("where", "orderBy")
_TEXTS = ("purpose", "matter", "case", "operator", "after")
_SWITCHES = ("mark", "raw", "frames")
_MEMBERS = ("items", "format", "first", *_JSON, *_TEXTS, *_SWITCHES)
_LARGEST_FIRST = 2**53


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for; `arguments` as `shared` takes them. No items are all that the subject may know of."""

    items: tuple[str, ...]
    arguments: Mapping[str, object]
    style: Style
    first: int | None
    after: str | None
    framed: bool


async def read_wish(request: Request, limit: int) -> Wish:
    """Return what the request asks for. Raises: NotAnOperation, BadInput."""
    if request.method == "POST":
        check_content(request.headers)
        members = parse_json(await read_body(request, limit))
        if not isinstance(members, Mapping):
            raise BadInput(Text(en="send one JSON object", zh="请发送一个 JSON 对象"))
        return _parse(cast("Mapping[str, object]", members))
    return _parse(_query_members(request.scope["query_string"], limit))


def _query_members(query_string: bytes, limit: int) -> Mapping[str, object]:
    if len(query_string) > limit:
        raise BadInput(
            Text(
                en=f"the address is longer than the {limit} bytes allowed; send the same members as JSON by POST",
                zh=f"地址超过 {limit} 字节的上限；请以 POST 发送同样内容的 JSON",
            )
        )
    members: dict[str, object] = {}
    try:
        pairs = parse_qsl(query_string.decode("ascii"), keep_blank_values=True, errors="strict")
    except ValueError:
        raise BadInput(Text(en="the address isn't UTF-8; send UTF-8", zh="地址不是 UTF-8 编码；请使用 UTF-8")) from None
    for name, value in pairs:
        if name in members:
            raise BadInput(Text(en=f"`{name}` is there twice; send it once", zh=f"`{name}` 重复；请只发送一次"))
        members[name] = _query_value(name, value)
    return members


def _query_value(name: str, value: str) -> object:
    if name == "items":
        return value.split(",") if value else None
    if name in _JSON:
        return parse_json(value) if value else None
    if name in _SWITCHES:
        return {"true": True, "false": False}.get(value, value)
    if name == "first":
        return int(value) if value.isascii() and value.isdigit() and len(value) < len(str(_LARGEST_FIRST)) else value
    return value or None


def _parse(members: Mapping[str, object]) -> Wish:
    unknown = next((name for name in members if name not in _MEMBERS), None)
    if unknown is not None:
        known = "`, `".join(_MEMBERS)
        raise BadInput(
            Text(en=f"unknown parameter; there are `{known}`", zh=f"有未知参数；可用的有 `{known}`"),
        )
    chosen = _choice(members.get("format"))
    switches = {name: _switch(name, members.get(name)) for name in _SWITCHES}
    given: dict[str, object] = {name: _text(name, members.get(name)) for name in _TEXTS}
    given |= {name: members.get(name) for name in _JSON}
    after = given.pop("after")
    return Wish(
        _items(members.get("items")),
        {name: value for name, value in given.items() if value is not None},
        Style(chosen, mark=switches["mark"], raw=switches["raw"]),
        _first(members.get("first")),
        None if after is None else str(after),
        switches["frames"],
    )


def _refuse(name: str, en: str, zh: str) -> BadInput:
    return BadInput(Text(en=f"`{name}` must be {en}", zh=f"`{name}` 应为{zh}"))


def _items(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not value or not all(isinstance(one, str) for one in value):
        raise _refuse("items", "identifiers, as in `items=code,name`", "信息项标识，如 `items=code,name`")
    if len(set(value)) < len(value):
        raise _refuse("items", "different identifiers; name each once", "互不相同的标识；每个只写一次")
    return tuple(value)


def _choice(value: object) -> Format:
    try:
        return Format.CSV if value is None else Format(str(value))
    except ValueError:
        known = "`, `".join(Format)
        raise _refuse("format", f"one of `{known}`", f" `{known}` 之一") from None


def _switch(name: str, value: object) -> bool:
    if value is None or isinstance(value, bool):
        return bool(value)
    raise _refuse(name, "`true` or `false`", " `true` 或 `false`")


def _text(name: str, value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise _refuse(name, "a text", "文本")
    try:
        return check_text(value)
    except BadInput as refused:
        raise BadInput(Text(en=f"`{name}`: {refused.text.en}", zh=f"`{name}`：{refused.text.zh}")) from refused


def _first(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value < _LARGEST_FIRST:
        raise _refuse("first", "a number of rows, 1 or more", "行数，至少为 1")
    return value
