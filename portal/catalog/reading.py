"""Reading and writing a catalog entry as the JSON of bundle.md (the 2017 guide's core metadata, with items)."""

from datetime import date

from portal.catalog.conformity import check_entry, check_item, check_link, check_names
from portal.catalog.entries import (
    CatalogEntry,
    EntryKind,
    EntryStatus,
    FormatCategory,
    InformationItem,
    Link,
    UpdateCycle,
)
from portal.catalog.members import Members
from portal.catalog.shared_items import SharedItems
from portal.conditions.tree import ValueType
from portal.conditions.values import parse_value
from portal.errors import BadInput, Fault, Text
from portal.json_text import JsonValue, parse_json, render_json
from portal.vocabulary import DepartmentCode, EntryCode, EntryIdentifier, ItemIdentifier, Mode, ShareClass

ENTRY_MEMBERS = (
    "code",
    "identifier",
    "name",
    "provider",
    "provider_unit",
    "abstract",
    "keywords",
    "classification",
    "format",
    "kind",
    "classified",
    "grade",
    "share_class",
    "share_condition",
    "share_modes",
    "use_requirements",
    "legal_basis",
    "open",
    "open_condition",
    "update_cycle",
    "published_on",
    "service_window",
    "handler",
    "related",
    "key",
    "items",
    "links",
    "extensions",
    "status",
)
ITEM_MEMBERS = (
    "identifier",
    "name",
    "type",
    "length",
    "scale",
    "share_class",
    "open",
    "sensitivity",
    "description",
    "share_condition",
    "legal_basis",
)
LINK_MEMBERS = ("identifier", "items", "target", "target_items", "many")

# Listing the members of an enumeration takes longer than comparing with them all.
_CATEGORIES, _KINDS, _CYCLES = tuple(FormatCategory), tuple(EntryKind), tuple(UpdateCycle)
_STATUSES, _SHARE_CLASSES, _MODES = tuple(EntryStatus), tuple(ShareClass), tuple(Mode)
ITEM_TYPES = tuple(value_type for value_type in ValueType if value_type not in (ValueType.TEXT_LIST, ValueType.ADDRESS))
_LENGTH_LIMIT = 2**31 - 1
_SCALE_LIMIT = 9
_SENSITIVITY_LIMIT = 4


def parse_entry(
    document: JsonValue, file: str, shared: SharedItems | None = None
) -> tuple[CatalogEntry | None, list[Fault]]:
    """Return the entry that a JSON document writes, and every fault in it by itself; what it refers to isn't looked up.

    Of items that `shared` has nothing is read again.

    INVARIANT: an entry that comes with faults only stands in for itself, so that what refers to it can still be
    checked; nothing else may use it. It is None where the document is no object.
    """
    if not isinstance(document, dict):
        what = Text(en="a catalog entry is one JSON object", zh="目录条目应为一个 JSON 对象")
        return None, [Fault(file, None, "", what, Text(en="write it as `{…}`", zh="请写成 `{…}`"))]
    members = Members(document, file).checked(ENTRY_MEMBERS)
    read = [_read_item(part, shared) for part in members.parts("items", required=True)]
    item_parts = [part for part, _ in read]
    link_parts = [part.checked(LINK_MEMBERS) for part in members.parts("links")]
    entry = _entry(members, tuple(item for _, item in read), tuple(map(_link, link_parts)))
    check_entry(members, entry)
    for item_part, item in zip(item_parts, entry.items, strict=True):
        check_item(item_part, item, entry)
    for link_part, link in zip(link_parts, entry.links, strict=True):
        check_link(link_part, link, entry)
    check_names(members, item_parts + link_parts)
    return entry, members.faults


def _entry(members: Members, items: tuple[InformationItem, ...], links: tuple[Link, ...]) -> CatalogEntry:
    resource_format = members.part("format").checked(("category", "type"))
    return CatalogEntry(
        code=EntryCode(members.text("code")),
        identifier=EntryIdentifier(members.text("identifier")),
        name=members.text("name"),
        provider=DepartmentCode(members.text("provider")),
        provider_unit=members.optional_text("provider_unit"),
        abstract=members.text("abstract"),
        keywords=members.texts("keywords"),
        classification=members.texts("classification"),
        format_category=resource_format.choice("category", _CATEGORIES),
        format_type=resource_format.text("type"),
        kind=members.choice("kind", _KINDS),
        grade=members.optional_text("grade"),
        share_class=members.choice("share_class", _SHARE_CLASSES),
        share_condition=_nullable_text(members, "share_condition"),
        share_modes=members.choices("share_modes", _MODES),
        use_requirements=members.optional_text("use_requirements"),
        legal_basis=_nullable_text(members, "legal_basis"),
        open=members.flag("open"),
        open_condition=members.optional_text("open_condition"),
        update_cycle=members.choice("update_cycle", _CYCLES),
        published_on=_published_on(members),
        service_window=members.optional_text("service_window"),
        handler=members.optional_text("handler"),
        related=tuple(map(EntryCode, members.names("related"))),
        key=tuple(map(ItemIdentifier, members.names("key", required=True))),
        items=items,
        links=links,
        extensions=_extensions(members),
        status=members.choice("status", _STATUSES),
    )


