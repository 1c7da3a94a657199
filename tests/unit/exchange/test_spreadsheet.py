"""Workbooks: cells are texts, numbers and truths, never formulas, however hostile; and they can be had again."""

import io
import re
from xml.etree import ElementTree
from zipfile import ZipFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.errors import BadInput
from portal.exchange.spreadsheet import SHEET_ROWS, SpreadsheetWriter, check_rows
from tests.fixtures.exchanging import hostile_cells

SPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
Cell = str | int | bool | None


def written(rows: list[tuple[Cell, ...]], watermark: str = "department=1") -> bytes:
    writer = SpreadsheetWriter(["a"], watermark)
    return writer.begin() + b"".join(writer.rows([row]) for row in rows) + writer.end({})


def cells_of(content: bytes, sheet: int = 1) -> list[list[Cell]]:
    with ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        tree = ElementTree.fromstring(archive.read(f"xl/worksheets/sheet{sheet}.xml"))  # noqa: S314  written just now
    assert not list(tree.iter(f"{SPACE}f"))
    return [[cell_of(cell) for cell in row] for row in tree.iter(f"{SPACE}row")]


def cell_of(cell: ElementTree.Element) -> Cell:
    kind, value = cell.get("t"), cell.findtext(f"{SPACE}v")
    if kind == "inlineStr":
        text = "".join(cell.itertext())
        return re.sub("_x([0-9A-F]{4})_", lambda found: chr(int(found[1], 16)), text)
    if kind == "b":
        return value == "1"
    return None if value is None else int(value)


@pytest.mark.clause("threats.md T45")
def test_hostile_texts_are_texts() -> None:
    texts = hostile_cells()
    content = written([(text,) for text in texts])
    assert cells_of(content) == [["a"], *([text] for text in texts)]
    with ZipFile(io.BytesIO(content)) as archive:
        assert all(b"<f" not in archive.read(name) for name in archive.namelist())


@settings(max_examples=50)
@given(st.lists(st.tuples(st.none() | st.booleans() | st.text(st.characters(exclude_categories=["Cs"])))))
def test_texts_and_truths_read_back(rows: list[tuple[Cell]]) -> None:
    assert cells_of(written(list(rows))) == [["a"], *(list(row) for row in rows)]


def test_numbers_are_exact_or_text() -> None:
    exact, long = 10**15 - 1, 10**15
    assert cells_of(written([(exact,), (-exact,), (long,), (-long,)])) == [
        ["a"],
        [exact],
        [-exact],
        [str(long)],
        [str(-long)],
    ]


def test_cell_that_excel_can_not_hold_is_refused() -> None:
    with pytest.raises(BadInput, match="32768"):
        written([("x" * 32768,)])


@pytest.mark.clause("threats.md T26")
def test_watermark_is_in_properties_and_a_sheet_of_its_own() -> None:
    content = written([], "department=1; purpose=<&>")
    assert cells_of(content, 2) == [["department=1; purpose=<&>"]]
    with ZipFile(io.BytesIO(content)) as archive:
        assert b"purpose=&lt;&amp;&gt;" in archive.read("docProps/core.xml")


def test_rows_leave_as_they_are_written() -> None:
    """Memory is a packer's window: of many rows most octets are out before the end."""
    writer = SpreadsheetWriter(["a"], "")
    writer.begin()
    early = sum(
        len(writer.rows([(f"{n}-{n * n}-{n**3 % 9973}",) for n in range(part, part + 1000)]))
        for part in range(0, 40_000, 1000)
    )
    assert early > 10 * len(writer.end({}))


def test_workbook_that_was_not_begun_has_no_rows() -> None:
    with pytest.raises(ValueError, match="begun"):
        SpreadsheetWriter(["a"], "").rows([("x",)])


def test_rows_beyond_a_sheet_are_refused() -> None:
    check_rows(SHEET_ROWS - 1)
    with pytest.raises(BadInput, match="1048575 beside its header"):
        check_rows(SHEET_ROWS)
