"""docs/data.md, its commands run as they are written, and what they print compared."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.sources import PROJECT
from tests.fixtures.command_line import CommandLine
from tests.fixtures.small_bundle import PROVIDER, small_bundle

PAGE = (PROJECT / "docs/data.md").read_text(encoding="utf-8")
STEPS = re.findall(r"^```sh\n(.*?)^```\n+(?:[^`\n][^\n]*\n+)*```text\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


@pytest.mark.heavy
def test_page_goes_as_it_is_written(tmp_path: Path) -> None:
    draft = small_bundle()
    draft.users.append(f"manager,信息资源管理员,{PROVIDER},information_manager,1,government")
    assert CommandLine(tmp_path / "home")("load", draft.write(tmp_path / "bundle")).code == 0
    environ = {
        **os.environ,
        "PORTAL_HOME": str(tmp_path / "home"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(PROJECT),
        "LANG": "C.UTF-8",
    }
    assert len(STEPS) == PAGE.count("```sh") == 4
    for script, printed in STEPS:
        ended = subprocess.run(
            ["bash", "-e", "-c", script],
            cwd=tmp_path,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=120,
        )
        assert (ended.stdout, ended.returncode) == (printed, 0)
