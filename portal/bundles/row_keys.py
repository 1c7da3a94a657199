"""The keys of a file's rows: none is empty, none comes twice."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from portal.bundles.bundle import RowBatch
from portal.catalog.entries import InformationItem
from portal.storage.data_store import StoredValue

RowKey = StoredValue | tuple[StoredValue, ...]
"""The cells of a row's key as stored: the cell itself where the key is one item."""


@dataclass(frozen=True, slots=True)
class KeyClash:
    """A row whose key is that of the line `first`, or lacks the items `empty` where `first` is None."""

    line: int
    first: int | None
    empty: tuple[str, ...] = ()


def key_column(columns: Sequence[Sequence[StoredValue]], positions: Sequence[int]) -> Sequence[RowKey]:
    """Return the keys of rows that are given by columns."""
    if len(positions) == 1:
        return columns[positions[0]]
    return list(zip(*(columns[position] for position in positions), strict=True))


class RowKeys:
    """The keys seen so far, each with its line, in the order of the rows."""

    def __init__(self, items: Sequence[InformationItem], key: Sequence[str]) -> None:
        position_of: dict[str, int] = {item.identifier: position for position, item in enumerate(items)}
        self._names = tuple(key)
        self._positions = tuple(position_of[name] for name in key)
        self._line_by_key: dict[RowKey, int] = {}

    @property
    def line_by_key(self) -> Mapping[RowKey, int]:
        """The line of each key, in the order of the rows; those of rows with an empty key aren't there."""
        return self._line_by_key

    def add(self, batch: RowBatch, lines: Sequence[int]) -> Iterator[KeyClash]:
        """Take the rows' keys, and yield what is wrong with them; nothing is taken until it is asked for that."""
        if not self._positions:
            return
        parts = [batch.stored[position] for position in self._positions]
        keys = key_column(batch.stored, self._positions)
        if not any(None in part for part in parts):
            fresh = dict(zip(keys, lines, strict=True))
            if len(fresh) == len(keys) and self._line_by_key.keys().isdisjoint(fresh):
                self._line_by_key |= fresh
                return
        for key, line, *cells in zip(keys, lines, *parts, strict=True):
            if None in cells:
                names = zip(self._names, cells, strict=True)
                yield KeyClash(line, None, tuple(name for name, cell in names if cell is None))
            elif (first := self._line_by_key.setdefault(key, line)) != line:
                yield KeyClash(line, first)
