"""Sessions at `/graphql` and `/sign-out`: only the portal's own pages ask with them, and administrators end them."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import httpx2
import pytest

from portal.app import create_app
from tests.fixtures.browser import SITE, Browser
from tests.fixtures.portal_world import PortalWorld, open_world
from tests.fixtures.staff import HEAD, NOBODY, OTHER_SYSTEM, SYSTEM, staffed_bundle
from tests.fixtures.staff_sessions import acts, change_rows, demonstration_world, enrol, forget_everybody, signed_in

SESSION = "portal-session"
ME = "{ me { user } }"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    with demonstration_world(tmp_path_factory.mktemp("portal")) as opened:
        yield opened


@pytest.fixture(autouse=True)
def nobody(world: PortalWorld) -> None:
    forget_everybody(world)


GOOD = {"Content-Type": "application/json", "X-Portal-Request": "1", "Origin": SITE}
FORMS: dict[str, dict[str, str | None]] = {
    "no header": {"X-Portal-Request": None},
    "header empty": {"X-Portal-Request": ""},
    "header with another value": {"X-Portal-Request": "true"},
    "no origin": {"Origin": None},
    "origin null": {"Origin": "null"},
    "origin another": {"Origin": "https://evil.example"},
    "origin with another port": {"Origin": f"{SITE}:8443"},
    "origin with another scheme": {"Origin": SITE.replace("http", "https")},
    "origin with a path": {"Origin": f"{SITE}/"},
    "origin below": {"Origin": "http://127.0.0.1.evil.example"},
    "fetched across sites": {"Sec-Fetch-Site": "cross-site"},
    "fetched from a sibling": {"Sec-Fetch-Site": "same-site"},
    "fetched by nobody": {"Sec-Fetch-Site": "none"},
    "fetched across sites, without origin": {"Origin": None, "Sec-Fetch-Site": "cross-site"},
    "a plain form": {"Content-Type": "application/x-www-form-urlencoded", "X-Portal-Request": None, "Origin": None},
    "a form of text": {"Content-Type": "text/plain", "X-Portal-Request": None},
    "a form with files": {"Content-Type": "multipart/form-data; boundary=x", "X-Portal-Request": None},
    "a beacon": {
        "Content-Type": "text/plain;charset=UTF-8",
        "X-Portal-Request": None,
        "Origin": "https://evil.example",
    },
    "no type": {"Content-Type": None, "X-Portal-Request": None},
    "origin alone": {"X-Portal-Request": None, "Sec-Fetch-Site": "same-origin"},
}


@pytest.mark.clause("threats.md T43")
@pytest.mark.parametrize("changed", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("path", ["/graphql", "/sign-out"])
def test_request_that_no_own_page_sent_is_refused(
    world: PortalWorld, path: str, changed: dict[str, str | None]
) -> None:
    browser = signed_in(world)
    headers = {name: value for name, value in {**GOOD, **changed}.items() if value is not None}
    answer = browser.send("POST", path, content=json.dumps({"query": ME}).encode(), headers=headers)
    assert answer.status == 403
    assert SYSTEM.encode() not in answer.content
    assert browser.session["signed_in"] is True


@pytest.mark.clause("threats.md T43")
@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/graphql"]
)
def test_own_page_sends_json_alone(world: PortalWorld, content_type: str) -> None:
    browser = signed_in(world)
    answer = browser.send("POST", "/graphql", content=b"{}", headers={**GOOD, "Content-Type": content_type})
    assert answer.status == 415


@pytest.mark.clause("threats.md T43")
def test_own_page_may_say_whence_it_fetches_instead_of_its_origin(world: PortalWorld) -> None:
    browser = signed_in(world)
    headers = {"Content-Type": "application/json", "X-Portal-Request": "1", "Sec-Fetch-Site": "same-origin"}
    answer = browser.send("POST", "/graphql", content=json.dumps({"query": ME}).encode(), headers=headers)
    assert answer.data == {"me": {"user": SYSTEM}}


@pytest.mark.clause("threats.md T43")
@pytest.mark.parametrize("headers", [{}, GOOD, {"Sec-Fetch-Site": "cross-site"}, {"X-Portal-Request": "1"}], ids=str)
def test_session_counts_for_nothing_by_get(world: PortalWorld, headers: dict[str, str]) -> None:
    browser = signed_in(world)
    answer = browser.send("GET", "/graphql?" + urlencode({"query": ME}), headers=headers)
    assert answer.data == {"me": {"user": None}}
    mutation = urlencode({"query": 'mutation { endSessions(user: "clerk") }'})
    assert browser.send("GET", f"/graphql?{mutation}", headers=headers).status in (400, 405)


@pytest.mark.clause("threats.md T43")
@pytest.mark.parametrize("by", [SYSTEM, HEAD])
def test_session_beside_a_token_is_refused(world: PortalWorld, by: str) -> None:
    browser = signed_in(world)
    answer = browser.ask(ME, {"Authorization": f"Bearer {world.token(f'user:{by}')}"})
    assert (answer.status, answer.codes) == (401, ["UNAUTHENTICATED"])


@pytest.mark.clause("threats.md T43")
@pytest.mark.parametrize("origin", ["https://app.example.gov.cn", "https://evil.example", "null"])
def test_other_origins_are_never_let_in_with_cookies(tmp_path: Path, origin: str) -> None:
    settings = {"demonstration": "true", "allowed_origins": "https://app.example.gov.cn"}
    with open_world(staffed_bundle(), tmp_path, **settings) as world:
        browser = signed_in(world)
        asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        preflight = browser.send(
            "OPTIONS", "/graphql", headers={**asked, "Access-Control-Request-Headers": "x-portal-request"}
        )
        assert "x-portal-request" not in preflight.headers.get("access-control-allow-headers", "").lower()
        answer = browser.ask(ME, {"Origin": origin})
        assert answer.status == 403
        for each in (preflight, answer):
            assert "access-control-allow-credentials" not in each.headers


@pytest.mark.clause("threats.md T46")
@pytest.mark.parametrize("value", ["a" * 43, "A" * 43, "0", "x" * 128, "9" * 64])
def test_invented_session_is_refused_and_never_the_public(world: PortalWorld, value: str) -> None:
    answer = Browser(world, cookies={SESSION: value}).ask(ME)
    assert (answer.status, answer.codes) == (401, ["UNAUTHENTICATED"])


@pytest.mark.clause("threats.md T46")
@pytest.mark.parametrize("value", ["a" * 129, "a.b", "%41", '"a"', "a,b", "a/b"])
def test_session_in_no_form_of_the_portals_is_refused(world: PortalWorld, value: str) -> None:
    answer = Browser(world, cookies={SESSION: value}).ask(ME)
    assert answer.status == 400


@pytest.mark.clause("threats.md T46")
@pytest.mark.parametrize(
    "values",
    [{"seen_at": "2026-01-01T00:00:00Z"}, {"ends_at": "2026-01-01T00:00:00Z"}, {"ends_at": ""}, {"seen_at": ""}],
    ids=str,
)
def test_session_that_has_ended_is_refused(world: PortalWorld, values: dict[str, str]) -> None:
    browser = signed_in(world)
    change_rows(world, **values)
    answer = browser.ask(ME)
    assert (answer.status, answer.codes) == (401, ["UNAUTHENTICATED"])
    assert browser.session["signed_in"] is False
    assert SESSION not in browser.cookies


@pytest.mark.clause("threats.md T46")
@pytest.mark.clause("8.1.4.1 b")
def test_session_holds_and_ends_on_another_worker(world: PortalWorld) -> None:
    app = create_app(world.settings)
    browser = signed_in(world)
    lifespan = app.router.lifespan_context(app)
    world.run(lifespan.__aenter__())
    try:
        other = Browser(PortalWorld(world.settings, world.keys, app.state.portal, _client(app), world.runner, app))
        other.cookies = dict(browser.cookies)
        assert other.ask(ME).data == {"me": {"user": SYSTEM}}
        enrol(other)
        assert browser.ask(ME).status == 401
        browser.cookies = dict(other.cookies)
        assert browser.session["second_factor"] is True
        assert browser.post("/sign-out").status == 200
        assert other.ask(ME).status == 401
    finally:
        world.run(lifespan.__aexit__(None, None, None))


def _client(app: object) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app))  # type: ignore[arg-type]


def test_session_says_no_more_than_the_register(world: PortalWorld) -> None:
    browser = signed_in(world, HEAD)
    assert browser.ask("{ me { user authLevel } }").data == {"me": {"user": HEAD, "authLevel": 1}}
    assert signed_in(world, NOBODY).ask("{ duties }").codes == ["NOT_VALID"]


def test_nobody_signs_out_who_is_not_signed_in(world: PortalWorld) -> None:
    assert Browser(world).post("/sign-out").status == 401


@pytest.mark.clause("threats.md T46")
def test_administrator_ends_a_session(world: PortalWorld) -> None:
    administrator, other = signed_in(world), signed_in(world, HEAD)
    enrol(administrator)
    listed = administrator.ask("{ sessions { id user isOwn secondFactor authLevel begunAt seenAt endsAt } }").data[
        "sessions"
    ]
    assert {(each["user"], each["isOwn"]) for each in listed} == {(SYSTEM, True), (HEAD, False)}
    assert not any(other.cookies[SESSION] in str(each) for each in listed)
    (name,) = [each["id"] for each in listed if each["user"] == HEAD]
    assert administrator.ask(f'mutation {{ endSession(id: "{name}") }}').data == {"endSession": True}
    assert other.ask(ME).status == 401
    assert administrator.ask(f'mutation {{ endSession(id: "{name}") }}').data == {"endSession": False}
    record = acts(world)[-1]
    assert (record["act"], record["user"], record["details"]) == (
        "session_ended", SYSTEM, {"by": "administrator", "of": HEAD}
    )  # fmt: skip


@pytest.mark.parametrize("name", ["", "0", "0" * 63, "G" * 64, "A" * 64, "0" * 65, "' OR 1=1"])
def test_session_that_is_none_is_refused(world: PortalWorld, name: str) -> None:
    browser = signed_in(world)
    enrol(browser)
    assert browser.ask(f"mutation {{ endSession(id: {json.dumps(name)}) }}").codes == ["BAD_INPUT"]


def test_administrator_ends_all_sessions_of_a_user(world: PortalWorld) -> None:
    administrator, other = signed_in(world, OTHER_SYSTEM), signed_in(world, HEAD)
    enrol(administrator)
    assert administrator.ask(f'mutation {{ endSessions(user: "{HEAD}") }}').data == {"endSessions": 1}
    assert other.ask(ME).status == 401
