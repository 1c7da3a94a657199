"""Ends with 1 unless the tests reached enough: `python scripts/coverage_gate.py coverage.json`.

Where authority is decided every line and every branch, elsewhere 95 of 100 taken together.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

WHOLE_PERCENT = 95
FULLY_COVERED = ("portal/access/", "portal/conditions/", "portal/policies/")


_Branch = tuple[int, int]


@dataclass(frozen=True, slots=True)
class FileCoverage:
    """One file; a branch goes from a line to a line, or to 0 where it leaves the function."""

    executed_lines: frozenset[int]
    missing_lines: tuple[int, ...]
    executed_branches: tuple[_Branch, ...]
    missing_branches: tuple[_Branch, ...]

    @property
    def open_branches(self) -> tuple[_Branch, ...]:
        """Branches that no test ran, but for those to a line that isn't asked for."""
        asked = {0, *self.executed_lines, *self.missing_lines}
        return tuple(branch for branch in self.missing_branches if branch[1] in asked)

    @property
    def reached(self) -> int:
        """Lines and branches together that a test ran."""
        return len(self.executed_lines) + len(self.executed_branches)

    @property
    def missing(self) -> int:
        """Lines and branches together that no test ran."""
        return len(self.missing_lines) + len(self.open_branches)

    def render_missing(self) -> str:
        """Return what no test ran: lines, then branches as `from->to`."""
        branches = (f"{start}->{end}" for start, end in self.open_branches)
        return ", ".join([*map(str, self.missing_lines), *branches])


@dataclass(frozen=True, slots=True)
class Report:
    """What `slipcover --json` writes, as far as it is asked here; files by their path from the project."""

    files: dict[str, FileCoverage]


def validate_coverage(report: Report) -> tuple[str, ...]:
    """Return what falls short, a line each; a package that the report doesn't hold falls short too."""
    return (*_incomplete(report), *_unmeasured(report), *_whole(report))


def main(path: Path) -> int:
    """Print what falls short in the report at `path`; 0 if nothing does."""
    faults = validate_coverage(TypeAdapter(Report).validate_json(path.read_bytes()))
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


def _incomplete(report: Report) -> Iterator[str]:
    for path, file in sorted(report.files.items()):
        if path.startswith(FULLY_COVERED) and file.missing:
            yield f"{path}: must be reached by a test whole, and isn't: {file.render_missing()}"


def _unmeasured(report: Report) -> Iterator[str]:
    for folder in FULLY_COVERED:
        if not any(path.startswith(folder) for path in report.files):
            yield f"{folder}: nothing was measured; was the package moved?"


def _whole(report: Report) -> Iterator[str]:
    reached = sum(file.reached for file in report.files.values())
    reachable = reached + sum(file.missing for file in report.files.values())
    if 100 * reached < WHOLE_PERCENT * reachable:
        percent = f"{100 * reached / reachable:.1f} %"
        yield f"tests reach {percent} of lines and branches, {WHOLE_PERCENT} are asked; most is missing in:"
        worst = sorted(report.files.items(), key=lambda item: -item[1].missing)[:5]
        yield from (f"  {path}: {file.render_missing()}" for path, file in worst)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
