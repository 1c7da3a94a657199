"""The information point (PIP): the portal's content as typed values, read whole or refused.

Nothing that can't be read is skipped: a record left out could be the one that denies.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from portal.catalog.entries import CatalogEntry, EntryStatus
from portal.catalog.rows import is_removed, load_entry
from portal.conditions.values import parse_instant
from portal.errors import PolicyUnavailable, PortalError, Text
from portal.identity.registry import Registry
from portal.identity.rows import load_registry
from portal.policies.freezes import Freeze, load_freeze
from portal.policies.reading import parse_record
from portal.policies.records import PolicyRecord
from portal.policies.rows import load_document
from portal.policies.successions import (
    Successions,
    follow_entry,
    follow_freezes,
    follow_records,
    successions_of,
    unfollowed,
)
from portal.storage.content import ActiveRow, StoredContent, faulty, read_content, unreadable
from portal.storage.quarantine import Quarantine
from portal.storage.tables import catalog_entries, datasets, freezes, key_files, policy_records
from portal.vocabulary import EntryCode


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
    """

    epoch: int
    profile: str
    title: str
    registry: Registry
    entries: tuple[EntryState, ...]
    records: tuple[PolicyRecord, ...]
    key_set: str | None = None
    """The fingerprint of the keys in force; None where they were never rotated."""
    quarantine: Quarantine | None = None
    key_files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """Certificates, revocation lists and public keys, by path below keys/."""
    freezes: tuple[Freeze, ...] = ()


async def load_content(engine: AsyncEngine, digest_secret: bytes) -> PortalContent:
    """Return the portal's content, read in one transaction and verified by its digest.

    Raises: PolicyUnavailable where any of it is missing, unreadable or other than what was loaded.
    """
    try:
        async with engine.connect() as connection:
            content = await connection.run_sync(read_content, digest_secret)
    except SQLAlchemyError as fault:
        raise unreadable("the database can't be opened", "无法打开数据库") from fault
    return parse_content(content)


def parse_content(content: StoredContent) -> PortalContent:
    """Return stored content as typed values, through the readers of the files.

    Raises: PolicyUnavailable, naming what can't be read.
    """
    with _reading():
        stored = _stored(content)
        entry_by_code = stored.entry_by_code
        return PortalContent(
            epoch=content.epoch,
            profile=content.identity.profile,
            title=content.identity.title,
            key_set=content.identity.key_set,
            registry=stored.successions.registry,
            entries=tuple(
                replace(state, entry=follow_entry(state.entry, stored.successions)) for state in stored.entries
            ),
            records=follow_records(stored.records, entry_by_code, stored.successions),
            quarantine=content.quarantine,
            key_files={path: row.octets("content") for path, row in content.active(key_files).items()},
            freezes=follow_freezes(
                (load_freeze(name, row) for name, row in sorted(content.active(freezes).items())), stored.successions
            ),
        )


def left_by_ended_departments(content: StoredContent) -> tuple[Text, ...]:
    """Return a line for each entry and record of a department that ended which nobody follows there: nobody has it.

    Raises: PolicyUnavailable, as `parse_content`.
    """
    with _reading():
        stored = _stored(content)
        return unfollowed(stored.records, stored.entry_by_code.values(), stored.successions)


@dataclass(frozen=True, slots=True)
class _Stored:
    """Entries and records as they are stored, naming departments as they did, and who follows these."""

    successions: Successions
    entries: tuple[EntryState, ...]
    records: tuple[PolicyRecord, ...]

    @property
    def entry_by_code(self) -> Mapping[EntryCode, CatalogEntry]:
        return {state.entry.code: state.entry for state in self.entries}


def _stored(content: StoredContent) -> _Stored:
    successions = successions_of(load_registry(content))
    rows = sorted(content.rows[catalog_entries.name].items())
    entries = tuple(_entry_state(code, active, content) for code, active in rows)
    by_code = {state.entry.code: state.entry for state in entries}
    policies = sorted(content.rows[policy_records.name].items())
    return _Stored(successions, entries, tuple(_record(policy, active, by_code) for policy, active in policies))


@contextmanager
def _reading() -> Iterator[None]:
    """Refuse the whole content for anything in it that can't be read."""
    try:
        yield
    except PolicyUnavailable:
        raise
    except (PortalError, ValueError, KeyError, TypeError) as fault:
        raise unreadable(f"`{fault}` in a row", f"某行中有 `{fault}`") from fault


def _entry_state(code: str, active: ActiveRow, content: StoredContent) -> EntryState:
    entry = load_entry(code, active.row)
    dataset = content.active(datasets).get(code)
    if dataset is None:
        raise unreadable(f"entry `{code}` has no table of rows", f"目录条目 `{code}` 没有数据表")
    arrived = content.arrivals.get(code)
    table = DataTable(
        dataset.text("table_name"), dataset.number("row_count"), None if arrived is None else parse_instant(arrived)
    )
    removed = is_removed(active.row)
    shown = replace(entry, status=EntryStatus.WITHDRAWN) if removed else entry
    return EntryState(shown, active.version, removed, table)


def _record(policy: str, active: ActiveRow, entries: Mapping[EntryCode, CatalogEntry]) -> PolicyRecord:
    document = load_document(policy, active.row)
    record, faults = parse_record(document, f"policy {policy}", entries, version=active.version)
    if record is None:
        raise faulty(faults)
    return record
