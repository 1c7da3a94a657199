"""CSV by batches: many records at once where lines are plain, with the verdict of `csv_files` on every file.

Lines without quotes are split as a whole. Whatever isn't plain goes through the reader of single records, and from the
first thing on that it finds wrong all of the rest does, so that faults are told as it tells them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import IO

from portal.bundles.csv_files import Cells, CsvFault, parse_csv

CHUNK_OCTETS = 1 << 16
"""So much of a file is read at once, and then to the end of its line: few enough cells for a processor to keep."""
_MOST_MORE_LINES = 10_000
"""A quoted cell that goes on behind a chunk is looked for so far; behind that, records are read singly."""

Column = Sequence[str | None]
"""The cells of one column; None where a cell is empty."""


@dataclass(frozen=True, slots=True)
class CsvBatch:
    """Records that are sound and as wide as the header: the line on which each begins, and their cells by column.

    Not `is_plain`: a text may hold what no text may hold, and CSV can't be read with.
    """

    lines: Sequence[int]
    columns: tuple[Column, ...]
    is_plain: bool = True


@dataclass(frozen=True, slots=True)
class OddRecord:
    """A record that can't be read, or isn't as wide as the header."""

    line: int
    record: Cells | CsvFault


def parse_batches(
    lines: IO[bytes], first: int, width: int, chunk_octets: int = CHUNK_OCTETS
) -> Iterator[CsvBatch | OddRecord]:
    """Yield the records of the rest of a file, whose next line has the number `first`, in their order."""
    number = first
    while chunk := lines.readlines(chunk_octets):
        batch = _plain_batch(chunk, number, width)
        if batch is None:
            chunk += _rest_of_quoted(chunk, lines)
            batch = _quoted_batch(chunk, number, width)
        if batch is None:
            yield from _single_records(chain(chunk, lines), number, width)
            return
        yield batch
        number += len(chunk)


def _plain_batch(chunk: list[bytes], number: int, width: int) -> CsvBatch | None:
    octets = b"".join(chunk)
    if b'"' in octets or b"\0" in octets:
        return None
    if b"\r" in octets:
        octets = octets.replace(b"\r\n", b"\n")
        if b"\r" in octets:
            return None
    try:
        text = octets.decode()
    except UnicodeDecodeError:
        return None
    # A line is a record here; that it is as wide as the header is seen without a text for each.
    if {line.count(b",") for line in chunk} != {width - 1}:
        return None
    body = text.removesuffix("\n")
    # All cells in a row, and each column every so many of them: a list for each record would cost twice as much.
    cells = body.replace("\n", ",").split(",")
    columns: list[Column] = [cells[position::width] for position in range(width)]
    empty_as_none = ([cell or None for cell in column] if "" in column else column for column in columns)
    return CsvBatch(range(number, number + len(chunk)), tuple(empty_as_none))


def _rest_of_quoted(chunk: list[bytes], lines: IO[bytes]) -> list[bytes]:
    """Return the lines that end the quoted cell in which the chunk ends: until then its quotes are an odd number."""
    quotes = sum(line.count(b'"') for line in chunk)
    more: list[bytes] = []
    while quotes % 2 and len(more) < _MOST_MORE_LINES:
        following = lines.readline()
        if not following:
            break
        more.append(following)
        quotes += following.count(b'"')
    return more


def _quoted_batch(chunk: list[bytes], number: int, width: int) -> CsvBatch | None:
    begins: list[int] = []
    records: list[Cells] = []
    for line, record in parse_csv(chunk, number):
        if isinstance(record, CsvFault) or len(record) != width:
            return None
        begins.append(line)
        records.append(record)
    return CsvBatch(begins, tuple(zip(*records, strict=True)))


_SINGLE = 1000
"""Sound records that are put together where all are read singly."""


def _single_records(lines: Iterator[bytes], number: int, width: int) -> Iterator[CsvBatch | OddRecord]:
    records = parse_csv(lines, number)
    while some := list(islice(records, _SINGLE)):
        sound: list[tuple[int, Cells]] = []
        for line, record in some:
            if isinstance(record, CsvFault) or len(record) != width:
                yield from _batched(sound)
                sound = []
                yield OddRecord(line, record)
            else:
                sound.append((line, record))
        yield from _batched(sound)


def _batched(sound: list[tuple[int, Cells]]) -> Iterator[CsvBatch]:
    if sound:
        yield CsvBatch([line for line, _ in sound], tuple(zip(*(cells for _, cells in sound), strict=True)))
