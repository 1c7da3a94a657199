"""The page for trying queries out: in a browser, under its policy; and that it is there only where it is wanted."""

import filecmp
import json
import shutil
from collections.abc import Iterator
from contextlib import closing
from email.message import Message
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from portal.demonstration.page import FOLDER
from tests.fixtures.client_portal import client_portal, token_of_checker
from tests.fixtures.node import run_script
from tests.oracle.runner import PortalProcess

BROWSER = Path(__file__).parent
BUILD = Path(__file__).parents[2] / "scripts/graphiql"
BUILT = ["LICENCES.txt", "graphiql.css", "graphiql.js"]
PATHS = ["/graphiql", "/graphiql/graphiql.js", "/graphiql/graphiql.css"]
QUERY = "{ shared { residents(purpose: VERIFICATION, first: 1) { nodes { name } } } }"
POLICY = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self' data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
}


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalProcess]:
    with client_portal(tmp_path_factory.mktemp("portal"), PORTAL_DEMONSTRATION="true") as process:
        yield process


@pytest.fixture(scope="module")
def seen(portal: PortalProcess, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a person sees who asks as the public, then as the checker."""
    chromium, address = shutil.which("chromium"), f"http://127.0.0.1:{portal.port}/graphiql"
    assert chromium is not None, "scripts/environment.sh installs it"
    pictures = tmp_path_factory.mktemp("pictures")
    seen: dict[str, Any] = json.loads(
        run_script(BROWSER, "graphiql.mjs", chromium, address, token_of_checker(portal), QUERY, str(pictures))
    )
    return seen


def fetch(portal: PortalProcess, path: str, method: str = "GET") -> tuple[int, Message]:
    """Status and headers of an answer."""
    with closing(HTTPConnection("127.0.0.1", portal.port, timeout=10)) as connection:
        connection.request(method, path, headers={"Accept": "text/html"})
        with connection.getresponse() as response:
            return response.status, response.headers


@pytest.mark.heavy
def test_page_answers_public_and_application(seen: dict[str, Any]) -> None:
    assert seen["title"].startswith("查询试用")
    village = {"totalCount": 1, "nodes": [{"code": "99999902", "name": "西社区"}]}
    assert seen["asPublic"] == {"data": {"shared": {"villages": village}}}
    assert "西社区" in seen["shown"]
    assert seen["asApplication"] == {"data": {"shared": {"residents": {"nodes": [{"name": "合成甲一"}]}}}}


@pytest.mark.heavy
def test_page_documents_the_schema_of_who_asks(seen: dict[str, Any]) -> None:
    assert "villages_connection" in seen["publicDocumented"]
    assert "residents" not in seen["publicDocumented"]
    assert "residents_connection" in seen["documented"]


@pytest.mark.heavy
@pytest.mark.clause("threats.md T44")
def test_page_keeps_to_its_policy_and_its_origin(seen: dict[str, Any], portal: PortalProcess) -> None:
    origin = f"http://127.0.0.1:{portal.port}/"
    assert (seen["violations"], seen["said"]) == ([], [])
    assert len(seen["requested"]) >= 6
    assert [address for address in seen["requested"] if not address.startswith(origin)] == []


@pytest.mark.heavy
@pytest.mark.clause("threats.md T24")
def test_page_keeps_no_token_and_no_query(seen: dict[str, Any], portal: PortalProcess) -> None:
    assert seen["kept"] == {}
    assert seen["at"] == f"http://127.0.0.1:{portal.port}/graphiql"


@pytest.mark.heavy
@pytest.mark.parametrize("path", PATHS)
def test_page_comes_with_strict_headers(portal: PortalProcess, path: str) -> None:
    status, headers = fetch(portal, path)
    assert status == 200
    assert set(headers["Content-Security-Policy"].split("; ")) == POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert fetch(portal, path, "POST")[0] == 405


@pytest.mark.heavy
def test_graphql_serves_no_page_when_a_browser_asks(portal: PortalProcess) -> None:
    status, headers = fetch(portal, "/graphql")
    assert (status, headers["Content-Type"]) == (406, "application/json; charset=utf-8")


@pytest.mark.heavy
@pytest.mark.clause("threats.md T80")
def test_page_is_not_there_when_no_demonstration_is_served(portal: PortalProcess) -> None:
    plain = PortalProcess(portal.home)
    plain.start()
    try:
        assert [fetch(plain, path)[0] for path in PATHS] == [404, 404, 404]
    finally:
        plain.stop()


@pytest.mark.heavy
def test_page_is_what_its_script_builds(tmp_path: Path) -> None:
    run_script(BUILD, "build.mjs", str(tmp_path))
    assert filecmp.cmpfiles(FOLDER, tmp_path, BUILT, shallow=False) == (BUILT, [], [])
