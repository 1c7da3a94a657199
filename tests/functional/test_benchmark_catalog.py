"""`python -m benchmarks catalog`: a small catalog is served, shown and searched, and every figure told."""

import json
import subprocess
import sys
from pathlib import Path

from tests.architecture.sources import PROJECT

SMALL = ("--entries", "60", "--items", "3", "--searched", "120", "--searches", "20")


def test_small_measure_tells_all_as_text_and_json(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "catalog", *SMALL, "--json", str(file)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    members = json.loads(file.read_bytes())
    starts, searches = members["starts"], members["searches"]
    assert {start["entries"] for start in starts} == {60}
    assert {(search["entries"], search["searches"]) for search in searches} == {(120, 20)}
    assert len(starts) == len(searches) == 2
    for search in searches:
        assert 0 < search["median"] <= search["p95"]
    for start in starts:
        assert min(start["introspection_first"], start["introspection_after"]) > 0
    assert len({target["name"] for target in members["targets"]}) == 10
    for target in members["targets"]:
        (line,) = (line for line in done.stdout.splitlines() if line.startswith(target["name"]))
        assert line.endswith("   held" if target["is_held"] else "NOT held")
