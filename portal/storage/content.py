"""The portal's content as rows: read whole and verified by its digest, compared, and written with versions.

What the rows mean is for `catalog`, `identity` and `policies` to say (`rows.py` of each).
"""

import hmac
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace

from sqlalchemy import ColumnElement, Connection, Table, and_, select
from sqlalchemy.exc import SQLAlchemyError

from portal.errors import Fault, Language, PolicyUnavailable, Text
from portal.storage.digests import change_total, is_by_lines, row_tag, sign_lines, sign_total
from portal.storage.quarantine import Quarantine, read_quarantine
from portal.storage.row_arrivals import read_arrivals
from portal.storage.tables import CONTENT_TABLES, ContentTable, changes, epoch, portal

_ROWS_AT_ONCE = 2_000
"""So many rows are taken of the database at a time: all of them at once would be in memory twice."""
Cell = str | int | bytes | None
Cells = Mapping[str, Cell]
"""Cells by column, without the columns that say which row and version it is."""


@dataclass(frozen=True, slots=True)
class ContentRow:
    """What one version of a row holds, with the rows of its child tables by the table's name, in their order."""

    cells: Cells
    children: Mapping[str, tuple[Cells, ...]]

    def text(self, name: str) -> str:
        """Return a text. Raises: ValueError where there is none, as do its likes below."""
        return _text(self.cells[name])

    def optional_text(self, name: str) -> str | None:
        """Return a text, None for null."""
        return None if self.cells[name] is None else self.text(name)

    def number(self, name: str) -> int:
        """Return a number."""
        return _number(self.cells[name])

    def optional_number(self, name: str) -> int | None:
        """Return a number, None for null."""
        return None if self.cells[name] is None else self.number(name)

    def octets(self, name: str) -> bytes:
        """Return bytes."""
        cell = self.cells[name]
        if not isinstance(cell, bytes):
            raise ValueError("no octets")
        return cell

    def column(self, child: Table, name: str) -> tuple[str, ...]:
        """Return the texts of one column of a child table, in their order."""
        return tuple(_text(cells[name]) for cells in self.children[child.name])


def _text(cell: Cell) -> str:
    if not isinstance(cell, str):
        raise ValueError("no text")
    return cell


def _number(cell: Cell) -> int:
    if not isinstance(cell, int):
        raise ValueError("no number")
    return cell


@dataclass(frozen=True, slots=True)
class ActiveRow:
    """The version that holds now. `added_in` is the number of the change that brought it."""

    version: int
    added_in: int
    row: ContentRow


@dataclass(frozen=True, slots=True)
class PortalIdentity:
    """Which portal this is. `key_fingerprint` tells the key file that is its own from any other."""

    portal_id: str
    key_fingerprint: str
    profile: str
    title: str
    key_set: str | None = None
    """The fingerprint of the keys in force; None where they were never rotated."""


ContentRows = Mapping[str, Mapping[str, ContentRow]]
"""Rows by table and key."""
Tags = Mapping[str, Mapping[str, int]]
"""What stands for each row in the digest, by table and key."""


@dataclass(frozen=True, slots=True)
class ContentHead:
    """What is signed of the content. `total` is the sum of its rows' tags, `digest` what the database holds."""

    identity: PortalIdentity
    epoch: int
    quarantine: Quarantine | None
    total: int = field(repr=False)
    digest: str


@dataclass(frozen=True, slots=True)
class StoredContent:
    """Everything that is active, under one epoch: rows by table and key, and what is signed of them."""

    head: ContentHead
    rows: Mapping[str, Mapping[str, ActiveRow]] = field(repr=False)
    arrivals: Mapping[str, str] = field(default_factory=dict, compare=False)
    """When each entry's rows came, which no decision rests on."""

    @property
    def identity(self) -> PortalIdentity:
        """Which portal's it is."""
        return self.head.identity

    @property
    def epoch(self) -> int:
        """The number of this state."""
        return self.head.epoch

    @property
    def quarantine(self) -> Quarantine | None:
        """The quarantine that it is in, None where it is in none."""
        return self.head.quarantine

    def active(self, table: Table) -> Mapping[str, ContentRow]:
        """Return the table's rows by key."""
        return {key: active.row for key, active in self.rows[table.name].items()}


