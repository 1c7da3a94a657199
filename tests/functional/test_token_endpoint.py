"""Applications get tokens by the key of their certificate, bound to a key of theirs, and ask with them (T23, T24)."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx2
import pytest
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from joserfc import jwt
from joserfc.jwk import KeySet

from portal.certificates.jose import Algorithm
from tests.fixtures.assertions import (
    certificate_file,
    jose_key,
)
from tests.fixtures.authority import BYSTANDER, authority
from tests.fixtures.portal_world import PortalWorld, open_world
from tests.fixtures.proofs import P256
from tests.fixtures.sharing_bundle import CHECKER
from tests.fixtures.token_clients import (
    DOCUMENT,
    FORM,
    SIGNER,
    SITE,
    TOKEN_URL,
    ask_with,
    assertion,
    bundle,
    form,
    post,
    proof_of,
)

pytestmark = [pytest.mark.clause("T23"), pytest.mark.clause("T24")]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PortalWorld]:
    with open_world(bundle(), tmp_path) as opened:
        yield opened


def test_application_gets_a_bound_token_and_is_answered_with_it(world: PortalWorld) -> None:
    granted = post(world, form(), DPoP=proof_of())
    assert granted.status == 200
    assert granted.headers["cache-control"] == "no-store"
    assert (granted.payload["token_type"], granted.payload["expires_in"]) == ("DPoP", 300)
    token = str(granted.payload["access_token"])
    answer = ask_with(world, token)
    assert (answer.status, answer.codes) == (200, [])
    assert answer.payload == world.ask(DOCUMENT, by=CHECKER).payload


def test_no_token_leaves_that_is_bound_to_nothing(world: PortalWorld) -> None:
    refused = post(world, form(), DPoP="-")
    assert (refused.status, refused.payload["error"]) == (400, "invalid_dpop_proof")
    assert "send a header `DPoP`" in str(refused.payload["error_description"])
    assert "access_token" not in refused.payload


def test_token_says_who_asks_and_to_which_key_it_is_bound(world: PortalWorld) -> None:
    granted = post(world, form())
    keys = KeySet.import_key_set(world.send("GET", "/jwks").payload)  # type: ignore[arg-type]
    token = jwt.decode(str(granted.payload["access_token"]), keys, algorithms=["Ed25519"])
    assert token.header["typ"] == "at+jwt"
    said = {name: token.claims[name] for name in ("sub", "client_id", "auth_level", "network_zone")}
    assert said == {
        "sub": "application:checker",
        "client_id": "checker",
        "auth_level": 2,
        "network_zone": "government",
    }
    assert token.claims["exp"] - token.claims["iat"] == 300
    assert token.claims["cnf"] == {"jkt": P256.thumbprint()}


def test_a_client_library_gets_a_token_and_is_answered_by_the_registered_certificate(tmp_path: Path) -> None:
    with open_world(bundle(certificate_file(SIGNER)), tmp_path) as world:

        async def fetch() -> Mapping[str, object]:
            method = PrivateKeyJWT(TOKEN_URL, alg="ES256")
            transport = world.client._transport
            async with AsyncOAuth2Client(
                "checker", jose_key(SIGNER), token_endpoint_auth_method=method, transport=transport
            ) as client:
                found: Mapping[str, object] = await client.fetch_token(
                    TOKEN_URL, grant_type="client_credentials", headers={"DPoP": proof_of()}
                )
                return found

        answer = ask_with(world, str(world.run(fetch())["access_token"]))
        assert (answer.status, answer.codes) == (200, [])


def test_metadata_are_what_clients_ask_for(world: PortalWorld) -> None:
    answer = world.send("GET", "/.well-known/oauth-authorization-server")
    assert answer.payload["token_endpoint"] == TOKEN_URL
    assert answer.payload["jwks_uri"] == f"{SITE}/jwks"
    secure = {
        name: value.replace("http://", "https://") if isinstance(value, str) else value
        for name, value in answer.payload.items()
    }
    found = AuthorizationServerMetadata(secure)
    for name in AuthorizationServerMetadata.REGISTRY_KEYS:
        # There is no authorization endpoint, so no type of its responses, which the library misses.
        if name != "response_types_supported":
            getattr(found, f"validate_{name}")()


@pytest.mark.clause("T8")
@pytest.mark.parametrize(("host", "status"), [("elsewhere.test", 421), ("a b", 400), ("portal.test/x", 400)])
def test_nothing_is_told_under_another_name(tmp_path: Path, host: str, status: int) -> None:
    with open_world(bundle(), tmp_path, allowed_hosts="portal.test") as world:
        told = world.send("GET", "/.well-known/oauth-authorization-server", headers={"Host": host})
        assert (told.status, told.payload["error"]) == (status, "invalid_request")
        assert "token_endpoint" not in told.payload
        refused = post(world, form(), Host=host)
        assert (refused.status, refused.payload["error"]) == (status, "invalid_request")


def test_addresses_are_those_that_are_set(tmp_path: Path) -> None:
    site = "https://share.example.gov.cn"
    with open_world(bundle(), tmp_path, public_url=site, issuer=site) as world:
        metadata = world.send("GET", "/.well-known/oauth-authorization-server").payload
        assert (metadata["issuer"], metadata["token_endpoint"]) == (site, f"{site}/token")
        assert post(world, form(client_assertion=assertion(aud=site))).status == 200
        assert post(world, form(client_assertion=assertion(aud=f"{site}/token"))).status == 200
        assert post(world, form()).status == 401


def test_assertion_and_proof_count_once(world: PortalWorld) -> None:
    said, proof = assertion(), proof_of()
    assert post(world, form(client_assertion=said), DPoP=proof).status == 200
    for again in ({"client_assertion": said}, {}):
        refused = post(world, form(**again), DPoP=proof)
        assert refused.status == 401
        assert refused.payload["error"] == "invalid_client"
        assert "used before" in str(refused.payload["error_description"])
        assert "access_token" not in refused.payload
    refused = post(world, form(client_assertion=said), DPoP=proof_of())
    assert refused.status == 401


def test_assertion_is_used_up_by_a_request_that_is_refused_for_something_else(world: PortalWorld) -> None:
    said = assertion()
    assert post(world, form(client_assertion=said), DPoP="x").payload["error"] == "invalid_dpop_proof"
    assert post(world, form(client_assertion=said)).status == 401


REFUSED: dict[str, tuple[dict[str, str], int, str, str]] = {
    "no grant type": ({"grant_type": "-"}, 400, "unsupported_grant_type", ""),
    "another grant type": ({"grant_type": "authorization_code"}, 400, "unsupported_grant_type", ""),
    "a password": ({"grant_type": "password"}, 400, "unsupported_grant_type", ""),
    "no assertion": ({"client_assertion": "-"}, 401, "invalid_client", "send a signed `client_assertion`"),
    "an empty assertion": ({"client_assertion": " "}, 401, "invalid_client", "isn't a JSON web token"),
    "no type": ({"client_assertion_type": "-"}, 401, "invalid_client", "send a signed"),
    "a SAML type": (
        {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"},
        401,
        "invalid_client",
        "send a signed",
    ),
    "a secret": ({"client_assertion": "-", "client_secret": "x", "client_id": "checker"}, 401, "invalid_client", ""),
    "another client id": ({"client_id": "planner"}, 401, "invalid_client", "`client_id` isn't"),
    "nobody": ({"client_assertion": assertion(client="nobody")}, 401, "invalid_client", "isn't registered"),
    "an application without a key": (
        {"client_assertion": assertion(client="planner")},
        401,
        "invalid_client",
        "isn't registered with a key",
    ),
    "another department's certificate": (
        {"client_assertion": assertion(authority().certify(BYSTANDER, "合成旁观方", Algorithm.ES256))},
        401,
        "invalid_client",
        "isn't the one that is registered",
    ),
    "for another server": (
        {"client_assertion": assertion(aud="https://elsewhere.test/token")},
        401,
        "invalid_client",
        "let `aud` be one of",
    ),
}


@pytest.mark.parametrize(("changed", "status", "error", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_request_is_refused_by_the_error_of_the_standard(
    world: PortalWorld, changed: dict[str, str], status: int, error: str, said: str
) -> None:
    refused = post(world, form(**changed), **{"Accept-Language": "zh"})
    assert (refused.status, refused.payload["error"]) == (status, error)
    assert "access_token" not in refused.payload
    description = str(refused.payload.get("error_description", ""))
    assert said in description
    assert all(" " <= one <= "~" and one not in '"\\' for one in description)
    if said:
        assert any("一" <= one <= "鿿" for one in str(refused.payload["message"]))


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"grant_type", FORM, 400),
        (b"grant_type=client_credentials&grant_type=client_credentials", FORM, 400),
        (b"%ff=%ff", FORM, 400),
        (b"&".join(b"a%d=1" % number for number in range(30)), FORM, 400),
        (b"a=" + b"x" * 70_000, FORM, 413),
        (b"{}", {"Content-Type": "application/json"}, 415),
        (b"grant_type=client_credentials", {"Content-Type": "text/plain"}, 415),
        (b"grant_type=client_credentials", {**FORM, "Host": "a b"}, 400),
    ],
)
def test_what_is_no_form_is_refused(world: PortalWorld, content: bytes, headers: dict[str, str], status: int) -> None:
    refused = world.send("POST", "/token", content=content, headers=headers)
    assert (refused.status, refused.payload["error"]) == (status, "invalid_request")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_token_is_asked_for_by_post_alone(world: PortalWorld, method: str) -> None:
    refused = world.send(method, "/token")
    assert (refused.status, refused.headers["allow"]) == (405, "POST, OPTIONS")


def test_application_that_was_removed_gets_no_token_and_its_tokens_end(world: PortalWorld, tmp_path: Path) -> None:
    token = str(post(world, form()).payload["access_token"])
    without = bundle()
    del without.applications[0]
    without.policies = {name: one for name, one in without.policies.items() if "checker" not in str(one)}
    world.load(without, tmp_path / "without")
    assert post(world, form()).status == 401
    assert ask_with(world, token).status == 401


def test_application_whose_certificate_was_revoked_gets_no_token(world: PortalWorld, tmp_path: Path) -> None:
    assert post(world, form()).status == 200
    revoked = bundle()
    revoked.keys |= authority().files([SIGNER.chain[0]])
    world.load(revoked, tmp_path / "revoked")
    refused = post(world, form())
    assert refused.status == 401
    assert "is revoked" in str(refused.payload["error_description"])


def test_requests_count_as_the_publics(tmp_path: Path) -> None:
    with open_world(bundle(), tmp_path, public_requests_per_second="3") as world:
        statuses = [post(world, form()).status for _ in range(5)]
        assert statuses[:3] == [200, 200, 200]
        assert statuses[-1] == 429


def test_keys_are_told_until_their_tokens_have_ended(world: PortalWorld) -> None:
    keys = world.send("GET", "/jwks").payload["keys"]
    assert isinstance(keys, list)
    assert [set(key) for key in keys] == [{"kty", "crv", "x", "kid", "alg", "use"}]
    assert keys[0]["kid"] == world.keys.signing_key_id
    assert P256.thumbprint() not in str(keys)
    assert isinstance(world.client, httpx2.AsyncClient)
