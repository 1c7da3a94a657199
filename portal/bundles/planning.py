"""What a portal is to hold after a load: the bundle's content, and what stays of the content that it has."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import uuid4

from portal.agreements.agreement import Agreement, SigningRole
from portal.bundles.bundle import Bundle
from portal.bundles.datasets import DatasetPlan, plan_datasets
from portal.bundles.derived import PresentRecords, plan_records
from portal.catalog.entries import CatalogEntry
from portal.catalog.rows import load_entry, store_entry
from portal.identity.rows import store_registry
from portal.storage.content import Cell, ContentRow, ContentRows, PortalIdentity, StoredContent
from portal.storage.content_changes import ContentChange, WantedContent, compare_content
from portal.storage.tables import (
    agreements,
    application_standing,
    catalog_entries,
    datasets,
    department_standing,
    expectations,
    freezes,
    key_files,
    policy_records,
    user_standing,
)


@dataclass(frozen=True, slots=True)
class Present:
    """What is there before a load: content (None for an empty portal), tables of the data store, the next's number."""

    content: StoredContent | None
    key_fingerprint: str
    tables: frozenset[str]
    next_table: int


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """The change of the content, and the rows that must be in the data store before it."""

    change: ContentChange
    datasets: DatasetPlan


def plan_load(bundle: Bundle, present: Present, *, derive: bool) -> LoadPlan:
    """Return what loading the bundle does; nothing is read or written but the bundle's rows, later."""
    content = present.content
    removed = _removed_entries(bundle, content) if content else ()
    present_datasets = content.active(datasets) if content else {}
    dataset_plan = plan_datasets(bundle, present_datasets, present.tables, present.next_table)
    records = PresentRecords(content.active(policy_records), removed) if content else None
    rows: ContentRows = {
        **store_registry(bundle.departments, bundle.groups, bundle.applications, bundle.users),
        **_kept_standings(bundle, content),
        # A load neither lifts a freeze nor drops an expectation: that takes two persons.
        **{table.name: content.active(table) if content else {} for table in (freezes, expectations)},
        key_files.name: {path: ContentRow({"content": octets}, {}) for path, octets in bundle.keys.items()},
        catalog_entries.name: {
            **{entry.code: store_entry(entry, removed=False) for entry in bundle.entries},
            **{entry.code: store_entry(entry, removed=True) for entry in removed},
        },
        policy_records.name: plan_records(bundle, records, derive=derive),
        agreements.name: {agreement.id: store_agreement(agreement) for agreement in bundle.agreements},
        datasets.name: {**dataset_plan.rows, **{entry.code: present_datasets[entry.code] for entry in removed}},
    }
    return LoadPlan(compare_content(content, WantedContent(_identity(bundle, present), rows)), dataset_plan)


def _kept_standings(bundle: Bundle, content: StoredContent | None) -> ContentRows:
    """Return the standing of who stays, which a bundle doesn't hold; that of who leaves the register goes."""
    staying: Mapping[str, set[str]] = {
        department_standing.name: {*(department.code for department in bundle.departments)},
        application_standing.name: {*(application.id for application in bundle.applications)},
        user_standing.name: {*(user.id for user in bundle.users)},
    }
    if content is None:
        return {name: {} for name in staying}
    return {
        name: {key: active.row for key, active in content.rows[name].items() if key in keys}
        for name, keys in staying.items()
    }


def _identity(bundle: Bundle, present: Present) -> PortalIdentity:
    if present.content is not None:
        return replace(present.content.identity, profile=bundle.profile, title=bundle.title)
    return PortalIdentity(uuid4().hex, present.key_fingerprint, bundle.profile, bundle.title)


def _removed_entries(bundle: Bundle, content: StoredContent) -> tuple[CatalogEntry, ...]:
    """Return the entries that stay as removed ones: not in the bundle, and no other entry has their identifier.

    Their links go, because the targets may change without them.
    """
    codes = {entry.code for entry in bundle.entries}
    identifiers = {entry.identifier for entry in bundle.entries}
    gone = [(code, row) for code, row in content.active(catalog_entries).items() if code not in codes]
    entries = [load_entry(code, row) for code, row in gone if row.text("identifier") not in identifiers]
    return tuple(replace(entry, links=()) for entry in entries)


def store_agreement(agreement: Agreement) -> ContentRow:
    """Return the row of a verified agreement."""
    cells: dict[str, Cell] = {
        "agreement_version": agreement.version,
        **{role.value: agreement.parties[role] for role in SigningRole},
        "document": agreement.document,
    }
    return ContentRow(cells, {})
