"""Certificates that a proxy tells: tokens bound to them, and nobody but the proxy who could tell one (T9, RFC 8705)."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from portal.agreements.signing import Signer
from portal.app import token_authority
from portal.certificates.certificates import thumbprint
from portal.certificates.jose import Algorithm
from portal.errors import ConfigurationError
from portal.identity.tokens import verify_token
from tests.fixtures.assertions import certificate_file, key_file
from tests.fixtures.authority import BYSTANDER, CONSUMER, authority, foreign_authority
from tests.fixtures.portal_world import Answer, PortalWorld, open_world
from tests.fixtures.sharing_bundle import CHECKER, sharing_bundle
from tests.fixtures.small_bundle import BundleDraft

pytestmark = [pytest.mark.clause("T9"), pytest.mark.clause("T23")]

DOCUMENT = "{ shared { villages(purpose: WORK_REFERENCE) { nodes { code name population } } } }"
SECRET = "0123456789abcdef0123456789abcdef"
SIGNER = authority().certify(CONSUMER, "合成应用", Algorithm.ES256)
OTHER = authority().certify(CONSUMER, "合成应用二", Algorithm.ES256)
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
FIELDS = {"grant_type": "client_credentials", "client_id": "checker"}


def bundle(key: bytes = key_file(SIGNER)) -> BundleDraft:
    draft = sharing_bundle()
    draft.keys |= {**authority().files(), "checker.pem": key}
    draft.applications[0] += "checker.pem"
    return draft


def secret_file(folder: Path, text: str = SECRET, mode: int = 0o600) -> Path:
    path = folder / "proxy-secret"
    path.write_text(f"{text}\n")
    path.chmod(mode)
    return path


def settings_of(folder: Path) -> dict[str, str]:
    return {
        "client_certificate_header": "X-Client-Cert",
        "proxy_secret_file": str(secret_file(folder)),
        "trusted_proxies": "127.0.0.1/32",
    }


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PortalWorld]:
    with open_world(bundle(), tmp_path, **settings_of(tmp_path)) as opened:
        yield opened


def told(signer: Signer = SIGNER, changed: Mapping[str, str] | None = None) -> dict[str, str]:
    """What the proxy adds to the request of who showed the certificate."""
    pem = signer.chain[0].public_bytes(Encoding.PEM).decode()
    return {"X-Client-Cert": quote(pem, safe=""), "X-Proxy-Secret": SECRET, **(changed or {})}


def ask_token(world: PortalWorld, headers: dict[str, str], **changed: str) -> Answer:
    fields = {**FIELDS, **changed}
    return world.send("POST", "/token", content=urlencode(fields).encode(), headers={**FORM, **headers})


def token_of(world: PortalWorld) -> str:
    granted = ask_token(world, told())
    assert granted.status == 200, granted.payload
    return str(granted.payload["access_token"])


@pytest.mark.parametrize("register", [key_file, certificate_file])
def test_application_gets_a_token_by_its_certificate_and_asks_over_its_connection(
    tmp_path: Path, register: object
) -> None:
    assert callable(register)
    with open_world(bundle(register(SIGNER)), tmp_path, **settings_of(tmp_path)) as world:
        granted = ask_token(world, told())
        assert (granted.status, granted.payload["token_type"]) == (200, "Bearer")
        token = str(granted.payload["access_token"])
        claims = verify_token(token, token_authority(world.settings, world.keys), world.portal.road.now())
        assert claims.confirmation is not None
        assert claims.confirmation.thumbprint == thumbprint(SIGNER.chain[0])
        answer = world.ask(DOCUMENT, headers={"Authorization": f"Bearer {token}", **told()})
        assert answer.payload == world.ask(DOCUMENT, by=CHECKER).payload


def test_token_is_refused_over_any_other_connection(world: PortalWorld) -> None:
    token = token_of(world)
    for headers, said in (
        (told(OTHER), "another certificate"),
        ({}, "shows none"),
        ({"X-Proxy-Secret": SECRET}, "none"),
    ):
        refused = world.ask(DOCUMENT, headers={"Authorization": f"Bearer {token}", **headers})
        assert (refused.status, refused.codes) == (401, ["UNAUTHENTICATED"])
        assert said in refused.errors[0]["message"]


SPOOFED: dict[str, dict[str, str]] = {
    "without the secret": {"X-Proxy-Secret": ""},
    "with another secret": {"X-Proxy-Secret": SECRET[::-1]},
    "with a part of it": {"X-Proxy-Secret": SECRET[:-1]},
    "with more than it": {"X-Proxy-Secret": SECRET + "0"},
    "in capitals": {"X-Proxy-Secret": SECRET.upper()},
    "no certificate": {"X-Client-Cert": "x"},
    "an empty certificate": {"X-Client-Cert": " "},
    "a certificate that isn't encoded": {"X-Client-Cert": "-----BEGIN CERTIFICATE-----"},
    "two certificates": {"X-Client-Cert": quote(certificate_file(SIGNER).decode(), safe="")},
    "a private key": {"X-Client-Cert": quote("-----BEGIN PRIVATE KEY-----\nMC4=\n-----END PRIVATE KEY-----\n")},
    "not of this alphabet": {"X-Client-Cert": "%ff%fe"},
    "too long": {"X-Client-Cert": "A" * 20_000},
}


@pytest.mark.parametrize("changed", SPOOFED.values(), ids=SPOOFED.keys())
@pytest.mark.parametrize("by", [None, CHECKER, "bound"])
def test_header_is_refused_and_never_ignored_when_it_is_not_the_proxys(
    world: PortalWorld, changed: dict[str, str], by: str | None
) -> None:
    authorization = f"Bearer {token_of(world) if by == 'bound' else world.token(CHECKER)}"
    headers = {**told(changed=changed), **({} if by is None else {"Authorization": authorization})}
    asked = world.ask(DOCUMENT, headers=headers)
    # The public is told by no certificate, so that none is looked at.
    assert (asked.status == 200) is (by is None)
    assert ask_token(world, told(changed=changed)).status == 401


@pytest.mark.parametrize(
    "name", ["X-SSL-Client-Cert", "X-Client-Certificate", "SSL-Client-Cert", "X-Forwarded-Client-Cert", "Client-Cert"]
)
def test_other_headers_tell_nothing(world: PortalWorld, name: str) -> None:
    headers = {name: told()["X-Client-Cert"], "X-Proxy-Secret": SECRET}
    assert ask_token(world, headers).status == 401
    refused = world.ask(DOCUMENT, headers={"Authorization": f"Bearer {token_of(world)}", **headers})
    assert refused.status == 401


def test_header_from_elsewhere_is_refused_even_with_the_secret(tmp_path: Path) -> None:
    with open_world(bundle(), tmp_path, **{**settings_of(tmp_path), "trusted_proxies": "192.0.2.1/32"}) as world:
        assert ask_token(world, told()).status == 401
        assert ask_token(world, told(changed={"X-Forwarded-For": "192.0.2.1"})).status == 401


def test_header_means_nothing_where_none_is_set(tmp_path: Path) -> None:
    with open_world(bundle(), tmp_path, trusted_proxies="127.0.0.1/32") as world:
        assert ask_token(world, told()).status == 401
        assert world.ask(DOCUMENT, by=CHECKER, headers=told()).status == 200
        metadata = world.send("GET", "/.well-known/oauth-authorization-server").payload
        assert metadata["token_endpoint_auth_methods_supported"] == ["private_key_jwt"]
        assert metadata["tls_client_certificate_bound_access_tokens"] is False


def test_metadata_tell_of_certificates(world: PortalWorld) -> None:
    metadata = world.send("GET", "/.well-known/oauth-authorization-server").payload
    assert metadata["token_endpoint_auth_methods_supported"] == ["private_key_jwt", "tls_client_auth"]
    assert metadata["tls_client_certificate_bound_access_tokens"] is True


@pytest.mark.parametrize(
    ("signer", "client", "said"),
    [
        (OTHER, "checker", "isn't the one that is registered"),
        (authority().certify(BYSTANDER, "合成旁观方", Algorithm.ES256), "checker", "isn't the one that is registered"),
        (foreign_authority().certify(CONSUMER, "合成应用", Algorithm.ES256), "checker", "isn't the one"),
        (SIGNER, "planner", "names no application"),
        (SIGNER, "nobody", "names no application"),
        (SIGNER, "", "names no application"),
    ],
)
def test_certificate_of_somebody_else_gives_no_token(
    world: PortalWorld, signer: Signer, client: str, said: str
) -> None:
    refused = ask_token(world, told(signer), client_id=client)
    assert (refused.status, refused.payload["error"]) == (401, "invalid_client")
    assert said in str(refused.payload["error_description"])


def test_certificate_that_was_revoked_gives_no_token(world: PortalWorld, tmp_path: Path) -> None:
    token_of(world)
    revoked = bundle()
    revoked.keys |= authority().files([SIGNER.chain[0]])
    world.load(revoked, tmp_path / "revoked")
    assert "is revoked" in str(ask_token(world, told()).payload["error_description"])


def refuse_to_start(folder: Path, settings: Mapping[str, str], said: str) -> None:
    with ExitStack() as stack, pytest.raises(ConfigurationError, match=said):
        stack.enter_context(open_world(bundle(), folder, **settings))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"proxy_secret_file": ""}, "needs `PORTAL_PROXY_SECRET_FILE`"),
        ({"trusted_proxies": ""}, "needs `PORTAL_PROXY_SECRET_FILE`"),
        ({"proxy_secret_file": "/nowhere/secret"}, "can't be read"),
    ],
)
def test_portal_does_not_start_with_half_of_it(tmp_path: Path, changed: dict[str, str], said: str) -> None:
    refuse_to_start(tmp_path, {**settings_of(tmp_path), **changed}, said)


@pytest.mark.parametrize(
    ("text", "mode", "said"),
    [
        (SECRET, 0o640, "others may read"),
        (SECRET, 0o604, "others may read"),
        (SECRET[1:], 0o600, "shorter than 32"),
        ("", 0o600, "shorter than 32"),
    ],
)
def test_portal_does_not_start_with_a_secret_that_is_none(tmp_path: Path, text: str, mode: int, said: str) -> None:
    settings = settings_of(tmp_path)
    secret_file(tmp_path, text, mode)
    with pytest.raises(ConfigurationError, match=said), open_world(bundle(), tmp_path, **settings):
        pass
