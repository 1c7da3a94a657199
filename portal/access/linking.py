"""Following links: from fetched rows to the target rows below them, one statement a link."""

from collections import Counter
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import orjson

from portal.access.link_statement import ROWS_LIMIT
from portal.access.statement import AskedKeys, LinkRead, Read, Statement
from portal.errors import SourceUnavailable, Text

Row = tuple[object, ...]
JoinKey = tuple[object, ...]
Fetched = TypeVar("Fetched")
Fetching = Generator[Statement, list[Row], Fetched]
"""Steps that ask for a statement's rows, one after another; whoever takes them has the connection."""


def take_steps(steps: Fetching[Fetched], fetch: Callable[[Statement], list[Row]]) -> Fetched:
    """Take all steps, one after another, and return what they lead to."""
    try:
        statement = next(steps)
        while True:
            statement = steps.send(fetch(statement))
    except StopIteration as done:
        found: Fetched = done.value
        return found


async def take_steps_waiting(steps: Fetching[Fetched], fetch: Callable[[Statement], Awaitable[list[Row]]]) -> Fetched:
    """Take all steps, waiting for the rows of each, and return what they lead to."""
    try:
        statement = next(steps)
        while True:
            statement = steps.send(await fetch(statement))
    except StopIteration as done:
        found: Fetched = done.value
        return found


@dataclass(frozen=True, slots=True)
class LinkBounds:
    """How much the links of a root field may read, in rows, and show, in cells, each occurrence counted.

    They keep the memory that one answer takes within bounds, whatever the data.
    """

    rows: int = ROWS_LIMIT
    cells: int = 5_000_000


_BOUNDS = LinkBounds()


@dataclass(frozen=True, slots=True)
class Group:
    """The target rows of one join value: from `start` up to `end`, whether more follow, and the count of all."""

    start: int
    end: int
    has_more: bool
    total: int


@dataclass(frozen=True, slots=True)
class LinkedRows:
    """What a link gave: target rows group by group, and how many the answer shows, each occurrence counted."""

    rows: list[Row]
    groups: Mapping[JoinKey, Group]
    shown: int
    links: tuple["LinkedRows", ...]


def join_key(row: Sequence[object], places: Sequence[int]) -> JoinKey | None:
    """Return the row's join values; None where one is null, which joins nothing."""
    key = tuple(row[place] for place in places)
    return None if None in key else key


def row_weights(rows: Sequence[Sequence[object]], asked: AskedKeys | None) -> list[int]:
    """Return how often the answer shows each row of a page: once, or as often as its key is asked for."""
    if asked is None:
        return [1] * len(rows)
    times = Counter(asked.keys)
    return [times[join_key(row, asked.places)] for row in rows]  # type: ignore[index]


def follow_links(read: Read, rows: Sequence[Row], bounds: LinkBounds = _BOUNDS) -> Fetching[tuple[LinkedRows, ...]]:
    """Take the steps to what the links below the rows of a page give, and return it.

    Raises: SourceUnavailable where that is more than an answer may have.
    """
    page = rows[: read.page_rows]
    return (yield from _Follower(bounds).follow_all(read.links, page, row_weights(page, read.keys)))


@dataclass(slots=True)
class _Follower:
    """Follows the links of one root field, and counts what they read."""

    bounds: LinkBounds
    rows_read: int = 0
    cells_shown: int = 0

    def follow_all(
        self, links: Sequence[LinkRead], parents: Sequence[Row], weights: Sequence[int]
    ) -> Fetching[tuple[LinkedRows, ...]]:
        """Return what each link gives below the parents, which the answer shows so often."""
        found: tuple[LinkedRows, ...] = ()
        for link in links:
            found = (*found, (yield from self._follow(link, parents, weights)))
        return found

    def _follow(self, link: LinkRead, parents: Sequence[Row], weights: Sequence[int]) -> Fetching[LinkedRows]:
        times: Counter[JoinKey] = Counter()
        for parent, weight in zip(parents, weights, strict=True):
            key = join_key(parent, link.parent_places)
            if key is not None:
                times[key] += weight
        by_key = yield from self._fetch_by_key(link, times)
        rows, groups = _lay_out(link, by_key)
        own_weights = [times[key] for key, group in groups.items() for _ in range(group.start, group.end)]
        shown = sum(own_weights)
        self._count_cells(len(link.shape.members) * sum(weights) + link.shape.cells_a_row * shown)
        return LinkedRows(rows, groups, shown, (yield from self.follow_all(link.links, rows, own_weights)))

    def _fetch_by_key(self, link: LinkRead, keys: Mapping[JoinKey, int]) -> Fetching[dict[JoinKey, list[Row]]]:
        by_key: dict[JoinKey, list[Row]] = {}
        if link.statement is None or not keys:
            return by_key
        rows = yield _with_keys(link.statement, link.keys_at, list(keys))
        self._count_rows(len(rows))
        for row in rows:
            by_key.setdefault(tuple(row[place] for place in link.own_places), []).append(row)
        return by_key

    def _count_rows(self, rows: int) -> None:
        self.rows_read += rows
        if self.rows_read > self.bounds.rows:
            raise _too_much("rows", "行", self.bounds.rows)

    def _count_cells(self, cells: int) -> None:
        self.cells_shown += cells
        if self.cells_shown > self.bounds.cells:
            raise _too_much("cells", "个单元格", self.bounds.cells)


def _with_keys(statement: Statement, place: int, keys: list[JoinKey]) -> Statement:
    single = len(keys[0]) == 1
    text = orjson.dumps([key[0] for key in keys] if single else keys).decode()
    parameters = (*statement.parameters[:place], text, *statement.parameters[place + 1 :])
    return replace(statement, parameters=parameters)


def _lay_out(link: LinkRead, by_key: Mapping[JoinKey, list[Row]]) -> tuple[list[Row], dict[JoinKey, Group]]:
    """Return the rows that are shown, group by group; only the page's are where the answer shows rows."""
    rows: list[Row] = []
    groups = {}
    for key, found in by_key.items():
        kept = found[: link.rows] if link.shape.reads_rows else []
        total = int(str(found[0][-1])) if link.shape.counts_rows else 0
        groups[key] = Group(len(rows), len(rows) + len(kept), len(found) > link.rows, total)
        rows.extend(kept)
    return rows, groups


def _too_much(en: str, zh: str, limit: int) -> SourceUnavailable:
    return SourceUnavailable(
        Text(
            en=f"the links lead to more than {limit} {en}; ask for fewer with `first`, or follow fewer links at once",
            zh=f"关联得到的内容超过 {limit} {zh}；请减小 `first`，或一次少取几层关联",
        )
    )
