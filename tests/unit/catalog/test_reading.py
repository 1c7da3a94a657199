from collections.abc import Callable
from copy import deepcopy
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from portal.catalog.conformity import ITEMS_LIMIT
from portal.catalog.entries import (
    CatalogEntry,
    EntryKind,
    EntryStatus,
    FormatCategory,
    UpdateCycle,
    effective_share_class,
    is_item_open,
)
from portal.catalog.reading import ENTRY_MEMBERS, parse_entry, render_entry
from portal.conditions.tree import ValueType
from portal.json_text import parse_json, render_json
from portal.vocabulary import Mode, ShareClass

Document = dict[str, Any]
Change = Callable[[Document], object]

# The example of bundle.md, with everything that may be left out.
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


def test_example_of_the_contract_is_read_without_a_fault() -> None:
    entry, faults = parse()
    assert faults == []
    assert (entry.code, entry.identifier, entry.provider) == ("303001001/00001", "residents", "11999999MB0000027M")
    assert (entry.kind, entry.status, entry.update_cycle) == (
        EntryKind.DEPARTMENT,
        EntryStatus.PUBLISHED,
        UpdateCycle.DAILY,
    )
    assert (entry.format_category, entry.format_type) == (FormatCategory.DATABASE, "sqlite")
    assert (entry.share_class, entry.share_modes) == (ShareClass.CONDITIONAL, (Mode.QUERY,))
    assert entry.published_on == date(2026, 1, 2)
    assert entry.classification == ("部门信息资源", "公安", "户政", "")
    assert [(item.identifier, item.type, item.length, item.sensitivity) for item in entry.items] == [
        ("code", ValueType.STRING, 12, 1),
        ("name", ValueType.STRING, 60, 3),
        ("division", ValueType.STRING, 12, 1),
    ]
    [link] = entry.links
    assert (link.identifier, link.items, link.target, link.target_items, link.many) == (
        "village",
        ("division",),
        "villages",
        ("code",),
        False,
    )
    assert entry.is_published


def test_wider_item_is_accepted_and_counts_as_the_entry_s_class() -> None:
    entry, faults = parse()
    code = entry.item("code")
    assert faults == []
    assert code is not None
    assert code.share_class is ShareClass.UNCONDITIONAL
    assert effective_share_class(entry, code) is ShareClass.CONDITIONAL
    assert not is_item_open(entry, code)


@pytest.mark.parametrize("key", LEFT_OUT)
@pytest.mark.parametrize("how", ["left out", "null"])
def test_member_may_be_left_out_or_null_when_the_contract_says_so(key: str, how: str) -> None:
    change: Change = (lambda document: document.pop(key)) if how == "left out" else put(key, None)
    assert parse(change)[1] == []


@pytest.mark.parametrize("key", [key for key in ENTRY_MEMBERS if key not in LEFT_OUT])
def test_member_is_a_fault_when_it_is_missing(key: str) -> None:
    assert parse(lambda document: document.pop(key))[1] == [(key, f"`{key}` is missing")]


@pytest.mark.parametrize("key", ["identifier", "name", "type", "share_class", "open", "sensitivity"])
def test_item_member_is_a_fault_when_it_is_missing(key: str) -> None:
    assert ("items[2]." + key, f"`{key}` is missing") in parse(lambda document: document["items"][2].pop(key))[1]


@pytest.mark.parametrize("key", ["identifier", "items", "target", "target_items", "many"])
def test_link_member_is_one_fault_when_it_is_missing(key: str) -> None:
    faults = parse(lambda document: document["links"][0].pop(key))[1]
    assert faults == [("links[0]." + key, f"`{key}` is missing")]


@pytest.mark.parametrize("key", [key for key in ENTRY_MEMBERS if key not in LEFT_OUT])
@pytest.mark.parametrize("value", [{"x": 1}, 7, ""])
def test_member_is_one_fault_when_its_value_is_of_another_kind(key: str, value: object) -> None:
    faults = parse(put(key, value))[1]
    if key == "format" and value == {"x": 1}:
        assert [place for place, _ in faults] == ["format.x", "format.category", "format.type"]
    else:
        assert [place for place, _ in faults] == [key]


def test_unknown_members_are_faults_on_every_level() -> None:
    def change(document: Document) -> None:
        document["note"] = 1
        document["format"]["version"] = 2
        document["items"][1]["unit"] = "m"
        document["links"][0]["via"] = "x"

    assert [place for place, _ in parse(change)[1]] == ["note", "items[1].unit", "links[0].via", "format.version"]


