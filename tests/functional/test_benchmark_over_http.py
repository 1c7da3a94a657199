"""`python -m benchmarks http`: contenders are started, compared, measured and told, in few rows and short rounds."""

import json
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from benchmarks.over_http.contenders import Ground, Kind, laid_ground, started
from benchmarks.over_http.load import Job, Measured
from benchmarks.over_http.machine import Cores
from benchmarks.over_http.rounds import Plan, Unequal, ask, measure
from tests.architecture.sources import PROJECT

ROWS = 300
TINY = ("--rows", str(ROWS), "--seconds", "0.2", "--rounds", "2")


class NoClient:
    """A client that must not be called."""

    name = "none"

    def run(self, job: Job) -> Measured:
        raise AssertionError(job)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", *arguments]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=300)


@pytest.mark.heavy
def test_quick_measure_tells_all_as_text_and_json(tmp_path: Path) -> None:
    done = run("http", "--quick", *TINY, "--json", str(tmp_path / "figures.json"))
    assert done.returncode == 0, done.stderr
    members = json.loads((tmp_path / "figures.json").read_bytes())
    assert [(one["contender"], one["rows"]) for one in members["figures"]] == [
        (kind.value, rows) for rows in (1, 100, 1000) for kind in (Kind.HAND_SQLITE, Kind.PORTAL_SQLITE)
    ]
    for one in members["figures"]:
        assert len(one["rounds"]) == 2
        assert one["answers_a_second"]["least"] > 0
        # Rows of the region are half of the table's: an answer is as long for one as for the other.
        assert one["octets"] == next(two["octets"] for two in members["figures"] if two["rows"] == one["rows"])
    assert len(members["targets"]) == 6
    assert members["machine"]["commit"]
    assert members["machine"]["versions"]["starlette"]
    assert done.stdout.count("held") == 6
    assert "portal, SQLite / by hand, SQLite" in done.stdout


def audited(ground: Ground) -> int:
    assert ground.postgres is not None
    assert ground.plain is not None
    database = ground.plain.gated.rpartition("/")[2]
    with psycopg.connect(f"{ground.postgres.url.rpartition('/')[0]}/{database}") as connection:
        (count,) = connection.execute("SELECT count(*) FROM audit").fetchone() or (0,)
        return int(count)


@pytest.mark.heavy
def test_every_contender_gives_the_same_rows(tmp_path: Path) -> None:
    with laid_ground(tuple(Kind), Cores(), tmp_path, ROWS) as ground:
        bodies = {}
        for kind in Kind:
            with started(kind, ground) as contender:
                plan = Plan(sizes=(1, 10), rounds=0)
                assert measure([contender], NoClient(), plan, ROWS)
                bodies[kind] = ask(contender, 10)
        # It was asked three times, and each request left its row of audit.
        assert audited(ground) == 3
    longest = bodies.pop(Kind.POSTGRAPHILE)
    # All but PostGraphile, whose fields have other names, answer octet for octet alike up to blanks.
    assert len({json.dumps(json.loads(body)) for body in bodies.values()}) == 1
    assert (
        json.loads(longest)["data"]["allPeople"] == json.loads(bodies[Kind.PORTAL_SQLITE])["data"]["shared"]["people"]
    )


@pytest.mark.heavy
def test_nothing_is_measured_when_a_contender_answers_otherwise(tmp_path: Path) -> None:
    with (
        laid_ground((Kind.HAND_SQLITE,), Cores(), tmp_path, ROWS) as ground,
        started(Kind.HAND_SQLITE, ground) as contender,
        pytest.raises(Unequal, match="answers 150 rows otherwise"),
    ):
        # Of a table with more rows the answer would be longer.
        measure([contender], NoClient(), Plan(sizes=(150,), rounds=1), ROWS - 2)


def test_unknown_measures_are_refused() -> None:
    done = run("nothing")
    assert done.returncode == 2
    assert "there are http, road, audit-log" in done.stderr
