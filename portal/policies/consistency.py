"""Whether the catalog lets a record stand, and whether what it names is known (enforcement.md §2, consistency)."""

from collections.abc import Collection
from typing import assert_never

from portal.catalog.entries import CatalogEntry, InformationItem, effective_share_class, is_item_open
from portal.errors import Fault, Text
from portal.identity.registry import Registry
from portal.policies.records import Any, ConsumerKind, PolicyKind, PolicyRecord
from portal.vocabulary import ItemIdentifier, Purpose, ShareClass


def covers_item(record: PolicyRecord, entry: CatalogEntry, item: InformationItem) -> bool:
    """Return whether the record names the item and the catalog lets the record stand on it.

    Whether the entry is published is asked of the subject: it permits nothing but to its provider.
    """
    named = isinstance(record.items, Any) or item.identifier in record.items
    return named and _stands(record, entry, item)


def _stands(record: PolicyRecord, entry: CatalogEntry, item: InformationItem) -> bool:
    share_class = effective_share_class(entry, item)
    match record.kind:
        case PolicyKind.RESTRICTION | PolicyKind.STATUTORY:
            return True
        case PolicyKind.PROVIDER:
            return record.consumer.code == entry.provider
        case PolicyKind.UNCONDITIONAL:
            return share_class is ShareClass.UNCONDITIONAL
        case PolicyKind.AGREEMENT:
            return share_class is not ShareClass.NOT_SHARED
        case PolicyKind.OPEN_DATA:
            public = record.consumer.kind is ConsumerKind.PUBLIC
            return public and is_item_open(entry, item) and share_class is not ShareClass.NOT_SHARED
        case _:
            assert_never(record.kind)


def uncovered_items(record: PolicyRecord, entry: CatalogEntry) -> tuple[ItemIdentifier, ...]:
    """Return the items that the record names and the catalog doesn't let stand, in the entry's order."""
    named = [item for item in entry.items if isinstance(record.items, Any) or item.identifier in record.items]
    return tuple(item.identifier for item in named if not covers_item(record, entry, item))


def validate_references(
    record: PolicyRecord, file: str, registry: Registry, purposes: Collection[Purpose]
) -> list[Fault]:
    """Return a fault for each department, group, application or purpose that the record names and nobody knows."""
    return [
        *_consumer_faults(record, file, registry),
        *(_unknown(file, "applications", name) for name in record.applications if name not in registry.applications),
        *_purpose_faults(record, file, purposes),
    ]


def _unknown(file: str, path: str, name: str) -> Fault:
    return Fault(
        file,
        None,
        path,
        Text(en=f"`{name}` isn't registered", zh=f"`{name}` 未登记"),
        Text(en="register it, or name one that is", zh="请先登记，或改为已登记的"),
    )


def _consumer_faults(record: PolicyRecord, file: str, registry: Registry) -> list[Fault]:
    known: Collection[str]
    match record.consumer.kind:
        case ConsumerKind.DEPARTMENT:
            known = registry.departments
        case ConsumerKind.GROUP:
            known = registry.groups
        case ConsumerKind.APPLICATION:
            known = registry.applications
        case ConsumerKind.ANY_DEPARTMENT | ConsumerKind.PUBLIC:
            return []
        case _:
            assert_never(record.consumer.kind)
    return [] if record.consumer.code in known else [_unknown(file, "consumer", record.consumer.code)]


def _purpose_faults(record: PolicyRecord, file: str, purposes: Collection[Purpose]) -> list[Fault]:
    if isinstance(record.purposes, Any):
        return []
    known = ", ".join(purposes)
    return [
        Fault(
            file,
            None,
            "purposes",
            Text(en=f"unknown purpose `{purpose}`", zh=f"未知用途 `{purpose}`"),
            Text(en=f"the profile knows {known}", zh=f"本规章的用途为 {known}"),
        )
        for purpose in record.purposes
        if purpose not in purposes
    ]
