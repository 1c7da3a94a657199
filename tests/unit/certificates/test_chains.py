"""Certificates that don't say whose a signature is, each refused by name (T23)."""

from dataclasses import replace
from datetime import timedelta
from functools import cache

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from portal.agreements.agreement import SigningRole
from portal.agreements.signing import Signer, generate_key
from portal.agreements.verification import verify_agreement
from portal.certificates.chains import MAX_CHAIN
from portal.certificates.jose import Algorithm
from portal.certificates.trust import load_trust_store
from tests.fixtures.authority import (
    CONSUMER,
    FILE,
    NOW,
    PROVIDER,
    SIGNED_AT,
    VALID_FROM,
    VALID_UNTIL,
    CertificateOrder,
    authority,
    certified,
    circumstances,
    department_name,
    file_of,
    foreign_authority,
    issue,
    order_for,
    signed,
    signers,
)
from tests.fixtures.broken_agreements import Broken, BrokenAgreement, BrokenAgreements, with_consumer

C, P = SigningRole.CONSUMER, SigningRole.PROVIDER

CASES = BrokenAgreements()


@CASES.broken("signatures[0]", "had expired when it signed")
def certificate_expired_when_it_signed() -> Broken:
    return with_consumer(certified(replace(order_for(CONSUMER), valid_until=SIGNED_AT - timedelta(seconds=1))))


@CASES.broken("signatures[0]", "wasn't valid yet when it signed")
def certificate_not_yet_valid_when_it_signed() -> Broken:
    return with_consumer(certified(replace(order_for(CONSUMER), valid_from=SIGNED_AT + timedelta(seconds=1))))


@CASES.broken("signatures[1]", "is revoked")
def certificate_revoked() -> Broken:
    files = authority().files(revoked=[signers()[P].chain[0]])
    return file_of(signed()), replace(circumstances(), trust=load_trust_store(files, NOW)[0])


@CASES.broken("signatures[0]", "leads to no authority in keys/ca/")
def certificate_of_an_untrusted_authority() -> Broken:
    return with_consumer(foreign_authority().certify(CONSUMER, "合成使用方"))


@CASES.broken("signatures[0]", "leads to no authority in keys/ca/")
def certificate_of_an_untrusted_authority_with_its_root() -> Broken:
    signer = foreign_authority().certify(CONSUMER, "合成使用方")
    return with_consumer(replace(signer, chain=(*signer.chain, foreign_authority().root)))


@CASES.broken("signatures[0]", "hasn't issued the certificate")
def certificate_beside_a_trusted_authority_that_did_not_issue_it() -> Broken:
    signer = foreign_authority().certify(CONSUMER, "合成使用方")
    return with_consumer(replace(signer, chain=(signer.chain[0], authority().issuing)))


@CASES.broken("signatures[0]", "leads to no authority in keys/ca/")
def certificate_signed_by_its_own_key() -> Broken:
    key = Ed25519PrivateKey.generate()
    certificate = issue(CertificateOrder(department_name(CONSUMER), key), authority().issuing.subject, key)
    return with_consumer(Signer(Algorithm.ED25519, key, (certificate,)))


def consumer_below(
    *extensions: tuple[x509.ExtensionType, bool], path: tuple[x509.Certificate, Ed25519PrivateKey]
) -> Signer:
    """Return a signer for the consumer below a further authority with these extensions."""
    issuer, issuer_key = path
    key, name = Ed25519PrivateKey.generate(), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Further")])
    further = issue(CertificateOrder(name, key, extensions=extensions), issuer.subject, issuer_key)
    order = CertificateOrder(department_name(CONSUMER), Ed25519PrivateKey.generate())
    return Signer(Algorithm.ED25519, order.key, (issue(order, name, key), further))


ROOT = (authority().root, authority().root_key)
ISSUING = (authority().issuing, authority().issuing_key)
IS_AUTHORITY = (x509.BasicConstraints(ca=True, path_length=None), True)


def usage(**allowed: bool) -> tuple[x509.KeyUsage, bool]:
    names = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{name: allowed.get(name, False) for name in names}), True


@CASES.broken("signatures[0]", "the certificate `CN=Further` isn't an authority's")
def intermediate_without_basic_constraints() -> Broken:
    return with_consumer(consumer_below(path=ROOT))


@CASES.broken("signatures[0]", "the certificate `CN=Further` isn't an authority's")
def intermediate_that_is_no_authority() -> Broken:
    return with_consumer(consumer_below((x509.BasicConstraints(ca=False, path_length=None), True), path=ROOT))


@CASES.broken("signatures[0]", "the certificate `CN=Further` isn't an authority's")
def intermediate_that_may_not_sign_certificates() -> Broken:
    return with_consumer(consumer_below(IS_AUTHORITY, usage(crl_sign=True), path=ROOT))


@CASES.broken("signatures[0]", "doesn't allow so many authorities below it")
def intermediate_beyond_the_path_length() -> Broken:
    return with_consumer(consumer_below(IS_AUTHORITY, path=ISSUING))


