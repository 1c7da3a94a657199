"""Client assertions: one made with the registered key and its certificate is taken; whatever is off is not (T23)."""

import base64
import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from portal.agreements.signing import Signer
from portal.certificates.jose import Algorithm
from portal.certificates.trust import TrustStore, load_trust_store
from portal.errors import Unauthenticated
from portal.identity.assertions import Assertion, Client, Surroundings, verify_assertion
from portal.identity.registry import Application
from portal.identity.segments import encode_segment
from portal.vocabulary import ApplicationId, DepartmentCode
from tests.fixtures.assertions import (
    Members,
    assertion_claims,
    assertion_header,
    certificate_file,
    jose_key,
    key_file,
    sign_assertion,
)
from tests.fixtures.authority import BYSTANDER, CONSUMER, authority, foreign_authority

pytestmark = [pytest.mark.clause("T23"), pytest.mark.clause("T6")]

NOW = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)
TOKEN_URL, ISSUER = "https://share.example.gov.cn/token", "https://share.example.gov.cn"
SIGNERS = {algorithm: authority().certify(CONSUMER, "合成应用", algorithm) for algorithm in Algorithm}
OTHER = authority().certify(CONSUMER, "合成应用二", Algorithm.ES256)
APPLICATION = Application(ApplicationId("app-1"), "合成应用", CONSUMER, (), 2, None, "app-1.pem")


def trust() -> TrustStore:
    store, faults, _ = load_trust_store(authority().files(), NOW)
    assert faults == []
    return store


TRUST = trust()


def around(signer: Signer = SIGNERS[Algorithm.ES256], **changed: Any) -> Surroundings:  # noqa: ANN401
    client = Client(changed.pop("application", APPLICATION), changed.pop("key", key_file(signer)))
    return replace(
        Surroundings((TOKEN_URL, ISSUER), lambda name: client if name == client.application.id else None, TRUST, NOW),
        **changed,
    )


def header(signer: Signer = SIGNERS[Algorithm.ES256], **changed: object) -> Members:
    return assertion_header(signer, **changed)


CHAIN = header()["x5c"]


def claims(**changed: object) -> Members:
    return assertion_claims("app-1", TOKEN_URL, NOW, **{"jti": "e1j3V_bKic8-LAEB", **changed})


def sign(head: Members, body: Members, signer: Signer = SIGNERS[Algorithm.ES256]) -> str:
    return sign_assertion(head, body, signer)


def refusal(assertion: str, surroundings: Surroundings | None = None) -> str:
    with pytest.raises(Unauthenticated) as refused:
        verify_assertion(assertion, surroundings or around())
    assert refused.value.text.zh.startswith("客户端断言")
    return refused.value.text.en


@pytest.mark.parametrize("signer", SIGNERS.values(), ids=SIGNERS.keys())
@pytest.mark.parametrize("register", [key_file, certificate_file])
def test_assertion_is_taken_with_each_kind_of_key(signer: Signer, register: Callable[[Signer], bytes]) -> None:
    taken = verify_assertion(sign(header(signer), claims(), signer), around(key=register(signer)))
    assert isinstance(taken, Assertion)
    assert taken.application == APPLICATION
    assert taken.certificate == signer.chain[0]
    assert taken.expires_at == NOW + timedelta(seconds=60)


def test_certificates_are_those_that_are_registered_when_none_are_sent() -> None:
    signer = SIGNERS[Algorithm.ES256]
    surroundings = around(key=certificate_file(signer))
    assert verify_assertion(sign(header(x5c=...), claims()), surroundings).certificate == signer.chain[0]
    assert "none is registered" in refusal(sign(header(x5c=...), claims()))


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": ISSUER},
        {"aud": [TOKEN_URL]},
        {"iat": ...},
        {"nbf": int(NOW.timestamp()) + 2},
        {"iat": int(NOW.timestamp()) + 2},
        {"exp": int(NOW.timestamp()) + 1},
        {"exp": int(NOW.timestamp()) + 3602},
    ],
)
def test_assertion_is_taken_up_to_each_bound(changed: Members) -> None:
    verify_assertion(sign(header(), claims(**changed)), around())


