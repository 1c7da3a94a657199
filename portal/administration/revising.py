"""What the content would be after a change: the present rows with those of the change, checked as a bundle's would be.

Nothing is read or written here. A change that has a fault leaves nothing half done: there is no revision then.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Table

from portal.administration.documents import PLACE, ChangedKind, ChangeDocument, Put, Restoration, Withdrawal
from portal.agreements.verification import Circumstances
from portal.bundles.key_files import read_keys
from portal.bundles.planning import store_agreement
from portal.bundles.record_files import Surroundings, read_agreement_file, read_record, validate_prefix
from portal.catalog.entries import CatalogEntry
from portal.catalog.rows import load_entry
from portal.certificates.trust import load_trust_store
from portal.errors import Fault, PolicyUnavailable, Text
from portal.identity.register_checks import validate_register
from portal.identity.register_reading import parse_registered
from portal.identity.registered import RegisteredKind, key_of
from portal.identity.registry import Registry
from portal.identity.rows import load_registry, registered_rows
from portal.json_text import render_json
from portal.policies.consistency import validate_references
from portal.policies.derivation import PROVIDER_PREFIX
from portal.policies.expectations import Expectation, Verdict, load_expectation, parse_expectation
from portal.policies.information_point import parse_content
from portal.policies.reading import agreement_document, parse_record
from portal.policies.rows import load_document, store_record
from portal.policies.snapshot import Snapshot
from portal.regulations.profiles import load_profile
from portal.storage.content import ActiveRow, Cell, ContentRow, StoredContent
from portal.storage.content_changes import ContentChange, WantedContent, compare_content
from portal.storage.tables import (
    agreements,
    application_standing,
    applications,
    catalog_entries,
    department_standing,
    departments,
    expectations,
    freezes,
    groups,
    key_files,
    policy_records,
    user_standing,
    users,
)
from portal.vocabulary import EntryCode

Rows = dict[str, dict[str, ContentRow]]
History = Mapping[tuple[str, str, int], ContentRow]
"""Rows of earlier versions, by table, key and version."""

_TABLES: Mapping[ChangedKind, Sequence[Table]] = {
    ChangedKind.POLICY: (policy_records,),
    ChangedKind.AGREEMENT: (agreements, policy_records),
    ChangedKind.DEPARTMENT: (departments, department_standing),
    ChangedKind.GROUP: (groups,),
    ChangedKind.APPLICATION: (applications, application_standing),
    ChangedKind.USER: (users, user_standing),
    ChangedKind.KEY: (key_files,),
    ChangedKind.EXPECTATION: (expectations,),
    ChangedKind.FREEZE: (freezes,),
}
"""The tables that hold a thing of each kind, the first of them always."""
_REGISTERED: Mapping[ChangedKind, RegisteredKind] = {
    ChangedKind.DEPARTMENT: RegisteredKind.DEPARTMENT,
    ChangedKind.GROUP: RegisteredKind.GROUP,
    ChangedKind.APPLICATION: RegisteredKind.APPLICATION,
    ChangedKind.USER: RegisteredKind.USER,
}
REGISTER_KINDS = frozenset({*_REGISTERED, ChangedKind.KEY})
"""Kinds that are the register's: who there is, and by what they are known."""
REGISTER_TABLES = frozenset(table.name for kind in REGISTER_KINDS for table in _TABLES[kind])


