"""Constants of conditions and cells of data: text or JSON to typed values and back (bundle.md, enforcement.md §5)."""

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Context, Decimal
from fractions import Fraction
from typing import NoReturn

from portal.conditions.tree import Value, ValueType
from portal.errors import BadInput, Text

INTEGER_MIN = -(2**63)
INTEGER_MAX = 2**63 - 1
_SURROGATE = re.compile("[\ud800-\udfff]")
_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)", re.ASCII)
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_INSTANT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-5][0-9])", re.ASCII
)
_DECIMAL_DIGITS = 60
"""A number of more digits, before or after the point, is refused: none that is stored comes near."""
_EXACT = Context(prec=200)
"""Wide enough that no number of a cell or operand is rounded."""
_SHOWN = 80


def _shown(raw: object) -> str:
    if isinstance(raw, bool):
        return str(raw).lower()
    # By way of Decimal: Python writes no integer of more than 4300 digits.
    text = str(Decimal(raw) if isinstance(raw, int) else raw)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _refuse(raw: object, en: str, zh: str) -> NoReturn:
    raise BadInput(Text(en=f"`{_shown(raw)}` {en}", zh=f"`{_shown(raw)}` {zh}"))


def check_text(text: str) -> str:
    """Return the text if it can be stored and sent: no NUL, no lone surrogate.

    Raises: BadInput.
    """
    if "\0" in text:
        raise BadInput(Text(en="text holds a NUL character; remove it", zh="文本含有 NUL 字符，请删除"))
    if _SURROGATE.search(text):
        raise BadInput(
            Text(
                en="text holds half of a surrogate pair; send whole characters",
                zh="文本含有不成对的代理项，请发送完整字符",
            )
        )
    return text


def _parse_string(raw: object) -> str:
    if not isinstance(raw, str):
        _refuse(raw, "is no text; write it in quotes", "不是文本，请加引号")
    return check_text(raw)


def _parse_integer(raw: object) -> int:
    number = raw
    if isinstance(raw, str) and _INTEGER.fullmatch(raw):
        number = int(raw) if len(raw) <= _DECIMAL_DIGITS else INTEGER_MAX + 1
    if isinstance(number, bool) or not isinstance(number, int):
        _refuse(raw, "is no integer; write digits only", "不是整数，请只写数字")
    if not INTEGER_MIN <= number <= INTEGER_MAX:
        _refuse(raw, "doesn't fit in 64 bits", "超出 64 位整数范围")
    return number


def _parse_decimal(raw: object) -> Decimal:
    if (isinstance(raw, str) and _DECIMAL.fullmatch(raw)) or (isinstance(raw, int) and not isinstance(raw, bool)):
        raw = Decimal(raw)
    if not isinstance(raw, Decimal) or not raw.is_finite():
        _refuse(raw, "is no decimal number; write it as in `-12.50`", "不是小数，请写成 `-12.50` 的形式")
    exponent = raw.as_tuple().exponent
    if raw.adjusted() > _DECIMAL_DIGITS or (isinstance(exponent, int) and exponent < -_DECIMAL_DIGITS):
        _refuse(raw, "has too many digits", "位数过多")
    return raw


def _parse_boolean(raw: object) -> bool:
    if not isinstance(raw, bool):
        _refuse(raw, "is neither `true` nor `false`", "既不是 `true` 也不是 `false`")
    return raw


def _parse_date(raw: object) -> date:
    if isinstance(raw, str) and _DATE.fullmatch(raw):
        try:
            return date.fromisoformat(raw)
        except ValueError:
            _refuse(raw, "is a date that doesn't exist", "是不存在的日期")
    _refuse(raw, "is no date; write it as `2026-01-31`", "不是日期，请写成 `2026-01-31`")


def parse_instant(raw: object) -> datetime:
    """Return an RFC 3339 time with offset and whole seconds as an aware datetime in UTC.

    Raises: BadInput.
    """
    match = _INSTANT.fullmatch(raw) if isinstance(raw, str) else None
    if match is None:
        _refuse(
            raw, "is no time; write it as `2026-01-31T08:00:00+08:00`", "不是时间，请写成 `2026-01-31T08:00:00+08:00`"
        )
    day, time, fraction, offset = match.groups()
    if fraction is not None:
        _refuse(raw, "has a fraction of a second; write whole seconds", "含有秒的小数，请写整秒")
    try:
        return datetime.fromisoformat(f"{day}T{time}{offset.upper()}").astimezone(UTC)
    except (ValueError, OverflowError):
        _refuse(raw, "is a time that doesn't exist", "是不存在的时间")


