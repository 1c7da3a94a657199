"""Catalog entries and their information items (bundle.md; GB/T 21063.3, the 2017 guide's core metadata)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from portal.conditions.tree import ValueType
from portal.vocabulary import DepartmentCode, EntryCode, EntryIdentifier, ItemIdentifier, Mode, ShareClass


class EntryKind(StrEnum):
    """类 of an entry: basic, theme or department."""

    BASIC = "basic"
    THEME = "theme"
    DEPARTMENT = "department"


class EntryStatus(StrEnum):
    """Where an entry stands in its life."""

    DRAFT = "draft"
    REGISTERED = "registered"
    REVIEWED = "reviewed"
    CONFIRMED = "confirmed"
    PUBLISHED = "published"
    REVISED = "revised"
    WITHDRAWN = "withdrawn"


class FormatCategory(StrEnum):
    """信息资源格式."""

    FILE = "file"
    SPREADSHEET = "spreadsheet"
    DATABASE = "database"
    IMAGE = "image"
    STREAM = "stream"
    SELF_DESCRIBED = "self_described"
    SERVICE = "service"


class UpdateCycle(StrEnum):
    """更新周期."""

    REALTIME = "realtime"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    HALF_YEARLY = "half_yearly"
    YEARLY = "yearly"
    IRREGULAR = "irregular"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class InformationItem:
    """An item (信息项). `length` counts code points (strings); `scale` is 0 to 9 digits (decimals)."""

    identifier: ItemIdentifier
    name: str
    type: ValueType
    share_class: ShareClass
    open: bool
    sensitivity: int
    length: int | None = None
    scale: int | None = None
    description: str | None = None
    share_condition: str | None = None
    legal_basis: str | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A link of an entry to a target entry, joined on pairs of items."""

    identifier: str
    items: tuple[ItemIdentifier, ...]
    target: EntryIdentifier
    target_items: tuple[ItemIdentifier, ...]
    many: bool


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """One catalog entry; the members are those of its JSON file, in its order.

    `extensions` is the canonical JSON text of any further metadata.
    """

    code: EntryCode
    identifier: EntryIdentifier
    name: str
    provider: DepartmentCode
    abstract: str
    format_category: FormatCategory
    format_type: str
    kind: EntryKind
    share_class: ShareClass
    share_modes: tuple[Mode, ...]
    open: bool
    update_cycle: UpdateCycle
    published_on: date | None
    key: tuple[ItemIdentifier, ...]
    items: tuple[InformationItem, ...]
    status: EntryStatus
    provider_unit: str | None = None
    keywords: tuple[str, ...] = ()
    classification: tuple[str, ...] = ()
    grade: str | None = None
    share_condition: str | None = None
    use_requirements: str | None = None
    legal_basis: str | None = None
    open_condition: str | None = None
    service_window: str | None = None
    handler: str | None = None
    related: tuple[EntryCode, ...] = ()
    links: tuple[Link, ...] = ()
    extensions: str = "{}"
    _items_by_identifier: Mapping[str, InformationItem] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Note where each item is."""
        object.__setattr__(self, "_items_by_identifier", {item.identifier: item for item in reversed(self.items)})

    @property
    def is_published(self) -> bool:
        """True where others than the provider may be permitted anything."""
        return self.status is EntryStatus.PUBLISHED

    def item(self, identifier: str) -> InformationItem | None:
        """Return the item of that identifier, None if the entry has none."""
        return self._items_by_identifier.get(identifier)


_NARROWNESS = {ShareClass.UNCONDITIONAL: 0, ShareClass.CONDITIONAL: 1, ShareClass.NOT_SHARED: 2}


def effective_share_class(entry: CatalogEntry, item: InformationItem) -> ShareClass:
    """Return the stricter of the entry's and the item's share class (enforcement.md §2)."""
    return max(entry.share_class, item.share_class, key=_NARROWNESS.__getitem__)


def is_item_open(entry: CatalogEntry, item: InformationItem) -> bool:
    """Return whether the item is open to the public: only if entry and item both are."""
    return entry.open and item.open


def is_for_everyone(entry: CatalogEntry, item: InformationItem) -> bool:
    """Return whether no agreement or decision is needed to read the item: it is unconditional, or open."""
    return effective_share_class(entry, item) is ShareClass.UNCONDITIONAL or is_item_open(entry, item)
