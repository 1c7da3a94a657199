from pathlib import Path

import pytest

from scripts.coverage_gate import FULLY_COVERED, Counts, FileCoverage, Report, main, validate_coverage

WHOLE = FileCoverage(Counts(num_statements=90, num_branches=10, covered_lines=90, covered_branches=10), (), ())
ONE_BRANCH_SHORT = FileCoverage(Counts(90, 10, 90, 9), (), ((3, 7),))
TEN_LINES_SHORT = FileCoverage(Counts(90, 10, 80, 10), tuple(range(1, 11)), ())
EVERY_PACKAGE = {f"{folder}a.py": WHOLE for folder in FULLY_COVERED}


def test_coverage_passes_when_all_is_reached() -> None:
    assert validate_coverage(Report(EVERY_PACKAGE)) == ()


@pytest.mark.parametrize("folder", FULLY_COVERED)
def test_coverage_falls_short_when_one_branch_of_a_deciding_package_is_missing(folder: str) -> None:
    (fault,) = validate_coverage(Report(EVERY_PACKAGE | {f"{folder}b.py": ONE_BRANCH_SHORT}))
    assert fault.startswith(f"{folder}b.py:")
    assert fault.endswith("3->7")


def test_coverage_passes_when_one_branch_elsewhere_is_missing() -> None:
    assert validate_coverage(Report(EVERY_PACKAGE | {"portal/cli.py": ONE_BRANCH_SHORT})) == ()


def test_coverage_falls_short_when_less_than_the_bound_is_reached() -> None:
    faults = validate_coverage(Report(EVERY_PACKAGE | {f"portal/{name}.py": TEN_LINES_SHORT for name in "abcd"}))
    assert "94.3 %" in faults[0]


def test_coverage_falls_short_when_a_deciding_package_is_not_measured() -> None:
    assert len(validate_coverage(Report({"portal/cli.py": WHOLE}))) == len(FULLY_COVERED)


def test_gate_ends_with_one_when_the_report_falls_short(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "coverage.json"
    summary = (
        '{"num_statements": 2, "num_branches": 0, "covered_lines": 1, "covered_branches": 0, "percent_covered": 50.0}'
    )
    report.write_text(
        f'{{"files": {{"portal/cli.py": {{"summary": {summary}, "missing_lines": [2], "missing_branches": []}}}}}}',
        encoding="utf-8",
    )
    assert main(report) == 1
    assert "portal/cli.py: 2" in capsys.readouterr().err
