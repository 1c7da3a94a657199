"""The demonstration's own provider: good for the portal alone, each code once, and there in the demonstration only."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest

from portal.demonstration.provider import DemonstrationFetcher
from portal.errors import ConfigurationError
from portal.identity.client_settings import DEMONSTRATION_ISSUER
from portal.identity.demonstration_provider import SIGN_IN_PATH, TOKEN_ADDRESS
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
    browser = Browser(world)
    asked: dict[str, str | None] = {**parameters_of(browser.begin()), **changed}
    query = urlencode({name: value for name, value in asked.items() if value is not None})
    content = f"user={SYSTEM}".encode() if method == "POST" else None
    answer = browser.send(method, f"{SIGN_IN_PATH}?{query}", content=content)
    assert answer.status == 400
    assert "location" not in answer.headers


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
