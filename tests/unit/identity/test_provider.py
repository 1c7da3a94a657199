"""What a provider says of itself: good metadata and keys are read; poisoned ones refuse all of it (T49)."""

import json

import pytest
from joserfc.jwk import ECKey

from portal.identity.provider import MAX_KEYS, IdTokenAlgorithm, parse_key_set, parse_metadata
from portal.identity.sign_in_faults import SignInReason, SignInRefused
from tests.fixtures.provider_keys import ISSUER, key_of, published, small_key

pytestmark = pytest.mark.clause("threats.md T49")

METADATA = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/jwks",
    "end_session_endpoint": f"{ISSUER}/logout",
    "code_challenge_methods_supported": ["S256"],
    "authorization_response_iss_parameter_supported": True,
}


def refused(content: bytes, issuer: str = ISSUER) -> None:
    with pytest.raises(SignInRefused) as raised:
        parse_metadata(content, issuer)
    assert raised.value.reason is SignInReason.PROVIDER_UNAVAILABLE


def keys_refused(content: bytes) -> None:
    with pytest.raises(SignInRefused) as raised:
        parse_key_set(content)
    assert raised.value.reason is SignInReason.PROVIDER_UNAVAILABLE


def changed(**members: object) -> bytes:
    merged = {**METADATA, **members}
    return json.dumps({name: value for name, value in merged.items() if value is not None}).encode()


def test_metadata_are_read() -> None:
    metadata = parse_metadata(changed(), ISSUER)
    assert metadata.token_endpoint == f"{ISSUER}/token"
    assert metadata.tells_issuer
    assert metadata.end_session_endpoint == f"{ISSUER}/logout"


def test_what_is_optional_may_be_missing() -> None:
    metadata = parse_metadata(changed(end_session_endpoint=None, code_challenge_methods_supported=None), ISSUER)
    assert metadata.end_session_endpoint is None
    assert metadata.assertion_algorithms == ()


METADATA_FAULTS: dict[str, bytes] = {
    "empty": b"",
    "no JSON": b"<html>",
    "a list": b"[]",
    "null": b"null",
    "not UTF-8": b"\xff\xfe",
    "issuer missing": changed(issuer=None),
    "issuer another": changed(issuer="https://evil.example"),
    "issuer with a slash": changed(issuer=f"{ISSUER}/"),
    "issuer a list": changed(issuer=[ISSUER]),
    "plain PKCE alone": changed(code_challenge_methods_supported=["plain"]),
    "no PKCE": changed(code_challenge_methods_supported=[]),
    "PKCE a text": changed(code_challenge_methods_supported="S256"),
    "logout of plain http": changed(end_session_endpoint="http://id.example.gov.cn/logout"),
    "logout a script": changed(end_session_endpoint="javascript:alert(1)"),
    "algorithms no list": changed(token_endpoint_auth_signing_alg_values_supported="Ed25519"),
}


@pytest.mark.parametrize("content", METADATA_FAULTS.values(), ids=METADATA_FAULTS)
def test_metadata_are_refused_when_off(content: bytes) -> None:
    refused(content)


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        7,
        "http://id.example.gov.cn/x",
        "http://127.0.0.1.evil.example/x",
        "//evil.example/x",
        "/token",
        "file:///etc/passwd",
        "https://a@evil.example/x",
        "https://id.example.gov.cn/x#y",
        "https://id.example.gov.cn/x y",
        "https://id.example.gov.cn/\r\nx",
        "https://id.example.gov.cn/" + "a" * 600,
    ],
    ids=lambda address: str(address)[:30],
)
def test_metadata_are_refused_when_an_address_is_off(name: str, address: object) -> None:
    refused(changed(**{name: address}))


def test_keys_are_found_by_id_and_algorithm() -> None:
    keys = parse_key_set(published(key_of("RS256"), key_of("ES256")))
    assert keys.find(IdTokenAlgorithm.RS256, "own-RS256") is not None
    assert keys.find(IdTokenAlgorithm.RS256, None) is not None
    assert keys.find(IdTokenAlgorithm.ES256, "own-RS256") is None
    assert keys.find(IdTokenAlgorithm.ED25519, None) is None


def test_key_without_id_counts_when_it_is_the_only_one() -> None:
    keys = parse_key_set(published(key_of("ES256"), key_of("ES256", "second")))
    assert keys.find(IdTokenAlgorithm.ES256, None) is None
    assert keys.find(IdTokenAlgorithm.ES256, "second-ES256") is not None


def test_key_for_one_algorithm_serves_no_other() -> None:
    keys = parse_key_set(published(key_of("RS256"), alg="RS256"))
    assert keys.find(IdTokenAlgorithm.PS256, None) is None


SMALL = small_key()
WRONG_CURVE = ECKey.generate_key("P-521", {"kid": "curve"})
KEY_FAULTS: dict[str, bytes] = {
    "empty": b"",
    "no JSON": b"<html>",
    "no keys": b"{}",
    "none": b'{"keys": []}',
    "keys an object": b'{"keys": {}}',
    "keys of texts": b'{"keys": ["a"]}',
    "a secret": json.dumps({"keys": [key_of("HS256").as_dict(private=True)]}).encode(),
    "a private key": json.dumps({"keys": [key_of("ES256").as_dict(private=True)]}).encode(),
    "a private key beside a good one": json.dumps(
        {"keys": [key_of("RS256").as_dict(private=False), key_of("ES256").as_dict(private=True)]}
    ).encode(),
    "one id twice": json.dumps(
        {
            "keys": [
                {**key_of("ES256").as_dict(private=False), "kid": "k"},
                {**key_of("ES256", "second").as_dict(private=False), "kid": "k"},
            ]
        }
    ).encode(),
    "too many": json.dumps({"keys": [key_of("ES256").as_dict(private=False)] * (MAX_KEYS + 1)}).encode(),
    "too small": published(SMALL),
    "for encryption": published(key_of("RS256"), use="enc"),
    "kind unknown": b'{"keys": [{"kty": "XYZ"}]}',
    "kind a number": b'{"keys": [{"kty": 1}]}',
    "kind missing": b'{"keys": [{"kid": "a"}]}',
    "members missing": b'{"keys": [{"kty": "RSA", "kid": "a"}]}',
    "no point of the curve": b'{"keys": [{"kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA"}]}',
    "members of another type": b'{"keys": [{"kty": "RSA", "n": 5, "e": 3}]}',
}


@pytest.mark.parametrize("content", KEY_FAULTS.values(), ids=KEY_FAULTS)
def test_key_set_is_refused_when_poisoned(content: bytes) -> None:
    keys_refused(content)


def test_key_of_another_curve_serves_nothing() -> None:
    keys = parse_key_set(published(WRONG_CURVE))
    assert all(keys.find(algorithm, "curve") is None for algorithm in IdTokenAlgorithm)


def test_unusable_key_is_passed_over_beside_a_good_one() -> None:
    listed = [{"kty": "XYZ", "kid": "new"}, key_of("ES256").as_dict(private=False)]
    keys = parse_key_set(json.dumps({"keys": listed}).encode())
    assert keys.find(IdTokenAlgorithm.ES256, "own-ES256") is not None
