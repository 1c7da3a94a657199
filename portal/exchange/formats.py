"""The formats of a transfer, and what writes each: column names first, then rows as they come, then the end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, assert_never

from portal.access.shaping import Row
from portal.catalog.entries import InformationItem
from portal.exchange.csv_text import CsvWriter
from portal.exchange.json_lines import JsonLinesWriter
from portal.exchange.spreadsheet import SpreadsheetWriter
from portal.json_text import JsonValue


class Format(StrEnum):
    """What a transfer's content is written as."""

    CSV = "csv"
    JSON_LINES = "jsonl"
    SPREADSHEET = "xlsx"
    PARQUET = "parquet"

    @property
    def media_type(self) -> str:
        """The media type of the content."""
        return _MEDIA_TYPES[self]

    @property
    def is_resumable(self) -> bool:
        """Whether content can be gone on with without what was written before: its end tells nothing of it."""
        return self in (Format.CSV, Format.JSON_LINES)


_MEDIA_TYPES = {
    Format.CSV: "text/csv; charset=utf-8; header=present",
    Format.JSON_LINES: "application/jsonl; charset=utf-8",
    Format.SPREADSHEET: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Format.PARQUET: "application/vnd.apache.parquet",
}


@dataclass(frozen=True, slots=True)
class Style:
    """How content is written: CSV with the mark by which Excel knows UTF-8, and with texts as they are (`raw`)."""

    format: Format
    mark: bool = False
    raw: bool = False


class Writer(Protocol):
    """Writes the content of one transfer; keeps nothing of what it has given out but counts and places."""

    def begin(self) -> bytes:
        """Return what stands before the rows."""
        ...

    def rows(self, rows: Sequence[Row]) -> bytes:
        """Return further rows. Raises: BadInput for a cell that the format can't hold."""
        ...

    def end(self, facts: Mapping[str, JsonValue]) -> bytes:
        """Return what stands behind the rows; `facts` are what the transfer is known by by then."""
        ...


def writer_of(style: Style, items: Sequence[InformationItem], watermark: str) -> Writer:
    """Return what writes a transfer with a column for each item."""
    columns = [str(item.identifier) for item in items]
    match style.format:
        case Format.CSV:
            return CsvWriter(columns, mark=style.mark, raw=style.raw)
        case Format.JSON_LINES:
            return JsonLinesWriter(columns)
        case Format.SPREADSHEET:
            return SpreadsheetWriter(columns, watermark)
        case Format.PARQUET:
            from portal.exchange.parquet import ParquetWriter

            return ParquetWriter(items, watermark)
        case _:
            assert_never(style.format)