def unreadable(en: str, zh: str) -> PolicyUnavailable:
    """Return the refusal of content that can't be read whole, saying what is wrong with it."""
    return PolicyUnavailable(
        Text(
            en=f"the portal's content can't be read whole: {en}; nothing is permitted until a backup is restored",
            zh=f"门户的内容无法完整读取：{zh}；在恢复备份之前一律不予许可",
        )
    )


def faulty(faults: Sequence[Fault]) -> PolicyUnavailable:
    """Return the refusal of content whose reader found these faults."""
    return unreadable(faults[0].render(Language.ENGLISH), faults[0].render(Language.CHINESE))


class NothingLoaded(PolicyUnavailable):
    """A portal into which nothing was loaded yet."""

    def __init__(self) -> None:
        super().__init__(
            Text(
                en="nothing has been loaded yet; run `portal load DIR`",
                zh="尚未装载任何内容；请运行 `portal load 目录`",
            )
        )


def key_fingerprint(secret: bytes) -> str:
    """Return what tells the key file of this secret from another, and tells nothing of the secret."""
    return hmac.digest(secret, b"portal key file", "sha256").hex()


def read_epoch_value(connection: Connection) -> int:
    """Return the present epoch, 0 if nothing was loaded yet. Raises: PolicyUnavailable."""
    try:
        value = connection.scalar(select(epoch.c.value).where(epoch.c.id == 1))
    except SQLAlchemyError as fault:
        raise database_fault(fault) from None
    return value or 0


def read_content(connection: Connection, secret: bytes) -> StoredContent:
    """Return the active content, read in the connection's one transaction and verified.

    Raises: NothingLoaded; PolicyUnavailable if it can't be read, is another key file's, or doesn't match its digest.
    """
    return read_tagged(connection, secret)[0]


def read_tagged(connection: Connection, secret: bytes) -> tuple[StoredContent, Tags]:
    """Return the content as `read_content` does, with the tag of every row by table and key."""
    try:
        content, tags = _read(connection, secret)
    except SQLAlchemyError as fault:
        raise database_fault(fault) from None
    if content.identity.key_fingerprint != key_fingerprint(secret):
        raise PolicyUnavailable(
            Text(
                en="the key file isn't this portal's; name the one that it was set up with",
                zh="密钥文件不属于本门户；请指定建立门户时所用的密钥文件",
            )
        )
    if not hmac.compare_digest(content.head.digest.encode(), _expected_digest(content, secret).encode()):
        raise unreadable(
            "its digest doesn't match, so it was changed by other means", "摘要不符，内容曾被以其他方式改动"
        )
    return content, tags


def database_fault(fault: SQLAlchemyError) -> PolicyUnavailable:
    """Return the refusal of content whose database fails, in the database's words."""
    cause = getattr(fault, "orig", None) or fault
    return unreadable(f"the database says `{cause}`", f"数据库报告 `{cause}`")


def _read(connection: Connection, secret: bytes) -> tuple[StoredContent, Tags]:
    head = read_head(connection)
    rows = {content.table.name: read_rows(connection, content) for content in CONTENT_TABLES}
    with reading_rows():
        tags = {
            table: {key: tag_of(table, key, active, secret) for key, active in of.items()} for table, of in rows.items()
        }
    total = change_total(0, (tag for of in tags.values() for tag in of.values()), ())
    return StoredContent(replace(head, total=total), rows, read_arrivals(connection)), tags


def read_head(connection: Connection) -> ContentHead:
    """Return what is signed of the content, as it is stored; its `total`, which isn't, is 0.

    Raises: NothingLoaded; PolicyUnavailable where it isn't there whole.
    """
    state = connection.execute(select(epoch.c.value, epoch.c.digest).where(epoch.c.id == 1)).one_or_none()
    identity = connection.execute(
        select(*(portal.c[one.name] for one in fields(PortalIdentity))).where(portal.c.id == 1)
    ).one_or_none()
    if state is None and identity is None and connection.scalar(select(changes.c.id).limit(1)) is None:
        raise NothingLoaded
    if state is None or identity is None:
        raise unreadable("its epoch or its identity is missing", "缺少纪元或门户标识")
    return ContentHead(PortalIdentity(*identity), state.value, read_quarantine(connection), 0, str(state.digest))


@contextmanager
def reading_rows() -> Iterator[None]:
    """Refuse the whole content for a row that holds what no row does."""
    try:
        yield
    except (TypeError, ValueError) as fault:
        raise unreadable(f"`{fault}` in a row", f"某行中有 `{fault}`") from fault


