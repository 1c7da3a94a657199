"""Signed checkpoints over the heads of all chains.

A checkpoint's body is canonical JSON: `number`, `time`, `previous` (hash of the checkpoint before it), `heads` (those
that moved since the checkpoint before it, `[writer, sequence, hash]` by writer), `digest` (SHA-256 over the lines
`WRITER:SEQUENCE:HASH` of all heads by writer, each with its line end), `epoch` (the content's). Its hash is
SHA-256(body + signature).
"""

import hashlib
from collections.abc import Sequence
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


@dataclass(frozen=True, slots=True)
class Statement:
    """What a checkpoint says: heads that moved, by writer, the digest over all, and the content's epoch."""

    time: datetime
    moved: Sequence[Head]
    digest: str
    epoch: int


def sign_checkpoint(key: Ed25519PrivateKey, previous: Checkpoint, statement: Statement) -> Checkpoint:
    """Return the checkpoint after `previous`."""
    number = previous.number + 1
    body = orjson.dumps(
        {
            "number": number,
            "time": render_time(statement.time),
            "previous": previous.hash.hex(),
            "heads": [[head.writer, head.sequence, head.hash.hex()] for head in statement.moved],
            "digest": statement.digest,
            "epoch": statement.epoch,
        }
    )
    return Checkpoint(number, body.decode(), key.sign(body))


def heads_of(checkpoint: Checkpoint) -> list[Head]:
    """Return the heads that a checkpoint names."""
    heads = orjson.loads(checkpoint.body)["heads"]
    return [Head(writer, sequence, bytes.fromhex(digits)) for writer, sequence, digits in heads]


def digest_of(checkpoint: Checkpoint) -> str:
    """Return the digest over all heads that a checkpoint states; the first states that of none."""
    return str(orjson.loads(checkpoint.body)["digest"]) if checkpoint.number else ""
