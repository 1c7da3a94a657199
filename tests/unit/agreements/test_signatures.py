"""Signatures that would have somebody else say how to verify them, each refused by name (T6, T22)."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from portal.agreements.agreement import SigningRole
from portal.agreements.signing import sign_agreement
from portal.certificates.jose import Algorithm
from tests.fixtures.authority import (
    CONSUMER,
    NOW,
    agreement_document,
    certified,
    circumstances,
    file_of,
    header_of,
    octets_of,
    order_for,
    segment,
    sign_by_hand,
    signed,
    signers,
)
from tests.fixtures.broken_agreements import (
    Broken,
    BrokenAgreement,
    BrokenAgreements,
    only_fault,
    with_consumer,
    with_consumer_jws,
)

C = SigningRole.CONSUMER

CASES = BrokenAgreements()

# Headers that would have somebody else say how to verify.


@CASES.broken("signatures[0]", "the algorithm `none` isn't one of Ed25519, ES256, PS256")
def algorithm_none() -> Broken:
    header = json.dumps(header_of(C, signers()[C], alg="none")).encode()
    return with_consumer_jws(f"{segment(header)}..")


@CASES.broken("signatures[0]", "the algorithm `HS256` isn't one of Ed25519, ES256, PS256")
def algorithm_of_shared_secrets() -> Broken:
    return with_consumer(signers()[C], alg="HS256")


@CASES.broken("signatures[0]", "the algorithm `EdDSA` isn't one of Ed25519, ES256, PS256")
def algorithm_by_its_old_name() -> Broken:
    return with_consumer(signers()[C], alg="EdDSA")


@CASES.broken("signatures[0]", "the algorithm `ed25519` isn't one of Ed25519, ES256, PS256")
def algorithm_in_another_case() -> Broken:
    return with_consumer(signers()[C], alg="ed25519")


@CASES.broken("signatures[0]", 'the algorithm `["Ed25519"]` isn\'t one of Ed25519, ES256, PS256')
def algorithm_in_a_list() -> Broken:
    return with_consumer(signers()[C], alg=["Ed25519"])


@CASES.broken("signatures[0]", "the algorithm ES256 doesn't fit the key")
def algorithm_that_does_not_fit_the_key() -> Broken:
    return with_consumer(signers()[C], alg="ES256")


@CASES.broken("signatures[0]", "the algorithm ES256 doesn't fit the key")
def algorithm_that_does_not_fit_the_curve() -> Broken:
    return with_consumer(
        replace(certified(order_for(CONSUMER, key=ec.generate_private_key(ec.SECP256K1()))), algorithm=Algorithm.ES256)
    )


HEADER_MEMBERS: dict[str, object] = {
    "jwk": {"kty": "OKP", "crv": "Ed25519", "x": segment(bytes(32))},
    "jku": "https://example.org/keys.json",
    "x5u": "https://example.org/chain.pem",
    "kid": "1",
    "typ": "JOSE",
    "cty": "JWT",
    "crit": ["role"],
    "b64": True,
    "zip": "DEF",
    "x5t#S256": segment(bytes(32)),
}


@pytest.mark.parametrize("name", HEADER_MEMBERS)
def test_agreement_is_refused_when_a_header_holds_more_than_it_should(name: str) -> None:
    content = with_consumer(signers()[C], **{name: HEADER_MEMBERS[name]})
    assert only_fault(content, circumstances()) == (
        "signatures[0]",
        f"the signature of `consumer`: `{name}` has no place in the header",
    )


@CASES.broken("signatures[0]", "`b64` has no place in the header")
def payload_not_encoded() -> Broken:
    return with_consumer(signers()[C], b64=False, crit=["b64"])


@pytest.mark.parametrize("name", ["alg", "role", "signed_at", "x5c"])
def test_agreement_is_refused_when_a_header_lacks_a_member(name: str) -> None:
    assert only_fault(with_consumer(signers()[C], **{name: ...}), circumstances()) == (
        "signatures[0]",
        f"the signature of `consumer`: `{name}` is missing in the header",
    )


@CASES.broken("signatures[0]", "member `role` is there twice")
def header_that_names_a_member_twice() -> Broken:
    signer = signers()[C]
    honest = json.dumps(header_of(C, signer))
    header = honest.replace('"role"', '"role": "provider", "role"').encode()
    return with_consumer_jws(sign_by_hand(header, octets_of(agreement_document()), signer.key))


@CASES.broken("signatures[0]", "a segment is no JSON object")
def header_that_is_a_list() -> Broken:
    return with_consumer_jws(sign_by_hand(b"[]", octets_of(agreement_document()), signers()[C].key))


@CASES.broken("signatures[0]", "it was made at 2025-12-20T02:00:01+00:00, not at `signed_at`")
def signed_at_differs_from_the_header() -> Broken:
    return with_consumer(signers()[C], signed_at="2025-12-20T02:00:01+00:00")


@CASES.broken("signatures[0]", "is no time")
def signed_at_in_the_header_is_no_time() -> Broken:
    return with_consumer(signers()[C], signed_at=1766196000)


@CASES.broken("signatures[0]", "`signed_at` is in the future")
def signed_in_the_future() -> Broken:
    document = sign_agreement(agreement_document(), {C: signers()[C]}, NOW + timedelta(seconds=3))
    document["signatures"] += signed()["signatures"][1:]
    return file_of(document)


@CASES.broken("signatures[0]", "isn't a list of 1 to 5 certificates")
def chain_that_is_empty() -> Broken:
    return with_consumer(signers()[C], x5c=[])


@CASES.broken("signatures[0]", "isn't a list of 1 to 5 certificates")
def chain_that_is_no_list() -> Broken:
    return with_consumer(signers()[C], x5c="AAAA")


@CASES.broken("signatures[0]", "a member of `x5c` is no base64")
def chain_of_numbers() -> Broken:
    return with_consumer(signers()[C], x5c=[1])


@CASES.broken("signatures[0]", "a member of `x5c` is no base64")
def chain_in_base64url() -> Broken:
    return with_consumer(signers()[C], x5c=["_-_-"])


@CASES.broken("signatures[0]", "a certificate can't be read")
def chain_of_something_else() -> Broken:
    return with_consumer(signers()[C], x5c=[base64.b64encode(b"certificate").decode()])


@CASES.broken("signatures[0]", "carries a text of its own")
def payload_attached() -> Broken:
    protected, value = signed()["signatures"][0]["jws"].split("..")
    return with_consumer_jws(f"{protected}.{segment(octets_of(agreement_document()))}.{value}")


@CASES.broken("signatures[0]", "`jws` is no PROTECTED..SIGNATURE")
def signature_in_json_serialisation() -> Broken:
    return with_consumer_jws(json.dumps({"protected": "e30", "signature": ""}))


@CASES.broken("signatures[0]", "`jws` is no PROTECTED..SIGNATURE")
def signature_that_is_huge() -> Broken:
    return with_consumer_jws("A" * 70_000 + "..A")


@pytest.mark.parametrize(
    "change",
    [
        lambda value: "",
        lambda value: value[:-2],
        lambda value: value + "==",
        lambda value: value + "AAAA",
        lambda value: ("B" if value[0] == "A" else "A") + value[1:],
        lambda value: value[:-1] + {"A": "B", "Q": "R", "g": "h", "w": "x"}[value[-1]],
        lambda value: value + "\n",
        lambda value: "é" + value[1:],
    ],
    ids=["stripped", "cut", "padded", "prolonged", "changed", "loose bits", "line end", "not ASCII"],
)
def test_agreement_is_refused_when_the_signature_itself_is_changed(change: Callable[[str], str]) -> None:
    protected, value = signed()["signatures"][0]["jws"].split("..")
    column, words = only_fault(with_consumer_jws(f"{protected}..{change(value)}"), circumstances())
    assert column == "signatures[0]"
    assert "isn't of this text" in words


@pytest.mark.parametrize("case", CASES, ids=str)
def test_agreement_is_refused_by_name_when_broken(case: BrokenAgreement) -> None:
    case.check()
