"""Identity tokens: one that the provider made for this sign-in is taken; whatever is off is not (T6, T48)."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from joserfc.jwk import RSAKey

from portal.identity.id_tokens import MAX_CHARACTERS, ExpectedToken, UnknownKey, verify_id_token
from portal.identity.provider import parse_key_set
from portal.identity.segments import encode_segment
from portal.identity.sign_in_faults import SignInReason, SignInRefused
from tests.fixtures.provider_keys import (
    ACCESS_TOKEN,
    CLIENT,
    ISSUER,
    NONCE,
    USER,
    claims_of,
    key_of,
    published,
    sign,
    unsigned,
)

pytestmark = [pytest.mark.clause("threats.md T48"), pytest.mark.clause("WH-28")]

NOW = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)
ALGORITHMS = ("RS256", "PS256", "ES256", "Ed25519")
EXPECTED = ExpectedToken(ISSUER, CLIENT, NONCE, ACCESS_TOKEN)
KEYS = parse_key_set(published(*(key_of(algorithm) for algorithm in ALGORITHMS)))
SECONDS = int(NOW.timestamp())


def own(algorithm: str = "ES256", **changed: object) -> str:
    return sign(claims_of(NOW, **changed), key_of(algorithm), algorithm)


def half_hash(algorithm: str, text: str = ACCESS_TOKEN) -> str:
    name = "sha512" if algorithm.startswith("Ed") else "sha256"
    digest = hashlib.new(name, text.encode()).digest()
    return encode_segment(digest[: len(digest) // 2])


def refused(token: str, expected: ExpectedToken = EXPECTED, now: datetime = NOW) -> SignInRefused:
    with pytest.raises(SignInRefused) as raised:
        verify_id_token(token, KEYS, expected, now)
    assert raised.value.reason is SignInReason.ID_TOKEN
    return raised.value


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_token_of_the_provider_is_taken(algorithm: str) -> None:
    identity = verify_id_token(own(algorithm, at_hash=half_hash(algorithm), acr="cert"), KEYS, EXPECTED, NOW)
    assert (identity.name, identity.context) == (USER, "cert")


def test_edwards_key_is_taken_by_its_former_name() -> None:
    token = sign(claims_of(NOW), key_of("EdDSA"), "EdDSA")
    keys = parse_key_set(published(key_of("EdDSA")))
    assert verify_id_token(token, keys, EXPECTED, NOW).name == USER


def test_named_claim_is_the_user() -> None:
    expected = ExpectedToken(ISSUER, CLIENT, NONCE, ACCESS_TOKEN, "employee")
    assert verify_id_token(own(employee="clerk"), KEYS, expected, NOW).name == "clerk"


def test_audience_may_be_a_list_of_the_portal_alone() -> None:
    assert verify_id_token(own(aud=[CLIENT], azp=CLIENT), KEYS, EXPECTED, NOW).name == USER


CLAIMS: dict[str, dict[str, object]] = {
    "issuer missing": {"iss": None},
    "issuer another": {"iss": "https://evil.example"},
    "issuer with a slash": {"iss": ISSUER + "/"},
    "issuer in capitals": {"iss": ISSUER.upper()},
    "issuer in a list": {"iss": [ISSUER]},
    "issuer empty": {"iss": ""},
    "audience missing": {"aud": None},
    "audience another": {"aud": "other"},
    "audience empty": {"aud": []},
    "audience of others too": {"aud": [CLIENT, "other"]},
    "audience of others too, for us": {"aud": [CLIENT, "other"], "azp": CLIENT},
    "audience twice": {"aud": [CLIENT, CLIENT]},
    "audience a number": {"aud": 1},
    "authorised party another": {"azp": "other"},
    "subject missing": {"sub": None},
    "subject empty": {"sub": ""},
    "subject a number": {"sub": 17},
    "subject a list": {"sub": [USER]},
    "subject too long": {"sub": "a" * 300},
    "subject with a line end": {"sub": "system-1\n"},
    "nonce missing": {"nonce": None},
    "nonce another": {"nonce": "another"},
    "nonce empty": {"nonce": ""},
    "nonce a list": {"nonce": [NONCE]},
    "nonce a number": {"nonce": 0},
    "nonce longer": {"nonce": NONCE + "x"},
    "expired": {"exp": SECONDS - 1},
    "expired this second": {"exp": SECONDS},
    "expiry missing": {"exp": None},
    "expiry a text": {"exp": str(SECONDS + 300)},
    "expiry true": {"exp": True},
    "expiry a fraction": {"exp": SECONDS + 0.5},
    "expiry before issue": {"iat": SECONDS, "exp": SECONDS - 400},
    "issue missing": {"iat": None},
    "issue a text": {"iat": str(SECONDS)},
    "issued later": {"iat": SECONDS + 60},
    "issued long ago": {"iat": SECONDS - 3600},
    "not valid yet": {"nbf": SECONDS + 600},
    "hash of another access token": {"at_hash": half_hash("ES256", "another")},
    "hash whole": {"at_hash": encode_segment(hashlib.sha256(ACCESS_TOKEN.encode()).digest())},
    "hash empty": {"at_hash": ""},
    "hash a number": {"at_hash": 1},
    "hash null-like": {"at_hash": False},
}


@pytest.mark.parametrize("changed", CLAIMS.values(), ids=CLAIMS)
def test_token_is_refused_when_a_claim_is_off(changed: dict[str, object]) -> None:
    refused(own("ES256", **changed))


HEADERS: dict[str, dict[str, object]] = {
    "critical member": {"crit": ["exp"]},
    "type of an access token": {"typ": "at+jwt"},
    "type of a logout token": {"typ": "logout+jwt"},
    "key id a number": {"kid": 1},
    "key id of another algorithm's key": {"kid": "own-RS256"},
    "key id of nobody": {"kid": "nobody"},
    "key id empty": {"kid": ""},
    "key id a path": {"kid": "../../dev/null"},
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_token_is_refused_when_its_header_is_off(header: dict[str, object]) -> None:
    refused(sign(claims_of(NOW), key_of("ES256"), "ES256", **header))


@pytest.mark.parametrize("named", ["jwk", "jku", "x5u", "x5c"])
def test_key_in_the_header_chooses_nothing(named: str) -> None:
    foreign = key_of("ES256", "foreign")
    value: object = foreign.as_dict(private=False) if named == "jwk" else ["https://evil.example/keys"]
    refused(sign(claims_of(NOW), foreign, "ES256", **{named: value, "kid": "own-ES256"}))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_token_of_a_foreign_key_is_refused(algorithm: str) -> None:
    foreign = key_of(algorithm, "foreign")
    refused(sign(claims_of(NOW), foreign, algorithm))
    refused(sign(claims_of(NOW), foreign, algorithm, kid=f"own-{algorithm}"))
    refused(sign(claims_of(NOW), foreign, algorithm, kid=None))


def test_key_that_is_not_known_is_told_apart_from_a_wrong_signature() -> None:
    assert isinstance(refused(sign(claims_of(NOW), key_of("ES256", "foreign"), "ES256")), UnknownKey)
    assert not isinstance(
        refused(sign(claims_of(NOW), key_of("ES256", "foreign"), "ES256", kid="own-ES256")), UnknownKey
    )


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", "", "HS256", "RS1", "ES256K", "dir"])
def test_token_without_signature_is_refused(algorithm: str) -> None:
    refused(unsigned(claims_of(NOW), algorithm))


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
@pytest.mark.parametrize("secret", ["portal", "public key", "json of the key"])
def test_token_with_a_shared_secret_is_refused(algorithm: str, secret: str) -> None:
    public = cast("RSAKey", key_of("RS256"))
    octets = {
        "portal": b"portal",
        "public key": public.as_pem(private=False),
        "json of the key": json.dumps(public.as_dict(private=False)).encode(),
    }[secret]
    signed = unsigned(claims_of(NOW), algorithm).removesuffix(".")
    digest = hmac.digest(octets, signed.encode(), f"sha{algorithm[2:]}")
    refused(f"{signed}.{encode_segment(digest)}")


@pytest.mark.parametrize(
    "token",
    ["", ".", "..", "a.b.c", "a.b", "a.b.c.d", "a.b.c.d.e", "null", "{}", "é.é.é", "a" * (MAX_CHARACTERS + 1)],
    ids=lambda token: token[:10],
)
def test_what_is_no_token_is_refused(token: str) -> None:
    refused(token)


def test_token_is_refused_when_any_octet_is_another() -> None:
    token = own()
    for place in range(0, len(token), 7):
        changed = "A" if token[place] != "A" else "B"
        refused(token[:place] + changed + token[place + 1 :])


def test_token_is_refused_when_kept_for_later() -> None:
    refused(own(exp=SECONDS + 86400), now=NOW + timedelta(minutes=6))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_hash_of_the_access_token_is_made_as_the_algorithm_is(algorithm: str) -> None:
    wrong = half_hash("RS256" if algorithm == "Ed25519" else "Ed25519")
    refused(own(algorithm, at_hash=wrong))
