"""Which type a cell could be of, as people write it, and how the bundle writes the same value."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal

from portal.conditions.tree import ValueType
from portal.conditions.values import parse_instant, render_decimal, render_instant
from portal.errors import BadInput

NUMBER_DIGITS = 18
"""Numbers of so many digits fit in 64 bits, whichever they are; a decimal's are those before and after the point."""
SCALE_LIMIT = 9
LOCAL_OFFSET = "+08:00"
"""What times without an offset are taken in: Asia/Shanghai."""

_INTEGER = re.compile(rf"-?(?:0|[1-9][0-9]{{0,{NUMBER_DIGITS - 1}}})", re.ASCII)
_DECIMAL = re.compile(rf"-?(?:0|[1-9][0-9]{{0,{NUMBER_DIGITS - 1}}})(?:\.[0-9]{{1,{SCALE_LIMIT}}})?", re.ASCII)
_DAY = (
    r"(?P<year>[0-9]{4})(?:(?P<mark>[-/.])(?P<month>[0-9]{1,2})(?P=mark)(?P<day>[0-9]{1,2})"
    r"|年(?P<m>[0-9]{1,2})月(?P<d>[0-9]{1,2})日)"
)
_DATE = re.compile(_DAY, re.ASCII)
_INSTANT = re.compile(
    _DAY + r"[Tt ](?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}))?"
    r"(?P<offset>[Zz]|[+-][0-9]{2}:[0-9]{2})?",
    re.ASCII,
)
_BOOLEANS = {"true": "true", "TRUE": "true", "True": "true", "false": "false", "FALSE": "false", "False": "false"}


def read_boolean(cell: str) -> str | None:
    """Return `true` or `false`, None for any other word."""
    return _BOOLEANS.get(cell)


def read_integer(cell: str) -> str | None:
    """Return a whole number in plain notation; None for another text, or one with zeros before it."""
    if not _INTEGER.fullmatch(cell):
        return None
    return "0" if cell == "-0" else cell


def read_decimal(cell: str) -> str | None:
    """Return a number as it is written; None for another text, one with zeros before it, or too many digits."""
    return cell if _DECIMAL.fullmatch(cell) else None


def decimal_digits(cell: str) -> tuple[int, int]:
    """Return how many digits a decimal has before and after the point."""
    before, _, after = cell.removeprefix("-").partition(".")
    return len(before), len(after)


def read_date(cell: str) -> str | None:
    """Return a day as `2026-01-31`, written with `-`, `/`, `.` or 年月日 and the year first; None for another text."""
    match = _DATE.fullmatch(cell)
    return None if match is None else _day(match)


def read_instant(cell: str) -> str | None:
    """Return a time of whole seconds in UTC; one without an offset is Asia/Shanghai's. None for another text."""
    match = _INSTANT.fullmatch(cell)
    day = None if match is None else _day(match)
    if match is None or day is None:
        return None
    clock = f"{int(match['hour']):02}:{match['minute']}:{match['second'] or '00'}"
    try:
        return render_instant(parse_instant(f"{day}T{clock}{match['offset'] or LOCAL_OFFSET}"))
    except BadInput:
        return None


def read_midnight(cell: str) -> str | None:
    """Return what `read_instant` does, and of a day its first moment."""
    day = read_date(cell)
    return read_instant(cell) if day is None else read_instant(f"{day} 00:00")


def has_offset(cell: str) -> bool:
    """Return whether a time says where its clock stands."""
    match = _INSTANT.fullmatch(cell)
    return match is not None and match["offset"] is not None


def _day(match: re.Match[str]) -> str | None:
    month, day = match["month"] or match["m"], match["day"] or match["d"]
    try:
        return date(int(match["year"]), int(month), int(day)).isoformat()
    except ValueError:
        return None


READERS: Mapping[ValueType, Callable[[str], str | None]] = {
    ValueType.BOOLEAN: read_boolean,
    ValueType.INTEGER: read_integer,
    ValueType.DECIMAL: read_decimal,
    ValueType.DATE: read_date,
    ValueType.DATETIME: read_instant,
}
"""The types that a column is tried for, narrowest first; the reader of each returns None where a cell isn't of it."""


def cell_writer(value_type: ValueType, scale: int | None) -> Callable[[str], str | None]:
    """Return what writes a cell of such a column as the bundle does: the same value always as the same text."""
    if value_type is ValueType.STRING:
        return str
    if value_type is ValueType.DATETIME:
        # A day was let in only where it is a spreadsheet's midnight.
        return read_midnight
    if value_type is ValueType.DECIMAL:
        return lambda cell: _scaled(cell, scale or 0)
    return READERS[value_type]


def _scaled(cell: str, scale: int) -> str:
    return render_decimal(Decimal(cell), scale)
