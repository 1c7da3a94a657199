"""Earlier versions of the content's rows: what a key held, and what a change began and ended."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Connection, Table, or_, select

from portal.storage.content import Cells, ContentRow
from portal.storage.tables import CONTENT_TABLES, ContentTable, changes

_Value = TypeVar("_Value")
_AT_ONCE = 500
Version = tuple[str, str, int]
"""A row: its table, key and version."""


@dataclass(frozen=True, slots=True)
class ChangeMade:
    """A change of the content: when it was made (an instant as text), by whom, why, and the epoch that it began."""

    made_at: str
    made_by: str
    reason: str
    epoch: int


@dataclass(frozen=True, slots=True)
class VersionHeld:
    """What a key held in one version, the change that brought it, and the one that ended it; None while it holds."""

    version: int
    row: ContentRow
    begun: ChangeMade
    ended: ChangeMade | None


def versions_of(connection: Connection, table: Table, key: str, most: int) -> tuple[VersionHeld, ...]:
    """Return the last versions of a row, up to `most`, newest first; none of a key that was never there."""
    content = next(each for each in CONTENT_TABLES if each.table is table)
    statement = (
        select(table.c.version, table.c.added_in, table.c.withdrawn_in)
        .where(table.c[content.key] == key)
        .order_by(table.c.version.desc())
        .limit(most)
    )
    held = [tuple(row) for row in connection.execute(statement)]
    made = _changes_made(connection, {number for _, *numbers in held for number in numbers if number is not None})
    versions = []
    for version, added, withdrawn in held:
        row = read_version(connection, (table.name, key, version))
        if row is not None:
            versions.append(VersionHeld(version, row, made[added], None if withdrawn is None else made[withdrawn]))
    return tuple(versions)


def _changes_made(connection: Connection, numbers: set[int]) -> dict[int, ChangeMade]:
    columns = (changes.c.id, changes.c.made_at, changes.c.made_by, changes.c.reason, changes.c.epoch)
    rows = connection.execute(select(*columns).where(changes.c.id.in_(numbers)))
    return {number: ChangeMade(*rest) for number, *rest in rows}


def read_version(connection: Connection, version: Version) -> ContentRow | None:
    """Return what a version of a row held, None where there was none."""
    name, key, number = version
    content = next((each for each in CONTENT_TABLES if each.table.name == name), None)
    if content is None:
        return None
    table = content.table
    statement = select(*(table.c[column] for column in content.columns)).where(
        table.c[content.key] == key, table.c.version == number
    )
    row = connection.execute(statement).one_or_none()
    if row is None:
        return None
    children = {
        child.name: tuple(_read_child(connection, content, child.name, key, number)) for child in content.children
    }
    return ContentRow(dict(zip(content.columns, row, strict=True)), children)


def _read_child(connection: Connection, content: ContentTable, name: str, key: str, number: int) -> Iterator[Cells]:
    child = next(each for each in content.children if each.name == name)
    key_column, *columns = (column for column in child.c if column.name not in ("version", "position"))
    statement = select(*columns).where(key_column == key, child.c.version == number).order_by(child.c.position)
    for cells in connection.execute(statement):
        yield dict(zip((column.name for column in columns), cells, strict=True))


def epochs_of(connection: Connection, places: Iterable[tuple[str, str]]) -> set[int]:
    """Return the epochs that began with a change of one of these rows, given by table and key."""
    keys_of: defaultdict[str, list[str]] = defaultdict(list)
    for name, key in places:
        keys_of[name].append(key)
    numbers: set[int] = set()
    for content in CONTENT_TABLES:
        table = content.table
        for these in _some(keys_of[table.name]):
            chosen = select(table.c.added_in, table.c.withdrawn_in).where(table.c[content.key].in_(these))
            numbers.update(number for row in connection.execute(chosen) for number in row if number is not None)
    epochs: set[int] = set()
    for some in _some(sorted(numbers)):
        epochs.update(connection.scalars(select(changes.c.epoch).where(changes.c.id.in_(some))))
    return epochs


def _some(values: Sequence[_Value]) -> Iterator[Sequence[_Value]]:
    """Yield the values, as many at a time as a statement takes."""
    return (values[begin : begin + _AT_ONCE] for begin in range(0, len(values), _AT_ONCE))


def versions_before(connection: Connection, epoch: int) -> dict[tuple[str, str], int | None]:
    """Return which version held, before the change that began the epoch, of each row that it changed; None: none."""
    number = connection.scalar(select(changes.c.id).where(changes.c.epoch == epoch))
    before: dict[tuple[str, str], int | None] = {}
    for content in CONTENT_TABLES:
        table = content.table
        key = table.c[content.key]
        for (added,) in connection.execute(select(key).where(table.c.added_in == number)):
            before[table.name, added] = None
        for ended, version in connection.execute(select(key, table.c.version).where(table.c.withdrawn_in == number)):
            before[table.name, ended] = version
    return before


def rows_now(connection: Connection, places: Iterable[tuple[str, str]]) -> dict[tuple[str, str], ContentRow]:
    """Return what rows, given by table and key, hold now; those alone that are there."""
    found: dict[tuple[str, str], ContentRow] = {}
    tables = {content.table.name: content for content in CONTENT_TABLES}
    for name, key in places:
        table = tables[name].table
        held = select(table.c.version).where(table.c[tables[name].key] == key, table.c.withdrawn_in.is_(None))
        version = connection.scalar(held)
        row = None if version is None else read_version(connection, (name, key, version))
        if row is not None:
            found[name, key] = row
    return found


def versions_begun(connection: Connection, epoch: int) -> dict[tuple[str, str], int]:
    """Return which version of each row the change that began the epoch brought."""
    number = connection.scalar(select(changes.c.id).where(changes.c.epoch == epoch))
    begun: dict[tuple[str, str], int] = {}
    for content in CONTENT_TABLES:
        table = content.table
        statement = select(table.c[content.key], table.c.version).where(table.c.added_in == number)
        begun.update({(table.name, key): version for key, version in connection.execute(statement)})
    return begun


def version_held(connection: Connection, place: tuple[str, str], epoch: int) -> int | None:
    """Return which version of a row, given by table and key, held in an epoch; None: none."""
    name, key = place
    content = next(each for each in CONTENT_TABLES if each.table.name == name)
    table, number = content.table, select(changes.c.id).where(changes.c.epoch == epoch).scalar_subquery()
    return connection.scalar(
        select(table.c.version).where(
            table.c[content.key] == key,
            table.c.added_in <= number,
            or_(table.c.withdrawn_in.is_(None), table.c.withdrawn_in > number),
        )
    )
