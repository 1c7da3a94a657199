"""The signing tool and the small authority of demonstrations and tests."""

import copy
from datetime import timedelta

import pytest
from cryptography.x509.oid import NameOID

from portal.agreements.agreement import SigningRole
from portal.agreements.signing import make_authority, sign_agreement
from portal.certificates.jose import Algorithm
from portal.certificates.trust import load_trust_store
from portal.errors import BadInput
from tests.fixtures.authority import (
    CONSUMER,
    NOW,
    SIGNED_AT,
    VALID_FROM,
    VALID_UNTIL,
    Document,
    agreement_document,
    authority,
    signed,
    signers,
)

C, P = SigningRole.CONSUMER, SigningRole.PROVIDER


def test_agreement_is_not_signed_when_it_holds_a_number_that_can_not_be() -> None:
    document = agreement_document()
    document["terms"]["obligations"]["max_rows"] = 2**53
    with pytest.raises(BadInput, match="can't be signed"):
        sign_agreement(document, signers(), SIGNED_AT)


def test_agreement_keeps_no_older_signature_when_signed_anew() -> None:
    older = signed()
    untouched = copy.deepcopy(older)
    anew: Document = sign_agreement(older, {P: signers()[P]}, SIGNED_AT)
    assert older == untouched
    assert list(anew) == list(older)
    assert [signature["role"] for signature in anew["signatures"]] == ["provider"]
    assert {name: anew[name] for name in agreement_document()} == agreement_document()


def test_signers_and_authorities_show_no_key_when_printed() -> None:
    assert "PrivateKey" not in repr(signers()[C])
    assert "PrivateKey" not in repr(authority())


@pytest.mark.parametrize("algorithm", Algorithm)
def test_authority_certifies_a_department_for_as_long_as_itself(algorithm: Algorithm) -> None:
    made = make_authority("Another", VALID_FROM, VALID_UNTIL)
    signer = made.certify(CONSUMER, "合成使用方", algorithm)
    own, issuing = signer.chain
    assert signer.algorithm is algorithm
    assert own.public_key() == signer.key.public_key()
    assert (own.not_valid_before_utc, own.not_valid_after_utc) == (VALID_FROM, VALID_UNTIL)
    assert [name.value for name in own.subject.get_attributes_for_oid(NameOID.ORGANIZATION_IDENTIFIER)] == [CONSUMER]
    assert issuing == made.issuing
    own.verify_directly_issued_by(issuing)
    issuing.verify_directly_issued_by(made.root)


def test_files_make_a_trust_store_without_fault_or_remark_as_long_as_the_authority() -> None:
    revoked = signers()[C].chain[0]
    store, faults, remarks = load_trust_store(authority().files(revoked=[revoked]), VALID_UNTIL - timedelta(seconds=1))
    assert (faults, remarks) == ([], [])
    assert set(store.authorities) == {authority().root, authority().issuing}
    assert store.is_revoked(revoked)
    assert not load_trust_store(authority().files(), NOW)[0].is_revoked(revoked)