@pytest.mark.parametrize(
    ("path", "value", "place", "what"),
    [
        ("code", "3030010/1x/", "code", "no resource code"),
        ("code", "103001001/00001", "code", "is no code of kind department"),
        ("code", "403001001/00001", "code", "is no code of kind department"),
        ("kind", "theme", "code", "is no code of kind theme"),
        ("kind", "themes", "kind", "can't be"),
        ("identifier", "Residents", "identifier", "can't be an identifier"),
        ("identifier", "residents_edge", "identifier", "can't be an identifier"),
        ("provider", "11999999MB0000028M", "provider", "no unified social credit code"),
        ("format.category", "paper", "format.category", "can't be"),
        ("classified", True, "classified", "declared classified"),
        ("classified", "no", "classified", "can't be"),
        ("share_condition", None, "share_condition", "without `share_condition`"),
        ("share_condition", "", "share_condition", "can't be"),
        ("share_class", "not_shared", "legal_basis", "without `legal_basis`"),
        ("share_class", "secret", "share_class", "can't be"),
        ("share_modes", [], "share_modes", "has no mode"),
        ("share_modes", ["query", "query"], "share_modes", "listed twice"),
        ("share_modes", ["fax"], "share_modes", "can't be"),
        ("update_cycle", "hourly", "update_cycle", "can't be"),
        ("published_on", "2026-02-30", "published_on", "a date that doesn't exist"),
        ("published_on", "20260102", "published_on", "no date"),
        ("status", "final", "status", "can't be"),
        ("related", ["a", "a"], "related", "listed twice"),
        ("extensions", [], "extensions", "can't be"),
        ("key", ["name", "nome"], "key", "unknown item `nome`"),
        ("key", ["code", "code"], "key", "listed twice"),
        ("key", [], "key", "can't be `[]`"),
        ("items", [], "items", "can't be `[]`"),
        ("items.1", "name", "items[1]", "no object"),
        ("items.1.identifier", "not", "items[1].identifier", "can't be an identifier"),
        ("items.1.identifier", "code", "items[1].identifier", "is taken"),
        ("links.0.identifier", "name", "links[0].identifier", "is taken"),
        ("items.1.type", "text", "items[1].type", "can't be"),
        ("items.1.type", "text_list", "items[1].type", "can't be"),
        ("items.1.type", "address", "items[1].type", "can't be"),
        ("items.1.length", 0, "items[1].length", "can't be"),
        ("items.1.length", "60", "items[1].length", "can't be"),
        ("items.1.length", 2**31, "items[1].length", "can't be"),
        ("items.1.type", "integer", "items[1].length", "belongs to items of type string"),
        ("items.1.scale", 2, "items[1].scale", "belongs to items of type decimal"),
        ("items.1.sensitivity", 5, "items[1].sensitivity", "can't be"),
        ("items.1.sensitivity", 0, "items[1].sensitivity", "can't be"),
        ("items.1.sensitivity", True, "items[1].sensitivity", "can't be"),
        ("items.1.share_class", "not_shared", "items[1].legal_basis", "without `legal_basis`"),
        ("items.1.description", 1, "items[1].description", "can't be"),
        ("items.1.open", None, "items[1].open", "can't be"),
        ("links.0.items", [], "links[0].items", "can't be `[]`"),
        ("links.0.items", ["divison"], "links[0].items", "unknown item `divison`"),
        ("links.0.target_items", ["code", "name"], "links[0].target_items", "2 target items for 1 items"),
        ("links.0.many", "no", "links[0].many", "can't be"),
        ("links", {}, "links", "can't be"),
        ("keywords", "人口", "keywords", "can't be"),
    ],
)
def test_entry_has_exactly_the_planted_fault(path: str, value: object, place: str, what: str) -> None:
    [(found_place, found_what)] = parse(put(path, value))[1]
    assert found_place == place
    assert what in found_what


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


def test_decimal_needs_a_scale() -> None:
    assert parse(lambda document: document["items"].append(decimal_item()))[1] == [
        ("items[3].scale", "`scale` is missing")
    ]


@pytest.mark.parametrize(("scale", "count"), [(0, 0), (9, 0), (10, 1), (-1, 1), (Decimal("2.0"), 1), (None, 1)])
def test_decimal_has_a_scale_from_0_to_9(scale: object, count: int) -> None:
    entry, faults = parse(lambda document: document["items"].append(decimal_item(scale=scale)))
    assert len(faults) == count
    assert count or entry.items[3].scale == scale


def test_null_length_and_scale_count_as_left_out() -> None:
    def change(document: Document) -> None:
        document["items"][1] |= {"length": None, "scale": None}

    entry, faults = parse(change)
    assert faults == []
    assert (entry.items[1].length, entry.items[1].scale) == (None, None)


def test_unknown_type_is_one_fault_when_length_and_scale_stand_beside_it() -> None:
    def change(document: Document) -> None:
        document["items"][1] |= {"type": "number", "length": 5, "scale": 2}

    assert [place for place, _ in parse(change)[1]] == ["items[1].type"]


