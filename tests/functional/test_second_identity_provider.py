"""Signing in at `oidc-provider`, a certified provider of other hands, benign and made use of by an attacker.

It takes no pushed requests, takes them, or takes nothing else (RFC 9126); the portal finds that in its metadata.
"""

import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import httpx2
import pytest

from portal.identity.id_tokens import ExpectedToken, verify_id_token
from portal.identity.keys import load_or_create_keys
from portal.identity.segments import encode_segment
from portal.identity.sign_in_faults import SignInRefused
from tests.fixtures.browser import Browser, parameters_of
from tests.fixtures.identity_provider import SECRET
from tests.fixtures.node import NODE, install_packages
from tests.fixtures.portal_world import PortalWorld, open_world
from tests.fixtures.staff import HEAD, SYSTEM, staffed_bundle

pytestmark = [pytest.mark.heavy, pytest.mark.clause("threats.md T48"), pytest.mark.clause("WH-28")]

FOLDER = Path(__file__).with_name("identity_provider")
SITE = "https://portal.test"
CALLBACK = f"{SITE}/sign-in/callback"


@dataclass
class Visitor:
    """A browser at the provider's site."""

    cookies: httpx2.Cookies = field(default_factory=httpx2.Cookies)

    def get(self, address: str) -> httpx2.Response:
        """Go to an address."""
        with httpx2.Client(cookies=self.cookies, follow_redirects=False, timeout=20) as client:
            answer = client.get(address)
            self.cookies = client.cookies
        return answer

    def sign_in(self, address: str, user: str) -> str:
        """Sign in at the address; return where the provider sends the browser in the end."""
        for _ in range(10):
            answer = self.get(address)
            if answer.text == "who?":
                answer = self.get(f"{address}?user={user}")
            assert answer.status_code in (302, 303), answer.text
            address = urljoin(address, answer.headers["location"])
            if address.startswith(SITE):
                return address
        raise AssertionError("the provider goes round in circles")


@contextmanager
def running(**options: object) -> Iterator[str]:
    """Run a provider; yield its issuer."""
    install_packages(FOLDER)
    asked = {"redirectUri": CALLBACK, "logoutUri": f"{SITE}/", "algorithm": "RS256", **options}
    command = [str(NODE), "provider.mjs", json.dumps(asked)]
    # In a session of its own: the command starts Node as another process, which is to end with it.
    process = subprocess.Popen(
        command, cwd=FOLDER, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True
    )
    try:
        assert process.stdout is not None
        # Before that it says that it isn't set up for production.
        issuer = next((line.strip() for line in process.stdout if line.startswith("http://")), None)
        assert issuer is not None, "the provider doesn't start"
        yield issuer
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=20)


@contextmanager
def portal_at(issuer: str, folder: Path, secret: str | None = SECRET, **more: str) -> Iterator[PortalWorld]:
    """Serve a portal whose staff sign in there."""
    settings = {"oidc_issuer": issuer, "public_url": SITE, **more}
    if secret is not None:
        path = folder / "secret"
        path.write_text(secret)
        path.chmod(0o600)
        settings["oidc_client_secret_file"] = str(path)
    with open_world(staffed_bundle(), folder, **settings) as world:
        yield world


@pytest.fixture(scope="module", params=["off", "required"])
def issuer(request: pytest.FixtureRequest) -> Iterator[str]:
    with running(secret=SECRET, pushed=request.param) as found:
        yield found


