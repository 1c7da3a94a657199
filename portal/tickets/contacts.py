"""Contacts in tickets, sealed: whoever reads the database or a copy of it can reach nobody by it."""

import os
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from portal.tickets.numbers import TicketNumber

_NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class ContactSeal:
    """Seals contacts; `key` is one of the portal's own, for nothing else."""

    key: bytes = field(repr=False)

    def seal(self, number: TicketNumber, contact: str) -> bytes:
        """Return the contact as the database holds it: of no use without the key, nor beside another ticket."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + AESGCM(self.key).encrypt(nonce, contact.encode(), _bound_to(number))

    def open(self, number: TicketNumber, sealed: bytes) -> str | None:
        """Return the contact, None where the row was changed, moved or sealed with another key."""
        try:
            octets = AESGCM(self.key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _bound_to(number))
        except (InvalidTag, ValueError):
            return None
        return octets.decode()


def contact_seal(digest_secret: bytes) -> ContactSeal:
    """Return the seal whose key comes of the portal's secret that is never rotated."""
    return ContactSeal(HKDF(SHA256(), 32, salt=None, info=b"portal ticket contacts").derive(digest_secret))


def _bound_to(number: TicketNumber) -> bytes:
    return b"contact of ticket " + number.encode()
