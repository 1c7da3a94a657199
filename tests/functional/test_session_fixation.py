"""A session that somebody else prepared is never the person's (T46)."""

from collections.abc import Iterator

import pytest

from tests.fixtures.browser import Browser
from tests.fixtures.identity_provider import IdentityProvider, identity_provider
from tests.fixtures.portal_world import PortalWorld
from tests.fixtures.signing_in import SECURE_SITE, SESSION, SIGN_IN, come_back, signing_in_world
from tests.fixtures.staff import SYSTEM

pytestmark = pytest.mark.clause("threats.md T46")


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


@pytest.mark.parametrize("planted", ["a" * 43, "A" * 43, "0", "-", "x" * 128])
def test_planted_cookie_is_replaced(browser: Browser, provider: IdentityProvider, planted: str) -> None:
    browser.cookies[SESSION] = planted
    come_back(browser, provider)
    assert browser.cookies[SESSION] != planted
    assert browser.session["user"] == SYSTEM


def test_session_of_the_attacker_ends_when_the_victim_signs_in_with_it(
    world: PortalWorld, provider: IdentityProvider
) -> None:
    attacker, victim = Browser(world, SECURE_SITE), Browser(world, SECURE_SITE)
    provider.user = "clerk"
    come_back(attacker, provider)
    planted = attacker.cookies[SESSION]
    provider.user = SYSTEM
    victim.cookies[SESSION] = planted
    come_back(victim, provider)
    assert victim.cookies[SESSION] != planted
    assert attacker.session["signed_in"] is False
    assert victim.session["user"] == SYSTEM


def test_cookie_before_the_sign_in_says_nothing_after_it(
    world: PortalWorld, browser: Browser, provider: IdentityProvider
) -> None:
    come_back(browser, provider)
    before = browser.cookies[SESSION]
    come_back(browser, provider)
    stranger = Browser(world, SECURE_SITE, {SESSION: before})
    assert stranger.session["signed_in"] is False


def test_sign_in_cookie_is_no_session(browser: Browser, provider: IdentityProvider) -> None:
    browser.begin()
    browser.cookies[SESSION] = browser.cookies[SIGN_IN]
    assert browser.session["signed_in"] is False


def test_session_cookie_is_no_sign_in(browser: Browser, provider: IdentityProvider) -> None:
    come_back(browser, provider)
    address = provider.authorize(browser.begin())
    browser.cookies[SIGN_IN] = browser.cookies[SESSION]
    assert browser.get(address).status == 400


@pytest.mark.parametrize(
    "name", ["portal-session", "__Secure-portal-session", "__host-portal-session", " __Host-portal-session2"]
)
def test_cookie_of_another_name_says_nothing(
    world: PortalWorld, browser: Browser, provider: IdentityProvider, name: str
) -> None:
    come_back(browser, provider)
    assert Browser(world, SECURE_SITE, {name: browser.cookies[SESSION]}).session["signed_in"] is False


def test_cookie_that_is_there_twice_is_refused(browser: Browser, provider: IdentityProvider) -> None:
    come_back(browser, provider)
    own = browser.cookies[SESSION]
    for header in (f"{SESSION}={own}; {SESSION}={'a' * 43}", f"{SESSION}={'a' * 43}; {SESSION}={own}"):
        assert browser.send("GET", "/session", cookies={}, headers={"Cookie": header}).status == 400


def test_session_in_the_address_says_nothing(world: PortalWorld, browser: Browser, provider: IdentityProvider) -> None:
    come_back(browser, provider)
    secret = browser.cookies[SESSION]
    assert Browser(world, SECURE_SITE).get(f"/session?{SESSION}={secret}").payload["signed_in"] is False
