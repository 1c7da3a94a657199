"""Proofs of possession: what a client makes is taken; whatever is off, by a second or a letter, is not (T24)."""

import json
import warnings
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa_key
from joserfc.jwk import ECKey, OctKey, RSAKey

from portal.errors import Unauthenticated
from portal.identity.proofs import ALGORITHMS, ProvenRequest, token_digest, verify_proof
from portal.identity.segments import encode_segment
from tests.fixtures.proofs import KEYS, NOW, P256, REQUEST, TOKEN, URL, Members, claims, header, sign

pytestmark = pytest.mark.clause("T24")


def refused(proof: str, request: ProvenRequest = REQUEST, now: datetime = NOW) -> str:
    with pytest.raises(Unauthenticated) as caught:
        verify_proof(proof, request, now)
    assert caught.value.text.zh.startswith("DPoP 证明")
    return caught.value.text.en


@pytest.mark.parametrize("algorithm", list(ALGORITHMS))
def test_proof_is_taken_with_each_algorithm(algorithm: str) -> None:
    proof = verify_proof(sign(header(algorithm), claims()), REQUEST, NOW)
    assert proof.thumbprint == KEYS[algorithm].thumbprint()
    assert proof.expires_at == NOW + timedelta(seconds=60)


def test_proofs_differ_by_key_and_jti() -> None:
    made = [
        sign(header("ES256"), claims()),
        sign(header("ES384"), claims()),
        sign(header("ES256"), claims(jti="another-one")),
    ]
    assert len({verify_proof(one, REQUEST, NOW).digest for one in made}) == 3
    again = sign(header("ES256"), claims(iat=int(NOW.timestamp()) - 1))
    assert verify_proof(again, REQUEST, NOW).digest == verify_proof(made[0], REQUEST, NOW).digest


@pytest.mark.parametrize("seconds", [-59, -1, 0, 2])
def test_proof_is_taken_within_its_minute(seconds: int) -> None:
    verify_proof(sign(header(), claims(iat=int(NOW.timestamp()) + seconds)), REQUEST, NOW)


@pytest.mark.parametrize("seconds", [-86400, -61, -60, 3, 60, 86400])
def test_proof_is_refused_outside_its_minute(seconds: int) -> None:
    proof = sign(header(), claims(iat=int(NOW.timestamp()) + seconds))
    assert refused(proof).startswith("the DPoP proof is older" if seconds < 0 else "the DPoP proof is from the future")


@pytest.mark.parametrize(
    "url",
    [
        "https://share.example.gov.cn:443/graphql",
        "HTTPS://Share.Example.GOV.cn/graphql",
    ],
)
def test_address_is_compared_as_addresses_are(url: str) -> None:
    verify_proof(sign(header(), claims(htu=url)), REQUEST, NOW)


@pytest.mark.parametrize(
    "changed",
    [
        {"htu": "http://share.example.gov.cn/graphql"},
        {"htu": "https://share.example.gov.cn/graphql/"},
        {"htu": "https://share.example.gov.cn/GraphQL"},
        {"htu": "https://share.example.gov.cn/graphq%6c"},
        {"htu": "https://share.example.gov.cn:444/graphql"},
        {"htu": "https://share.example.gov.cn.evil.example/graphql"},
        {"htu": "https://share.example.gov.cn@evil.example/graphql"},
        {"htu": "https://user@share.example.gov.cn/graphql"},
        {"htu": "https://share.example.gov.cn/graphql?x=1"},
        {"htu": "https://share.example.gov.cn/graphql#x"},
        {"htu": "//share.example.gov.cn/graphql"},
        {"htu": "/graphql"},
        {"htu": "https://share.example.gov.cn:port/graphql"},
        {"htu": "https://[::1/graphql"},
        {"htu": "javascript:alert(1)"},
        {"htu": ""},
        {"htu": None},
        {"htu": [URL]},
        {"htu": 7},
        {"htm": "GET"},
        {"htm": "post"},
        {"htm": ""},
        {"htm": None},
        {"htm": ["POST"]},
        {"ath": token_digest("a.b.d")},
        {"ath": token_digest(TOKEN) + "="},
        {"ath": ""},
        {"ath": None},
        {"ath": [token_digest(TOKEN)]},
        {"jti": ""},
        {"jti": "short"},
        {"jti": "x" * 257},
        {"jti": "with a space in it"},
        {"jti": "零零零零零零零零"},
        {"jti": "line\nline-line"},
        {"jti": None},
        {"jti": 12345678},
        {"jti": ["e1j3V_bKic8-LAEB"]},
        {"iat": None},
        {"iat": True},
        {"iat": str(int(NOW.timestamp()))},
        {"iat": NOW.timestamp() + 0.5},
        {"iat": -1},
        {"iat": 0},
        {"iat": 1 << 62},
        {"iat": [int(NOW.timestamp())]},
        {"exp": int(NOW.timestamp()) + 60},
        {"sub": "application:other"},
        {"": 1},
    ],
    ids=str,
)
def test_proof_is_refused_when_a_claim_is_off(changed: Members) -> None:
    assert refused(sign(header(), claims(**changed)))


