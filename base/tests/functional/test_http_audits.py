"""The audits of `graphql-http`, a conformance suite for GraphQL over HTTP, against a real server."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.node import run_script
from tests.fixtures.small_bundle import small_bundle
from tests.oracle.runner import PortalProcess

FOLDER = Path(__file__).with_name("graphql_http")


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[PortalProcess]:
    """A server of the small bundle."""
    process = PortalProcess(tmp_path / "home")
    process.load(small_bundle().write(tmp_path / "bundle"))
    process.start()
    yield process
    process.stop()


@pytest.mark.heavy
@pytest.mark.clause("enforcement.md §5")
def test_server_passes_every_audit_of_graphql_over_http(portal: PortalProcess) -> None:
    results = json.loads(run_script(FOLDER, "audit.mjs", f"http://127.0.0.1:{portal.port}/graphql"))
    assert [result for result in results if result["status"] != "ok"] == []
    levels = Counter(result["name"].split()[0] for result in results)
    assert levels == {"MUST": 13, "SHOULD": 23, "MAY": 25}
