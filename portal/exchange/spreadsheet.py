"""Excel workbooks (ECMA-376) written as they go: no cell is a formula (T45), nothing is kept but a packer's window.

Texts are inline, so a hostile one is never anything but text; numbers of up to 15 digits are numbers, longer ones text,
because a spreadsheet would round them. A second sheet and the document's properties hold the watermark.
"""

import re
from collections.abc import Mapping, Sequence
from typing import IO, cast
from xml.sax.saxutils import escape, quoteattr
from zipfile import ZIP_DEFLATED, ZipFile

from portal.access.shaping import Row
from portal.errors import BadInput, Text
from portal.exchange.csv_text import json_text
from portal.exchange.sinks import Sink
from portal.json_text import JsonValue

SHEET_ROWS = 1_048_576
"""Rows of a sheet, its header among them."""
_CELL_CHARACTERS = 32_767
_EXACT_DIGITS = 15
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?", re.ASCII)
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\r\x0e-\x1f\x7f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_SHEET = f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData>'
_SHEET_END = "</sheetData></worksheet>"


def check_rows(rows: int) -> None:
    """Refuse more rows than a sheet holds beside its header. Raises: BadInput."""
    if rows >= SHEET_ROWS:
        raise BadInput(
            Text(
                en=f"{rows} rows, and a sheet holds {SHEET_ROWS - 1} beside its header; ask for fewer with `first` or "
                "`where`, or take `csv` or `jsonl`",
                zh=f"共 {rows} 行，工作表除表头外最多 {SHEET_ROWS - 1} 行；"
                "请用 `first` 或 `where` 减少，或改用 `csv`、`jsonl`",
            )
        )


class SpreadsheetWriter:
    """Writes a workbook whose first sheet holds the rows."""

    def __init__(self, columns: Sequence[str], watermark: str) -> None:
        self._columns = columns
        self._watermark = watermark
        self._sink = Sink()
        self._archive = ZipFile(cast("IO[bytes]", self._sink), "w", ZIP_DEFLATED)
        self._sheet: IO[bytes] | None = None

    def begin(self) -> bytes:
        """Return the workbook's own parts, and the header row."""
        for name, content in _parts(self._watermark).items():
            self._archive.writestr(name, content)
        self._sheet = self._archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True)
        self._sheet.write((_SHEET + _row(self._columns)).encode())
        return self._sink.take()

    def rows(self, rows: Sequence[Row]) -> bytes:
        """Return what further rows complete; the rest waits for the packer's window to fill."""
        self._open_sheet().write("".join(map(_row, rows)).encode())
        return self._sink.take()

    def end(self, _facts: Mapping[str, JsonValue]) -> bytes:
        """Return the rest, and the archive's list of contents, without which nothing opens it."""
        sheet = self._open_sheet()
        sheet.write(_SHEET_END.encode())
        sheet.close()
        self._archive.close()
        return self._sink.take()

    def _open_sheet(self) -> IO[bytes]:
        if self._sheet is None:
            raise ValueError("a workbook that wasn't begun")
        return self._sheet


def _row(cells: Sequence[object]) -> str:
    return "<row>" + "".join(map(_cell, cells)) + "</row>"


def _cell(cell: object) -> str:
    if cell is None:
        return "<c/>"
    if isinstance(cell, bool):
        return f'<c t="b"><v>{int(cell)}</v></c>'
    if isinstance(cell, int):
        cell = str(cell)
        return _number(cell) or _text(cell)
    text = cell if isinstance(cell, str) else json_text(cell)
    return _text(text)


def _number(text: str) -> str | None:
    digits = len(text.lstrip("-"))
    return f"<c><v>{text}</v></c>" if digits <= _EXACT_DIGITS and _NUMBER.fullmatch(text) else None


def _text(text: str) -> str:
    if len(text) > _CELL_CHARACTERS:
        raise BadInput(
            Text(
                en=f"a cell has {len(text)} characters, and Excel holds {_CELL_CHARACTERS}; take `csv` or `jsonl`",
                zh=f"有单元格长达 {len(text)} 个字符，超过 Excel 的 {_CELL_CHARACTERS}；请改用 `csv` 或 `jsonl`",
            )
        )
    return f'<c t="inlineStr"><is><t xml:space="preserve">{_xml(text)}</t></is></c>'


def _xml(text: str) -> str:
    return escape(_NOT_IN_XML.sub(lambda found: f"_x{ord(found[0]):04X}_", text))


def _parts(watermark: str) -> dict[str, str]:
    """Return the parts of the workbook beside the sheet of rows, by name."""
    sheets = f'<Override PartName="/xl/worksheets/sheet{{}}.xml" ContentType="{_TYPES}.worksheet+xml"/>'
    names = ("data", "watermark")
    listed = "".join(f'<sheet name="{name}" sheetId="{n}" r:id="rId{n}"/>' for n, name in enumerate(names, 1))
    targets = "".join(
        f'<Relationship Id="rId{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in (1, 2)
    )
    core = f"{_PACKAGE}/metadata/core-properties"
    return {
        "[Content_Types].xml": f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>'
        '<Override PartName="/docProps/core.xml"'
        ' ContentType="application/vnd.openxmlformats-package.core-properties+xml"/>'
        f"{sheets.format(1)}{sheets.format(2)}</Types>",
        "_rels/.rels": f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
        f'<Relationship Id="rId2" Type="{_PACKAGE}/relationships/metadata/core-properties"'
        ' Target="docProps/core.xml"/></Relationships>',
        "docProps/core.xml": f"{_HEAD}<cp:coreProperties xmlns:cp={quoteattr(core)}"
        ' xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<dc:description>{_xml(watermark)}</dc:description></cp:coreProperties>",
        "xl/workbook.xml": f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
        f"{targets}</Relationships>",
        "xl/worksheets/sheet2.xml": f"{_SHEET}{_row([watermark])}{_SHEET_END}",
    }
