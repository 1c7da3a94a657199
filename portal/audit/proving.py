"""Proving one record: its chain from it up to the first checkpoint that covers it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection, func, select

from portal.audit.chain import Head
from portal.audit.checkpoints import Checkpoint, checkpoint_members, heads_of, is_signed
from portal.audit.records import render_time
from portal.audit.searching import FoundRecord, Place
from portal.audit.segments import read_segment
from portal.json_text import JsonValue
from portal.storage.audit_tables import audit_checkpoints

MAX_CHECKPOINTS = 5000
"""Checkpoints that are looked through for the one that covers a record."""
SKEW = timedelta(seconds=10)
"""The clocks of two hosts may differ so much."""


class ProofState(StrEnum):
    """What became of a proof."""

    PROVED = "proved"
    """From the record to a head that a checkpoint with a good signature names, every hash is right."""
    UNCOVERED = "uncovered"
    """No checkpoint covers it yet."""
    BROKEN = "broken"
    """A hash or signature isn't right: `portal audit verify` tells where."""


@dataclass(frozen=True, slots=True)
class Proof:
    """The checkpoint that covers a record, None for none, and whether the chain up to it is sound."""

    state: ProofState
    checkpoint: int | None = None
    document: str = field(default="", compare=False, repr=False)
    """What `portal-verify receipt` checks elsewhere, JSON; empty where there is no proof."""
    is_sealed: bool = field(default=True, compare=False)
    """Whether the document holds no other record's text; older ones can't be proved without those behind them."""


def prove_record(connection: Connection, record: FoundRecord, keys: Sequence[Ed25519PublicKey]) -> Proof:
    """Return whether the record stands as it was when a checkpoint, signed with one of the keys, covered it."""
    place = record.place
    moment = datetime.fromisoformat(json.loads(record.text)["time"])
    found = _covering(connection, place, render_time(moment - SKEW))
    if found is None:
        return Proof(ProofState.UNCOVERED)
    checkpoint, head = found
    segment = read_segment(connection, place, head, checkpoint.number, {place.sequence})
    if segment is None or segment.texts[place.sequence] != record.text or not is_signed(checkpoint, *keys):
        return Proof(ProofState.BROKEN, checkpoint.number)
    members: dict[str, JsonValue] = {
        "format": "portal-receipt-1",
        "record": record.text,
        "segment": segment.members(),
        "checkpoint": checkpoint_members(checkpoint),
    }
    return Proof(ProofState.PROVED, checkpoint.number, orjson.dumps(members).decode(), segment.is_sealed)


def _covering(connection: Connection, place: Place, since: str) -> tuple[Checkpoint, Head] | None:
    """Return the first checkpoint not before the time that covers the record, and the head that it names."""
    number = audit_checkpoints.c.number
    first = first_since(connection, since)
    rows = connection.execute(select(audit_checkpoints).where(number >= first).order_by(number).limit(MAX_CHECKPOINTS))
    for row in rows:
        checkpoint = Checkpoint(row.number, row.body, row.signature)
        for head in heads_of(checkpoint):
            if head.writer == place.writer and head.sequence >= place.sequence:
                return checkpoint, head
    return None


def first_since(connection: Connection, since: str) -> int:
    """Return the number of the first checkpoint from that time on; their times rise with their numbers."""
    low, high = 1, (connection.scalar(select(func.max(audit_checkpoints.c.number))) or 0) + 1
    while low < high:
        middle = (low + high) // 2
        # Numbers may be missing: after a restore they go on behind the lost ones.
        at_or_behind = audit_checkpoints.c.number >= middle
        found = connection.execute(
            select(audit_checkpoints.c.number, audit_checkpoints.c.body)
            .where(at_or_behind)
            .order_by(audit_checkpoints.c.number)
            .limit(1)
        ).one_or_none()
        if found is None or json.loads(found.body)["time"] >= since:
            high = middle
        else:
            low = found.number + 1
    return low
