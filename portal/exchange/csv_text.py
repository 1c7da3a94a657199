"""CSV (RFC 4180) in UTF-8: nothing is there twice, and no text is a formula where a spreadsheet opens it (T45).

A missing value is an empty field, an empty text `""`. A text that a spreadsheet might take for a formula gets one `'`
in front, and so does one that begins with such marks already; `undo` takes it off again, so nothing is lost.
"""

import re
from collections.abc import Mapping, Sequence

import orjson

from portal.access.shaping import Row
from portal.json_text import JsonValue

_FORMULA = (
    # What spreadsheets evaluate: in ASCII, full width, small and raised forms, which some fold before they look.
    "=+\\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u207a\u207b\u207c\u208a\u208b\u208c\u2212"
)
_UNSEEN = "\\s\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff"
_HOSTILE = re.compile(rf"'*(?:[\x00-\x1f\x7f]|[{_UNSEEN}]*[{_FORMULA}])")
_CAREFUL = re.compile(rf"[\x00-\x1f\x7f\"',;{_UNSEEN}{_FORMULA}]")
"""What is in every text that may have to be quoted or defused, and in others too."""
_QUOTED = re.compile(r'[",;\r\n\t]|^\s|\s$|^$')
_MARK = "\ufeff".encode()


def defuse(text: str) -> str:
    """Return the text as no spreadsheet takes it for a formula."""
    return f"'{text}" if _HOSTILE.match(text) else text


def undo(text: str) -> str:
    """Return the text that `defuse` made this one of."""
    return text[1:] if text.startswith("'") and _HOSTILE.match(text) else text


class CsvWriter:
    """Writes CSV with a header line; `raw` leaves texts as they are, for programs."""

    def __init__(self, columns: Sequence[str], *, mark: bool, raw: bool) -> None:
        self._columns = columns
        self._mark = mark
        self._render_text = _quote if raw else _quote_defused

    def begin(self) -> bytes:
        """Return the header line."""
        return (_MARK if self._mark else b"") + ",".join(self._columns).encode() + b"\r\n"

    def rows(self, rows: Sequence[Row]) -> bytes:
        """Return the lines of rows."""
        if not rows:
            return b""
        columns = [self._fields(column) for column in zip(*rows, strict=True)]
        return ("\r\n".join(map(",".join, zip(*columns, strict=True))) + "\r\n").encode()

    def end(self, _facts: Mapping[str, JsonValue]) -> bytes:
        """Return nothing: CSV has no place where its end could be told."""
        return b""

    def _fields(self, column: Sequence[object]) -> Sequence[str]:
        """Return the fields of a column; where no text in it needs care, they aren't looked at one by one."""
        texts = [cell for cell in column if isinstance(cell, str) and cell]
        if len(texts) == len(column) and not _CAREFUL.search("".join(texts)):
            return texts
        return [self._field(cell) for cell in column]

    def _field(self, cell: object) -> str:
        if cell is None:
            return ""
        if isinstance(cell, str):
            return self._text(cell)
        if isinstance(cell, bool):
            return "true" if cell else "false"
        return str(cell) if isinstance(cell, int) else self._text(json_text(cell))

    def _text(self, text: str) -> str:
        # A number, date or time written as text is what its item's type allows: `-3` stays a number.
        return text if _PLAIN.fullmatch(text) else self._render_text(text)


_PLAIN = re.compile(r"-?[0-9]+(?:\.[0-9]+)?|[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9:]{8}Z)?", re.ASCII)


def json_text(cell: object) -> str:
    """Return the text of a cell that holds JSON."""
    return orjson.dumps(cell).decode()


def _quote(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text


def _quote_defused(text: str) -> str:
    return _quote(defuse(text))
