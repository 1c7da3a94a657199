"""The clock that decisions go by: the portal database's (enforcement.md §4)."""

from datetime import UTC, datetime

from sqlalchemy import Connection, func, select


def database_now(connection: Connection) -> datetime:
    """Return the database's time, aware, UTC.

    SQLite has no clock of its own: there it is this host's, in milliseconds.
    """
    text = connection.execute(select(func.strftime("%Y-%m-%dT%H:%M:%f", "now"))).scalar_one()
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