def test_certificate_alone_is_enough_when_its_issuer_is_known() -> None:
    verify_assertion(sign(header(x5c=CHAIN[:1]), claims()), around())


@pytest.mark.parametrize("kind", [..., "JWT", "client-authentication+jwt"])
def test_assertion_is_taken_by_each_name_of_its_type(kind: object) -> None:
    verify_assertion(sign(header(typ=kind, kid="any"), claims()), around())


def test_assertion_is_told_from_others_by_application_and_jti_alone() -> None:
    other = replace(APPLICATION, id=ApplicationId("app-2"))
    first = verify_assertion(sign(header(), claims()), around()).digest
    assert verify_assertion(sign(header(), claims(exp=int(NOW.timestamp()) + 9)), around()).digest == first
    assert verify_assertion(sign(header(), claims(jti="another-one")), around()).digest != first
    of_other = sign(header(), claims(iss="app-2", sub="app-2"))
    assert verify_assertion(of_other, around(application=other)).digest != first


SECONDS = int(NOW.timestamp())
WRONG_CLAIMS: dict[str, tuple[Members, str]] = {
    "no sub": ({"sub": ...}, "`iss` and `sub`"),
    "no iss": ({"iss": ...}, "`iss` and `sub`"),
    "another iss": ({"iss": "app-2"}, "`iss` and `sub`"),
    "sub a list": ({"iss": ["app-1"], "sub": ["app-1"]}, "`iss` and `sub`"),
    "sub null": ({"iss": None, "sub": None}, "`iss` and `sub`"),
    "nobody": ({"iss": "app-9", "sub": "app-9"}, "isn't registered"),
    "no aud": ({"aud": ...}, "let `aud` be one of"),
    "aud null": ({"aud": None}, "let `aud` be one of"),
    "aud empty": ({"aud": ""}, "let `aud` be one of"),
    "aud empty list": ({"aud": []}, "let `aud` be one of"),
    "aud of two": ({"aud": [TOKEN_URL, "https://elsewhere.example.gov.cn"]}, "let `aud` be one of"),
    "aud of the same twice": ({"aud": [TOKEN_URL, TOKEN_URL]}, "let `aud` be one of"),
    "aud elsewhere": ({"aud": "https://elsewhere.example.gov.cn/token"}, "let `aud` be one of"),
    "aud with a slash": ({"aud": TOKEN_URL + "/"}, "let `aud` be one of"),
    "aud in capitals": ({"aud": TOKEN_URL.upper()}, "let `aud` be one of"),
    "aud nested": ({"aud": [[TOKEN_URL]]}, "let `aud` be one of"),
    "aud of parts": ({"aud": {"url": TOKEN_URL}}, "let `aud` be one of"),
    "no jti": ({"jti": ...}, "no usable `jti`"),
    "jti short": ({"jti": "1234567"}, "no usable `jti`"),
    "jti long": ({"jti": "x" * 257}, "no usable `jti`"),
    "jti a number": ({"jti": 12345678}, "no usable `jti`"),
    "jti with a space": ({"jti": "1234 5678"}, "no usable `jti`"),
    "jti with a line break": ({"jti": "12345678\n"}, "no usable `jti`"),
    "jti beyond ASCII": ({"jti": "一二三四五六七八"}, "no usable `jti`"),
    "no exp": ({"exp": ...}, "no usable `exp`"),
    "exp null": ({"exp": None}, "no usable `exp`"),
    "exp true": ({"exp": True}, "no usable `exp`"),
    "exp as text": ({"exp": str(SECONDS + 60)}, "no usable `exp`"),
    "exp with a fraction": ({"exp": SECONDS + 60.5}, "no usable `exp`"),
    "exp 0": ({"exp": 0}, "no usable `exp`"),
    "exp negative": ({"exp": -SECONDS}, "no usable `exp`"),
    "exp beyond all years": ({"exp": 1 << 60}, "no usable `exp`"),
    "exp now": ({"exp": SECONDS}, "has expired"),
    "exp before": ({"exp": SECONDS - 1}, "has expired"),
    "exp far": ({"exp": SECONDS + 3603}, "lives longer"),
    "exp in a day": ({"exp": SECONDS + 86400}, "lives longer"),
    "nbf ahead": ({"nbf": SECONDS + 3}, "from the future (`nbf`)"),
    "nbf as text": ({"nbf": "0"}, "no usable `nbf`"),
    "iat ahead": ({"iat": SECONDS + 3}, "from the future (`iat`)"),
    "iat as text": ({"iat": "x"}, "no usable `iat`"),
    "another claim": ({"scope": "all"}, "claim that isn't known"),
    "cnf": ({"cnf": {"jkt": "A" * 43}}, "claim that isn't known"),
    "htm": ({"htm": "POST"}, "claim that isn't known"),
}


