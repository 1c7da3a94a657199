"""Catalog entries as the static GraphQL types show them."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import partial

from portal.catalog.entries import CatalogEntry, InformationItem, Link, is_item_open
from portal.catalog.facets import Facet, FacetValue
from portal.catalog.freshness import assess_freshness
from portal.catalog.hierarchies import Hierarchy, ShownEntry, find_hierarchies
from portal.conditions.values import render_instant
from portal.identity.registry import Department
from portal.policies.information_point import DataTable
from portal.policies.snapshot import Snapshot
from portal.schema.scalars import Date, DateTime
from portal.schema.static import (
    CatalogFacetsType,
    ClassCountType,
    CodeHierarchyType,
    CodeLevelType,
    DepartmentType,
    EntryType,
    FacetCountType,
    FreshnessType,
    ItemAccessType,
    ItemType,
    LinkType,
    RelatedEntryType,
)
from portal.vocabulary import DepartmentCode, EntryCode, EntryIdentifier, Subject

Departments = Mapping[DepartmentCode, Department]
ItemDecision = Callable[[str], ItemAccessType | None]
"""What a subject may read of an item, by its identifier; None where it isn't told."""


def is_in_catalog(entry: CatalogEntry, subject: Subject) -> bool:
    """Return whether the subject may know of the entry: the public of published ones with an open item."""
    if not subject.is_public:
        return True
    return entry.is_published and any(is_item_open(entry, item) for item in entry.items)


def shown_items(entry: CatalogEntry, subject: Subject) -> tuple[InformationItem, ...]:
    """Return the items of the entry that the catalog shows: to the public the open ones."""
    return tuple(item for item in entry.items if not subject.is_public or is_item_open(entry, item))


def department_value(code: DepartmentCode, departments: Departments) -> DepartmentType:
    """Return a department; one that left the register keeps its code as name."""
    known = departments.get(code)
    return DepartmentType(code=code, name=known.name if known else code)


def never_decided(_item: str) -> None:
    """Return no decision: what items of lists answer, where deciding on each would be too much at once."""


def never_described() -> None:
    """Return no interface description: what entries of lists answer."""


@dataclass(frozen=True, slots=True)
class OnDemand:
    """What an entry answers only where it is asked for: what may be read of an item, and its interface description."""

    decided: ItemDecision = never_decided
    described: Callable[[], str | None] = never_described


LISTED = OnDemand()
"""Of entries in lists."""


def entry_value(
    entry: CatalogEntry, subject: Subject, snapshot: Snapshot, now: datetime, on_demand: OnDemand = LISTED
) -> EntryType:
    """Return the entry as the subject may see it in the catalog at that moment."""
    departments = snapshot.registry.departments
    related = _related(entry, subject, snapshot)
    items = shown_items(entry, subject)
    shown = {item.identifier for item in items}
    return EntryType(
        code=entry.code,
        identifier=entry.identifier,
        name=entry.name,
        provider=department_value(entry.provider, departments),
        provider_unit=entry.provider_unit,
        abstract=entry.abstract,
        keywords=list(entry.keywords),
        classification=list(entry.classification),
        format_category=entry.format_category.value,
        format_type=entry.format_type,
        kind=entry.kind,
        grade=entry.grade,
        share_class=entry.share_class,
        share_condition=entry.share_condition,
        share_modes=list(entry.share_modes),
        use_requirements=entry.use_requirements,
        legal_basis=entry.legal_basis,
        open=entry.open,
        open_condition=entry.open_condition,
        update_cycle=entry.update_cycle,
        published_on=None if entry.published_on is None else Date(entry.published_on.isoformat()),
        service_window=entry.service_window,
        handler=entry.handler,
        related=[str(code) for code in entry.related if not subject.is_public or code in related],
        related_entries=[_related_value(one, departments) for one in related.values()],
        key=[name for name in entry.key if name in shown],
        items=[_item_value(item, on_demand.decided) for item in items],
        links=[
            _link_value(link)
            for link in entry.links
            if shown.issuperset(link.items) and _knows_target(link, subject, snapshot)
        ],
        status=entry.status,
        freshness=_freshness_value(entry, subject, snapshot.state_by_code[entry.code].table, now),
        found_hierarchies=partial(_hierarchies, ShownEntry(entry, items), subject, snapshot),
        described=on_demand.described,
    )


def _shown_entry(identifier: EntryIdentifier, subject: Subject, snapshot: Snapshot) -> ShownEntry | None:
    """Return what the subject may know of an entry, if its catalog has it."""
    state = snapshot.state_by_identifier.get(identifier)
    if state is None or not is_in_catalog(state.entry, subject):
        return None
    return ShownEntry(state.entry, shown_items(state.entry, subject))


