"""A column at once is read as each of its cells by itself, or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.bundles.typed_columns import TypedColumn, column_reader, digest_text, join_rows, type_values, write_column
from portal.catalog.entries import InformationItem
from portal.conditions.tree import ValueType
from portal.conditions.values import parse_cell
from portal.errors import BadInput
from portal.storage.data_store import ColumnSpec
from portal.vocabulary import ItemIdentifier, ShareClass

NUMBERS = [
    "0",
    "-0",
    "7",
    "-12",
    "007",
    "+1",
    "1e3",
    " 1",
    "1 ",
    "٣",
    "9" * 18,
    "9" * 19,
    "-" + "9" * 19,
    "1,2",
    "",
    "1\n",
]
DECIMALS = [
    "0.0",
    "-0.00",
    "1.5",
    "1.50",
    "12.345",
    ".5",
    "1.",
    "-0.01",
    "9" * 17 + ".5",
    "0" * 3 + ".1",
    "1..2",
    *NUMBERS,
]
DAYS = [
    "2026-01-31",
    "2026-02-30",
    "0001-01-01",
    "0000-01-01",
    "2026-1-1",
    "20260131",
    "\uff12\uff1026-01-31",
    "2026-01-31\n",
    "",
]
MOMENTS = [
    "2026-01-31T08:00:00+08:00",
    "2026-01-31T08:59:59Z",
    "2026-01-31T08:01:02+05:30",
    "2026-01-31T23:01:02-08:00",
    "2026-01-31t08:00:00z",
    "2026-01-31T24:00:00Z",
    "2026-01-31T08:00:60Z",
    "0001-01-01T00:00:00+08:00",
    "0999-12-31T23:59:59Z",
    "9999-12-31T23:59:59-08:00",
    "2026-01-31T08:00:00.5Z",
    "2026-01-31T08:00:00+25:00",
    "2026-01-31T08:00:00+08:60",
    "2026-01-31 08:00:00Z",
    "2026-01-31T08:00:00",
    "2026-02-30T08:00:00Z",
    "",
]
TEXTS = ["", "村", "a,b", "x" * 5, "x" * 6, "𠮷" * 5, "é\n", "-", "=", "true"]
CELLS = {
    ValueType.STRING: TEXTS,
    ValueType.INTEGER: NUMBERS,
    ValueType.DECIMAL: DECIMALS,
    ValueType.BOOLEAN: ["true", "false", "True", "1", "", "true\n"],
    ValueType.DATE: DAYS,
    ValueType.DATETIME: MOMENTS,
    ValueType.JSON: ["{}", "1.0", '{"a": NaN}', '"\\ud800"', "[", "null", ""],
}


def item(kind: ValueType, scale: int | None = None) -> InformationItem:
    length = 5 if kind is ValueType.STRING else None
    return InformationItem(ItemIdentifier("it"), "合成", kind, ShareClass.UNCONDITIONAL, False, 1, length, scale)


def by_cells(of: InformationItem, cells: list[str | None]) -> TypedColumn | None:
    """Return the column as each cell by itself is read; None where one is wrong."""
    try:
        return type_values(
            of, [None if cell is None else parse_cell(cell, of.type, of.scale, of.length) for cell in cells]
        )
    except BadInput:
        return None


@given(st.data())
def test_column_is_read_as_its_cells_are(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(sorted(CELLS)))
    of = item(kind, data.draw(st.integers(0, 9)) if kind is ValueType.DECIMAL else None)
    cells = data.draw(st.lists(st.none() | st.sampled_from(CELLS[kind]), max_size=4))
    read, expected = column_reader(of)(cells), by_cells(of, cells)
    if read is not None:
        assert expected is not None
        assert (list(read.stored), list(read.texts)) == (list(expected.stored), list(expected.texts))


@pytest.mark.parametrize(
    ("kind", "cells"),
    [
        (ValueType.STRING, ["a", None, "村" * 5]),
        (ValueType.INTEGER, ["0", "-0", "7", None]),
        (ValueType.DECIMAL, ["0.05", "-0.05", "-0.00", "1.5", "-7", None]),
        (ValueType.DECIMAL, ["0.05", "-0.00", "1.50"]),
        (ValueType.BOOLEAN, ["true", "false"]),
        (ValueType.DATE, ["2026-01-31", "0001-01-01"]),
        (ValueType.DATETIME, ["2026-01-31T08:00:00+08:00", "2026-01-31T08:00:00Z"]),
        (ValueType.DATETIME, ["2026-01-31T08:00:00Z"]),
        (ValueType.JSON, ["{}", None]),
    ],
)
def test_plain_columns_are_read_at_once(kind: ValueType, cells: list[str | None]) -> None:
    of = item(kind, 2 if kind is ValueType.DECIMAL else None)
    read = column_reader(of)(cells)
    assert read is not None
    assert read == by_cells(of, cells)
    assert write_column(ColumnSpec(of.identifier, kind, of.scale), read.stored) == read.texts


@pytest.mark.parametrize("kind", sorted(CELLS))
def test_every_wrong_cell_is_left_to_be_read_by_itself(kind: ValueType) -> None:
    of = item(kind, 2 if kind is ValueType.DECIMAL else None)
    wrong = [cell for cell in CELLS[kind] if by_cells(of, [cell]) is None]
    assert wrong
    assert [cell for cell in wrong if column_reader(of)([cell]) is not None] == []


NO_NUL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=3)
ROWS = st.lists(st.tuples(st.none() | NO_NUL, st.none() | NO_NUL), min_size=1, max_size=4)


@given(ROWS)
def test_digest_is_of_each_row_with_its_nulls_told(rows: list[tuple[str | None, str | None]]) -> None:
    columns = list(zip(*rows, strict=True))
    cells = [["-" if cell is None else f"={cell}" for cell in row] for row in rows]
    assert digest_text(join_rows(columns)) == "".join("\0".join(row) + "\0\0" for row in cells).encode()


@given(ROWS, ROWS)
def test_rows_are_the_same_text_exactly_when_they_are_the_same(
    first: list[tuple[str | None, str | None]], second: list[tuple[str | None, str | None]]
) -> None:
    joined = [list(join_rows(list(zip(*rows, strict=True)))) for rows in (first, second)]
    assert (joined[0] == joined[1]) == (first == second)
