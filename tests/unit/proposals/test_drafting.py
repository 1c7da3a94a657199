"""What is guessed of odd files, what is refused of them, and that nothing of a cell is lost."""

import re
import tracemalloc
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.bundles.csv_files import render_csv_line
from portal.catalog.codes import identity_check_character
from portal.conditions.tree import ValueType
from portal.conditions.values import parse_cell
from portal.errors import BadInput
from portal.proposals.csv_source import Separator
from portal.proposals.drafting import DraftOrder, draft_entry
from portal.proposals.source import FaultyTable
from portal.proposals.staging import BundlePlace
from portal.proposals.surroundings import Surroundings
from tests.fixtures.new_entries import faults_of, make, make_of
from tests.fixtures.small_bundle import PROVIDER

IDENTITY = "99999919800101001" + identity_check_character("99999919800101001")
"""A synthetic number of the unassigned region, whose check digit is right."""


@pytest.mark.parametrize(
    ("cells", "kind", "why"),
    [
        (["1", "2", "-3"], "integer", "every cell is of type integer"),
        (["0", "-0"], "integer", "every cell is of type integer"),
        (["1", "2", "x"], "string(1)", "line 4 (`x`) isn't of type integer"),
        (["1", "02"], "string(10)", "line 3 (`02`) isn't of type integer"),
        (["1", " 2"], "string(10)", "line 3 (` 2`) isn't of type integer"),
        (["1", "1234567890123456789"], "string(20)", "line 3 (`1234567890123456789`) isn't of type integer"),
        (["1", "999999198001010012"], "string(20)", "whole numbers of more than 15 characters are rounded"),
        (["1", "2.50"], "decimal(2)", "line 3 (`2.50`) isn't of type integer"),
        (["1.5", "1e5"], "string(3)", "line 3 (`1e5`) isn't of type decimal"),
        (["0.123456789", "1234567890.5"], "string(20)", "line 3 (`1234567890.5`) isn't of type decimal"),
        (["1.5", "12,5"], "string(10)", "line 3 (`12,5`) isn't of type decimal"),
        (["true", "FALSE", "True"], "boolean", "every cell is of type boolean"),
        (["true", "是"], "string(10)", "line 3 (`是`) isn't of type boolean"),
        (["2026-01-31", "2026/2/1", "2026.3.1", "2026年4月1日"], "date", "every cell is of type date"),
        (["2026-01-31", "2026-02-30"], "string(10)", "line 3 (`2026-02-30`) isn't of type date"),
        (["31/01/2026"], "string(10)", "line 2 (`31/01/2026`) isn't of type integer"),
        (["2026-01-31T08:00:00Z"], "datetime", "every cell is of type datetime"),
        (
            ["2026-01-31T08:00:00Z", "2026/1/31 8:05"],
            "datetime",
            "every cell is a time; without an offset, as in line 3, it is taken as +08:00",
        ),
        (["2026-01-31 08:00:00", "2026-01-31"], "string(20)", "line 3 (`2026-01-31`) isn't of type datetime"),
        (["2026-01-31 08:00:00.5"], "string(21)", "line 2 (`2026-01-31 08:00:00.`) isn't of type integer"),
        (["2026-01-31 08:00", "2026-01-31 25:00"], "string(16)", "line 3 (`2026-01-31 25:00`) isn't of type datetime"),
        (["", "", ""], "string(200)", "every cell is empty"),
        (["1", '""', "2"], "integer", 'every cell is of type integer; `""`, first in line 3, is taken as no value'),
    ],
)
def test_type_is_guessed_and_told_by_the_line_that_decides(
    tmp_path: Path, cells: list[str], kind: str, why: str
) -> None:
    quoted = [cell if cell == '""' else render_csv_line([cell or None]).strip("\n") for cell in cells]
    lines = "".join(f"{cell},{number}\n" for number, cell in enumerate(quoted))
    made = make_of(tmp_path, f"value,number\n{lines}")
    assert made.types[0] == kind
    assert made.why(0).startswith(why)
    assert len(made.rows()) == len(cells)


