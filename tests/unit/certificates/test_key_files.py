"""What the files in keys/ hold."""

from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from portal.certificates.jose import Algorithm
from portal.certificates.key_files import held_keys
from tests.fixtures.assertions import certificate_file, key_file
from tests.fixtures.authority import CONSUMER, authority

SIGNER = authority().certify(CONSUMER, "合成应用", Algorithm.ES256)


def test_a_public_key_has_neither_subject_nor_term() -> None:
    der = SIGNER.chain[0].public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    [held] = held_keys(key_file(SIGNER))
    assert (held.key_id, held.subject, held.issuer, held.not_after) == (sha256(der).hexdigest(), None, None, None)


def test_each_certificate_of_a_file_is_shown_in_its_order() -> None:
    found = held_keys(certificate_file(SIGNER))
    assert [held.not_after for held in found] == [one.not_valid_after_utc for one in SIGNER.chain]
    assert "合成应用" in str(found[0].subject)
    assert found[0].key_id == held_keys(key_file(SIGNER))[0].key_id


@pytest.mark.parametrize(
    "content",
    [b"", b"no key", b"\xff\xfe", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"],
    ids=["empty", "text", "bytes", "broken"],
)
def test_what_is_neither_holds_nothing(content: bytes) -> None:
    assert held_keys(content) == ()
