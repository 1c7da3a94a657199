"""Applications whose authority's revocation list is past its term get no token, until the new one is loaded (T23)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from tests.fixtures.authority import renewed_by
from tests.fixtures.portal_world import PortalWorld, open_world
from tests.fixtures.small_bundle import BundleDraft
from tests.fixtures.token_clients import (
    SIGNER,
    about,
    ask_with,
    bundle,
    form,
    introspect,
    post,
    revoke,
    send_form,
    token_of,
)

pytestmark = pytest.mark.clause("threats.md T23")

SECRET = "0123456789abcdef0123456789abcdef"
LISTS = ("ca/issuing.crl", "ca/root.crl")


def listed(ago: timedelta, *paths: str) -> BundleDraft:
    """The bundle, with lists that were to be renewed so long ago."""
    draft, lists = bundle(), renewed_by((datetime.now(UTC) - ago).replace(microsecond=0))
    draft.keys |= {path: lists[path] for path in paths or LISTS}
    return draft


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PortalWorld]:
    with open_world(listed(timedelta(hours=1)), tmp_path) as opened:
        yield opened


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("ago", [timedelta(seconds=5), timedelta(minutes=10), timedelta(days=1), timedelta(days=300)])
def test_no_token_is_given_when_a_list_over_the_certificate_is_past(tmp_path: Path, path: str, ago: timedelta) -> None:
    with open_world(listed(ago, path), tmp_path) as world:
        refused = post(world, form(), **{"Accept-Language": "zh"})
        assert (refused.status, refused.payload["error"]) == (401, "invalid_client")
        assert f"keys/{path}" in str(refused.payload["error_description"])
        assert "认证机构的新列表" in str(refused.payload["message"])
        assert "access_token" not in refused.payload


@pytest.mark.parametrize("path", ["/introspect", "/revoke"])
def test_nothing_is_asked_of_tokens_then(world: PortalWorld, path: str) -> None:
    refused = send_form(world, path, about(world.token("application:checker")))
    assert (refused.status, refused.payload["error"]) == (401, "invalid_client")
    assert "active" not in refused.payload


def test_connection_with_the_certificate_gives_none_either(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    settings = {
        "client_certificate_header": "X-Client-Cert",
        "proxy_secret_file": str(secret),
        "trusted_proxies": "127.0.0.1/32",
    }
    told = {
        "X-Client-Cert": quote(SIGNER.chain[0].public_bytes(Encoding.PEM).decode(), safe=""),
        "X-Proxy-Secret": SECRET,
    }
    fields = {"grant_type": "client_credentials", "client_id": "checker", "token": "x"}
    with open_world(listed(timedelta(hours=1)), tmp_path, **settings) as world:
        for path in ("/token", "/introspect", "/revoke"):
            refused = send_form(world, path, fields, told)
            assert (refused.status, refused.payload["error"]) == (401, "invalid_client")
            assert "nobody knows" in str(refused.payload["error_description"])
        world.load(listed(-timedelta(hours=1)), tmp_path / "renewed")
        token = str(send_form(world, "/token", fields, told).payload["access_token"])
        for path, nothing in (("/introspect", {"active": False}), ("/revoke", {})):
            assert send_form(world, path, fields, told).payload == nothing
        assert send_form(world, "/introspect", {**fields, "token": token}, told).payload["token_type"] == "Bearer"
        assert send_form(world, "/revoke", {**fields, "token": token}, told).status == 200
        refused = world.ask("{ __typename }", headers={"Authorization": f"Bearer {token}", **told})
        assert (refused.status, refused.errors[0]["message"]) == (401, "the token was revoked; get a new one")


def test_new_list_mends_it(world: PortalWorld, tmp_path: Path) -> None:
    assert post(world, form()).status == 401
    world.load(listed(-timedelta(hours=1)), tmp_path / "renewed")
    token = token_of(world)
    assert ask_with(world, token).status == 200
    assert introspect(world, token).payload["active"] is True
    assert revoke(world, token).status == 200


def test_list_ends_while_the_portal_goes_on(tmp_path: Path) -> None:
    """The store is read once an epoch; the term is held against each request."""
    with open_world(listed(-timedelta(hours=1)), tmp_path) as world:
        assert token_of(world)
        desk = world.portal.token_desk
        epoch, store = desk._trust.kept
        world.load(listed(timedelta(seconds=1)), tmp_path / "ended")
        assert post(world, form()).status == 401
        assert desk._trust.kept[0] == epoch + 1
        assert desk._trust.kept[1] != store


@pytest.mark.parametrize(("seconds", "status"), [("3500", 401), ("3700", 200), ("2592000", 200)])
def test_grace_is_as_long_as_it_is_set(tmp_path: Path, seconds: str, status: int) -> None:
    draft = listed(timedelta(hours=1))
    with open_world(draft, tmp_path, revocation_list_grace_seconds=seconds) as world:
        assert post(world, form()).status == status


def test_agreements_hold_all_the_same(world: PortalWorld, tmp_path: Path) -> None:
    """What was signed stays signed: the load itself takes the content."""
    assert world.load(listed(timedelta(days=2)), tmp_path / "again").epoch > 1
