"""The page for developers: every block is a file that a command uses, a command that runs, or what it prints."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from portal.demonstration.making import make_bundle
from portal.errors import ErrorCode
from tests.fixtures.node import install_packages
from tests.oracle.runner import PortalProcess

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/for-developers.md"
CLIENTS = Path(__file__).with_name("clients")
ADDRESS = "http://127.0.0.1:8000/graphql"
COMMANDS, ANSWERS = "sh", ("json", "text")
KEPT = "set -eu -o pipefail\n[ ! -e .kept ] || . ./.kept\n{command}\nexport -p > .kept\n"
"""A command in the shell that the page has open: what one exports, the next ones have."""


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language, the file that its first line names, its text without that line, its line."""

    language: str
    file: str
    text: str
    line: int


def read_blocks(page: str) -> list[Block]:
    """Return the fenced blocks in their order."""
    found = re.finditer(r"^```(\w*)\n(?:(?:#|//) (\S+\.\w+)\n)?(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    return [Block(each[1], each[2] or "", each[3], page[: each.start()].count("\n") + 1) for each in found]


def unrun(blocks: list[Block]) -> list[Block]:
    """Return the blocks that no run reaches: a file that no command names, an answer to nothing, another language."""
    commands = "\n".join(block.text for block in blocks if block.language == COMMANDS)
    used = commands + "".join(block.text for block in blocks if block.file and block.file in commands)
    answers = {after.line for before, after in pairwise(blocks) if before.language == COMMANDS and not before.file}
    return [
        block
        for block in blocks
        if (block.file not in used if block.file else block.language != COMMANDS)
        and (block.file or block.language not in ANSWERS or block.line not in answers)
    ]


def differs(answer: Block | None, printed: str) -> bool:
    """Return whether a command printed something else than what stands behind it; nothing where nothing does."""
    if answer is None or answer.file or answer.language not in ANSWERS:
        return printed != ""
    if answer.language == "json" and printed.startswith("{") and printed.endswith("}"):
        return bool(without_places(printed) != json.loads(answer.text))
    return printed != answer.text


def without_places(printed: str) -> dict[str, Any]:
    """Return an answer without the lines and columns of its errors."""
    answer: dict[str, Any] = json.loads(printed)
    for error in answer.get("errors", ()):
        error.pop("locations", None)
    return answer


BLOCKS = read_blocks(PAGE.read_text(encoding="utf-8"))


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[PortalProcess]:
    """The demonstration, where the public may ask once a second: who waits as told is answered."""
    make_bundle(tmp_path / "bundle", datetime.now(UTC))
    process = PortalProcess(tmp_path / "home", {"PORTAL_PUBLIC_REQUESTS_PER_SECOND": "1"})
    process.load(tmp_path / "bundle")
    process.start()
    yield process
    process.stop()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a developer works: the packages are there."""
    install_packages(CLIENTS)
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    (folder / "node_modules").symlink_to(CLIENTS / "node_modules")
    return folder


def run(block: Block, folder: Path, portal: PortalProcess) -> str:
    """Return what a command of the page prints, or how it fails."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}"
    environment = {**kept, "PATH": path, "LANG": "en_US.UTF-8", "PORTAL_HOME": str(portal.home)}
    script = KEPT.format(command=block.text.replace(ADDRESS, f"http://127.0.0.1:{portal.port}/graphql"))
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    return done.stdout if done.returncode == 0 else f"{done.stdout}{done.stderr}exit {done.returncode}"


@pytest.mark.heavy
def test_commands_of_the_page_print_what_it_says(folder: Path, portal: PortalProcess) -> None:
    wrong = []
    for block, behind in pairwise([*BLOCKS, None]):
        assert block is not None
        if block.file:
            (folder / block.file).write_text(block.text, encoding="utf-8")
        elif block.language == COMMANDS and differs(behind, printed := run(block, folder, portal)):
            wrong.append(f"line {block.line}: {block.text}{printed}")
    assert wrong == []
    assert '"status": 429' in (portal.home / "serve.log").read_text(encoding="utf-8"), "nobody was told to wait"


def test_page_has_no_block_that_no_test_runs() -> None:
    assert unrun(BLOCKS) == []
    assert {"graphql", "python", "ts", "java", "sh"} <= {block.language for block in BLOCKS}


@pytest.mark.parametrize(
    "planted",
    ["```sh\ntrue\n```\n```python\nprint()\n```", "```python\n# idle.py\nprint()\n```", "```json\n{}\n```", "```\n```"],
)
def test_rule_notices_a_block_that_no_test_runs(planted: str) -> None:
    assert [block.line for block in unrun(read_blocks(planted))] == [
        planted.count("\n", 0, planted.rindex("```", 0, -3)) + 1
    ]


@pytest.mark.parametrize(
    "block", [each for each in BLOCKS if (CLIENTS / each.file).is_file()], ids=lambda each: each.file
)
def test_file_of_the_page_is_the_one_that_tests_use(block: Block) -> None:
    assert block.text == (CLIENTS / block.file).read_text(encoding="utf-8")


@pytest.mark.parametrize("code", list(ErrorCode))
def test_page_says_what_to_do_on_each_code(code: ErrorCode) -> None:
    assert f"`{code}`" in PAGE.read_text(encoding="utf-8")


def test_page_names_the_packages_that_tests_install() -> None:
    packages = json.loads((CLIENTS / "package.json").read_text(encoding="utf-8"))["dependencies"]
    named = dict(re.findall(r"(@?[a-z][a-z/-]*)@([\d.]+)", PAGE.read_text(encoding="utf-8")))
    assert named == packages
