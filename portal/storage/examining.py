"""Looking into the portal's databases without changing anything: nothing is made, upgraded or repaired on the way."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, MetaData, NullPool, Table, create_engine, event, func, inspect, select

from portal.storage.addresses import DatabaseKind, database_kind, database_path
from portal.storage.audit_tables import audit_records
from portal.storage.data_in_postgresql import grant_tables
from portal.storage.data_store import DATA_TABLES
from portal.storage.migrating import migration_settings
from portal.storage.postgresql import open_sync_postgresql
from portal.storage.sqlite import connect_read_only
from portal.storage.tables import portal


class RevisionState(StrEnum):
    """How a database's tables stand to this version of the portal."""

    CURRENT = "current"
    OLDER = "older"
    NEWER = "newer"
    EMPTY = "empty"
    FOREIGN = "foreign"
    """It holds tables that aren't the portal's."""


@contextmanager
def examined(url: str) -> Iterator[Connection]:
    """Provide a connection whose one transaction reads; the database must be there.

    Raises: SQLAlchemyError, sqlite3.Error, ConfigurationError.
    """
    engine = _open(url)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _open(url: str) -> Engine:
    if database_kind(url) is DatabaseKind.POSTGRESQL:
        return open_sync_postgresql(url)
    path = database_path(url)
    engine = create_engine("sqlite://", creator=lambda: connect_read_only(path), poolclass=NullPool)
    # The driver begins none by itself, and two reads would see two states.
    event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def revision_state(connection: Connection) -> tuple[RevisionState, str]:
    """Return how the tables stand to this version, and their revision, empty for none."""
    scripts = ScriptDirectory.from_config(migration_settings(connection))
    found = set(MigrationContext.configure(connection).get_current_heads())
    shown = ", ".join(sorted(found))
    if found - {revision.revision for revision in scripts.walk_revisions()}:
        return RevisionState.NEWER, shown
    if not found:
        names = inspect(connection).get_table_names()
        is_own = all(DATA_TABLES.fullmatch(name) for name in names)
        return RevisionState.EMPTY if is_own else RevisionState.FOREIGN, shown
    return RevisionState.CURRENT if found == set(scripts.get_heads()) else RevisionState.OLDER, shown


def newest_revision(connection: Connection) -> str:
    """Return the revision that this version of the portal brings databases to."""
    return ", ".join(ScriptDirectory.from_config(migration_settings(connection)).get_heads())


def stored_fingerprint(connection: Connection) -> str | None:
    """Return what tells this portal's key file from another, None for a portal that nothing was loaded into."""
    return connection.scalar(select(portal.c.key_fingerprint).where(portal.c.id == 1))


def newest_record_time(connection: Connection) -> str | None:
    """Return the latest time that a record of the audit log names, None for an empty log."""
    time: str | None = connection.scalar(select(func.max(audit_records.c.time)))
    return time


def count_rows(connection: Connection, table: str) -> int:
    """Return how many rows a table of the data store holds."""
    grant_tables(connection, [table])
    return connection.scalar(select(func.count()).select_from(Table(table, MetaData()))) or 0
