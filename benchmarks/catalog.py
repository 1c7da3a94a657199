"""`python -m benchmarks catalog`: what a large catalog takes to start, to look at and to search, against its targets.

Two synthetic portals are made: one wide, whose start, memory and introspection are measured, and one long, which is
searched. Options make them smaller; the targets are for the sizes that are taken without any.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.city import City, make_city

VISIBLE = 50
"""Entries that the subject sees: so many records there are for each department."""
DEPARTMENTS = 200


@dataclass(frozen=True, slots=True)
class Target:
    """What is to hold of a portal's figure: that it is this at most."""

    portal: str
    figure: str
    most: float


TARGETS = (
    Target("wide", "start_seconds", 5),
    Target("wide", "resident_mb", 400),
    Target("wide", "introspection_first_ms", 300),
    Target("wide", "introspection_after_ms", 10),
    Target("long", "search_p95_ms", 30),
    Target("long", "common_word_ms", 150),
)


@dataclass(frozen=True, slots=True)
class Found:
    """A target, what was found, and whether it held."""

    portal: str
    figure: str
    most: float
    found: float
    held: bool


def compare_figures(figures: Mapping[str, Mapping[str, float]]) -> list[Found]:
    """Return each target with what was found of the portal that it is for."""
    found = ((target, figures[target.portal][target.figure]) for target in TARGETS)
    return [Found(of.portal, of.figure, of.most, value, held=value <= of.most) for of, value in found]


def render_found(found: Sequence[Found]) -> str:
    """Return the targets as a table, a line each."""
    lines = ["portal  figure                      at most       found   held"]
    lines += [
        f"{one.portal:7} {one.figure:25} {one.most:9.1f} {one.found:11.1f}   {'yes' if one.held else 'NO'}"
        for one in found
    ]
    return "\n".join(lines) + "\n"


def measure_catalog(folder: Path, wide: City, long: City, searches: int) -> dict[str, dict[str, float]]:
    """Return the figures of the two portals, which are made in the folder; only the long one is searched so often."""
    plans = {"wide": (wide, 1), "long": (long, searches)}
    return {name: _measure(folder / name, city, count) for name, (city, count) in plans.items()}


def _measure(home: Path, city: City, searches: int) -> dict[str, float]:
    make_city(home, city)
    command = [sys.executable, "-m", "benchmarks.catalog_figures", str(home), str(searches), "1"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {name: float(value) for name, value in json.loads(printed).items()}


def main(arguments: Sequence[str]) -> int:
    """Measure, print the targets and write the file where one is named; a target that isn't held is no failure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks catalog")
    parser.add_argument("--entries", type=int, default=10_000, help="of the wide portal")
    parser.add_argument("--items", type=int, default=20, help="of each of its entries")
    parser.add_argument("--searched", type=int, default=100_000, help="entries of the long portal")
    parser.add_argument("--searches", type=int, default=1_000)
    parser.add_argument("--json", type=Path, help="write all figures there")
    asked = parser.parse_args(arguments)
    wide = City(asked.entries, asked.items, DEPARTMENTS, DEPARTMENTS * VISIBLE)
    long = City(asked.searched, 3, DEPARTMENTS, DEPARTMENTS * VISIBLE)
    with TemporaryDirectory() as folder:
        figures = measure_catalog(Path(folder), wide, long, asked.searches)
    found = compare_figures(figures)
    sys.stdout.write(render_found(found))
    if asked.json is not None:
        written = {"targets": [asdict(one) for one in found], "figures": figures, "sizes": vars(asked) | {"json": ""}}
        asked.json.write_text(json.dumps(written, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
