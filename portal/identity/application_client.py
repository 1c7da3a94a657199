"""An application's own side of tokens: the assertion of who it is, a proof for each request (RFC 7523, RFC 9449)."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

from portal.certificates.jose import Algorithm, JoseKey
from portal.errors import BadInput, Text
from portal.identity.assertions import ASSERTION_TYPE
from portal.identity.proofs import PROOF_TYPE, token_digest

_ASSERTION_SECONDS = 60


class ApplicationClient:
    """Signs for one application. The key that tokens are bound to is made anew and never leaves the process."""

    def __init__(self, application: str, key: JoseKey, algorithm: Algorithm) -> None:
        self._application = application
        self._key = key
        self._algorithm = algorithm
        self._bound = ECKey.generate_key("P-256")

    def token_form(self, token_url: str, now: datetime) -> dict[str, str]:
        """Return the fields that ask for a token at its endpoint."""
        claims: dict[str, object] = {
            "iss": self._application,
            "sub": self._application,
            "aud": token_url,
            "exp": int(now.timestamp()) + _ASSERTION_SECONDS,
            "jti": secrets.token_urlsafe(12),
        }
        return {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": jwt.encode(
                {"alg": self._algorithm.value}, claims, self._key, algorithms=[self._algorithm.value]
            ),
        }

    def proof(self, request: tuple[str, str], now: datetime, token: str | None, nonce: str | None) -> str:
        """Return the proof for a request, given as its method and address without query."""
        method, url = request
        claims: dict[str, object] = {
            "jti": secrets.token_urlsafe(12),
            "htm": method,
            "htu": url,
            "iat": int(now.timestamp()),
        }
        if token is not None:
            claims["ath"] = token_digest(token)
        if nonce is not None:
            claims["nonce"] = nonce
        header: Mapping[str, object] = {"typ": PROOF_TYPE, "alg": "ES256", "jwk": self._bound.as_dict(private=False)}
        return jwt.encode(dict(header), claims, self._bound, algorithms=["ES256"])


def load_application_client(application: str, key_file: Path) -> ApplicationClient:
    """Return who signs for the application with the private key in a PEM file. Raises: BadInput."""
    try:
        key = load_pem_private_key(key_file.read_bytes(), None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm):
        raise _unusable(key_file) from None
    match key:
        case Ed25519PrivateKey():
            return ApplicationClient(application, OKPKey.import_key(key), Algorithm.ED25519)
        case EllipticCurvePrivateKey(curve=SECP256R1()):
            return ApplicationClient(application, ECKey.import_key(key), Algorithm.ES256)
        case RSAPrivateKey():
            return ApplicationClient(application, RSAKey.import_key(key), Algorithm.PS256)
    raise _unusable(key_file)


def _unusable(key_file: Path) -> BadInput:
    return BadInput(
        Text(
            en=f"`{key_file}` holds no private key that can be used; name a PEM file with an Ed25519, P-256 or RSA "
            "key, without password",
            zh=f"`{key_file}` 中没有可用的私钥；请指定含 Ed25519、P-256 或 RSA 私钥且无口令的 PEM 文件",
        )
    )
