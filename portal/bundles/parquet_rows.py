"""Parquet by batches: the rows of a file as the texts that a CSV file would hold, so that the same checks hold them.

PyArrow is imported with this module, so it is imported by who reads Parquet alone.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain
from typing import IO, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from portal.bundles.csv_batches import CsvBatch, OddRecord
from portal.bundles.csv_files import CsvFault
from portal.bundles.data_records import ColumnFault, Records
from portal.bundles.parquet_cells import is_plain, text_column, type_fault
from portal.catalog.entries import InformationItem
from portal.errors import Text

BATCH_ROWS = 1000
"""Rows that are read together."""

_Outcome = TypeVar("_Outcome")


class _Damaged(Exception):
    """What PyArrow can't read."""


def open_parquet(file: IO[bytes], items: Sequence[InformationItem]) -> Records:
    """Return the records of a file. Raises: OSError where the disk fails."""
    try:
        # Not all of a group before its first row: a group may be as large as the file.
        opened = _attempt(lambda: pq.ParquetFile(file, pre_buffer=False, page_checksum_verification=True))
        schema = _attempt(lambda: opened.schema_arrow)
        names = _attempt(lambda: [str(name) for name in schema.names])
    except _Damaged:
        return Records(None, _NO_PARQUET, lambda: iter(()))
    item_by_name = {str(item.identifier): item for item in items}
    known = [item_by_name.get(name) for name in names]
    faults = [
        ColumnFault(name, *fault)
        for name, item, field in zip(names, known, schema, strict=True)
        if item is not None and (fault := type_fault(item, field.type)) is not None
    ]
    header: list[str | None] = [*names]
    return Records(None, header, partial(_read, opened, known), tuple(faults))


def _attempt(do: Callable[[], _Outcome]) -> _Outcome:
    """Return what PyArrow gives. Raises: _Damaged; OSError where it is the disk that failed."""
    try:
        return do()
    except OSError as failure:
        # Of PyArrow's own, which it raises for pages that end too early, no system knows a number.
        if failure.errno is not None:
            raise
        raise _Damaged from failure
    except (pa.ArrowException, ValueError, OverflowError) as failure:
        raise _Damaged from failure


def _read(opened: pq.ParquetFile, known: Sequence[InformationItem | None]) -> Iterator[CsvBatch | OddRecord]:
    """Yield the rows, counted from 1; behind what can't be read there are no more."""
    row = 1
    try:
        batches = _attempt(lambda: opened.iter_batches(BATCH_ROWS, use_threads=False))
        while (batch := _attempt(lambda: next(batches, None))) is not None:
            if batch.num_rows:
                yield _text_batch(batch, known, row)
                row += batch.num_rows
    except _Damaged:
        yield OddRecord(row, _DAMAGED)


def _text_batch(batch: pa.RecordBatch, known: Sequence[InformationItem | None], row: int) -> CsvBatch:
    nothing = [None] * batch.num_rows
    columns = tuple(
        nothing if item is None else _attempt(partial(text_column, item, array))
        for item, array in zip(known, batch.columns, strict=True)
    )
    return CsvBatch(range(row, row + batch.num_rows), columns, is_plain(chain.from_iterable(columns)))


_NO_PARQUET = CsvFault(
    Text(en="the file can't be read as Parquet, or isn't whole", zh="无法按 Parquet 读取该文件，或文件不完整"),
    Text(
        en="write it anew and to its end, or say `--format csv` where it is CSV",
        zh="请重新完整写出该文件；若为 CSV，请指定 `--format csv`",
    ),
)
_DAMAGED = CsvFault(
    Text(en="the file is damaged from here on", zh="文件自此处起已损坏"),
    Text(en="write it anew", zh="请重新写出该文件"),
)
