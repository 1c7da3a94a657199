"""The real divisions of the demonstration, and places drawn from them; divisions/README.md names the source."""

import csv
import gzip
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from portal.demonstration.drawing import Draws
from portal.demonstration.rows import Row

FOLDER = Path(__file__).parent / "divisions"
LEVELS = ("provinces", "cities", "areas", "streets", "villages")
"""Entries of the divisions, from the top."""

_ITEM_BY_COLUMN = {
    "code": "code",
    "name": "name",
    "provinceCode": "province_code",
    "cityCode": "city_code",
    "areaCode": "area_code",
    "streetCode": "street_code",
}
JURISDICTIONS = (("3206", 60), ("3710", 10), ("4102", 10), ("1503", 10), ("35", 10))
"""Division codes of the five jurisdictions, with the share of synthetic rows that each gets, in percent."""


@dataclass(frozen=True, slots=True)
class Place:
    """A village: `code` is its division code, `name` leads from its city down to it."""

    code: str
    name: str
    city: str


Places = Mapping[str, Sequence[Place]]
"""The villages of each jurisdiction, by its division code."""


def read_level(level: str) -> list[Row]:
    """Return the divisions of one level, by item, in the order of the source."""
    with gzip.open(FOLDER / f"{level}.csv.gz", "rb") as packed:
        text = packed.read().decode("utf-8")
    rows = csv.DictReader(io.StringIO(text))
    return [{_ITEM_BY_COLUMN[column]: cell for column, cell in row.items()} for row in rows]


def arrange_places(divisions: Mapping[str, Sequence[Row]]) -> Places:
    """Return the villages of the five jurisdictions, from the rows of every level."""
    names = {row["code"]: row["name"] for level in LEVELS for row in divisions[level]}
    places = [_place(str(row["code"]), names) for row in divisions["villages"]]
    return {prefix: [place for place in places if place.code.startswith(prefix)] for prefix, _ in JURISDICTIONS}


def _place(code: str, names: Mapping[str | None, str | None]) -> Place:
    city, area, street, village = (str(names[code[:digits]]) for digits in (4, 6, 9, 12))
    # The committee is at home in the village; an address names the village.
    ending = next((word for word in ("居委会", "委会") if village.endswith(word)), "")
    return Place(code, f"{city}{area}{street}{village.removesuffix(ending)}", city)


def draw_place(draws: Draws, places: Places) -> Place:
    """Return a village, of each jurisdiction as often as its share says."""
    return draws.one_of(places[draws.weighted(JURISDICTIONS)])
