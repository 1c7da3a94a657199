"""The hash chain of a writer: each record's hash covers the one before it, the first one the chain's genesis.

    genesis = SHA-256("portal-audit-1:PORTAL:WRITER:STARTED_AT:CHECKPOINT:CHECKPOINT_HASH")
    hash    = SHA-256(hash before it (32 bytes) + SHA-256(canonical JSON of the record with its place, UTF-8))

PORTAL is the hex SHA-256 of the raw public audit key; CHECKPOINT and its hex hash are those of the last checkpoint when
the chain began (0 and 64 zeros: none). Of the records behind one a proof needs no more than the hashes of their texts,
so it tells nothing of who asked what. Older ones were chained by their texts. `portal_verify` states the same again
without this module.
"""

import hashlib
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

NO_CHECKPOINT_HASH = bytes(32)


@dataclass(frozen=True, slots=True)
class Head:
    """The last link of a writer's chain; sequence 0 is the genesis."""

    writer: int
    sequence: int
    hash: bytes


def portal_name(key: Ed25519PublicKey) -> str:
    """Return the name under which a log belongs to the holder of this audit key."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()


@dataclass(frozen=True, slots=True)
class Writer:
    """The beginning of a chain: a row of `audit_writers`."""

    writer: int
    portal: str
    started_at: str
    checkpoint: int
    checkpoint_hash: bytes

    @property
    def genesis(self) -> Head:
        """The head of the chain without records, bound to the portal, the writer and the last checkpoint."""
        text = f"portal-audit-1:{self.portal}:{self.writer}:{self.started_at}:{self.checkpoint}:"
        return Head(self.writer, 0, hashlib.sha256((text + self.checkpoint_hash.hex()).encode()).digest())


def append(head: Head, body: bytes) -> tuple[Head, bytes]:
    """Return the chain's new head and the record's canonical JSON, with its place in front."""
    sequence = head.sequence + 1
    text = b'{"writer":%d,"sequence":%d,%b' % (head.writer, sequence, body[1:])
    return Head(head.writer, sequence, hash_behind(head.hash, text)), text


def hash_behind(previous: bytes, text: bytes) -> bytes:
    """Return the hash of a record behind the one with that hash."""
    return hashlib.sha256(previous + hashlib.sha256(text).digest()).digest()


def is_behind(previous: bytes, text: bytes, stored: bytes) -> bool:
    """Return whether a record has this hash behind that one, by the hash of its text or, as older ones, by its text."""
    return stored in (hash_behind(previous, text), hashlib.sha256(previous + text).digest())
