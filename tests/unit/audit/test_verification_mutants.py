"""Each check of the verifier is taken out in turn; a manipulation must then stay unfound, or be found elsewhere."""

import ast
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random
from types import ModuleType

import pytest

from portal_verify.log import LogFault, LogVerification, verify_log
from tests.unit.audit.attacked_logs import attack, copy_log, make_original
from tests.unit.audit.changed_verifier import IN_PROCESSES, IN_SMALL_PARTS, SOURCES, changed_verifier
from tests.unit.audit.logs import Log
from tests.unit.audit.manipulations import MANIPULATIONS


def checks() -> list[tuple[str, int]]:
    """The modules and lines in which the verifier reports a fault."""
    return [
        (name, node.lineno)
        for name, source in SOURCES.items()
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Raise) and "Found(" in (ast.get_source_segment(source, node) or "")
    ]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Log:
    return make_original(tmp_path_factory.mktemp("original"))


def faults(log: Log, folder: Path, verifier: ModuleType) -> Iterator[tuple[LogFault | str, object]]:
    """What must be found and what is found, for each manipulation."""
    for manipulation in MANIPULATIONS:
        copied = copy_log(log, folder)
        with attack(copied, Random(1)) as attacked:
            expected = manipulation(attacked)
        fault = verifier.verify_log(copied.url, copied.public_key, [copied.witness]).fault
        found = None if fault is None else (fault.place, fault.kind)
        if isinstance(expected, LogFault):
            yield manipulation.__name__, found == (expected.place, expected.kind)
        else:
            yield manipulation.__name__, found is not None and found[1] == expected


def test_every_manipulation_is_found_when_nothing_is_taken_out(original: Log, tmp_path: Path) -> None:
    with changed_verifier(tmp_path / "changed", IN_SMALL_PARTS) as verifier:
        assert [name for name, is_found in faults(original, tmp_path, verifier) if not is_found] == []


@pytest.mark.parametrize("check", checks(), ids=lambda check: f"{check[0]}:{check[1]}")
def test_manipulation_is_missed_when_a_check_is_taken_out(
    original: Log, tmp_path: Path, check: tuple[str, int]
) -> None:
    with changed_verifier(tmp_path / "changed", IN_SMALL_PARTS, check) as verifier:
        assert [name for name, is_found in faults(original, tmp_path, verifier) if not is_found] != []


def test_checks_are_those_of_the_verifier() -> None:
    assert len(checks()) == sum(source.count("raise Found(") for source in SOURCES.values())


def both(log: Log, other: ModuleType, processes: int = 1) -> tuple[str, str]:
    """What the verifier says, and what another one says, of one log."""
    plain: LogVerification = verify_log(log.url, log.public_key, [log.witness])
    return str(plain), str(other.verify_log(log.url, log.public_key, [log.witness], processes=processes))


@pytest.mark.heavy
@pytest.mark.clause("threats.md T18")
def test_thousands_of_manipulations_are_told_alike_in_one_part_and_in_many(original: Log, tmp_path: Path) -> None:
    random = Random(28)
    with changed_verifier(tmp_path / "changed", IN_SMALL_PARTS) as in_parts:
        for _ in range(3000):
            copied = copy_log(original, tmp_path)
            for _ in range(random.randint(1, 3)):
                # The second may find nothing left of what it would change.
                with (
                    attack(copied, random) as attacked,
                    suppress(AssertionError, sqlite3.Error, LookupError, TypeError, ValueError),
                ):
                    random.choice(MANIPULATIONS)(attacked)
            plain, parted = both(copied, in_parts)
            assert plain == parted


@pytest.mark.heavy
def test_manipulations_are_told_alike_by_one_process_and_by_several(original: Log, tmp_path: Path) -> None:
    random = Random(18)
    with changed_verifier(tmp_path / "changed", IN_PROCESSES) as in_processes:
        plain, parallel = both(original, in_processes, processes=2)
        assert plain == parallel
        for _ in range(12):
            copied = copy_log(original, tmp_path)
            with attack(copied, random) as attacked:
                random.choice(MANIPULATIONS)(attacked)
            plain, parallel = both(copied, in_processes, processes=2)
            assert plain == parallel
