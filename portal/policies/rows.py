"""Policy records as rows of the portal's tables, and back as the JSON objects that the reader of the files reads."""

from collections.abc import Iterator, Mapping
from operator import itemgetter
from typing import cast

from portal.catalog.entries import CatalogEntry
from portal.conditions.values import render_instant
from portal.json_text import JsonValue, parse_json, render_json
from portal.policies.reading import MEMBERS, parse_record
from portal.policies.record_parts import RecordDocument, SharedParts, StoredTexts
from portal.policies.records import Consumer, ConsumerKind, PolicyRecord
from portal.storage.content import ActiveRow, Cell, ContentRow, faulty
from portal.vocabulary import EntryCode

_PERIOD = ("valid_from", "valid_until")
_LISTS = ("items", "purposes", "modes", "matters", "applications")
_FORMULAS = ("condition", "scope", "obligations")
_PLAIN = ("effect", "kind", "resource")
_OPTIONAL = (*_PERIOD, "basis")
_alike = itemgetter("effect", "kind", *_LISTS, *_FORMULAS)
"""Returns the cells that `SharedMembers` is read of."""


def store_record(record: PolicyRecord, document: RecordDocument, origin: str) -> ContentRow:
    """Return the row of a record that was read from `document`; `origin` is one of `tables.ORIGINS`."""
    cells: dict[str, Cell] = {
        "effect": record.effect.value,
        "kind": record.kind.value,
        "consumer_kind": record.consumer.kind.value,
        "consumer_code": record.consumer.code,
        "resource": record.resource,
        **{name: _render(document.get(name), []) for name in _LISTS},
        "valid_from": render_instant(record.valid_from) if record.valid_from else None,
        "valid_until": render_instant(record.valid_until) if record.valid_until else None,
        **{name: _render(document.get(name), {}) for name in _FORMULAS},
        "basis": record.basis,
        "origin": origin,
    }
    return ContentRow(cells, {})


def _render(member: object, empty: JsonValue) -> str:
    # A record's document is what `parse_json` gave, or is made of the same types.
    return render_json(empty if member is None else cast(JsonValue, member))


def load_document(policy: str, row: ContentRow) -> dict[str, JsonValue]:
    """Return the record's JSON object, without members that are empty; instants in UTC."""
    return dict(StoredDocument(policy, row).items())


def load_record(
    policy: str, active: ActiveRow, entries: Mapping[EntryCode, CatalogEntry], shared: SharedParts
) -> PolicyRecord:
    """Return a stored record; parts that are alike in several are one. Raises: PolicyUnavailable, ValueError."""
    document = StoredDocument(policy, active.row)
    stored = StoredTexts(document.text_of, _alike(active.row.cells), shared)
    record, faults = parse_record(document, f"policy {policy}", entries, version=active.version, stored=stored)
    if record is None:
        raise faulty(faults)
    return record


class StoredDocument(Mapping[str, JsonValue]):
    """A stored record's JSON object, whose members are parsed as they are asked for."""

    def __init__(self, policy: str, row: ContentRow) -> None:
        self._policy = policy
        self._row = row

    def __getitem__(self, name: str) -> JsonValue:
        member = self._member(name)
        if member in (None, [], {}):
            raise KeyError(name)
        return member

    def __iter__(self) -> Iterator[str]:
        return (name for name in MEMBERS if self._member(name) not in (None, [], {}))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def text_of(self, name: str) -> str | None:
        """Return the text in which a member is stored, but the id's; None for null. Raises: ValueError for no text."""
        if name == "consumer":
            return self._consumer()
        return self._row.optional_text(name) if name in _OPTIONAL else self._row.text(name)

    def _consumer(self) -> str:
        return str(Consumer(ConsumerKind(self._row.text("consumer_kind")), self._row.text("consumer_code")))

    def _member(self, name: str) -> JsonValue:
        if name == "id":
            return self._policy
        if name == "consumer":
            return self._consumer()
        if name in _OPTIONAL:
            return self._row.optional_text(name)
        text = self._row.text(name)
        return text if name in _PLAIN else parse_json(text)