@dataclass(frozen=True, slots=True)
class Revised:
    """The content after a change: as rows, as what decisions would rest on, and the way there.

    `base` are the present versions of what the change touches, by `TABLE/KEY`, 0 for what isn't there.
    """

    change: ContentChange
    snapshot: Snapshot
    expectations: tuple[Expectation, ...]
    base: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Faulty:
    """A change that can't be made, and everything that is wrong with it."""

    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class _Editing:
    """Rows being changed, what was touched, and the faults found so far."""

    rows: Rows
    touched: list[tuple[str, str]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def put(self, table: str, key: str, row: ContentRow) -> None:
        self.rows[table][key] = row
        self.touched.append((table, key))

    def withdraw(self, table: str, key: str) -> None:
        self.rows[table].pop(key, None)
        self.touched.append((table, key))

    def refuse(self, place: str, what: Text, mend: Text) -> None:
        self.faults.append(Fault(PLACE, None, place, what, mend))

    def take(self, place: str, faults: Iterable[Fault]) -> None:
        """Keep faults of a document that lies at a place of the change."""
        self.faults.extend(replace(fault, file=PLACE, column=f"{place}.{fault.column}".rstrip(".")) for fault in faults)


def revise(present: StoredContent, document: ChangeDocument, history: History, now: datetime) -> Revised | Faulty:
    """Return the content after the change, or every fault in it. `now` is when agreements are looked at."""
    editing = _Editing({table: {key: active.row for key, active in of.items()} for table, of in present.rows.items()})
    for restoration in document.restorations:
        _restore(editing, restoration, history)
    for withdrawal in document.withdrawals:
        _withdraw(editing, withdrawal)
    _put_register(editing, [put for put in document.puts if put.kind in REGISTER_KINDS])
    registry = _registry(present, editing.rows)
    # What a load left dangling is told by `portal doctor`, and keeps nobody from changing something else.
    known = validate_register(load_registry(present), present.rows[key_files.name])
    found = validate_register(registry, editing.rows[key_files.name])
    editing.faults.extend(fault for fault in found if fault not in known)
    _put_records(editing, [put for put in document.puts if put.kind not in REGISTER_KINDS], present, now)
    if {table for table, _ in editing.touched} & _RESTED_UPON:
        _check_what_rests(editing, present, registry, now)
    if editing.faults:
        return Faulty(tuple(dict.fromkeys(editing.faults)))
    return _revised(present, editing)


_RESTED_UPON = frozenset({departments.name, groups.name, applications.name, key_files.name})
"""Tables of what records and agreements name, or are verified by."""


def _restore(editing: _Editing, one: Restoration, history: History) -> None:
    if one.table not in editing.rows:
        editing.refuse(
            "restore",
            Text(en=f"there is no table `{one.table}`", zh=f"没有数据表 `{one.table}`"),
            Text(en="restore what a change changed", zh="请恢复某次变更所改动的内容"),
        )
    elif one.version is None:
        editing.withdraw(one.table, one.key)
    elif (row := history.get((one.table, one.key, one.version))) is None:
        editing.refuse(
            "restore",
            Text(en=f"there is no version {one.version} of `{one.key}`", zh=f"`{one.key}` 没有第 {one.version} 个版本"),
            Text(en="name a version that there was", zh="请指明曾有的版本"),
        )
    else:
        editing.put(one.table, one.key, row)


def _withdraw(editing: _Editing, one: Withdrawal) -> None:
    table, *others = (each.name for each in _TABLES[one.kind])
    row = editing.rows[table].get(one.id)
    if row is None:
        what = Text(en=f"there is no {one.kind} `{one.id}`", zh=f"没有 {one.kind} `{one.id}`")
        editing.refuse(one.place, what, Text(en="name one that is there", zh="请指明现有的一个"))
        return
    if one.kind is ChangedKind.POLICY and (refusal := _own_record(one.id, row)) is not None:
        editing.refuse(one.place, *refusal)
        return
    for each in (table, *(other for other in others if one.id in editing.rows[other])):
        editing.withdraw(each, one.id)


def _own_record(name: str, row: ContentRow) -> tuple[Text, Text] | None:
    """Return why a record isn't withdrawn by itself, and what to do instead; None where it is."""
    if row.text("origin") == "agreement":
        return (
            Text(en=f"`{name}` is an agreement's record", zh=f"`{name}` 是协议所生成的记录"),
            Text(en="withdraw the agreement", zh="请撤销该协议"),
        )
    if name.startswith(PROVIDER_PREFIX):
        return (
            Text(en=f"`{name}` is the provider's own record", zh=f"`{name}` 是提供方自身的记录"),
            Text(en="write a restriction, or freeze the entry", zh="请编写 restriction 记录，或冻结该条目"),
        )
    return None


def _put_register(editing: _Editing, puts: Sequence[Put]) -> None:
    for put in puts:
        if put.kind is ChangedKind.KEY:
            _put_key(editing, put)
            continue
        value, faults = parse_registered(_REGISTERED[put.kind], dict(put.document), PLACE)
        editing.take(f"{put.place}.document", faults)
        if value is None or faults:
            continue
        for table, row in registered_rows(value).items():
            editing.put(table, key_of(value), row)


def _put_key(editing: _Editing, put: Put) -> None:
    path, text = put.document.get("path"), put.document.get("content")
    if not isinstance(path, str) or not isinstance(text, str) or put.document.keys() != {"path", "content"}:
        editing.refuse(
            f"{put.place}.document",
            Text(en="a key has `path` and `content`, both texts", zh="密钥由 `path` 与 `content` 两个文本组成"),
            Text(en="write the path below keys/ and the PEM text", zh="请填写 keys/ 下的路径和 PEM 文本"),
        )
        return
    content = text.encode()
    _, faults = read_keys({f"keys/{path}": content})
    editing.take(f"{put.place}.document", faults)
    if not faults:
        editing.put(key_files.name, path, ContentRow({"content": content}, {}))


def _put_records(editing: _Editing, puts: Sequence[Put], present: StoredContent, now: datetime) -> None:
    surroundings = _surroundings(present, editing.rows)
    for put in puts:
        match put.kind:
            case ChangedKind.POLICY:
                _put_policy(editing, put, surroundings)
            case ChangedKind.AGREEMENT:
                _put_agreement(editing, put, surroundings, _circumstances(present, editing, surroundings, now))
            case ChangedKind.EXPECTATION:
                _put_expectation(editing, put, surroundings)
            case _:
                raise AssertionError(f"{put.kind} is the register's, or no change puts it")


def _put_expectation(editing: _Editing, put: Put, surroundings: Surroundings) -> None:
    about = dict(put.document)
    name, verdict, reason = (about.pop(member, None) for member in ("id", "verdict", "reason"))
    known = next((one for one in Verdict if one.value == verdict), None)
    if known is None or not isinstance(name, str) or not isinstance(reason, str) or not reason:
        editing.refuse(
            f"{put.place}.document",
            Text(en="an expectation has `id`, `verdict` and `reason`", zh="期望须有 `id`、`verdict` 和 `reason`"),
            Text(en="write `never` or `able` as verdict, and why", zh="`verdict` 为 `never` 或 `able`，并写明理由"),
        )
        return
    expectation, faults = parse_expectation(name, known, render_json(about), reason, surroundings.entries)
    editing.take(f"{put.place}.document", faults)
    if expectation is not None:
        cells: dict[str, Cell] = {"verdict": known.value, "document": render_json(about), "reason": reason}
        editing.put(expectations.name, name, ContentRow(cells, {}))


def _put_policy(editing: _Editing, put: Put, surroundings: Surroundings) -> None:
    record, faults = read_record(put.document, PLACE, surroundings)
    name = put.document.get("id")
    if isinstance(name, str):
        faults += validate_prefix(name, PLACE)
        if name in editing.rows[agreements.name]:
            what = Text(en=f"an agreement has the id `{name}`", zh=f"已有协议使用编号 `{name}`")
            faults.append(Fault(PLACE, None, "id", what, Text(en="choose another id", zh="请另取编号")))
    editing.take(f"{put.place}.document", faults)
    if record is not None and not faults:
        editing.put(policy_records.name, record.id, store_record(record, put.document, "bundle"))


def _put_agreement(editing: _Editing, put: Put, surroundings: Surroundings, circumstances: Circumstances) -> None:
    name = put.document.get("id")
    reading = read_agreement_file(
        render_json(dict(put.document)).encode(), f"agreements/{name}.json", circumstances, surroundings
    )
    editing.take(f"{put.place}.document", reading.faults)
    if reading.agreement is None or reading.record is None:
        return
    key = reading.agreement.id
    taken = editing.rows[policy_records.name].get(key)
    if taken is not None and taken.text("origin") != "agreement":
        what = Text(en=f"a policy has the id `{key}`", zh=f"已有策略使用编号 `{key}`")
        editing.refuse(f"{put.place}.document.id", what, Text(en="give the policy another id", zh="请为策略另取编号"))
        return
    document = agreement_document(reading.agreement)
    editing.put(agreements.name, key, store_agreement(reading.agreement))
    editing.put(policy_records.name, key, store_record(reading.record, document, "agreement"))


def _registry(present: StoredContent, rows: Rows) -> Registry:
    return load_registry(_stored(present, rows))


def _stored(present: StoredContent, rows: Rows) -> StoredContent:
    """Return the rows as content that would follow upon the present one."""
    active = {table: {key: _active(present, table, key, row) for key, row in of.items()} for table, of in rows.items()}
    return StoredContent(present.identity, present.epoch + 1, active, present.quarantine)


def _active(present: StoredContent, table: str, key: str, row: ContentRow) -> ActiveRow:
    before = present.rows[table].get(key)
    if before is None:
        return ActiveRow(1, 0, row)
    return before if before.row == row else ActiveRow(before.version + 1, 0, row)


def _entries(rows: Rows) -> dict[EntryCode, CatalogEntry]:
    return {EntryCode(code): load_entry(code, row) for code, row in rows[catalog_entries.name].items()}


def _surroundings(present: StoredContent, rows: Rows) -> Surroundings:
    purposes = load_profile(present.identity.profile).purposes
    return Surroundings(_entries(rows), _registry(present, rows), purposes)


def _circumstances(
    present: StoredContent, editing: _Editing, surroundings: Surroundings, now: datetime
) -> Circumstances:
    keys = {path: row.octets("content") for path, row in editing.rows[key_files.name].items()}
    trust, faults, _ = load_trust_store(keys, now)
    editing.take("", faults)
    providers = {code: entry.provider for code, entry in surroundings.entries.items()}
    roles = load_profile(present.identity.profile).signing_roles
    return Circumstances(trust, surroundings.registry.departments, providers, roles, now)


def _check_what_rests(editing: _Editing, present: StoredContent, registry: Registry, now: datetime) -> None:
    """Hold every record and agreement against a register or authorities that change."""
    surroundings = _surroundings(present, editing.rows)
    for name, row in editing.rows[policy_records.name].items():
        record, _ = parse_record(load_document(name, row), f"policies/{name}.json", surroundings.entries)
        if record is not None:
            editing.faults.extend(validate_references(record, f"policies/{name}.json", registry, surroundings.purposes))
    circumstances = _circumstances(present, editing, surroundings, now)
    for name, row in editing.rows[agreements.name].items():
        content = row.text("document").encode()
        reading = read_agreement_file(content, f"agreements/{name}.json", circumstances, surroundings)
        editing.faults.extend(reading.faults)


def _revised(present: StoredContent, editing: _Editing) -> Revised | Faulty:
    return revised_to(present, WantedContent(present.identity, editing.rows), dict(_base(present, editing.touched)))


def revised_to(present: StoredContent, wanted: WantedContent, touched: Mapping[str, int]) -> Revised | Faulty:
    """Return the content as it is wanted, as what decisions would rest on; `touched` as keys of `Revised.base`."""
    rows = {table: dict(of) for table, of in wanted.rows.items()}
    try:
        snapshot = Snapshot(parse_content(replace(_stored(present, rows), identity=wanted.identity)))
    except PolicyUnavailable as refused:
        return Faulty((Fault(PLACE, None, "", refused.text, Text(en="mend the change", zh="请改正变更内容")),))
    change = compare_content(present, wanted)
    expected = (load_expectation(name, row) for name, row in sorted(rows[expectations.name].items()))
    return Revised(change, snapshot, tuple(expected), present_base(present, touched))


def _base(present: StoredContent, touched: Iterable[tuple[str, str]]) -> Iterator[tuple[str, int]]:
    for table, key in sorted(set(touched)):
        before = present.rows[table].get(key)
        yield f"{table}/{key}", 0 if before is None else before.version


def present_base(present: StoredContent, base: Mapping[str, int]) -> Mapping[str, int]:
    """Return what the versions of `base` are now."""
    pairs = [tuple(place.split("/", 1)) for place in base]
    return dict(_base(present, ((table, key) for table, key in pairs)))
