"""Executing: compiled statements on connections that can't write, each read within a time limit and of one state."""

from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Dialect

from portal.access.grouping import read_groups
from portal.access.linking import Fetching, LinkedRows, Row, follow_links
from portal.access.statement import Read
from portal.errors import SourceUnavailable, Text
from portal.storage.disk import is_disk_full


@dataclass(frozen=True, slots=True)
class Executed:
    """What a read gave: rows as stored, and the count; each is None where the read didn't ask for it.

    `links` are what the read's links gave below the page's rows, `groups` what each list of groups shows.
    """

    rows: list[Row] | None
    total: int | None
    links: tuple[LinkedRows, ...] = ()
    groups: tuple[list[Row], ...] = ()


class DataSource(Protocol):
    """A data store that is read; statements are to be in its `dialect`."""

    dialect: Dialect

    async def execute(self, read: Read) -> Executed:
        """Return what the read gives, from one state of the data.

        Raises: SourceUnavailable where the store can't be read, or not within the time limit; TooComplex where a
        statement is beyond what the database takes.
        """
        ...

    def close(self) -> None:
        """Wait for the reads under way and close the connections."""
        ...


def read_steps(read: Read) -> Fetching[Executed]:
    """Take the steps of a read, each a statement whose rows are to be sent, and return what it gave."""
    rows = None if read.rows is None else (yield read.rows)
    total = None if read.total is None else int(str((yield read.total)[0][0]))
    links = yield from follow_links(read, rows or [])
    return Executed(rows, total, links, (yield from read_groups(read.groups)))


def took_too_long() -> SourceUnavailable:
    """Return the refusal of a read that was given up."""
    return SourceUnavailable(
        Text(
            en="reading took too long; narrow `where`, order by fewer items, or leave `totalCount` and `groups` out",
            zh="读取超时；请缩小 `where` 范围、减少排序项，或不取 `totalCount` 和 `groups`",
        )
    )


def unreadable(failure: Exception) -> SourceUnavailable:
    """Return the refusal of a read that failed, without the database's words: they may hold values."""
    if is_disk_full(failure):
        return SourceUnavailable(
            Text(
                en="the entry's rows can't be read while the disk of the data is full; tell the operator",
                zh="数据所在磁盘已满，暂时无法读取该条目的数据；请告知门户运行单位",
            )
        )
    return SourceUnavailable(
        Text(en="the entry's rows can't be read now; try again later", zh="暂时无法读取该条目的数据，请稍后再试")
    )