@pytest.fixture(scope="module")
def world(issuer: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    with portal_at(issuer, tmp_path_factory.mktemp("portal")) as opened:
        yield opened


@pytest.fixture(scope="module")
def carried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    """A portal whose requests the browser carries whole."""
    with running(secret=SECRET, pushed="off") as found, portal_at(found, tmp_path_factory.mktemp("carried")) as opened:
        yield opened


@pytest.fixture(scope="module")
def pushed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    """A portal that pushes its requests, to a provider that would take others too."""
    folder = tmp_path_factory.mktemp("pushed")
    with (
        running(secret=SECRET, pushed="offered") as found,
        portal_at(found, folder, oidc_pushed_requests="required") as opened,
    ):
        yield opened


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
def test_person_signs_in_whatever_the_provider_signs_with(tmp_path: Path, algorithm: str) -> None:
    with running(secret=SECRET, algorithm=algorithm) as found, portal_at(found, tmp_path) as opened:
        browser = Browser(opened, SITE)
        answer = browser.get(Visitor().sign_in(browser.begin("/console"), SYSTEM))
        assert answer.status == 200, answer.content
        assert browser.session["user"] == SYSTEM


@pytest.mark.parametrize("way", ["off", "required"])
def test_portal_says_who_it_is_by_its_key(tmp_path: Path, way: str) -> None:
    keys = load_or_create_keys(tmp_path / "home" / "keys.json")
    public = encode_segment(keys.signing.public_key().public_bytes_raw())
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": public, "kid": keys.signing_key_id, "alg": "EdDSA", "use": "sig"}
    with running(jwks={"keys": [jwk]}, pushed=way) as found, portal_at(found, tmp_path, None) as opened:
        browser = Browser(opened, SITE)
        assert browser.get(Visitor().sign_in(browser.begin(), SYSTEM)).status == 200
        assert browser.session["user"] == SYSTEM


def test_person_signs_out_at_the_provider_too(world: PortalWorld) -> None:
    browser, visitor = Browser(world, SITE), Visitor()
    browser.get(visitor.sign_in(browser.begin(), SYSTEM))
    elsewhere = browser.post("/sign-out").payload["go_to"]
    page = visitor.get(elsewhere)
    assert page.status_code == 200
    assert "op.logoutForm" in page.text


def test_portal_with_another_secret_signs_nobody_in(carried: PortalWorld, tmp_path: Path) -> None:
    with portal_at(str(carried.settings.oidc_issuer), tmp_path, SECRET[::-1]) as opened:
        browser = Browser(opened, SITE)
        assert browser.get(Visitor().sign_in(browser.begin(), SYSTEM)).status == 403


@pytest.mark.parametrize("user", ["stranger", "SYSTEM-1", "checker"])
def test_person_whom_the_register_does_not_know_is_refused(world: PortalWorld, user: str) -> None:
    browser = Browser(world, SITE)
    assert browser.get(Visitor().sign_in(browser.begin(), user)).status == 403
    assert browser.session["signed_in"] is False


def test_answer_is_good_once(world: PortalWorld) -> None:
    browser = Browser(world, SITE)
    address = Visitor().sign_in(browser.begin(), SYSTEM)
    cookies = dict(browser.cookies)
    assert browser.get(address).status == 200
    browser.cookies = cookies
    assert browser.get(address).status == 400


def test_code_of_the_attackers_sign_in_signs_nobody_in(world: PortalWorld) -> None:
    victim, attacker = Browser(world, SITE), Browser(world, SITE)
    stolen = parameters_of(Visitor().sign_in(attacker.begin(), HEAD))["code"]
    # The way back of the victim's own sign-in, which the attacker doesn't know, with the attacker's code put in.
    own = parameters_of(Visitor().sign_in(victim.begin(), SYSTEM))
    issuer = str(world.settings.oidc_issuer)
    # The provider itself holds the code to the verifier of the sign-in that it was given for.
    answer = victim.get(f"{CALLBACK}?code={stolen}&state={own['state']}&iss={issuer}")
    assert answer.status == 403
    assert victim.session["signed_in"] is False


def test_link_of_the_attacker_signs_nobody_in(world: PortalWorld) -> None:
    victim, attacker = Browser(world, SITE), Browser(world, SITE)
    address = Visitor().sign_in(attacker.begin(), HEAD)
    assert victim.get(address).status == 400
    victim.begin()
    assert victim.get(address).status == 400


@pytest.mark.parametrize("named", ["own", "other", "missing"])
def test_answer_of_another_provider_is_refused(carried: PortalWorld, named: str) -> None:
    """The mix-up: the person is sent to the attacker's provider, whose answer comes back to the portal."""
    honest = str(carried.settings.oidc_issuer)
    with running(secret=SECRET) as other:
        browser = Browser(carried, SITE)
        begun = browser.begin()
        address = Visitor().sign_in(begun.replace(honest, other), SYSTEM)
        parameters = parameters_of(address)
        assert parameters["iss"] == other
        issuers: Mapping[str, str] = {"own": f"&iss={honest}", "other": f"&iss={other}", "missing": ""}
        answer = browser.get(f"{CALLBACK}?code={parameters['code']}&state={parameters['state']}{issuers[named]}")
        assert answer.status in (400, 403)
        assert browser.session["signed_in"] is False


@pytest.mark.parametrize(
    "changed",
    [
        {"redirect_uri": "https://evil.example/callback"},
        {"redirect_uri": f"{CALLBACK}/more"},
        {"response_type": "token"},
        {"response_type": "id_token"},
        {"code_challenge": ""},
        {"code_challenge_method": "plain"},
        {"client_id": "other"},
    ],
    ids=str,
)
def test_request_that_was_changed_on_its_way_gives_no_code(carried: PortalWorld, changed: dict[str, str]) -> None:
    begun = Browser(carried, SITE).begin()
    asked = {name: value for name, value in {**parameters_of(begun), **changed}.items() if value}
    parts = urlsplit(begun)
    answer = httpx2.get(f"{parts.scheme}://{parts.netloc}{parts.path}", params=asked, follow_redirects=False)
    assert "code=" not in answer.headers.get("location", "")
    assert answer.status_code == 400 or "error=" in answer.headers["location"]


def test_browser_carries_a_reference_alone_when_requests_are_pushed(pushed: PortalWorld) -> None:
    browser = Browser(pushed, SITE)
    begun = browser.begin()
    assert parameters_of(begun).keys() == {"client_id", "request_uri"}
    assert browser.get(Visitor().sign_in(begun, SYSTEM)).status == 200
    assert browser.session["user"] == SYSTEM


@pytest.mark.parametrize(
    "added",
    [
        {"redirect_uri": "https://evil.example/callback"},
        {"response_type": "token"},
        {"response_mode": "form_post"},
        {"state": "another"},
        {"nonce": "another"},
        {"scope": "openid offline_access"},
        {"code_challenge": "A" * 43, "code_challenge_method": "S256"},
        {"prompt": "none"},
        {"request": "a.b.c"},
    ],
    ids=str,
)
def test_pushed_request_is_not_changed_on_its_way(pushed: PortalWorld, added: dict[str, str]) -> None:
    browser = Browser(pushed, SITE)
    begun = f"{browser.begin()}&{urlencode(added)}"
    first = Visitor().get(begun)
    if first.status_code == 400 or first.headers["location"].startswith(SITE):
        # Refused by the provider, on its own page or by an answer at the one address of the portal.
        assert "code=" not in first.headers.get("location", "")
    else:
        # What isn't refused counts for nothing: the person is signed in as the portal asked for it.
        assert browser.get(Visitor().sign_in(f"{browser.begin()}&{urlencode(added)}", SYSTEM)).status == 200


def test_reference_is_good_at_its_own_provider_and_for_its_own_client_alone(pushed: PortalWorld) -> None:
    honest = str(pushed.settings.oidc_issuer)
    begun = Browser(pushed, SITE).begin()
    with running(secret=SECRET, pushed="offered") as other:
        changed = begun.replace(honest, other), begun.replace("client_id=portal", "client_id=other"), begun[:-1]
        for answer in map(Visitor().get, changed):
            assert answer.status_code == 400 or "error=" in answer.headers["location"]
            assert "code=" not in answer.headers.get("location", "")


def test_provider_that_requires_pushed_requests_takes_no_other(carried: PortalWorld) -> None:
    honest = str(carried.settings.oidc_issuer)
    begun = Browser(carried, SITE).begin()
    with running(secret=SECRET, pushed="required") as strict:
        answer = Visitor().get(begun.replace(honest, strict))
        assert answer.status_code in (302, 303, 400)
        assert "code=" not in answer.headers.get("location", "")


def test_nobody_signs_in_at_a_provider_that_takes_none_when_they_are_required(tmp_path: Path) -> None:
    with (
        running(secret=SECRET, pushed="off") as found,
        portal_at(found, tmp_path, oidc_pushed_requests="required") as opened,
    ):
        assert Browser(opened, SITE).get("/sign-in").status == 503


def test_portal_of_another_secret_pushes_nothing(tmp_path: Path) -> None:
    with (
        running(secret=SECRET, pushed="required") as found,
        portal_at(found, tmp_path, SECRET[::-1]) as opened,
    ):
        assert Browser(opened, SITE).get("/sign-in").status == 403


def test_keys_that_the_provider_never_published_verify_nothing(world: PortalWorld, tmp_path: Path) -> None:
    client: Any = world.portal.sign_in_desk.client
    with running(secret=SECRET) as other, portal_at(other, tmp_path) as second:
        elsewhere: Any = second.portal.sign_in_desk.client
        browser = Browser(second, SITE)
        address = Visitor().sign_in(browser.begin(), SYSTEM)
        assert browser.get(address).status == 200
        sessions = second.portal.sign_in_desk.staff.sessions
        (session,) = sessions.list(second.portal.road.now())
        keys = world.run(client.directory.keys())
        expected = ExpectedToken(elsewhere.settings.issuer, "portal", "n", "a")
        with pytest.raises(SignInRefused):
            verify_id_token(str(session.id_token), keys, expected, second.portal.road.now())
