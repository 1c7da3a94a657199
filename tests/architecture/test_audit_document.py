"""The witness in docs/audit.md is one: the portal's own client tells it checkpoints, and it refuses forks."""

import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from portal.audit.witness_stores import UrlWitness, WitnessRefusalError, WitnessUnreachableError
from tests.architecture.sources import PROJECT
from tests.unit.audit.test_witness_stores import history


@pytest.fixture
def documented(tmp_path: Path) -> Iterator[str]:
    """The document's program, run on a free port."""
    [program] = re.findall(r"```python\n(.*?)```", (PROJECT / "docs/audit.md").read_text(encoding="utf-8"), re.DOTALL)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (tmp_path / "witness.py").write_text(program.replace("8600", str(port)), encoding="utf-8")
    command = [sys.executable, "-I", str(tmp_path / "witness.py")]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    yield f"http://127.0.0.1:{port}/"
    process.kill()
    process.wait()


def test_documented_witness_keeps_checkpoints_and_refuses_forks(documented: str) -> None:
    told = history(3)
    with closing(UrlWitness(documented)) as witness:
        deadline = time.monotonic() + 20
        while True:
            try:
                assert witness.newest() is None
                break
            except WitnessUnreachableError:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        witness.store(told[:2])
        witness.store(told)
        assert witness.newest() == told[2]
        with pytest.raises(WitnessRefusalError):
            witness.store([history(4, minutes=1)[3]])
