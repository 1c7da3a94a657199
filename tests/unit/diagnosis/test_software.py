from pathlib import Path

import pytest

from portal.diagnosis.findings import Verdict
from portal.diagnosis.software import installed_version, judge_packages, judge_pages

PINS = {"pycasbin": "2.8.0", "orjson": "3.13.0"}


def judged(**installed: str) -> dict[str, Verdict]:
    return {one.check: one.verdict for one in judge_packages(PINS, installed.get)}


def test_packages_as_pinned_are_good() -> None:
    assert judged(pycasbin="2.8.0", orjson="3.13.0") == {"packages": Verdict.GOOD}


@pytest.mark.parametrize("installed", [{"pycasbin": "2.8.0"}, {"pycasbin": "2.8.0", "orjson": "3.12.9"}])
def test_package_that_is_missing_or_another_is_a_fault(installed: dict[str, str]) -> None:
    assert judged(**installed) == {"packages": Verdict.FAULT}


def test_casbin_beside_pycasbin_is_a_fault() -> None:
    assert judged(pycasbin="2.8.0", orjson="3.13.0", casbin="1.43.0") == {"casbin": Verdict.FAULT}


def test_version_of_a_package_that_is_not_installed_is_none() -> None:
    assert installed_version("portal") is not None
    assert installed_version("no-such-package-as-this") is None


def test_pages_that_were_never_built_are_warned_of(tmp_path: Path) -> None:
    (found,) = judge_pages(tmp_path)
    assert (found.check, found.verdict) == ("pages", Verdict.WARNING)
    (tmp_path / "index.html").touch()
    assert [*judge_pages(tmp_path)] == []
