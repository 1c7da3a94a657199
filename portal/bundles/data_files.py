"""The rows of an entry in a file, such as data/IDENTIFIER.csv: checked in one pass, read again when they are loaded."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import IO

from portal.bundles.bundle import Dataset, RowBatch
from portal.bundles.csv_batches import Column, CsvBatch, OddRecord
from portal.bundles.csv_files import Cells, CsvFault
from portal.bundles.record_sources import DataFormat, open_records
from portal.bundles.row_digests import RowDigest
from portal.bundles.row_keys import KeyClash, RowKeys
from portal.bundles.tables import form_fault, parse_header
from portal.bundles.typed_columns import TypedColumn, column_reader, type_values
from portal.catalog.entries import CatalogEntry, InformationItem
from portal.conditions.tree import Value
from portal.conditions.values import parse_cell
from portal.errors import BadInput, Fault, Text

FAULTS_LIMIT = 1000
"""Faults that are listed of one data file; one more says how many there are beside them."""

CheckedRows = Callable[[RowBatch, int], None]
"""Is told each batch of sound rows, and how much of the file was read, in octets."""


@dataclass(frozen=True, slots=True)
class DataFile:
    """A data file: its path in the bundle, where it lies, the entry whose rows it holds, and what it is written as."""

    file: str
    path: Path
    entry: CatalogEntry
    format: DataFormat = DataFormat.CSV


def no_watch(_batch: RowBatch, _octets: int) -> None:
    """Take no notice of the rows."""


def empty_dataset(entry: CatalogEntry) -> Dataset:
    """Return the dataset of an entry without a file: no rows."""
    return Dataset(entry.code, 0, RowDigest(entry.items).hexdigest(), lambda: iter(()))


def read_dataset(source: DataFile) -> tuple[Dataset, list[Fault]]:
    """Return the rows of the file, and every fault in it up to the limit. The rows aren't kept: they are read again.

    INVARIANT: a dataset that comes with faults is used for nothing.
    """
    digest = RowDigest(source.entry.items)
    checked = check_rows(source, digest)
    return Dataset(source.entry.code, digest.row_count, digest.hexdigest(), checked.batches), checked.faults


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """A file that was checked: its faults, its rows to be read again, its keys with the line or row of each."""

    faults: list[Fault]
    batches: Callable[[], Iterator[RowBatch]]
    keys: RowKeys


def check_rows(source: DataFile, digest: RowDigest, watch: CheckedRows = no_watch) -> CheckedFile:
    """Check every row of the file, and put the sound ones into the digest."""
    faults = _Faults(source.file, source.format.unit)
    with source.path.open("rb") as lines:
        stamp = _stamp(lines)
        records = open_records(lines, source.format, source.entry.items)
        if isinstance(records.header, CsvFault):
            faults.add(form_fault(source.file, records.line, records.header, 0))
            return _unread(source, faults)
        layout = _read_layout(source, records.header, faults)
        for fault in records.faults:
            faults.add_cell(None, fault.column, fault.what, fault.mend)
        if records.faults:
            return _unread(source, faults)
        keys = RowKeys(source.entry.items, source.entry.key if layout.has_whole_key else ())
        for batch in _checked_batches(layout, records.read(), keys, faults):
            digest.add(batch)
            watch(batch, lines.tell())
    return CheckedFile(faults.listed(), partial(_batches, source, layout, stamp), keys)


def _unread(source: DataFile, faults: "_Faults") -> CheckedFile:
    return CheckedFile(faults.listed(), lambda: iter(()), RowKeys(source.entry.items, ()))


@dataclass(slots=True)
class _Faults:
    """The faults of a file: the first ones, and how many more there are. `unit`: what their places are counted in."""

    file: str
    unit: str
    kept: list[Fault] = field(default_factory=list)
    beyond: int = 0

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.kept) + self.beyond

    def add(self, fault: Fault) -> None:
        if len(self.kept) < FAULTS_LIMIT:
            self.kept.append(fault)
        else:
            self.beyond += 1

    def add_cell(self, line: int | None, column: str, what: Text, mend: Text) -> None:
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
    """How a file's cells become a row of its entry: reader, parser and position of each item, in the entry's order.

    An item that the header lacks has the position behind the last cell, where there is none.
    """

    entry: CatalogEntry
    width: int
    readers: tuple[Callable[[Column], TypedColumn | None], ...]
    positions: tuple[int, ...]

    @property
    def has_whole_key(self) -> bool:
        """True if the header has all items of the key; else that is one fault of it, not one of each row."""
        position_of = {
            item.identifier: position for item, position in zip(self.entry.items, self.positions, strict=True)
        }
        return all(position_of.get(name, self.width) < self.width for name in self.entry.key)

    def columns(self, batch: CsvBatch) -> list[Column]:
        """Return the batch's columns in the order of the entry's items."""
        nothing = [None] * len(batch.lines)
        return [batch.columns[position] if position < self.width else nothing for position in self.positions]

    def read(self, batch: CsvBatch) -> RowBatch | None:
        """Return the typed rows; None where a cell is wrong or can't be told of at once."""
        if not batch.is_plain:
            return None
        typed: list[TypedColumn] = []
        for read, column in zip(self.readers, self.columns(batch), strict=True):
            outcome = read(column)
            if outcome is None:
                return None
            typed.append(outcome)
        return _row_batch(typed)

    def read_singly(self, batch: CsvBatch, faults: "_Faults") -> tuple[Sequence[int], RowBatch]:
        """Return the typed rows in which no cell is wrong, with the line of each, and note every fault."""
        lines: list[int] = []
        rows: list[list[Value | None]] = []
        for line, cells in zip(batch.lines, zip(*self.columns(batch), strict=True), strict=True):
            before = faults.count
            row = [self._parse(item, cell, line, faults) for item, cell in zip(self.entry.items, cells, strict=True)]
            if faults.count == before:
                lines.append(line)
                rows.append(row)
        columns = zip(*rows, strict=True) if rows else [()] * len(self.entry.items)
        return lines, _row_batch(
            [type_values(item, column) for item, column in zip(self.entry.items, columns, strict=True)]
        )

    def _parse(self, item: InformationItem, cell: str | None, line: int, faults: "_Faults") -> Value | None:
        try:
            return None if cell is None else parse_cell(cell, item.type, item.scale, item.length)
        except BadInput as refused:
            faults.add_cell(line, item.identifier, refused.text, _MEND_CELL)
            return None


