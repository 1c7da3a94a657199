import dataclasses
import os
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.bundles.bundle import Dataset
from portal.bundles.csv_files import render_csv_line
from portal.bundles.data_files import FAULTS_LIMIT, DataFile, empty_dataset, read_dataset
from portal.catalog.entries import CatalogEntry
from portal.catalog.reading import parse_entry
from portal.conditions.values import render_cell
from portal.errors import BadInput
from portal.json_text import JsonValue
from portal.vocabulary import ItemIdentifier
from tests.fixtures.dataset_rows import DataRow, rows_of
from tests.fixtures.small_bundle import entry as entry_document
from tests.fixtures.small_bundle import item

FILE = "data/things.csv"


def entry(*items: dict[str, JsonValue], **members: JsonValue) -> CatalogEntry:
    parsed, faults = parse_entry(entry_document("things", "303001001/1", list(items), **members), "catalog/things.json")
    assert faults == []
    assert parsed is not None
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


def read(
    folder: Path, text: str | bytes, of: CatalogEntry = PLAIN
) -> tuple[Dataset, list[tuple[int | None, str, str]]]:
    path = folder / "things.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    dataset, faults = read_dataset(DataFile(FILE, path, of))
    assert {fault.file for fault in faults} <= {FILE}
    return dataset, [(fault.row, fault.column, fault.what.en) for fault in faults]


def test_rows_are_typed_in_the_order_of_the_entry_s_items(tmp_path: Path) -> None:
    dataset, faults = read(
        tmp_path,
        "more,moment,day,flag,amount,number,code\n"
        '"{""a"": [1.0]}",2026-01-31T08:00:00+08:00,2026-01-31,true,-0.5,9223372036854775807,a\n'
        ',,,,,,""\n',
        EVERY_TYPE,
    )
    assert faults == []
    assert (dataset.entry, dataset.row_count) == (EVERY_TYPE.code, 2)
    assert list(rows_of(dataset, EVERY_TYPE)) == [
        (
            "a",
            9223372036854775807,
            Decimal("-0.5"),
            True,
            date(2026, 1, 31),
            datetime(2026, 1, 31, tzinfo=UTC),
            '{"a": [1.0]}',
        ),
        ("", None, None, None, None, None, None),
    ]


def test_rows_can_be_read_again_and_again(tmp_path: Path) -> None:
    dataset, _ = read(tmp_path, "code,size\na,1\nb,2\n")
    assert list(rows_of(dataset, PLAIN)) == list(rows_of(dataset, PLAIN)) == [("a", 1), ("b", 2)]


