from dataclasses import replace

import pytest

from portal.catalog.entries import EntryKind, UpdateCycle
from portal.catalog.facets import CatalogFilter, Facet, count_facets, facet_values, passes, trimmed_path
from portal.vocabulary import ShareClass
from tests.policies.building import PROVIDER, STRANGER, entry

POLICE = replace(
    entry(), kind=EntryKind.BASIC, provider=PROVIDER, open=True, classification=("部门", "公安", "户政", "")
)
TRAFFIC = replace(POLICE, kind=EntryKind.DEPARTMENT, open=False, classification=("部门", "公安", "交通", ""))
TAXES = replace(
    POLICE, provider=STRANGER, share_class=ShareClass.UNCONDITIONAL, classification=("部门", "税务", "", "")
)
LOOSE = replace(TAXES, update_cycle=UpdateCycle.YEARLY, classification=())
ALL = [facet_values(one) for one in (POLICE, TRAFFIC, TAXES, LOOSE)]


def passing(**wanted: object) -> list[int]:
    narrowed = CatalogFilter(**wanted).wanted()  # type: ignore[arg-type]
    return [place for place, values in enumerate(ALL) if passes(values, narrowed)]


@pytest.mark.parametrize(
    ("wanted", "places"),
    [
        ({}, [0, 1, 2, 3]),
        ({"kind": EntryKind.BASIC}, [0, 2, 3]),
        ({"provider": STRANGER}, [2, 3]),
        ({"share_class": ShareClass.UNCONDITIONAL}, [2, 3]),
        ({"open": False}, [1]),
        ({"open": True, "provider": PROVIDER}, [0]),
        ({"update_cycle": UpdateCycle.YEARLY}, [3]),
        ({"classification": ("部门",)}, [0, 1, 2]),
        ({"classification": ("部门", "公安")}, [0, 1]),
        ({"classification": ("部门", "公安", "户政")}, [0]),
        ({"classification": ("公安",)}, []),
        ({"classification": ()}, [0, 1, 2, 3]),
    ],
)
def test_filter_takes_entries_with_the_wanted_values(wanted: dict[str, object], places: list[int]) -> None:
    assert passing(**wanted) == places


def test_path_has_no_empty_levels_at_its_end() -> None:
    assert trimmed_path(["部门", "", "户政", "", ""]) == ("部门", "", "户政")
    assert trimmed_path(["", ""]) == ()


def test_facets_count_places_of_the_class_tree_with_those_below() -> None:
    assert count_facets(ALL, ())[Facet.CLASSIFICATION] == {
        ("部门",): 3,
        ("部门", "公安"): 2,
        ("部门", "公安", "户政"): 1,
        ("部门", "公安", "交通"): 1,
        ("部门", "税务"): 1,
    }


def test_facet_leaves_its_own_filter_aside_and_holds_the_others() -> None:
    counts = count_facets(ALL, CatalogFilter(kind=EntryKind.BASIC, classification=("部门", "公安")).wanted())
    assert counts[Facet.KIND] == {EntryKind.BASIC: 1, EntryKind.DEPARTMENT: 1}
    assert counts[Facet.PROVIDER] == {PROVIDER: 1}
    assert counts[Facet.CLASSIFICATION] == {
        ("部门",): 2,
        ("部门", "公安"): 1,
        ("部门", "公安", "户政"): 1,
        ("部门", "税务"): 1,
    }
    assert counts[Facet.OPEN] == {True: 1}
