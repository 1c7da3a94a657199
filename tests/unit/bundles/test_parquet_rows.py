"""Parquet into rows: what CSV with the same cells gives, and the same faults with the row in place of the line."""

import errno
import io
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.bundles.bundle import Dataset
from portal.bundles.csv_files import render_csv_line
from portal.bundles.data_files import DataFile, read_dataset
from portal.bundles.parquet_rows import BATCH_ROWS
from portal.bundles.record_sources import DataFormat, open_records
from portal.catalog.entries import CatalogEntry
from portal.catalog.reading import parse_entry
from portal.conditions.values import render_cell
from portal.errors import BadInput, Language
from portal.exchange.parquet import ParquetWriter
from portal.json_text import JsonValue
from tests.architecture.sources import PROJECT
from tests.fixtures.dataset_rows import rows_of
from tests.fixtures.small_bundle import entry as entry_document
from tests.fixtures.small_bundle import item

MEND = "correct the cell, or the item in the catalog"
INSTANT = datetime(2026, 1, 31, 8, 30, tzinfo=timezone(timedelta(hours=8)))


def entry(*items: dict[str, JsonValue], **members: JsonValue) -> CatalogEntry:
    parsed, faults = parse_entry(entry_document("things", "303001001/1", list(items), **members), "catalog/things.json")
    assert parsed is not None, faults
    return parsed


PLAIN = entry(item("code", length=5), item("size", "integer"))
EVERY_TYPE = entry(
    item("code"),
    item("number", "integer"),
    item("amount", "decimal", scale=2),
    item("flag", "boolean"),
    item("day", "date"),
    item("moment", "datetime"),
    item("more", "json"),
)
SCHEMA = pa.schema(
    [
        ("code", pa.string()),
        ("number", pa.int64()),
        ("amount", pa.decimal128(38, 2)),
        ("flag", pa.bool_()),
        ("day", pa.date32()),
        ("moment", pa.timestamp("us", "UTC")),
        ("more", pa.string()),
    ]
)


def written(folder: Path, columns: Mapping[str, pa.Array], **options: object) -> DataFile:
    path = folder / "things.parquet"
    pq.write_table(pa.table(columns), path, **options)
    return DataFile(path.name, path, PLAIN, DataFormat.PARQUET)


def read(folder: Path, columns: Mapping[str, pa.Array], of: CatalogEntry = PLAIN) -> tuple[Dataset, list[str]]:
    source = written(folder, columns)
    dataset, faults = read_dataset(DataFile(source.file, source.path, of, source.format))
    return dataset, [fault.render(Language.ENGLISH) for fault in faults]


def codes(*cells: str | None, sizes: Sequence[int | None] = ()) -> dict[str, pa.Array]:
    return {"code": pa.array(cells, pa.string()), "size": pa.array([*sizes] or [None] * len(cells), pa.int64())}


def test_rows_are_typed_in_the_order_of_the_entry_s_items(tmp_path: Path) -> None:
    table = {
        "more": pa.array(['{"a": [1.0]}', None]),
        "moment": pa.array([INSTANT, None], pa.timestamp("ns", "Asia/Shanghai")),
        "day": pa.array([date(2026, 1, 31), None]),
        "flag": pa.array([True, None]),
        "amount": pa.array([Decimal("-0.5"), None], pa.decimal128(5, 1)),
        "number": pa.array([2**63 - 1, None], pa.uint64()),
        "code": pa.array(["a", ""]).dictionary_encode(),
    }
    dataset, faults = read(tmp_path, table, EVERY_TYPE)
    assert faults == []
    assert list(rows_of(dataset, EVERY_TYPE)) == [
        ("a", 2**63 - 1, Decimal("-0.5"), True, date(2026, 1, 31), INSTANT.astimezone(UTC), '{"a": [1.0]}'),
        ("", None, None, None, None, None, None),
    ]


CELLS = st.tuples(
    st.uuids().map(str),
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.none() | st.decimals(-(10**16), 10**16, places=2),
    st.none() | st.booleans(),
    st.none() | st.dates(),
    st.none() | st.datetimes().map(lambda found: found.replace(microsecond=0, tzinfo=UTC)),
    st.none() | st.sampled_from(["null", "{}", '{"a": "，\\n"}', "[1, 2.50]", '""']),
)


@given(rows=st.lists(CELLS, unique_by=lambda row: row[0]))
def test_rows_are_those_of_the_same_cells_in_csv(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[object, ...]]
) -> None:
    folder = tmp_path_factory.mktemp("alike")
    columns = list(zip(*rows, strict=True)) or [()] * len(SCHEMA)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)]
    dataset, faults = read(folder, dict(zip(SCHEMA.names, arrays, strict=True)), EVERY_TYPE)
    lines = [
        render_csv_line(
            [
                None if cell is None else render_cell(cell, one.type, one.scale)  # type: ignore[arg-type]  # as drawn
                for one, cell in zip(EVERY_TYPE.items, row, strict=True)
            ]
        )
        for row in rows
    ]
    file = folder / "things.csv"
    file.write_text(render_csv_line(SCHEMA.names) + "".join(lines), encoding="utf-8")
    expected, none = read_dataset(DataFile("things.csv", file, EVERY_TYPE))
    assert (faults, none) == ([], [])
    assert (dataset.digest, dataset.row_count) == (expected.digest, expected.row_count)
    assert list(rows_of(dataset, EVERY_TYPE)) == list(rows_of(expected, EVERY_TYPE))


