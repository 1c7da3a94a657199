"""The information point (PIP): the portal's content as typed values, read whole or refused.

Nothing that can't be read is skipped: a record left out could be the one that denies.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from portal.catalog.entries import CatalogEntry, EntryStatus
from portal.catalog.rows import is_removed, load_entry
from portal.catalog.shared_items import SharedItems
from portal.conditions.values import parse_instant
from portal.errors import PolicyUnavailable, PortalError, Text
from portal.identity.registry import Registry
from portal.identity.rows import load_registry
from portal.policies.freezes import Freeze, load_freeze
from portal.policies.record_parts import SharedParts
from portal.policies.records import PolicyRecord
from portal.policies.rows import load_record
from portal.policies.successions import (
    Successions,
    follow_entry,
    follow_freezes,
    follow_records,
    successions_of,
    unfollowed,
)
from portal.storage.content import ActiveRow, ContentHead, ContentRow, StoredContent, read_content, unreadable
from portal.storage.quarantine import Quarantine
from portal.storage.tables import agreements, catalog_entries, datasets, freezes, key_files, policy_records
from portal.vocabulary import EntryCode

TYPED = frozenset({catalog_entries.name, policy_records.name, agreements.name})
"""Tables of which no row is kept once it is read."""


@dataclass(frozen=True, slots=True)
class DataTable:
    """The table of the data store that holds an entry's rows."""

    name: str
    row_count: int
    arrived_at: datetime | None = field(default=None, compare=False)
    """When the rows came, which no decision rests on; None where nothing says so."""


@dataclass(frozen=True, slots=True)
class EntryState:
    """A catalog entry as it stands now. `version` counts its changes from 1.

    `removed`: it left the bundle, so it counts as withdrawn for everyone but its provider.
    """

    entry: CatalogEntry
    version: int
    removed: bool
    table: DataTable


@dataclass(frozen=True, slots=True)
class PortalContent:
    """Everything that decisions rest on, under one epoch: entries by code, records by id.

    Entries and records of departments that were merged, split or renamed are their successors'.
    `quarantine`: the portal was restored from a backup and waits for reconciliation.
    It prints without them: asyncio prints what its first task returns, and a city's records take seconds.
    """

    epoch: int
    profile: str
    title: str
    registry: Registry = field(repr=False)
    entries: tuple[EntryState, ...] = field(repr=False)
    records: tuple[PolicyRecord, ...] = field(repr=False)
    key_set: str | None = None
    """The fingerprint of the keys in force; None where they were never rotated."""
    quarantine: Quarantine | None = None
    key_files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """Certificates, revocation lists and public keys, by path below keys/."""
    freezes: tuple[Freeze, ...] = ()
    head: ContentHead | None = field(default=None, repr=False, compare=False)
    """What is signed of it; None of content that was made up, not read."""


async def load_content(engine: AsyncEngine, digest_secret: bytes) -> PortalContent:
    """Return the portal's content, read in one transaction and verified by its digest.

    Raises: PolicyUnavailable where any of it is missing, unreadable or other than what was loaded.
    """
    async with reading_content(engine) as connection:
        content = await connection.run_sync(read_content, digest_secret)
    return parse_content(content)


