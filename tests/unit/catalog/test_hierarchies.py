"""Items whose codes stand in levels are found from links, and nothing else is taken for them."""

from collections.abc import Mapping
from typing import Any

import pytest

from portal.catalog.entries import CatalogEntry
from portal.catalog.hierarchies import Hierarchy, ShownEntry, find_hierarchies
from portal.vocabulary import EntryIdentifier
from tests.unit.catalog.example import parse

OTHER_PROVIDER = "11999999MB0001046U"


def item(identifier: str, length: int | None = 12, kind: str = "string") -> dict[str, Any]:
    bounds = {} if length is None else {"length": length}
    members = {"name": identifier, "type": kind, "share_class": "unconditional", "open": True, "sensitivity": 1}
    return {"identifier": identifier} | members | bounds


def link(item_: str, target: str, **changes: object) -> dict[str, Any]:
    return {"identifier": f"to_{target}", "items": [item_], "target": target, "target_items": ["code"]} | {
        "many": False,
        **changes,
    }


def entry(identifier: str, items: list[dict[str, Any]], links: list[dict[str, Any]], **changes: object) -> CatalogEntry:
    members = {"identifier": identifier, "items": items, "links": links, "key": ["code"]} | changes
    return parse(lambda document: document.update(members))[0]


CITIES = entry("cities", [item("code", 4), item("name", 30)], [])
AREAS_ITEMS = [item("code", 6), item("name", 30), item("city", 4)]
AREAS = entry("areas", AREAS_ITEMS, [link("city", "cities")])
SHOPS_ITEMS = [item("code", 18), item("area", 6)]
SHOPS = entry("shops", SHOPS_ITEMS, [link("area", "areas")], provider=OTHER_PROVIDER)


def find(entry_: CatalogEntry, *others: CatalogEntry) -> list[Hierarchy]:
    known = {other.identifier: other for other in (CITIES, AREAS, *others)}
    return find_in(entry_, known)


def find_in(entry_: CatalogEntry, known: Mapping[EntryIdentifier, CatalogEntry]) -> list[Hierarchy]:
    def shown(identifier: EntryIdentifier) -> ShownEntry | None:
        other = known.get(identifier)
        return None if other is None else ShownEntry(other, other.items)

    return list(find_hierarchies(ShownEntry(entry_, entry_.items), shown))


def described(hierarchies: list[Hierarchy]) -> list[tuple[str, list[tuple[str, str, str | None, str | None]]]]:
    return [
        (one.item, [(level.entry, level.key, level.label, level.parent) for level in one.levels]) for one in hierarchies
    ]


def test_item_linked_to_levels_has_them_all_from_the_top() -> None:
    levels = [("cities", "code", "name", None), ("areas", "code", "name", "city")]
    assert described(find(SHOPS)) == [("area", levels)]


def test_key_of_a_level_has_those_above() -> None:
    assert described(find(AREAS)) == [("code", [("cities", "code", "name", None)])]


def test_topmost_level_has_none() -> None:
    assert find(CITIES) == []


def test_level_without_a_name_has_no_label() -> None:
    bare = entry("areas", [item("code", 6), item("city", 4)], [link("city", "cities")])
    assert find(SHOPS, bare)[0].levels[1].label is None


def test_item_with_two_links_to_levels_is_told_once() -> None:
    shops = entry(
        "shops",
        SHOPS_ITEMS,
        [link("area", "areas"), link("area", "areas", identifier="again")],
        provider=OTHER_PROVIDER,
    )
    assert [one.item for one in find(shops)] == ["area"]


@pytest.mark.parametrize(
    "changes",
    [
        {"links": [link("area", "areas", many=True)]},
        {"links": [link("area", "unknown")]},
        {"links": [link("area", "areas", target_items=["name"])]},
        {"links": [link("area", "areas", items=["area", "code"], target_items=["code", "name"])]},
        {"items": [item("code", 18), item("area", None, "integer")]},
        {"items": [item("code", 18), item("area", None)]},
        {"links": [link("area", "cities")]},
    ],
    ids=["many", "unknown", "not-its-key", "two-items", "number", "unbounded", "single-list"],
)
def test_other_items_have_no_levels(changes: dict[str, Any]) -> None:
    members = {"items": SHOPS_ITEMS, "links": [link("area", "areas")], "provider": OTHER_PROVIDER} | changes
    assert find(entry("shops", **members)) == []


@pytest.mark.parametrize(
    "areas",
    [
        entry("areas", AREAS_ITEMS, [link("city", "cities")], provider="11999999MB00010381"),
        entry("areas", AREAS_ITEMS, [link("city", "cities")], classification=["部门信息资源", "民政", "", ""]),
        entry("areas", [item("code", 4), item("city", 4)], [link("city", "cities")]),
        entry("areas", [item("code", 6), item("city", 4)], [link("city", "cities")], key=["code", "city"]),
        entry("areas", [item("code", None, "integer"), item("city", 4)], [link("city", "cities")]),
    ],
    ids=["other-provider", "other-class", "codes-as-long", "key-of-two", "number-as-key"],
)
def test_entries_that_are_no_levels_of_one_code_system_are_none(areas: CatalogEntry) -> None:
    assert find(SHOPS, areas) == []


def test_item_that_isn_t_shown_leads_nowhere() -> None:
    hidden = ShownEntry(SHOPS, tuple(one for one in SHOPS.items if one.identifier != "area"))
    assert list(find_hierarchies(hidden, lambda _: ShownEntry(AREAS, AREAS.items))) == []
