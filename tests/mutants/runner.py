"""Plants one fault at a time in a copy of the project, and runs the tests that must notice it.

`python -m tests.mutants.runner [FILE.toml …] [ID …]` tries the mutants of those files, or those, or all, two at a time;
exit 1 if one survives. The mutants stand in the `*.toml` files of this folder.
"""

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory

PROJECT = Path(__file__).resolve().parents[2]
FOLDER = Path(__file__).parent
COPIED = ("portal", "portal_verify", "policy_models", "migrations", "benchmarks", "docs", "tests", "pyproject.toml")
TIMEOUT_SECONDS = 480
"""A run that takes longer hangs."""
_WORKERS = 2
_PASSED, _FAILED = 0, 1


class Verdict(StrEnum):
    """What came of a mutant."""

    KILLED = "killed"
    SURVIVED = "survived"
    BROKEN = "broken"
    """The tests ended in another way than by failing: they weren't found, couldn't be imported, or took too long."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A fault: `before` becomes `after` in `file`. `tests` are ids of tests of which at least one must then fail."""

    id: str
    threat: str
    file: str
    before: str
    after: str
    tests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """A mutant with its verdict, and what the tests wrote."""

    mutant: Mutant
    verdict: Verdict
    output: str


def read_mutants(*files: Path) -> tuple[Mutant, ...]:
    """Return the mutants of the files, by default of every TOML file in this folder."""
    return tuple(
        Mutant(**{**table, "tests": tuple(table["tests"])})
        for file in files or sorted(FOLDER.glob("*.toml"))
        for table in tomllib.loads(file.read_text(encoding="utf-8"))["mutants"]
    )


def validate_mutants(mutants: Iterable[Mutant], project: Path = PROJECT) -> list[str]:
    """Return what is wrong: ids used twice, text that isn't there just once, tests that aren't there."""
    faults, seen = [], set()
    for mutant in mutants:
        path = project / mutant.file
        count = path.read_text(encoding="utf-8").count(mutant.before) if path.is_file() and mutant.before else 0
        if mutant.id in seen:
            faults.append(f"{mutant.id}: the id is used twice")
        if count != 1:
            faults.append(f"{mutant.id}: `before` is {count} times in {mutant.file}, must be there once")
        if mutant.after == mutant.before or not mutant.tests:
            faults.append(f"{mutant.id}: changes nothing, or names no test")
        faults += [f"{mutant.id}: there is no test {test}" for test in mutant.tests if not _is_test(test, project)]
        seen.add(mutant.id)
    return faults


def _is_test(test: str, project: Path) -> bool:
    file, _, name = test.partition("::")
    path = project / file
    function = name.partition("[")[0]
    return path.is_file() and (not name or f"def {function}(" in path.read_text(encoding="utf-8"))


def copy_project(folder: Path) -> Path:
    """Copy what the tests need into the folder, compiled modules too, and return it."""
    for name in COPIED:
        source = PROJECT / name
        if source.is_dir():
            # Hundreds of megabytes that no planted fault is in.
            ignored = shutil.ignore_patterns("node_modules") if name == "benchmarks" else None
            shutil.copytree(source, folder / name, dirs_exist_ok=True, ignore=ignored)
        else:
            shutil.copy2(source, folder / name)
    return folder


def plant(mutant: Mutant, copy: Path) -> None:
    """Change the copy's file; the text must be there just once."""
    path = copy / mutant.file
    text = path.read_text(encoding="utf-8")
    if text.count(mutant.before) != 1:
        raise ValueError(mutant.id)
    path.write_text(text.replace(mutant.before, mutant.after), encoding="utf-8")


def run_tests(copy: Path, tests: Sequence[str]) -> tuple[int | None, str]:
    """Run tests in the copy, up to the first that fails; return pytest's exit code (None: too long) and its output."""
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    # Started inside a test run or under coverage, the run in the copy must not take over the outer one's options.
    for name in [name for name in environment if name.startswith(("PYTEST_", "COV_", "COVERAGE_"))]:
        del environment[name]
    command = [sys.executable, "-m", "pytest", "-q", "-x", "--no-header", "-p", "no:cacheprovider", *tests]
    try:
        done = subprocess.run(
            command, cwd=copy, env=environment, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as expired:
        return None, str(expired)
    return done.returncode, done.stdout + done.stderr


def try_mutant(mutant: Mutant, folder: Path) -> Trial:
    """Return whether the mutant's tests notice it, in a copy of the project made in the folder."""
    copy = copy_project(folder)
    plant(mutant, copy)
    code, output = run_tests(copy, mutant.tests)
    verdict = {_FAILED: Verdict.KILLED, _PASSED: Verdict.SURVIVED}.get(-1 if code is None else code, Verdict.BROKEN)
    return Trial(mutant, verdict, output)


def _try_aside(mutant: Mutant) -> Trial:
    with TemporaryDirectory(prefix="mutant-") as folder:
        trial = try_mutant(mutant, Path(folder))
    sys.stdout.write(f"{trial.verdict:9} {mutant.id} ({mutant.threat})\n")
    sys.stdout.flush()
    return trial


def main(arguments: Sequence[str]) -> int:
    """Try the mutants of the named files, those of the named ids, or all; return the exit code."""
    ids = [name for name in arguments if not name.endswith(".toml")]
    files = [FOLDER / name for name in arguments if name.endswith(".toml")]
    mutants = [mutant for mutant in read_mutants(*files) if not ids or mutant.id in ids]
    faults = validate_mutants(mutants) or [f"unknown mutant {name}" for name in set(ids) - {one.id for one in mutants}]
    if faults:
        sys.stderr.write("\n".join(faults) + "\n")
        return 2
    with ThreadPoolExecutor(_WORKERS) as pool:
        trials = list(pool.map(_try_aside, mutants))
    alive = [trial for trial in trials if trial.verdict is not Verdict.KILLED]
    for trial in alive:
        sys.stdout.write(f"\n{trial.mutant.id}: {trial.verdict}\n{trial.output}\n")
    sys.stdout.write(f"{len(trials) - len(alive)} of {len(trials)} killed\n")
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