@CASES.broken("signatures[0]", "the certificate `CN=Further` has the critical extension 2.5.29.30")
def intermediate_with_name_constraints() -> Broken:
    names = x509.NameConstraints(permitted_subtrees=[x509.DNSName("example.org")], excluded_subtrees=None)
    return with_consumer(consumer_below(IS_AUTHORITY, (names, True), path=ROOT))


@CASES.broken("signatures[0]", "isn't an authority's")
def party_that_certifies_another_party() -> Broken:
    issuer = signers()[C]
    order = CertificateOrder(department_name(CONSUMER), Ed25519PrivateKey.generate())
    certificate = issue(order, issuer.chain[0].subject, issuer.key)
    return with_consumer(Signer(Algorithm.ED25519, order.key, (certificate, *issuer.chain)))


@CASES.broken("signatures[0]", "is an authority's, not a party's")
def authority_that_signs_itself() -> Broken:
    return with_consumer(certified(replace(order_for(CONSUMER), extensions=(IS_AUTHORITY,))))


@CASES.broken("signatures[0]", "is an authority's, not a party's")
def root_that_signs_itself() -> Broken:
    return with_consumer(Signer(Algorithm.ED25519, authority().root_key, (authority().root,)))


@CASES.broken("signatures[0]", "isn't for digital signatures")
def certificate_for_encryption() -> Broken:
    return with_consumer(certified(replace(order_for(CONSUMER), extensions=(usage(key_encipherment=True),))))


@CASES.broken("signatures[0]", "isn't for signing documents")
def certificate_of_a_web_server() -> Broken:
    purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    return with_consumer(certified(replace(order_for(CONSUMER), extensions=((purposes, False),))))


@CASES.broken("signatures[0]", "has the critical extension 1.2.3.4")
def certificate_with_an_unknown_critical_extension() -> Broken:
    extension = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    return with_consumer(certified(replace(order_for(CONSUMER), extensions=((extension, True),))))


@CASES.broken("signatures[0]", "has 0 organizationIdentifiers instead of one")
def certificate_without_department_code() -> Broken:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, CONSUMER)])
    return with_consumer(certified(replace(order_for(), subject=name)))


@CASES.broken("signatures[0]", "has 2 organizationIdentifiers instead of one")
def certificate_with_two_department_codes() -> Broken:
    return with_consumer(certified(order_for(CONSUMER, PROVIDER)))


@CASES.broken("signatures[0]", f"`{CONSUMER.lower()}` has signed, not `{CONSUMER}`")
def certificate_with_a_code_in_another_case() -> Broken:
    return with_consumer(certified(order_for(CONSUMER.lower())))


@CASES.broken("signatures[0]", "has an RSA key under 2048 bits")
def certificate_with_a_short_key() -> Broken:
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505  # to be refused
    return with_consumer(replace(certified(order_for(CONSUMER, key=key)), algorithm=Algorithm.PS256))


@CASES.broken("signatures[0]", "leads to no authority in keys/ca/")
def certificate_signed_with_an_outdated_hash() -> Broken:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Outdated")])
    order = CertificateOrder(name, key, extensions=(IS_AUTHORITY,), hash_algorithm=hashes.SHA256())
    root = issue(order, name, key)
    leaf = CertificateOrder(department_name(CONSUMER), Ed25519PrivateKey.generate(), hash_algorithm=hashes.SHA224())
    signer = Signer(Algorithm.ED25519, leaf.key, (issue(leaf, name, key),))
    files = {**authority().files(), "ca/outdated.pem": root.public_bytes(Encoding.PEM)}
    return with_consumer(signer), replace(circumstances(), trust=load_trust_store(files, NOW)[0])


@CASES.broken("signatures[0]", "isn't a list of 1 to 5 certificates")
def chain_that_is_too_long() -> Broken:
    chain = signers()[C].chain
    return with_consumer(replace(signers()[C], chain=(*chain, *(authority().root,) * 4)))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_agreement_is_refused_by_name_when_broken(case: BrokenAgreement) -> None:
    case.check()


