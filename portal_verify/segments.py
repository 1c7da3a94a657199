"""Segments: pieces of a chain, from a record up to a head that a checkpoint names, as hashes without texts.

    {"writer":1,"first":17,"before":HEX,"digests":[HEX,…],"records":[17,19],"checkpoint":9}

`before` is the hash in front of record `first`; `digests` are SHA-256 of the texts of it and of those behind it, up to
the head that the checkpoint names; for an older record its text stands there, because it was chained by that. `records`
are the numbers of those whose texts are handed on beside it. So a record is proved to be in the log without a word of
who else asked for what.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

Head = tuple[int, bytes]
"""A chain's last sequence and its hash."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a chain; `steps` are hashes of texts (32 bytes), or texts of older records."""

    writer: int
    first: int
    before: bytes
    steps: tuple[bytes, ...]
    records: tuple[int, ...]
    checkpoint: int

    @property
    def head(self) -> Head:
        """The head that it leads to."""
        reached = self.before
        for step in self.steps:
            reached = hashlib.sha256(reached + step).digest()
        return self.first + len(self.steps) - 1, reached

    def digest_of(self, sequence: int) -> bytes:
        """Return the hash of the text of one of its records."""
        step = self.steps[sequence - self.first]
        return step if len(step) == hashlib.sha256().digest_size else hashlib.sha256(step).digest()


def parse_segment(members: dict[str, Any]) -> Segment:
    """Return the segment that a JSON object states. Raises: ValueError, TypeError, LookupError."""
    writer, first, checkpoint = (_whole(members[name]) for name in ("writer", "first", "checkpoint"))
    steps = tuple(map(_parse_step, members["digests"]))
    records = tuple(_whole(number) for number in members["records"])
    is_ordered = all(one < next_one for one, next_one in pairwise(records))
    before = bytes.fromhex(members["before"])
    if len(before) != hashlib.sha256().digest_size or not records or not is_ordered or len(members) != 6:
        raise ValueError("no segment")
    if records[0] < first or records[-1] >= first + len(steps):
        raise ValueError("a record outside of its segment")
    return Segment(writer, first, before, steps, records, checkpoint)


def _parse_step(text: str) -> bytes:
    # The text of a record is JSON and far longer than a hash, so neither passes for the other.
    if text.startswith("{"):
        return _long(text.encode())
    digest = bytes.fromhex(text)
    if len(digest) != hashlib.sha256().digest_size:
        raise ValueError("no hash")
    return digest


def _long(text: bytes) -> bytes:
    if len(text) <= hashlib.sha256().digest_size:
        raise ValueError("no text of a record")
    return text


def _whole(number: object) -> int:
    if isinstance(number, int) and not isinstance(number, bool) and number > 0:
        return number
    raise ValueError("no number")


def place_of(text: bytes) -> tuple[int, int]:
    """Return writer and sequence that a record's text states. Raises: ValueError, TypeError, LookupError."""
    members = json.loads(text)
    return _whole(members["writer"]), _whole(members["sequence"])


def heads_of(body: bytes) -> Iterator[tuple[int, Head]]:
    """Yield the heads that a checkpoint's body names. Raises: ValueError, TypeError, LookupError."""
    for writer, sequence, digits in json.loads(body)["heads"]:
        yield writer, (sequence, bytes.fromhex(digits))
