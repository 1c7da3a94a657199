"""Following the content from one verified state to the next by reading what changed, and nothing else.

What the record of changes says was changed is where to look, no more: whether it was all is told by the digest.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import SQLAlchemyError

from portal.json_text import NotJson, parse_json
from portal.storage.content import (
    ActiveRow,
    ContentHead,
    StoredContent,
    Tags,
    database_fault,
    digest_of,
    read_head,
    read_rows,
    read_tagged,
    reading_rows,
    tag_of,
)
from portal.storage.digests import change_total, is_by_lines
from portal.storage.row_arrivals import read_arrivals
from portal.storage.tables import CONTENT_TABLES, changes, datasets

MOST_ROWS = 2_000
"""Who changed more rows is followed by reading everything anew, which then costs hardly more."""
_MOST_CHANGES = 200
_KEYS_AT_ONCE = 500
Keys = Mapping[str, AbstractSet[str]]
"""Keys by table."""
Others = Callable[[Keys], Keys]


@dataclass(frozen=True, slots=True)
class Standing:
    """A verified state: what was signed, the number of the last change, and the tag of every row by table and key."""

    head: ContentHead
    number: int
    tags: Tags = field(repr=False)

    @property
    def row_count(self) -> int:
        """How many rows it has, of all tables."""
        return sum(map(len, self.tags.values()))


@dataclass(frozen=True, slots=True)
class Touched:
    """What differs in a later state: by table, the rows of the keys that were touched, None for what is gone."""

    standing: Standing
    rows: Mapping[str, Mapping[str, ActiveRow | None]]
    arrivals: Mapping[str, str]
    """When the rows of entries came whose tables were touched."""


def read_standing(connection: Connection, secret: bytes) -> tuple[StoredContent, Standing]:
    """Return the whole content, verified, and how it stands, of one transaction. Raises: as `read_content`."""
    content, tags = read_tagged(connection, secret)
    return content, Standing(content.head, _last_change(connection), tags)


def read_touched(connection: Connection, known: Standing, secret: bytes, others: Others) -> Touched | None:
    """Return what differs from a state that was verified; None where that can't be proved, and all must be read.

    `others` tells which further rows are to be read again, of those that were touched.
    INVARIANT: what it returns gives the digest that is signed, as if everything had been read.
    Raises: PolicyUnavailable.
    """
    try:
        head = read_head(connection)
        if is_by_lines(head.digest) or head.identity.key_fingerprint != known.head.identity.key_fingerprint:
            return None
        keys = _touched_keys(connection, known.number)
        if keys is None or sum(map(len, keys.values())) > MOST_ROWS:
            return None
        for table, more in others(keys).items():
            keys[table] |= more
        rows = {table: _read_touched(connection, table, sorted(of)) for table, of in keys.items()}
        arrivals = read_arrivals(connection, sorted(keys.get(datasets.name, ())))
        number = _last_change(connection)
    except SQLAlchemyError as fault:
        raise database_fault(fault) from None
    standing = _stand(known, replace(head, total=known.head.total), number, rows, secret)
    return Touched(standing, rows, arrivals) if digest_of(standing.head, secret) == head.digest else None


def _last_change(connection: Connection) -> int:
    try:
        return connection.scalar(select(func.max(changes.c.id))) or 0
    except SQLAlchemyError as fault:
        raise database_fault(fault) from None


def _touched_keys(connection: Connection, after: int) -> defaultdict[str, set[str]] | None:
    """Return the keys by table that changes after that one speak of; None where they can't be read."""
    later = select(changes.c.summary).where(changes.c.id > after).limit(_MOST_CHANGES + 1)
    summaries = list(connection.scalars(later))
    if len(summaries) > _MOST_CHANGES:
        return None
    known = {content.table.name for content in CONTENT_TABLES}
    keys: defaultdict[str, set[str]] = defaultdict(set)
    for summary in summaries:
        try:
            document = parse_json(summary)
        except NotJson:
            return None
        for table, by in document.items() if isinstance(document, dict) else ():
            if table in known and isinstance(by, dict):
                lists = (names for names in by.values() if isinstance(names, list))
                keys[table].update(name for names in lists for name in names if isinstance(name, str))
    return keys


def _read_touched(connection: Connection, table: str, keys: Sequence[str]) -> Mapping[str, ActiveRow | None]:
    content = next(each for each in CONTENT_TABLES if each.table.name == table)
    found: dict[str, ActiveRow | None] = dict.fromkeys(keys)
    for begin in range(0, len(keys), _KEYS_AT_ONCE):
        found.update(read_rows(connection, content, keys[begin : begin + _KEYS_AT_ONCE]))
    return found


def _stand(
    known: Standing,
    head: ContentHead,
    number: int,
    rows: Mapping[str, Mapping[str, ActiveRow | None]],
    secret: bytes,
) -> Standing:
    """Return how the content stands with these rows in the place of those that were."""
    total, tags = head.total, dict(known.tags)
    for table, of in rows.items():
        before, after = tags[table], dict(tags[table])
        with reading_rows():
            new = {key: tag_of(table, key, row, secret) for key, row in of.items() if row is not None}
        total = change_total(total, new.values(), (before[key] for key in of if key in before))
        for key in of:
            after.pop(key, None)
        tags[table] = after | new
    return Standing(replace(head, total=total), number, tags)
