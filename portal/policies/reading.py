"""Reading a policy record: the JSON of a file, or of a stored row, into a typed record (enforcement.md §2)."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from portal.agreements.agreement import Agreement, SigningRole
from portal.catalog.entries import CatalogEntry
from portal.conditions.reading import ATTRIBUTE_TYPES, Form, read_condition
from portal.conditions.tree import TRUE, Condition
from portal.conditions.values import check_text, parse_instant
from portal.errors import BadInput, Fault, Text
from portal.policies.consistency import broken_rules
from portal.policies.obligations import read_obligations
from portal.policies.record_parts import RecordDocument, RecordReading, SharedMembers, StoredTexts
from portal.policies.records import ANY, Any, Consumer, ConsumerKind, Effect, Obligations, PolicyKind, PolicyRecord
from portal.vocabulary import ApplicationId, EntryCode, ItemIdentifier, Matter, Mode, PolicyId, Purpose

MEMBERS = (
    "id",
    "effect",
    "kind",
    "consumer",
    "resource",
    "items",
    "purposes",
    "matters",
    "applications",
    "modes",
    "valid_from",
    "valid_until",
    "condition",
    "scope",
    "obligations",
    "basis",
)
_NO_BASIS = frozenset({PolicyKind.PROVIDER, PolicyKind.UNCONDITIONAL, PolicyKind.OPEN_DATA})
POLICY_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)

_Closed = TypeVar("_Closed", bound=StrEnum)
_Name = TypeVar("_Name", bound=str)


def parse_record(
    document: RecordDocument,
    file: str,
    entries: Mapping[EntryCode, CatalogEntry],
    *,
    version: int = 1,
    stored: StoredTexts | None = None,
) -> tuple[PolicyRecord | None, list[Fault]]:
    """Return the record, or None and every fault in it: syntax, types, and consistency with the catalog.

    `stored` are the texts that the document is made of, where it is of the portal's tables.
    Whether consumer, applications and purposes are known is `validate_references`' question.
    """
    reading = RecordReading(document, file, stored)
    _check_members(reading)
    entry = _entry(reading, entries)
    consumer = reading.part("consumer", None, lambda: _consumer(reading))
    policy_id = PolicyId(_identifier(reading))
    alike = reading.shared_members(entry, lambda: _shared_members(reading, entry))
    # Stand-ins for what can't be read: the record isn't returned then, and the rest of it is read all the same.
    record = PolicyRecord(
        id=policy_id,
        effect=alike.effect or Effect.DENY,
        kind=alike.kind or PolicyKind.RESTRICTION,
        consumer=consumer or Consumer(ConsumerKind.PUBLIC),
        resource=EntryCode("") if entry is None else entry.code,
        items=alike.items,
        purposes=alike.purposes,
        modes=alike.modes,
        matters=alike.matters,
        applications=alike.applications,
        valid_from=reading.part("valid_from", None, lambda: _instant(reading, "valid_from")),
        valid_until=reading.part("valid_until", None, lambda: _instant(reading, "valid_until")),
        condition=alike.condition,
        scope=alike.scope,
        obligations=alike.obligations,
        basis=reading.part("basis", None, lambda: _basis(reading, alike.kind)),
        version=version,
    )
    _check_period(reading, record)
    if entry is not None and None not in (alike.effect, alike.kind, consumer):
        _check_kind(reading, record, entry)
    return (None if reading.faults else record), reading.faults


def _shared_members(reading: RecordReading, entry: CatalogEntry | None) -> SharedMembers:
    members = SharedMembers(
        effect=reading.part("effect", None, lambda: _closed(reading, "effect", Effect)),
        kind=reading.part("kind", None, lambda: _closed(reading, "kind", PolicyKind)),
        items=reading.part("items", None, lambda: _names(reading, "items", ItemIdentifier)),
        purposes=reading.part("purposes", None, lambda: _names(reading, "purposes", Purpose)),
        modes=reading.part("modes", None, lambda: _modes(reading)),
        matters=reading.part("matters", None, lambda: tuple(map(Matter, _texts(reading, "matters")))),
        applications=reading.part(
            "applications", None, lambda: tuple(map(ApplicationId, _texts(reading, "applications")))
        ),
        condition=reading.part("condition", None, lambda: _condition(reading)),
        scope=None if entry is None else reading.part("scope", entry, lambda: _scope(reading, entry)),
        obligations=(
            Obligations() if entry is None else reading.part("obligations", entry, lambda: _obligations(reading, entry))
        ),
    )
    if entry is not None:
        reading.part("items", entry, lambda: _check_items(reading, members.items, entry))
    return members


def _check_members(reading: RecordReading) -> None:
    if reading.stored is not None:
        # Its members are columns.
        return
    for key in reading.document:
        if key not in MEMBERS:
            reading.refuse(
                str(key),
                Text(en=f"unknown member `{key}`", zh=f"未知成员 `{key}`"),
                Text(en=f"use only {', '.join(MEMBERS)}", zh=f"仅可使用 {'、'.join(MEMBERS)}"),
            )


def _text(reading: RecordReading, key: str) -> str | None:
    raw = reading.document.get(key)
    if raw is None or raw == "":
        return None
    return _checked(reading, key, raw)


def _checked(reading: RecordReading, path: str, raw: object) -> str | None:
    if not isinstance(raw, str):
        reading.refuse(
            path, Text(en=f"`{path}` is no text", zh=f"`{path}` 不是文本"), Text(en="write it in quotes", zh="请加引号")
        )
        return None
    try:
        return check_text(raw)
    except BadInput as refused:
        reading.refuse(path, refused.text, Text(en="write it again", zh="请重新填写"))
        return None


def _identifier(reading: RecordReading) -> str:
    text = _text(reading, "id") or ""
    if not POLICY_ID.fullmatch(text):
        reading.refuse(
            "id",
            Text(en=f"`{text}` is no id", zh=f"`{text}` 不是有效的编号"),
            Text(en="use up to 128 letters, digits, `.`, `_`, `-`", zh="请用不超过 128 个字母、数字、`.`、`_`、`-`"),
        )
    return text


def _closed(reading: RecordReading, key: str, values: type[_Closed]) -> _Closed | None:
    raw = reading.document.get(key)
    for value in values:
        if raw == value.value and isinstance(raw, str):
            return value
    known = ", ".join(values)
    reading.refuse(
        key,
        Text(en=f"`{key}` is `{raw}`", zh=f"`{key}` 的值为 `{raw}`"),
        Text(en=f"write one of {known}", zh=f"请填写其中之一：{known}"),
    )
    return None


def _entry(reading: RecordReading, entries: Mapping[EntryCode, CatalogEntry]) -> CatalogEntry | None:
    code = reading.part("resource", None, lambda: _text(reading, "resource"))
    if code is None:
        reading.refuse_missing("resource")
        return None
    entry = entries.get(EntryCode(code))
    if entry is None:
        reading.refuse(
            "resource",
            Text(en=f"unknown entry `{code}`", zh=f"未知目录条目 `{code}`"),
            Text(en="write the code of an entry in catalog/", zh="请填写 catalog/ 中某条目的代码"),
        )
    return entry


def _consumer(reading: RecordReading) -> Consumer | None:
    text = _text(reading, "consumer")
    if text is None:
        reading.refuse_missing("consumer")
        return None
    kind, _, code = text.partition(":")
    bare = kind in (ConsumerKind.ANY_DEPARTMENT, ConsumerKind.PUBLIC)
    if kind not in [member.value for member in ConsumerKind] or bare == bool(code) or (bare and ":" in text):
        reading.refuse(
            "consumer",
            Text(en=f"`{text}` is no consumer", zh=f"`{text}` 不是有效的使用方"),
            Text(
                en="write department:CODE, group:CODE, application:ID, any_department or public",
                zh="请写成 department:代码、group:代码、application:编号、any_department 或 public",
            ),
        )
        return None
    return Consumer(ConsumerKind(kind), code)


def _texts(reading: RecordReading, key: str) -> tuple[str, ...]:
    raw = reading.document.get(key)
    if raw is None:
        return ()
    if not isinstance(raw, list | tuple):
        reading.refuse(
            key, Text(en=f"`{key}` is no list", zh=f"`{key}` 不是列表"), Text(en="write a list", zh="请写成列表")
        )
        return ()
    texts = [_checked(reading, f"{key}[{index}]", member) for index, member in enumerate(raw)]
    found = [text for text in texts if text]
    if len(found) < len(texts):
        reading.refuse_missing(key)
    for twice in sorted({text for text in found if found.count(text) > 1}):
        reading.refuse(
            key,
            Text(en=f"`{twice}` is listed twice", zh=f"`{twice}` 重复"),
            Text(en="list it once", zh="只写一次"),
        )
    return tuple(found)


def _names(reading: RecordReading, key: str, name: Callable[[str], _Name]) -> tuple[_Name, ...] | Any:
    texts = _texts(reading, key)
    if not texts:
        reading.refuse_missing(key)
    if texts == (ANY.value,):
        return ANY
    if ANY.value in texts:
        reading.refuse(
            key,
            Text(en='`"*"` stands beside other values', zh='`"*"` 与其他值并列'),
            Text(en='write `["*"]` alone, or the values', zh='请只写 `["*"]`，或逐一列出'),
        )
    return tuple(map(name, texts))


def _modes(reading: RecordReading) -> tuple[Mode, ...] | Any:
    names = _names(reading, "modes", str)
    if isinstance(names, Any):
        return names
    known = [mode.value for mode in Mode]
    for unknown in [name for name in names if name not in known and name != ANY.value]:
        reading.refuse(
            "modes",
            Text(en=f"unknown mode `{unknown}`", zh=f"未知共享方式 `{unknown}`"),
            Text(en=f"use {', '.join(known)}", zh=f"可用：{'、'.join(known)}"),
        )
    return tuple(Mode(name) for name in names if name in known)


def _instant(reading: RecordReading, key: str) -> datetime | None:
    raw = reading.document.get(key)
    if raw is None:
        return None
    try:
        return parse_instant(raw)
    except BadInput as refused:
        reading.refuse(key, refused.text, Text(en="give the offset too", zh="请同时写明时区偏移"))
        return None


def _member_condition(reading: RecordReading, key: str, form: Form, types: Mapping[str, object]) -> Condition | None:
    """Return the condition under `key`; None where it is missing or `{}`."""
    raw = reading.document.get(key)
    if raw is None or raw == {}:
        return None
    condition, faults = read_condition(raw, types, form)  # type: ignore[arg-type]
    for fault in faults:
        path = f"{key}.{fault.path}" if fault.path else key
        reading.refuse(path, fault.text, Text(en="see enforcement §3 for the language", zh="语法见条件语言说明"))
    return condition


def _condition(reading: RecordReading) -> Condition:
    return _member_condition(reading, "condition", Form.CONDITION, ATTRIBUTE_TYPES) or TRUE


def _scope(reading: RecordReading, entry: CatalogEntry) -> Condition | None:
    return _member_condition(reading, "scope", Form.SCOPE, {item.identifier: item.type for item in entry.items})


def _obligations(reading: RecordReading, entry: CatalogEntry) -> Obligations:
    obligations, faults = read_obligations(reading.document.get("obligations"), entry)
    for path, what, mend in faults:
        reading.refuse(path, what, mend)
    return obligations


def _basis(reading: RecordReading, kind: PolicyKind | None) -> str | None:
    basis = _text(reading, "basis")
    if basis is None and kind is not None and kind not in _NO_BASIS:
        reading.refuse_missing("basis")
    return basis


def _check_items(reading: RecordReading, items: tuple[ItemIdentifier, ...] | Any, entry: CatalogEntry) -> None:
    if isinstance(items, Any):
        return
    for name in items:
        if entry.item(name) is None and name != ANY.value:
            known = ", ".join(item.identifier for item in entry.items)
            reading.refuse(
                "items",
                Text(
                    en=f"unknown item `{name}` of `{entry.identifier}`", zh=f"`{entry.identifier}` 没有信息项 `{name}`"
                ),
                Text(en=f"its items are {known}", zh=f"其信息项为 {known}"),
            )


def _check_period(reading: RecordReading, record: PolicyRecord) -> None:
    if record.valid_from and record.valid_until and record.valid_from >= record.valid_until:
        reading.refuse(
            "valid_until",
            Text(en="the period ends before it begins", zh="有效期的结束早于开始"),
            Text(en="make `valid_until` later than `valid_from`", zh="`valid_until` 应晚于 `valid_from`"),
        )


def _check_kind(reading: RecordReading, record: PolicyRecord, entry: CatalogEntry) -> None:
    for rule in broken_rules(record, entry):
        reading.refuse(rule.path, rule.what, rule.mend)


def agreement_document(agreement: Agreement) -> RecordDocument:
    """Return the record that a verified agreement gives: its id, and its terms (bundle.md)."""
    terms = {key: value for key, value in agreement.terms.items() if key != "disposal"}
    return {
        # First, so that terms never say who is allowed, and what for.
        **terms,
        "id": agreement.id,
        "effect": Effect.ALLOW.value,
        "kind": PolicyKind.AGREEMENT.value,
        "consumer": f"department:{agreement.parties[SigningRole.CONSUMER]}",
        "basis": f"{agreement.id} v{agreement.version}",
    }
