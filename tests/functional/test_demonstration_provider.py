"""The demonstration's own provider: good for the portal alone, each code once, and there in the demonstration only."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.jwk import OKPKey

from portal.demonstration.provider import DemonstrationFetcher
from portal.errors import ConfigurationError
from portal.identity.client_settings import DEMONSTRATION_CLIENT, DEMONSTRATION_ISSUER
from portal.identity.demonstration_provider import PUSHED_ADDRESS, SIGN_IN_PATH, TOKEN_ADDRESS
from portal.identity.demonstration_requests import PREFIX
from portal.identity.fetching import Fetched
from portal.identity.keys import key_id
from portal.identity.sign_in import PendingSignIn, draw_sign_in, parse_callback
from portal.identity.sign_in_faults import SignInRefused
from tests.fixtures.browser import SITE, Browser, parameters_of
from tests.fixtures.portal_world import PortalWorld, open_world
from tests.fixtures.staff import SYSTEM, staffed_bundle

pytestmark = pytest.mark.clause("threats.md T55")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    with open_world(staffed_bundle(), tmp_path_factory.mktemp("portal"), demonstration="true") as opened:
        yield opened


def test_accounts_are_listed_without_a_script(world: PortalWorld) -> None:
    browser = Browser(world)
    page = browser.get(browser.begin())
    text = page.content.decode()
    assert all(user in text for user in (SYSTEM, "clerk", "auditor-1"))
    assert "<script" not in text
    assert "style=" not in text
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    chinese = browser.get(browser.begin(), headers={"Accept-Language": "zh"}).content.decode()
    assert "身份提供方" in chinese


CHANGES: dict[str, dict[str, str | None]] = {
    "no client": {"client_id": None},
    "another client": {"client_id": "other"},
    "no redirect": {"redirect_uri": None},
    "a redirect elsewhere": {"redirect_uri": "https://evil.example/sign-in/callback"},
    "a redirect beside": {"redirect_uri": f"{SITE}/sign-in/callback/../x"},
    "a redirect with more": {"redirect_uri": f"{SITE}/sign-in/callback?x=y"},
    "a redirect on another port": {"redirect_uri": "http://127.0.0.1:81/sign-in/callback"},
    "implicit": {"response_type": "token"},
    "hybrid": {"response_type": "code id_token"},
    "no response type": {"response_type": None},
    "no challenge": {"code_challenge": None},
    "a plain challenge": {"code_challenge_method": "plain"},
    "no challenge method": {"code_challenge_method": None},
    "a short challenge": {"code_challenge": "abc"},
    "no nonce": {"nonce": None},
    "another scope": {"scope": "admin"},
}


@pytest.mark.clause("threats.md T48")
@pytest.mark.parametrize("changed", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_the_portal_did_not_ask_for_is_refused(
    world: PortalWorld, method: str, changed: dict[str, str | None]
) -> None:
    content = f"user={SYSTEM}".encode() if method == "POST" else None
    answer = Browser(world).send(method, f"{SIGN_IN_PATH}?{urlencode(asked_for(changed))}", content=content)
    assert answer.status == 400
    assert "location" not in answer.headers


def asked_for(changed: Mapping[str, str | None]) -> dict[str, str]:
    """What the portal asks for, changed; None takes a parameter away."""
    pending = draw_sign_in("/", datetime.now(UTC))
    asked: dict[str, str | None] = {
        "response_type": "code",
        "client_id": DEMONSTRATION_CLIENT,
        "redirect_uri": f"{SITE}/sign-in/callback",
        "scope": "openid",
        "state": pending.state,
        "nonce": pending.nonce,
        "code_challenge": create_s256_code_challenge(pending.verifier),
        "code_challenge_method": "S256",
        **changed,
    }
    return {name: value for name, value in asked.items() if value is not None}


def test_what_the_portal_asks_for_is_offered(world: PortalWorld) -> None:
    assert Browser(world).get(f"{SIGN_IN_PATH}?{urlencode(asked_for({}))}").status == 200


def push(world: PortalWorld, form: Mapping[str, str], audience: str = DEMONSTRATION_ISSUER) -> Fetched:
    """Push a request as the portal does, which says who it is."""
    client = world.portal.sign_in_desk.client
    assert client is not None
    key = client.signing()
    claims = {
        "iss": DEMONSTRATION_CLIENT,
        "sub": DEMONSTRATION_CLIENT,
        "aud": audience,
        "exp": int(datetime.now(UTC).timestamp()) + 60,
        "jti": "synthetic",
    }
    header = {"alg": "Ed25519", "kid": key_id(key.public_key())}
    assertion = jwt.encode(header, claims, OKPKey.import_key(key), algorithms=["Ed25519"])
    return world.run(client.fetcher.post(PUSHED_ADDRESS, {"client_assertion": assertion, **form}, {}))


@pytest.mark.clause("threats.md T48")
@pytest.mark.parametrize("changed", [*CHANGES.values(), {"request_uri": "urn:x"}], ids=[*CHANGES, "a reference"])
def test_what_the_portal_did_not_ask_for_is_refused_when_it_is_pushed(
    world: PortalWorld, changed: dict[str, str | None]
) -> None:
    pushed = push(world, asked_for(changed))
    if pushed.status == 201:
        # Where the portal is reached is known when the browser comes: its own address alone is gone back to.
        query = {"client_id": DEMONSTRATION_CLIENT, "request_uri": json.loads(pushed.body)["request_uri"]}
        assert Browser(world).get(f"{SIGN_IN_PATH}?{urlencode(query)}").status == 400
        assert "redirect_uri" in changed
    else:
        assert (pushed.status, pushed.media_type) == (400, "application/json")


@pytest.mark.clause("threats.md T48")
@pytest.mark.parametrize("audience", [TOKEN_ADDRESS, PUSHED_ADDRESS, "portal", ""])
def test_nobody_but_the_portal_pushes_a_request(world: PortalWorld, audience: str) -> None:
    assert push(world, asked_for({})).status == 201
    assert push(world, asked_for({}), audience).status == 401
    assert push(world, {**asked_for({}), "client_assertion": "a.b.c"}).status == 401


@pytest.mark.clause("threats.md T48")
def test_browser_carries_a_reference_alone_and_changes_nothing_of_the_request(world: PortalWorld) -> None:
    browser = Browser(world)
    begun = browser.begin()
    asked = parameters_of(begun)
    assert asked.keys() == {"client_id", "request_uri"}
    assert browser.cookies["portal-sign-in"] not in begun
    more = {"redirect_uri": "https://evil.example/", "state": "another", "code_challenge_method": "plain"}
    back = browser.choose(f"{begun}&{urlencode(more)}", SYSTEM)
    assert back.startswith(f"{SITE}/sign-in/callback?")
    assert browser.get(back).status == 200


@pytest.mark.clause("threats.md T48")
@pytest.mark.parametrize(
    "changed",
    [
        {"client_id": "other"},
        {"client_id": None},
        {"request_uri": ""},
        {"request_uri": "https://evil.example/request"},
        {"request_uri": f"{PREFIX}AAAA"},
        {"request_uri": f"{PREFIX}{'A' * 400}"},
    ],
    ids=str,
)
def test_reference_that_was_never_given_is_refused(world: PortalWorld, changed: dict[str, str | None]) -> None:
    browser = Browser(world)
    asked = {**parameters_of(browser.begin()), **changed}
    query = urlencode({name: value for name, value in asked.items() if value is not None})
    assert browser.get(f"{SIGN_IN_PATH}?{query}").status == 400


@pytest.mark.parametrize("user", ["", "stranger", "checker", "SYSTEM-1", "<script>"])
def test_nobody_else_is_chosen(world: PortalWorld, user: str) -> None:
    browser = Browser(world)
    address = browser.begin()
    answer = browser.send("POST", address, content=urlencode({"user": user}).encode())
    assert answer.status == 400
    assert b"<script" not in answer.content


def code_for(world: PortalWorld, browser: Browser) -> tuple[str, PendingSignIn]:
    """Return where the browser is sent back, and what its sign-in is bound to."""
    address = browser.choose(browser.begin(), SYSTEM)
    parsed = parameters_of(address)
    secret = browser.cookies["portal-sign-in"]
    pending = world.portal.sign_in_desk.staff.sign_ins.take(secret, parsed["state"], datetime.now(UTC))
    assert pending is not None
    return address, pending


def redeem(world: PortalWorld, address: str, pending: PendingSignIn, redirect: str = f"{SITE}/sign-in/callback") -> str:
    client = world.portal.sign_in_desk.client
    assert client is not None
    callback = parse_callback(address.partition("?")[2].encode())
    return world.run(client.complete(callback, pending, redirect, datetime.now(UTC))).identity.name


def test_code_is_good_once(world: PortalWorld) -> None:
    address, pending = code_for(world, Browser(world))
    assert redeem(world, address, pending) == SYSTEM
    with pytest.raises(SignInRefused):
        redeem(world, address, pending)


WRONG: dict[str, Callable[[str], str]] = {
    "another": lambda _: "A" * 80,
    "shorter": lambda code: code[:-4],
    "changed": lambda code: ("A" if code[20] != "A" else "B").join((code[:20], code[21:])),
    "empty": lambda _: "",
}


@pytest.mark.clause("threats.md T48")
@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG)
def test_code_that_was_changed_is_good_for_nothing(world: PortalWorld, change: Callable[[str], str]) -> None:
    address, pending = code_for(world, Browser(world))
    changed = re.sub(r"code=([^&]+)", lambda found: "code=" + change(found[1]), address)
    with pytest.raises(SignInRefused):
        redeem(world, changed, pending)


@pytest.mark.clause("threats.md T48")
def test_code_is_good_for_its_own_sign_in_alone(world: PortalWorld) -> None:
    address, pending = code_for(world, Browser(world))
    other = draw_sign_in("/", datetime.now(UTC))
    for changed in (
        PendingSignIn(pending.state, pending.nonce, other.verifier, "/", pending.expires_at),
        PendingSignIn(pending.state, other.nonce, pending.verifier, "/", pending.expires_at),
        PendingSignIn(other.state, pending.nonce, pending.verifier, "/", pending.expires_at),
        PendingSignIn(pending.state, pending.nonce, pending.verifier, "/", datetime.now(UTC) - timedelta(seconds=1)),
    ):
        with pytest.raises(SignInRefused):
            redeem(world, address, changed)
    with pytest.raises(SignInRefused):
        redeem(world, address, pending, "https://evil.example/sign-in/callback")


def test_nobody_but_the_portal_redeems_a_code(world: PortalWorld) -> None:
    client = world.portal.sign_in_desk.client
    assert client is not None
    assert isinstance(client.fetcher, DemonstrationFetcher)
    address, pending = code_for(world, Browser(world))
    form = {
        "grant_type": "authorization_code",
        "code": parameters_of(address)["code"],
        "redirect_uri": f"{SITE}/sign-in/callback",
        "code_verifier": pending.verifier,
        "client_id": client.settings.client_id,
    }
    for more in ({}, {"client_secret": "x"}, {"client_assertion": "a.b.c"}, {"client_assertion": ""}):
        fetched = world.run(client.fetcher.post(TOKEN_ADDRESS, {**form, **more}, {}))
        assert fetched.status in (400, 401)
    assert world.run(client.fetcher.post(f"{DEMONSTRATION_ISSUER}/other", form, {})).status == 404
    assert world.run(client.fetcher.get(f"{DEMONSTRATION_ISSUER}/other")).status == 404


def test_portal_outside_the_demonstration_has_no_such_page(tmp_path: Path) -> None:
    with open_world(staffed_bundle(), tmp_path) as world:
        assert Browser(world).get(f"{SIGN_IN_PATH}?client_id=portal-demonstration").status == 404


def test_demonstration_with_another_provider_has_no_such_page(tmp_path: Path) -> None:
    settings = {"demonstration": "true", "oidc_issuer": "http://127.0.0.1:9", "public_url": SITE}
    with open_world(staffed_bundle(), tmp_path, **settings) as world:
        assert Browser(world).get(SIGN_IN_PATH).status == 404
        assert Browser(world).get("/sign-in").status == 503


def test_portal_does_not_start_with_it_outside_the_demonstration(tmp_path: Path) -> None:
    settings = {"oidc_issuer": DEMONSTRATION_ISSUER, "public_url": "https://portal.test"}
    with pytest.raises(ConfigurationError, match="demonstration"), open_world(staffed_bundle(), tmp_path, **settings):
        pass
