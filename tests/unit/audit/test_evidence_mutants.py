"""Each check of evidence is taken out in turn; a manipulation must then stay unfound, or be found elsewhere."""

import ast
import importlib
import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from types import ModuleType

import pytest

import portal_verify.evidence
from portal.audit.searching import Search
from tests.unit.audit.evidence_folders import MANIPULATIONS, Tampering
from tests.unit.audit.evidence_logs import export, make_chains, make_foreign, rotate
from tests.unit.audit.logs import KEY, OTHER_KEY, public_pem

PACKAGE = Path(portal_verify.evidence.__file__).parent
SOURCE = (PACKAGE / "evidence.py").read_text(encoding="utf-8")
CHECKS = [
    node.lineno
    for node in ast.walk(ast.parse(SOURCE))
    if isinstance(node, ast.Raise) and "FlawFound(" in ast.unparse(node)
]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("folders")
    log = make_chains(folder / "log")
    export(log, folder / "evidence")
    for name in ("other", "rotated"):
        (folder / name).mkdir()
    make_foreign(folder / "other")
    export(rotate(log, folder / "rotated"), folder / "rotated" / "evidence", Search(), KEY, OTHER_KEY)
    # The former key signs nothing any more, whoever holds it.
    Tampering(folder / "rotated" / "evidence", folder, Random(0)).seal_again(KEY)
    return folder


@contextmanager
def without(line: int | None, folder: Path) -> Iterator[ModuleType]:
    """The module without the statement of a line, in a package of its own."""
    package = folder / "changed_evidence"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    for path in package.glob("*.py"):
        text = path.read_text(encoding="utf-8").replace("portal_verify.", "changed_evidence.")
        lines = text.splitlines()
        if path.name == "evidence.py" and line is not None:
            statement = lines[line - 1]
            lines[line - 1] = statement[: len(statement) - len(statement.lstrip())] + "pass"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield importlib.import_module("changed_evidence.evidence")
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.startswith("changed_evidence")]:
            del sys.modules[name]


def found_elsewhere(verifier: ModuleType, folders: Path, tmp_path: Path) -> list[str]:
    """The manipulations that aren't found where they are, a few of each."""
    missed = []
    for number, manipulation in enumerate(MANIPULATIONS * 3):
        folder = tmp_path / f"tampered{number}"
        shutil.copytree(folders / "evidence", folder)
        place = manipulation(Tampering(folder, folders / "other" / "evidence", Random(number)))
        missed += [] if is_found(verifier, folder, (), place) else [manipulation.__name__]
    is_known = is_found(verifier, folders / "rotated" / "evidence", (), "manifest.json")
    missed += [] if is_known else ["sealed with a former key"]
    checkpoints = (folders / "evidence" / "checkpoints.jsonl").read_bytes().splitlines()
    (tmp_path / "other.json").write_text(json.dumps({**json.loads(checkpoints[1]), "hash": "0"}), encoding="utf-8")
    (tmp_path / "torn.json").write_text("", encoding="utf-8")
    for name, place in (("other", "checkpoints.jsonl:2"), ("torn", "witness")):
        is_heard = is_found(verifier, folders / "evidence", (str(tmp_path / f"{name}.json"),), place)
        missed += [] if is_heard else [f"{name} witness"]
    return missed


def is_found(verifier: ModuleType, folder: Path, witnesses: tuple[str, ...], place: str) -> bool:
    try:
        flaw = verifier.verify_evidence(folder, public_pem(KEY), witnesses).flaw
    except (ValueError, TypeError, LookupError, OSError, AttributeError, NameError):
        return False
    return flaw is not None and flaw.place.startswith(place)


def test_every_manipulation_is_found_when_nothing_is_taken_out(folders: Path, tmp_path: Path) -> None:
    with without(None, tmp_path) as verifier:
        assert found_elsewhere(verifier, folders, tmp_path) == []


@pytest.mark.parametrize("line", CHECKS)
def test_manipulation_is_missed_when_a_check_is_taken_out(folders: Path, tmp_path: Path, line: int) -> None:
    with without(line, tmp_path) as verifier:
        assert found_elsewhere(verifier, folders, tmp_path) != []