_MEND_CELL = Text(en="correct the cell, or the item in the catalog", zh="请改正单元格，或目录中的信息项")


def _row_batch(columns: Sequence[TypedColumn]) -> RowBatch:
    return RowBatch(tuple(column.stored for column in columns), tuple(column.texts for column in columns))


def _read_layout(source: DataFile, header: Cells, faults: _Faults) -> _Layout:
    items = source.entry.items
    positions, header_faults = parse_header(header, [item.identifier for item in items], source.file)
    for fault in header_faults:
        faults.add(fault if source.format is DataFormat.CSV else replace(fault, row=None))
    return _Layout(
        entry=source.entry,
        width=len(header),
        readers=tuple(map(column_reader, items)),
        positions=tuple(positions.get(item.identifier, len(header)) for item in items),
    )


def _checked_batches(
    layout: _Layout, records: Iterator[CsvBatch | OddRecord], keys: RowKeys, faults: _Faults
) -> Iterator[RowBatch]:
    """Yield the rows in which no cell is wrong, and note every fault."""
    for batch in records:
        if isinstance(batch, OddRecord):
            faults.add(form_fault(faults.file, batch.line, batch.record, layout.width))
            continue
        lines: Sequence[int] = batch.lines
        rows = layout.read(batch)
        if rows is None:
            lines, rows = layout.read_singly(batch, faults)
        for clash in keys.add(rows, lines):
            _note_clash(clash, layout.entry, faults)
        if rows.row_count:
            yield rows


def _note_clash(clash: KeyClash, entry: CatalogEntry, faults: _Faults) -> None:
    if clash.first is None:
        for name in clash.empty:
            what = Text(en="the key is empty", zh="主键为空")
            faults.add_cell(clash.line, name, what, Text(en="write it", zh="请填写"))
    else:
        what = Text(en=f"the key is that of {faults.unit} {clash.first}", zh=f"主键与第 {clash.first} 行重复")
        faults.add_cell(clash.line, ",".join(entry.key), what, Text(en="keep one of the two", zh="请只保留一行"))


def _stamp(file: IO[bytes]) -> tuple[int, int, int]:
    status = os.fstat(file.fileno())
    return status.st_ino, status.st_size, status.st_mtime_ns


def _batches(source: DataFile, layout: _Layout, stamp: tuple[int, int, int]) -> Iterator[RowBatch]:
    """Yield the rows again.

    Raises: BadInput, if the file isn't the one that was checked, or doesn't stay so to the end.
    """
    with source.path.open("rb") as lines:
        if _stamp(lines) == stamp:
            for batch in open_records(lines, source.format, source.entry.items).read():
                if isinstance(batch, OddRecord):
                    break
                yield layout.read(batch) or _again_singly(source, layout, batch)
            if _stamp(lines) == stamp:
                return
    raise _changed(source.path)


def _again_singly(source: DataFile, layout: _Layout, batch: CsvBatch) -> RowBatch:
    faults = _Faults(source.file, source.format.unit)
    _, rows = layout.read_singly(batch, faults)
    if faults.count:
        raise _changed(source.path)
    return rows


def _changed(path: Path) -> BadInput:
    return BadInput(
        Text(
            en=f"{path.name} has changed since it was checked; load the bundle again",
            zh=f"{path.name} 在检查之后被改动；请重新加载数据包",
        )
    )
