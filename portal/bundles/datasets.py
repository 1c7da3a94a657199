"""The rows of a bundle on their way into the data store: which are written anew, under which row numbers."""

import json
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from sqlalchemy import Connection, Engine, Table

from portal.bundles.bundle import Bundle, Dataset, RowBatch
from portal.bundles.row_digests import fingerprints
from portal.bundles.row_keys import RowKey, key_column
from portal.bundles.typed_columns import write_column
from portal.catalog.columns import plan_layouts
from portal.conditions.tree import ValueType
from portal.json_text import JsonValue, render_json
from portal.storage.content import Cell, ContentRow
from portal.storage.data_store import (
    TABLE_PREFIX,
    ColumnSpec,
    StoredRow,
    TableLayout,
    create_dataset,
    data_table,
    last_row_number,
    read_columns,
)
from portal.storage.database import for_writing
from portal.storage.row_numbers import plan_row_numbers


@dataclass(frozen=True, slots=True)
class PresentTable:
    """The table that holds an entry's rows now."""

    name: str
    layout: TableLayout
    row_count: int


@dataclass(frozen=True, slots=True)
class DatasetWriting:
    """Rows that are to be written into a new table; `present` is None where the entry has no table yet.

    `appends`: the present rows come first, as they are, and those of the dataset behind them.
    """

    name: str
    layout: TableLayout
    dataset: Dataset
    present: PresentTable | None
    appends: bool = False


@dataclass(frozen=True, slots=True)
class DatasetPlan:
    """The rows of the table `datasets` by entry, and what is to be written before they are true."""

    rows: Mapping[str, ContentRow]
    writings: tuple[DatasetWriting, ...]


@dataclass(frozen=True, slots=True)
class RowMatching:
    """How new rows relate to the present ones by key: the number that each keeps, and how many differ.

    `highest` is the last number of the present rows, 0 where there are none.
    """

    kept: Sequence[int | None]
    added: int
    removed: int
    changed: int
    highest: int = 0


def plan_datasets(
    bundle: Bundle, present: Mapping[str, ContentRow], tables: frozenset[str], next_number: int
) -> DatasetPlan:
    """Return what becomes of the bundle's rows. `tables` are there already; new ones are numbered from `next_number`.

    Rows that are the same in the same layout stay where they are.
    """
    rows: dict[str, ContentRow] = {}
    writings: list[DatasetWriting] = []
    for code, layout in plan_layouts(bundle.entries).items():
        dataset, row = bundle.datasets[code], present.get(code)
        if row is not None and row.text("table_name") not in tables:
            row = None
        if row is not None and (row.text("digest"), row.text("layout")) == (dataset.digest, _render_layout(layout)):
            rows[code] = row
            continue
        name = f"{TABLE_PREFIX}{next_number + len(writings)}"
        rows[code] = dataset_row(name, layout, dataset)
        writings.append(DatasetWriting(name, layout, dataset, None if row is None else present_table(row)))
    return DatasetPlan(rows, tuple(writings))


def dataset_row(name: str, layout: TableLayout, dataset: Dataset) -> ContentRow:
    """Return the row of the table `datasets` for an entry whose rows lie in the table of that name."""
    cells: dict[str, Cell] = {
        "table_name": name,
        "row_count": dataset.row_count,
        "digest": dataset.digest,
        "layout": _render_layout(layout),
    }
    return ContentRow(cells, {})


def _render_layout(layout: TableLayout) -> str:
    parts: dict[str, JsonValue] = {
        "columns": [[column.name, column.type.value, column.scale] for column in layout.columns],
        "key": [*layout.key],
        "indexes": [[*names] for names in layout.indexes],
    }
    return render_json(parts)


def present_table(row: ContentRow) -> PresentTable:
    """Return the table that a row of `datasets` names."""
    return PresentTable(row.text("table_name"), parse_layout(row.text("layout")), row.number("row_count"))


def parse_layout(text: str) -> TableLayout:
    """Return the layout that a row of `datasets` holds as JSON."""
    parts = json.loads(text)
    return TableLayout(
        tuple(ColumnSpec(name, ValueType(kind), scale) for name, kind, scale in parts["columns"]),
        tuple(parts["key"]),
        tuple(tuple(names) for names in parts["indexes"]),
    )


