"""Accounts of persons that nobody uses any more (T55, 8.1.4.2 c): when each was last used, by the log."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, select

from portal.identity.registry import User
from portal.storage.audit_tables import audit_records
from portal.storage.tables import changes, users
from portal.vocabulary import Subject

DORMANT_AFTER = timedelta(days=90)
"""An account that was neither used nor changed for so long is stopped, until an administrator changes it."""


def last_seen(connection: Connection, subject: str) -> datetime | None:
    """Return when a subject (`user:ID`, `application:ID`) last asked or did anything that is on record; None: never.

    Refusals count: who is refused is there. One row of an index is read, however long the log.
    """
    statement = (
        select(audit_records.c.time)
        .where(audit_records.c.subject == subject)
        .order_by(audit_records.c.time.desc())
        .limit(1)
    )
    time = connection.scalar(statement)
    return None if time is None else _instant(time)


def last_registered(connection: Connection, user: User) -> datetime | None:
    """Return when the account's row was last changed, by an administrator or a load; None where it isn't there."""
    statement = (
        select(changes.c.made_at)
        .join(users, users.c.added_in == changes.c.id)
        .where(users.c.id == user.id, users.c.withdrawn_in.is_(None))
    )
    time = connection.scalar(statement)
    return None if time is None else _instant(time)


def is_dormant(connection: Connection, user: User, now: datetime) -> bool:
    """Return whether the account was neither used nor changed in the last 90 days.

    Ask it where a person signs in or is given a token, before the act is on record. `since` counts: an administrator
    who lets an account in again writes the day.
    """
    moments = [last_seen(connection, Subject(user=user.id).name), last_registered(connection, user)]
    if user.since is not None:
        # The end of the day in whatever zone of China: never too early by an hour.
        moments.append(datetime(user.since.year, user.since.month, user.since.day, tzinfo=UTC) + timedelta(days=1))
    latest = max((moment for moment in moments if moment is not None), default=None)
    return latest is None or now - latest >= DORMANT_AFTER


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
