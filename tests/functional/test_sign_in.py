"""Signing in at an identity provider over HTTP: the whole way, and everything that must come to nothing (T48, T46)."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select, update

from portal.storage.administration_tables import sign_ins
from portal.storage.audit_tables import audit_records
from portal.storage.database import for_row_changes, open_sync_database
from tests.fixtures.browser import Browser, parameters_of
from tests.fixtures.identity_provider import IdentityProvider, honest, identity_provider
from tests.fixtures.portal_world import Answer, PortalWorld
from tests.fixtures.provider_keys import Claims, key_of, published, sign, unsigned
from tests.fixtures.signing_in import SECURE_SITE, SESSION, SIGN_IN, come_back, signing_in_world
from tests.fixtures.staff import SYSTEM, staffed_bundle

pytestmark = [pytest.mark.clause("threats.md T48"), pytest.mark.clause("WH-28")]


@pytest.fixture(scope="module")
def running() -> Iterator[IdentityProvider]:
    with identity_provider() as provider:
        yield provider


@pytest.fixture
def provider(running: IdentityProvider) -> IdentityProvider:
    running.reset()
    return running


@pytest.fixture(scope="module")
def world(running: IdentityProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    with signing_in_world(running, tmp_path_factory.mktemp("portal")) as opened:
        yield opened


@pytest.fixture
def browser(world: PortalWorld) -> Browser:
    return Browser(world, SECURE_SITE)


def acts(world: PortalWorld) -> list[Claims]:
    engine = open_sync_database(world.settings.database_url)
    with engine.begin() as connection:
        rows = connection.execute(select(audit_records.c.record).order_by(audit_records.c.sequence)).scalars()
        found = [json.loads(row) for row in rows]
    engine.dispose()
    return [record for record in found if "act" in record]


def is_refused(browser: Browser, answer: Answer, *statuses: int) -> None:
    assert answer.status in statuses, answer.content
    assert SESSION not in browser.cookies
    assert not any(SESSION in line for line in browser.set_cookies)
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert b"Traceback" not in answer.content


def test_person_signs_in_and_out(browser: Browser, provider: IdentityProvider, world: PortalWorld) -> None:
    answer = come_back(browser, provider)
    assert answer.status == 200
    assert b'url=/session"' in answer.content
    assert browser.ask("{ me { user } }").data == {"me": {"user": SYSTEM}}
    assert browser.session["auth_level"] == 1
    out = browser.post("/sign-out")
    assert out.status == 200
    assert out.payload["go_to"].startswith(f"{provider.issuer}/logout?client_id=portal&post_logout_redirect_uri=")
    assert parameters_of(out.payload["go_to"])["id_token_hint"].count(".") == 2
    assert SESSION not in browser.cookies
    assert browser.session == {"signed_in": False, "offered": True}
    assert [act["act"] for act in acts(world)][-2:] == ["signed_in", "signed_out"]


def test_request_says_what_the_standard_asks_for(browser: Browser, provider: IdentityProvider) -> None:
    asked = parameters_of(browser.begin())
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == f"{SECURE_SITE}/sign-in/callback"
    assert asked["scope"] == "openid"
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
    assert min(map(len, (asked["state"], asked["nonce"], asked["code_challenge"]))) >= 43
    assert asked.keys() == {
        "response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge",
        "code_challenge_method",
    }  # fmt: skip


def test_provider_is_told_who_probably_signs_in(browser: Browser, provider: IdentityProvider) -> None:
    assert parameters_of(browser.get("/sign-in?login_hint=system-1").headers["location"])["login_hint"] == "system-1"


@pytest.mark.clause("threats.md T83")
@pytest.mark.parametrize("hint", ["", "a%20b", "a%26state%3Dx", "%0d%0aX%3A%20y", "x" * 129, "%E4%BA%BA"])
def test_hint_that_no_id_looks_like_is_left_out(browser: Browser, provider: IdentityProvider, hint: str) -> None:
    answer = browser.get(f"/sign-in?login_hint={hint}")
    assert answer.status == 303
    assert "login_hint" not in parameters_of(answer.headers["location"])


def test_cookies_are_held_to_host_and_https(browser: Browser, provider: IdentityProvider) -> None:
    begun = browser.begin()
    (line,) = browser.set_cookies
    assert line.startswith(f"{SIGN_IN}=")
    assert line.endswith("; Path=/; Max-Age=600; HttpOnly; SameSite=Lax; Secure")
    browser.get(provider.authorize(begun))
    forgotten, kept = browser.set_cookies
    assert forgotten.startswith(f"{SIGN_IN}=; Path=/; Max-Age=0")
    assert kept.startswith(f"{SESSION}=")
    assert kept.endswith("; Path=/; Max-Age=28800; HttpOnly; SameSite=Strict; Secure")


def test_certificate_at_the_provider_gives_its_level(browser: Browser, provider: IdentityProvider) -> None:
    provider.claims = {"acr": "cert"}
    come_back(browser, provider)
    assert browser.session["auth_level"] == 2
    assert browser.session["second_factor"] is False


@pytest.mark.parametrize("host", ["evil.example", "portal.test.evil.example", "portal.test:8443", "127.0.0.1"])
def test_host_of_the_request_changes_no_address(world: PortalWorld, provider: IdentityProvider, host: str) -> None:
    browser = Browser(world, SECURE_SITE, headers={"Host": host, "X-Forwarded-Host": host, "Forwarded": f"host={host}"})
    assert parameters_of(browser.begin())["redirect_uri"] == f"{SECURE_SITE}/sign-in/callback"


STATES: dict[str, Callable[[str], str | None]] = {
    "missing": lambda _: None,
    "empty": lambda _: "",
    "another": lambda _: "another",
    "shorter": lambda state: state[:-1],
    "longer": lambda state: state + "A",
    "other case": lambda state: state.swapcase(),
    "wildcard": lambda _: "%",
    "null": lambda _: "\0",
    "long": lambda _: "a" * 5000,
}


@pytest.mark.parametrize("change", STATES.values(), ids=STATES)
def test_answer_with_another_state_comes_to_nothing(
    browser: Browser, provider: IdentityProvider, change: Callable[[str], str | None]
) -> None:
    begun = browser.begin()
    asked = provider.asked.get("/token", 0)
    is_refused(browser, browser.get(provider.authorize(begun, state=change(parameters_of(begun)["state"]))), 400)
    assert provider.asked.get("/token", 0) == asked


def test_answer_in_another_browser_comes_to_nothing(
    world: PortalWorld, browser: Browser, provider: IdentityProvider
) -> None:
    stranger = Browser(world, SECURE_SITE)
    address = provider.authorize(browser.begin())
    is_refused(stranger, stranger.get(address), 400)
    stranger.begin()
    is_refused(stranger, stranger.get(address), 400)
    assert browser.get(address).status == 200


def test_answer_comes_to_nothing_a_second_time(browser: Browser, provider: IdentityProvider) -> None:
    begun = browser.begin()
    cookies = dict(browser.cookies)
    address = provider.authorize(begun)
    assert browser.get(address).status == 200
    browser.cookies = cookies
    is_refused(browser, browser.get(address), 400)
    is_refused(browser, browser.get(provider.authorize(begun)), 400)


def test_code_comes_to_nothing_in_another_sign_in(browser: Browser, provider: IdentityProvider) -> None:
    code = parameters_of(provider.authorize(browser.begin()))["code"]
    is_refused(browser, come_back(browser, provider, code=code), 403)


def test_answer_comes_to_nothing_when_it_is_late(
    world: PortalWorld, browser: Browser, provider: IdentityProvider
) -> None:
    address = provider.authorize(browser.begin())
    engine = open_sync_database(world.settings.database_url)
    with for_row_changes(engine).begin() as connection:
        connection.execute(update(sign_ins).values(expires_at="2026-01-01T00:00:00Z"))
    engine.dispose()
    is_refused(browser, browser.get(address), 400)


def test_every_worker_takes_the_answer(world: PortalWorld, browser: Browser, provider: IdentityProvider) -> None:
    # All that a sign-in is bound to is in the database: nothing of this worker's memory is asked.
    address = provider.authorize(browser.begin())
    staff = world.portal.sign_in_desk.staff
    engine = open_sync_database(world.settings.database_url)
    pending = type(staff.sign_ins)(engine).take(
        browser.cookies[SIGN_IN], parameters_of(address)["state"], datetime.now(UTC)
    )
    engine.dispose()
    assert pending is not None
    is_refused(browser, browser.get(address), 400)


@pytest.mark.parametrize("issuer", [None, "", "https://evil.example", "http://127.0.0.1", "HTTP://127.0.0.1"])
def test_answer_that_names_another_issuer_comes_to_nothing(
    browser: Browser, provider: IdentityProvider, issuer: str | None
) -> None:
    asked = provider.asked.get("/token", 0)
    is_refused(browser, come_back(browser, provider, iss=issuer), 400)
    assert provider.asked.get("/token", 0) == asked


@pytest.mark.parametrize(
    "changed",
    [
        {"code": None},
        {"code": ""},
        {"code": "invented"},
        {"code": "a" * 5000},
        {"code": None, "error": "access_denied"},
        {"error": "access_denied"},
        {"code": None, "error": "<script>alert(1)</script>", "error_description": "<script>alert(1)</script>"},
    ],
    ids=lambda changed: "-".join(changed) + str(changed.get("code"))[:8],
)
def test_answer_without_a_code_comes_to_nothing(
    browser: Browser, provider: IdentityProvider, changed: dict[str, str | None]
) -> None:
    answer = come_back(browser, provider, **changed)
    is_refused(browser, answer, 400, 403)
    assert b"<script" not in answer.content


@pytest.mark.parametrize("doubled", ["state", "code", "iss"])
def test_answer_with_a_parameter_twice_comes_to_nothing(
    browser: Browser, provider: IdentityProvider, doubled: str
) -> None:
    address = provider.authorize(browser.begin())
    is_refused(browser, browser.get(f"{address}&{doubled}=x"), 400)


@pytest.mark.parametrize("query", ["", "?", "?state", "?state=", "?%ff=%ff", "?state=%ff", "?" + "a=b&" * 50])
def test_answer_that_cannot_be_read_comes_to_nothing(browser: Browser, provider: IdentityProvider, query: str) -> None:
    browser.begin()
    is_refused(browser, browser.get(f"/sign-in/callback{query}"), 400)


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://evil.example"},
        {"aud": "other"},
        {"aud": ["portal", "other"]},
        {"azp": "other"},
        {"nonce": "another"},
        {"nonce": None},
        {"sub": None},
        {"exp": 1},
        {"exp": None},
        {"iat": 1},
        {"at_hash": "AAAA"},
    ],
    ids=str,
)
def test_token_with_a_claim_that_is_off_signs_nobody_in(
    browser: Browser, provider: IdentityProvider, changed: Claims
) -> None:
    provider.claims = changed
    is_refused(browser, come_back(browser, provider), 403)


MAKERS: dict[str, Callable[[Claims], str]] = {
    "no algorithm": unsigned,
    "no signature": lambda claims: honest(claims).rpartition(".")[0] + ".",
    "a foreign key": lambda claims: sign(claims, key_of("ES256", "foreign"), "ES256"),
    "a foreign key by the own name": lambda claims: sign(claims, key_of("ES256", "foreign"), "ES256", kid="own-ES256"),
    "another algorithm": lambda claims: sign(claims, key_of("RS256"), "RS256"),
    "a shared secret": lambda claims: sign(claims, key_of("HS256"), "HS256"),
    "a critical header": lambda claims: sign(claims, key_of("ES256"), "ES256", crit=["exp"]),
    "nothing": lambda _: "",
    "no token": lambda _: "abc",
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_token_that_is_not_the_providers_signs_nobody_in(
    browser: Browser, provider: IdentityProvider, make: Callable[[Claims], str]
) -> None:
    provider.make = make
    is_refused(browser, come_back(browser, provider), 403)


ANSWERS: dict[str, tuple[int, bytes]] = {
    "refused": (400, b'{"error": "invalid_grant"}'),
    "unauthorised": (401, b'{"error": "invalid_client"}'),
    "redirected": (302, b""),
    "empty": (200, b""),
    "a page": (200, b"<html></html>"),
    "a list": (200, b"[]"),
    "no identity token": (200, b'{"access_token": "a", "token_type": "Bearer"}'),
    "no access token": (200, b'{"id_token": "a.b.c", "token_type": "Bearer"}'),
    "another type": (200, b'{"access_token": "a", "id_token": "a.b.c", "token_type": "mac"}'),
    "numbers": (200, b'{"access_token": 1, "id_token": 2, "token_type": "Bearer"}'),
    "too long": (200, b" " * (200 << 10)),
    "failed": (500, b""),
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_token_endpoint_that_answers_otherwise_signs_nobody_in(
    browser: Browser, provider: IdentityProvider, answer: tuple[int, bytes]
) -> None:
    provider.answer_tokens = lambda _: answer
    is_refused(browser, come_back(browser, provider), 403, 503)


def test_slow_provider_is_given_up(browser: Browser, provider: IdentityProvider) -> None:
    address = provider.authorize(browser.begin())
    provider.delay_seconds = 5.5
    is_refused(browser, browser.get(address), 503)


@pytest.mark.parametrize("user", ["stranger", "SYSTEM-1", "system-1 ", "user:system-1", "checker", "system-1\u0000"])
def test_person_who_is_not_registered_is_not_signed_in(
    world: PortalWorld, browser: Browser, provider: IdentityProvider, user: str
) -> None:
    provider.user = user
    is_refused(browser, come_back(browser, provider), 403)
    last = acts(world)[-1]
    assert (last["act"], last["decision"], last["user"]) == ("signed_in", "deny", None)
    assert user not in json.dumps(last)


def test_person_who_is_no_longer_registered_is_refused_at_the_next_request(
    world: PortalWorld, provider: IdentityProvider, tmp_path: Path
) -> None:
    browser = Browser(world, SECURE_SITE)
    provider.user = "policy-1"
    come_back(browser, provider)
    assert browser.ask("{ me { user } }").status == 200
    draft = staffed_bundle()
    without = draft.copy()
    without.users = [line for line in draft.users if not line.startswith("policy-1,")]
    world.load(without, tmp_path / "without")
    answer = browser.ask("{ me { user } }")
    assert (answer.status, answer.codes) == (401, ["UNAUTHENTICATED"])
    assert browser.session["signed_in"] is False
    world.load(draft, tmp_path / "with")


@pytest.mark.clause("threats.md T83")
@pytest.mark.parametrize(
    "form", ["return_to=//evil.example", "return_to=%2F%2Fevil.example", "return_to=/a&return_to=//evil", "return_to=",
             "return_to=https:evil.example", "return_to=/%5Cevil.example", "return_to=/sign-in", "return_to=%ff"]
)  # fmt: skip
def test_sign_in_leads_nowhere_else(browser: Browser, provider: IdentityProvider, form: str) -> None:
    answer = browser.get(f"/sign-in?{form}")
    assert answer.status == 400
    assert "location" not in answer.headers
    assert b"evil" not in answer.content


@pytest.mark.clause("threats.md T8")
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD", "PATCH"])
@pytest.mark.parametrize("path", ["/sign-in", "/sign-in/callback", "/session"])
def test_other_methods_are_refused(browser: Browser, provider: IdentityProvider, path: str, method: str) -> None:
    assert browser.send(method, path).status == 405


@pytest.mark.clause("threats.md T8")
@pytest.mark.parametrize(
    "path",
    ["/sign-in/", "//sign-in", "/sign-in//callback", "/SIGN-IN", "/demonstration/sign-in"],
)
def test_other_paths_lead_nowhere(browser: Browser, provider: IdentityProvider, path: str) -> None:
    assert browser.get(path).status == 404


def test_refusal_is_in_the_language_that_is_asked_for(browser: Browser, provider: IdentityProvider) -> None:
    answer = browser.get("/sign-in/callback?state=a", headers={"Accept-Language": "zh-CN"})
    assert answer.headers["content-language"] == "zh"
    assert "重新开始" in answer.content.decode()


def test_provider_key_is_fetched_for_no_token(browser: Browser, provider: IdentityProvider) -> None:
    fetched = provider.asked.get("/jwks", 0)
    for _ in range(5):
        come_back(browser, provider)
        provider.make = MAKERS["a foreign key"]
        come_back(browser, provider)
        provider.make = honest
    assert provider.asked.get("/jwks", 0) <= fetched + 1


def test_provider_is_where_the_browser_is_sent(browser: Browser, provider: IdentityProvider) -> None:
    assert urlsplit(browser.begin())[:3] == ("http", f"127.0.0.1:{provider.port}", "/authorize")
    assert b"keys" in published(key_of("ES256"))
