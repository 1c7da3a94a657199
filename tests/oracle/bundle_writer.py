"""Writes a world as a bundle folder."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

from tests.oracle.conditions import ConditionTree, ItemTests, Negation, Operand, SubjectAttribute
from tests.oracle.document import Json
from tests.oracle.masks import Full, Generalise, Hash, Mask, Partial
from tests.oracle.world import Cell, Entry, Item, JsonText, Kind, Link, Record, ShareClass, World

Signer = Callable[[World, Record], bytes]
"""Makes of a record of kind agreement the octets of its file under `agreements/`."""

EIGHT = timezone(timedelta(hours=8))
KIND_WORDS = {"1": "basic", "2": "theme", "3": "department"}


def write_bundle(world: World, folder: Path, sign: Signer | None = None) -> None:
    """Writes the bundle of a world into a folder that is new or empty."""
    for name in ("catalog", "policies", "agreements", "keys", "data"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    _write(folder / "bundle.toml", f'profile = "nantong-2015"\ntitle = "合成世界 {world.seed}"\n')
    _write_register(world, folder)
    for entry in world.entries:
        _write_json(folder / "catalog" / f"{entry.identifier}.json", render_entry(entry))
        _write(folder / "data" / f"{entry.identifier}.csv", render_rows(entry))
    for record in world.records:
        if record.kind is not Kind.AGREEMENT:
            _write_json(folder / "policies" / f"{record.id}.json", render_record(record))
        elif sign is not None:
            (folder / "agreements" / f"{record.id}.json").write_bytes(sign(world, record))


def _write(path: Path, text: str) -> None:
    path.write_bytes(text.encode())


def _write_json(path: Path, value: Json) -> None:
    _write(path, json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def _write_register(world: World, folder: Path) -> None:
    groups = [[code, f"合成分组{code}"] for code in world.groups]
    departments = [[one.code, one.name, one.region, ";".join(one.groups)] for one in world.departments]
    applications = [
        [one.id, f"合成应用{one.id}", one.department, ";".join(one.matters), one.auth_level, one.network_zone, None]
        for one in world.applications
    ]
    users = [
        [one.id, f"合成用户{one.id}", one.department, ";".join(one.roles), one.auth_level, one.network_zone]
        for one in world.users
    ]
    _write(folder / "groups.csv", _table("code,name", groups))
    _write(folder / "departments.csv", _table("code,name,region,groups", departments))
    header = "id,name,department,matter,auth_level,network_zone,public_key"
    _write(folder / "applications.csv", _table(header, applications))
    _write(folder / "users.csv", _table("id,name,department,roles,auth_level,network_zone", users))


def _table(header: str, rows: Sequence[Sequence[object]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header.split(","))
    writer.writerows(["" if cell is None else str(cell) for cell in row] for row in rows)
    return out.getvalue()


def render_rows(entry: Entry) -> str:
    """The text of `data/IDENTIFIER.csv`: null is nothing between the commas, the empty string two quotes."""
    names = [item.identifier for item in entry.items]
    if len(entry.rows) % 3:
        names = names[len(entry.rows) % len(names) :] + names[: len(entry.rows) % len(names)]
    lines = [",".join(names)]
    numbered = enumerate(entry.rows, start=1)
    lines += [",".join(_csv_cell(row.cells[name], number) for name in names) for number, row in numbered]
    return "\ufeff" * (len(entry.rows) % 2) + "".join(line + "\r\n" for line in lines)


def _csv_cell(cell: Cell, number: int) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return "true" if cell else "false"
        case datetime():
            return render_instant(cell, number)
        case Decimal():
            return f"{cell:f}"
        case str() | JsonText():
            return _csv_text(cell if isinstance(cell, str) else cell.text, number)
        case _:
            return str(cell)


def _csv_text(text: str, number: int) -> str:
    """Quoted where it must be, and in every third row where it need not."""
    plain = text and not set(text) & set(',"\r\n') and text == text.strip() and number % 3
    doubled = text.replace('"', '""')
    return text if plain else f'"{doubled}"'


def render_instant(instant: datetime, number: int = 1) -> str:
    """An instant with one of two offsets."""
    return instant.astimezone(EIGHT if number % 2 else timezone(timedelta(0))).isoformat()


def render_entry(entry: Entry) -> Json:
    """The catalog entry's JSON."""
    return {
        "code": entry.code,
        "identifier": entry.identifier,
        "name": f"合成目录{entry.identifier}",
        "provider": entry.provider,
        "abstract": "合成数据，仅供测试",
        "format": {"category": "database", "type": "sqlite"},
        "kind": KIND_WORDS[entry.code[0]],
        "classified": False,
        **_class_members(entry.share_class, required=True),
        "share_modes": list(entry.share_modes),
        "open": entry.open,
        "update_cycle": "daily",
        "published_on": "2026-01-02",
        "key": list(entry.key),
        "items": [_render_item(item) for item in entry.items],
        "status": entry.status,
        **({"links": [_render_link(link) for link in entry.links]} if entry.links else {}),
    }


