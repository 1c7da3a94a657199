"""What the files in keys/ hold: certificates, or a public key alone."""

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from portal.certificates.certificates import parse_pem_certificates
from portal.errors import BadInput


@dataclass(frozen=True, slots=True)
class HeldKey:
    """A public key in a file. `key_id` is the hex SHA-256 of its DER; the rest says a certificate alone."""

    key_id: str
    subject: str | None = None
    issuer: str | None = None
    not_after: datetime | None = None


def held_keys(content: bytes) -> tuple[HeldKey, ...]:
    """Return the keys in a file, in its order; none where it holds something else, such as a revocation list."""
    try:
        return (HeldKey(_key_id(load_pem_public_key(content))),)
    except (ValueError, UnsupportedAlgorithm):
        return _of_certificates(content)


def _of_certificates(content: bytes) -> tuple[HeldKey, ...]:
    try:
        return tuple(map(_of_certificate, parse_pem_certificates(content)))
    except (BadInput, ValueError, UnsupportedAlgorithm):
        return ()


def _of_certificate(certificate: x509.Certificate) -> HeldKey:
    return HeldKey(
        _key_id(certificate.public_key()),
        certificate.subject.rfc4514_string(),
        certificate.issuer.rfc4514_string(),
        certificate.not_valid_after_utc,
    )


def _key_id(key: PublicKeyTypes) -> str:
    digest = hashes.Hash(hashes.SHA256())
    digest.update(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    return digest.finalize().hex()
