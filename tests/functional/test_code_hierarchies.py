"""The catalog tells which items' codes stand in levels: to the public only by what is open."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.fixtures.portal_world import PortalWorld, open_world
from tests.fixtures.sharing_bundle import CHECKER, VILLAGES, sharing_bundle
from tests.fixtures.small_bundle import entry, item

DOCUMENT = (
    "query ($code: String!) { catalogEntry(code: $code) { hierarchies { item levels { entry key label parent } } } }"
)
TOWNS, SHOPS = "303001001/00008", "303001001/00009"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    draft = sharing_bundle()
    towns = entry(
        "towns", TOWNS, [item("code", open=True, length=6), item("title"), item("town_kind", open=True)], open=True
    )
    villages = draft.entries["villages"]
    villages["items"].append(item("town", open=True, length=6))
    villages["links"] = [link("town", "towns")]
    shops = entry("shops", SHOPS, [item("code", open=True), item("village")], open=True)
    shops |= {"links": [link("village", "villages")], "classification": ["部门信息资源", "测试", "", ""]}
    draft.entries |= {"towns": towns, "shops": shops}
    draft.rows |= {
        "towns": ["code,title,town_kind", "999999,合成镇,镇"],
        "villages": ["code,name,population,area,founded,urban,note,town", "99999901,东村,,,,,,999999"],
        "shops": ["code,village", "s1,99999901"],
    }
    with open_world(draft, tmp_path_factory.mktemp("world")) as opened:
        yield opened


def link(of: str, target: str) -> dict[str, object]:
    return {"identifier": of + "_of", "items": [of], "target": target, "target_items": ["code"], "many": False}


def hierarchies(world: PortalWorld, code: str, by: str | None) -> Any:  # noqa: ANN401  JSON
    return world.ask(DOCUMENT, by=by, variables={"code": code}).data["catalogEntry"]["hierarchies"]


def town_level(label: str) -> dict[str, object]:
    return {"entry": "towns", "key": "code", "label": label, "parent": None}


def test_item_linked_to_levels_tells_them_from_the_top(world: PortalWorld) -> None:
    below = {"entry": "villages", "key": "code", "label": "name", "parent": "town"}
    assert hierarchies(world, SHOPS, CHECKER) == [{"item": "village", "levels": [town_level("title"), below]}]


def test_key_of_a_level_tells_those_above(world: PortalWorld) -> None:
    assert hierarchies(world, VILLAGES, CHECKER) == [{"item": "code", "levels": [town_level("title")]}]
    assert hierarchies(world, TOWNS, CHECKER) == []


def test_public_is_told_of_open_levels_and_labels_alone(world: PortalWorld) -> None:
    assert hierarchies(world, VILLAGES, None) == [{"item": "code", "levels": [town_level("town_kind")]}]
    assert hierarchies(world, SHOPS, None) == []
