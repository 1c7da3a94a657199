"""Reading by batches says of every file what reading record by record says."""

import io
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portal.bundles.csv_batches import CsvBatch, OddRecord, parse_batches
from portal.bundles.csv_files import Cells, CsvFault, parse_csv

Records = list[tuple[int, Cells | CsvFault]]

PIECES = [
    "a",
    "b",
    ",",
    ",",
    "\n",
    "\n",
    "\r\n",
    '"',
    '"',
    '""',
    "\r",
    "\0",
    "村",
    "\ufeff",
    '"x\ny",',
    "a,b\n",
    "a,b\n",
]
FILES = st.lists(st.sampled_from(PIECES).map(str.encode) | st.just(b"\xff"), max_size=40).map(b"".join)


def by_batches(file: bytes, width: int, chunk: int) -> Iterator[tuple[int, Cells | CsvFault]]:
    for batch in parse_batches(io.BytesIO(file), 2, width, chunk):
        if isinstance(batch, OddRecord):
            yield batch.line, batch.record
        else:
            assert isinstance(batch, CsvBatch)
            yield from zip(batch.lines, map(list, zip(*batch.columns, strict=True)), strict=True)


@given(FILES, st.integers(1, 3), st.integers(1, 30))
@example(b'a"b,c\n"x,y\nz",w\n', 2, 8)
@example(b'"a\nb",c\nd,e\n', 2, 1)
@example(b"a\rb,c\n", 2, 8)
@example(b"a,b\r\nc,d\r", 2, 80)
@example(b"a,b\r\nc,d\r\n", 2, 80)
@example(b'""\n\n\n', 1, 1)
def test_batches_say_what_single_records_say(file: bytes, width: int, chunk: int) -> None:
    assert list(by_batches(file, width, chunk)) == list(parse_csv(io.BytesIO(file), 2))


@pytest.mark.parametrize("chunk", [1, 5, 1 << 16])
def test_quoted_cell_goes_on_over_many_lines_and_chunks(chunk: int) -> None:
    text = "x\n" * 3000
    file = f'a,b\n"{text}",c\nd,""\n'.encode()
    assert list(by_batches(file, 2, chunk)) == [(2, ["a", "b"]), (3, [text, "c"]), (3004, ["d", ""])]


def test_quote_that_is_never_closed_is_told_once_and_the_rest_is_read() -> None:
    file = b'a,"b\n' + b"c,d\n" * 30_000
    found = list(by_batches(file, 2, 100))
    assert found == list(parse_csv(io.BytesIO(file), 2))
    assert isinstance(found[0][1], CsvFault)
    assert len(found) == 30_001


def test_batches_are_bounded_however_large_the_file() -> None:
    file = io.BytesIO(b"a,b\n" * 200_000)
    sizes = [len(batch.lines) for batch in parse_batches(file, 1, 2) if isinstance(batch, CsvBatch)]
    assert sum(sizes) == 200_000
    assert max(sizes) <= (1 << 16) / 4 + 1
