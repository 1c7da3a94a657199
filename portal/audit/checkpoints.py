"""Signed checkpoints over the heads of all chains.

A checkpoint's body is canonical JSON: `number`, `time`, `previous` (hash of the checkpoint before it), `heads` (those
that moved since the checkpoint before it, `[writer, sequence, hash]` by writer), `digest` (SHA-256 over the lines
`WRITER:SEQUENCE:HASH` of all heads by writer, each with its line end), `epoch` (the content's). Its hash is
SHA-256(body + signature). After a rotation of the audit key the former one signs a last checkpoint; its `key` is the
new one, raw and in hex, which signs from the next one on.

After a restore two people may accept that the log lacks what was witnessed: that checkpoint has a `loss` besides, and
its number is the next after the lost ones, so that no later checkpoint shares a number with one of them.
"""

import hashlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from portal.audit.chain import NO_CHECKPOINT_HASH, Head
from portal.audit.records import render_time
from portal.json_text import JsonValue


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
class Loss:
    """A gap that was accepted: the witnessed checkpoint that the log lacks (0 and no hash: there was no witness).

    `since` is the last checkpoint of the backup, `epochs` are the backup's and the witnessed one (None: not known).
    """

    number: int
    hash: str
    since: int
    epochs: tuple[int, int | None]
    accepted_by: tuple[str, str]
    reason: str

    def members(self) -> dict[str, object]:
        """Return what the checkpoint's body says of it."""
        return {
            "number": self.number,
            "hash": self.hash,
            "since": self.since,
            "epochs": [*self.epochs],
            "accepted_by": [*self.accepted_by],
            "reason": self.reason,
        }


LOSS_PATTERN = '%"loss":{%'
"""What the bodies of checkpoints that state a loss are like."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What a checkpoint says: heads that moved, by writer, the digest over all, the content's epoch, and a loss.

    `successor` is the key that signs from the next checkpoint on; None: the same.
    """

    time: datetime
    moved: Sequence[Head]
    digest: str
    epoch: int
    loss: Loss | None = None
    successor: Ed25519PublicKey | None = None


def sign_checkpoint(key: Ed25519PrivateKey, previous: Checkpoint, statement: Statement) -> Checkpoint:
    """Return the checkpoint after `previous`, and after what it states to be lost."""
    loss = statement.loss
    number = max(previous.number, loss.number if loss else 0) + 1
    members: dict[str, object] = {
        "number": number,
        "time": render_time(statement.time),
        "previous": previous.hash.hex(),
        "heads": [[head.writer, head.sequence, head.hash.hex()] for head in statement.moved],
        "digest": statement.digest,
        "epoch": statement.epoch,
    }
    if loss is not None:
        members["loss"] = loss.members()
    if statement.successor is not None:
        members["key"] = statement.successor.public_bytes_raw().hex()
    body = orjson.dumps(members)
    return Checkpoint(number, body.decode(), key.sign(body))


def settles(checkpoint: Checkpoint, number: int, hash_text: str) -> bool:
    """Return whether a checkpoint states that the loss of this witnessed one was accepted.

    Lost are the one that it names and those between the backup's last and it; another one of its number isn't.
    """
    loss = orjson.loads(checkpoint.body).get("loss")
    if not isinstance(loss, dict):
        return False
    return (number, hash_text) == (loss["number"], loss["hash"]) or bool(loss["since"] < number < loss["number"])


def find_settling(
    checkpoints: Iterable[Checkpoint], keys: Iterable[Ed25519PublicKey], number: int, hash_text: str
) -> Checkpoint | None:
    """Return the first of the checkpoints, signed with one of the keys, that states the loss of this witnessed one."""
    found = (one for one in checkpoints if is_signed(one, *keys) and settles(one, number, hash_text))
    return next(found, None)


def is_signed(checkpoint: Checkpoint, *keys: Ed25519PublicKey) -> bool:
    """Return whether the checkpoint was signed with one of the keys."""
    for key in keys:
        with suppress(InvalidSignature):
            key.verify(checkpoint.signature, checkpoint.body.encode())
            return True
    return False


def key_named(checkpoint: Checkpoint) -> bytes | None:
    """Return the raw public key that signs from the next checkpoint on, None where that stays the same."""
    named = orjson.loads(checkpoint.body).get("key")
    return bytes.fromhex(named) if isinstance(named, str) else None


def heads_of(checkpoint: Checkpoint) -> list[Head]:
    """Return the heads that a checkpoint names."""
    heads = orjson.loads(checkpoint.body)["heads"]
    return [Head(writer, sequence, bytes.fromhex(digits)) for writer, sequence, digits in heads]


def digest_of(checkpoint: Checkpoint) -> str:
    """Return the digest over all heads that a checkpoint states; the first states that of none."""
    return str(orjson.loads(checkpoint.body)["digest"]) if checkpoint.number else ""


def checkpoint_members(checkpoint: Checkpoint) -> dict[str, JsonValue]:
    """Return the JSON object as which a checkpoint travels."""
    return {
        "number": checkpoint.number,
        "hash": checkpoint.hash.hex(),
        "body": checkpoint.body,
        "signature": checkpoint.signature.hex(),
    }
