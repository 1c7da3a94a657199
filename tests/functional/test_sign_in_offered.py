"""Where signing in is offered at all: under the portal's names, with a provider, and not too often."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.browser import Browser
from tests.fixtures.identity_provider import SECRET, IdentityProvider, identity_provider
from tests.fixtures.portal_world import open_world
from tests.fixtures.signing_in import SECURE_SITE
from tests.fixtures.staff import staffed_bundle

pytestmark = pytest.mark.clause("threats.md T8")


@pytest.fixture(scope="module")
def running() -> Iterator[IdentityProvider]:
    with identity_provider() as provider:
        yield provider


def test_host_is_checked_everywhere(running: IdentityProvider, tmp_path: Path) -> None:
    settings = {"oidc_issuer": running.issuer, "public_url": SECURE_SITE, "allowed_hosts": "portal.test"}
    with open_world(staffed_bundle(), tmp_path, **settings) as world:
        for path in ("/sign-in", "/sign-in/callback?state=a", "/session"):
            assert Browser(world, SECURE_SITE, headers={"Host": "evil.example"}).get(path).status == 421
        assert Browser(world, SECURE_SITE, headers={"Host": "evil.example"}).post("/sign-out").status == 421


def test_portal_without_provider_offers_nothing_and_says_so(tmp_path: Path) -> None:
    with open_world(staffed_bundle(), tmp_path) as world:
        browser = Browser(world, SECURE_SITE)
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
    settings = {"oidc_issuer": running.issuer, "public_url": SECURE_SITE, "oidc_client_secret_file": str(secret)}
    with open_world(staffed_bundle(), tmp_path, **settings) as world:
        browser = Browser(world, SECURE_SITE, address="192.0.2.1")
        statuses = [browser.get("/sign-in").status for _ in range(40)]
        assert statuses[0] == 303
        assert 429 in statuses
