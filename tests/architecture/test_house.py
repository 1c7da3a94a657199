"""Habits that no linter knows."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

from tests.architecture.sources import PROJECT, Source, parse_source, sources

# Put together here, so that this file doesn't hold them.
UNFINISHED = re.compile("|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "Magic" + "Mock", "NotImple" + r"mented\b")))
TEXT_SQL = ("sqlalchemy.text", "sqlalchemy.sql.text", "sqlalchemy.literal_column", "sqlalchemy.sql.expression.text")
# Hashes and rows: what they spell is chance.
NOT_PROSE = {".lock", ".csv"}


def own_files() -> list[Path]:
    """The files of the project: those that git knows, or would if they were added now."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True).stdout.split("\0")
    return [path for name in names if name and (path := PROJECT / name).is_file()]


def package_without_docstring_alone(source: Source) -> bool:
    return source.path.name == "__init__.py" and (len(source.tree.body) != 1 or not ast.get_docstring(source.tree))


def reads_environment(source: Source) -> bool:
    names = {node.attr for node in ast.walk(source.tree) if isinstance(node, ast.Attribute)}
    return bool(names & {"environ", "getenv"}) or bool({"os.environ", "os.getenv"} & set(source.imported_names()))


def speaks_text_sql(source: Source) -> bool:
    calls = {node.attr for node in ast.walk(source.tree) if isinstance(node, ast.Attribute)}
    attributes = {"text", "literal_column"} & calls and {"sqlalchemy", "sqlalchemy.sql"} & set(source.imported_names())
    return bool(set(TEXT_SQL) & set(source.imported_names())) or bool(attributes) or "exec_driver_sql" in calls


def test_init_files_hold_a_docstring_alone() -> None:
    assert [str(source.path) for source in sources("portal") if package_without_docstring_alone(source)] == []


def test_environment_is_read_by_settings_alone() -> None:
    readers = [source.path.as_posix() for source in sources("portal") if reads_environment(source)]
    assert set(readers) <= {"portal/settings.py"}


def test_text_sql_is_spoken_by_storage_alone() -> None:
    speakers = [source.path for source in sources("portal") if speaks_text_sql(source)]
    assert [str(path) for path in speakers if path.parts[1] != "storage"] == []


def test_nothing_is_left_unfinished() -> None:
    found = [
        f"{path.relative_to(PROJECT)}:{number}"
        for path in own_files()
        if path.suffix not in NOT_PROSE and path.name != "package-lock.json"
        for number, line in enumerate(path.read_bytes().decode("utf-8", "replace").splitlines(), start=1)
        if UNFINISHED.search(line)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (reads_environment, "import os\nhome = os.environ['HOME']\n"),
        (reads_environment, "from os import getenv\n"),
        (speaks_text_sql, "from sqlalchemy import text\n"),
        (speaks_text_sql, "import sqlalchemy\nsqlalchemy.text('select 1')\n"),
        (speaks_text_sql, "connection.exec_driver_sql('select 1')\n"),
    ],
)
def test_rules_notice_what_is_planted(rule: object, text: str) -> None:
    assert callable(rule)
    assert rule(parse_source(Path("planted.py"), text))
    assert not rule(parse_source(Path("planted.py"), "import json\njson.dumps(answer.text)\n"))


def test_changelog_has_a_place_for_what_is_new() -> None:
    changelog = (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "keepachangelog.com" in changelog
    assert re.search(r"^## \[Unreleased\]\n\n### \w+\n\n- ", changelog, re.MULTILINE)


@pytest.mark.parametrize("readme", ["README.md"])
def test_readme_names_the_two_commands(readme: str) -> None:
    text = (PROJECT / readme).read_text(encoding="utf-8")
    assert re.search(r"^make demo$", text, re.MULTILINE)
    assert re.search(r"^make test$", text, re.MULTILINE)


def test_make_recipes_each_say_what_they_do() -> None:
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    for recipe in ("help", "demo", "test", "check", "fix", "bench"):
        assert re.search(rf"^{recipe}:.*## \w", makefile, re.MULTILINE), recipe
