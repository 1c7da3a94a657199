"""Sign-ins under way and sessions of staff: rows that a cookie finds by its SHA-256, so all workers see the same (T46).

Every change is one statement that says itself under which circumstances it holds; times are the caller's, who reads the
clock of the portal's database. Methods block.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, and_, delete, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from portal.conditions.values import parse_instant, render_instant
from portal.errors import ConfigurationError, PolicyUnavailable, Text
from portal.identity.sign_in import PendingSignIn
from portal.storage.administration_tables import sign_ins, staff_sessions
from portal.storage.database import for_row_changes
from portal.vocabulary import UserId

IDLE = timedelta(minutes=15)
"""A session that is left alone so long ends (8.1.4.1 b)."""
LONGEST = timedelta(hours=8)
"""A session ends then, however much is done in it."""
_SEEN_EVERY = timedelta(seconds=30)
"""So often at most it is written down that a session is in use; it may end that much earlier for it."""
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class StaffSession:
    """A session that holds. `confirmed_at`: when a second factor was shown in it."""

    digest: bytes
    user: UserId
    begun_at: datetime
    seen_at: datetime
    ends_at: datetime
    auth_level: int
    confirmed_at: datetime | None
    id_token: str | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """What the session is called where it is listed and ended; its cookie can't be told from it."""
        return self.digest.hex()


def draw_secret() -> str:
    """Return 256 bits drawn at random, as a cookie holds them."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def digest_of(secret: str) -> bytes:
    """Return by what a cookie's row is found; the row doesn't tell the cookie."""
    return sha256(b"portal cookie:" + secret.encode("utf-8", "backslashreplace")).digest()


def name_of(secret: str) -> str:
    """Return what the session of a cookie is called."""
    return digest_of(secret).hex()


class SignIns:
    """Sign-ins that the provider was asked for and hasn't answered."""

    def __init__(self, engine: Engine) -> None:
        self._engine = for_row_changes(engine)

    def begin(self, pending: PendingSignIn, now: datetime) -> str:
        """Keep the sign-in and return the secret of its cookie; those that have expired are forgotten."""
        secret = draw_secret()
        with _rows(self._engine) as connection:
            connection.execute(delete(sign_ins).where(sign_ins.c.expires_at <= render_instant(now)))
            connection.execute(
                insert(sign_ins).values(
                    digest=digest_of(secret),
                    state=pending.state,
                    nonce=pending.nonce,
                    verifier=pending.verifier,
                    return_to=pending.return_to,
                    expires_at=render_instant(pending.expires_at),
                )
            )
        return secret

    def take(self, secret: str, state: str, now: datetime) -> PendingSignIn | None:
        """Return the sign-in of that cookie and state, for this once; None where there is none.

        INVARIANT: the statement that finds it removes it, so that of two answers, on any workers, one counts.
        """
        wanted = and_(
            sign_ins.c.digest == digest_of(secret),
            sign_ins.c.state == state,
            sign_ins.c.expires_at > render_instant(now),
        )
        with _rows(self._engine) as connection:
            row = connection.execute(delete(sign_ins).where(wanted).returning(*sign_ins.c)).one_or_none()
        if row is None:
            return None
        return PendingSignIn(row.state, row.nonce, row.verifier, row.return_to, parse_instant(row.expires_at))


