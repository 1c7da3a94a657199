"""Verifying the proof of one record, a JSON object that the portal hands out and anybody may keep in a file.

{"format":"portal-receipt-1","record":TEXT,"segment":{…},"checkpoint":{"number":9,"hash":…,"body":…,"signature":…}}
"""

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum

from portal_verify.keys import raw_keys
from portal_verify.segments import heads_of, parse_segment, place_of
from portal_verify.signatures import is_signed_by, parse_checkpoint

FORMAT = "portal-receipt-1"
_MEMBERS = {"format", "record", "segment", "checkpoint"}


class ReceiptFlaw(StrEnum):
    """Why a proof proves nothing."""

    UNREADABLE = "unreadable"
    """It isn't of the form."""
    SIGNATURE = "signature"
    """The audit key didn't sign the checkpoint."""
    HEAD = "head"
    """The piece of the chain doesn't lead to what the checkpoint says."""
    RECORD = "record"
    """The record isn't the one that the chain holds."""


@dataclass(frozen=True, slots=True)
class ReceiptVerification:
    """What a proof shows: the record, and the checkpoint that covers it with the time when that was signed."""

    receipt: str
    record: str
    checkpoint: int
    signed_at: str
    flaw: ReceiptFlaw | None = None


def verify_receipt(document: bytes, public_keys: bytes) -> ReceiptVerification:
    """Check the proof of a record. Raises: ValueError for a key that isn't Ed25519."""
    trusted = raw_keys(public_keys)
    try:
        return _verify(document, trusted)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return _flawed(ReceiptFlaw.UNREADABLE)


def _flawed(flaw: ReceiptFlaw) -> ReceiptVerification:
    return ReceiptVerification("", "", 0, "", flaw)


def _verify(document: bytes, trusted: tuple[bytes, ...]) -> ReceiptVerification:
    members = json.loads(document)
    if members.keys() != _MEMBERS or members["format"] != FORMAT:
        return _flawed(ReceiptFlaw.UNREADABLE)
    checkpoint, segment = parse_checkpoint(members["checkpoint"]), parse_segment(members["segment"])
    text = members["record"].encode()
    if not any(is_signed_by(key, checkpoint.body, checkpoint.signature) for key in trusted):
        return _flawed(ReceiptFlaw.SIGNATURE)
    is_covered = dict(heads_of(checkpoint.body)).get(segment.writer) == segment.head
    if segment.checkpoint != checkpoint.number or not is_covered:
        return _flawed(ReceiptFlaw.HEAD)
    writer, sequence = place_of(text)
    is_recorded = segment.digest_of(segment.records[0]) == hashlib.sha256(text).digest()
    if not is_recorded or segment.records != (sequence,) or segment.writer != writer:
        return _flawed(ReceiptFlaw.RECORD)
    signed_at = str(json.loads(checkpoint.body)["time"])
    return ReceiptVerification(f"{writer}-{sequence}", text.decode(), checkpoint.number, signed_at)