def test_file_with_a_header_alone_has_no_rows_and_the_digest_of_none(tmp_path: Path) -> None:
    dataset, faults = read(tmp_path, "size,code\n")
    assert (dataset.row_count, list(rows_of(dataset, PLAIN)), faults) == (0, [], [])
    assert dataset.digest == empty_dataset(PLAIN).digest
    assert list(rows_of(empty_dataset(PLAIN), PLAIN)) == []


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("", [(1, "", "the file is empty")]),
        ("code,size,colour\na,1,red\n", [(1, "colour", "unknown column `colour`")]),
        ("code,sise\na,1\n", [(1, "sise", "unknown column `sise`")]),
        ("code\na\n", [(1, "size", "no column `size`")]),
        ("size\n1\n1\n", [(1, "code", "no column `code`")]),
        ("code,size,size\na,1,2\n", [(1, "size", "column `size` twice")]),
        ("code,size\na,1,2\nb\nc,3\n", [(2, "", "3 cells, the header has 2"), (3, "", "1 cells, the header has 2")]),
        ("code,size\n\na,1\n", [(2, "", "the line is empty")]),
        ("code,size\na,1\nb,x\n", [(3, "size", "`x` is no integer")]),
        ("code,size\na,1\nabcdef,2.0\n", [(3, "code", "has 6 characters, 5 are allowed"), (3, "size", "no integer")]),
        ("code,size\nabcdef,\n", [(2, "code", "has 6 characters, 5 are allowed")]),
        ('code,size\na,""\n', [(2, "size", "`` is no integer")]),
        ("code,size\na, 1\n", [(2, "size", "` 1` is no integer")]),
        ("code,size\n,1\n", [(2, "code", "the key is empty")]),
        ("code,size\na,1\nb,2\na,3\na,4\n", [(4, "code", "that of line 2"), (5, "code", "that of line 2")]),
        ('code,size\n"a,1\nb,2\n', [(2, "", "a quoted cell is never closed")]),
        ('code,size\n"a\nb",x\n', [(2, "size", "`x` is no integer")]),
        ("code,size\na,1\0\n", [(2, "", "NUL")]),
    ],
)
def test_file_has_exactly_the_planted_faults(tmp_path: Path, text: str, places: list[tuple[int, str, str]]) -> None:
    _, faults = read(tmp_path, text)
    assert [fault[:2] for fault in faults] == [place[:2] for place in places]
    assert all(what in fault[2] for fault, (_, _, what) in zip(faults, places, strict=True))


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ("a,1,1.001,true,2026-01-31,2026-01-31T08:00:00Z,1", "amount"),
        ("a,1,1e2,true,2026-01-31,2026-01-31T08:00:00Z,1", "amount"),
        ("a,9223372036854775808,1,true,2026-01-31,2026-01-31T08:00:00Z,1", "number"),
        ("a,1,1,True,2026-01-31,2026-01-31T08:00:00Z,1", "flag"),
        ("a,1,1,1,2026-01-31,2026-01-31T08:00:00Z,1", "flag"),
        ("a,1,1,true,2026-02-29,2026-01-31T08:00:00Z,1", "day"),
        ("a,1,1,true,2026-01-31,2026-01-31T08:00:00,1", "moment"),
        ("a,1,1,true,2026-01-31,2026-01-31T08:00:00.5Z,1", "moment"),
        ("a,1,1,true,2026-01-31,2026-01-31T08:00:00Z,{", "more"),
    ],
)
def test_cell_that_is_not_of_its_type_is_one_fault(tmp_path: Path, cells: str, column: str) -> None:
    header = ",".join(item.identifier for item in EVERY_TYPE.items)
    _, faults = read(tmp_path, f"{header}\n{cells}\n", EVERY_TYPE)
    assert [fault[:2] for fault in faults] == [(2, column)]


def test_key_of_several_items_is_unique_as_a_whole(tmp_path: Path) -> None:
    both = entry(item("code", length=5), item("size", "integer"), key=["code", "size"])
    _, faults = read(tmp_path, "size,code\n1,a\n2,a\n1,b\n1,a\n,\n3,\n", both)
    assert faults == [
        (5, "code,size", "the key is that of line 2"),
        (6, "code", "the key is empty"),
        (6, "size", "the key is empty"),
        (7, "code", "the key is empty"),
    ]


def test_keys_are_compared_as_values_and_not_as_text(tmp_path: Path) -> None:
    amounts = entry(item("amount", "decimal", scale=2))
    moments = entry(item("moment", "datetime"))
    assert read(tmp_path, "amount\n1.5\n1.50\n", amounts)[1] == [(3, "amount", "the key is that of line 2")]
    text = "moment\n2026-01-31T08:00:00+08:00\n2026-01-31T00:00:00Z\n"
    assert read(tmp_path, text, moments)[1] == [(3, "moment", "the key is that of line 2")]


def test_key_that_the_entry_lacks_is_no_fault_of_the_rows(tmp_path: Path) -> None:
    stand_in = dataclasses.replace(PLAIN, key=(ItemIdentifier("cod"),))
    assert read(tmp_path, "code,size\na,1\na,2\n", stand_in)[1] == []
    assert read(tmp_path, "code,size\na,1\na,2\n", dataclasses.replace(PLAIN, key=()))[1] == []


def test_file_in_another_encoding_is_one_fault(tmp_path: Path) -> None:
    rows = "".join(f"{number},{number}村\n" for number in range(9))
    _, faults = read(tmp_path, ("code,size\n" + rows).encode("gb18030"))
    assert faults == [(2, "", "the text isn't UTF-8 but seems to be GB18030")]
    _, faults = read(tmp_path, ("code,size\n" + rows).encode("utf-16"))
    assert faults == [(1, "", "the text isn't UTF-8 but seems to be UTF-16")]


def test_faults_beyond_the_limit_are_counted(tmp_path: Path) -> None:
    _, faults = read(tmp_path, "code,size\n" + "".join(f"{row},x\n" for row in range(FAULTS_LIMIT + 7)))
    assert len(faults) == FAULTS_LIMIT + 1
    assert faults[-1] == (None, "", "7 more faults aren't listed")
    _, faults = read(tmp_path, "code,size\n" + "".join(f"{row},x\n" for row in range(FAULTS_LIMIT)))
    assert len(faults) == FAULTS_LIMIT