@pytest.mark.parametrize(
    "extensions",
    [
        (),
        (usage(digital_signature=True),),
        ((x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), True),),
        ((x509.ExtendedKeyUsage([x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")]), False),),
        ((x509.SubjectAlternativeName([x509.DNSName("example.org")]), True),),
        ((x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), False),),
    ],
    ids=["bare", "signing", "e-mail", "documents", "named", "unknown but not critical"],
)
def test_signature_holds_when_the_certificate_is_fit_for_it(
    extensions: tuple[tuple[x509.ExtensionType, bool], ...],
) -> None:
    signer = certified(replace(order_for(CONSUMER), extensions=extensions))
    assert verify_agreement(with_consumer(signer), FILE, circumstances())[1] == []


@pytest.mark.parametrize("kind", ["ECDSA", "RSA"])
def test_signature_holds_when_the_authority_has_a_key_of_another_kind(kind: str) -> None:
    key = ec.generate_private_key(ec.SECP384R1()) if kind == "ECDSA" else generate_key(Algorithm.PS256)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, kind)])
    root = issue(CertificateOrder(name, key, extensions=(IS_AUTHORITY,), hash_algorithm=hashes.SHA256()), name, key)
    order = replace(order_for(CONSUMER), hash_algorithm=hashes.SHA256())
    signer = Signer(Algorithm.ED25519, order.key, (issue(order, name, key),))
    files = {**authority().files(), "ca/other.pem": root.public_bytes(Encoding.PEM)}
    held_against = replace(circumstances(), trust=load_trust_store(files, NOW)[0])
    assert verify_agreement(with_consumer(signer), FILE, held_against)[1] == []


def deep_chain(length: int) -> Signer:
    """Return the consumer at the end of so many certificates, the first of which the trusted root has issued."""
    issuer, issuer_key, chain = unlimited_root()
    for level in range(length - 1):
        key, name = Ed25519PrivateKey.generate(), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Level {level}")])
        certificate = issue(CertificateOrder(name, key, extensions=(IS_AUTHORITY,)), issuer.subject, issuer_key)
        issuer, issuer_key, chain = certificate, key, (certificate, *chain)
    order = order_for(CONSUMER)
    return Signer(Algorithm.ED25519, order.key, (issue(order, issuer.subject, issuer_key), *chain))


@cache
def unlimited_root() -> tuple[x509.Certificate, Ed25519PrivateKey, tuple[x509.Certificate, ...]]:
    key, name = Ed25519PrivateKey.generate(), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Unlimited")])
    return issue(CertificateOrder(name, key, extensions=(IS_AUTHORITY,)), name, key), key, ()


@pytest.mark.parametrize(("length", "taken"), [(1, True), (2, True), (MAX_CHAIN, True), (MAX_CHAIN + 1, False)])
def test_chain_is_taken_only_when_it_is_not_too_long(length: int, taken: bool) -> None:
    files = {**authority().files(), "ca/unlimited.pem": unlimited_root()[0].public_bytes(Encoding.PEM)}
    held_against = replace(circumstances(), trust=load_trust_store(files, NOW)[0])
    signer = deep_chain(length)
    assert len(signer.chain) == length
    assert (verify_agreement(with_consumer(signer), FILE, held_against)[1] == []) is taken


def chain_of(*certificates: x509.Certificate) -> Signer:
    return replace(signers()[C], chain=certificates)


@pytest.mark.parametrize("chain", [("leaf",), ("leaf", "issuing"), ("leaf", "issuing", "root")], ids="-".join)
@pytest.mark.parametrize("trusted", [("root",), ("issuing",), ("root", "issuing")], ids="-".join)
def test_chain_leads_to_the_store_when_it_holds_any_of_its_authorities(
    chain: tuple[str, ...], trusted: tuple[str, ...]
) -> None:
    certificates = {"leaf": signers()[C].chain[0], "issuing": authority().issuing, "root": authority().root}
    files = {f"ca/{name}.pem": certificates[name].public_bytes(Encoding.PEM) for name in trusted}
    held_against = replace(circumstances(), trust=load_trust_store(files, NOW)[0])
    content = with_consumer(chain_of(*(certificates[name] for name in chain)))
    faults = [fault for fault in verify_agreement(content, FILE, held_against)[1] if fault.column == "signatures[0]"]
    leads = chain != ("leaf",) or "issuing" in trusted
    assert (faults == []) is leads


def test_chain_is_refused_when_an_authority_in_it_is_revoked() -> None:
    now_revoked = (
        x509.CertificateRevocationListBuilder(authority().root.subject, VALID_FROM, VALID_UNTIL)
        .add_revoked_certificate(x509.RevokedCertificateBuilder(authority().issuing.serial_number, VALID_UNTIL).build())
        .sign(authority().root_key, None)
    )
    files = {**authority().files(), "ca/root.crl": now_revoked.public_bytes(Encoding.DER)}
    trust, faults, _ = load_trust_store(files, NOW)
    assert faults == []
    _, faults, _ = verify_agreement(file_of(signed()), FILE, replace(circumstances(), trust=trust))
    assert [fault.column for fault in faults] == ["signatures[0]", "signatures[1]", "signatures[2]"]
    assert all("is revoked" in fault.what.en for fault in faults)


@pytest.mark.parametrize(
    "order",
    [replace(order_for(CONSUMER), valid_from=SIGNED_AT), replace(order_for(CONSUMER), valid_until=SIGNED_AT)],
    ids=["first", "last"],
)
def test_certificate_is_valid_when_it_signs_in_its_first_or_last_second(order: CertificateOrder) -> None:
    assert verify_agreement(with_consumer(certified(order)), FILE, circumstances())[1] == []