@pytest.mark.parametrize(
    ("header", "cells", "kind", "sensitivity", "why"),
    [
        ("note", [IDENTITY, "x"], "string(20)", 4, "line 2 holds an identity number"),
        ("note", ["x", f"号码{IDENTITY.lower()}。"], "string(50)", 4, "line 3 holds an identity number"),
        ("note", ["9999991980010100123"], "string(19)", 1, "isn't of type"),
        ("note", ["10099000001", "10099000002"], "string(11)", 3, "line 2 holds a phone number"),
        ("note", ["欧阳某", "张三", "王小二", "李四", "x"], "string(10)", 3, "line 2 holds names of persons"),
        ("note", ["张三", "东村", "西村"], "string(2)", 1, "isn't of type"),
        ("家庭住址", ["甲路"], "string(2)", 3, "the name of the column tells of persons"),
        ("birth date", ["1980-01-31"], "date", 3, "the name of the column tells of persons"),
        ("区划代码", ["99999901", "99999902"], "string(8)", 1, "a code by its name: each of 8 digits"),
        ("区划代码", ["1", "22"], "integer", 1, "every cell is of type integer"),
        ("人数", ["1001", "1002"], "integer", 1, "every cell is of type integer"),
    ],
)
def test_sensitivity_is_guessed_upwards(
    tmp_path: Path, header: str, cells: list[str], kind: str, sensitivity: int, why: str
) -> None:
    made = make_of(tmp_path, f"{header}\n" + "".join(f"{cell}\n" for cell in cells))
    assert (made.types[0], made.entry.items[0].sensitivity) == (kind, sensitivity)
    assert why in made.why(0)
    if sensitivity > 1:
        assert not any(cell in made.why(0) for cell in cells)


def test_wrong_check_digit_is_no_identity_number(tmp_path: Path) -> None:
    wrong = IDENTITY[:-1] + str((int(IDENTITY[-1].replace("X", "0")) + 1) % 10)
    assert make_of(tmp_path, f"note\nx{wrong}\n{wrong}\n").entry.items[0].sensitivity == 1


def test_draft_denies_until_somebody_decides(tmp_path: Path) -> None:
    entry = make_of(tmp_path, "code,name\n1,a\n").entry
    assert (entry.share_class, entry.open, entry.status) == ("not_shared", False, "draft")
    assert {(item.share_class, item.open) for item in entry.items} == {("not_shared", False)}


@pytest.mark.parametrize(
    ("content", "key", "why"),
    [
        ("a,b\n1,1\n2,1\n", ("a",), "no cell of `a` is empty, no two rows are alike"),
        ("a,b\n1,1\n1,2\n", ("b",), "`a` is the same in lines 2 and 3"),
        ("a,b\n,1\n1,2\n", ("b",), "`a` is empty in line 2"),
        ("a,b\n1,1\n1,2\n2,1\n", ("a", "b"), "`a` is the same in lines 2 and 3"),
        ("a,b,c\n1,1,1\n1,1,2\n1,2,1\n2,1,1\n", ("a", "b", "c"), "`a` is the same in lines 2 and 3"),
        ("a,b\n1.5,1\n1.50,2\n", ("b",), "`a` is the same in lines 2 and 3"),
        ("a,b\n2026-01-31,1\n2026/1/31,2\n", ("b",), "`a` is the same in lines 2 and 3"),
        ('a,b\n"",1\nx,2\n', ("b",), "`a` is empty in line 2"),
        ("a,b,c\n1,,x\n1,,x\n", (), "no key was found"),
    ],
)
def test_key_is_the_leftmost_or_the_smallest(tmp_path: Path, content: str, key: tuple[str, ...], why: str) -> None:
    made = make_of(tmp_path, content)
    assert made.entry.key == key
    assert why in made.why_key


def test_key_is_sought_among_all_rows_and_not_the_first(tmp_path: Path) -> None:
    lines = [f"{number % 2500},{number % 2499},{number}\n" for number in range(5000)]
    made = make_of(tmp_path, "a,b,c\n" + "".join(lines))
    assert made.entry.key == ("c",)
    found = re.search(r"`a` is the same in lines (\d+) and (\d+)", made.why_key)
    assert found is not None
    assert int(found[2]) - int(found[1]) == 2500


