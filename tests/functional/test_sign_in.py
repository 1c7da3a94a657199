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
from tests.fixtures.identity_provider import SECRET, IdentityProvider, honest, identity_provider
from tests.fixtures.portal_world import Answer, PortalWorld, open_world
from tests.fixtures.provider_keys import Claims, key_of, published, sign, unsigned
from tests.fixtures.staff import SYSTEM, staffed_bundle

pytestmark = [pytest.mark.clause("threats.md T48"), pytest.mark.clause("WH-28")]

SITE = "https://portal.test"
SESSION, SIGN_IN = "__Host-portal-session", "__Host-portal-sign-in"


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
    folder = tmp_path_factory.mktemp("portal")
    secret = folder / "secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    settings = {
        "oidc_issuer": running.issuer,
        "oidc_client_secret_file": str(secret),
        "oidc_certificate_acr": "cert",
        "public_url": SITE,
    }
    with open_world(staffed_bundle(), folder, **settings) as opened:
        # A test signs in more often than a person does.
        object.__setattr__(opened.portal.sign_in_desk, "buckets", opened.portal.desk.buckets)
        yield opened


@pytest.fixture
def browser(world: PortalWorld) -> Browser:
    return Browser(world, SITE)


def acts(world: PortalWorld) -> list[Claims]:
    engine = open_sync_database(world.settings.database_url)
    with engine.begin() as connection:
        rows = connection.execute(select(audit_records.c.record).order_by(audit_records.c.sequence)).scalars()
        found = [json.loads(row) for row in rows]
    engine.dispose()
    return [record for record in found if "act" in record]


def signed_in(browser: Browser, provider: IdentityProvider, **changed: str | None) -> Answer:
    return browser.get(provider.authorize(browser.begin(), **changed))


def is_refused(browser: Browser, answer: Answer, *statuses: int) -> None:
    assert answer.status in statuses, answer.content
    assert SESSION not in browser.cookies
    assert not any(SESSION in line for line in browser.set_cookies)
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert b"Traceback" not in answer.content


def test_person_signs_in_and_out(browser: Browser, provider: IdentityProvider, world: PortalWorld) -> None:
    answer = signed_in(browser, provider)
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
    assert asked["redirect_uri"] == f"{SITE}/sign-in/callback"
    assert asked["scope"] == "openid"
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
    assert min(map(len, (asked["state"], asked["nonce"], asked["code_challenge"]))) >= 43
    assert asked.keys() == {
        "response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge",
        "code_challenge_method",
    }  # fmt: skip


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
    signed_in(browser, provider)
    assert browser.session["auth_level"] == 2
    assert browser.session["second_factor"] is False


@pytest.mark.parametrize("host", ["evil.example", "portal.test.evil.example", "portal.test:8443", "127.0.0.1"])
def test_host_of_the_request_changes_no_address(world: PortalWorld, provider: IdentityProvider, host: str) -> None:
    browser = Browser(world, SITE, headers={"Host": host, "X-Forwarded-Host": host, "Forwarded": f"host={host}"})
    assert parameters_of(browser.begin())["redirect_uri"] == f"{SITE}/sign-in/callback"


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
    stranger = Browser(world, SITE)
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
    is_refused(browser, signed_in(browser, provider, code=code), 403)


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
    is_refused(browser, signed_in(browser, provider, iss=issuer), 400)
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
    answer = signed_in(browser, provider, **changed)
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
    is_refused(browser, signed_in(browser, provider), 403)


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
    is_refused(browser, signed_in(browser, provider), 403)


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
    is_refused(browser, signed_in(browser, provider), 403, 503)


def test_slow_provider_is_given_up(browser: Browser, provider: IdentityProvider) -> None:
    address = provider.authorize(browser.begin())
    provider.delay_seconds = 5.5
    is_refused(browser, browser.get(address), 503)


@pytest.mark.parametrize("user", ["stranger", "SYSTEM-1", "system-1 ", "user:system-1", "checker", "system-1\u0000"])
def test_person_who_is_not_registered_is_not_signed_in(
    world: PortalWorld, browser: Browser, provider: IdentityProvider, user: str
) -> None:
    provider.user = user
    is_refused(browser, signed_in(browser, provider), 403)
    last = acts(world)[-1]
    assert (last["act"], last["decision"], last["user"]) == ("signed_in", "deny", None)
    assert user not in json.dumps(last)


def test_person_who_is_no_longer_registered_is_refused_at_the_next_request(
    world: PortalWorld, provider: IdentityProvider, tmp_path: Path
) -> None:
    browser = Browser(world, SITE)
    provider.user = "policy-1"
    signed_in(browser, provider)
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


