"""Information items of stored entries, each read once: a city's entries share most of theirs."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from portal.catalog.entries import InformationItem
from portal.json_text import JsonValue, parse_json

Document = Mapping[str, JsonValue]
"""The JSON object of an item."""


@dataclass(frozen=True, slots=True)
class SharedItems:
    """What was read of entries' rows so far: items that had no fault, and the texts that hold JSON.

    # INVARIANT: rows and documents are known by which object they are, and kept, so that no other takes their place;
    nobody changes one.
    """

    _documents: dict[int, tuple[object, Document]] = field(default_factory=dict, repr=False)
    _items: dict[int, tuple[Document, InformationItem]] = field(default_factory=dict, repr=False)
    _values: dict[str, JsonValue] = field(default_factory=dict, repr=False)

    def document_of(self, row: object) -> Document | None:
        """Return the document that was made of the very row, None where none was."""
        found = self._documents.get(id(row))
        return None if found is None else found[1]

    def keep_document(self, row: object, document: Document) -> None:
        """Keep what was made of a row."""
        self._documents[id(row)] = row, document

    def item_of(self, document: Document) -> InformationItem | None:
        """Return the item that was read of the very document, None where none was."""
        found = self._items.get(id(document))
        return None if found is None else found[1]

    def keep_item(self, document: Document, item: InformationItem) -> None:
        """Keep an item that was read of a document without a fault."""
        self._items[id(document)] = document, item

    def value_of(self, text: str) -> JsonValue:
        """Return what a JSON text holds. Raises: NotJson."""
        if text not in self._values:
            self._values[text] = parse_json(text)
        return self._values[text]
