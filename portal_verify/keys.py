"""The public keys that a log is held against."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

_END = b"-----END PUBLIC KEY-----"


def parse_public_keys(public_keys: bytes) -> list[Ed25519PublicKey]:
    """Return the keys of PEMs that stand one behind the other. Raises: ValueError for none, or one of another kind."""
    found = []
    for part in public_keys.split(_END)[:-1]:
        key = load_pem_public_key(part + _END)
        if not isinstance(key, Ed25519PublicKey):
            raise ValueError("the audit's public key is not an Ed25519 key")
        found.append(key)
    if not found:
        raise ValueError("the audit's public key is not a PEM")
    return found


def raw_keys(public_keys: bytes) -> tuple[bytes, ...]:
    """Return the raw keys of PEMs, each once. Raises: ValueError."""
    return tuple(dict.fromkeys(key.public_bytes_raw() for key in parse_public_keys(public_keys)))
