"""The CSV tables of a bundle: header, width, and the typed reading of a row's cells."""

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from portal.bundles.csv_files import Cells, CsvFault, parse_csv
from portal.catalog.members import closest, doubled, shorten
from portal.errors import Fault, Text
from portal.json_text import NotJson, decode_text, guess_text

_Closed = TypeVar("_Closed", bound=StrEnum)


def parse_header(cells: Cells, columns: Sequence[str], file: str) -> tuple[dict[str, int], list[Fault]]:
    """Return the position of each column, and a fault for each that is unknown, doubled or missing.

    An unknown column that is nearly named like a missing one is read as that.
    """
    positions: dict[str, int] = {}
    faults: list[Fault] = []
    missing = sorted(set(columns).difference(cells))
    for position, cell in enumerate(cells):
        name = cell or ""
        if name not in columns:
            meant = closest(name, missing)
            positions |= {meant: position} if meant else {}
            faults.append(_header_fault(file, name, _unknown(name), meant or columns))
        elif name in positions:
            twice = Text(en=f"column `{name}` twice", zh=f"列 `{name}` 重复")
            faults.append(_header_fault(file, name, twice, columns))
        else:
            positions[name] = position
    faults += [
        _header_fault(file, name, Text(en=f"no column `{name}`", zh=f"缺少列 `{name}`"), columns)
        for name in missing
        if name not in positions
    ]
    return positions, faults


def _unknown(name: str) -> Text:
    return Text(en=f"unknown column `{shorten(name)}`", zh=f"未知的列 `{shorten(name)}`")


def _header_fault(file: str, column: str, what: Text, meant: str | Sequence[str]) -> Fault:
    if isinstance(meant, str):
        return Fault(file, 1, column, what, Text(en=f"write `{meant}`", zh=f"请改为 `{meant}`"))
    mend = Text(en=f"the columns are {', '.join(meant)}", zh=f"应有的列：{'、'.join(meant)}")
    return Fault(file, 1, column, what, mend)


def form_fault(file: str, line: int | None, record: Cells | CsvFault, width: int) -> Fault:
    """Return the fault of a record that can't be read, or hasn't as many cells as the header."""
    if isinstance(record, CsvFault):
        return Fault(file, line, "", record.what, record.mend)
    if record == [None]:
        return Fault(file, line, "", Text(en="the line is empty", zh="空行"), Text(en="remove it", zh="请删除"))
    return Fault(
        file,
        line,
        "",
        Text(en=f"{len(record)} cells, the header has {width}", zh=f"有 {len(record)} 个单元格，表头有 {width} 个"),
        Text(
            en="write a cell for each column; quote a cell with a comma",
            zh="每列对应一个单元格；含逗号的单元格请加引号",
        ),
    )


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
        mend = Text(en="write each name once, with `;` between", zh="每个名称只写一次，以 `;` 分隔")
        if "" in names:
            self.refuse(column, Text(en="nothing stands beside a `;`", zh="`;` 旁边为空"), mend)
        for name in doubled(filter(None, names)):
            self.refuse(column, Text(en=f"`{shorten(name)}` is there twice", zh=f"`{shorten(name)}` 重复"), mend)
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

    Where a row hasn't as many cells as the header, or can't be read, only the first column's cell is kept, so that what
    refers to the row isn't a fault too; in the same way text in another encoding is read as what it probably says.
    """
    records = parse_csv(io.BytesIO(_decoded(content, file, faults)))
    line, header = next(records, (1, NO_HEADER))
    if isinstance(header, CsvFault):
        faults.append(form_fault(file, line, header, 0))
        return []
    positions, header_faults = parse_header(header, columns, file)
    faults += header_faults
    rows: list[TableRow] = []
    for line, record in records:
        if isinstance(record, CsvFault) or len(record) != len(header):
            faults.append(form_fault(file, line, record, len(header)))
            cells = _key_cell(record, columns[0], positions)
        else:
            cells = {column: record[position] for column, position in positions.items()}
        rows.append(TableRow(file, line, cells, faults))
    return rows


def _key_cell(record: Cells | CsvFault, key: str, positions: Mapping[str, int]) -> dict[str, str | None]:
    cells = record.before if isinstance(record, CsvFault) else record
    position = positions.get(key, len(cells))
    return {key: cells[position]} if position < len(cells) and cells[position] else {}


def _decoded(content: bytes, file: str, faults: list[Fault]) -> bytes:
    try:
        decode_text(content)
    except NotJson as refused:
        faults.append(Fault(file, refused.line, "", refused.what, refused.mend))
        return guess_text(content).encode()
    return content