def digest_of(folder: Path, text: str, of: CatalogEntry = PLAIN) -> str:
    dataset, faults = read(folder, text, of)
    assert faults == []
    return dataset.digest


def test_digest_is_that_of_the_values_whatever_their_notation(tmp_path: Path) -> None:
    things = entry(item("code"), item("amount", "decimal", scale=2), item("moment", "datetime"))
    assert digest_of(tmp_path, "code,amount,moment\na,1.5,2026-01-31T08:00:00+08:00\n", things) == digest_of(
        tmp_path, '\ufeffmoment,"amount",code\r\n2026-01-31T00:00:00Z,1.50,"a"', things
    )


@pytest.mark.parametrize(
    "text",
    [
        "code,size\na,1\n",
        "code,size\na,2\n",
        "code,size\na,\n",
        'code,size\n"",1\n',
        "code,size\na,1\nb,1\n",
        "code,size\nb,1\na,1\n",
        "code,size\n",
        'code,size\n"a-",1\n',
        'code,size\n"-",1\n',
    ],
)
def test_digest_tells_rows_apart(tmp_path: Path, text: str) -> None:
    # The same text under an entry with other items is other content.
    renamed = entry(item("code", length=5), item("size", "string"))
    others = ["code,size\nx,1\n", "code,size\nx,1\ny,1\n", 'code,size\n"=a",1\n', text]
    digests = [digest_of(tmp_path, other) for other in others] + [digest_of(tmp_path, text, renamed)]
    assert len(set(digests)) == len(digests)


NO_NUL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=4)
ROWS = st.lists(st.tuples(NO_NUL, st.none() | NO_NUL), max_size=5, unique_by=lambda row: row[0])


@given(ROWS, ROWS)
def test_digests_are_equal_exactly_when_rows_are(
    tmp_path_factory: pytest.TempPathFactory, first: list[tuple[str, str | None]], second: list[tuple[str, str | None]]
) -> None:
    texts = entry(item("code"), item("note"))
    folder = tmp_path_factory.mktemp("rows")
    digests = []
    for rows in (first, second):
        dataset, faults = read(folder, "code,note\n" + "".join(map(render_csv_line, rows)), texts)
        assert faults == []
        assert list(rows_of(dataset, texts)) == rows
        digests.append(dataset.digest)
    assert (digests[0] == digests[1]) == (first == second)


def test_rendered_rows_read_back_with_the_same_digest(tmp_path: Path) -> None:
    text = "code,amount,moment\na,1.5,2026-01-31T08:00:00+08:00\nb,,\n"
    things = entry(item("code"), item("amount", "decimal", scale=2), item("moment", "datetime"))
    dataset, _ = read(tmp_path, text, things)

    def cells(row: DataRow) -> list[str | None]:
        return [
            None if value is None else render_cell(value, each.type, each.scale)
            for value, each in zip(row, things.items, strict=True)
        ]

    written = "code,amount,moment\n" + "".join(render_csv_line(cells(row)) for row in rows_of(dataset, things))
    assert digest_of(tmp_path, written, things) == dataset.digest


@pytest.mark.parametrize(
    "changed",
    ["code,size\na,1\nb,9\n", "code,size\na,1\n", "code,size\na,1,2\nb,2\n", 'code,size\n"a,1\nb,2\n', ""],
)
def test_rows_of_a_file_that_has_changed_are_refused(tmp_path: Path, changed: str) -> None:
    dataset, _ = read(tmp_path, "code,size\na,1\nb,2\n")
    (tmp_path / "things.csv").write_text(changed, encoding="utf-8")
    os.utime(tmp_path / "things.csv", (1, 1))
    with pytest.raises(BadInput, match="has changed since it was checked"):
        list(rows_of(dataset, PLAIN))


@pytest.mark.parametrize("appended", ["a,9\n", "a\n", "c,3,4\n"])
def test_rows_are_refused_when_the_file_changes_while_they_are_read(tmp_path: Path, appended: str) -> None:
    dataset, _ = read(tmp_path, "code,size\n" + "".join(f"{row},1\n" for row in range(3000)))
    rows = rows_of(dataset, PLAIN)
    assert next(rows) == ("0", 1)
    with (tmp_path / "things.csv").open("a", encoding="utf-8") as file:
        file.write(appended)
    with pytest.raises(BadInput, match="has changed since it was checked"):
        list(rows)
