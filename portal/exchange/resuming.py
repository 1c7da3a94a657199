"""Tokens to go on with a transfer: sealed, bound to subject and order, worth nothing elsewhere and after a day."""

import base64
import binascii
import hashlib
import os
from dataclasses import asdict
from datetime import datetime, timedelta

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from portal.errors import BadInput, Text
from portal.exchange.order import Order, Progress
from portal.vocabulary import Subject

GOOD_FOR = timedelta(days=1)
_NONCE_BYTES = 12
_SIZE_LIMIT = 256 * 1024


def seal_progress(secret: bytes, subject: Subject, order: Order, progress: Progress) -> str:
    """Return the token with which the subject goes on behind this progress, as URL-safe text."""
    nonce = os.urandom(_NONCE_BYTES)
    sealed = AESGCM(secret).encrypt(nonce, orjson.dumps(asdict(progress)), _bound_to(subject, order))
    return base64.urlsafe_b64encode(nonce + sealed).decode()


def open_progress(secret: bytes, subject: Subject, order: Order, token: str, now: datetime) -> Progress:
    """Return the progress behind which the transfer goes on.

    Raises: BadInput for a token that was changed, is older than a day, or is another subject's or order's.
    """
    try:
        if len(token) > _SIZE_LIMIT:
            raise ValueError(len(token))
        sealed = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
        content = AESGCM(secret).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _bound_to(subject, order))
    except (ValueError, binascii.Error, InvalidTag) as failure:
        raise _not_this_one() from failure
    members = orjson.loads(content)
    progress = Progress(**{**members, "policies": tuple(members["policies"])})
    if datetime.fromisoformat(progress.began_at) + GOOD_FOR < now:
        raise _not_this_one()
    return progress


def _bound_to(subject: Subject, order: Order) -> bytes:
    return hashlib.sha256(b"transfer\0" + subject.name.encode() + b"\0" + order.digest).digest()


def _not_this_one() -> BadInput:
    return BadInput(
        Text(
            en="`after` is no token of this transfer, or is older than a day; ask with the same subject and arguments, "
            "or begin the transfer anew",
            zh="`after` 不是本传输的续传令牌，或已超过一天；请以同一主体和相同参数续传，或重新开始",
        )
    )
