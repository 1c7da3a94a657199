"""What the certificates of signers and authorities must be (RFC 5280; T23).

Written out, because `cryptography.x509.verification` takes no Ed25519 and asks of a leaf what web servers need.
"""

import base64
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from portal.errors import BadInput, Text

_MIN_RSA_BITS = 2048
_HASHES = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
_UNREADABLE = (
    CryptographyDeprecationWarning,
    TypeError,
    ValueError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
_UNDERSTOOD = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.CERTIFICATE_POLICIES,
    }
)
"""Critical extensions that may be there; another, such as name constraints, has to be refused by who can't apply it."""
_SIGNS_DOCUMENTS = frozenset(
    {
        ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
        ExtendedKeyUsageOID.CLIENT_AUTH,
        ExtendedKeyUsageOID.EMAIL_PROTECTION,
        x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36"),
    }
)
"""Purposes of people and organisations (the last: document signing, RFC 9336); a web server's key signs for nobody."""

_Extension = TypeVar("_Extension", bound=x509.ExtensionType)


@contextmanager
def refusing_unreadable(what: Text) -> Iterator[None]:
    """Turn whatever goes wrong when certificates are read into BadInput of `what`.

    That counts in what the library still reads, but warns that it won't for long, as negative serial numbers; not
    that a name is longer than X.520 would have it.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            warnings.simplefilter("error", CryptographyDeprecationWarning)
            yield
    except _UNREADABLE:
        raise BadInput(what) from None


def parse_certificate(der: bytes) -> x509.Certificate:
    """Return the certificate that the DER octets are.

    Raises: BadInput.
    """
    with refusing_unreadable(Text(en="a certificate can't be read", zh="证书无法读取")):
        certificate = x509.load_der_x509_certificate(der)
        # Names are read late; where they can't be, that is to show here and not in the midst of a check.
        _names(certificate)
        return certificate


def parse_pem_certificates(content: bytes) -> list[x509.Certificate]:
    """Return the certificates of a PEM file, at least one.

    Raises: BadInput.
    """
    with refusing_unreadable(Text(en="the file is no certificate in PEM", zh="文件不是 PEM 格式的证书")):
        certificates = x509.load_pem_x509_certificates(content)
    return [parse_certificate(certificate.public_bytes(Encoding.DER)) for certificate in certificates]


def check_signer(certificate: x509.Certificate) -> None:
    """Refuse a certificate that can't sign for a party: an authority's, or one whose usage is another.

    Raises: BadInput.
    """
    _check_certificate(certificate)
    constraints, usage = _extension(certificate, x509.BasicConstraints), _extension(certificate, x509.KeyUsage)
    if constraints is not None and constraints.ca:
        raise _refusal(certificate, "is an authority's, not a party's", "属于认证机构，而非协议一方")
    if usage is not None and not usage.digital_signature:
        raise _refusal(certificate, "isn't for digital signatures", "不可用于数字签名")
    purposes = _extension(certificate, x509.ExtendedKeyUsage)
    if purposes is not None and _SIGNS_DOCUMENTS.isdisjoint(purposes):
        raise _refusal(certificate, "isn't for signing documents", "不可用于签署文件")


def check_authority(certificate: x509.Certificate, authorities_below: int = 0) -> None:
    """Refuse a certificate that may not issue others, with that many authorities between it and the signer.

    Raises: BadInput.
    """
    _check_certificate(certificate)
    constraints, usage = _extension(certificate, x509.BasicConstraints), _extension(certificate, x509.KeyUsage)
    if constraints is None or not constraints.ca or (usage is not None and not usage.key_cert_sign):
        raise _refusal(
            certificate, "isn't an authority's: it may issue no certificates", "不是认证机构证书，无权签发证书"
        )
    if constraints.path_length is not None and constraints.path_length < authorities_below:
        raise _refusal(certificate, "doesn't allow so many authorities below it", "不允许其下有这么多级认证机构")


def was_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Return whether the certificate names the issuer and bears its signature, made with a hash that still holds."""
    try:
        certificate.verify_directly_issued_by(issuer)
        algorithm = certificate.signature_hash_algorithm
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return algorithm is None or isinstance(algorithm, _HASHES)


def thumbprint(certificate: x509.Certificate) -> str:
    """Return the SHA-256 of the certificate in base64url, as `x5t#S256` holds it (RFC 8705 §3.1)."""
    return base64.urlsafe_b64encode(certificate.fingerprint(hashes.SHA256())).rstrip(b"=").decode("ascii")


def describe(certificate: x509.Certificate) -> str:
    """Return the certificate's subject in words for a message."""
    return certificate.subject.rfc4514_string()


def _names(certificate: x509.Certificate) -> tuple[x509.Name, x509.Name]:
    return certificate.subject, certificate.issuer


def _check_certificate(certificate: x509.Certificate) -> None:
    with refusing_unreadable(
        _sentence(certificate, "has a key or extension that can't be read", "含有无法读取的密钥或扩展项")
    ):
        key, extensions = certificate.public_key(), certificate.extensions
    if isinstance(key, RSAPublicKey) and key.key_size < _MIN_RSA_BITS:
        raise _refusal(certificate, f"has an RSA key under {_MIN_RSA_BITS} bits", f"的 RSA 密钥短于 {_MIN_RSA_BITS} 位")
    unknown = [extension.oid for extension in extensions if extension.critical and extension.oid not in _UNDERSTOOD]
    if unknown:
        oid = unknown[0].dotted_string
        raise _refusal(
            certificate, f"has the critical extension {oid}, which isn't understood", f"含有无法处理的关键扩展项 {oid}"
        )


def _extension(certificate: x509.Certificate, kind: type[_Extension]) -> _Extension | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _refusal(certificate: x509.Certificate, en: str, zh: str) -> BadInput:
    return BadInput(_sentence(certificate, en, zh))


def _sentence(certificate: x509.Certificate, en: str, zh: str) -> Text:
    name = describe(certificate)
    return Text(en=f"the certificate `{name}` {en}", zh=f"证书 `{name}` {zh}")
