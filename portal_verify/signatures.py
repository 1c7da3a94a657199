"""Checkpoints outside of a database: who signed them, and which key signs the next."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint as it travels: its body is what is signed."""

    number: int
    body: bytes
    signature: bytes

    @property
    def hash(self) -> str:
        """Its hash in hex, which the next one names and a witness keeps."""
        return hashlib.sha256(self.body + self.signature).hexdigest()


def parse_checkpoint(members: dict[str, Any]) -> SignedCheckpoint:
    """Return the checkpoint of a JSON object. Raises: ValueError, TypeError, LookupError."""
    checkpoint = SignedCheckpoint(members["number"], members["body"].encode(), bytes.fromhex(members["signature"]))
    if json.loads(checkpoint.body)["number"] != checkpoint.number or members["hash"] != checkpoint.hash:
        raise ValueError("a checkpoint that isn't what it says")
    return checkpoint


def is_signed_by(key: bytes, message: bytes, signature: bytes) -> bool:
    """Tell whether the raw public key's holder signed the message."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


class Signers:
    """Follows who signs: the first may be any of the trusted keys, then the same one until it names another."""

    def __init__(self, trusted: Iterable[bytes]) -> None:
        self._trusted = tuple(trusted)

    def may_sign(self, message: bytes, signature: bytes) -> bool:
        """Tell whether who may sign now has signed this; from then on that key alone may."""
        signer = next((key for key in self._trusted if is_signed_by(key, message, signature)), None)
        if signer is None:
            return False
        self._trusted = (signer,)
        return True

    def follow(self, body: bytes) -> None:
        """Let the key sign that a sound checkpoint names, if it does. Raises: ValueError, TypeError."""
        named = json.loads(body).get("key")
        if named is not None:
            self._trusted = (bytes.fromhex(named),)
