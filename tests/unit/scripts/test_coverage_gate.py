from pathlib import Path

import pytest

from scripts.coverage_gate import FULLY_COVERED, FileCoverage, Report, main, validate_coverage

LINES = frozenset(range(1, 91))
BRANCHES = tuple((line, line + 1) for line in range(1, 10))
WHOLE = FileCoverage(LINES, (), (*BRANCHES, (10, 0)), ())
ONE_BRANCH_SHORT = FileCoverage(LINES, (), BRANCHES, ((3, 7),))
TEN_LINES_SHORT = FileCoverage(LINES - set(range(1, 11)), tuple(range(1, 11)), (*BRANCHES, (10, 0)), ())
EVERY_PACKAGE = {f"{folder}a.py": WHOLE for folder in FULLY_COVERED}


def test_coverage_passes_when_all_is_reached() -> None:
    assert validate_coverage(Report(EVERY_PACKAGE)) == ()


@pytest.mark.parametrize("folder", FULLY_COVERED)
def test_coverage_falls_short_when_one_branch_of_a_deciding_package_is_missing(folder: str) -> None:
    (fault,) = validate_coverage(Report(EVERY_PACKAGE | {f"{folder}b.py": ONE_BRANCH_SHORT}))
    assert fault.startswith(f"{folder}b.py:")
    assert fault.endswith("3->7")


def test_branch_to_a_line_that_is_not_asked_for_is_not_asked_for_either() -> None:
    never = FileCoverage(LINES, (), BRANCHES, ((3, 91),))
    assert validate_coverage(Report(EVERY_PACKAGE | {f"{FULLY_COVERED[0]}b.py": never})) == ()


@pytest.mark.parametrize("end", [0, 90])
def test_branch_that_leaves_or_leads_to_a_line_is_asked_for(end: int) -> None:
    short = FileCoverage(LINES, (), BRANCHES, ((3, end),))
    assert validate_coverage(Report(EVERY_PACKAGE | {f"{FULLY_COVERED[0]}b.py": short}))


def test_coverage_passes_when_one_branch_elsewhere_is_missing() -> None:
    assert validate_coverage(Report(EVERY_PACKAGE | {"portal/cli.py": ONE_BRANCH_SHORT})) == ()


def test_coverage_falls_short_when_less_than_the_bound_is_reached() -> None:
    faults = validate_coverage(Report(EVERY_PACKAGE | {f"portal/{name}.py": TEN_LINES_SHORT for name in "abcd"}))
    assert "94.3 %" in faults[0]


def test_coverage_falls_short_when_a_deciding_package_is_not_measured() -> None:
    assert len(validate_coverage(Report({"portal/cli.py": WHOLE}))) == len(FULLY_COVERED)


def test_gate_ends_with_one_when_the_report_falls_short(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "coverage.json"
    file = '{"executed_lines": [1], "missing_lines": [2], "executed_branches": [], "missing_branches": [[1, 0]]}'
    report.write_text(f'{{"files": {{"portal/cli.py": {file}}}}}', encoding="utf-8")
    assert main(report) == 1
    assert "portal/cli.py: 2, 1->0" in capsys.readouterr().err
