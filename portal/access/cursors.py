"""Cursors: sealed, and bound to subject, entry, filter and order, so that none tells anything or fits elsewhere."""

import base64
import binascii
import hashlib
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from portal.access.plan import QueryPlan
from portal.access.statement import Position
from portal.conditions.rendering import render_condition
from portal.errors import BadInput, Text
from portal.vocabulary import Subject

_NONCE_BYTES = 12
_SIZE_LIMIT = 256 * 1024


@dataclass(frozen=True, slots=True)
class CursorSeal:
    """Seals and opens the cursors of one request; those that a former secret sealed are opened too."""

    secret: bytes
    bound_to: bytes
    former: tuple[bytes, ...] = ()

    def seal(self, position: Position) -> str:
        """Return the cursor of a position, as URL-safe text."""
        nonce = os.urandom(_NONCE_BYTES)
        content = orjson.dumps([position.row_number, *position.values])
        return base64.urlsafe_b64encode(nonce + AESGCM(self.secret).encrypt(nonce, content, self.bound_to)).decode()

    def open(self, cursor: str) -> Position:
        """Return the position of a cursor.

        Raises: BadInput for one that was changed, or made for another subject, entry, filter or order.
        """
        try:
            if len(cursor) > _SIZE_LIMIT:
                raise ValueError(len(cursor))
            sealed = base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True)
            if base64.urlsafe_b64encode(sealed).decode() != cursor:
                raise ValueError("another text for the same octets")
            content = self._decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:])
        except (ValueError, binascii.Error, InvalidTag) as failure:
            raise BadInput(
                Text(
                    en="`after` is no cursor of this request; take `endCursor` or `cursor` from an answer to the same "
                    "subject with the same `where` and `orderBy`",
                    zh="`after` 不是本请求的游标；请取自同一主体、相同 `where` 与 `orderBy` 的回答",
                )
            ) from failure
        row_number, *values = orjson.loads(content)
        return Position(tuple(values), row_number)

    def _decrypt(self, nonce: bytes, sealed: bytes) -> bytes:
        for secret in self.former:
            with suppress(InvalidTag):
                return AESGCM(secret).decrypt(nonce, sealed, self.bound_to)
        return AESGCM(self.secret).decrypt(nonce, sealed, self.bound_to)


NO_CURSORS = CursorSeal(b"", b"")
"""The seal of an answer that shows no cursor: there is no such key, so it seals and opens nothing."""


def cursor_seal(secret: bytes, subject: Subject, plan: QueryPlan, link: Sequence[str] = ()) -> CursorSeal:
    """Return the seal of a request's cursors; those below a link, at the path `link`, fit no root field."""
    bound = orjson.dumps(
        [
            subject.name,
            plan.entry.code,
            render_condition(plan.filter),
            [[term.item, term.descending] for term in plan.order],
            *([list(link)] if link else []),
        ],
        option=orjson.OPT_SORT_KEYS,
    )
    return CursorSeal(secret, hashlib.sha256(bound).digest())
