"""The verifier shares no code with the portal: what one got wrong the other would not see."""

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.sources import PROJECT, Source, parse_source, sources
from tests.unit.audit.logs import make_log, write_many

ALLOWED = {"cryptography", "portal_verify"}
DRIVERS = {"psycopg", "sqlite3"}
"""Imported where a database is read, in a module of its own each."""
OF_DATABASES = {"portal_verify/in_sqlite.py", "portal_verify/in_postgresql.py"}
BLOCKED = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked}:
            raise ModuleNotFoundError(name, name=name)
sys.meta_path.insert(0, Blocked())
sys.path.insert(0, sys.argv.pop(1))
"""


def foreign(source: Source) -> Iterator[str]:
    """What a module imports beside the standard library, its own package and cryptography; drivers in their places."""
    allowed = ALLOWED | (DRIVERS if source.path.as_posix() in OF_DATABASES else set())
    for node in ast.walk(source.tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        for name in names:
            top = name.partition(".")[0]
            if top not in allowed and (top in DRIVERS or top not in sys.stdlib_module_names):
                yield f"{source.path}: {name}"


def run_alone(blocked: set[str], program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program in an isolated interpreter that finds this checkout, but not the blocked packages."""
    code = BLOCKED.replace("{blocked}", repr(blocked)) + program
    command = [sys.executable, "-I", "-c", code, str(PROJECT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.clause("threats.md T18")
def test_verifier_shares_no_code_with_the_portal() -> None:
    verifier = sources("portal_verify")
    assert len(verifier) > 10
    assert [name for source in verifier for name in foreign(source)] == []


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("portal_verify/planted.py", ["orjson", "portal.audit.chain", "sqlite3"]),
        ("portal_verify/in_sqlite.py", ["orjson", "portal.audit.chain"]),
    ],
)
def test_foreign_finds_what_is_planted(path: str, found: list[str]) -> None:
    text = "import json\nimport orjson\nfrom portal.audit.chain import x\nimport sqlite3\nimport portal_verify.log\n"
    source = parse_source(Path(path), text)
    assert list(foreign(source)) == [f"{path}: {name}" for name in found]


@pytest.mark.clause("threats.md T18")
def test_importing_the_verifier_imports_nothing_of_the_portal_and_no_driver() -> None:
    program = (
        "import portal_verify.cli, portal_verify.evidence, portal_verify.receipt, portal_verify.log; "
        "print(sorted({name.partition('.')[0] for name in sys.modules} & {'portal', 'psycopg', 'sqlite3'}))"
    )
    answer = run_alone(set(), program)
    assert (answer.stdout, answer.stderr) == ("[]\n", "")


@pytest.mark.clause("threats.md T18")
def test_verifier_runs_where_the_portal_and_its_libraries_cannot_be_imported(tmp_path: Path) -> None:
    log = make_log(tmp_path)
    ledger = log.open()
    write_many(ledger, 5)
    ledger.close()
    (tmp_path / "key.pem").write_bytes(log.public_key)
    shutil.copyfile(log.witness, tmp_path / "kept.json")
    program = "from portal_verify.cli import main; sys.exit(main({'LANG': 'C'}))"
    blocked = {"portal", "sqlalchemy", "orjson", "graphql", "strawberry", "casbin", "psycopg", "starlette"}
    arguments = ["--key", str(tmp_path / "key.pem")]
    answer = run_alone(blocked, program, "log", str(log.path), *arguments, "--witness", str(tmp_path / "kept.json"))
    assert answer.returncode == 0, answer.stderr
    assert "no fault" in answer.stdout
    unread = run_alone(blocked, program, "log", "postgresql://nobody@127.0.0.1/none", *arguments)
    assert unread.returncode == 2
    assert "`psycopg` isn't installed" in unread.stderr
