"""Tables in CSV files: their encoding and separator told of the file itself, or named by the person."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO

from portal.bundles.csv_batches import CsvBatch
from portal.bundles.csv_files import Cells, CsvFault, parse_csv
from portal.bundles.tables import NO_HEADER, form_fault
from portal.catalog.entries import FormatCategory
from portal.errors import BadInput, Fault, Text
from portal.json_text import SAVE_AS_UTF8, describe_encoding
from portal.proposals.source import FaultyTable, Rows, TableSource, parse_names

_SAMPLE = 100
"""Records by which the separator is told."""
_BATCH = 2000
"""Records that are handed on together."""
_MARK = b"\xef\xbb\xbf"


class Separator(StrEnum):
    """What stands between cells, as a person writes it."""

    COMMA = "comma"
    SEMICOLON = "semicolon"
    TAB = "tab"

    @property
    def character(self) -> str:
        """The character itself."""
        return {Separator.COMMA: ",", Separator.SEMICOLON: ";", Separator.TAB: "\t"}[self]


class Encoding(StrEnum):
    """How the text is written in octets."""

    UTF_8 = "utf-8"
    GB18030 = "gb18030"


@dataclass(frozen=True, slots=True)
class _CsvForm:
    path: Path
    encoding: Encoding
    separator: Separator

    def records(self, lines: IO[bytes]) -> Iterator[tuple[int, Cells | CsvFault]]:
        octets: Iterator[bytes] = iter(lines)
        if self.encoding is Encoding.GB18030:
            # No octet of a character of two or four is a line's end, so lines may be cut before they are read.
            octets = (line.decode(Encoding.GB18030).encode() for line in lines)
        return parse_csv(octets, separator=self.separator.character)


def open_csv(path: Path, told: Separator | None) -> TableSource:
    """Return the table of a CSV file. Raises: FaultyTable, BadInput where the separator can't be told, OSError."""
    encoding = _detect_encoding(path)
    form = _CsvForm(path, encoding, told or _detect_separator(path, encoding))
    with path.open("rb") as lines:
        line, header = next(form.records(lines), (1, NO_HEADER))
    if isinstance(header, CsvFault):
        raise FaultyTable([form_fault(path.name, line, header, 0)])
    names = parse_names(header, path.name, line)
    shown = {Encoding.UTF_8: "UTF-8", Encoding.GB18030: "GB18030"}[encoding]
    remark = Text(
        en=f"read as {shown}, cells separated by {form.separator}", zh=f"按 {shown} 编码、{form.separator} 分隔读取"
    )
    return TableSource(path.name, names, partial(_rows, form, len(names)), FormatCategory.FILE, "csv", (remark,))


def _rows(form: _CsvForm, width: int) -> Rows:
    with form.path.open("rb") as lines:
        records = islice(form.records(lines), 1, None)
        while some := list(islice(records, _BATCH)):
            sound: list[tuple[int, Cells]] = []
            for line, record in some:
                if isinstance(record, CsvFault) or len(record) != width:
                    yield _odd(form, line, record, width)
                else:
                    sound.append((line, record))
            if sound:
                yield CsvBatch([line for line, _ in sound], tuple(zip(*(cells for _, cells in sound), strict=True)))


def _odd(form: _CsvForm, line: int, record: Cells | CsvFault, width: int) -> Fault:
    return form_fault(form.path.name, line, record, width)


def _detect_encoding(path: Path) -> Encoding:
    """Return the encoding of the whole file.

    Texts of both kinds in one file are one kind damaged: that of more lines. Raises: FaultyTable for any other text.
    """
    in_utf_8 = in_gb18030 = 0
    odd: list[Fault] = []
    with path.open("rb") as lines:
        has_mark = lines.read(len(_MARK)) == _MARK
        lines.seek(0)
        for number, line in enumerate(lines, start=1):
            if line.isascii():
                continue
            if _decodes(line, Encoding.UTF_8):
                in_utf_8 += 1
            elif _decodes(line, Encoding.GB18030):
                in_gb18030 += 1
                odd += [] if len(odd) == _SAMPLE else [_unreadable(path.name, number, line)]
            else:
                raise FaultyTable([_unreadable(path.name, number, line)])
    if odd and (has_mark or in_gb18030 <= in_utf_8):
        raise FaultyTable(odd)
    return Encoding.GB18030 if odd else Encoding.UTF_8


def _decodes(line: bytes, encoding: Encoding) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _unreadable(file: str, line: int, raw: bytes) -> Fault:
    return Fault(file, line, "", describe_encoding(raw), SAVE_AS_UTF8)


def _detect_separator(path: Path, encoding: Encoding) -> Separator:
    """Return what separates the header's cells and as many of most rows; a comma where the header is one cell.

    Raises: BadInput where two do equally well.
    """
    fitting: list[tuple[int, Separator]] = []
    for separator in Separator:
        with path.open("rb") as lines:
            records = [record for _, record in islice(_CsvForm(path, encoding, separator).records(lines), _SAMPLE)]
        header = records[0] if records else []
        if not isinstance(header, CsvFault) and len(header) > 1:
            alike = sum(not isinstance(record, CsvFault) and len(record) == len(header) for record in records)
            fitting.append((alike, separator))
    fitting.sort(reverse=True)
    if len(fitting) > 1 and fitting[0][0] == fitting[1][0]:
        either = [separator for _, separator in fitting]
        raise BadInput(
            Text(
                en=f"`{path.name}` could be separated by {' or '.join(either)}; write which with `--separator`",
                zh=f"`{path.name}` 的分隔符可能是 {' 或 '.join(either)}；请用 `--separator` 指明",
            )
        )
    return fitting[0][1] if fitting else Separator.COMMA
