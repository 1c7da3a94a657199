"""Segments of chains for who verifies them elsewhere: hashes of what they may not read (`portal_verify`)."""

import hashlib
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from sqlalchemy import Connection, select

from portal.audit.chain import Head, Writer, hash_behind, is_behind
from portal.audit.searching import Place
from portal.json_text import JsonValue
from portal.storage.audit_tables import audit_records, audit_writers

_records = audit_records.c


@dataclass(frozen=True, slots=True)
class Segment:
    """A sound piece of a chain, from `first` to the head of a checkpoint, and the texts of the records wanted of it.

    `steps` are the hashes of texts in hex; `is_sealed` is False where an older record stands among them as its text,
    because it was chained by that: who gets the segment then reads it.
    """

    first: Place
    before: bytes
    steps: tuple[str, ...]
    texts: dict[int, str]
    checkpoint: int
    is_sealed: bool

    def members(self) -> dict[str, JsonValue]:
        """Return the JSON object of the segment."""
        return {
            "writer": self.first.writer,
            "first": self.first.sequence,
            "before": self.before.hex(),
            "digests": list(self.steps),
            "records": [*sorted(self.texts)],
            "checkpoint": self.checkpoint,
        }


def read_segment(
    connection: Connection, first: Place, head: Head, checkpoint: int, wanted: AbstractSet[int]
) -> Segment | None:
    """Return the chain's piece from a record to a head, with the texts of `wanted`; None where it isn't sound."""
    before = previous = _hash_before(connection, first)
    steps, texts = list[str](), dict[int, str]()
    rows = connection.execute(
        select(_records.sequence, _records.record, _records.hash)
        .where(_records.writer == first.writer, _records.sequence.between(first.sequence, head.sequence))
        .order_by(_records.sequence)
    )
    is_sealed = True
    for sequence, text, stored in rows:
        octets = text.encode()
        if not is_behind(previous, octets, stored):
            return None
        is_older = stored != hash_behind(previous, octets)
        is_sealed = is_sealed and not (is_older and sequence not in wanted)
        steps.append(text if is_older else hashlib.sha256(octets).hexdigest())
        if sequence in wanted:
            texts[sequence] = text
        previous = stored
    is_whole = previous == head.hash and texts.keys() == wanted and len(steps) == head.sequence - first.sequence + 1
    return Segment(first, before, tuple(steps), texts, checkpoint, is_sealed) if is_whole else None


def read_links(connection: Connection, writer: int, after: int, until: int) -> list[str]:
    """Return what each record of a chain behind `after` up to `until` adds to it, as a segment's `steps` say it.

    Nothing is verified here: who asks does that, and finds what was changed or isn't there.
    """
    rows = connection.execute(
        select(_records.record, _records.hash)
        .where(_records.writer == writer, _records.sequence > after, _records.sequence <= until)
        .order_by(_records.sequence)
    )
    links, previous = list[str](), _hash_before(connection, Place(writer, after + 1))
    for text, stored in rows:
        octets = text.encode()
        is_older = stored != hash_behind(previous, octets)
        links.append(text if is_older else hashlib.sha256(octets).hexdigest())
        previous = stored
    return links


def _hash_before(connection: Connection, place: Place) -> bytes:
    if place.sequence == 1:
        row = connection.execute(select(audit_writers).where(audit_writers.c.writer == place.writer)).one_or_none()
        return b"" if row is None else Writer(*row).genesis.hash
    stored = select(_records.hash).where(_records.writer == place.writer, _records.sequence == place.sequence - 1)
    return connection.scalar(stored) or b""
