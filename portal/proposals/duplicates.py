"""Whether a key comes twice among any number of rows, in memory that doesn't grow with them."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from hashlib import blake2b
from tempfile import SpooledTemporaryFile
from typing import IO

_DIGEST_OCTETS = 16
_BUCKETS = 256
_IN_MEMORY_OCTETS = 1 << 16
"""So much of each bucket is kept before it becomes a file."""

Key = Sequence[str | None]


def key_digest(key: Key) -> bytes:
    """Return a digest of the cells; no two keys that differ have the same one."""
    parts = "\0".join("-" if cell is None else f"={cell}" for cell in key)
    return blake2b(parts.encode(), digest_size=_DIGEST_OCTETS).digest()


def find_duplicate(keys: Iterable[Key]) -> bytes | None:
    """Return the digest of a key that comes twice, None where each is there once.

    Digests are dealt out to buckets by their first octet, so that no more than one bucket is compared at a time.
    """
    with ExitStack() as opened:
        buckets: list[IO[bytes]] = [
            opened.enter_context(SpooledTemporaryFile(_IN_MEMORY_OCTETS)) for _ in range(_BUCKETS)
        ]
        for key in keys:
            digest = key_digest(key)
            buckets[digest[0]].write(digest)
        return next((twice for bucket in buckets for twice in _repeated(bucket)), None)


def _repeated(bucket: IO[bytes]) -> Iterator[bytes]:
    bucket.seek(0)
    seen: set[bytes] = set()
    while digest := bucket.read(_DIGEST_OCTETS):
        if digest in seen:
            yield digest
        seen.add(digest)
