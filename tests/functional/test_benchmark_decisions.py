"""`python -m benchmarks decisions`: a small city, whose counts are bounded, and both engines' answers compared."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.city import City, make_city
from benchmarks.decisions import cedar
from benchmarks.decisions.snapshot_process import read_known
from portal.identity.keys import load_keys
from portal.policies.records import Effect
from portal.policies.snapshot import Snapshot
from portal.vocabulary import Matter
from tests.architecture.sources import PROJECT

CITY = City(entries=20, items=6, departments=8, records=300)
SMALL = ("--records", "300", "--entries", "20", "--items", "6", "--departments", "8", "--cedar-records", "300")


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    settings = make_city(tmp_path_factory.mktemp("city"), CITY)
    secret = load_keys(settings.key_file).digest_secret
    return Snapshot(read_known(settings.database_url, None, secret).content)


def test_small_measure_tells_all_as_text_and_json(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    command = [sys.executable, "-m", "benchmarks", "decisions", *SMALL, "--questions", "40", "--rounds", "2"]
    done = subprocess.run(
        [*command, "--json", str(file)], cwd=PROJECT, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    members = json.loads(file.read_bytes())
    counts = {"entries": 20, "items": 6, "departments": 8, "records": 300}
    assert members["city"] == {**counts, "beginning": "", "are_items_own": False}
    assert (members["empty"]["records"], members["snapshot"]["records"]) == (0, 300)
    assert members["decision"]["items"] == 50
    assert members["decision"]["records"] >= 50
    # What a changed record costs is counted: itself, and what says that it changed.
    change = members["change"]
    assert change["entries_touched"] == 1
    assert change["followed"]["rows"] <= 8
    assert change["whole"]["rows"] > 400
    compared = members["comparison"]
    assert (compared["records"], compared["questions"]) == (300, 40)
    assert 20 <= compared["permitted"] < 40
    assert len(compared["cedar_by_way"]) == 3
    assert len(members["targets"]) == 8
    assert members["machine"]["commit"]
    assert done.stdout.count("held") == 8
    assert "40 questions of one item, the same answers by all" in done.stdout


def test_every_question_is_answered_alike(snapshot: Snapshot) -> None:
    compared = cedar.compare(snapshot, CITY, 200)
    assert compared.questions == 200
    assert 100 <= compared.permitted <= 160


def test_engines_that_disagree_are_told(snapshot: Snapshot) -> None:
    """Of a city where one record fewer was translated, the questions that it answers are answered otherwise."""
    asked = cedar.draw_questions(snapshot, CITY, 40)
    fewer = replace(snapshot.content, records=snapshot.content.records[:10])
    ways = cedar.cedar_ways(Snapshot(fewer), CITY, asked)
    (first, *_) = (ask() for ask in ways.values())
    with pytest.raises(cedar.Disagreement, match="Cedar says False"):
        cedar.check_alike("Cedar", asked, first, [True] * len(asked))


def test_record_that_says_more_than_its_translation_is_refused(snapshot: Snapshot) -> None:
    one = snapshot.content.records[0]
    assert cedar.render_policies([one]).startswith("@id(")
    with pytest.raises(ValueError, match="says more"):
        cedar.render_policies([replace(one, effect=Effect.DENY)])
    with pytest.raises(ValueError, match="says more"):
        cedar.render_policies([replace(one, matters=(Matter("999999-0001"),))])