@pytest.mark.parametrize(("changed", "said"), WRONG_CLAIMS.values(), ids=WRONG_CLAIMS.keys())
def test_assertion_is_refused_when_a_claim_is_off(changed: Members, said: str) -> None:
    assert said in refusal(sign(header(), claims(**changed)))


WRONG_HEADERS: dict[str, tuple[Members, str]] = {
    "no alg": ({"alg": ...}, "isn't signed with one of"),
    "alg none": ({"alg": "none"}, "isn't signed with one of"),
    "alg None": ({"alg": "None"}, "isn't signed with one of"),
    "alg HS256": ({"alg": "HS256"}, "isn't signed with one of"),
    "alg RS256": ({"alg": "RS256"}, "isn't signed with one of"),
    "alg ES384": ({"alg": "ES384"}, "isn't signed with one of"),
    "alg ES256K": ({"alg": "ES256K"}, "isn't signed with one of"),
    "alg null": ({"alg": None}, "isn't signed with one of"),
    "alg a list": ({"alg": ["ES256"]}, "isn't signed with one of"),
    "alg in small letters": ({"alg": "es256"}, "isn't signed with one of"),
    "alg of another key": ({"alg": "PS256"}, "doesn't fit the key"),
    "alg of another kind": ({"alg": "Ed25519"}, "doesn't fit the key"),
    "typ at+jwt": ({"typ": "at+jwt"}, "header with more"),
    "typ dpop+jwt": ({"typ": "dpop+jwt"}, "header with more"),
    "typ in small letters": ({"typ": "jwt"}, "header with more"),
    "typ null counts as none": ({"typ": 1}, "header with more"),
    "jwk": ({"jwk": jose_key(OTHER).as_dict(private=False)}, "header with more"),
    "jku": ({"jku": "https://elsewhere.example.gov.cn/jwks"}, "header with more"),
    "x5u": ({"x5u": "https://elsewhere.example.gov.cn/chain.pem"}, "header with more"),
    "crit": ({"crit": ["exp"]}, "header with more"),
    "b64": ({"b64": False}, "header with more"),
    "zip": ({"zip": "DEF"}, "header with more"),
    "x5c empty": ({"x5c": []}, "`x5c` isn't a list"),
    "x5c as text": ({"x5c": CHAIN[0]}, "`x5c` isn't a list"),
    "x5c null": ({"x5c": None}, "`x5c` isn't a list"),
    "x5c of six": ({"x5c": CHAIN[:1] * 6}, "`x5c` isn't a list"),
    "x5c of numbers": ({"x5c": [1]}, "no base64"),
    "x5c in base64url": ({"x5c": [CHAIN[0].replace("+", "-").replace("/", "_") + "-"]}, "no base64"),
    "x5c of nothing": ({"x5c": [""]}, "can't be read"),
    "x5c of something": ({"x5c": [base64.b64encode(b"something").decode()]}, "can't be read"),
    "x5c in another order": ({"x5c": CHAIN[::-1]}, "isn't the one that is registered"),
    "x5c with another first": ({"x5c": header(OTHER)["x5c"]}, "isn't the one that is registered"),
}


@pytest.mark.parametrize(("changed", "said"), WRONG_HEADERS.values(), ids=WRONG_HEADERS.keys())
def test_assertion_is_refused_when_the_header_is_off(changed: Members, said: str) -> None:
    assert said in refusal(sign(header(**changed), claims()))


