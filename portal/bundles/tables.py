"""The CSV tables of a bundle: header, width, and the typed reading of a row's cells."""

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from portal.bundles.csv_files import Cells, CsvFault, parse_csv
from portal.catalog.members import shorten
from portal.errors import Fault, Text

_Closed = TypeVar("_Closed", bound=StrEnum)


def parse_header(cells: Cells, columns: Sequence[str], file: str) -> tuple[dict[str, int], list[Fault]]:
    """Return the position of each column that the header names, and a fault for each unknown, doubled or missing."""
    known = Text(en=f"the columns are {', '.join(columns)}", zh=f"应有的列：{'、'.join(columns)}")
    positions: dict[str, int] = {}
    faults: list[Fault] = []
    for position, cell in enumerate(cells):
        name = cell or ""
        if name not in columns:
            what = Text(en=f"unknown column `{shorten(name)}`", zh=f"未知的列 `{shorten(name)}`")
            faults.append(Fault(file, 1, name, what, known))
        elif name in positions:
            faults.append(Fault(file, 1, name, Text(en=f"column `{name}` twice", zh=f"列 `{name}` 重复"), known))
        else:
            positions[name] = position
    faults += [
        Fault(file, 1, name, Text(en=f"no column `{name}`", zh=f"缺少列 `{name}`"), known)
        for name in dict.fromkeys(columns)
        if name not in positions
    ]
    return positions, faults


def width_fault(file: str, line: int, cells: Cells, width: int) -> Fault:
    """Return the fault of a record that hasn't as many cells as the header."""
    if cells == [None]:
        return Fault(file, line, "", Text(en="the line is empty", zh="空行"), Text(en="remove it", zh="请删除"))
    return Fault(
        file,
        line,
        "",
        Text(en=f"{len(cells)} cells, the header has {width}", zh=f"有 {len(cells)} 个单元格，表头有 {width} 个"),
        Text(
            en="write a cell for each column; quote a cell with a comma",
            zh="每列对应一个单元格；含逗号的单元格请加引号",
        ),
    )


def record_fault(file: str, line: int, fault: CsvFault) -> Fault:
    """Return the fault of a record that can't be read."""
    return Fault(file, line, "", fault.what, fault.mend)


NO_HEADER = CsvFault(
    Text(en="the file is empty", zh="文件为空"), Text(en="write the header at least", zh="至少应有表头")
)


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row that is being read, its cells by column; a cell that is missing or wrong is noted and has a stand-in.

    An empty cell, and in these tables an empty text too, means that nothing is there.
    """

    file: str
    line: int
    cells: Mapping[str, str | None]
    faults: list[Fault]

    def refuse(self, column: str, what: Text, mend: Text) -> None:
        """Note a fault in a cell."""
        self.faults.append(Fault(self.file, self.line, column, what, mend))

    def optional(self, column: str) -> str | None:
        """Return a cell's text, None where there is nothing."""
        return self.cells.get(column) or None

    def text(self, column: str) -> str:
        """Return a cell's text, which must be there."""
        text = self.optional(column)
        if text is None and column in self.cells:
            self.refuse(
                column, Text(en=f"`{column}` is empty", zh=f"`{column}` 为空"), Text(en="write it", zh="请填写")
            )
        return text or ""

    def key(self, column: str) -> str:
        """Return the code or id by which the row is known, which must be there and be plain."""
        text = self.text(column)
        if text != text.strip() or not text.isprintable():
            self.refuse(
                column,
                Text(
                    en=f"`{shorten(text)}` has spaces around it or control characters",
                    zh=f"`{shorten(text)}` 首尾有空白或含控制字符",
                ),
                Text(en="remove them: nothing is trimmed", zh="请删除，系统不会自动去除"),
            )
        return text

    def listed(self, column: str) -> tuple[str, ...]:
        """Return the names in a cell, separated by `;`, each once."""
        text = self.optional(column)
        names = tuple(text.split(";")) if text else ()
        for name in dict.fromkeys(names):
            if not name or names.count(name) > 1:
                self.refuse(
                    column,
                    Text(en=f"`{shorten(name)}` is there twice", zh=f"`{shorten(name)}` 重复")
                    if name
                    else Text(en="nothing stands beside a `;`", zh="`;` 旁边为空"),
                    Text(en="write each name once, with `;` between", zh="每个名称只写一次，以 `;` 分隔"),
                )
        return names

    def choice(self, column: str, values: type[_Closed]) -> _Closed | None:
        """Return one of `values`, None where there is nothing."""
        text = self.optional(column)
        return None if text is None else self.member(column, text, values)

    def member(self, column: str, name: str, values: type[_Closed]) -> _Closed | None:
        """Return the value of that name; None, and a fault noted, where there is none."""
        if name in [value.value for value in values]:
            return values(name)
        if name:
            self.refuse(
                column,
                Text(en=f"unknown value `{shorten(name)}`", zh=f"未知的值 `{shorten(name)}`"),
                Text(en=f"write one of {', '.join(values)}", zh=f"请填写其中之一：{'、'.join(values)}"),
            )
        return None

    def reference(self, column: str, name: str, known: Iterable[str], table: str) -> None:
        """Note a fault where the cell names something that `table` doesn't hold."""
        if name and name not in known:
            self.refuse(
                column,
                Text(en=f"`{shorten(name)}` isn't in {table}", zh=f"{table} 中没有 `{shorten(name)}`"),
                Text(en=f"write a name from {table}, or add it there", zh=f"请填写 {table} 中的值，或先在其中登记"),
            )


def read_table(content: bytes, file: str, columns: Sequence[str], faults: list[Fault]) -> list[TableRow]:
    """Return the rows of a table; its faults, and those that the rows note later, go into `faults`.

    A row that hasn't as many cells as the header is a fault, and of its cells only the first column's is kept, so that
    what refers to the row isn't a fault too.
    """
    records = parse_csv(io.BytesIO(content))
    line, header = next(records, (1, NO_HEADER))
    if isinstance(header, CsvFault):
        faults.append(record_fault(file, line, header))
        return []
    positions, header_faults = parse_header(header, columns, file)
    faults += header_faults
    rows: list[TableRow] = []
    for line, cells in records:
        if isinstance(cells, CsvFault):
            faults.append(record_fault(file, line, cells))
            continue
        named = {column: cells[position] for column, position in positions.items() if position < len(cells)}
        if len(cells) != len(header):
            faults.append(width_fault(file, line, cells, len(header)))
            named = {columns[0]: named[columns[0]]} if named.get(columns[0]) else {}
        rows.append(TableRow(file, line, named, faults))
    return rows