def _nullable_text(members: Members, key: str) -> str | None:
    """Return a text or None, where null may be written but the member not be left out."""
    return members.optional_text(key) if key in members.document else members.text(key) or None


def _published_on(members: Members) -> date | None:
    text = _nullable_text(members, "published_on")
    if text is None:
        return None
    try:
        value = parse_value(text, ValueType.DATE)
    except BadInput as refused:
        members.refuse("published_on", refused.text, Text(en="or write `null`", zh="或填写 `null`"))
        return None
    return value if isinstance(value, date) else None


def _extensions(members: Members) -> str:
    if members.document.get("extensions") is None:
        return "{}"
    return render_json(_sorted(dict(members.part("extensions").document)))


def _sorted(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return {name: _sorted(value[name]) for name in sorted(value)}
    return [_sorted(member) for member in value] if isinstance(value, list) else value


def _read_item(written: Members, shared: SharedItems | None) -> tuple[Members, InformationItem]:
    """Return the object of an item as it is read, and the item."""
    known = None if shared is None else shared.item_of(written.document)
    if known is not None:
        return written, known
    faults = len(written.faults)
    part = written.checked(ITEM_MEMBERS)
    item = _item(part)
    if shared is not None and len(part.faults) == faults:
        shared.keep_item(written.document, item)
    return part, item


def _item(part: Members) -> InformationItem:
    identifier = part.text("identifier")
    value_type = part.choice("type", ITEM_TYPES)
    return InformationItem(
        identifier=ItemIdentifier(identifier),
        name=part.text("name"),
        type=value_type,
        length=_measure(part, "length", ValueType.STRING, (1, _LENGTH_LIMIT)),
        scale=_scale(part, value_type),
        share_class=part.choice("share_class", _SHARE_CLASSES),
        open=part.flag("open"),
        sensitivity=part.whole("sensitivity", 1, _SENSITIVITY_LIMIT),
        description=part.optional_text("description"),
        share_condition=part.optional_text("share_condition"),
        legal_basis=part.optional_text("legal_basis"),
    )


def _scale(part: Members, value_type: ValueType) -> int | None:
    if value_type is ValueType.DECIMAL:
        return part.whole("scale", 0, _SCALE_LIMIT)
    return _measure(part, "scale", ValueType.DECIMAL, (0, _SCALE_LIMIT))


def _measure(part: Members, key: str, owner: ValueType, limits: tuple[int, int]) -> int | None:
    """Return a number that only items of type `owner` have; None where it is left out or null."""
    raw_type = part.document.get("type")
    if part.document.get(key) is None or raw_type not in ITEM_TYPES:
        return None
    if raw_type == owner:
        return part.whole(key, *limits)
    part.refuse(
        key,
        Text(en=f"`{key}` belongs to items of type {owner}", zh=f"`{key}` 只用于 {owner} 类型的信息项"),
        Text(en="remove it", zh="请删除"),
    )
    return None


def _link(part: Members) -> Link:
    return Link(
        identifier=part.text("identifier"),
        items=tuple(map(ItemIdentifier, part.texts("items", required=True))),
        target=EntryIdentifier(part.text("target")),
        target_items=tuple(map(ItemIdentifier, part.texts("target_items", required=True))),
        many=part.flag("many", stand_in=True),
    )


def render_entry(entry: CatalogEntry) -> dict[str, JsonValue]:
    """Return the entry as its JSON object, in bundle.md's order; `parse_entry` gives the same entry back."""
    return {
        "code": entry.code,
        "identifier": entry.identifier,
        "name": entry.name,
        "provider": entry.provider,
        "provider_unit": entry.provider_unit,
        "abstract": entry.abstract,
        "keywords": list(entry.keywords),
        "classification": list(entry.classification),
        "format": {"category": entry.format_category.value, "type": entry.format_type},
        "kind": entry.kind.value,
        "classified": False,
        "grade": entry.grade,
        "share_class": entry.share_class.value,
        "share_condition": entry.share_condition,
        "share_modes": [mode.value for mode in entry.share_modes],
        "use_requirements": entry.use_requirements,
        "legal_basis": entry.legal_basis,
        "open": entry.open,
        "open_condition": entry.open_condition,
        "update_cycle": entry.update_cycle.value,
        "published_on": entry.published_on.isoformat() if entry.published_on else None,
        "service_window": entry.service_window,
        "handler": entry.handler,
        "related": list(entry.related),
        "key": list(entry.key),
        "items": [_render_item(item) for item in entry.items],
        "links": [_render_link(link) for link in entry.links],
        "extensions": parse_json(entry.extensions),
        "status": entry.status.value,
    }


def _render_item(item: InformationItem) -> JsonValue:
    members: dict[str, JsonValue] = {
        "identifier": item.identifier,
        "name": item.name,
        "type": item.type.value,
        "length": item.length,
        "scale": item.scale,
        "share_class": item.share_class.value,
        "open": item.open,
        "sensitivity": item.sensitivity,
        "description": item.description,
        "share_condition": item.share_condition,
        "legal_basis": item.legal_basis,
    }
    return {key: member for key, member in members.items() if member is not None}


def _render_link(link: Link) -> JsonValue:
    return {
        "identifier": link.identifier,
        "items": list(link.items),
        "target": link.target,
        "target_items": list(link.target_items),
        "many": link.many,
    }
