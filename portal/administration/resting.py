"""What records and agreements rest upon, and holding them against it where that changes or they come back."""

from collections.abc import Iterator, Mapping, Set
from dataclasses import replace
from datetime import datetime

from portal.administration.editing import Editing, Rows
from portal.agreements.verification import Circumstances
from portal.bundles.record_files import Surroundings, read_agreement_file
from portal.catalog.entries import CatalogEntry
from portal.catalog.rows import load_entry
from portal.certificates.trust import load_trust_store
from portal.identity.registry import Registry
from portal.identity.rows import load_registry
from portal.policies.consistency import validate_references
from portal.policies.reading import parse_record
from portal.policies.rows import load_document
from portal.regulations.profiles import load_profile
from portal.storage.content import ActiveRow, ContentRow, StoredContent
from portal.storage.tables import (
    agreements,
    applications,
    catalog_entries,
    departments,
    groups,
    key_files,
    policy_records,
)
from portal.vocabulary import EntryCode

RESTED_UPON = frozenset({departments.name, groups.name, applications.name, key_files.name})
"""Tables of what records and agreements name, or are verified by."""


def registry_of(present: StoredContent, rows: Rows) -> Registry:
    """Return who is registered by these rows."""
    return load_registry(stored_after(present, rows))


def stored_after(present: StoredContent, rows: Rows) -> StoredContent:
    """Return the rows as content that would follow upon the present one."""
    active = {table: {key: _active(present, table, key, row) for key, row in of.items()} for table, of in rows.items()}
    return StoredContent(replace(present.head, epoch=present.epoch + 1), active)


def _active(present: StoredContent, table: str, key: str, row: ContentRow) -> ActiveRow:
    before = present.rows[table].get(key)
    if before is None:
        return ActiveRow(1, 0, row)
    return before if before.row == row else ActiveRow(before.version + 1, 0, row)


def _entries(rows: Rows) -> dict[EntryCode, CatalogEntry]:
    return {EntryCode(code): load_entry(code, row) for code, row in rows[catalog_entries.name].items()}


def surroundings_of(present: StoredContent, rows: Rows) -> Surroundings:
    """Return what records are read against, by these rows."""
    purposes = load_profile(present.identity.profile).purposes
    return Surroundings(_entries(rows), registry_of(present, rows), purposes)


def circumstances_of(
    present: StoredContent, editing: Editing, surroundings: Surroundings, now: datetime
) -> Circumstances:
    """Return what agreements are verified against, by the edited rows; faults of the keys are kept."""
    keys = {path: row.octets("content") for path, row in editing.rows[key_files.name].items()}
    trust, faults, _ = load_trust_store(keys, now)
    editing.take("", faults)
    providers = {code: entry.provider for code, entry in surroundings.entries.items()}
    roles = load_profile(present.identity.profile).signing_roles
    return Circumstances(trust, surroundings.registry.departments, providers, roles, now)


def check_what_rests(editing: Editing, present: StoredContent, now: datetime, names: Set[str] | None) -> None:
    """Hold records and agreements of these names, all where none are given, against register and authorities."""
    surroundings = surroundings_of(present, editing.rows)
    for name, row in _named(editing.rows[policy_records.name], names):
        record, _ = parse_record(load_document(name, row), f"policies/{name}.json", surroundings.entries)
        if record is not None:
            file = f"policies/{name}.json"
            found = validate_references(record, file, surroundings.registry, surroundings.purposes)
            editing.faults.extend(found)
    circumstances = circumstances_of(present, editing, surroundings, now)
    for name, row in _named(editing.rows[agreements.name], names):
        content = row.text("document").encode()
        reading = read_agreement_file(content, f"agreements/{name}.json", circumstances, surroundings)
        editing.faults.extend(reading.faults)


def _named(rows: Mapping[str, ContentRow], names: Set[str] | None) -> Iterator[tuple[str, ContentRow]]:
    return ((name, row) for name, row in rows.items() if names is None or name in names)
