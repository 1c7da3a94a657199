"""data/IDENTIFIER.csv: the rows of an entry, checked in one pass, and read again, typed, when they are loaded."""

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO

from portal.bundles.bundle import DataRow, Dataset
from portal.bundles.csv_files import Cells, CsvFault, parse_csv
from portal.bundles.tables import NO_HEADER, form_fault, parse_header
from portal.catalog.entries import CatalogEntry, InformationItem
from portal.conditions.tree import Value, ValueType
from portal.conditions.values import parse_cell, render_cell
from portal.errors import BadInput, Fault, Text

FAULTS_LIMIT = 1000
"""Faults that are listed of one data file; one more says how many there are beside them."""

_Records = Iterator[tuple[int, Cells | CsvFault]]


@dataclass(frozen=True, slots=True)
class DataFile:
    """A data file: its path in the bundle, where it lies, and the entry whose rows it holds."""

    file: str
    path: Path
    entry: CatalogEntry


def empty_dataset(entry: CatalogEntry) -> Dataset:
    """Return the dataset of an entry without a file: no rows."""
    row_count, digest = _summarise(entry, iter(()))
    return Dataset(entry.code, row_count, digest, lambda: iter(()))


def read_dataset(source: DataFile) -> tuple[Dataset, list[Fault]]:
    """Return the rows of the file, and every fault in it up to the limit. The rows aren't kept: they are read again.

    INVARIANT: a dataset that comes with faults is used for nothing.
    """
    faults = _Faults(source.file)
    with source.path.open("rb") as lines:
        stamp = _stamp(lines)
        records = parse_csv(lines)
        line, header = next(records, (1, NO_HEADER))
        if isinstance(header, CsvFault):
            return empty_dataset(source.entry), [form_fault(source.file, line, header, 0)]
        layout = _read_layout(source, header, faults)
        row_count, digest = _summarise(source.entry, _checked_rows(layout, records, faults))
    return Dataset(source.entry.code, row_count, digest, partial(_rows, source.path, layout, stamp)), faults.listed()


@dataclass(slots=True)
class _Faults:
    """The faults of a file: the first ones, and how many more there are."""

    file: str
    kept: list[Fault] = field(default_factory=list)
    beyond: int = 0

    def add(self, fault: Fault) -> None:
        if len(self.kept) < FAULTS_LIMIT:
            self.kept.append(fault)
        else:
            self.beyond += 1

    def add_cell(self, line: int, column: str, what: Text, mend: Text) -> None:
        self.add(Fault(self.file, line, column, what, mend))

    def listed(self) -> list[Fault]:
        if not self.beyond:
            return self.kept
        what = Text(en=f"{self.beyond} more faults aren't listed", zh=f"另有 {self.beyond} 处错误未列出")
        return [
            *self.kept,
            Fault(self.file, None, "", what, Text(en="mend those listed first", zh="请先改正已列出的错误")),
        ]


@dataclass(frozen=True, slots=True)
class _Layout:
    """How a file's cells become a row of its entry: parser and position of each item, in the entry's order.

    An item that the header lacks has the position behind the last cell, where an empty one is put.
    """

    entry: CatalogEntry
    width: int
    parsers: tuple[Callable[[str], Value], ...]
    positions: tuple[int, ...]

    def parse(self, cells: Cells) -> DataRow:
        """Return the typed row. Raises: BadInput."""
        return tuple(
            [
                None if (cell := cells[position]) is None else parse(cell)
                for parse, position in zip(self.parsers, self.positions, strict=True)
            ]
        )

    def parse_noting(self, line: int, cells: Cells, faults: _Faults) -> DataRow | None:
        """Return the typed row; None, and every fault in it noted, where a cell can't be read."""
        cells.append(None)
        try:
            return self.parse(cells)
        except BadInput:
            self._note(line, cells, faults)
            return None

    def _note(self, line: int, cells: Cells, faults: _Faults) -> None:
        for item, parse, position in zip(self.entry.items, self.parsers, self.positions, strict=True):
            cell = cells[position]
            try:
                if cell is not None:
                    parse(cell)
            except BadInput as refused:
                mend = Text(en="correct the cell, or the item in the catalog", zh="请改正单元格，或目录中的信息项")
                faults.add_cell(line, item.identifier, refused.text, mend)


