"""Pages that lead through a job: their commands run as they are written, and what they print compared."""

import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from portal.bundles.loading import LoadOrder, load_bundle
from portal.bundles.reading import read_bundle
from portal.bundles.store import PortalStore
from portal.demonstration.making import make_bundle
from portal.identity.keys import create_keys
from portal.settings import load_settings
from portal.storage.migrating import upgrade_database
from tests.architecture.sources import PROJECT

_STEP = re.compile(r"^```sh\n(.*?)^```\n+```text\n(.*?)^```$", re.DOTALL | re.MULTILINE)

pytestmark = pytest.mark.heavy


def run_page(name: str, folder: Path, steps: int) -> None:
    """Run a page's commands in the folder, whose `home` the portal has, and compare what they print."""
    page = (PROJECT / "docs" / name).read_text(encoding="utf-8")
    environ = {
        **os.environ,
        "PORTAL_HOME": str(folder / "home"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join([str(PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])]),
        "LANG": "C.UTF-8",
    }
    found = _STEP.findall(page)
    assert len(found) == page.count("```sh") == steps
    for script, printed in found:
        ended = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", script],
            cwd=folder,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=120,
        )
        assert (ended.stdout, ended.returncode) == (printed, 0)


def test_new_entry_goes_as_it_is_written(tmp_path: Path) -> None:
    run_page("new-entry.md", tmp_path, steps=5)


def test_grant_goes_as_it_is_written(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    settings = load_settings({"PORTAL_HOME": str(tmp_path / "home")}, None)
    make_bundle(tmp_path / "bundle", now)
    reading = read_bundle(tmp_path / "bundle", now)
    assert reading.bundle is not None
    upgrade_database(settings.database_url)
    keys = create_keys(settings.key_file)
    load_bundle(
        reading.bundle, PortalStore(settings.database_url, settings.data_url, keys.digest_secret), LoadOrder(now=now)
    )
    run_page("grant.md", tmp_path, steps=3)
