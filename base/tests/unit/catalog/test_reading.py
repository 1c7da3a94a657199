from copy import deepcopy
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from portal.catalog.entries import (
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
from tests.unit.catalog.example import LEFT_OUT, Change, Document, decimal_item, example, parse, put


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


def test_date_of_publication_may_be_null() -> None:
    entry, faults = parse(put("published_on", None))
    assert (entry.published_on, faults) == (None, [])


def test_extensions_are_canonical_text_whatever_the_order_of_members() -> None:
    first, _ = parse(put("extensions", {"b": [{"y": Decimal("1.50"), "x": 1}], "a": None}))
    second, _ = parse(put("extensions", {"a": None, "b": [{"x": 1, "y": Decimal("1.50")}]}))
    assert first.extensions == second.extensions == '{"a":null,"b":[{"x":1,"y":1.50}]}'


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