def _read_layout(source: DataFile, header: Cells, faults: _Faults) -> _Layout:
    items = source.entry.items
    positions, header_faults = parse_header(header, [item.identifier for item in items], source.file)
    for fault in header_faults:
        faults.add(fault)
    return _Layout(
        entry=source.entry,
        width=len(header),
        parsers=tuple(
            partial(parse_cell, value_type=item.type, scale=item.scale, length=item.length) for item in items
        ),
        positions=tuple(positions.get(item.identifier, len(header)) for item in items),
    )


def _checked_rows(layout: _Layout, records: _Records, faults: _Faults) -> Iterator[DataRow]:
    """Yield the rows in which no cell is wrong, and note every fault."""
    keys = _Keys(layout)
    for line, record in records:
        if isinstance(record, CsvFault) or len(record) != layout.width:
            faults.add(form_fault(faults.file, line, record, layout.width))
            continue
        row = layout.parse_noting(line, record, faults)
        if row is not None:
            keys.check(line, row, faults)
            yield row


class _Keys:
    """The keys seen so far, each with its line; no key may be null or come twice."""

    def __init__(self, layout: _Layout) -> None:
        position_by_name = dict(zip((item.identifier for item in layout.entry.items), layout.positions, strict=True))
        indices = {name: index for index, name in enumerate(position_by_name)}
        self._names = layout.entry.key
        self._line_by_key: dict[DataRow, int] = {}
        # A key whose items aren't all there is one fault of the catalog or the header, not one of each row.
        is_whole = all(position_by_name.get(name, layout.width) < layout.width for name in self._names)
        self._indices = tuple(indices[name] for name in self._names) if is_whole else ()

    def check(self, line: int, row: DataRow, faults: _Faults) -> None:
        """Note what is wrong with the row's key."""
        key = tuple([row[index] for index in self._indices])
        if None in key:
            for name, value in zip(self._names, key, strict=True):
                if value is None:
                    what = Text(en="the key is empty", zh="主键为空")
                    faults.add_cell(line, name, what, Text(en="write it", zh="请填写"))
        elif key:
            first = self._line_by_key.setdefault(key, line)
            if first != line:
                what = Text(en=f"the key is that of line {first}", zh=f"主键与第 {first} 行重复")
                faults.add_cell(line, ",".join(self._names), what, Text(en="keep one of the two", zh="请只保留一行"))


def _summarise(entry: CatalogEntry, rows: Iterator[DataRow]) -> tuple[int, str]:
    """Return how many rows there are, and the digest of the entry's item list and of them."""
    digest = hashlib.sha256()
    for item in entry.items:
        digest.update(f"{item.identifier}\0{item.type}\0{item.scale}\0".encode())
    renderers = tuple(map(_renderer, entry.items))
    count = 0
    for row in rows:
        count += 1
        # INVARIANT: no cell holds NUL, so no two different rows are written alike.
        cells = ["-" if value is None else render(value) for value, render in zip(row, renderers, strict=True)]
        digest.update("\0".join(cells).encode())
        digest.update(b"\0\0")
    return count, digest.hexdigest()


def _renderer(item: InformationItem) -> Callable[[Value], str]:
    if item.type in (ValueType.STRING, ValueType.JSON):
        return "={}".format
    return lambda value: "=" + render_cell(value, item.type, item.scale)


def _stamp(file: IO[bytes]) -> tuple[int, int, int]:
    status = os.fstat(file.fileno())
    return status.st_ino, status.st_size, status.st_mtime_ns


def _rows(path: Path, layout: _Layout, stamp: tuple[int, int, int]) -> Iterator[DataRow]:
    """Yield the rows again.

    Raises: BadInput, if the file isn't the one that was checked, or doesn't stay so to the end.
    """
    with path.open("rb") as lines:
        if _stamp(lines) == stamp:
            records = parse_csv(lines)
            next(records)
            for _, cells in records:
                if isinstance(cells, CsvFault) or len(cells) != layout.width:
                    break
                yield layout.parse(cells)
            if _stamp(lines) == stamp:
                return
    raise BadInput(
        Text(
            en=f"{path.name} has changed since it was checked; load the bundle again",
            zh=f"{path.name} 在检查之后被改动；请重新加载数据包",
        )
    )
