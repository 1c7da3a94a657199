"""docs/walk-through.md, run as it is written: from a certificate to a proof."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from portal.bundles.store import PortalStore
from portal.demonstration.filling import fill_if_empty
from portal.errors import Language
from portal.identity.keys import load_or_create_keys
from portal.settings import load_settings
from portal.storage.migrating import upgrade_database
from tests.architecture.sources import PROJECT
from tests.oracle.runner import PortalProcess

PAGE = (PROJECT / "docs/walk-through.md").read_text(encoding="utf-8")
CLIENT = (PROJECT / "docs/tokens.md").read_text(encoding="utf-8")
PROGRAMS: Mapping[str, str] = dict(re.findall(r"^```python\n# (\w+\.py)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE))
ORDER = ["parties.py", "make_certificates.py", "person.py", "register.py", "ask.py", "open_item.py", "freeze.py"]


@dataclass(frozen=True)
class Walk:
    """The folder of the programs, and the demonstration that they run against."""

    folder: Path
    environ: Mapping[str, str]

    def run(self, *command: str) -> str:
        """Return what a program prints; it must succeed."""
        words = [sys.executable, *command] if command[0].endswith(".py") else [*command]
        ended = subprocess.run(
            words, cwd=self.folder, env=dict(self.environ), capture_output=True, text=True, check=False, timeout=180
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout


def test_page_has_its_programs_in_the_order_of_the_walk() -> None:
    assert list(PROGRAMS) == ORDER


def fill(home: Path) -> None:
    """Load the demonstration's content, as `portal demo` does before it serves."""
    settings = load_settings({"PORTAL_HOME": str(home)}, None)
    keys = load_or_create_keys(settings.key_file)
    upgrade_database(settings.database_url)
    fill_if_empty(PortalStore(settings.database_url, settings.data_url, keys.digest_secret), Language.ENGLISH)


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    folder = tmp_path_factory.mktemp("walk")
    for name, program in PROGRAMS.items():
        (folder / name).write_text(program, encoding="utf-8")
    (client,) = re.findall(r"^```python\n(# bound_client\.py.*?)^```$", CLIENT, re.DOTALL | re.MULTILINE)
    (folder / "bound_client.py").write_text(client, encoding="utf-8")
    portal = PortalProcess(tmp_path_factory.mktemp("home"), {"PORTAL_DEMONSTRATION": "true"})
    fill(portal.home)
    try:
        portal.start()
        commands = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        environ = {
            **os.environ,
            "SITE": f"http://127.0.0.1:{portal.port}",
            "APPLICATION": "walk-through",
            "KEY_FILE": "consumer.key",
            "PORTAL_HOME": str(portal.home),
            "PATH": commands,
            "PYTHONPATH": f"{folder}{os.pathsep}{PROJECT}",
            "LANG": "C.UTF-8",
        }
        yield Walk(folder, environ)
    finally:
        portal.stop()


@pytest.mark.heavy
@pytest.mark.clause("NT-30")
@pytest.mark.clause("NT-33")
@pytest.mark.clause("threats.md T84")
def test_walk_goes_as_it_is_written(walk: Walk) -> None:
    walk.run("make_certificates.py")
    assert walk.run("register.py").splitlines()[-1] == "ACTIVE"
    given, unknown = walk.run("ask.py").splitlines()
    assert '"villages":{"nodes":[{"name":' in given
    assert '"NOT_VALID"' in unknown
    opened = walk.run("open_item.py").splitlines()
    assert opened[-1] == "ACTIVE"
    assert "serves_declared_purposes holds" in opened
    assert any("walk-through" in line and "education" in line for line in opened)
    _, answered = walk.run("ask.py").splitlines()
    assert '"education":' in answered
    assert "freeze:1" in walk.run("freeze.py")
    _, refused = walk.run("ask.py").splitlines()
    assert '"ITEM_DENIED"' in refused
    assert "freeze:1" in refused
    assert "疑似泄露" in refused
    (walk.folder / "audit.pem").write_text(walk.run("portal", "audit", "key"), encoding="utf-8")
    database = str(Path(walk.environ["PORTAL_HOME"]) / "portal.db")
    assert "no fault" in walk.run("portal-verify", "log", database, "--key", "audit.pem")
    acts = walk.run("portal", "audit", "search", "--subject", "user:authority-officer")
    assert '"act":"frozen"' in acts
    assert '"act":"change_approved"' in acts