def test_key_is_refused_when_it_is_json() -> None:
    def change(document: Document) -> None:
        document["items"][0] |= {"type": "json"}
        del document["items"][0]["length"]

    assert parse(change)[1] == [("key", "`code` is JSON, which can't be compared")]


@pytest.mark.clause("ND-15")
@pytest.mark.parametrize(
    ("entry_class", "item_class", "members", "places"),
    [
        ("unconditional", "conditional", {}, ["items[0].share_condition"]),
        ("unconditional", "conditional", {"share_condition": "按约定"}, []),
        ("unconditional", "not_shared", {}, ["items[0].legal_basis"]),
        ("unconditional", "not_shared", {"legal_basis": "合成法第一条"}, []),
        ("unconditional", "unconditional", {}, []),
        ("not_shared", "conditional", {}, ["items[0].share_condition"]),
        ("not_shared", "not_shared", {}, []),
        ("not_shared", "unconditional", {}, []),
    ],
)
def test_item_needs_the_words_of_its_class_when_the_entry_has_none(
    entry_class: str, item_class: str, members: Document, places: list[str]
) -> None:
    def change(document: Document) -> None:
        basis = "合成法第一条" if entry_class == "not_shared" else None
        document |= {"share_class": entry_class, "share_condition": None, "legal_basis": basis}
        document["items"] = [document["items"][0] | {"share_class": item_class} | members]
        document["links"] = []

    found = [place for place, _ in parse(change)[1]]
    # The entry's basis holds for an item of its own class alone; a conditional item needs its condition.
    assert found == places


def test_entry_that_is_not_shared_needs_no_mode() -> None:
    def change(document: Document) -> None:
        document |= {"share_class": "not_shared", "legal_basis": "合成法第一条", "share_modes": []}

    assert parse(change)[1] == []


def test_date_of_publication_may_be_null() -> None:
    entry, faults = parse(put("published_on", None))
    assert (entry.published_on, faults) == (None, [])


def test_extensions_are_canonical_text_whatever_the_order_of_members() -> None:
    first, _ = parse(put("extensions", {"b": [{"y": Decimal("1.50"), "x": 1}], "a": None}))
    second, _ = parse(put("extensions", {"a": None, "b": [{"x": 1, "y": Decimal("1.50")}]}))
    assert first.extensions == second.extensions == '{"a":null,"b":[{"x":1,"y":1.50}]}'


def test_too_many_items_are_a_fault() -> None:
    def change(document: Document) -> None:
        item = document["items"][0]
        document["items"] += [item | {"identifier": f"i{number}"} for number in range(ITEMS_LIMIT - 2)]

    assert parse(change)[1] == [("items", f"{ITEMS_LIMIT + 1} items, {ITEMS_LIMIT} are allowed")]


@pytest.mark.parametrize("document", [None, [], "x", 1, True])
def test_document_that_is_no_object_gives_no_entry(document: Any) -> None:  # noqa: ANN401  # any JSON
    entry, faults = parse_entry(document, "catalog/x.json")
    assert entry is None
    assert [fault.what.en for fault in faults] == ["a catalog entry is one JSON object"]


@pytest.mark.parametrize("document", [{}, {"items": [{}], "links": [{}], "format": {}}])
def test_empty_documents_give_a_stand_in_and_their_faults(document: Document) -> None:
    entry, faults = parse_entry(document, "catalog/x.json")
    assert entry is not None
    assert len(faults) > 15
    assert len({(fault.column, fault.what.en) for fault in faults}) == len(faults)


def test_rendered_entry_reads_back_and_has_the_order_of_the_contract() -> None:
    entry, _ = parse()
    rendered = render_entry(entry)
    assert tuple(rendered) == ENTRY_MEMBERS == tuple(example())
    assert parse_entry(parse_json(render_json(rendered)), "x") == (entry, [])
    assert render_entry(parse_entry(rendered, "x")[0] or entry) == rendered


def test_rendered_entry_reads_back_when_it_has_every_member() -> None:
    def change(document: Document) -> None:
        document |= {
            "legal_basis": "合成法第一条",
            "open_condition": "注明来源",
            "service_window": "窗口",
            "handler": "经办人",
            "published_on": None,
            "extensions": {"volume": Decimal("1.50")},
        }
        document["items"][1] |= {"description": "说明", "share_condition": "按约定", "legal_basis": "合成法"}
        document["items"].append(decimal_item(scale=0))

    entry, faults = parse(change)
    assert faults == []
    assert parse_entry(parse_json(render_json(render_entry(entry))), "x") == (entry, [])


def test_rendered_item_leaves_out_what_is_not_there() -> None:
    entry, _ = parse()
    assert render_entry(entry)["items"] == [
        {key: value for key, value in item.items() if value is not None} for item in deepcopy(example())["items"]
    ]