@pytest.mark.parametrize(
    ("content", "remark"),
    [
        ("code,名称\n1,村\n", "UTF-8, cells separated by comma"),
        ("\ufeffcode,名称\n1,村\n", "UTF-8, cells separated by comma"),
        ("code;名称\r\n1;村\r\n", "UTF-8, cells separated by semicolon"),
        ("code\t名称\n1\t村\n", "UTF-8, cells separated by tab"),
        ('code\t名称\n1\t"村"\n', "UTF-8, cells separated by tab"),
        ("code;名称,别名\n1;村\n", "UTF-8, cells separated by semicolon"),
        ("code,名称\n1,村\n".encode("gb18030"), "GB18030, cells separated by comma"),
        ("code;名称\n1;村\n".encode("gb18030"), "GB18030, cells separated by semicolon"),
    ],
)
def test_encoding_and_separator_are_told_of_the_file(tmp_path: Path, content: str | bytes, remark: str) -> None:
    made = make_of(tmp_path, content)
    assert [text.en for text in made.draft.remarks] == [f"read as {remark}"]
    assert made.rows() == [("1", "村")]
    assert [item.identifier for item in made.entry.items] == ["code", "item_2"]
    assert made.entry.items[1].name.startswith("名称")


def test_separator_is_taken_as_it_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"could be separated by .* with `--separator`"):
        make_of(tmp_path, "a;b,c\n")
    assert make_of(tmp_path, "a;b,c\n", separator=Separator.COMMA).draft.entry.items[0].name == "a;b"


@pytest.mark.parametrize(
    ("content", "faults"),
    [
        ("", ["table.csv:1: the file is empty; write the header at least"]),
        ("a,b,a\n1,2,3\n", ["table.csv:1 A, C: 2 columns are named `a`; name each differently"]),
        ("a, a\n1,2\n", ["table.csv:1 A, B: 2 columns are named `a`; name each differently"]),
        ("名录,,\na,b,c\n", ["table.csv:1 B: column 2 has no name", "table.csv:1 C: column 3 has no name"]),
        ("1,2026-01-31\n2,2026-02-01\n", ["table.csv:1: the first line holds values and no names of columns"]),
        ("a,b\n1\n2,3,4\n\n5,6\n", ["table.csv:2: 1 cells", "table.csv:3: 3 cells", "table.csv:4: the line is empty"]),
        ('a,b\n"1,2\n3,4\n', ["table.csv:2: a quoted cell is never closed"]),
        ("a,b\n1,\0\n", ["table.csv:2: the line holds a NUL character"]),
        (
            "a,b\n名,村\n".encode() + "1,村名称\n".encode("gb18030"),
            ["table.csv:3: the text isn't UTF-8 but seems to be"],
        ),
        (
            "\ufeffa,b\n1,".encode() + "村名称\n".encode("gb18030"),
            ["table.csv:2: the text isn't UTF-8 but seems to be"],
        ),
        ("a,b\n1,村\n".encode("utf-16"), ["table.csv:1: the text isn't UTF-8 but seems to be UTF-16"]),
        ("a,b\n" + "1\n" * 1001, ["table.csv:2: 1 cells"]),
        (",".join(f"c{number}" for number in range(1001)) + "\n", ["table.csv:1: 1001 columns, 1000 are allowed"]),
    ],
)
def test_odd_file_is_refused_with_place_and_mending(tmp_path: Path, content: str | bytes, faults: list[str]) -> None:
    with pytest.raises(FaultyTable) as refused:
        make_of(tmp_path, content)
    told = faults_of(refused.value)
    assert [line for line, fault in zip(told, faults, strict=False) if not line.startswith(fault)] == []
    assert len(told) == (1001 if faults[0].endswith("2: 1 cells") and len(faults) == 1 else len(faults))
    assert all("; " in line for line in told)
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]


def test_file_that_changes_meanwhile_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("a\n1\n", encoding="utf-8")

    def meddle(_done: int) -> None:
        path.write_text("a\n1\nx\n", encoding="utf-8")

    with pytest.raises(BadInput, match="was changed while it was read"):
        draft_entry(DraftOrder(path, PROVIDER), Surroundings(), BundlePlace(tmp_path / "b", is_new=True), meddle)
    assert [found.name for found in tmp_path.iterdir()] == ["table.csv"]


