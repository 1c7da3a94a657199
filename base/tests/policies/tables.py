"""Reads the truth tables of the policy models into typed cases; records and entries go through the portal's readers."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address
from typing import Any

from portal.catalog.entries import CatalogEntry, InformationItem
from portal.catalog.reading import parse_entry
from portal.conditions.meaning import Attribute
from portal.conditions.values import parse_instant, parse_value
from portal.errors import ErrorCode
from portal.policies.casbin_models import ModelName, model_path
from portal.policies.matching import Request
from portal.policies.reading import parse_record
from portal.policies.records import PolicyRecord
from portal.vocabulary import Action, EntryCode, Environment, Matter, Mode, NetworkZone, Purpose, Role, Subject
from tests.fixtures import small_bundle

Table = dict[str, Any]
"""Part of a TOML file, as its reader gives it."""


@dataclass(frozen=True, slots=True)
class Case:
    """One line of a truth table: a cell, and whether it is permitted. `code` is set where the request is refused."""

    says: str
    entries: tuple[CatalogEntry, ...]
    records: tuple[PolicyRecord, ...]
    request: Request
    entry: CatalogEntry
    item: InformationItem
    row: Mapping[str, Attribute]
    permitted: bool
    code: ErrorCode | None


@cache
def read_table(name: ModelName) -> tuple[Case, ...]:
    """Return the cases of a model."""
    path = model_path(name).parent / "cases.toml"
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    entries = {name: _entry(name, members) for name, members in table["entries"].items()}
    return tuple(_case({**table["defaults"], **case}, table, entries) for case in table["cases"])


def _entry(name: str, members: Table) -> CatalogEntry:
    items = [
        small_bundle.item(
            identifier,
            own.pop("type"),
            **own,
            **_reasons(own["share_class"]),
        )
        for identifier, own in members.pop("items").items()
    ]
    reasons = _reasons(members["share_class"])
    entry, faults = parse_entry(small_bundle.entry(name, members.pop("code"), items, **members, **reasons), name)
    assert faults == [], faults
    assert entry is not None
    return entry


def _reasons(share_class: str) -> Table:
    """Return what the catalog asks of a narrower class."""
    return {"conditional": {"share_condition": "合成条件"}, "not_shared": {"legal_basis": "合成依据"}}.get(
        share_class, {}
    )


def _case(case: Table, table: Table, entries: Mapping[str, CatalogEntry]) -> Case:
    entry = entries[case["resource"]]
    item = entry.item(case["item"])
    assert item is not None, case["item"]
    assert case["expect"] in ("permit", "deny"), case["expect"]
    return Case(
        says=case["says"],
        entries=tuple(entries.values()),
        records=tuple(_record(name, case, table, entries) for name in case["records"]),
        request=Request(
            _subject(table["subjects"][case["subject"]]), _action(case["action"]), _environment(case["environment"])
        ),
        entry=entry,
        item=item,
        row={name: parse_value(raw, _type(entry, name)) for name, raw in case["row"].items() if entry.item(name)},
        permitted=case["expect"] == "permit",
        code=ErrorCode(case["code"]) if "code" in case else None,
    )


def _type(entry: CatalogEntry, name: str) -> Any:  # noqa: ANN401  the type of an item that is there
    item = entry.item(name)
    return item and item.type


def _record(name: str, case: Table, table: Table, entries: Mapping[str, CatalogEntry]) -> PolicyRecord:
    changes = case.get("change", {})
    assert set(changes) <= set(case["records"]), changes
    members = {"resource": case["resource"], **table["records"][name], **changes.get(name, {}), "id": name}
    members["resource"] = entries[members["resource"]].code
    by_code: dict[EntryCode, CatalogEntry] = {entry.code: entry for entry in entries.values()}
    record, faults = parse_record(members, name, by_code)
    assert faults == [], (case["says"], faults)
    assert record is not None
    return record


def _subject(members: Table) -> Subject:
    lists = {name: tuple(members.get(name, ())) for name in ("groups", "matters")}
    return Subject(**{**members, **lists, "roles": tuple(map(Role, members.get("roles", ())))})


def _action(members: Table) -> Action:
    purpose, matter = members.get("purpose"), members.get("matter")
    return Action(
        Mode(members["mode"]), None if purpose is None else Purpose(purpose), None if matter is None else Matter(matter)
    )


def _environment(members: Table) -> Environment:
    zone, address = members.get("network_zone"), members.get("client_address")
    return Environment(
        parse_instant(members["now"]),
        None if zone is None else NetworkZone(zone),
        None if address is None else ip_address(address),
    )