@pytest.mark.parametrize("name", ["jti", "htm", "htu", "iat", "ath"])
def test_proof_is_refused_when_a_claim_is_missing(name: str) -> None:
    body = claims()
    del body[name]
    assert refused(sign(header(), body))


def test_proof_for_a_request_without_token_names_none() -> None:
    request = ProvenRequest("POST", URL)
    without = claims()
    del without["ath"]
    verify_proof(sign(header(), without), request, NOW)
    assert "`ath`" in refused(sign(header(), claims()), request)


def changed_header(**changed: object) -> Callable[[], Members]:
    return lambda: {name: value for name, value in {**header(), **changed}.items() if value is not ...}


HEADERS: dict[str, Callable[[], Members]] = {
    "no typ": changed_header(typ=...),
    "another typ": changed_header(typ="JWT"),
    "typ in capitals": changed_header(typ="DPoP+JWT"),
    "typ of an access token": changed_header(typ="at+jwt"),
    "no alg": changed_header(alg=...),
    "alg none": changed_header(alg="none"),
    "alg None": changed_header(alg="None"),
    "alg null": changed_header(alg=None),
    "a MAC": changed_header(alg="HS256"),
    "PKCS 1": changed_header(alg="RS256"),
    "another curve's": changed_header(alg="ES384"),
    "another key's": changed_header(alg="Ed25519"),
    "a list": changed_header(alg=["ES256"]),
    "no jwk": changed_header(jwk=...),
    "jwk null": changed_header(jwk=None),
    "jwk as text": changed_header(jwk=json.dumps(P256.as_dict(private=False))),
    "jwk empty": changed_header(jwk={}),
    "jwk private": changed_header(jwk=P256.as_dict(private=True)),
    "jwk of a secret": changed_header(jwk=OctKey.import_key("x" * 32).as_dict(private=True)),
    "jwk without y": changed_header(jwk={k: v for k, v in P256.as_dict(private=False).items() if k != "y"}),
    "jwk with more": changed_header(jwk={**P256.as_dict(private=False), "x5u": "https://evil.example/"}),
    "jwk off the curve": changed_header(jwk={**P256.as_dict(private=False), "y": encode_segment(bytes(32))}),
    "jwk of numbers": changed_header(jwk={**P256.as_dict(private=False), "x": 7}),
    "another's jwk": changed_header(jwk=ECKey.import_key(generate_private_key(SECP256R1())).as_dict(private=False)),
    "kid besides": changed_header(kid="1"),
    "crit besides": changed_header(crit=["exp"]),
    "jku besides": changed_header(jku="https://evil.example/jwks"),
    "x5c besides": changed_header(x5c=[]),
    "b64 besides": changed_header(b64=False, crit=["b64"]),
}


@pytest.mark.parametrize("make", HEADERS.values(), ids=HEADERS)
def test_proof_is_refused_when_its_header_is_off(make: Callable[[], Members]) -> None:
    assert refused(sign(make(), claims(), P256))


def test_proof_is_refused_with_a_short_rsa_key() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        short = RSAKey.import_key(generate_rsa_key(65537, 1024))  # noqa: S505 - that it is too short is the case
    assert "under 2048 bits" in refused(sign(header("PS256", short), claims(), short))


GOOD = sign(header(), claims())


@pytest.mark.parametrize("place", range(0, len(GOOD), 7))
def test_proof_is_refused_when_a_letter_is_another(place: int) -> None:
    other = "A" if GOOD[place] != "A" else "B"
    assert refused(GOOD[:place] + other + GOOD[place + 1 :])


@pytest.mark.parametrize(
    "proof",
    [
        "",
        ".",
        "..",
        "...",
        GOOD + ".",
        GOOD + "=",
        GOOD + " ",
        " " + GOOD,
        GOOD.replace(".", ".."),
        GOOD.rpartition(".")[0],
        GOOD.rpartition(".")[0] + ".",
        f"{GOOD},{GOOD}",
        GOOD + "\n",
        json.dumps({"payload": "", "signatures": []}),
        "零.零.零",
        "x" * 5000,
        GOOD + "A" * 4096,
    ],
    ids=range(17),
)
def test_proof_is_refused_in_another_form(proof: str) -> None:
    assert refused(proof)