def _render_link(link: Link) -> Json:
    return {
        "identifier": link.identifier,
        "items": list(link.items),
        "target": link.target,
        "target_items": list(link.target_items),
        "many": link.many,
    }


def _class_members(share_class: ShareClass, *, required: bool) -> dict[str, Json]:
    members: dict[str, Json] = {"share_class": share_class.name.lower()}
    if required:
        members["share_condition"] = "按约定" if share_class is ShareClass.CONDITIONAL else None
        members["legal_basis"] = "合成依据" if share_class is ShareClass.NOT_SHARED else None
    return members


def _render_item(item: Item) -> Json:
    members: dict[str, Json] = {
        "identifier": item.identifier,
        "name": f"合成项{item.identifier}",
        "type": item.type.value,
    }
    if item.type.value == "string":
        members["length"] = 200
    if item.type.value == "decimal":
        members["scale"] = item.scale
    required = item.share_class is not ShareClass.UNCONDITIONAL
    return {
        **members,
        **_class_members(item.share_class, required=required),
        "open": item.open,
        "sensitivity": item.sensitivity,
    }


def render_record(record: Record) -> dict[str, Json]:
    """The policy record's JSON; what is empty is left out now and then."""
    members: dict[str, Json] = {
        "id": record.id,
        "effect": "allow" if record.allows else "deny",
        "kind": record.kind.value,
        "consumer": record.consumer,
        "resource": record.resource,
        **render_terms(record),
    }
    if record.kind in (Kind.STATUTORY, Kind.RESTRICTION):
        members["basis"] = "合成依据第一条"
    return members


def render_terms(record: Record) -> dict[str, Json]:
    """What a record shares with the terms of an agreement."""
    members: dict[str, Json] = {
        "items": list(record.items),
        "purposes": list(record.purposes),
        "modes": list(record.modes),
        "matters": list(record.matters),
        "applications": list(record.applications),
        "condition": render_condition(record.condition),
        "scope": render_condition(record.scope),
        "obligations": _render_obligations(record),
    }
    if record.valid_from is not None:
        members["valid_from"] = render_instant(record.valid_from)
    if record.valid_until is not None:
        members["valid_until"] = render_instant(record.valid_until)
    return members


def _render_obligations(record: Record) -> Json:
    members: dict[str, Json] = {}
    if record.masks:
        members["mask"] = {name: _render_mask(mask) for name, mask in record.masks.items()}
    if record.max_rows is not None:
        members["max_rows"] = record.max_rows
    if record.daily_rows is not None:
        members["daily_rows"] = record.daily_rows
    return members


def _render_mask(mask: Mask) -> Json:
    match mask:
        case Partial():
            return {"partial": {"head": mask.head, "tail": mask.tail}}
        case Generalise():
            return {"generalise": {"to": mask.to}}
        case Hash():
            return {"hash": {}}
        case Full():
            return {"full": {}}


def render_condition(tree: ConditionTree) -> Json:
    """The JSON of a condition or scope."""
    members: dict[str, Json] = {}
    for member in tree.members:
        if isinstance(member, Negation):
            members["not"] = render_condition(member.member)
        elif isinstance(member, ItemTests):
            members[member.name] = {operator: _render_operand(operand) for operator, operand in member.operators}
        else:
            members[member.word] = [render_condition(each) for each in member.members]
    return members


def _render_operand(operand: Operand) -> Json:
    match operand:
        case SubjectAttribute():
            return {"subject": operand.name}
        case tuple():
            return [_render_operand(each) for each in operand]
        case datetime():
            return render_instant(operand)
        case Decimal():
            return f"{operand:f}"
        case date():
            return operand.isoformat()
        case _:
            return operand
