"""Changing the portal's content: what differs between two states, and writing it, whole, in one transaction."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from sqlalchemy import Connection, Table, bindparam, func, insert, select, update

from portal.errors import ConfigurationError, Text
from portal.json_text import JsonValue, render_json
from portal.storage.content import (
    ActiveRow,
    Cell,
    ContentHead,
    ContentRow,
    ContentRows,
    PortalIdentity,
    StoredContent,
    digest_of,
    tag_of,
)
from portal.storage.digests import change_total
from portal.storage.quarantine import Quarantine, replace_quarantine
from portal.storage.tables import CONTENT_TABLES, ContentTable, changes, epoch, policy_records, portal

_ORIGIN = "origin"
_KEYS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class RowDifference:
    """What differs in one table: keys, sorted. `adopted`: nothing but where the row comes from."""

    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    withdrawn: tuple[str, ...] = ()
    adopted: tuple[str, ...] = ()

    @property
    def is_change(self) -> bool:
        """True if a version begins or ends."""
        return bool(self.new or self.changed or self.withdrawn)


@dataclass(frozen=True, slots=True)
class WantedContent:
    """The content as it is to be."""

    identity: PortalIdentity
    rows: ContentRows


@dataclass(frozen=True, slots=True)
class ChangeNote:
    """Who changes the content, when and why, for the record of changes. `made_at` is an instant as tables hold it."""

    made_at: str
    made_by: str
    reason: str


@dataclass(frozen=True, slots=True)
class ContentChange:
    """The way from the present content, None for an empty portal, to the wanted one: differences by table."""

    present: StoredContent | None
    wanted: WantedContent
    differences: Mapping[str, RowDifference]

    @property
    def is_change(self) -> bool:
        """True if the epoch rises: anything begins, ends or is called otherwise."""
        renamed = self.present is None or self.present.identity != self.wanted.identity
        return renamed or any(difference.is_change for difference in self.differences.values())

    @property
    def adopts(self) -> bool:
        """True if a record is the bundle's from now on that was derived before."""
        return any(difference.adopted for difference in self.differences.values())


def compare_content(present: StoredContent | None, wanted: WantedContent) -> ContentChange:
    """Return the change that makes the wanted content of the present one."""
    differences = {
        content.table.name: _compare_rows(
            {} if present is None else present.active(content.table), wanted.rows.get(content.table.name, {})
        )
        for content in CONTENT_TABLES
    }
    return ContentChange(present, wanted, differences)


def _compare_rows(present: Mapping[str, ContentRow], wanted: Mapping[str, ContentRow]) -> RowDifference:
    both = sorted(present.keys() & wanted.keys())
    differing = [key for key in both if present[key] != wanted[key]]
    adopted = tuple(key for key in differing if _without_origin(present[key]) == _without_origin(wanted[key]))
    return RowDifference(
        new=tuple(sorted(wanted.keys() - present.keys())),
        changed=tuple(key for key in differing if key not in adopted),
        withdrawn=tuple(sorted(present.keys() - wanted.keys())),
        adopted=adopted,
    )


def _without_origin(row: ContentRow) -> ContentRow:
    return replace(row, cells={name: cell for name, cell in row.cells.items() if name != _ORIGIN})


class ContentChanged(ConfigurationError):
    """The content isn't the one any more that a change was made for: make it again of what there is now."""

    def __init__(self) -> None:
        super().__init__(
            Text(en="the portal's content changed meanwhile; load again", zh="门户的内容在此期间已改变；请重新装载")
        )


def store_change(connection: Connection, change: ContentChange, note: ChangeNote, secret: bytes) -> int:
    """Write the change in the connection's transaction, sign the new state, and return its epoch.

    It reads and signs what the change touches, so the change may be made ready before the transaction.
    Raises: ContentChanged if the content isn't the one any more that the change was made for.
    """
    present = None if change.present is None else change.present.head
    _check_still(connection, present)
    new_epoch = (present.epoch if present else 0) + change.is_change
    number = _store_note(connection, change, note, new_epoch) if change.is_change else 0
    total = present.total if present else 0
    for content in CONTENT_TABLES:
        begun = _store_table(connection, content, change, number)
        # INVARIANT: signed is what was meant to be written, never what is read back: whatever else got in, or was
        # there before, doesn't verify.
        total = _total_after(total, content.table.name, change, begun, secret)
    _adopt(connection, change.differences[policy_records.name].adopted)
    head = ContentHead(change.wanted.identity, new_epoch, present.quarantine if present else None, total, "")
    _store_head(connection, head, secret, is_first=present is None)
    return new_epoch


def _check_still(connection: Connection, present: ContentHead | None) -> None:
    # By the digest: a record may be adopted by a bundle without any epoch.
    if connection.scalar(select(epoch.c.digest).where(epoch.c.id == 1)) != (present.digest if present else None):
        raise ContentChanged


def _total_after(total: int, table: str, change: ContentChange, begun: Mapping[str, ActiveRow], secret: bytes) -> int:
    difference = change.differences[table]
    present = change.present.rows[table] if change.present else {}
    ended = (*difference.withdrawn, *difference.changed, *difference.adopted)
    after = {key: replace(present[key], row=change.wanted.rows[table][key]) for key in difference.adopted}
    return change_total(
        total,
        (tag_of(table, key, active, secret) for key, active in {**begun, **after}.items()),
        (tag_of(table, key, present[key], secret) for key in ended),
    )