def test_small_decimals_are_plain(tmp_path: Path) -> None:
    of = entry(item("code"), item("amount", "decimal", scale=9))
    amounts = [Decimal("0.000000001"), Decimal("0E-9"), Decimal("-0.000000010")]
    table = {"code": pa.array(["a", "b", "c"]), "amount": pa.array(amounts, pa.decimal128(19, 9))}
    dataset, faults = read(tmp_path, table, of)
    assert (faults, [row[1] for row in rows_of(dataset, of)]) == ([], amounts)


def test_every_fault_is_told_with_its_row(tmp_path: Path) -> None:
    _, faults = read(tmp_path, codes("a", "toolong", None, "a", "x\0y", sizes=[1, 2, 3, 4, 5]))
    assert faults == [
        f"things.parquet:2 code: `toolong` has 7 characters, 5 are allowed; {MEND}",
        f"things.parquet:5 code: text holds a NUL character; remove it; {MEND}",
        "things.parquet:3 code: the key is empty; write it",
        "things.parquet:4 code: the key is that of row 1; keep one of the two",
    ]


def test_text_with_nul_is_a_fault_where_all_else_is_plain(tmp_path: Path) -> None:
    _, faults = read(tmp_path, codes("a", "x\0y"))
    assert faults == [f"things.parquet:2 code: text holds a NUL character; remove it; {MEND}"]


def test_rows_are_counted_on_from_batch_to_batch(tmp_path: Path) -> None:
    cells = [f"{number:05}" for number in range(BATCH_ROWS * 2)]
    dataset, faults = read(tmp_path, codes(*cells, "00007"))
    assert faults == [f"things.parquet:{BATCH_ROWS * 2 + 1} code: the key is that of row 8; keep one of the two"]
    assert dataset.row_count == BATCH_ROWS * 2 + 1


@pytest.mark.parametrize(
    ("column", "found", "wanted"),
    [
        ("code", pa.array([b"a"]), "`binary`, wanted is `string`"),
        ("code", pa.array([["a"]]), "`list<element: string>`, wanted is `string`"),
        ("code", pa.array([1]), "`int64`, wanted is `string`"),
        ("number", pa.array(["1"]), "`string`, wanted is `int64` or another integer"),
        ("number", pa.array([1.0]), "`double`, wanted is `int64` or another integer"),
        ("amount", pa.array([1.5]), "`double`, wanted is `decimal128(38, 2)`, or a decimal with fewer digits"),
        ("amount", pa.array([Decimal("1.000")]), "`decimal128(4, 3)`, wanted is `decimal128(38, 2)`"),
        ("flag", pa.array([1]), "`int64`, wanted is `bool`"),
        ("day", pa.array(["2026-01-31"]), "`string`, wanted is `date32`"),
        ("day", pa.array([INSTANT]), "`timestamp[us, tz=+08:00]`, wanted is `date32`"),
        ("moment", pa.array([INSTANT.replace(tzinfo=None)]), "`timestamp[us]`, wanted is `timestamp` with a time zone"),
        ("more", pa.array([{"a": 1}]), "`struct<a: int64>`, wanted is `string` that holds JSON"),
    ],
)
def test_wrong_type_names_the_column_what_was_found_and_what_is_wanted(
    tmp_path: Path, column: str, found: pa.Array, wanted: str
) -> None:
    table = {field.name: pa.nulls(1, field.type) for field in SCHEMA} | {"code": pa.array(["a"]), column: found}
    dataset, (fault,) = read(tmp_path, table, EVERY_TYPE)
    assert fault.startswith(f"things.parquet {column}: the column is of type {wanted}")
    assert fault.endswith("; write the column with that type")
    assert list(dataset.batches()) == []


def test_column_of_nulls_fits_any_item(tmp_path: Path) -> None:
    table = {name: pa.nulls(1) for name in SCHEMA.names} | {"code": pa.array(["a"])}
    dataset, faults = read(tmp_path, table, EVERY_TYPE)
    assert (faults, list(rows_of(dataset, EVERY_TYPE))) == ([], [("a", *[None] * 6)])


def test_columns_are_those_of_the_items_and_of_no_line(tmp_path: Path) -> None:
    _, faults = read(tmp_path, {"code": pa.array(["a"]), "weight": pa.array([[1]])})
    assert faults == [
        "things.parquet weight: unknown column `weight`; the columns are code, size",
        "things.parquet size: no column `size`; the columns are code, size",
    ]


