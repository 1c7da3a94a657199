"""What is installed: by hash, from no named place, and one package that is Casbin."""

import re
from importlib import metadata

import pytest

from tests.architecture.sources import PROJECT

LOCKS = ("requirements-tool.lock", "requirements.lock", "requirements-dev.lock")
APART = ("tests/functional/schema_recovery/requirements.lock",)
"""Locks of environments that tests make for themselves, whose versions are their own."""


@pytest.mark.clause("threats.md T78")
def test_casbin_is_provided_by_one_distribution() -> None:
    owners = [
        distribution.name
        for distribution in metadata.distributions()
        if any(file.as_posix() == "casbin/__init__.py" for file in distribution.files or ())
    ]
    assert owners == ["pycasbin"]


@pytest.mark.parametrize("lock", LOCKS + APART)
def test_lock_gives_every_package_a_version_and_a_hash(lock: str) -> None:
    logical_lines = (PROJECT / lock).read_text(encoding="utf-8").replace("\\\n", "").splitlines()
    requirements = [line for line in logical_lines if line and not line.lstrip().startswith("#")]
    assert requirements
    assert [
        line for line in requirements if not re.match(r"[\w.\-\[\]]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line)
    ] == []


@pytest.mark.parametrize("lock", LOCKS + APART)
def test_lock_names_no_place(lock: str) -> None:
    text = (PROJECT / lock).read_text(encoding="utf-8")
    assert re.findall(r"https?://|file:|--(?:extra-)?index-url|--find-links", text) == []


def test_locks_agree_on_versions() -> None:
    versions: dict[str, set[str]] = {}
    for lock in LOCKS:
        for line in (PROJECT / lock).read_text(encoding="utf-8").splitlines():
            if pinned := re.match(r"([\w.\-]+)==(\S+)( ;.*)? \\", line):
                versions.setdefault(f"{pinned[1]}{pinned[3] or ''}", set()).add(pinned[2])
    assert {name: found for name, found in versions.items() if len(found) > 1} == {}
