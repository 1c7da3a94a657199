"""Pages of somebody else in Chromium, with the session of who looks at them: nothing changed, nothing read (T43).

The worst of them lie on the portal's own site: another port of the same machine is the same site to a browser, so that
`SameSite` cookies go with what they send.
"""

import json
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.node import run_script
from tests.fixtures.staff import HEAD, SYSTEM, staffed_bundle
from tests.oracle.runner import PortalProcess

pytestmark = [pytest.mark.heavy, pytest.mark.clause("threats.md T43")]

BROWSER = Path(__file__).parent
PAGE = BROWSER.joinpath("forgery.html").read_bytes()
FORMS = 12
ATTACKERS = ("another site", "another port", "a page that may ask with a token")


class _Attacker(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the server's own name
        """Write nothing."""


@contextmanager
def attacker() -> Iterator[int]:
    """Serve somebody else's page at a port of its own."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Attacker) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[PortalProcess, list[str]]]:
    folder = tmp_path_factory.mktemp("portal")
    with ExitStack() as stack:
        first, second = (stack.enter_context(attacker()) for _ in range(2))
        settings = {"PORTAL_DEMONSTRATION": "true", "PORTAL_ALLOWED_ORIGINS": f"http://127.0.0.1:{second}"}
        process = PortalProcess(folder / "home", {**settings, "PORTAL_PUBLIC_REQUESTS_PER_SECOND": "100000"})
        process.load(staffed_bundle().write(folder / "bundle"))
        process.start()
        stack.callback(process.stop)
        yield process, [f"http://localhost:{first}/", f"http://127.0.0.1:{first}/", f"http://127.0.0.1:{second}/"]


@pytest.fixture(scope="module")
def seen(portal: tuple[PortalProcess, list[str]]) -> dict[str, Any]:
    """What came of it, as the browser tells it."""
    chromium = shutil.which("chromium")
    assert chromium is not None, "scripts/environment.sh installs it"
    process, pages = portal
    address = f"http://127.0.0.1:{process.port}"
    told: dict[str, Any] = json.loads(
        run_script(BROWSER, "forgery.mjs", chromium, address, *pages, timeout_seconds=400)
    )
    return told


def acts(portal: PortalProcess) -> list[dict[str, Any]]:
    """Records of acts that were permitted, oldest first."""
    with closing(sqlite3.connect(portal.home / "portal.db")) as connection:
        rows = connection.execute("SELECT record FROM audit_records ORDER BY writer, sequence").fetchall()
    records = [json.loads(row[0]) for row in rows]
    return [record for record in records if "act" in record and record["decision"] == "permit"]


@pytest.mark.parametrize("number", range(len(ATTACKERS)), ids=ATTACKERS)
def test_page_of_somebody_else_reads_no_answer(seen: dict[str, Any], number: int) -> None:
    attack = seen["attacks"][number]
    assert attack["readings"] == {}
    assert len(attack["tried"]) >= FORMS
    assert sum(attack["tried"].values()) >= 90


@pytest.mark.parametrize("number", range(len(ATTACKERS)), ids=ATTACKERS)
def test_session_goes_with_requests_of_the_own_site_alone(seen: dict[str, Any], number: int) -> None:
    # So the pages of the own site try it in earnest: what keeps them out isn't the cookie.
    with_session = seen["attacks"][number]["withSession"]
    assert with_session == 0 if ATTACKERS[number] == "another site" else with_session >= 20


def test_pages_of_others_change_nothing(seen: dict[str, Any], portal: tuple[PortalProcess, list[str]]) -> None:
    assert seen["before"] == seen["after"]
    assert {one["user"] for one in seen["after"]["data"]["sessions"]} == {SYSTEM, HEAD}
    assert seen["otherAfter"] == {"data": {"me": {"user": HEAD}}}
    # The last one is the own page's, which shows that it would have been done.
    assert seen["own"] == {"data": {"endSessions": 1}}
    done = ["signed_in", "signed_in", "factor_enrolled", "factor_enrolled", "session_ended"]
    assert [record["act"] for record in acts(portal[0])] == done


def test_refusals_of_forged_requests_are_said(seen: dict[str, Any], portal: tuple[PortalProcess, list[str]]) -> None:
    lines = [json.loads(line) for line in (portal[0].home / "serve.log").read_text().splitlines() if line[:1] == "{"]
    forbidden = [line for line in lines if line.get("status") == 403]
    assert len(seen["attacks"]) == len(ATTACKERS)
    assert {line["route"] for line in forbidden} == {"/graphql", "/sign-out"}
    assert len(forbidden) >= 20