@pytest.mark.clause("threats.md T46")
class TestFixation:
    """A session that somebody else prepared is never the person's."""

    @pytest.mark.parametrize("planted", ["a" * 43, "A" * 43, "0", "-", "x" * 128])
    def test_planted_cookie_is_replaced(self, browser: Browser, provider: IdentityProvider, planted: str) -> None:
        browser.cookies[SESSION] = planted
        signed_in(browser, provider)
        assert browser.cookies[SESSION] != planted
        assert browser.session["user"] == SYSTEM

    def test_session_of_the_attacker_ends_when_the_victim_signs_in_with_it(
        self, world: PortalWorld, provider: IdentityProvider
    ) -> None:
        attacker, victim = Browser(world, SITE), Browser(world, SITE)
        provider.user = "clerk"
        signed_in(attacker, provider)
        planted = attacker.cookies[SESSION]
        provider.user = SYSTEM
        victim.cookies[SESSION] = planted
        signed_in(victim, provider)
        assert victim.cookies[SESSION] != planted
        assert attacker.session["signed_in"] is False
        assert victim.session["user"] == SYSTEM

    def test_cookie_before_the_sign_in_says_nothing_after_it(
        self, world: PortalWorld, browser: Browser, provider: IdentityProvider
    ) -> None:
        signed_in(browser, provider)
        before = browser.cookies[SESSION]
        signed_in(browser, provider)
        stranger = Browser(world, SITE, {SESSION: before})
        assert stranger.session["signed_in"] is False

    def test_sign_in_cookie_is_no_session(self, browser: Browser, provider: IdentityProvider) -> None:
        browser.begin()
        browser.cookies[SESSION] = browser.cookies[SIGN_IN]
        assert browser.session["signed_in"] is False

    def test_session_cookie_is_no_sign_in(self, browser: Browser, provider: IdentityProvider) -> None:
        signed_in(browser, provider)
        address = provider.authorize(browser.begin())
        browser.cookies[SIGN_IN] = browser.cookies[SESSION]
        assert browser.get(address).status == 400

    @pytest.mark.parametrize(
        "name", ["portal-session", "__Secure-portal-session", "__host-portal-session", " __Host-portal-session2"]
    )
    def test_cookie_of_another_name_says_nothing(
        self, world: PortalWorld, browser: Browser, provider: IdentityProvider, name: str
    ) -> None:
        signed_in(browser, provider)
        assert Browser(world, SITE, {name: browser.cookies[SESSION]}).session["signed_in"] is False

    def test_cookie_that_is_there_twice_is_refused(self, browser: Browser, provider: IdentityProvider) -> None:
        signed_in(browser, provider)
        own = browser.cookies[SESSION]
        for header in (f"{SESSION}={own}; {SESSION}={'a' * 43}", f"{SESSION}={'a' * 43}; {SESSION}={own}"):
            assert browser.send("GET", "/session", cookies={}, headers={"Cookie": header}).status == 400

    def test_session_in_the_address_says_nothing(
        self, world: PortalWorld, browser: Browser, provider: IdentityProvider
    ) -> None:
        signed_in(browser, provider)
        secret = browser.cookies[SESSION]
        assert Browser(world, SITE).get(f"/session?{SESSION}={secret}").payload["signed_in"] is False


def test_host_is_checked_everywhere(running: IdentityProvider, tmp_path: Path) -> None:
    settings = {"oidc_issuer": running.issuer, "public_url": SITE, "allowed_hosts": "portal.test"}
    with open_world(staffed_bundle(), tmp_path, **settings) as world:
        for path in ("/sign-in", "/sign-in/callback?state=a", "/session"):
            assert Browser(world, SITE, headers={"Host": "evil.example"}).get(path).status == 421
        assert Browser(world, SITE, headers={"Host": "evil.example"}).post("/sign-out").status == 421


def test_portal_without_provider_offers_nothing_and_says_so(tmp_path: Path) -> None:
    with open_world(staffed_bundle(), tmp_path) as world:
        browser = Browser(world, SITE)
        for path in ("/sign-in", "/sign-in/callback?state=a&code=b"):
            answer = browser.get(path)
            assert answer.status == 404
            assert b"PORTAL_OIDC_ISSUER" in answer.content
        assert browser.session == {"signed_in": False, "offered": False}


def test_one_address_begins_few_sign_ins_a_second(running: IdentityProvider, tmp_path: Path) -> None:
    running.reset()
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    settings = {"oidc_issuer": running.issuer, "public_url": SITE, "oidc_client_secret_file": str(secret)}
    with open_world(staffed_bundle(), tmp_path, **settings) as world:
        statuses = [Browser(world, SITE).get("/sign-in").status for _ in range(40)]
        assert statuses[0] == 303
        assert 429 in statuses


def test_refusal_is_in_the_language_that_is_asked_for(browser: Browser, provider: IdentityProvider) -> None:
    answer = browser.get("/sign-in/callback?state=a", headers={"Accept-Language": "zh-CN"})
    assert answer.headers["content-language"] == "zh"
    assert "重新开始" in answer.content.decode()


def test_provider_key_is_fetched_for_no_token(browser: Browser, provider: IdentityProvider) -> None:
    fetched = provider.asked.get("/jwks", 0)
    for _ in range(5):
        signed_in(browser, provider)
        provider.make = MAKERS["a foreign key"]
        signed_in(browser, provider)
        provider.make = honest
    assert provider.asked.get("/jwks", 0) <= fetched + 1


def test_provider_is_where_the_browser_is_sent(browser: Browser, provider: IdentityProvider) -> None:
    assert urlsplit(browser.begin())[:3] == ("http", f"127.0.0.1:{provider.port}", "/authorize")
    assert b"keys" in published(key_of("ES256"))
