"""Requests permitted and denied, each with its plan, its SQL and its answer; `--update` writes these anew."""

from pathlib import Path

import pytest

from tests.golden.running import load_case, run_case

CASES = Path(__file__).parent / "cases"
PERMITTED, DENIED = (sorted((CASES / kind).iterdir()) for kind in ("permitted", "denied"))


def name_of(folder: Path) -> str:
    return folder.name


def compare(folder: Path, scratch: Path, update: bool) -> dict[str, str]:
    """Hold a case against its golden files, or write these; return them."""
    outcome = run_case(load_case(folder), scratch)
    for name, text in outcome.files.items():
        if update:
            (folder / name).write_text(text, encoding="utf-8")
        assert text == (folder / name).read_text(encoding="utf-8"), f"{folder.name}/{name}"
    return dict(outcome.files)


@pytest.mark.parametrize("folder", PERMITTED, ids=name_of)
def test_permitted_request_is_answered_as_it_was(folder: Path, tmp_path: Path, update: bool) -> None:
    files = compare(folder, tmp_path, update)

    assert "permitted" in files["plan.txt"]
    assert "denied" not in files["plan.txt"]
    assert '"errors"' not in files["answer.json"]


@pytest.mark.parametrize("folder", DENIED, ids=name_of)
def test_denied_request_is_refused_as_it_was(folder: Path, tmp_path: Path, update: bool) -> None:
    files = compare(folder, tmp_path, update)

    assert '"errors"' in files["answer.json"] or '"faults"' in files["answer.json"]


def test_there_are_cases_enough() -> None:
    assert len(PERMITTED) >= 12
    assert len(DENIED) >= 15
