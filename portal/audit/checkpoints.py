"""Signed checkpoints over the heads of all chains.

A checkpoint's body is canonical JSON: `number`, `time`, `previous` (hash of the checkpoint before it), `heads` (those
that moved since the signer last looked, `[writer, sequence, hash]` by writer), `digest` (SHA-256 over the lines
`WRITER:SEQUENCE:HASH` of all heads by writer, each with its line end). Its hash is SHA-256(body + signature).

After a restore two people may accept that the log lacks what was witnessed: that checkpoint has a `loss` besides, and
its number is the next after the lost ones, so that no later checkpoint shares a number with one of them.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast

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


def settles(body: str, number: int, hash_text: str) -> bool:
    """Return whether a checkpoint's body says that the loss of this witnessed checkpoint was accepted."""
    loss = orjson.loads(body).get("loss")
    return number > 0 and isinstance(loss, dict) and (loss.get("number"), loss.get("hash")) == (number, hash_text)


def sign_checkpoint(
    key: Ed25519PrivateKey, previous: Checkpoint, time: datetime, moved: Iterable[Head], heads: Mapping[int, Head]
) -> Checkpoint:
    """Return the checkpoint after `previous`; `heads` are all heads, `moved` those to name, both by writer."""
    return _sign(key, _body(previous.number + 1, previous, time, moved, heads))


def sign_loss(
    key: Ed25519PrivateKey, previous: Checkpoint, time: datetime, heads: Mapping[int, Head], loss: Loss
) -> Checkpoint:
    """Return the checkpoint after `previous` that states the loss; all heads are named."""
    number = max(previous.number, loss.number) + 1
    return _sign(key, {**_body(number, previous, time, heads.values(), heads), "loss": loss.members()})


def _body(
    number: int, previous: Checkpoint, time: datetime, moved: Iterable[Head], heads: Mapping[int, Head]
) -> dict[str, object]:
    return {
        "number": number,
        "time": render_time(time),
        "previous": previous.hash.hex(),
        "heads": [[head.writer, head.sequence, head.hash.hex()] for head in moved],
        "digest": digest_of(heads),
    }


def _sign(key: Ed25519PrivateKey, members: dict[str, object]) -> Checkpoint:
    body = orjson.dumps(members)
    return Checkpoint(cast("int", members["number"]), body.decode(), key.sign(body))


def digest_of(heads: Mapping[int, Head]) -> str:
    """Return the hex digest over all heads, by writer."""
    ordered = (heads[writer] for writer in sorted(heads))
    return hashlib.sha256("".join(f"{h.writer}:{h.sequence}:{h.hash.hex()}\n" for h in ordered).encode()).hexdigest()
