"""The verifier shares no code with the portal: what one got wrong the other would not see."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.sources import Source, parse_source, sources

ALLOWED = {"cryptography", "psycopg", "portal_verify"}
DRIVERS = {"psycopg", "sqlite3"}


def foreign(source: Source) -> Iterator[str]:
    """What a module imports beside the standard library, its own package, cryptography and psycopg."""
    for node in ast.walk(source.tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        for name in names:
            is_ours = any(name == allowed or name.startswith(f"{allowed}.") for allowed in ALLOWED)
            if not is_ours and name.partition(".")[0] not in sys.stdlib_module_names:
                yield f"{source.path}: {name}"


@pytest.mark.clause("threats.md T18")
def test_verifier_shares_no_code_with_the_portal() -> None:
    verifier = [source for source in sources("portal") if "portal/audit/verif" in source.path.as_posix()]
    assert len(verifier) > 5
    assert [name for source in verifier for name in foreign(source)] == []


def test_foreign_finds_what_is_planted() -> None:
    text = "import json\nimport orjson\nfrom portal.audit.chain import append\nfrom portal_verify import x\n"
    source = parse_source(Path("planted.py"), text)
    assert list(foreign(source)) == ["planted.py: orjson", "planted.py: portal.audit.chain"]
