"""Certificates in signatures of JOSE: the chain in a header, and the key that fits an algorithm (RFC 7515 §4.1.6)."""

import base64
from enum import StrEnum
from typing import TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from joserfc.jwk import ECKey, OKPKey, RSAKey

from portal.certificates.certificates import describe, parse_certificate
from portal.certificates.chains import MAX_CHAIN, Chain
from portal.errors import BadInput, Text
from portal.json_text import JsonValue

JoseKey: TypeAlias = OKPKey | ECKey | RSAKey


class Algorithm(StrEnum):
    """An algorithm that departments sign with, by its name in JOSE."""

    ED25519 = "Ed25519"
    ES256 = "ES256"
    PS256 = "PS256"


def parse_chain(raw: JsonValue) -> Chain:
    """Return the certificates of a header's `x5c`; nothing of them is checked. Raises: BadInput."""
    if not isinstance(raw, list) or not 1 <= len(raw) <= MAX_CHAIN:
        raise BadInput(
            Text(
                en=f"`x5c` isn't a list of 1 to {MAX_CHAIN} certificates",
                zh=f"`x5c` 应为 1 至 {MAX_CHAIN} 个证书的列表",
            )
        )
    return tuple(parse_certificate(_parse_base64(member)) for member in raw)


def _parse_base64(raw: JsonValue) -> bytes:
    refusal = BadInput(Text(en="a member of `x5c` is no base64", zh="`x5c` 的成员不是 base64"))
    if not isinstance(raw, str):
        raise refusal
    try:
        return base64.b64decode(raw, validate=True)
    except ValueError:
        raise refusal from None


def fitting_key(algorithm: Algorithm, certificate: x509.Certificate) -> JoseKey:
    """Return the certificate's key if it is of the algorithm's kind: a key is never used as what it isn't (T6).

    Raises: BadInput.
    """
    match algorithm, certificate.public_key():
        case Algorithm.ED25519, Ed25519PublicKey() as key:
            return OKPKey.import_key(key)
        case Algorithm.ES256, EllipticCurvePublicKey(curve=SECP256R1()) as key:
            return ECKey.import_key(key)
        case Algorithm.PS256, RSAPublicKey() as key:
            return RSAKey.import_key(key)
    raise BadInput(
        Text(
            en=f"the algorithm {algorithm} doesn't fit the key of the certificate `{describe(certificate)}`",
            zh=f"算法 {algorithm} 与证书 `{describe(certificate)}` 的密钥不匹配",
        )
    )