def match_rows(connection: Connection, writing: DatasetWriting) -> RowMatching:
    """Compare the rows to be written with the present ones, by the key that the entry is to have."""
    if writing.present is None:
        count = writing.dataset.row_count
        return RowMatching([None] * count, count, 0, 0)
    present = _present_rows(connection, writing.layout, writing.present)
    numbers, before, place_of = present.numbers, present.fingerprints, present.place_by_key.get
    kept: list[int | None] = []
    changed = 0
    for key, fingerprint in _new_rows(writing):
        place = place_of(key)
        if place is None:
            kept.append(None)
        else:
            kept.append(numbers[place])
            changed += fingerprint != before[place]
    surviving = len(set(kept) - {None})
    highest = max(numbers, default=0)
    return RowMatching(kept, kept.count(None), writing.present.row_count - surviving, changed, highest)


@dataclass(frozen=True, slots=True)
class _PresentRows:
    """The rows that are there: number and fingerprint of each in their order, and its place there by key.

    In arrays: of a pair for each row there would be so many that looking after them takes longer than all else.
    """

    numbers: "array[int]"
    fingerprints: "array[int]"
    place_by_key: dict[RowKey, int]


def _new_rows(writing: DatasetWriting) -> Iterator[tuple[RowKey, int]]:
    marks = writing.dataset.marks
    if marks is not None:
        yield from zip(marks.keys, marks.fingerprints, strict=True)
        return
    key = writing.layout.positions(writing.layout.key)
    for batch in writing.dataset.batches():
        yield from zip(key_column(batch.stored, key), fingerprints(batch), strict=True)


def _present_rows(connection: Connection, layout: TableLayout, present: PresentTable) -> _PresentRows:
    """Return the rows that are there; none where they didn't have the key's columns."""
    rows = _PresentRows(array("q"), array("q"), {})
    wanted = {column for column in layout.columns if column.name in layout.key}
    if not wanted <= set(present.layout.columns):
        return rows
    key = present.layout.positions(layout.key)
    for numbers, batch in present_batches(connection, present):
        places = range(len(rows.numbers), len(rows.numbers) + len(numbers))
        rows.place_by_key.update(zip(key_column(batch.stored, key), places, strict=True))
        rows.numbers.extend(numbers)
        rows.fingerprints.extend(fingerprints(batch))
    return rows


def present_batches(connection: Connection, present: PresentTable) -> Iterator[tuple[Sequence[int], RowBatch]]:
    """Yield the rows that an entry has now, in their order, with their numbers."""
    columns = present.layout.columns
    for numbers, *stored in read_columns(connection, data_table(present.name, columns)):
        texts = tuple(write_column(column, cells) for column, cells in zip(columns, stored, strict=True))
        yield [int(number or 0) for number in numbers], RowBatch(tuple(stored), texts)


def write_dataset(engine: Engine, writing: DatasetWriting, written: Callable[[int], None]) -> RowMatching:
    """Write the rows into their new table, whole or not at all; `written` is told how many there are so far."""
    with for_writing(engine).begin() as connection:
        present = writing.present if writing.appends else None
        copied = None if present is None else data_table(present.name, present.layout.columns)
        matching = match_rows(connection, writing) if copied is None else _match_behind(connection, writing, copied)
        rows = _numbered(plan_row_numbers(matching.kept, matching.highest), writing.dataset)
        table = data_table(writing.name, writing.layout.columns)
        for count in create_dataset(connection, table, writing.layout, rows, copied):
            written(count)
    return matching


def _match_behind(connection: Connection, writing: DatasetWriting, present: Table) -> RowMatching:
    """Return the matching of rows that come behind the present ones: each is new."""
    count = writing.dataset.row_count
    return RowMatching([None] * count, count, 0, 0, last_row_number(connection, present))


def _numbered(numbers: Sequence[int], dataset: Dataset) -> Iterator[StoredRow]:
    remaining = iter(numbers)
    batches = (
        # Strict: a file that changed since it was checked has perhaps fewer or more rows.
        zip(islice(remaining, batch.row_count), *batch.stored, strict=True)
        for batch in dataset.batches()
    )
    yield from chain.from_iterable(batches)
    if next(remaining, None) is not None:
        raise ValueError("fewer rows than were matched")
