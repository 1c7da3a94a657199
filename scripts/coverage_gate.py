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


@dataclass(frozen=True, slots=True)
class Counts:
    """How many lines and branches of a file there are, and were reached."""

    num_statements: int
    num_branches: int
    covered_lines: int
    covered_branches: int

    @property
    def reachable(self) -> int:
        """Lines and branches together."""
        return self.num_statements + self.num_branches

    @property
    def reached(self) -> int:
        """Lines and branches together that a test ran."""
        return self.covered_lines + self.covered_branches


@dataclass(frozen=True, slots=True)
class FileCoverage:
    """One file; a branch goes from a line to a line, or to minus the line of the function that it leaves."""

    summary: Counts
    missing_lines: tuple[int, ...]
    missing_branches: tuple[tuple[int, int], ...]

    @property
    def missing(self) -> int:
        """Lines and branches that no test ran."""
        return self.summary.reachable - self.summary.reached

    def render_missing(self) -> str:
        """Return what no test ran: lines, then branches as `from->to`."""
        branches = (f"{start}->{end}" for start, end in self.missing_branches)
        return ", ".join([*map(str, self.missing_lines), *branches])


@dataclass(frozen=True, slots=True)
class Report:
    """What `coverage json` writes, as far as it is asked here; files by their path from the project."""

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
    reached = sum(file.summary.reached for file in report.files.values())
    reachable = sum(file.summary.reachable for file in report.files.values())
    if 100 * reached < WHOLE_PERCENT * reachable:
        percent = f"{100 * reached / reachable:.1f} %"
        yield f"tests reach {percent} of lines and branches, {WHOLE_PERCENT} are asked; most is missing in:"
        worst = sorted(report.files.items(), key=lambda item: -item[1].missing)[:5]
        yield from (f"  {path}: {file.render_missing()}" for path, file in worst)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