def _refuse_constant(raw: object) -> NoReturn:
    _refuse(raw, "can't be compared here; only `isNull` is known for this type", "不能比较，此类型只支持 `isNull`")


_PARSERS: dict[ValueType, Callable[[object], Value]] = {
    ValueType.STRING: _parse_string,
    ValueType.INTEGER: _parse_integer,
    ValueType.DECIMAL: _parse_decimal,
    ValueType.BOOLEAN: _parse_boolean,
    ValueType.DATE: _parse_date,
    ValueType.DATETIME: parse_instant,
    ValueType.JSON: _refuse_constant,
    ValueType.TEXT_LIST: _parse_string,
    ValueType.ADDRESS: _refuse_constant,
}


def parse_value(raw: object, value_type: ValueType) -> Value:
    """Return a JSON constant or GraphQL input as a typed value; fractions are to come as `Decimal`, never float.

    Raises: BadInput, saying what is wrong and how to write it.
    """
    if raw is None:
        raise BadInput(Text(en="`null` can't be compared; use `isNull`", zh="`null` 不能比较，请使用 `isNull`"))
    return _PARSERS[value_type](raw)


def fits_scale(number: Decimal, scale: int) -> bool:
    """Return whether the number has no digits beyond `scale` and its scaled form fits in 64 bits."""
    exponent = number.as_tuple().exponent
    return isinstance(exponent, int) and -exponent <= scale and abs(Fraction(number) * 10**scale) <= INTEGER_MAX


def _refuse_json_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _check_json_strings(parsed: object) -> None:
    pending = [parsed]
    while pending:
        member = pending.pop()
        if isinstance(member, str):
            check_text(member)
        elif isinstance(member, dict):
            pending.extend(member.keys())
            pending.extend(member.values())
        elif isinstance(member, list):
            pending.extend(member)


def _parse_json_cell(text: str) -> str:
    try:
        _check_json_strings(json.loads(text, parse_constant=_refuse_json_constant, parse_float=str, parse_int=str))
    except (ValueError, RecursionError):
        _refuse(text, "is no JSON", "不是 JSON")
    return text


def _parse_boolean_cell(text: str) -> bool:
    if text not in ("true", "false"):
        _refuse(text, "is neither `true` nor `false`", "既不是 `true` 也不是 `false`")
    return text == "true"


def parse_cell(text: str, value_type: ValueType, scale: int | None = None, length: int | None = None) -> Value:
    """Return a CSV cell as a typed value; nothing is trimmed or normalised. A JSON cell stays its text as written.

    Raises: BadInput.
    """
    if value_type is ValueType.JSON:
        return _parse_json_cell(text)
    if value_type is ValueType.BOOLEAN:
        return _parse_boolean_cell(text)
    value = parse_value(text, value_type)
    if isinstance(value, str) and length is not None and len(value) > length:
        _refuse(text, f"has {len(value)} characters, {length} are allowed", f"有 {len(value)} 个字符，最多 {length} 个")
    if isinstance(value, Decimal) and not fits_scale(value, scale or 0):
        _refuse(text, f"has digits beyond scale {scale}, or is too large", f"的小数位超过 {scale} 位，或数值过大")
    return value


def render_instant(instant: datetime) -> str:
    """Return an instant as the contract writes it: `2026-01-31T08:00:00Z`."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")


def render_decimal(number: Decimal, scale: int) -> str:
    """Return the number with exactly `scale` digits after the point; zero has no sign."""
    digits = _EXACT.quantize(number, Decimal(1).scaleb(-scale))
    return format(_EXACT.add(digits, 0), "f")


def render_cell(value: Value, value_type: ValueType, scale: int | None = None) -> str:
    """Return the text of a value as a CSV cell holds it; instants in UTC."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return render_decimal(value, scale or 0)
    if isinstance(value, datetime):
        return render_instant(value)
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
