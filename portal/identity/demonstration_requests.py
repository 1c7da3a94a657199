"""Requests that were pushed to the demonstration's provider (RFC 9126): sealed into their reference, kept nowhere.

So any worker finds what another was given, and nobody on the reference's way reads or changes it.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from portal.errors import BadInput
from portal.identity.segments import decode_segment, encode_segment

PREFIX = "urn:ietf:params:oauth:request_uri:"
LIFE = timedelta(minutes=5)
"""So long a person may look at the list of accounts."""
_BOUND = b"request pushed to the demonstration's provider"
_NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class PushedAway:
    """Seals requests, and opens them again, with a key of all workers."""

    key: AESGCM = field(repr=False)
    life: timedelta = LIFE

    def seal(self, asked: Mapping[str, str]) -> Mapping[str, object]:
        """Return the answer to a request that was pushed."""
        nonce, expires_at = os.urandom(_NONCE_BYTES), datetime.now(UTC) + self.life
        members = orjson.dumps([dict(asked), expires_at.timestamp()])
        reference = encode_segment(nonce + self.key.encrypt(nonce, members, _BOUND))
        return {"request_uri": f"{PREFIX}{reference}", "expires_in": int(self.life.total_seconds())}

    def open(self, query: Mapping[str, str]) -> Mapping[str, str] | None:
        """Return what the client of the query pushed, None for a reference that isn't its own or has expired."""
        try:
            sealed = decode_segment(query["request_uri"].removeprefix(PREFIX))
            content = self.key.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _BOUND)
        except (BadInput, InvalidTag, ValueError):
            return None
        asked: dict[str, str]
        asked, expires_at = orjson.loads(content)
        is_good = asked.get("client_id") == query.get("client_id") and datetime.now(UTC).timestamp() < expires_at
        return asked if is_good else None
