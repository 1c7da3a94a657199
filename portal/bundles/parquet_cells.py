"""Columns of Parquet: which types fit an item, and the text that a CSV file would hold for each cell."""

from collections.abc import Callable, Iterable
from decimal import Decimal

import pyarrow as pa
from pyarrow import types

from portal.catalog.entries import InformationItem
from portal.catalog.members import shorten
from portal.conditions.tree import ValueType
from portal.errors import Text

_IS_TEXT = (types.is_string, types.is_large_string, types.is_string_view)


def type_fault(item: InformationItem, found: pa.DataType) -> tuple[Text, Text] | None:
    """Return what is wrong with the type of an item's column, and how to mend it; None where it fits.

    A column without a type of its own, as empty ones come, holds nothing but null, and fits any item.
    """
    plain = found.value_type if types.is_dictionary(found) else found
    if types.is_null(plain) or _fits(item, plain):
        return None
    wanted, name = _wanted(item), shorten(str(found))
    return (
        Text(en=f"the column is of type `{name}`, wanted is {wanted.en}", zh=f"列类型为 `{name}`，应为{wanted.zh}"),
        Text(en="write the column with that type", zh="请以该类型写出此列"),
    )


def _fits(item: InformationItem, found: pa.DataType) -> bool:
    match item.type:
        case ValueType.INTEGER:
            return bool(types.is_integer(found))
        case ValueType.DECIMAL:
            return bool(types.is_integer(found) or (types.is_decimal(found) and found.scale <= (item.scale or 0)))
        case ValueType.BOOLEAN:
            return bool(types.is_boolean(found))
        case ValueType.DATE:
            return bool(types.is_date32(found))
        case ValueType.DATETIME:
            # Without a zone nobody knows which instant is meant.
            return bool(types.is_timestamp(found) and found.tz is not None)
        case _:
            return any(is_text(found) for is_text in _IS_TEXT)


def _wanted(item: InformationItem) -> Text:
    match item.type:
        case ValueType.INTEGER:
            return Text(en="`int64` or another integer", zh=" `int64` 或其他整数类型")
        case ValueType.DECIMAL:
            name = f"`decimal128(38, {item.scale or 0})`"
            return Text(
                en=f"{name}, or a decimal with fewer digits after the point, or an integer",
                zh=f" {name}，或小数位更少的 decimal，或整数类型",
            )
        case ValueType.BOOLEAN:
            return Text(en="`bool`", zh=" `bool`")
        case ValueType.DATE:
            return Text(en="`date32`", zh=" `date32`")
        case ValueType.DATETIME:
            return Text(
                en="`timestamp` with a time zone, as `timestamp[us, tz=UTC]`",
                zh="带时区的 `timestamp`，如 `timestamp[us, tz=UTC]`",
            )
        case ValueType.JSON:
            return Text(en="`string` that holds JSON", zh="内容为 JSON 的 `string`")
        case _:
            return Text(en="`string`", zh=" `string`")


def text_column(item: InformationItem, column: pa.Array) -> list[str | None]:
    """Return the texts of a column whose type fits, None for null; what isn't UTF-8 has halves of surrogate pairs.

    Raises: ArrowException.
    """
    if types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if types.is_null(column.type):
        return [None] * len(column)
    match item.type:
        case ValueType.STRING | ValueType.JSON:
            return _texts(column)
        case ValueType.DATETIME:
            return _instants(column)
        case ValueType.DECIMAL:
            return _each(lambda text: format(Decimal(text), "f") if "E" in text else text, column.cast(pa.string()))
        case _:
            return _each(str, column.cast(pa.string()))


def is_plain(texts: Iterable[str | None]) -> bool:
    """Return whether none of the texts holds what no text may hold: where one does, each is asked for by itself."""
    try:
        return b"\0" not in "".join(text for text in texts if text is not None).encode()
    except UnicodeEncodeError:
        return False


def _each(change: Callable[[str], str], column: pa.Array) -> list[str | None]:
    return [None if text is None else change(text) for text in column.to_pylist()]


def _texts(column: pa.Array) -> list[str | None]:
    try:
        texts: list[str | None] = column.to_pylist()
    except UnicodeDecodeError:
        octets = column.cast(pa.large_binary())
        return [None if cell is None else cell.decode(errors="surrogateescape") for cell in octets.to_pylist()]
    return texts


def _instants(column: pa.Array) -> list[str | None]:
    # By way of numbers: they count in UTC, and no table of time zones is asked.
    naive = column.cast(pa.int64()).cast(pa.timestamp(column.type.unit))
    return _each(_instant, naive.cast(pa.string()))


def _instant(text: str) -> str:
    """Return the instant as CSV has it; a fraction of nothing is none."""
    whole, _, fraction = text.partition(".")
    shown = text if fraction.strip("0") else whole
    return f"{shown.replace(' ', 'T')}Z"
