"""Nonces for proofs (RFC 9449 §8 and §9): sealed moments, so that any worker knows those of another and keeps none."""

import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from portal.errors import BadInput
from portal.identity.keys import PortalKeys
from portal.identity.segments import decode_segment, encode_segment

NONCE_HEADER = "DPoP-Nonce"
NONCE_LIFE = timedelta(minutes=2)
"""A nonce is taken so long after it was given."""
MAX_AHEAD = timedelta(seconds=2)
"""Another worker's clock may be so far ahead."""
_PURPOSE = b"portal DPoP nonce"
_MOMENT_BYTES, _SEAL_BYTES = 8, 16


@dataclass(frozen=True, slots=True)
class NonceSeal:
    """Makes nonces and knows them again; those under a former secret too."""

    secret: bytes = field(repr=False)
    former: tuple[bytes, ...] = field(default=(), repr=False)

    def make(self, now: datetime) -> str:
        """Return the nonce of this second: 32 characters of base64url."""
        moment = int(now.timestamp()).to_bytes(_MOMENT_BYTES)
        return encode_segment(moment + _sealed(self.secret, moment))

    def holds(self, nonce: str, now: datetime) -> bool:
        """Return whether a worker of this portal made the nonce, at most two minutes ago."""
        try:
            octets = decode_segment(nonce)
        except BadInput:
            return False
        moment, seal = octets[:_MOMENT_BYTES], octets[_MOMENT_BYTES:]
        if not any(hmac.compare_digest(_sealed(secret, moment), seal) for secret in (self.secret, *self.former)):
            return False
        made = datetime.fromtimestamp(int.from_bytes(moment), UTC)
        return made - MAX_AHEAD <= now < made + NONCE_LIFE


def nonce_seal(keys: PortalKeys, now: datetime) -> NonceSeal:
    """Return the seal under the portal's keys; what a rotated one sealed is known as long as its cursors."""
    former = (each for each in keys.former_of("cursor_secret") if now < each.counts_until)
    return NonceSeal(_derived(keys.cursor_secret), tuple(_derived(each.octets) for each in former))


def _derived(secret: bytes) -> bytes:
    """Return a secret for nonces alone, so that none is ever taken for a cursor."""
    return hmac.digest(secret, _PURPOSE, "sha256")


def _sealed(secret: bytes, moment: bytes) -> bytes:
    return hmac.digest(secret, moment, "sha256")[:_SEAL_BYTES]
