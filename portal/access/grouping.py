"""Reading lists of groups, and withholding those groups that the public isn't shown (threats.md T3)."""

from collections.abc import Sequence

from portal.access.linking import Fetching, Row
from portal.access.statement import GroupsRead


def read_groups(reads: Sequence[GroupsRead]) -> Fetching[tuple[list[Row], ...]]:
    """Take the steps to what each list shows, and return it."""
    lists: tuple[list[Row], ...] = ()
    for read in reads:
        lists = (*lists, (yield from _read_list(read)))
    return lists


def _read_list(read: GroupsRead) -> Fetching[list[Row]]:
    """Return the groups that a list shows, the largest first.

    INVARIANT: the rows that no group of the list counts are none or `smallest` at least, of those that the list counts
    and of those that the field has. Otherwise `totalCount` less what is shown would tell of a group that isn't. What is
    beyond `first` has `smallest` rows by itself.
    """
    found = yield read.statement
    if len(found) > read.first:
        return found[: read.first]
    counted: list[int] = []
    for statement in read.counted:
        counted += map(_count, (yield statement))
    shown = sum(map(_count, found))
    hidden = (rows - shown for rows in counted)
    return found[:-1] if any(0 < rows < read.smallest for rows in hidden) else found


def _count(row: Row) -> int:
    return int(str(row[-1]))
