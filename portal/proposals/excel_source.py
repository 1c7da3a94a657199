"""Tables in Excel workbooks: texts, numbers and dates as the workbook holds them, and what it lost told.

A sheet is read whole by the reader of workbooks, outside of Python's memory; a sheet has 1,048,576 rows at most.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from itertools import islice
from pathlib import Path

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum

from portal.bundles.csv_batches import CsvBatch
from portal.bundles.tables import NO_HEADER, form_fault
from portal.catalog.entries import FormatCategory
from portal.catalog.members import closest, shorten
from portal.errors import BadInput, Fault, Text
from portal.proposals.failed_cells import find_failed_cells
from portal.proposals.source import FAULTS_LIMIT, FaultyTable, Rows, TableSource, column_letters, parse_names

_BATCH = 2000
"""Rows that are handed on together."""
_EXACT_DIGITS = 15
"""Digits of a number that a spreadsheet keeps."""

_Cell = int | float | str | bool | time | date | datetime | timedelta


@dataclass(frozen=True, slots=True)
class _Lost:
    """A number with more digits than a spreadsheet keeps: what is there isn't what was written."""


def open_excel(path: Path, sheet_name: str | None) -> TableSource:
    """Return the table of a sheet, the first unless one is named.

    Raises: FaultyTable; BadInput for no workbook, and no such sheet.
    """
    sheet = _open_sheet(path, sheet_name)
    line, header = next(_numbered_rows(sheet), (1, []))
    if not header:
        raise FaultyTable([form_fault(path.name, line, NO_HEADER, 0)])
    faults = [*islice(_merged(path.name, sheet), FAULTS_LIMIT)]
    faults += [_failed(path.name, place) for place in find_failed_cells(path, sheet.name, FAULTS_LIMIT)]
    if faults:
        raise FaultyTable(faults)
    width = max(position for position, cell in enumerate(header) if cell != "") + 1
    names = parse_names([_header_text(cell) for cell in header[:width]], path.name, line)
    remark = Text(
        en=f"read from the sheet `{sheet.name}`, names in row {line}",
        zh=f"读取工作表 `{sheet.name}`，列名在第 {line} 行",
    )
    return TableSource(
        file=path.name,
        header=names,
        rows=partial(_rows, path.name, sheet, width),
        format_category=FormatCategory.SPREADSHEET,
        format_type="xlsx",
        remarks=(remark,),
        days_are_midnights=True,
    )


def _open_sheet(path: Path, sheet_name: str | None) -> CalamineSheet:
    try:
        workbook = CalamineWorkbook.from_path(path)
        names = [one.name for one in workbook.sheets_metadata if one.typ == SheetTypeEnum.WorkSheet]
        wanted = sheet_name if sheet_name is not None else next(iter(names), "")
        if wanted in names:
            return workbook.get_sheet_by_name(wanted)
    except CalamineError:
        raise BadInput(
            Text(
                en=f"`{path.name}` can't be read as a workbook; save it as .xlsx without a password, or as CSV",
                zh=f"无法将 `{path.name}` 作为工作簿读取；请另存为不加密的 .xlsx，或另存为 CSV",
            )
        ) from None
    near, listed = closest(wanted, names), ", ".join(f"`{name}`" for name in names)
    raise BadInput(
        Text(
            en=f"`{path.name}` has no sheet `{shorten(wanted)}`; "
            + (f"did you mean `{near}`?" if near else f"there are {listed}"),
            zh=f"`{path.name}` 中没有工作表 `{shorten(wanted)}`；"
            + (f"是否指 `{near}`？" if near else f"可用的有 {listed}"),
        )
    )


def _numbered_rows(sheet: CalamineSheet) -> Iterator[tuple[int, list[_Cell]]]:
    """Yield the rows from the first that isn't empty to the last such, with their numbers in the sheet."""
    empty: list[tuple[int, list[_Cell]]] = []
    begun = False
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        if all(cell == "" for cell in cells):
            # Rows that are empty to the end of the sheet are none: only formats were left there.
            empty += [(number, [])] if begun else []
            continue
        begun = True
        yield from empty
        empty = []
        yield number, cells


