"""Putting what a change says into the content, checked as a bundle's files would be."""

from collections.abc import Sequence
from datetime import datetime

from portal.administration.documents import PLACE, ChangedKind, Put
from portal.administration.editing import REGISTERED_KINDS, Editing
from portal.administration.resting import circumstances_of, surroundings_of
from portal.agreements.verification import Circumstances
from portal.bundles.key_files import read_keys
from portal.bundles.planning import store_agreement
from portal.bundles.record_files import Surroundings, read_agreement_file, read_record, validate_prefix
from portal.errors import Fault, Text
from portal.identity.register_reading import parse_registered
from portal.identity.registered import key_of
from portal.identity.rows import registered_rows
from portal.json_text import render_json
from portal.policies.expectations import Verdict, parse_expectation
from portal.policies.reading import agreement_document
from portal.policies.rows import store_record
from portal.storage.content import Cell, ContentRow, StoredContent
from portal.storage.tables import (
    agreements,
    expectations,
    key_files,
    policy_records,
)


def put_register(editing: Editing, puts: Sequence[Put]) -> None:
    """Put whom and what the register holds, and keys."""
    for put in puts:
        if put.kind is ChangedKind.KEY:
            _put_key(editing, put)
            continue
        value, faults = parse_registered(REGISTERED_KINDS[put.kind], dict(put.document), PLACE)
        editing.take(f"{put.place}.document", faults)
        if value is None or faults:
            continue
        for table, row in registered_rows(value).items():
            editing.put(table, key_of(value), row)


def _put_key(editing: Editing, put: Put) -> None:
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


def put_records(editing: Editing, puts: Sequence[Put], present: StoredContent, now: datetime) -> None:
    """Put policies, agreements and expectations, held against the register and catalog as edited so far."""
    surroundings = surroundings_of(present, editing.rows)
    for put in puts:
        match put.kind:
            case ChangedKind.POLICY:
                _put_policy(editing, put, surroundings)
            case ChangedKind.AGREEMENT:
                _put_agreement(editing, put, surroundings, circumstances_of(present, editing, surroundings, now))
            case ChangedKind.EXPECTATION:
                _put_expectation(editing, put, surroundings)
            case _:
                raise AssertionError(f"{put.kind} is the register's, or no change puts it")


def _put_expectation(editing: Editing, put: Put, surroundings: Surroundings) -> None:
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


def _put_policy(editing: Editing, put: Put, surroundings: Surroundings) -> None:
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


def _put_agreement(editing: Editing, put: Put, surroundings: Surroundings, circumstances: Circumstances) -> None:
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