class Sessions:
    """Sessions of staff. One person has one: who signs in anew ends the one before (T46)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = for_row_changes(engine)

    def begin(self, user: UserId, auth_level: int, id_token: str, now: datetime) -> tuple[str, tuple[str, ...]]:
        """Return the secret of a new session's cookie, and the names of the user's sessions that ended by it."""
        secret = draw_secret()
        with _rows(self._engine) as connection:
            connection.execute(delete(staff_sessions).where(_is_over(now)))
            ended = connection.execute(
                delete(staff_sessions).where(staff_sessions.c.user_id == user).returning(staff_sessions.c.digest)
            ).scalars()
            names = tuple(sorted(bytes(digest).hex() for digest in ended))
            connection.execute(
                insert(staff_sessions).values(
                    digest=digest_of(secret),
                    user_id=user,
                    begun_at=render_instant(now),
                    seen_at=render_instant(now),
                    ends_at=render_instant(now + LONGEST),
                    auth_level=auth_level,
                    id_token=id_token,
                )
            )
        return secret, names

    def find(self, secret: str, now: datetime) -> StaffSession | None:
        """Return the session of the cookie and note that it is in use; None where there is none, or it has ended."""
        digest = digest_of(secret)
        with _rows(self._engine) as connection:
            row = connection.execute(
                select(staff_sessions).where(staff_sessions.c.digest == digest, _holds(now))
            ).one_or_none()
            if row is not None and parse_instant(row.seen_at) <= now - _SEEN_EVERY:
                _note_use(connection, digest, now)
        return None if row is None else _session(row)

    def confirm(self, digest: bytes, now: datetime) -> str | None:
        """Note that a second factor was shown, and return the secret of the cookie from now on; None: it has ended.

        INVARIANT: the secret changes with what the session may do, so that who knew the one before gains nothing.
        """
        secret = draw_secret()
        changed = {"digest": digest_of(secret), "confirmed_at": render_instant(now), "seen_at": render_instant(now)}
        with _rows(self._engine) as connection:
            done = connection.execute(
                update(staff_sessions).where(staff_sessions.c.digest == digest, _holds(now)).values(changed)
            )
        return secret if done.rowcount == 1 else None

    def list(self, now: datetime) -> tuple[StaffSession, ...]:
        """Return all sessions that hold, those that began first at the front."""
        statement = (
            select(staff_sessions).where(_holds(now)).order_by(staff_sessions.c.begun_at, staff_sessions.c.digest)
        )
        with _rows(self._engine) as connection:
            return tuple(map(_session, connection.execute(statement)))

    def end(self, digest: bytes) -> StaffSession | None:
        """End the session; return what it was, None where there was none."""
        return next(iter(self._end(staff_sessions.c.digest == digest)), None)

    def end_all(self, user: UserId) -> tuple[StaffSession, ...]:
        """End every session of the user; return what they were."""
        return self._end(staff_sessions.c.user_id == user)

    def _end(self, which: ColumnElement[bool]) -> tuple[StaffSession, ...]:
        with _rows(self._engine) as connection:
            ended = connection.execute(delete(staff_sessions).where(which).returning(*staff_sessions.c))
            return tuple(map(_session, ended))


def _note_use(connection: Connection, digest: bytes, now: datetime) -> None:
    # Only ever forward: of two requests on two workers the later one counts.
    seen = render_instant(now)
    connection.execute(
        update(staff_sessions)
        .where(staff_sessions.c.digest == digest, staff_sessions.c.seen_at < seen, _holds(now))
        .values(seen_at=seen)
    )


def _holds(now: datetime) -> ColumnElement[bool]:
    # INVARIANT: instants are text of one form, so that they compare as they follow one another.
    return and_(staff_sessions.c.ends_at > render_instant(now), staff_sessions.c.seen_at > render_instant(now - IDLE))


def _is_over(now: datetime) -> ColumnElement[bool]:
    return ~_holds(now)


def _session(row: Row[Any]) -> StaffSession:
    return StaffSession(
        bytes(row.digest),
        UserId(row.user_id),
        parse_instant(row.begun_at),
        parse_instant(row.seen_at),
        parse_instant(row.ends_at),
        row.auth_level,
        None if row.confirmed_at is None else parse_instant(row.confirmed_at),
        row.id_token,
    )


@contextmanager
def _rows(engine: Engine) -> Iterator[Connection]:
    with answering_for_rows(), engine.begin() as connection:
        yield connection


@contextmanager
def answering_for_rows() -> Iterator[None]:
    """Turn a database that doesn't answer into a refusal. Raises: PolicyUnavailable."""
    try:
        yield
    except (SQLAlchemyError, ConfigurationError) as fault:
        raise PolicyUnavailable(
            Text(
                en="the portal's database doesn't answer, so nobody's session can be read; try again in a minute",
                zh="门户数据库没有响应，无法读取会话；请稍后重试",
            )
        ) from fault