def _rows(file: str, sheet: CalamineSheet, width: int) -> Rows:
    numbered = islice(_numbered_rows(sheet), 1, None)
    while some := list(islice(numbered, _BATCH)):
        lines: list[int] = []
        rows: list[list[str | None]] = []
        for line, cells in some:
            texts = [_cell_text(cell) for cell in cells]
            faults = _row_faults(file, line, texts, width)
            yield from faults
            if not faults:
                lines.append(line)
                rows.append([None if isinstance(text, _Lost) else text for text in texts[:width]])
        if rows:
            yield CsvBatch(lines, tuple(zip(*rows, strict=True)))


def _row_faults(file: str, line: int, texts: Sequence[str | _Lost | None], width: int) -> list[Fault]:
    if not texts:
        return [form_fault(file, line, [None], width)]
    faults = [_lost(file, line, position) for position, text in enumerate(texts) if isinstance(text, _Lost)]
    outside = next((position for position, text in enumerate(texts) if position >= width and text is not None), None)
    if outside is not None:
        what = Text(en="the cell stands in a column without a name", zh="该单元格所在列没有列名")
        mend = Text(en="name the column in the header, or remove the cell", zh="请在表头填写列名，或删除该单元格")
        faults.append(Fault(file, line, column_letters(outside), what, mend))
    return faults


def _lost(file: str, line: int, position: int) -> Fault:
    return Fault(
        file,
        line,
        column_letters(position),
        Text(
            en=f"a number of more than {_EXACT_DIGITS} digits: the spreadsheet rounded it, the last digits are lost",
            zh=f"数字超过 {_EXACT_DIGITS} 位：电子表格已将其舍入，末尾数字已丢失",
        ),
        Text(
            en="format the column as text, and enter or import it again from where it comes",
            zh="请将该列设为文本格式，并从原始来源重新录入或导入",
        ),
    )


def _header_text(cell: _Cell) -> str | None:
    text = _cell_text(cell)
    return None if isinstance(text, _Lost) else text


def _cell_text(cell: _Cell) -> str | _Lost | None:
    """Return a cell as text: numbers in plain notation, days and times as ISO 8601 writes them."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float | int):
        return _number_text(cell)
    if isinstance(cell, datetime):
        # Times are stored as parts of a day; what is off by less than half a millisecond is a whole second.
        rounded = (cell + timedelta(microseconds=500)).replace(microsecond=0)
        exact = rounded if abs(rounded - cell) <= timedelta(microseconds=500) else cell
        return exact.isoformat(sep=" ")
    if isinstance(cell, timedelta):
        return str(cell)
    return cell.isoformat() if isinstance(cell, date | time) else cell or None


def _number_text(number: float) -> str | _Lost:
    decimal = Decimal(f"{number:.{_EXACT_DIGITS}g}")
    if decimal == decimal.to_integral_value():
        return _Lost() if abs(decimal) >= 10**_EXACT_DIGITS else str(int(decimal))
    return format(decimal.normalize(), "f")


def _merged(file: str, sheet: CalamineSheet) -> Iterator[Fault]:
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or ():
        place = f"{column_letters(left)}{top + 1}:{column_letters(right)}{bottom + 1}"
        yield Fault(
            file,
            top + 1,
            column_letters(left),
            Text(
                en=f"the cells {place} are merged: all but the first are empty",
                zh=f"单元格 {place} 已合并：除首格外均为空",
            ),
            Text(en="unmerge them, and write each cell", zh="请取消合并，并逐格填写"),
        )


def _failed(file: str, place: tuple[int, str]) -> Fault:
    row, column = place
    what = Text(en="the cell's formula failed, so it holds an error and no value", zh="该单元格公式出错，没有取值")
    return Fault(file, row, column, what, Text(en="mend or clear it", zh="请改正或清空"))