def read_rows(
    connection: Connection, content: ContentTable, keys: Sequence[str] | None = None
) -> Mapping[str, ActiveRow]:
    """Return the active rows of a table by key: those of these keys, or all. Raises: PolicyUnavailable."""
    # Cells that are equal are one: of many rows most are, and so many texts would take twice the memory.
    alike: dict[Cell, Cell] = {}
    children = {child.name: _read_children(connection, content, child, keys) for child in content.children}
    names = content.columns
    statement = (
        select(*(content.table.c[name] for name in (content.key, "version", "added_in", *names)))
        .where(*_chosen(content, keys))
        .execution_options(yield_per=_ROWS_AT_ONCE)
    )
    with connection.execute(statement) as listed:
        return {
            key: ActiveRow(
                version,
                added_in,
                ContentRow(
                    dict(zip(names, map(alike.setdefault, cells, cells), strict=True)),
                    {name: tuple(by_key.get(key, ())) for name, by_key in children.items()},
                ),
            )
            for key, version, added_in, *cells in listed
        }


def _chosen(content: ContentTable, keys: Sequence[str] | None) -> tuple[ColumnElement[bool], ...]:
    is_active = content.table.c.withdrawn_in.is_(None)
    return (is_active,) if keys is None else (is_active, content.table.c[content.key].in_(keys))


def _read_children(
    connection: Connection, content: ContentTable, child: Table, keys: Sequence[str] | None
) -> Mapping[str, list[Cells]]:
    key_column, position_column, *columns = (column for column in child.c if column.name != "version")
    parent = content.table
    statement = (
        select(key_column, position_column, *columns)
        .join(parent, and_(key_column == parent.c[content.key], child.c.version == parent.c.version))
        .where(*_chosen(content, keys))
        .order_by(key_column, position_column)
        .execution_options(yield_per=_ROWS_AT_ONCE)
    )
    names = [column.name for column in columns]
    found: defaultdict[str, list[Cells]] = defaultdict(list)
    # Rows of equal cells are one too: entries share most of their items, in a city hundreds of thousands.
    alike: dict[tuple[Cell, ...], Cells] = {}
    texts: dict[Cell, Cell] = {}
    with connection.execute(statement) as listed:
        for key, position, *row in listed:
            of_parent = found[key]
            if position != len(of_parent):
                raise unreadable(f"`{child.name}` of `{key}` has a gap", f"`{key}` 的 `{child.name}` 有缺漏")
            cells = tuple(row)
            known = alike.get(cells)
            if known is None:
                known = alike[cells] = dict(zip(names, map(texts.setdefault, cells, cells), strict=True))
            of_parent.append(known)
    return found


def tag_of(table: str, key: str, active: ActiveRow, secret: bytes) -> int:
    """Return the tag of a row, which stands for it in the digest."""
    return row_tag(secret, _row_line(table, key, active))


def digest_of(head: ContentHead, secret: bytes) -> str:
    """Return the keyed digest of a state of the content."""
    return sign_total(secret, list(_head_lines(head)), head.total)


def _expected_digest(content: StoredContent, secret: bytes) -> str:
    if is_by_lines(content.head.digest):
        return sign_lines(secret, (*_head_lines(content.head), *_row_lines(content)))
    return digest_of(content.head, secret)


def _head_lines(head: ContentHead) -> Iterator[list[object]]:
    identity = head.identity
    yield ["portal", identity.portal_id, identity.key_fingerprint, identity.profile, identity.title, head.epoch]
    if identity.key_set is not None:
        yield ["keys", identity.key_set]
    if head.quarantine is not None:
        yield ["quarantine", asdict(head.quarantine)]


def _row_lines(content: StoredContent) -> Iterator[list[object]]:
    for table, rows in sorted(content.rows.items()):
        for key, active in sorted(rows.items()):
            yield _row_line(table, key, active)


def _row_line(table: str, key: str, active: ActiveRow) -> list[object]:
    children = {name: [_present(cells) for cells in of_parent] for name, of_parent in active.row.children.items()}
    return [table, key, active.version, active.added_in, _present(active.row.cells), children]


def _present(cells: Cells) -> dict[str, Cell]:
    # Without the nulls, so that a later version may add a column without touching what was signed.
    return {name: cell for name, cell in cells.items() if cell is not None}
