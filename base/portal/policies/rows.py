"""Policy records as rows of the portal's tables, and back as the JSON objects that the reader of the files reads."""

from typing import cast

from portal.conditions.values import render_instant
from portal.json_text import JsonValue, parse_json, render_json
from portal.policies.reading import MEMBERS, RecordDocument
from portal.policies.records import Consumer, ConsumerKind, PolicyRecord
from portal.storage.content import Cell, ContentRow

_PERIOD = ("valid_from", "valid_until")
_LISTS = ("items", "purposes", "modes", "matters", "applications")
_FORMULAS = ("condition", "scope", "obligations")


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
    members: dict[str, JsonValue] = {
        "id": policy,
        "effect": row.text("effect"),
        "kind": row.text("kind"),
        "consumer": str(Consumer(ConsumerKind(row.text("consumer_kind")), row.text("consumer_code"))),
        "resource": row.text("resource"),
        **{name: parse_json(row.text(name)) for name in (*_LISTS, *_FORMULAS)},
        **{name: row.optional_text(name) for name in (*_PERIOD, "basis")},
    }
    return {name: members[name] for name in MEMBERS if members[name] not in (None, [], {})}
