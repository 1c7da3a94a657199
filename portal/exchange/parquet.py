"""Parquet: typed columns in groups of rows, each written once it is full; without its end no reader opens the file.

The end holds, beside where each group lies, the watermark and what the transfer is known by. PyArrow is imported with
this module, so it is imported by who writes Parquet alone.
"""

from collections.abc import Mapping, Sequence

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from portal.access.shaping import Row
from portal.catalog.entries import InformationItem
from portal.conditions.tree import ValueType
from portal.exchange.csv_text import json_text
from portal.exchange.sinks import Sink
from portal.json_text import JsonValue

GROUP_ROWS = 10_000
"""Rows of a group at least, but for the last one: a few parts, as many as readers want together."""
GROUP_BYTES = 8 << 20
"""A group of wide rows is written with fewer."""
WATERMARK, MANIFEST = "portal.watermark", "portal.manifest"
"""The file's own metadata: whose copy it is, as a line; and what the transfer is known by, as JSON."""
_DECIMAL_DIGITS = 38
"""Of every decimal: 64 bits have 19, a mask may show a lower multiple with a few more."""


class ParquetWriter:
    """Writes a file whose columns have the types of the items; keeps the rows of one group, and where groups lie."""

    def __init__(self, items: Sequence[InformationItem], watermark: str) -> None:
        self._items = items
        self._watermark = watermark
        self._schema = pa.schema([pa.field(str(item.identifier), arrow_type(item)) for item in items])
        self._sink = Sink()
        self._waiting: list[pa.RecordBatch] = []
        self._file = pq.ParquetWriter(self._sink, self._schema)

    def begin(self) -> bytes:
        """Return the mark by which the format is known."""
        return self._sink.take()

    def rows(self, rows: Sequence[Row]) -> bytes:
        """Return the group that these rows fill; until then they wait."""
        if rows:
            columns = zip(self._items, zip(*rows, strict=True), strict=True)
            arrays = [_array(item, cells) for item, cells in columns]
            self._waiting.append(pa.RecordBatch.from_arrays(arrays, schema=self._schema))
        waiting = self._waiting
        if sum(batch.num_rows for batch in waiting) >= GROUP_ROWS or sum(b.nbytes for b in waiting) >= GROUP_BYTES:
            self._write_group()
        return self._sink.take()

    def end(self, facts: Mapping[str, JsonValue]) -> bytes:
        """Return the last group, and the end with these facts, without which nothing opens the file."""
        self._write_group()
        self._file.add_key_value_metadata({WATERMARK: self._watermark, MANIFEST: orjson.dumps(facts).decode()})
        self._file.close()
        return self._sink.take()

    def _write_group(self) -> None:
        if self._waiting:
            group = pa.Table.from_batches(self._waiting, self._schema)
            self._file.write_table(group, row_group_size=group.num_rows)
            self._waiting.clear()


def arrow_type(item: InformationItem) -> pa.DataType:
    """Return the type of an item's column; JSON is text."""
    match item.type:
        case ValueType.INTEGER:
            return pa.int64()
        case ValueType.DECIMAL:
            return pa.decimal128(_DECIMAL_DIGITS, item.scale or 0)
        case ValueType.BOOLEAN:
            return pa.bool_()
        case ValueType.DATE:
            return pa.date32()
        case ValueType.DATETIME:
            return pa.timestamp("us", "UTC")
        case _:
            return pa.string()


def _array(item: InformationItem, cells: Sequence[object]) -> pa.Array:
    wanted = arrow_type(item)
    match item.type:
        case ValueType.JSON:
            return pa.array([None if cell is None else json_text(cell) for cell in cells], wanted)
        case ValueType.DECIMAL | ValueType.DATE | ValueType.DATETIME:
            # An answer holds them as text, each in the one form that its item's type has.
            return pa.array(cells, pa.string()).cast(wanted)
        case _:
            return pa.array(cells, wanted)
