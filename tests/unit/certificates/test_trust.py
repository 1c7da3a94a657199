"""Authorities and revocation lists of a bundle's keys/ca/: what makes a trust store, and what is a fault (T23)."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from portal.agreements.agreement import SigningRole
from portal.certificates.trust import TrustStore, load_trust_store
from tests.fixtures.authority import (
    NOW,
    VALID_FROM,
    VALID_UNTIL,
    CertificateOrder,
    authority,
    foreign_authority,
    issue,
    signers,
)

LEAF = signers()[SigningRole.CONSUMER].chain[0]
FILES = authority().files()
ISSUER = authority().issuing.subject
IS_AUTHORITY = (x509.BasicConstraints(ca=True, path_length=None), True)


def revocation_list(
    *extensions: tuple[x509.ExtensionType, bool], issuer: x509.Name = ISSUER
) -> x509.CertificateRevocationList:
    builder = x509.CertificateRevocationListBuilder(issuer, VALID_FROM, VALID_UNTIL).add_revoked_certificate(
        x509.RevokedCertificateBuilder(LEAF.serial_number, VALID_FROM).build()
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(authority().issuing_key, None)


def distribution_point(*, indirect: bool) -> x509.IssuingDistributionPoint:
    return x509.IssuingDistributionPoint(
        full_name=None,
        relative_name=None,
        only_contains_user_certs=not indirect,
        only_contains_ca_certs=False,
        only_some_reasons=None,
        indirect_crl=indirect,
        only_contains_attribute_certs=False,
    )


def damaged(crl: x509.CertificateRevocationList) -> bytes:
    octets = bytearray(crl.public_bytes(Encoding.DER))
    octets[-1] ^= 1
    return bytes(octets)


PRIVATE = authority().root_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
SHORT = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505  # to be refused


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is no certificate in PEM"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "is no certificate in PEM"),
        (authority().root.public_bytes(Encoding.DER), "is no certificate in PEM"),
        (PRIVATE, "holds a private key"),
        (FILES["ca/root.pem"] + PRIVATE, "holds a private key"),
        (LEAF.public_bytes(Encoding.PEM), "isn't an authority's"),
        (FILES["ca/root.pem"] + LEAF.public_bytes(Encoding.PEM), "isn't an authority's"),
    ],
)
def test_store_names_a_file_that_is_no_authoritys_certificate(content: bytes, words: str) -> None:
    store, faults, _ = load_trust_store({"ca/other.pem": content}, NOW)
    assert [(fault.file, fault.mend.zh) for fault in faults] == [("keys/ca/other.pem", "请放入认证机构自身的 PEM 证书")]
    assert words in faults[0].what.en
    assert store == TrustStore()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is no revocation list"),
        (FILES["ca/root.pem"], "is no revocation list"),
        (FILES["ca/root.crl"] + FILES["ca/issuing.crl"], "holds several parts"),
        (damaged(revocation_list()), "the signature isn't that of `CN=Synthetic Issuing`"),
        (foreign_authority().files()["ca/issuing.crl"], "the signature isn't that of `CN=Synthetic Issuing`"),
        (
            revocation_list(issuer=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Nobody")])).public_bytes(
                Encoding.DER
            ),
            "no certificate in keys/ca/ is its issuer's, `CN=Nobody`",
        ),
        (revocation_list((x509.DeltaCRLIndicator(1), True)).public_bytes(Encoding.DER), "lists only changes"),
        (revocation_list((distribution_point(indirect=True), True)).public_bytes(Encoding.DER), "lists only changes"),
    ],
)
def test_store_names_a_revocation_list_that_can_not_be_relied_on(content: bytes, words: str) -> None:
    store, faults, _ = load_trust_store({**FILES, "ca/issuing.crl": content}, NOW)
    assert [fault.file for fault in faults] == ["keys/ca/issuing.crl"]
    assert words in faults[0].what.en
    assert faults[0].what.zh
    assert store.revoked == frozenset()


def test_store_names_a_revocation_list_when_its_issuers_key_signs_nothing() -> None:
    name = authority().issuing.subject
    subject_key = X25519PrivateKey.generate()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .serial_number(1)
        .not_valid_before(VALID_FROM)
        .not_valid_after(VALID_UNTIL)
        .public_key(subject_key.public_key())
        .add_extension(*IS_AUTHORITY)
        .sign(authority().root_key, None)
    )
    files = {
        "ca/odd.pem": certificate.public_bytes(Encoding.PEM),
        "ca/odd.crl": revocation_list().public_bytes(Encoding.DER),
    }
    _, faults, _ = load_trust_store(files, NOW)
    assert [fault.file for fault in faults] == ["keys/ca/odd.crl"]


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
@pytest.mark.parametrize(
    "extensions", [(), ((distribution_point(indirect=False), True),), ((x509.CRLNumber(7), False),)]
)
def test_store_knows_what_is_revoked_when_the_list_is_good(
    encoding: Encoding, extensions: tuple[tuple[x509.ExtensionType, bool], ...]
) -> None:
    content = revocation_list(*extensions).public_bytes(encoding)
    store, faults, remarks = load_trust_store({**FILES, "ca/issuing.crl": content}, NOW)
    assert (faults, remarks) == ([], [])
    assert store.is_revoked(LEAF)
    assert not store.is_revoked(signers()[SigningRole.PROVIDER].chain[0])


def test_store_takes_a_list_of_either_when_two_authorities_bear_one_name() -> None:
    files = {
        "ca/1.pem": FILES["ca/issuing.pem"] + foreign_authority().issuing.public_bytes(Encoding.PEM),
        "ca/1.crl": FILES["ca/issuing.crl"],
        "ca/2.crl": foreign_authority().files(revoked=[LEAF])["ca/issuing.crl"],
    }
    store, faults, _ = load_trust_store(files, NOW)
    assert faults == []
    assert len(store.authorities) == 2
    assert store.is_revoked(LEAF)


@pytest.mark.parametrize(("days", "stale"), [(-1, False), (0, False), (1, True)])
def test_list_is_remarked_on_when_it_should_have_been_renewed(days: int, stale: bool) -> None:
    _, faults, remarks = load_trust_store(FILES, VALID_UNTIL + timedelta(days=days))
    assert faults == []
    assert [text.en.partition(":")[0] for text in remarks] == (
        ["keys/ca/issuing.crl", "keys/ca/root.crl"] if stale else []
    )
    assert all("2030-01-01" in text.en and "2030-01-01" in text.zh for text in remarks)


def without_renewal(listed: x509.CertificateRevocationList) -> bytes:
    """Return the list as an authority writes it that never says when the next one is due."""
    # In DER, by hand: no part is longer than a length of one octet can say.
    body = listed.tbs_certlist_bytes[2:]
    times = [place for place in range(len(body)) if body[place : place + 2] == b"\x17\x0d"]
    body = body[: times[1]] + body[times[1] + 15 :]
    signed = b"\x30" + bytes([len(body)]) + body
    inner = signed + bytes.fromhex("300506032b6570") + b"\x03\x41\x00" + authority().issuing_key.sign(signed)
    return b"\x30\x81" + bytes([len(inner)]) + inner


def test_list_is_taken_without_remark_when_it_names_no_renewal() -> None:
    content = without_renewal(revocation_list())
    store, faults, remarks = load_trust_store({**FILES, "ca/issuing.crl": content}, VALID_UNTIL + timedelta(days=1))
    assert faults == []
    assert [text.en.partition(":")[0] for text in remarks] == ["keys/ca/root.crl"]
    assert store.is_revoked(LEAF)


def test_files_outside_the_folder_of_authorities_play_no_part() -> None:
    files = {"root.pem": FILES["ca/root.pem"], "ca/below/root.pem": b"", "ca/readme.txt": b"", "other.crl": b""}
    assert load_trust_store(files, NOW) == (TrustStore(), [], [])


def test_authority_is_refused_when_its_key_is_short() -> None:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Short")])
    order = CertificateOrder(subject, SHORT, extensions=(IS_AUTHORITY,))
    certificate = issue(order, subject, authority().root_key)
    _, faults, _ = load_trust_store({"ca/short.pem": certificate.public_bytes(Encoding.PEM)}, NOW)
    assert "has an RSA key under 2048 bits" in faults[0].what.en
