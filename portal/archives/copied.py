"""What a copy of a portal consists of: its standing, its tables, and rows as text that hashes alike everywhere."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import cast

import orjson

BATCH = 1000
"""Rows that are read, sealed and written together."""

Value = str | int | bytes | None
Row = Sequence[Value]


class StoreName(StrEnum):
    """Which of the two databases a table lies in."""

    CONTENT = "content"
    ROWS = "rows"


class ColumnKind(StrEnum):
    """What a column holds, whatever the database calls it."""

    TEXT = "text"
    INTEGER = "integer"
    OCTETS = "octets"


@dataclass(frozen=True, slots=True)
class CopiedTable:
    """A table, its columns in order, and the columns that order its rows. `layout`: JSON of an entry's table."""

    store: StoreName
    name: str
    columns: tuple[tuple[str, ColumnKind], ...]
    key: tuple[str, ...]
    layout: str = ""

    @property
    def octet_positions(self) -> tuple[int, ...]:
        """Where in a row octets are."""
        return tuple(index for index, (_, kind) in enumerate(self.columns) if kind is ColumnKind.OCTETS)


@dataclass(frozen=True, slots=True)
class TableSum:
    """What tells a table's rows from any others: how many they are, and the hex SHA-256 of their text in order."""

    rows: int
    hash: str


@dataclass(frozen=True, slots=True)
class Position:
    """Where a portal's epoch and log stood. `checkpoint` is the last one's number, with its hex hash.

    `records` is how many there are in all chains, `writers` how many chains, `refusals` how many tokens were refused.
    """

    epoch: int
    checkpoint: int
    checkpoint_hash: str
    records: int
    writers: int
    refusals: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Which portal a copy is of, when it was made (an instant as tables hold it), under which revision, and where."""

    made_at: str
    portal_id: str
    revision: str
    position: Position
    tables: tuple[CopiedTable, ...]


class RunningSum:
    """Adds rows up as they pass."""

    def __init__(self) -> None:
        self._rows = 0
        self._hash = hashlib.sha256()

    def add(self, rows: int, text: bytes) -> None:
        """Add so many rows with this text."""
        self._rows += rows
        self._hash.update(text)

    def result(self) -> TableSum:
        """Return the sum of what was added."""
        return TableSum(self._rows, self._hash.hexdigest())


def render_rows(rows: Iterable[Row]) -> bytes:
    """Return the rows as JSON arrays, a comma behind each, octets in hex.

    The text of all rows is the same however they are divided into batches.
    """
    return orjson.dumps([tuple(row) for row in rows], default=bytes.hex)[1:-1] + b","


def parse_rows(text: bytes, table: CopiedTable) -> list[list[Value]]:
    """Return the rows of a text. Raises: ValueError if it is none."""
    rows = cast("list[list[Value]]", orjson.loads(b"[" + text[:-1] + b"]"))
    for position in table.octet_positions:
        for row in rows:
            row[position] = _octets(row[position])
    return rows


def _octets(value: Value) -> Value:
    return bytes.fromhex(value) if isinstance(value, str) else value


def batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Yield the rows, some at a time."""
    remaining = iter(rows)
    while batch := list(islice(remaining, BATCH)):
        yield batch
