"""Every setting, error code and obligation stands in the documents, and their links lead somewhere."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from portal.errors import ErrorCode
from portal.policies.records import MaskKind, Obligations
from portal.settings import Settings

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("policy_models/**/*.md")])


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("setting", [field.name for field in fields(Settings)])
def test_setting_is_documented(setting: str) -> None:
    assert f"`PORTAL_{setting.upper()}`" in read("docs/settings.md")


@pytest.mark.parametrize("code", list(ErrorCode))
def test_error_code_is_documented(code: ErrorCode) -> None:
    assert f"`{code}`" in read("docs/errors.md")


@pytest.mark.parametrize(
    "obligation", [*MaskKind, *(field.name for field in fields(Obligations) if field.name != "masks")]
)
def test_obligation_is_documented(obligation: str) -> None:
    assert f"`{obligation}`" in read("docs/policies.md")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8"))
    assert [target for target in targets if not (document.parent / target).exists()] == []