@pytest.mark.parametrize(
    ("column", "found", "said"),
    [
        ("moment", pa.array([1_500_000], pa.timestamp("us", "UTC")), "has a fraction of a second"),
        ("moment", pa.array([300_000_000_000], pa.timestamp("s", "UTC")), "is no time"),
        ("moment", pa.array([-(2**63)], pa.timestamp("us", "UTC")), "is no time"),
        ("day", pa.array([3_000_000], pa.int32()).cast(pa.date32()), "is no date"),
        ("day", pa.array([-(2**31)], pa.int32()).cast(pa.date32()), "is no date"),
        ("number", pa.array([2**63], pa.uint64()), "doesn't fit in 64 bits"),
        ("amount", pa.array([Decimal(10) ** 30], pa.decimal128(38, 2)), "is too large"),
        ("more", pa.array(["{"]), "is no JSON"),
        ("more", pa.array(['"\0"']), "is no JSON"),
    ],
)
def test_cell_that_fits_its_column_alone_is_a_fault(tmp_path: Path, column: str, found: pa.Array, said: str) -> None:
    table = {field.name: pa.nulls(1, field.type) for field in SCHEMA} | {"code": pa.array(["a"]), column: found}
    _, (fault,) = read(tmp_path, table, EVERY_TYPE)
    assert fault.startswith(f"things.parquet:1 {column}: ")
    assert said in fault


def test_text_that_is_not_utf_8_is_a_fault_of_its_row(tmp_path: Path) -> None:
    offsets, octets = pa.array([0, 1, 3], pa.int32()).buffers()[1], pa.py_buffer(b"a\xff\xfe")
    table = codes("a", "b") | {"code": pa.Array.from_buffers(pa.string(), 2, [None, offsets, octets])}
    _, (fault,) = read(tmp_path, table)
    assert fault.startswith("things.parquet:2 code: text holds half of a surrogate pair")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: b"",
        lambda content: b"code,size\na,1\n",
        lambda content: content[:-1],
        lambda content: content[: len(content) // 2],
        lambda content: b"PAR1" + bytes(len(content)) + b"PAR1",
    ],
    ids=["nothing", "csv", "without-last-octet", "half", "zeros"],
)
def test_file_that_is_not_whole_is_one_fault(tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
    source = written(tmp_path, codes("a", "b"))
    source.path.write_bytes(spoil(source.path.read_bytes()))
    _, faults = read_dataset(source)
    (told,) = [fault.render(Language.ENGLISH) for fault in faults]
    assert told == (
        "things.parquet: the file can't be read as Parquet, or isn't whole; write it anew and to its end, or say "
        "`--format csv` where it is CSV"
    )


def test_damage_behind_the_first_rows_is_told_where_it_begins(tmp_path: Path) -> None:
    cells = [f"{number:05}" for number in range(BATCH_ROWS * 3)]
    options = {"row_group_size": BATCH_ROWS, "compression": "none", "use_dictionary": False}
    source = written(tmp_path, codes(*cells), write_page_checksum=True, **options)
    content = source.path.read_bytes()
    place = content.index(b"02500")
    source.path.write_bytes(content[:place] + b"x" + content[place + 1 :])
    _, (fault,) = read_dataset(source)
    assert fault.render(Language.ENGLISH) == (
        f"things.parquet:{BATCH_ROWS * 2 + 1}: the file is damaged from here on; write it anew"
    )


def test_file_that_changed_since_is_refused(tmp_path: Path) -> None:
    source = written(tmp_path, codes("a", "b"))
    dataset, _ = read_dataset(source)
    assert [batch.row_count for batch in dataset.batches()] == [2]
    written(tmp_path, codes("a", "bcd"))
    with pytest.raises(BadInput, match="has changed since it was checked"):
        list(dataset.batches())


def test_pyarrow_is_not_imported_for_csv() -> None:
    program = "import sys, portal.commands.bringing_in, portal.bundles.reading; print('pyarrow' in sys.modules)"
    command, environ = [sys.executable, "-c", program], {"PYTHONPATH": str(PROJECT)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environ)
    assert (done.stdout, done.stderr) == ("False\n", "")


def test_transfer_of_all_items_fits_the_entry_that_it_is_of(tmp_path: Path) -> None:
    writer = ParquetWriter(EVERY_TYPE.items, "synthetic")
    row = ("a", -1, "-0.05", False, "0001-01-01", "9999-12-31T23:59:59Z", orjson.Fragment('{"a": [1.0]}'))
    path = tmp_path / "things.parquet"
    path.write_bytes(writer.begin() + writer.rows([row, ("b", *[None] * 6)]) + writer.end({}))
    dataset, faults = read_dataset(DataFile(path.name, path, EVERY_TYPE, DataFormat.PARQUET))
    assert faults == []
    instant = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert list(rows_of(dataset, EVERY_TYPE)) == [
        ("a", -1, Decimal("-0.05"), False, date.min, instant, '{"a": [1.0]}'),
        ("b", *[None] * 6),
    ]


class FailingDisk(io.BytesIO):
    """A file whose disk fails."""

    def read(self, size: int | None = -1) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO))


def test_disk_that_fails_is_no_damage_of_the_file() -> None:
    with pytest.raises(OSError, match="Input/output error"):
        open_records(FailingDisk(b"PAR1" * 100), DataFormat.PARQUET, PLAIN.items)
