"""Parquet: each cell in its item's type, group after group, and nothing that opens before its end."""

import io
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.catalog.entries import InformationItem
from portal.catalog.reading import parse_entry
from portal.conditions.values import render_cell
from portal.exchange.parquet import GROUP_BYTES, GROUP_ROWS, MANIFEST, WATERMARK, ParquetWriter
from tests.fixtures.exchanging import hostile_cells
from tests.fixtures.small_bundle import entry, item

TYPES = ("string", "integer", "decimal", "boolean", "date", "datetime", "json")


def items_of(*types: str) -> tuple[InformationItem, ...]:
    documents = [item(f"a_{kind}", kind, **({"scale": 2} if kind == "decimal" else {})) for kind in types]
    parsed, faults = parse_entry(entry("things", "303001001/1", documents, key=[f"a_{types[0]}"]), "things.json")
    assert parsed is not None, faults
    return parsed.items


def written(items: Sequence[InformationItem], parts: Sequence[Sequence[Sequence[object]]]) -> bytes:
    writer = ParquetWriter(items, "department=1")
    return writer.begin() + b"".join(map(writer.rows, parts)) + writer.end({"rows": 1})


def test_columns_have_the_types_of_their_items_and_cells_are_what_an_answer_holds() -> None:
    row = ("=1", -(2**63), "-0.05", True, "0001-01-01", "9999-12-31T23:59:59Z", orjson.Fragment('{"a": [1.0]}'))
    file = pq.ParquetFile(io.BytesIO(written(items_of(*TYPES), [[row, (None,) * len(TYPES)]])))
    assert [(field.name, str(field.type)) for field in file.schema_arrow] == [
        ("a_string", "string"),
        ("a_integer", "int64"),
        ("a_decimal", "decimal128(38, 2)"),
        ("a_boolean", "bool"),
        ("a_date", "date32[day]"),
        ("a_datetime", "timestamp[us, tz=UTC]"),
        ("a_json", "string"),
    ]
    first, second = file.read().to_pylist()
    last_instant = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert list(first.values()) == [
        "=1", -(2**63), Decimal("-0.05"), True, date.min, last_instant, '{"a": [1.0]}',
    ]  # fmt: skip
    assert set(second.values()) == {None}


@settings(max_examples=50)
@given(
    st.lists(
        st.tuples(
            st.none() | st.text(st.characters(exclude_categories=["Cs"])),
            st.none() | st.decimals(-(10**17), 10**17, places=2),
            st.none() | st.datetimes().map(lambda found: found.replace(microsecond=0, tzinfo=UTC)),
        )
    )
)
def test_values_read_back(rows: list[tuple[str | None, Decimal | None, datetime | None]]) -> None:
    items = items_of("string", "decimal", "datetime")
    shown = [
        tuple(
            None if cell is None else render_cell(cell, one.type, one.scale)
            for one, cell in zip(items, row, strict=True)
        )
        for row in rows
    ]
    assert [tuple(row.values()) for row in pq.read_table(io.BytesIO(written(items, [shown]))).to_pylist()] == rows


def test_hostile_texts_are_as_they_are() -> None:
    texts = [*hostile_cells(), "", "PAR1", "\0"]
    table = pq.read_table(io.BytesIO(written(items_of("string"), [[(text,) for text in texts]])))
    assert table.column("a_string").to_pylist() == texts


def test_watermark_and_facts_lie_in_the_file_s_own_metadata() -> None:
    metadata = pq.read_metadata(io.BytesIO(written(items_of("string"), [[]]))).metadata
    assert metadata[WATERMARK.encode()] == b"department=1"
    assert json.loads(metadata[MANIFEST.encode()]) == {"rows": 1}


def test_rows_wait_for_their_group_and_no_longer() -> None:
    writer = ParquetWriter(items_of("string"), "")
    begin, part, groups = writer.begin(), [(f"{n:08}",) for n in range(1000)], 4
    came = [writer.rows(part) for _ in range(groups * GROUP_ROWS // 1000 + 1)]
    assert [number for number, content in enumerate(came, 1) if content] == [10, 20, 30, 40]
    file = pq.ParquetFile(io.BytesIO(begin + b"".join(came) + writer.end({})))
    metadata = file.metadata
    assert [metadata.row_group(n).num_rows for n in range(metadata.num_row_groups)] == [GROUP_ROWS] * groups + [1000]


def test_wide_rows_wait_for_fewer() -> None:
    writer = ParquetWriter(items_of("string"), "")
    writer.begin()
    assert not writer.rows([("x" * (GROUP_BYTES // 2),)])
    assert writer.rows([("y" * (GROUP_BYTES // 2),)])


def test_memory_holds_a_group_however_many_there_were() -> None:
    writer, before = ParquetWriter(items_of("string", "integer"), ""), pa.total_allocated_bytes()
    part = [(f"合成{n}", n) for n in range(1000)]
    held: list[int] = []
    for _ in range(100):
        writer.rows(part)
        held.append(pa.total_allocated_bytes() - before)
    assert max(held[50:]) <= max(held[:20]) * 1.1


def test_no_part_of_a_file_opens() -> None:
    content = written(items_of("string"), [[(f"{n}",) for n in range(GROUP_ROWS)], [("last",)]])
    for length in {0, 4, *range(5, len(content), 997), len(content) - 1}:
        with pytest.raises((pa.ArrowInvalid, OSError)):
            pq.ParquetFile(io.BytesIO(content[:length]))
    assert pq.read_table(io.BytesIO(content)).num_rows == GROUP_ROWS + 1
