"""A column of cells at once: as the data store holds it, and as a bundle writes it.

What is said here of a column is what `conditions.values` says of each of its cells, only sooner; where that isn't plain
at once, nothing is said, and each cell is asked for by itself.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from typing import cast

from portal.catalog.entries import InformationItem
from portal.conditions.tree import Value, ValueType
from portal.conditions.values import parse_cell, render_cell
from portal.errors import BadInput
from portal.storage.data_store import ColumnSpec, StoredValue, store_value

_BETWEEN = "\0"
"""Stands between the cells of a column where they are looked at as one text: no cell holds it."""
_NEXT_CELL = f"{_BETWEEN}="
_NO_CELL = "\ud800"
"""Stands for null where the cells of a row are one text: no cell holds it either."""
_DIGITS = 18
"""Numbers of so many digits fit in 64 bits, whichever they are."""
_BOOLEANS = {"true": 1, "false": 0}


@dataclass(frozen=True, slots=True)
class TypedColumn:
    """The cells of an item, None for null: as stored, and as text that is the same for the same value."""

    stored: Sequence[StoredValue]
    texts: Sequence[str | None]


Typed = tuple[Sequence[StoredValue], Sequence[str]]
_Reader = Callable[[Sequence[str]], Typed | None]


def column_reader(item: InformationItem) -> Callable[[Sequence[str | None]], TypedColumn | None]:
    """Return what reads a column of the item's cells; it returns None where one isn't plain, or is wrong."""
    readers: dict[ValueType, _Reader] = {
        ValueType.STRING: partial(_read_strings, item.length),
        ValueType.INTEGER: _read_integers,
        ValueType.DECIMAL: _decimal_reader(item.scale or 0),
        ValueType.BOOLEAN: _read_booleans,
        ValueType.DATE: _read_dates,
        ValueType.DATETIME: _read_instants,
        ValueType.JSON: partial(_read_singly, item),
    }
    return partial(_read_column, readers[item.type])


def _read_column(read: _Reader, cells: Sequence[str | None]) -> TypedColumn | None:
    there = [cell for cell in cells if cell is not None]
    if not there:
        return TypedColumn(cells, cells)
    typed = read(there)
    if typed is None or len(there) == len(cells):
        return None if typed is None else TypedColumn(*typed)
    stored, texts = iter(typed[0]), iter(typed[1])
    return TypedColumn(
        [None if cell is None else next(stored) for cell in cells],
        [None if cell is None else next(texts) for cell in cells],
    )


def _read_strings(length: int | None, cells: Sequence[str]) -> Typed | None:
    return None if length is not None and max(map(len, cells)) > length else (cells, cells)


def _whole(pattern: str) -> re.Pattern[str]:
    """Return the pattern of a column in which every cell is of the pattern."""
    return re.compile(f"{pattern}(?:{_BETWEEN}{pattern})*", re.ASCII)


_INTEGERS = _whole(rf"-?(?:0|[1-9][0-9]{{0,{_DIGITS - 1}}})")
_DATES = _whole(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANTS = _whole(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:Z|[+-][0-9]{2}:00)")
"""Instants whose offset is of whole hours."""
_HOUR, _OFFSET = 13, 19
"""Where in such an instant the hour ends, and the offset begins."""


def _read_integers(cells: Sequence[str]) -> Typed | None:
    if not _INTEGERS.fullmatch(_BETWEEN.join(cells)):
        return None
    numbers = list(map(int, cells))
    return numbers, list(map(str, numbers)) if "-0" in cells else cells


def _decimal_reader(scale: int) -> _Reader:
    if not scale:
        return _read_integers
    before = rf"-?(?:0|[1-9][0-9]{{0,{_DIGITS - scale - 1}}})"
    exact, loose = _whole(before + rf"\.[0-9]{{{scale}}}"), _whole(before + rf"(?:\.[0-9]{{1,{scale}}})?")
    return partial(_read_decimals, scale, exact, loose)


def _read_decimals(scale: int, exact: re.Pattern[str], loose: re.Pattern[str], cells: Sequence[str]) -> Typed | None:
    column = _BETWEEN.join(cells)
    if not exact.fullmatch(column):
        if not loose.fullmatch(column):
            return None
        cells = [_to_scale(cell, scale) for cell in cells]
        column = _BETWEEN.join(cells)
    numbers = list(map(int, column.replace(".", "").split(_BETWEEN)))
    zero = "-0." + "0" * scale
    return numbers, [cell.removeprefix("-") if cell == zero else cell for cell in cells] if zero in cells else cells


def _to_scale(cell: str, scale: int) -> str:
    before, _, after = cell.partition(".")
    return f"{before}.{after:0<{scale}}"


def _read_booleans(cells: Sequence[str]) -> Typed | None:
    if not _BOOLEANS.keys() >= set(cells):
        return None
    return [_BOOLEANS[cell] for cell in cells], cells


def _read_dates(cells: Sequence[str]) -> Typed | None:
    days = set(cells)
    if not _DATES.fullmatch(_BETWEEN.join(days)):
        return None
    try:
        for cell in days:
            date.fromisoformat(cell)
    except ValueError:
        return None
    return cells, cells


def _read_instants(cells: Sequence[str]) -> Typed | None:
    instants = set(cells)
    if not _INSTANTS.fullmatch(_BETWEEN.join(instants)):
        return None
    try:
        # Day and hour come from UTC, once for all instants of an hour; minutes and seconds are the same there.
        in_utc = {hour: _hour_in_utc(hour) for hour in {cell[:_HOUR] + cell[_OFFSET:] for cell in instants}}
    except (ValueError, OverflowError):
        return None
    text_of = {cell: f"{in_utc[cell[:_HOUR] + cell[_OFFSET:]]}{cell[_HOUR:_OFFSET]}Z" for cell in instants}
    texts = [text_of[cell] for cell in cells]
    return texts, texts


def _hour_in_utc(hour: str) -> str:
    begins = datetime.fromisoformat(f"{hour[:_HOUR]}:00:00{hour[_HOUR:]}")
    return begins.astimezone(UTC).isoformat()[:_HOUR]


def _read_singly(item: InformationItem, cells: Sequence[str]) -> Typed | None:
    try:
        values = [parse_cell(cell, item.type, item.scale, item.length) for cell in cells]
    except BadInput:
        return None
    return type_values(item, values).stored, [render_cell(value, item.type, item.scale) for value in values]


def type_values(item: InformationItem, values: Sequence[Value | None]) -> TypedColumn:
    """Return the column of these values of the item."""
    column = ColumnSpec(item.identifier, item.type, item.scale)
    return TypedColumn(
        [store_value(value, column) for value in values],
        [None if value is None else render_cell(value, item.type, item.scale) for value in values],
    )


def write_column(column: ColumnSpec, stored: Sequence[StoredValue]) -> Sequence[str | None]:
    """Return the texts of a column that the data store holds: those that its cells were read with."""
    match column.type:
        case ValueType.STRING | ValueType.DATE | ValueType.DATETIME | ValueType.JSON:
            # Their columns hold the texts themselves.
            return cast("Sequence[str | None]", stored)
        case ValueType.BOOLEAN:
            return [None if value is None else "true" if value else "false" for value in stored]
        case ValueType.DECIMAL if column.scale:
            return [None if value is None else _write_scaled(int(value), column.scale) for value in stored]
        case _:
            return [None if value is None else f"{value}" for value in stored]


def _write_scaled(number: int, scale: int) -> str:
    digits = f"{number:0{scale + 1 + (number < 0)}}"
    return f"{digits[:-scale]}.{digits[-scale:]}"


def join_rows(texts: Sequence[Sequence[str | None]]) -> Iterator[str]:
    """Yield each row of the columns as one text; no two rows that differ are the same text."""
    marked = [[_NO_CELL if cell is None else cell for cell in column] if None in column else column for column in texts]
    # INVARIANT: no cell holds NUL or half of a surrogate pair, so that what is between cells is told from all of them.
    return map(_NEXT_CELL.join, zip(*marked, strict=True))


def digest_text(rows: Iterable[str]) -> bytes:
    """Return what joined rows add to the digest of their dataset: `=` before a cell, `-` for null, NUL behind it."""
    joined = f"{_BETWEEN}{_NEXT_CELL}".join(rows)
    return f"={joined}{_BETWEEN}{_BETWEEN}".replace(f"={_NO_CELL}", "-").encode()
