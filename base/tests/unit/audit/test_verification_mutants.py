"""Each check of the verifier is taken out in turn; a manipulation must then stay unfound, or be found elsewhere."""

import ast
import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from types import ModuleType

import pytest

import portal.audit.verification
from portal.audit.verification import LogFault
from tests.unit.audit.attacked_logs import attack, copy_log, make_original
from tests.unit.audit.logs import Log
from tests.unit.audit.manipulations import MANIPULATIONS

SOURCE = Path(portal.audit.verification.__file__).read_text(encoding="utf-8")


class WithoutCheck(ast.NodeTransformer):
    """Takes out the check that raises in the given line."""

    def __init__(self, line: int) -> None:
        self.line = line

    def visit_Raise(self, node: ast.Raise) -> ast.stmt:
        return ast.copy_location(ast.Pass(), node) if node.lineno == self.line else node


def checks() -> list[int]:
    """The lines in which the verifier reports a fault."""
    found = (node for node in ast.walk(ast.parse(SOURCE)) if isinstance(node, ast.Raise))
    return [node.lineno for node in found if "_Found(" in (ast.get_source_segment(SOURCE, node) or "")]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Log:
    return make_original(tmp_path_factory.mktemp("original"))


def faults(log: Log, folder: Path, verifier: ModuleType) -> Iterator[tuple[LogFault | str, object]]:
    """What must be found and what is found, for each manipulation."""
    for manipulation in MANIPULATIONS:
        copied = copy_log(log, folder)
        with attack(copied, Random(1)) as attacked:
            expected = manipulation(attacked)
        fault = verifier.verify_log(copied.url, copied.public_key, copied.witness).fault
        found = None if fault is None else (fault.place, fault.kind)
        if isinstance(expected, LogFault):
            yield manipulation.__name__, found == (expected.place, expected.kind)
        else:
            yield manipulation.__name__, found is not None and found[1] == expected


def make_verifier(change: Callable[[ast.Module], ast.Module]) -> ModuleType:
    """The verifier as a module of its own, with its source changed."""
    tree = ast.fix_missing_locations(change(ast.parse(SOURCE)))
    spec = importlib.util.spec_from_loader("changed_verification", loader=None)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up by name.
    exec(compile(tree, "changed_verification", "exec"), module.__dict__)  # noqa: S102 - our own source, changed
    return module


def test_every_manipulation_is_found_when_nothing_is_taken_out(original: Log, tmp_path: Path) -> None:
    verifier = make_verifier(lambda tree: tree)
    assert [name for name, is_found in faults(original, tmp_path, verifier) if not is_found] == []


@pytest.mark.parametrize("line", checks())
def test_manipulation_is_missed_when_a_check_is_taken_out(original: Log, tmp_path: Path, line: int) -> None:
    verifier = make_verifier(WithoutCheck(line).visit)
    assert [name for name, is_found in faults(original, tmp_path, verifier) if not is_found] != []


def test_checks_are_those_of_the_verifier() -> None:
    assert len(checks()) == SOURCE.count("raise _Found(")
