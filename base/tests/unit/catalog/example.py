"""The example entry of bundle.md, to be changed in any place."""

from collections.abc import Callable
from typing import Any

from portal.catalog.entries import CatalogEntry
from portal.catalog.reading import parse_entry
from portal.json_text import parse_json

Document = dict[str, Any]
Change = Callable[[Document], object]

EXAMPLE = """{
  "code": "303001001/00001",
  "identifier": "residents",
  "name": "常住人口登记信息",
  "provider": "11999999MB0000027M",
  "provider_unit": "人口管理科",
  "abstract": "…",
  "keywords": ["人口"],
  "classification": ["部门信息资源", "公安", "户政", ""],
  "format": {"category": "database", "type": "sqlite"},
  "kind": "department",
  "classified": false,
  "grade": "3",
  "share_class": "conditional",
  "share_condition": "按三方协议",
  "share_modes": ["query"],
  "use_requirements": "仅用于约定用途",
  "legal_basis": null,
  "open": false,
  "open_condition": null,
  "update_cycle": "daily",
  "published_on": "2026-01-02",
  "service_window": null,
  "handler": null,
  "related": ["303001001/00002"],
  "key": ["code"],
  "items": [
    {"identifier": "code", "name": "登记编号", "type": "string", "length": 12, "share_class": "unconditional",
     "open": false, "sensitivity": 1},
    {"identifier": "name", "name": "姓名", "type": "string", "length": 60, "share_class": "conditional",
     "open": false, "sensitivity": 3, "description": null, "share_condition": null, "legal_basis": null},
    {"identifier": "division", "name": "区划代码", "type": "string", "length": 12, "share_class": "conditional",
     "open": false, "sensitivity": 1}
  ],
  "links": [{"identifier": "village", "items": ["division"], "target": "villages", "target_items": ["code"],
             "many": false}],
  "extensions": {},
  "status": "published"
}"""
LEFT_OUT = [
    "provider_unit",
    "keywords",
    "classification",
    "grade",
    "use_requirements",
    "open_condition",
    "service_window",
    "handler",
    "related",
    "links",
    "extensions",
]


def example() -> Document:
    document = parse_json(EXAMPLE)
    assert isinstance(document, dict)
    return document


def parse(change: Change | None = None) -> tuple[CatalogEntry, list[tuple[str, str]]]:
    document = example()
    if change is not None:
        change(document)
    entry, faults = parse_entry(document, "catalog/residents.json")
    assert entry is not None
    assert {(fault.file, fault.row) for fault in faults} <= {("catalog/residents.json", None)}
    return entry, [(fault.column, fault.what.en) for fault in faults]


def put(path: str, value: object) -> Change:
    """A change that puts a value at a path such as `items.0.length`."""
    *way, last = path.split(".")

    def change(document: Document) -> None:
        inner: Any = document
        for step in way:
            inner = inner[int(step)] if step.isdigit() else inner[step]
        inner[int(last) if last.isdigit() else last] = value

    return change


def decimal_item(**members: object) -> Document:
    return {
        "identifier": "income",
        "name": "收入",
        "type": "decimal",
        "share_class": "conditional",
        "open": False,
        "sensitivity": 3,
        **members,
    }
