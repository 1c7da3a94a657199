"""Second factors of staff: codes by time (RFC 6238), each taken once on any worker, and few guesses (T47).

A code counts by one statement that holds only while its step is later than the last one taken and nobody is locked
out; a wrong one by another that counts it. So however many are tried at once, on however many workers, they follow one
another. Secrets are sealed with a key of the portal and bound to their user. Methods block.
"""

import os
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from hmac import compare_digest
from typing import Any

import pyotp
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import ColumnElement, Connection, Engine, Row, and_, case, delete, insert, null, or_, select, update
from sqlalchemy.exc import IntegrityError

from portal.conditions.values import render_instant
from portal.identity.sessions import answering_for_rows
from portal.storage.administration_tables import second_factors as factors
from portal.storage.database import for_row_changes
from portal.vocabulary import UserId

STEP_SECONDS = 30
DIGITS = 6
MAX_FAILURES = 5
LOCK = timedelta(minutes=15)
PENDING_LIFE = timedelta(minutes=10)
"""So long a secret that was shown may wait for its first code."""
_DRIFT_STEPS = 1
_NONCE_BYTES = 12
_SECRET_CHARACTERS = 32
"""160 bits in base32."""


class Verdict(StrEnum):
    """What came of a code."""

    TAKEN = "taken"
    WRONG = "wrong"
    """Wrong, of another time, or used before: nobody is told which."""
    LOCKED = "locked"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class FactorSeal:
    """Seals secrets; `key` is one of the portal's own, for nothing else."""

    key: bytes = field(repr=False)

    def seal(self, user: UserId, secret: str) -> bytes:
        """Return the secret as the database holds it: of no use without the key, nor beside another user."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + AESGCM(self.key).encrypt(nonce, secret.encode("ascii"), _bound_to(user))

    def open(self, user: UserId, sealed: bytes) -> str | None:
        """Return the secret, None where the row was changed, moved or sealed with another key."""
        try:
            octets = AESGCM(self.key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _bound_to(user))
        except (InvalidTag, ValueError):
            return None
        return octets.decode("ascii")


def factor_seal(digest_secret: bytes) -> FactorSeal:
    """Return the seal whose key comes of the portal's secret that is never rotated."""
    return FactorSeal(HKDF(SHA256(), 32, salt=None, info=b"portal second factors").derive(digest_secret))


def _bound_to(user: UserId) -> bytes:
    return b"second factor of " + user.encode()


class FactorRows:
    """The second factors of a portal."""

    def __init__(self, engine: Engine, seal: FactorSeal) -> None:
        self._engine = for_row_changes(engine)
        self._seal = seal

    def has_factor(self, user: UserId) -> bool:
        """Return whether the user has a second factor that was confirmed."""
        with answering_for_rows(), self._engine.begin() as connection:
            row = _find(connection, user)
            return row is not None and row.secret is not None

    def propose(self, user: UserId, now: datetime) -> str:
        """Return a new secret, which counts when a code of it was given in time; one before it goes on until then."""
        secret = pyotp.random_base32(_SECRET_CHARACTERS)
        pending = {
            "pending": self._seal.seal(user, secret),
            "pending_until": render_instant(now + PENDING_LIFE),
        }
        changed = update(factors).where(factors.c.user_id == user).values(pending)
        with answering_for_rows():
            try:
                with self._engine.begin() as connection:
                    if connection.execute(changed).rowcount == 0:
                        connection.execute(insert(factors).values(user_id=user, last_step=0, failures=0, **pending))
            except IntegrityError:
                # Another worker was faster with the row: the later secret is the one that counts.
                with self._engine.begin() as connection:
                    connection.execute(changed)
        return secret

    def confirm(self, user: UserId, code: str, now: datetime) -> Verdict:
        """Take the first code of a secret that waits for it: from now on it is the user's second factor."""
        return self._try(user, code, now, pending=True)

    def check(self, user: UserId, code: str, now: datetime) -> Verdict:
        """Take a code of the user's second factor."""
        return self._try(user, code, now, pending=False)

    def is_pending(self, user: UserId, now: datetime) -> bool:
        """Return whether a secret waits for its first code."""
        with answering_for_rows(), self._engine.begin() as connection:
            return _waits(_find(connection, user), now)

    def remove(self, user: UserId) -> bool:
        """Take the user's second factor away, and what waits; return whether there was one."""
        with answering_for_rows(), self._engine.begin() as connection:
            return connection.execute(delete(factors).where(factors.c.user_id == user)).rowcount == 1

    def _try(self, user: UserId, code: str, now: datetime, *, pending: bool) -> Verdict:
        with answering_for_rows():
            with self._engine.begin() as connection:
                row = _find(connection, user)
            sealed = _sealed(row, now, pending=pending)
            if row is None or sealed is None:
                return Verdict.ABSENT
            secret = self._seal.open(user, sealed)
            step = None if secret is None else _step_of(secret, code, now)
            # A transaction for each: a statement reads what others have done since, never what was there before.
            with self._engine.begin() as connection:
                if step is not None and connection.execute(_taking(user, step, sealed, now, pending=pending)).rowcount:
                    return Verdict.TAKEN
            with self._engine.begin() as connection:
                counted = connection.execute(_counting(user, now)).rowcount
        return Verdict.WRONG if counted else Verdict.LOCKED