GOOD = sign(header(), claims())
SEGMENTS = GOOD.split(".")


@pytest.mark.parametrize(
    "text",
    [
        *("", ".", "..", "a.b", "a.b.c", "a.b.c.d", GOOD + ".", "." + GOOD, GOOD + "\n", " " + GOOD, GOOD + "="),
        f"{SEGMENTS[0]}.{SEGMENTS[1]}.",
        f"{SEGMENTS[0]}..{SEGMENTS[2]}",
        f".{SEGMENTS[1]}.{SEGMENTS[2]}",
        f"{SEGMENTS[0]}.{SEGMENTS[1]}.{'A' * 86}",
        f"{SEGMENTS[0]}.{SEGMENTS[1]}.{SEGMENTS[2][::-1]}",
        f"{SEGMENTS[0]}.{encode_segment(b'[]')}.{SEGMENTS[2]}",
        f"{SEGMENTS[0]}.{encode_segment(b'{}')}.{SEGMENTS[2]}",
        f"{encode_segment(b'null')}.{SEGMENTS[1]}.{SEGMENTS[2]}",
        f"{encode_segment(json.dumps(header(kid='k')).encode())}.{SEGMENTS[1]}.{SEGMENTS[2]}",
        f"{SEGMENTS[0]}.{encode_segment(json.dumps(claims(jti='another-one')).encode())}.{SEGMENTS[2]}",
        json.dumps({"payload": SEGMENTS[1], "signatures": []}),
        *("零.零.零", "x" * (33 << 10)),
    ],
)
def test_assertion_is_refused_when_it_is_no_signed_token(text: str) -> None:
    refusal(text)


def test_assertion_is_refused_when_another_key_signed_it() -> None:
    assert "doesn't bear the signature" in refusal(sign(header(), claims(), OTHER))


def test_assertion_is_refused_when_the_public_key_was_its_secret() -> None:
    signer = SIGNERS[Algorithm.PS256]
    head = encode_segment(json.dumps({**header(signer), "alg": "HS256"}).encode())
    text = f"{head}.{encode_segment(json.dumps(claims()).encode())}"
    forged = encode_segment(hmac.digest(key_file(signer), text.encode(), "sha256"))
    assert "isn't signed with one of" in refusal(f"{text}.{forged}", around(signer))


def test_assertion_is_refused_when_its_certificate_is_another_departments() -> None:
    of_other = replace(APPLICATION, department=DepartmentCode(BYSTANDER))
    assert "another department" in refusal(GOOD, around(application=of_other))


def test_assertion_is_refused_when_its_authority_is_not_trusted() -> None:
    signer = foreign_authority().certify(CONSUMER, "合成应用", Algorithm.ES256)
    assert "leads to no authority" in refusal(sign(header(signer), claims(), signer), around(signer))
    assert "leads to no authority" in refusal(GOOD, around(trust=TrustStore()))


def test_assertion_is_refused_when_its_certificate_is_revoked_or_not_of_now() -> None:
    leaf = SIGNERS[Algorithm.ES256].chain[0]
    revoked = replace(TRUST, revoked=frozenset({(leaf.issuer, leaf.serial_number)}))
    assert "is revoked" in refusal(GOOD, around(trust=revoked))
    issuer = SIGNERS[Algorithm.ES256].chain[1]
    above = replace(TRUST, revoked=frozenset({(issuer.issuer, issuer.serial_number)}))
    assert "is revoked" in refusal(GOOD, around(trust=above))
    assert "had expired" in refusal(GOOD, around(now=datetime(2031, 1, 1, tzinfo=UTC)))
    assert "wasn't valid yet" in refusal(GOOD, around(now=datetime(2024, 1, 1, tzinfo=UTC)))


def test_registered_key_counts_and_no_other_certificate_of_the_department() -> None:
    assert "isn't the one that is registered" in refusal(sign(header(OTHER), claims(), OTHER))
    stranger = Ed25519PrivateKey.generate().public_key()
    key = stranger.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    assert "isn't the one that is registered" in refusal(GOOD, around(key=key))
