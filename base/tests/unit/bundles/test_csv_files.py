import csv
import io
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.bundles.csv_files import Cells, CsvFault, parse_csv, render_csv_line

CELLS = st.none() | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0") | st.sampled_from(',"\r\n'), max_size=8
)
RECORDS = st.lists(st.lists(CELLS, min_size=1, max_size=4), min_size=1, max_size=5)


def parse(content: bytes | str) -> list[tuple[int, Cells | str]]:
    """What the records are, faults by their English words."""
    octets = content.encode() if isinstance(content, str) else content
    return [
        (line, outcome.what.en if isinstance(outcome, CsvFault) else outcome)
        for line, outcome in parse_csv(io.BytesIO(octets))
    ]


@given(RECORDS)
def test_what_is_written_reads_back_with_null_and_empty_text_apart(records: list[Cells]) -> None:
    # The mark is put before the text, as programs do: without it a first cell that begins with one would lose it.
    text = "\ufeff" + "".join(map(render_csv_line, records))
    assert [cells for _, cells in parse(text)] == records


@given(RECORDS)
def test_what_is_written_is_csv_to_another_parser(records: list[Cells]) -> None:
    text = "".join(map(render_csv_line, records))
    # That parser takes an empty line for a record without a cell.
    read = [record or [""] for record in csv.reader(io.StringIO(text, newline=""))]
    assert read == [[cell or "" for cell in record] for record in records]


@given(RECORDS, st.sampled_from(["\n", "\r\n"]))
def test_what_another_writer_writes_is_read(records: list[Cells], line_end: str) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator=line_end, quoting=csv.QUOTE_ALL).writerows(
        [[cell or "" for cell in record] for record in records]
    )
    assert [cells for _, cells in parse(out.getvalue())] == [[cell or "" for cell in record] for record in records]


@given(st.text(st.sampled_from('ab",\r\n\0'), max_size=30))
def test_any_text_gives_records_or_faults_and_never_raises(text: str) -> None:
    lines = [line for line, _ in parse(text)]
    assert lines == sorted(set(lines))
    assert all(1 <= line <= text.count("\n") + 1 for line in lines)


@given(st.binary(max_size=40))
def test_any_bytes_give_records_or_faults_and_never_raise(octets: bytes) -> None:
    for _, outcome in parse_csv(io.BytesIO(octets)):
        assert outcome


@pytest.mark.parametrize(
    ("cells", "text"),
    [
        ([None, "a"], ",a\n"),
        (["", "a"], '"",a\n'),
        ([None], "\n"),
        (["a,b", 'say "x"', "two\nlines", "a\rb"], '"a,b","say ""x""","two\nlines","a\rb"\n'),
        ([" a ", "=1+1", "村", "'"], " a ,=1+1,村,'\n"),
    ],
)
def test_only_what_needs_quotes_is_quoted(cells: Cells, text: str) -> None:
    assert render_csv_line(cells) == text


@pytest.mark.parametrize(
    ("text", "records"),
    [
        ("", []),
        ("a", [(1, ["a"])]),
        ("a,b\n1,2", [(1, ["a", "b"]), (2, ["1", "2"])]),
        ("a,b\r\n1,\r\n", [(1, ["a", "b"]), (2, ["1", None])]),
        (',""\n', [(1, [None, ""])]),
        ("\n\n", [(1, [None]), (2, [None])]),
        ('"a\nb",c\nd,e\n', [(1, ["a\nb", "c"]), (3, ["d", "e"])]),
        ('"a\r\n\r\nb"\r\nc\r\n', [(1, ["a\r\n\r\nb"]), (4, ["c"])]),
        ('x,"1""\n""2",y\nz\n', [(1, ["x", '1"\n"2', "y"]), (3, ["z"])]),
        ('"a","b"\n', [(1, ["a", "b"])]),
        ('"a",\n', [(1, ["a", None])]),
        ('""""\n', [(1, ['"'])]),
        ('"\r"\n', [(1, ["\r"])]),
        (" a , b \n", [(1, [" a ", " b "])]),
        ("\ufeffa,b\n\ufeff1,2\n", [(1, ["a", "b"]), (2, ["\ufeff1", "2"])]),
    ],
)
def test_records_are_read_as_the_standard_says(text: str, records: list[tuple[int, Cells]]) -> None:
    assert parse(text) == records


STRAY_QUOTE = "a quote stands inside a cell"
STRAY_RETURN = "a carriage return stands outside quotes"
UNCLOSED = "a quoted cell is never closed"
NUL = "the line holds a NUL character"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('a"b,c', STRAY_QUOTE),
        ('x,a"', STRAY_QUOTE),
        ('"a"b,c', STRAY_QUOTE),
        ('"a" ,c', STRAY_QUOTE),
        ('"a\rb"x', STRAY_QUOTE),
        (' "a"', STRAY_QUOTE),
        ("a\rb", STRAY_RETURN),
        ('"x",a\rb', STRAY_RETURN),
        ("a\r\r", STRAY_RETURN),
        ("a\0b,c", NUL),
        ('"a\0b",c', NUL),
    ],
)
def test_reading_goes_on_in_the_next_line_after_a_fault(text: str, fault: str) -> None:
    assert parse(f"h\n{text}\n1,2\n") == [(1, ["h"]), (2, fault), (3, ["1", "2"])]


@pytest.mark.parametrize("text", ['"a', '1,"a', '"', '"a""', 'x,"'])
def test_quote_that_is_never_closed_is_a_fault_of_its_line_and_reading_goes_on(text: str) -> None:
    assert parse(f"h\n{text}\n2,3\n") == [(1, ["h"]), (2, UNCLOSED), (3, ["2", "3"])]
    assert parse(f"h\n{text}") == [(1, ["h"]), (2, UNCLOSED)]


def test_quote_that_another_line_closes_wrongly_is_a_fault_of_its_own_line() -> None:
    assert parse('1,"a\n2,"b"\n3,"c\nd"\n') == [(1, STRAY_QUOTE), (2, ["2", "b"]), (3, ["3", "c\nd"])]


@pytest.mark.parametrize(
    ("text", "before"),
    [
        ('1,x,a"b,4', ("1", "x")),
        ("1,x,a\rb,4", ("1", "x")),
        ("1,,a\0b,4", ("1", None)),
        ('"1","a\0b",4', ()),
        ('1,"x', ("1",)),
        ('a"', ()),
    ],
)
def test_fault_holds_the_cells_before_it(text: str, before: tuple[str | None, ...]) -> None:
    [(_, outcome)] = parse_csv([text.encode()])
    assert isinstance(outcome, CsvFault)
    assert outcome.before == before


def test_lines_in_another_encoding_are_told_of_once() -> None:
    content = b"code,name\n1," + "村".encode("gb18030") + b"\n2," + "街".encode("gb18030") + b"\n3,x\n"
    assert parse(content) == [
        (1, ["code", "name"]),
        (2, "the text isn't UTF-8 but seems to be GB18030"),
        (4, ["3", "x"]),
    ]


def test_line_in_another_encoding_is_told_by_its_own_number_within_a_record() -> None:
    assert parse(b'a,"b\nc\xff"\nd\n') == [(2, "the text isn't UTF-8"), (3, ["d"])]


@pytest.mark.parametrize("text", ['"' + '""\n' * 40_000, '"a\n' * 40_000, '"' + "x" * 2_000_000, '"a",' * 100_000])
def test_hostile_text_is_read_in_time_in_proportion_to_it(text: str) -> None:
    start = time.process_time()
    parse(text)
    assert time.process_time() - start < 3
