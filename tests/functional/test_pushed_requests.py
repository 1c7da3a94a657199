"""Pushed requests over HTTP: nothing but a reference goes through the browser, and a hostile endpoint ends it (T48)."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

import pytest

from tests.fixtures.browser import Browser, parameters_of
from tests.fixtures.identity_provider import IdentityProvider, identity_provider
from tests.fixtures.portal_world import Answer, PortalWorld
from tests.fixtures.pushed_answers import HOSTILE_ANSWERS, PushedAnswer
from tests.fixtures.signing_in import SECURE_SITE, SESSION, SIGN_IN, come_back, signing_in_world
from tests.fixtures.staff import SYSTEM

pytestmark = [pytest.mark.clause("threats.md T48"), pytest.mark.clause("WH-28")]


@contextmanager
def pushing() -> Iterator[IdentityProvider]:
    """A provider that takes pushed requests; its metadata are asked for once."""
    with identity_provider() as provider:
        provider.metadata = {"pushed_authorization_request_endpoint": f"{provider.issuer}/par"}
        yield provider


@pytest.fixture(scope="module")
def running() -> Iterator[IdentityProvider]:
    with pushing() as provider:
        yield provider


@pytest.fixture(scope="module")
def world(running: IdentityProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    with signing_in_world(running, tmp_path_factory.mktemp("portal")) as opened:
        assert Browser(opened, SECURE_SITE).begin()
        yield opened


@pytest.fixture
def provider(running: IdentityProvider, world: PortalWorld) -> IdentityProvider:
    running.reset()
    return running


@pytest.fixture
def browser(world: PortalWorld) -> Browser:
    return Browser(world, SECURE_SITE)


def is_refused(browser: Browser, answer: Answer, status: int) -> None:
    """See that the browser is sent nowhere, and keeps nothing."""
    assert answer.status == status, answer.content
    assert "location" not in answer.headers
    assert browser.set_cookies == []
    assert b"identity provider" in answer.content
    assert b"evil" not in answer.content


def test_browser_carries_a_reference_alone(browser: Browser, provider: IdentityProvider) -> None:
    begun = browser.begin("/console")
    asked = parameters_of(begun)
    assert asked.keys() == {"client_id", "request_uri"}
    pushed = provider.pushed[asked["request_uri"]]
    assert pushed.keys() == {
        "response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge",
        "code_challenge_method",
    }  # fmt: skip
    assert (pushed["response_type"], pushed["code_challenge_method"], pushed["scope"]) == ("code", "S256", "openid")
    assert pushed["redirect_uri"] == f"{SECURE_SITE}/sign-in/callback"
    assert not any(secret in begun for secret in (pushed["state"], pushed["nonce"], pushed["code_challenge"]))


def test_person_signs_in_by_a_pushed_request(browser: Browser, provider: IdentityProvider) -> None:
    assert come_back(browser, provider).status == 200
    assert browser.session["user"] == SYSTEM


@pytest.mark.parametrize("answer", HOSTILE_ANSWERS.values(), ids=HOSTILE_ANSWERS)
def test_hostile_endpoint_ends_the_sign_in(browser: Browser, provider: IdentityProvider, answer: PushedAnswer) -> None:
    provider.answer_pushed = lambda _: answer
    is_refused(browser, browser.get("/sign-in"), 403 if 400 <= answer[0] < 500 else 503)
    assert SESSION not in browser.cookies
    assert SIGN_IN not in browser.cookies


def test_answer_that_is_too_long_ends_the_sign_in(browser: Browser, provider: IdentityProvider) -> None:
    provider.answer_pushed = lambda _: (201, b" " * (200 << 10), "application/json")
    is_refused(browser, browser.get("/sign-in"), 503)


def test_slow_endpoint_is_given_up(browser: Browser, provider: IdentityProvider) -> None:
    begun = monotonic()
    provider.delay_seconds = 5.5
    is_refused(browser, browser.get("/sign-in"), 503)
    assert monotonic() - begun < 6.5


def test_request_is_never_sent_by_the_browser_when_it_cannot_be_pushed(
    browser: Browser, provider: IdentityProvider
) -> None:
    provider.answer_pushed = lambda _: (503, b"", "")
    for _ in range(3):
        is_refused(browser, browser.get("/sign-in"), 503)
    provider.answer_pushed = None
    assert parameters_of(browser.begin()).keys() == {"client_id", "request_uri"}


def test_media_type_may_have_parameters_and_capitals(browser: Browser, provider: IdentityProvider) -> None:
    provider.answer_pushed = lambda _: (201, HELD, "Application/JSON; charset=UTF-8")
    assert "request_uri" in parameters_of(browser.begin())


HELD = b'{"request_uri": "urn:ietf:params:oauth:request_uri:synthetic-synthetic", "expires_in": 5}'


def test_answer_to_another_sign_in_comes_to_nothing(
    world: PortalWorld, browser: Browser, provider: IdentityProvider
) -> None:
    other = Browser(world, SECURE_SITE)
    address = provider.authorize(other.begin())
    browser.begin()
    assert browser.get(address).status == 400
    assert other.get(address).status == 200


@pytest.mark.parametrize(("wanted", "status"), [("when_offered", 303), ("required", 503)])
def test_provider_that_takes_none_is_good_where_nobody_requires_it(tmp_path: Path, wanted: str, status: int) -> None:
    with identity_provider() as plain, signing_in_world(plain, tmp_path, oidc_pushed_requests=wanted) as opened:
        browser = Browser(opened, SECURE_SITE)
        answer = browser.get("/sign-in")
        assert answer.status == status
        assert ("code_challenge=" in answer.headers.get("location", "")) is (status == 303)


def test_required_requests_are_pushed(tmp_path: Path) -> None:
    with pushing() as provider, signing_in_world(provider, tmp_path, oidc_pushed_requests="required") as opened:
        browser = Browser(opened, SECURE_SITE)
        assert come_back(browser, provider).status == 200
        assert provider.asked["/par"] == 1