def code_of(secret: str, now: datetime) -> str:
    """Return the code of that moment, as the person's device shows it."""
    return _code(secret, int(now.timestamp()) // STEP_SECONDS)


def enrolment_uri(secret: str, user: UserId, title: str) -> str:
    """Return what a person's device scans (`otpauth://`)."""
    return pyotp.TOTP(secret, digits=DIGITS, interval=STEP_SECONDS).provisioning_uri(name=user, issuer_name=title)


def _code(secret: str, step: int) -> str:
    return pyotp.TOTP(secret, digits=DIGITS, interval=STEP_SECONDS).generate_otp(step)


def _step_of(secret: str, code: str, now: datetime) -> int | None:
    """Return the latest step near now whose code it is; every step is compared, so that time tells nothing."""
    current = int(now.timestamp()) // STEP_SECONDS
    shown = code.encode("utf-8", "backslashreplace")
    steps = range(current - _DRIFT_STEPS, current + _DRIFT_STEPS + 1)
    matching = [step for step in steps if compare_digest(_code(secret, step).encode(), shown)]
    return max(matching, default=None)


def _find(connection: Connection, user: UserId) -> Row[Any] | None:
    return connection.execute(select(factors).where(factors.c.user_id == user)).one_or_none()


def _waits(row: Row[Any] | None, now: datetime) -> bool:
    return row is not None and row.pending is not None and bool(row.pending_until > render_instant(now))


def _sealed(row: Row[Any] | None, now: datetime, *, pending: bool) -> bytes | None:
    if row is None or (pending and not _waits(row, now)):
        return None
    octets = row.pending if pending else row.secret
    return None if octets is None else bytes(octets)


def _is_open(now: datetime) -> ColumnElement[bool]:
    return or_(factors.c.locked_until.is_(None), factors.c.locked_until <= render_instant(now))


def _taking(user: UserId, step: int, sealed: bytes, now: datetime, *, pending: bool) -> Any:  # noqa: ANN401
    """Return the statement that takes the code of a step, for this once; its type is the library's own."""
    which = factors.c.pending if pending else factors.c.secret
    # INVARIANT: the step is later than every one taken, and it is the secret that was compared.
    holds = and_(factors.c.user_id == user, which == sealed, _is_open(now))
    taken: dict[str, Any] = {"last_step": step, "failures": 0, "locked_until": None}
    if pending:
        taken |= {"secret": sealed, "pending": null(), "pending_until": null(), "enrolled_at": render_instant(now)}
        return update(factors).where(holds).values(taken)
    return update(factors).where(holds, factors.c.last_step < step).values(taken)


def _counting(user: UserId, now: datetime) -> Any:  # noqa: ANN401
    """Return the statement that counts a failure and locks at the last; without effect on who is locked out."""
    is_last = factors.c.failures + 1 >= MAX_FAILURES
    return (
        update(factors)
        .where(factors.c.user_id == user, _is_open(now))
        .values(
            failures=case((is_last, 0), else_=factors.c.failures + 1),
            locked_until=case((is_last, render_instant(now + LOCK)), else_=null()),
        )
    )
