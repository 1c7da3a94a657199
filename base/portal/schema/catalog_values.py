"""Catalog entries as the static GraphQL types show them."""

from collections.abc import Mapping

from portal.catalog.entries import CatalogEntry, InformationItem, Link, is_item_open
from portal.identity.registry import Department
from portal.schema.scalars import Date
from portal.schema.static import (
    DepartmentType,
    EntryType,
    ItemType,
    LinkType,
)
from portal.vocabulary import DepartmentCode, Subject

Departments = Mapping[DepartmentCode, Department]


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


def entry_value(entry: CatalogEntry, subject: Subject, departments: Departments) -> EntryType:
    """Return the entry as the subject may see it in the catalog."""
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
        related=[str(code) for code in entry.related],
        key=[name for name in entry.key if name in shown],
        items=[_item_value(item) for item in items],
        links=[_link_value(link) for link in entry.links if shown.issuperset(link.items)],
        status=entry.status,
    )


def _item_value(item: InformationItem) -> ItemType:
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
    )


def _link_value(link: Link) -> LinkType:
    return LinkType(
        identifier=link.identifier,
        items=list(link.items),
        target=link.target,
        target_items=list(link.target_items),
        many=link.many,
    )
