"""Who may import what: import-linter's contracts, and that they would notice."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.sources import PROJECT

LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")


def lint_imports(project: Path) -> subprocess.CompletedProcess[str]:
    """Hold the `portal` of `project` to our contracts, in a process of its own, because this one has imported ours."""
    command = [str(LINT_IMPORTS), "--no-cache", "--no-logo", "--config", str(PROJECT / "pyproject.toml")]
    return subprocess.run(
        command, cwd=project, env={"PYTHONPATH": str(project)}, capture_output=True, text=True, check=False
    )


def test_import_contracts_are_kept() -> None:
    answer = lint_imports(PROJECT)
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize(
    ("path", "line", "contract"),
    [
        ("conditions/planted.py", "import portal.access.planted_too", "imports run downwards"),
        ("planted.py", "", "imports run downwards"),
        ("access/planted.py", "import portal.access.planted_too", "no module imports itself"),
        ("access/planted.py", "import casbin", "only policies speaks to Casbin"),
        ("bundles/planted.py", "import joserfc", "only identity, agreements and certificates"),
        ("access/planted.py", "import strawberry", "only schema, resolvers and app"),
        ("exchange/planted.py", "import pyarrow", "only the modules that are imported when Parquet"),
        ("conditions/planted.py", "import sqlalchemy", "conditions know no framework"),
        ("policies/planted.py", "import sqlite3", "only storage, access and the audit reach a database"),
        ("resolvers/planted.py", "import sqlalchemy", "what faces the caller builds no SQL"),
    ],
)
def test_import_contracts_notice_when_one_is_broken(path: str, line: str, contract: str, tmp_path: Path) -> None:
    shutil.copytree(PROJECT / "portal", tmp_path / "portal", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(PROJECT / "portal_verify", tmp_path / "portal_verify")
    (tmp_path / "portal" / path).write_text(f'"""Planted."""\n\n{line}\n', encoding="utf-8")
    (tmp_path / "portal/access/planted_too.py").write_text(
        '"""Planted."""\n\nimport portal.access.planted\n' if path == "access/planted.py" else "", encoding="utf-8"
    )
    answer = lint_imports(tmp_path)
    assert answer.returncode == 1, answer.stdout + answer.stderr
    broken = [words for words in answer.stdout.splitlines() if " BROKEN" in words]
    assert any(words.startswith(contract) for words in broken), answer.stdout