def test_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"can't be read .* name a CSV file"):
        make(tmp_path / "none.csv")


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    def peak(rows: int) -> int:
        folder = tmp_path / str(rows)
        folder.mkdir()
        (folder / "table.csv").write_text(
            "a,b,c\n" + "".join(f"{number % 99},{number // 99},note {number}\n" for number in range(rows)),
            encoding="utf-8",
        )
        tracemalloc.start()
        try:
            assert make(folder / "table.csv").entry.key == ("c",)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    small, large = peak(8_000), peak(32_000)
    # What is kept of a key is 16 octets in buckets of a bounded size.
    assert large < small + 24_000 * 40


_TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
_TIMES = st.datetimes(datetime(1000, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - drawn in UTC
_KINDS = {
    ValueType.STRING: _TEXTS,
    ValueType.INTEGER: st.integers(-(10**18) + 1, 10**18 - 1).map(str),
    ValueType.DECIMAL: st.decimals(-(10**8), 10**8, places=4).map(lambda number: f"{number:f}"),
    ValueType.BOOLEAN: st.sampled_from(["true", "FALSE"]),
    ValueType.DATE: st.dates(date(1000, 1, 1)).map(lambda day: f"{day.year}/{day.month}/{day.day}"),
    ValueType.DATETIME: _TIMES.map(
        lambda moment: moment.replace(microsecond=0).astimezone(timezone(timedelta(hours=8))).isoformat(sep=" ")
    ),
}


@st.composite
def tables(draw: st.DrawFn) -> list[list[str | None]]:
    """Return the rows of a table whose first column numbers them."""
    kinds = draw(st.lists(st.sampled_from(sorted(_KINDS)), min_size=1, max_size=4))
    count = draw(st.integers(1, 6))
    columns = [[draw(st.none() | _KINDS[kind]) for _ in range(count)] for kind in kinds]
    return [[f"k{number}", *cells] for number, cells in enumerate(zip(*columns, strict=True))]


@given(tables(), st.sampled_from([",", ";", "\t"]), st.sampled_from(["utf-8", "utf-8-sig", "gb18030"]))
def test_every_cell_reads_back_as_the_value_that_the_file_holds(
    rows: list[list[str | None]], separator: str, encoding: str
) -> None:
    header = ["k", *(f"列{number}" for number in range(1, len(rows[0])))]

    def line(cells: Sequence[str | None]) -> str:
        quoted = ("" if cell is None else '"' + cell.replace('"', '""') + '"' for cell in cells)
        return separator.join(quoted) + "\n"

    content = (line(header) + "".join(map(line, rows))).encode(encoding)
    told = {",": Separator.COMMA, ";": Separator.SEMICOLON, "\t": Separator.TAB}[separator]
    with TemporaryDirectory() as folder:
        made = make_of(Path(folder), content, separator=told)
        read = made.rows()
    assert len(read) == len(rows)
    for item, *cells in zip(made.entry.items, zip(*rows, strict=True), zip(*read, strict=True), strict=True):
        for before, after in zip(*cells, strict=True):
            assert same_value(before, after, item.type, item.scale), (before, after, item)


def same_value(before: str | None, after: str | None, value_type: ValueType, scale: int | None) -> bool:
    """Return whether the portal holds what the file does, by another reading than the portal's own."""
    if before is None or (before == "" and value_type is not ValueType.STRING):
        return after is None
    if after is None:
        return False
    match value_type:
        case ValueType.STRING:
            return before == after
        case ValueType.INTEGER:
            return int(before) == int(after)
        case ValueType.DECIMAL:
            return Decimal(before) == Decimal(after)
        case ValueType.BOOLEAN:
            return before.lower() == after
        case ValueType.DATE:
            return date(*map(int, before.replace(".", "/").replace("-", "/").split("/"))) == date.fromisoformat(after)
        case _:
            return datetime.fromisoformat(before) == parse_cell(after, value_type, scale)
