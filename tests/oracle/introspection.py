"""What introspection must tell a subject of the shared entries: its view, and nothing besides."""

import json

from tests.oracle.answer import Reference
from tests.oracle.conditions import ItemType
from tests.oracle.document import Document, Field
from tests.oracle.expectation import Reply
from tests.oracle.validation import reach_of
from tests.oracle.world import Caller, World, subject_of

WRAPPED = (Field("name"), Field("ofType", (Field("name"), Field("ofType", (Field("name"),)))))
NAMED = (Field("name"), Field("type", WRAPPED))
VALUES = Field("enumValues", (Field("name"),))
TYPES = Field("types", (Field("name"), Field("fields", NAMED), Field("inputFields", NAMED), VALUES))
QUERY = Document((Field("__schema", (TYPES,)),))

Names = dict[str, list[str]]


def expected_types(reference: Reference, caller: Caller) -> Names:
    """The members of the types of shared entries, by type."""
    types: Names = {}
    view = reference.view(subject_of(reference.world, caller))
    reach = reach_of(reference.world, view)
    for entry, items in view.items():
        orderable = [name for name, item in items.items() if item.type is not ItemType.JSON]
        types[entry] = [*items, *reach.links[entry]]
        types[f"{entry}_edge"] = ["cursor", "node"]
        grouped = [] if f"{entry}_item" in view else [name for name in orderable if name not in NO_ENUM_VALUES]
        counted = ["groups"] if grouped else []
        types[f"{entry}_connection"] = ["access", "edges", "nodes", "pageInfo", "totalCount", *counted]
        if grouped:
            types[f"{entry}_item"] = grouped
        types[f"{entry}_where"] = ["and", "not", "or", *items]
        if orderable:
            types[f"{entry}_order"] = orderable
    for field in reach.keys.values():
        types[f"{field.entry.identifier}_key"] = list(field.entry.key)
    return types


def told_types(world: World, reply: Reply) -> tuple[Names, list[str]]:
    """The members that a reply tells of the types named like any entry of the world; and the fields of `shared`."""
    types = json.loads(reply.body)["data"]["__schema"]["types"]
    known = tuple(f"{entry.identifier}{ending}" for entry in world.entries for ending in ENDINGS)
    told: Names = {}
    shared: list[str] = []
    for one in types:
        members = one["fields"] or one["inputFields"] or one["enumValues"] or []
        if one["name"] in known:
            told[one["name"]] = [member["name"] for member in members]
        elif any(_named(member.get("type")).endswith("_connection") for member in one["fields"] or []):
            shared += [member["name"] for member in members]
    return told, shared


ENDINGS = ("", "_edge", "_connection", "_where", "_order", "_key", "_item")
NO_ENUM_VALUES = ("true", "false", "null")


def _named(kind: dict[str, object] | None) -> str:
    """The name of a type under its wrappings."""
    while kind is not None:
        if kind.get("name"):
            return str(kind["name"])
        inner = kind.get("ofType")
        kind = inner if isinstance(inner, dict) else None
    return ""


def introspection_differences(reference: Reference, caller: Caller, reply: Reply) -> list[str]:
    """Where the schema that a subject is told differs from its view; the order counts for items alone."""
    expected = expected_types(reference, caller)
    told, shared = told_types(reference.world, reply)
    found = [f"types {sorted(set(told) ^ set(expected))} are told or missing"] if set(told) != set(expected) else []
    entries = [name for name in expected if "_".join((name, "edge")) in expected]
    by_key = [f"{name}_by_{form}" for name in entries if f"{name}_key" in expected for form in ("key", "keys")]
    if sorted(shared) != sorted([*entries, *by_key]):
        found.append(f"shared has {shared}, not {[*entries, *by_key]}")
    for name in set(told) & set(expected):
        same = told[name] == expected[name] if name in entries else sorted(told[name]) == sorted(expected[name])
        found += [] if same else [f"{name} has {told[name]}, not {expected[name]}"]
    return found
