"""docs/new-entry.md, its commands run as they are written, and what they print compared."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.sources import PROJECT

PAGE = (PROJECT / "docs/new-entry.md").read_text(encoding="utf-8")
STEPS = re.findall(r"^```sh\n(.*?)^```\n+```text\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


@pytest.mark.heavy
def test_page_goes_as_it_is_written(tmp_path: Path) -> None:
    environ = {
        **os.environ,
        "PORTAL_HOME": str(tmp_path / "home"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join([str(PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])]),
        "LANG": "C.UTF-8",
    }
    assert len(STEPS) == PAGE.count("```sh") == 5
    for script, printed in STEPS:
        ended = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", script],
            cwd=tmp_path,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=120,
        )
        assert (ended.stdout, ended.returncode) == (printed, 0)
