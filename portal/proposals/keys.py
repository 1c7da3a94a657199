"""The key of a table, guessed: the leftmost column, or the fewest, whose cells are all there and never alike."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations, islice

from portal.errors import Text
from portal.proposals.duplicates import Key, find_duplicate, key_digest

KEY_LIMIT = 3
"""Most columns of a guessed key."""
_CANDIDATES = 12
"""Columns, from the left, of which keys are put together."""
_SAMPLE = 1000
_PASSES = 20
"""So often all rows are read for a guess."""

Row = tuple[int, Key]
"""A line and its cells, as the bundle writes them."""


@dataclass(frozen=True, slots=True)
class KeyGuess:
    """The positions of the key's columns, none where there is no key; and why."""

    positions: tuple[int, ...]
    reasons: tuple[Text, ...]


@dataclass(slots=True)
class _Search:
    """Rows by which most guesses fail at once: the first ones, and every pair that another guess failed by."""

    rows: Callable[[], Iterator[Row]]
    known: list[Row]
    passes: int = 0
    clashes: dict[tuple[int, ...], tuple[int, int]] = field(default_factory=dict)

    def is_key(self, positions: tuple[int, ...]) -> bool:
        """Return whether no two rows have the same cells there; notes two lines that have."""
        if self._clash(self.known, positions):
            return False
        self.passes += 1
        twice = find_duplicate(_cells(cells, positions) for _, cells in self.rows())
        if twice is None:
            return True
        alike = (row for row in self.rows() if key_digest(_cells(row[1], positions)) == twice)
        self.known += islice(alike, 2)
        self._clash(self.known, positions)
        return False

    def _clash(self, rows: Sequence[Row], positions: tuple[int, ...]) -> bool:
        first: dict[Key, int] = {}
        for line, cells in rows:
            before = first.setdefault(_cells(cells, positions), line)
            if before != line:
                self.clashes[positions] = (before, line)
                return True
        return False


def guess_key(rows: Callable[[], Iterator[Row]], names: Sequence[str], nulls: Sequence[int | None]) -> KeyGuess:
    """Return the key: one column before two before three, left before right; the leftmost column's failing is told.

    `nulls` is the first line without a cell for each column, None where all are there.
    """
    there = [position for position, line in enumerate(nulls) if line is None][:_CANDIDATES]
    search = _Search(rows, [*islice(rows(), _SAMPLE)])
    for count in range(1, KEY_LIMIT + 1):
        for positions in combinations(there, count):
            if search.is_key(positions):
                return KeyGuess(
                    positions, (_why(positions, names), *_why_not_leftmost(search, positions, names, nulls))
                )
            if search.passes == _PASSES:
                return KeyGuess((), (_NO_KEY, *_why_not_leftmost(search, (), names, nulls)))
    return KeyGuess((), (_NO_KEY, *_why_not_leftmost(search, (), names, nulls)))


_NO_KEY = Text(
    en=f"no key was found: in every set of up to {KEY_LIMIT} columns tried, a cell is empty or two rows are alike",
    zh=f"未找到主键：所试的至多 {KEY_LIMIT} 列的组合中，均有空格或重复的行",
)


def _cells(cells: Key, positions: tuple[int, ...]) -> tuple[str | None, ...]:
    return tuple(cells[position] for position in positions)


def _why(positions: tuple[int, ...], names: Sequence[str]) -> Text:
    listed = ", ".join(f"`{names[position]}`" for position in positions)
    return Text(en=f"no cell of {listed} is empty, no two rows are alike", zh=f"{listed} 无空格、无重复")


def _why_not_leftmost(
    search: _Search, positions: tuple[int, ...], names: Sequence[str], nulls: Sequence[int | None]
) -> tuple[Text, ...]:
    if positions == (0,) or not names:
        return ()
    if nulls[0] is not None:
        return (Text(en=f"`{names[0]}` is empty in line {nulls[0]}", zh=f"`{names[0]}` 在第 {nulls[0]} 行为空"),)
    lines = search.clashes.get((0,))
    if lines is None:
        return ()
    first, second = lines
    return (
        Text(
            en=f"`{names[0]}` is the same in lines {first} and {second}",
            zh=f"`{names[0]}` 在第 {first} 行与第 {second} 行相同",
        ),
    )
