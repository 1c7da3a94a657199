"""Each planted fault is noticed by the tests that claim to guard against it; the runner itself is held to account."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.mutants.runner import Mutant, Verdict, copy_project, read_mutants, run_tests, try_mutant, validate_mutants

MUTANTS = read_mutants()
SHARE = 1 if os.environ.get("PORTAL_TEST_MUTANTS") == "all" else 20
TRIED = MUTANTS[::SHARE]
"""`make test` tries one in twenty, `make mutants` all."""
PARTS = 2 * (20 // SHARE)
"""Their tests are run in so many parts where nothing is planted."""
HARMLESS = Mutant(
    id="harmless",
    threat="none",
    file="portal/policies/decision.py",
    before='"""The refused items."""',
    after='"""The items refused."""',
    tests=("tests/unit/policies/test_decision.py",),
)


def test_mutants_are_planted_where_they_say() -> None:
    assert validate_mutants(MUTANTS) == []


@pytest.mark.parametrize(
    ("mutant", "fault"),
    [
        pytest.param(replace(HARMLESS, before="not there"), "0 times", id="text that isn't there"),
        pytest.param(replace(HARMLESS, before="return"), "times", id="text that is there often"),
        pytest.param(replace(HARMLESS, file="portal/nowhere.py"), "0 times", id="a file that isn't there"),
        pytest.param(replace(HARMLESS, after=HARMLESS.before), "changes nothing", id="no change"),
        pytest.param(replace(HARMLESS, tests=()), "names no test", id="no test"),
        pytest.param(replace(HARMLESS, tests=("tests/unit/test_x.py",)), "no test tests/unit/test_x.py", id="no file"),
        pytest.param(replace(HARMLESS, tests=(f"{HARMLESS.tests[0]}::test_x",)), "::test_x", id="no function"),
    ],
)
def test_mutants_are_refused_when_they_cannot_be_planted(mutant: Mutant, fault: str) -> None:
    assert fault in "\n".join(validate_mutants([mutant]))


def test_mutants_are_refused_when_an_id_is_used_twice() -> None:
    assert validate_mutants([HARMLESS, HARMLESS]) == ["harmless: the id is used twice"]


@pytest.mark.heavy
def test_runner_says_survived_when_a_fault_is_none(tmp_path: Path) -> None:
    assert try_mutant(HARMLESS, tmp_path).verdict is Verdict.SURVIVED


@pytest.mark.heavy
def test_runner_says_broken_when_a_mutant_cannot_be_imported(tmp_path: Path) -> None:
    mutant = replace(HARMLESS, after="1 +")
    assert try_mutant(mutant, tmp_path).verdict is Verdict.BROKEN


@pytest.mark.heavy
@pytest.mark.parametrize("part", range(PARTS))
def test_named_tests_pass_when_nothing_is_planted(part: int, tmp_path: Path) -> None:
    tests = sorted({test for mutant in TRIED for test in mutant.tests})
    code, output = run_tests(copy_project(tmp_path), tests[part::PARTS])
    assert code == 0, output


@pytest.mark.heavy
@pytest.mark.parametrize("mutant", TRIED, ids=lambda mutant: mutant.id)
def test_named_tests_notice_a_mutant(mutant: Mutant, tmp_path: Path) -> None:
    trial = try_mutant(mutant, tmp_path)
    assert trial.verdict is Verdict.KILLED, trial.output
