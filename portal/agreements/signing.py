"""What a department's signing tool does, and a small authority that certifies departments.

For the demonstration and for tests: the portal signs no agreement and keeps no party's key.
"""

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias, assert_never

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey

from portal.agreements.agreement import SigningRole
from portal.agreements.canonical import canonical_form
from portal.agreements.signatures import jws_registry
from portal.certificates.chains import Chain
from portal.certificates.jose import Algorithm
from portal.json_text import JsonValue
from portal.vocabulary import DepartmentCode

PartyKey: TypeAlias = Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True, slots=True)
class Signer:
    """A party's key and algorithm, and the certificates that say whose the key is, its own first."""

    algorithm: Algorithm
    key: PartyKey = field(repr=False)
    chain: Chain


def sign_agreement(
    document: Mapping[str, JsonValue], signers: Mapping[SigningRole, Signer], signed_at: datetime
) -> dict[str, JsonValue]:
    """Return the agreement's document with a signature of each signer, in place of any that it had.

    Raises: BadInput for a number that can't be signed.
    """
    unsigned = {name: value for name, value in document.items() if name != "signatures"}
    octets, time = canonical_form(unsigned), signed_at.isoformat(timespec="seconds")
    signatures: list[JsonValue] = [
        {"role": role.value, "signed_at": time, "jws": _sign(octets, role, time, signer)}
        for role, signer in signers.items()
    ]
    return {**unsigned, "signatures": signatures}


def generate_key(algorithm: Algorithm) -> PartyKey:
    """Return a new private key for the algorithm."""
    match algorithm:
        case Algorithm.ED25519:
            return Ed25519PrivateKey.generate()
        case Algorithm.ES256:
            return ec.generate_private_key(ec.SECP256R1())
        case Algorithm.PS256:
            return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert_never(algorithm)


def _sign(octets: bytes, role: SigningRole, signed_at: str, signer: Signer) -> str:
    certificates = [base64.b64encode(member.public_bytes(Encoding.DER)).decode() for member in signer.chain]
    header = {"alg": signer.algorithm.value, "role": role.value, "signed_at": signed_at, "x5c": certificates}
    registry = jws_registry(signer.algorithm)
    return jws.detach_content(jws.serialize_compact(header, octets, _jose_key(signer.key), registry=registry))


def _jose_key(key: PartyKey) -> OKPKey | ECKey | RSAKey:
    match key:
        case Ed25519PrivateKey():
            return OKPKey.import_key(key)
        case ec.EllipticCurvePrivateKey():
            return ECKey.import_key(key)
        case rsa.RSAPrivateKey():
            return RSAKey.import_key(key)
    assert_never(key)


@dataclass(frozen=True, slots=True)
class SigningAuthority:
    """An authority of two levels: the root certifies the issuing authority, and that one the departments."""

    root: x509.Certificate
    root_key: Ed25519PrivateKey = field(repr=False)
    issuing: x509.Certificate
    issuing_key: Ed25519PrivateKey = field(repr=False)

    def certify(self, code: DepartmentCode, name: str, algorithm: Algorithm = Algorithm.ED25519) -> Signer:
        """Return a new key of the department, certified for as long as the authority itself."""
        key = generate_key(algorithm)
        subject = x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, name),
                x509.NameAttribute(NameOID.ORGANIZATION_IDENTIFIER, code),
            ]
        )
        certificate = (
            _builder(subject, self.issuing.subject, _period(self.issuing))
            .public_key(key.public_key())
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .sign(self.issuing_key, algorithm=None)
        )
        return Signer(algorithm, key, (certificate, self.issuing))

    def files(self, revoked: Iterable[x509.Certificate] = ()) -> dict[str, bytes]:
        """Return what a bundle's keys/ holds for this authority, by path below keys/.

        `revoked` are certificates of departments. The lists of revoked ones stay current as long as the authority.
        """
        return {
            "ca/issuing.crl": _revocation_list(self.issuing, self.issuing_key, revoked),
            "ca/issuing.pem": self.issuing.public_bytes(Encoding.PEM),
            "ca/root.crl": _revocation_list(self.root, self.root_key, ()),
            "ca/root.pem": self.root.public_bytes(Encoding.PEM),
        }


def make_authority(name: str, valid_from: datetime, valid_until: datetime) -> SigningAuthority:
    """Return a new authority; its certificates, and those that it issues, hold in that period."""
    root_key, issuing_key = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    root_name, issuing_name = (
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{name} {level}")]) for level in ("Root", "Issuing")
    )
    root, issuing = (
        _builder(subject, root_name, (valid_from, valid_until))
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .sign(root_key, algorithm=None)
        for subject, key, path_length in ((root_name, root_key, 1), (issuing_name, issuing_key, 0))
    )
    return SigningAuthority(root, root_key, issuing, issuing_key)


def _builder(subject: x509.Name, issuer: x509.Name, period: tuple[datetime, datetime]) -> x509.CertificateBuilder:
    valid_from, valid_until = period
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .serial_number(x509.random_serial_number())
        .not_valid_before(valid_from)
        .not_valid_after(valid_until)
    )


def _period(certificate: x509.Certificate) -> tuple[datetime, datetime]:
    return certificate.not_valid_before_utc, certificate.not_valid_after_utc


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=not signs_certificates,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _revocation_list(issuer: x509.Certificate, key: Ed25519PrivateKey, revoked: Iterable[x509.Certificate]) -> bytes:
    issued_at, renewed_by = _period(issuer)
    builder = x509.CertificateRevocationListBuilder(issuer.subject, issued_at, renewed_by)
    for certificate in revoked:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder(certificate.serial_number, issued_at).build()
        )
    return builder.sign(key, algorithm=None).public_bytes(Encoding.PEM)