def _hierarchies(shown: ShownEntry, subject: Subject, snapshot: Snapshot) -> list[CodeHierarchyType]:
    found = find_hierarchies(shown, lambda name: _shown_entry(name, subject, snapshot))
    return [_hierarchy_value(one) for one in found]


def _hierarchy_value(hierarchy: Hierarchy) -> CodeHierarchyType:
    return CodeHierarchyType(
        item=hierarchy.item,
        levels=[
            CodeLevelType(entry=level.entry, key=level.key, label=level.label, parent=level.parent)
            for level in hierarchy.levels
        ],
    )


def _freshness_value(entry: CatalogEntry, subject: Subject, table: DataTable, now: datetime) -> FreshnessType | None:
    if table.arrived_at is None:
        return None
    freshness = assess_freshness(entry.update_cycle, table.arrived_at)
    due = freshness.due_at
    return FreshnessType(
        updated_at=DateTime(render_instant(freshness.updated_at)),
        due_at=None if due is None else DateTime(render_instant(due)),
        is_overdue=freshness.is_overdue(now),
        # How many rows there are tells of rows that a subject may not read (enforcement.md §7).
        row_count=table.row_count if subject.department == entry.provider else None,
    )


def _related(entry: CatalogEntry, subject: Subject, snapshot: Snapshot) -> Mapping[EntryCode, CatalogEntry]:
    """Return the related entries that the subject may know of."""
    states = (snapshot.state_by_code.get(code) for code in entry.related)
    return {state.entry.code: state.entry for state in states if state and is_in_catalog(state.entry, subject)}


def _knows_target(link: Link, subject: Subject, snapshot: Snapshot) -> bool:
    """Return whether the subject may know of what the link names: to the public, an open entry and open items."""
    if not subject.is_public:
        return True
    target = _shown_entry(link.target, subject, snapshot)
    return target is not None and {item.identifier for item in target.items}.issuperset(link.target_items)


def _related_value(entry: CatalogEntry, departments: Departments) -> RelatedEntryType:
    return RelatedEntryType(
        code=entry.code,
        identifier=entry.identifier,
        name=entry.name,
        provider=department_value(entry.provider, departments),
        abstract=entry.abstract,
        kind=entry.kind,
        share_class=entry.share_class,
        open=entry.open,
        status=entry.status,
    )


def _item_value(item: InformationItem, decided: ItemDecision) -> ItemType:
    return ItemType(
        identifier=item.identifier,
        name=item.name,
        type=item.type.value,
        length=item.length,
        scale=item.scale,
        share_class=item.share_class,
        open=item.open,
        sensitivity=item.sensitivity,
        description=item.description,
        share_condition=item.share_condition,
        legal_basis=item.legal_basis,
        decided=decided,
    )


def _link_value(link: Link) -> LinkType:
    return LinkType(
        identifier=link.identifier,
        items=list(link.items),
        target=link.target,
        target_items=list(link.target_items),
        many=link.many,
    )


def facets_value(counts: Mapping[Facet, Counter[FacetValue]], departments: Departments) -> CatalogFacetsType:
    """Return the counts of facets, the most frequent value first, then by value."""
    classes = [(path, count) for path, count in counts[Facet.CLASSIFICATION].items() if isinstance(path, tuple)]
    return CatalogFacetsType(
        kind=_counts(counts[Facet.KIND]),
        provider=_counts(counts[Facet.PROVIDER], departments),
        share_class=_counts(counts[Facet.SHARE_CLASS]),
        open=_counts(counts[Facet.OPEN]),
        update_cycle=_counts(counts[Facet.UPDATE_CYCLE]),
        classification=[ClassCountType(path=list(path), count=count) for path, count in sorted(classes)],
    )


def _counts(counts: Counter[FacetValue], departments: Departments | None = None) -> list[FacetCountType]:
    written = sorted(((_written(value), count) for value, count in counts.items()), key=lambda one: (-one[1], one[0]))
    return [
        FacetCountType(value=value, name=_department_name(value, departments), count=count) for value, count in written
    ]


def _written(value: FacetValue) -> str:
    """Return the value as the filter's argument writes it."""
    if isinstance(value, Enum):
        return value.name
    return str(value).lower() if isinstance(value, bool) else str(value)


def _department_name(code: str, departments: Departments | None) -> str | None:
    return None if departments is None else department_value(DepartmentCode(code), departments).name
