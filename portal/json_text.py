"""Strict JSON: what a person or a machine wrote, exactly or not at all (RFC 8259, I-JSON's demands on strings).

A number with a fraction or an exponent is a `Decimal`, never a float; members keep the order in which they are written.
"""

import json
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections import Counter
from decimal import Decimal, InvalidOperation
from typing import NoReturn

from portal.errors import BadInput, Text

JsonValue = None | bool | int | Decimal | str | list["JsonValue"] | dict[str, "JsonValue"]

DEPTH_LIMIT = 200
"""Levels of nesting; none that a person wrote comes near."""

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_SHOWN = 40


class NotJson(BadInput):
    """Text that isn't the JSON it should be: `what` is wrong and how to `mend` it, which `text` joins.

    `path` is such as `terms.scope`, empty where it isn't known.
    """

    def __init__(self, what: Text, mend: Text, line: int | None = None, path: str = "") -> None:
        super().__init__(Text(en=f"{what.en}; {mend.en}", zh=f"{what.zh}；{mend.zh}"))
        self.what = what
        self.mend = mend
        self.line = line
        self.path = path


SAVE_AS_UTF8 = Text(en="save it as UTF-8", zh="请以 UTF-8 保存")


def describe_encoding(content: bytes) -> Text:
    """Return what to say of bytes that aren't UTF-8, with the encoding that they seem to be in."""
    name = _likely_encoding(content)
    if name is None:
        return Text(en="the text isn't UTF-8", zh="文本不是 UTF-8 编码")
    return Text(en=f"the text isn't UTF-8 but seems to be {name}", zh=f"文本不是 UTF-8 编码，疑似 {name}")


def _likely_encoding(content: bytes) -> str | None:
    if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return "UTF-16"
    try:
        content.decode("gb18030")
    except UnicodeDecodeError:
        return None
    return "GB18030"


def guess_text(content: bytes) -> str:
    """Return what bytes that aren't UTF-8 probably say: a stand-in, to find what else is wrong with them."""
    return content.decode(_likely_encoding(content) or "utf-8", "replace")


def decode_text(content: bytes) -> str:
    """Return the text of UTF-8 bytes, without a byte order mark.

    Raises: NotJson, naming the line and the likely encoding of what isn't UTF-8.
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = content.count(b"\n", 0, fault.start) + 1
        raise NotJson(describe_encoding(content), SAVE_AS_UTF8, line) from None


def parse_json(content: bytes | str) -> JsonValue:
    """Return the JSON value that the text writes.

    Raises: NotJson: no UTF-8, no JSON, a member named twice, `NaN` or `Infinity`, NUL or half of a surrogate pair,
    more than 200 levels.
    """
    text = decode_text(content) if isinstance(content, bytes) else content
    try:
        value = json.loads(
            text,
            object_pairs_hook=_members,
            parse_float=_parse_fraction,
            parse_int=_parse_integer,
            parse_constant=_refuse_constant,
        )
    except json.JSONDecodeError as fault:
        raise _bad_syntax(fault) from None
    except RecursionError:
        raise _too_deep() from None
    check_strings_and_depth(value)
    return value  # type: ignore[no-any-return]  # json.loads, with these hooks, makes nothing else


def _bad_syntax(fault: json.JSONDecodeError) -> NotJson:
    return NotJson(
        Text(
            en=f"this is no JSON at character {fault.colno}: {fault.msg.lower()}",
            zh=f"第 {fault.colno} 个字符处不是合法的 JSON（{fault.msg}）",
        ),
        Text(en="mend the syntax", zh="请改正语法"),
        fault.lineno,
    )


def _too_deep() -> NotJson:
    return NotJson(
        Text(en=f"nested more than {DEPTH_LIMIT} deep", zh=f"嵌套超过 {DEPTH_LIMIT} 层"),
        Text(en="flatten it", zh="请展平"),
    )


def _members(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    members = dict(pairs)
    if len(members) < len(pairs):
        twice, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise NotJson(
            Text(en=f"member `{twice}` is there twice", zh=f"成员 `{twice}` 重复"),
            Text(en="keep one", zh="请只保留一个"),
        )
    return members


def _parse_fraction(digits: str) -> Decimal:
    try:
        return Decimal(digits)
    except InvalidOperation:
        _refuse_number(digits)


def _parse_integer(digits: str) -> int:
    try:
        return int(digits)
    except ValueError:
        _refuse_number(digits)


def _refuse_number(digits: str) -> NoReturn:
    shown = digits[:_SHOWN]
    raise NotJson(
        Text(en=f"number `{shown}…` is out of range", zh=f"数字 `{shown}…` 超出范围"),
        Text(en="shorten it", zh="请改短"),
    )


def _refuse_constant(name: str) -> NoReturn:
    raise NotJson(
        Text(en=f"`{name}` is no JSON", zh=f"`{name}` 不是 JSON"),
        Text(en="write a number or `null`", zh="请写数字或 `null`"),
    )


def check_strings_and_depth(value: JsonValue) -> None:
    """Refuse a value that can't be stored: NUL, lone surrogates, too many levels. Raises: NotJson."""
    pending: list[tuple[str, int, JsonValue]] = [("", 1, value)]
    while pending:
        path, depth, member = pending.pop()
        if depth > DEPTH_LIMIT:
            raise _too_deep()
        if isinstance(member, str):
            _check_string(member, path)
        elif isinstance(member, dict):
            for name, inner in member.items():
                _check_string(name, path)
                pending.append((f"{path}.{name}" if path else name, depth + 1, inner))
        elif isinstance(member, list):
            pending.extend((f"{path}[{index}]", depth + 1, inner) for index, inner in enumerate(member))


def _check_string(text: str, path: str) -> None:
    if _UNSTORABLE.search(text):
        raise NotJson(
            Text(en="text holds NUL or half of a surrogate pair", zh="文本含有 NUL 或不成对的代理项"),
            Text(en="write whole characters", zh="请写完整的字符"),
            path=path,
        )


def render_json(value: JsonValue, indent: int = 0) -> str:
    """Return the value as JSON text with its members in their order: compact, or one member a line when indented.

    Exact: `parse_json(render_json(value)) == value`, and decimals keep their digits.
    """
    return _render(value, indent, "\n" if indent else "")


def _render(value: JsonValue, indent: int, line_start: str) -> str:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict) and value:
        inner = line_start + " " * indent
        colon = ": " if indent else ":"
        members = [f"{_quote(name)}{colon}{_render(member, indent, inner)}" for name, member in value.items()]
        return "{" + inner + f",{inner}".join(members) + line_start + "}"
    if isinstance(value, list) and value:
        inner = line_start + " " * indent
        return "[" + inner + f",{inner}".join(_render(member, indent, inner) for member in value) + line_start + "]"
    return _quote(value)


def _quote(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False)
