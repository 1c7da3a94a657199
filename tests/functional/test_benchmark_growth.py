"""`python -m benchmarks growth`: each dimension in few sizes, with its exponent and its bound."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.growth.__main__ import targets
from benchmarks.growth.fitting import Growth
from tests.architecture.sources import PROJECT

SMALL = ("--rows", "40", "--fields", "6", "--records", "12", "--depth", "2", "--subjects", "4", "--rounds", "2")
DIMENSIONS = {"rows": 40, "fields": 6, "records on an entry": 12, "depth of links": 2, "subjects": 4}


def test_small_measure_tells_all_as_text_and_json(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    command = [sys.executable, "-m", "benchmarks", "growth", *SMALL, "--json", str(file)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    members = json.loads(file.read_bytes())
    assert {one["name"]: max(map(int, one["milliseconds"])) for one in members["growth"]} == DIMENSIONS
    for one in members["growth"]:
        assert {len(rounds) for rounds in one["milliseconds"].values()} == {2}
        assert all(time > 0 for rounds in one["milliseconds"].values() for time in rounds)
        assert one["bound"] == 1.1
    assert members["machine"]["commit"]
    assert [one["name"] for one in members["targets"]] == [f"exponent of {name}, at most" for name in DIMENSIONS]
    assert done.stdout.count("held") == len(DIMENSIONS)


def test_more_fields_than_there_are_cannot_be_asked_for() -> None:
    command = [sys.executable, "-m", "benchmarks", "growth", "--fields", "51"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 1
    assert "there are 50 fields" in done.stderr


@pytest.mark.parametrize(("exponent", "is_held"), [(1.0, True), (1.2, False), (2.0, False)])
def test_exponent_is_held_up_to_its_bound(exponent: float, is_held: bool) -> None:
    growth = Growth("rows", {size: (size**exponent,) for size in (1, 10, 100, 1000)}, 1.1)
    assert [one.is_held for one in targets([growth])] == [is_held]