def change_quarantine(
    connection: Connection, present: ContentHead, wanted: Quarantine | None, note: ChangeNote, secret: bytes
) -> ContentHead:
    """Set or lift the quarantine in the connection's transaction and return what it leaves, signed.

    `present` was read in the same transaction; its epoch may be raised before, and the new one is the next.
    """
    head = replace(present, epoch=present.epoch + 1, quarantine=wanted)
    replace_quarantine(connection, wanted)
    summary: dict[str, JsonValue] = {"quarantine": None if wanted is None else dict(asdict(wanted))}
    _insert_note(connection, note, head.epoch, summary)
    return _store_head(connection, head, secret, is_first=False)


def _store_note(connection: Connection, change: ContentChange, note: ChangeNote, new_epoch: int) -> int:
    summary: dict[str, JsonValue] = {
        name: {"new": [*by.new], "changed": [*by.changed], "withdrawn": [*by.withdrawn]}
        for name, by in change.differences.items()
        if by.is_change
    }
    return _insert_note(connection, note, new_epoch, summary)


def _insert_note(connection: Connection, note: ChangeNote, new_epoch: int, summary: dict[str, JsonValue]) -> int:
    values = {"made_at": note.made_at, "made_by": note.made_by, "reason": note.reason}
    statement = insert(changes).values(**values, epoch=new_epoch, summary=render_json(summary)).returning(changes.c.id)
    return int(connection.execute(statement).scalar_one())


def _store_table(
    connection: Connection, content: ContentTable, change: ContentChange, number: int
) -> Mapping[str, ActiveRow]:
    """Write what differs in a table, and return the versions that begin."""
    name = content.table.name
    difference, wanted = change.differences[name], change.wanted.rows.get(name, {})
    present = change.present.rows[name] if change.present else {}
    _withdraw(connection, content, difference.withdrawn + difference.changed, number)
    last = _last_versions(connection, content, difference.new)
    begun = {
        key: ActiveRow(last.get(key, 0) + 1 if key not in present else present[key].version + 1, number, wanted[key])
        for key in difference.new + difference.changed
    }
    _insert(connection, content.table, _own_rows(content, begun))
    for child in content.children:
        _insert(connection, child, _child_rows(child, begun))
    return begun


def _last_versions(connection: Connection, content: ContentTable, keys: Sequence[str]) -> Mapping[str, int]:
    key = content.table.c[content.key]
    last: dict[str, int] = {}
    for begin in range(0, len(keys), _KEYS_AT_ONCE):
        these = keys[begin : begin + _KEYS_AT_ONCE]
        found = select(key, func.max(content.table.c.version)).where(key.in_(these)).group_by(key)
        last.update((row[0], row[1]) for row in connection.execute(found))
    return last


def _withdraw(connection: Connection, content: ContentTable, keys: Iterable[str], number: int) -> None:
    table = content.table
    statement = (
        update(table)
        .where(table.c[content.key] == bindparam("withdrawn_key"), table.c.withdrawn_in.is_(None))
        .values(withdrawn_in=number)
    )
    if parameters := [{"withdrawn_key": key} for key in keys]:
        connection.execute(statement, parameters)


def _adopt(connection: Connection, keys: Iterable[str]) -> None:
    table = policy_records
    statement = (
        update(table)
        .where(table.c.id == bindparam("adopted_key"), table.c.withdrawn_in.is_(None))
        .values(origin="bundle")
    )
    if parameters := [{"adopted_key": key} for key in keys]:
        connection.execute(statement, parameters)


def _insert(connection: Connection, table: Table, rows: Iterable[dict[str, Cell]]) -> None:
    if parameters := list(rows):
        connection.execute(insert(table), parameters)


def _own_rows(content: ContentTable, begun: Mapping[str, ActiveRow]) -> Iterator[dict[str, Cell]]:
    for key, active in begun.items():
        yield {content.key: key, "version": active.version, "added_in": active.added_in, **active.row.cells}


def _child_rows(child: Table, begun: Mapping[str, ActiveRow]) -> Iterator[dict[str, Cell]]:
    key_name = next(iter(child.columns)).name
    for key, active in begun.items():
        for position, cells in enumerate(active.row.children.get(child.name, ())):
            yield {key_name: key, "version": active.version, "position": position, **cells}


def _store_head(connection: Connection, head: ContentHead, secret: bytes, *, is_first: bool) -> ContentHead:
    """Sign and write what the content is, and return it as it is stored."""
    signed = replace(head, digest=digest_of(head, secret))
    identity = signed.identity
    cells = {
        "portal_id": identity.portal_id,
        "key_fingerprint": identity.key_fingerprint,
        "profile": identity.profile,
        "title": identity.title,
        "key_set": identity.key_set,
    }
    if is_first:
        connection.execute(insert(portal).values(id=1, **cells))
        connection.execute(insert(epoch).values(id=1, value=signed.epoch, digest=signed.digest))
    else:
        connection.execute(update(portal).values(**cells))
        connection.execute(update(epoch).values(value=signed.epoch, digest=signed.digest))
    return signed
