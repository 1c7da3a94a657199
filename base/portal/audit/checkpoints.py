"""Signed checkpoints over the heads of all chains.

A checkpoint's body is canonical JSON: `number`, `time`, `previous` (hash of the checkpoint before it), `heads` (those
that moved since the signer last looked, `[writer, sequence, hash]` by writer), `digest` (SHA-256 over the lines
`WRITER:SEQUENCE:HASH` of all heads by writer, each with its line end). Its hash is SHA-256(body + signature).
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from portal.audit.chain import NO_CHECKPOINT_HASH, Head
from portal.audit.records import render_time


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A signed checkpoint; number 0 is the one before the first."""

    number: int
    body: str
    signature: bytes

    @property
    def hash(self) -> bytes:
        """The hash that the next checkpoint, and each chain that begins now, refers to."""
        return hashlib.sha256(self.body.encode() + self.signature).digest() if self.number else NO_CHECKPOINT_HASH


NO_CHECKPOINT = Checkpoint(0, "", b"")


def sign_checkpoint(
    key: Ed25519PrivateKey, previous: Checkpoint, time: datetime, moved: Iterable[Head], heads: Mapping[int, Head]
) -> Checkpoint:
    """Return the checkpoint after `previous`; `heads` are all heads, `moved` those to name, both by writer."""
    number = previous.number + 1
    body = orjson.dumps(
        {
            "number": number,
            "time": render_time(time),
            "previous": previous.hash.hex(),
            "heads": [[head.writer, head.sequence, head.hash.hex()] for head in moved],
            "digest": digest_of(heads),
        }
    )
    return Checkpoint(number, body.decode(), key.sign(body))


def digest_of(heads: Mapping[int, Head]) -> str:
    """Return the hex digest over all heads, by writer."""
    ordered = (heads[writer] for writer in sorted(heads))
    return hashlib.sha256("".join(f"{h.writer}:{h.sequence}:{h.hash.hex()}\n" for h in ordered).encode()).hexdigest()
