"""Logs that tests begin with."""

from pathlib import Path

import pytest

from tests.unit.audit.logs import Log, make_log


@pytest.fixture
def log(tmp_path: Path) -> Log:
    """A new portal's log: no writer, no record."""
    return make_log(tmp_path)
