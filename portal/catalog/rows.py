"""Catalog entries as rows of the portal's tables, and back through the reader of the files."""

from collections.abc import Iterable, Mapping
from typing import cast

from portal.catalog.entries import CatalogEntry
from portal.catalog.reading import ENTRY_MEMBERS, ITEM_MEMBERS, LINK_MEMBERS, parse_entry, render_entry
from portal.catalog.shared_items import SharedItems
from portal.json_text import JsonValue, render_json
from portal.storage.content import Cell, Cells, ContentRow, faulty
from portal.storage.tables import information_items, links

_JSON = frozenset(
    {"keywords", "classification", "share_modes", "related", "key", "extensions", "items", "target_items"}
)
_FLAGS = frozenset({"open", "many"})
_OWN = tuple(name for name in ENTRY_MEMBERS if name not in ("code", "format", "classified", "items", "links"))


def store_entry(entry: CatalogEntry, *, removed: bool) -> ContentRow:
    """Return the rows of an entry, its items and its links. `removed`: it is no longer in the bundle."""
    document = render_entry(entry)
    cells: dict[str, Cell] = {
        **_store_members(document, _OWN),
        "format_category": entry.format_category.value,
        "format_type": entry.format_type,
        "removed": int(removed),
    }
    return ContentRow(
        cells,
        {
            information_items.name: _store_parts(document["items"], ITEM_MEMBERS),
            links.name: _store_parts(document["links"], LINK_MEMBERS),
        },
    )


def load_entry(code: str, row: ContentRow, shared: SharedItems | None = None) -> CatalogEntry:
    """Return the entry that the rows hold; what `shared` has of it is read no more, and the entry shares it.

    Raises: PolicyUnavailable, with the first of its faults.
    """
    known = shared or SharedItems()
    document: dict[str, JsonValue] = {
        "code": code,
        **_load_members(row.cells, _OWN, known),
        "format": {"category": row.text("format_category"), "type": row.text("format_type")},
        "classified": False,
        "items": [_load_item(cells, known) for cells in row.children[information_items.name]],
        "links": [_load_members(cells, LINK_MEMBERS, known) for cells in row.children[links.name]],
    }
    entry, faults = parse_entry(document, f"catalog {code}", known)
    if entry is None or faults:
        raise faulty(faults)
    return entry


def is_removed(row: ContentRow) -> bool:
    """Return whether the entry is one that left the bundle."""
    return row.number("removed") == 1


def _store_parts(parts: JsonValue, names: Iterable[str]) -> tuple[Cells, ...]:
    # `render_entry` writes items and links as lists of objects.
    return tuple(_store_members(cast(Mapping[str, JsonValue], part), names) for part in cast(list[JsonValue], parts))


def _store_members(document: Mapping[str, JsonValue], names: Iterable[str]) -> dict[str, Cell]:
    return {name: _store_member(document.get(name)) for name in names}


def _store_member(member: JsonValue) -> Cell:
    if isinstance(member, bool):
        return int(member)
    return member if member is None or isinstance(member, str | int) else render_json(member)


def _load_item(cells: Cells, shared: SharedItems) -> JsonValue:
    document = shared.document_of(cells)
    if document is None:
        document = _load_members(cells, ITEM_MEMBERS, shared)
        shared.keep_document(cells, document)
    # As `_load_members` makes it.
    return cast(JsonValue, document)


def _load_members(cells: Cells, names: Iterable[str], shared: SharedItems) -> dict[str, JsonValue]:
    document = {name: cast(JsonValue, cells[name]) for name in names}
    for name in _FLAGS.intersection(document):
        document[name] = bool(document[name])
    for name in _JSON.intersection(document):
        document[name] = shared.value_of(cast(str, cells[name]))
    return document
