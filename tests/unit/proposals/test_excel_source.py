"""Workbooks: what is read of their cells, and what they lost is told."""

from datetime import date, datetime
from pathlib import Path

import pytest

from portal.errors import BadInput
from portal.proposals.failed_cells import find_failed_cells
from portal.proposals.source import FaultyTable
from tests.fixtures.new_entries import faults_of, make
from tests.fixtures.workbook import Cell, CellError, Digits, Sheet, write_workbook

HEADER: list[Cell] = ["编号", "value"]


def write(folder: Path, *rows: list[Cell], **sheet: object) -> Path:
    """Write a workbook of one sheet with that header above the rows."""
    return write_workbook(folder / "table.xlsx", {"一": Sheet([HEADER, *rows], **sheet)})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("cells", "kind", "texts"),
    [
        ([1, -2, Digits("3.0")], "integer", ["1", "-2", "3"]),
        ([Digits("123456789012345")], "integer", ["123456789012345"]),
        ([0.1 + 0.2, 1], "decimal(1)", ["0.3", "1.0"]),
        ([Digits("1E-7"), 2.5], "decimal(7)", ["0.0000001", "2.5000000"]),
        ([True, False], "boolean", ["true", "false"]),
        ([date(2026, 1, 31), None], "date", ["2026-01-31", None]),
        (
            [datetime(2026, 1, 31, 8, 0, 1), datetime(2026, 1, 31)],  # noqa: DTZ001 - a workbook's times have no zone
            "datetime",
            ["2026-01-31T00:00:01Z", "2026-01-30T16:00:00Z"],
        ),
        (["001", "2"], "string(10)", ["001", "2"]),
        (["999999198001010012"], "string(18)", ["999999198001010012"]),
        ([" a\nb ", 'x"y'], "string(10)", [" a\nb ", 'x"y']),
        ([1, "x"], "string(1)", ["1", "x"]),
    ],
)
def test_cells_are_what_the_workbook_holds(
    tmp_path: Path, cells: list[Cell], kind: str, texts: list[str | None]
) -> None:
    made = make(write(tmp_path, *([f"k{number}", cell] for number, cell in enumerate(cells))))
    assert [row[1] for row in made.rows()] == texts
    assert made.types[1] == kind
    assert [item.identifier for item in made.entry.items] == ["item_1", "value"]
    assert (made.entry.format_category, made.entry.format_type) == ("spreadsheet", "xlsx")


def test_table_may_begin_below_and_end_in_empty_rows(tmp_path: Path) -> None:
    made = make(write(tmp_path, ["a", 1], ["b", "x"], [None, None], above=3))
    assert made.rows() == [("a", "1"), ("b", "x")]
    assert [text.en for text in made.draft.remarks] == ["read from the sheet `一`, names in row 4"]
    assert made.why(1) == "line 6 (`x`) isn't of type integer"


def test_sheet_is_the_first_or_the_one_named(tmp_path: Path) -> None:
    sheets = {"一": Sheet([["a"], [1]]), "二月": Sheet([["b"], [2]])}
    path = write_workbook(tmp_path / "table.xlsx", sheets)
    with pytest.raises(BadInput, match=r"no sheet `二`; did you mean `二月`\?"):
        make(path, sheet="二")
    with pytest.raises(BadInput, match=r"no sheet `x`; there are `一`, `二月`"):
        make(path, sheet="x")
    assert make(path, sheet="二月").rows() == [("2",)]


@pytest.mark.parametrize(
    ("rows", "sheet", "faults"),
    [
        (
            [["a", 1], ["b", Digits("999999198001010012")]],
            {},
            ["table.xlsx:3 B: a number of more than 15 digits: the spreadsheet rounded it, the last digits are lost"],
        ),
        ([["a", Digits("1234567890123456")]], {}, ["table.xlsx:2 B: a number of more than 15 digits"]),
        ([["a", CellError("#N/A")]], {}, ["table.xlsx:2 B: the cell's formula failed, so it holds an error"]),
        ([["a", 1, "x"]], {}, ["table.xlsx:2 C: the cell stands in a column without a name"]),
        ([["a", 1], [None, None], ["b", 2]], {}, ["table.xlsx:3: the line is empty; remove it"]),
        ([["a", 1]], {"merged": ["A1:B1"]}, ["table.xlsx:1 A: the cells A1:B1 are merged"]),
        ([["a", 1], [None, 2]], {"merged": ["A2:A3"]}, ["table.xlsx:2 A: the cells A2:A3 are merged"]),
    ],
)
def test_what_a_workbook_lost_is_told_with_place_and_mending(
    tmp_path: Path, rows: list[list[Cell]], sheet: dict[str, object], faults: list[str]
) -> None:
    with pytest.raises(FaultyTable) as refused:
        make(write(tmp_path, *rows, **sheet))
    told = faults_of(refused.value)
    assert len(told) == len(faults)
    assert all(line.startswith(fault) and "; " in line for line, fault in zip(told, faults, strict=True))
    assert [path.name for path in tmp_path.iterdir()] == ["table.xlsx"]


def test_failed_cells_are_found_wherever_a_large_sheet_is_cut(tmp_path: Path) -> None:
    count = 80_000
    path = write_workbook(tmp_path / "table.xlsx", {"一": Sheet([[CellError("#REF!")]] * count)})
    assert find_failed_cells(path, "一", count + 1) == [(row, "A") for row in range(1, count + 1)]
    assert find_failed_cells(path, "一", 3) == [(1, "A"), (2, "A"), (3, "A")]
    assert find_failed_cells(path, "二", 3) == []


def test_empty_sheet_and_no_workbook_are_told(tmp_path: Path) -> None:
    with pytest.raises(FaultyTable) as refused:
        make(write_workbook(tmp_path / "empty.xlsx", {"一": Sheet([])}))
    assert faults_of(refused.value) == ["empty.xlsx:1: the file is empty; write the header at least"]
    (tmp_path / "none.xlsx").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(BadInput, match=r"can't be read as a workbook; save it as \.xlsx"):
        make(tmp_path / "none.xlsx")