@asynccontextmanager
async def reading_content(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Open a connection to read content in one transaction. Raises: PolicyUnavailable."""
    try:
        async with engine.connect() as connection:
            yield connection
    except SQLAlchemyError as fault:
        raise unreadable("the database can't be opened", "无法打开数据库") from fault


def parse_content(content: StoredContent) -> PortalContent:
    """Return stored content as typed values, through the readers of the files.

    Raises: PolicyUnavailable, naming what can't be read.
    """
    return assemble(parse_parts(content))


@dataclass(frozen=True, slots=True)
class ContentParts:
    """The content as it is stored, typed: entries by code, records by id, naming departments as they did.

    `rows` are those of the tables that are read whole each time: all but the catalog's, policies' and agreements'.
    """

    head: ContentHead
    rows: Mapping[str, Mapping[str, ActiveRow]] = field(repr=False)
    successions: Successions
    arrivals: Mapping[str, str] = field(repr=False)
    states: Mapping[str, EntryState] = field(repr=False)
    records: Mapping[str, PolicyRecord] = field(repr=False)

    @property
    def entry_by_code(self) -> Mapping[EntryCode, CatalogEntry]:
        """The entries, removed ones too."""
        return {state.entry.code: state.entry for state in self.states.values()}


def parse_parts(content: StoredContent) -> ContentParts:
    """Return stored content as typed parts. Raises: PolicyUnavailable, naming what can't be read."""
    with reading_parts():
        successions = successions_of(load_registry(content))
        entries = sorted(content.rows[catalog_entries.name].items())
        tables = {code: active.row for code, active in content.rows[datasets.name].items()}
        items = SharedItems()
        states = {
            code: entry_state(code, active, data_table(code, tables.get(code), content.arrivals), items)
            for code, active in entries
        }
        by_code = {state.entry.code: state.entry for state in states.values()}
        shared, policies = SharedParts(), sorted(content.rows[policy_records.name].items())
        records = {policy: load_record(policy, active, by_code, shared) for policy, active in policies}
        rows = {table: of for table, of in content.rows.items() if table not in TYPED}
        return ContentParts(content.head, rows, successions, content.arrivals, states, records)


def assemble(parts: ContentParts) -> PortalContent:
    """Return the content that typed parts make: what ended departments had is their successors'.

    Raises: PolicyUnavailable.
    """
    head, successions = parts.head, parts.successions
    with reading_parts():
        return PortalContent(
            epoch=head.epoch,
            profile=head.identity.profile,
            title=head.identity.title,
            key_set=head.identity.key_set,
            registry=successions.registry,
            entries=tuple(_followed(state, successions) for _, state in sorted(parts.states.items())),
            records=follow_records(
                (record for _, record in sorted(parts.records.items())), parts.entry_by_code, successions
            ),
            quarantine=head.quarantine,
            key_files={path: active.row.octets("content") for path, active in parts.rows[key_files.name].items()},
            freezes=follow_freezes(
                (load_freeze(name, active.row) for name, active in sorted(parts.rows[freezes.name].items())),
                successions,
            ),
            head=head,
        )


def _followed(state: EntryState, successions: Successions) -> EntryState:
    entry = follow_entry(state.entry, successions)
    return state if entry is state.entry else replace(state, entry=entry)


def left_by_ended_departments(content: StoredContent) -> tuple[Text, ...]:
    """Return a line for each entry and record of a department that ended which nobody follows there: nobody has it.

    Raises: PolicyUnavailable, as `parse_content`.
    """
    parts = parse_parts(content)
    return unfollowed(parts.records.values(), parts.entry_by_code.values(), parts.successions)


@contextmanager
def reading_parts() -> Iterator[None]:
    """Refuse the whole content for anything in it that can't be read."""
    try:
        yield
    except PolicyUnavailable:
        raise
    except (PortalError, ValueError, KeyError, TypeError) as fault:
        raise unreadable(f"`{fault}` in a row", f"某行中有 `{fault}`") from fault


def entry_state(code: str, active: ActiveRow, table: DataTable, items: SharedItems | None = None) -> EntryState:
    """Return an entry as it stands, sharing `items` with others. Raises: PolicyUnavailable, ValueError."""
    entry = load_entry(code, active.row, items)
    removed = is_removed(active.row)
    shown = replace(entry, status=EntryStatus.WITHDRAWN) if removed else entry
    return EntryState(shown, active.version, removed, table)


def data_table(code: str, dataset: ContentRow | None, arrivals: Mapping[str, str]) -> DataTable:
    """Return where an entry's rows lie, and since when. Raises: PolicyUnavailable where they lie nowhere."""
    if dataset is None:
        raise unreadable(f"entry `{code}` has no table of rows", f"目录条目 `{code}` 没有数据表")
    arrived = arrivals.get(code)
    arrived_at = None if arrived is None else parse_instant(arrived)
    return DataTable(dataset.text("table_name"), dataset.number("row_count"), arrived_at)
