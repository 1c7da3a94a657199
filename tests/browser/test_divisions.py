"""A visitor chooses rows by a tree of divisions, by pointer or keyboard; the address keeps what is chosen."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.fixtures.demonstration_portal import demonstration_portal, walk
from tests.oracle.runner import PortalProcess

pytestmark = pytest.mark.heavy

PROVINCES = 31
"""Provinces, autonomous regions and municipalities in the statistics of 2023."""


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalProcess]:
    with demonstration_portal(tmp_path_factory.mktemp("portal")) as process:
        yield process


@pytest.fixture(scope="module")
def seen(portal: PortalProcess, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the visitor saw."""
    return walk("divisions.mjs", portal, str(tmp_path_factory.mktemp("pictures")))


def test_tree_begins_with_the_provinces(seen: dict[str, Any]) -> None:
    assert len(seen["provinces"]) == PROVINCES
    assert seen["provinces"][:2] == ["北京市", "天津市"]


def test_chosen_city_leaves_its_rows(seen: dict[str, Any]) -> None:
    chosen = seen["ofCity"]
    assert chosen["filter"] == ["division.startsWith.3206"]
    assert len(chosen["rows"]) == 20
    assert all(code.startswith("3206") for code in chosen["rows"])


def test_keys_open_close_and_move_as_the_practices_for_trees_say(seen: dict[str, Any]) -> None:
    assert seen["pressed"] == [
        ["ArrowRight", "南通市"],
        ["ArrowRight", "通州区"],
        ["ArrowDown", "崇川区"],
        ["ArrowLeft", "南通市"],
        ["ArrowLeft", "南通市"],
        ["ArrowLeft", "江苏省"],
        ["Home", "北京市"],
        ["ArrowDown", "天津市"],
    ]


def test_district_chosen_by_keyboard_takes_the_place_of_the_city(seen: dict[str, Any]) -> None:
    chosen = seen["ofArea"]
    assert (chosen["area"], chosen["filter"]) == ("通州区", ["division.startsWith.320612"])
    assert chosen["rows"]
    assert all(code.startswith("320612") for code in chosen["rows"])


def test_address_keeps_the_choice_and_the_tree_shows_it_again(seen: dict[str, Any]) -> None:
    assert seen["reloaded"] == {"chosen": "true", "rows": seen["ofArea"]["rows"]}
    assert seen["all"] == []


def test_data_set_of_a_level_is_chosen_from_by_the_levels_above_and_the_topmost_by_none(seen: dict[str, Any]) -> None:
    assert len(seen["ofLevel"]) == PROVINCES
    assert seen["ofTop"] == 0


def test_no_page_has_a_serious_finding_errs_or_is_wider_than_a_telephone(seen: dict[str, Any]) -> None:
    assert seen["axe"] == {"provinces": [], "city": [], "narrow": []}
    assert seen["faults"] == []
    assert not seen["tooWide"]
