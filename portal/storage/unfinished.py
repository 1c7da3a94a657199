"""A database into which a whole portal is being copied: no portal serves it until the copy is whole.

Until then its revision is `unfinished-TOKEN`, which no version of the portal knows, and the data store names the same
token. A copy that dies leaves both; the next one knows by the token that they belong together and to nobody else.
"""

from alembic import command
from alembic.migration import MigrationContext
from sqlalchemy import Column, Connection, MetaData, Table, Text, column, insert, inspect, select, table, update
from sqlalchemy.schema import DropTable

from portal.storage import administration_tables, audit_tables, dataset_tables, ticket_tables
from portal.storage.addresses import DatabaseKind
from portal.storage.metadata import metadata
from portal.storage.migrating import UNFINISHED, migration_settings
from portal.storage.tables import compatibility

# INVARIANT: every table of the portal's own is known here, whatever else a process imports.
_KNOWN = (administration_tables, audit_tables, dataset_tables, ticket_tables)
_VERSION = table("alembic_version", column("version_num"))
_TOKEN = Table("unfinished_copy", MetaData(), Column("token", Text, nullable=False), sqlite_strict=True)


def read_revision(connection: Connection) -> str | None:
    """Return the revision of the portal's own tables, None where there are none."""
    return MigrationContext.configure(connection).get_current_revision()


def unfinished_token(revision: str | None) -> str | None:
    """Return the token of an unfinished copy's revision, None for any other revision."""
    return revision.removeprefix(UNFINISHED) if revision and revision.startswith(UNFINISHED) else None


def has_rows(connection: Connection) -> bool:
    """Return whether any of the portal's own tables holds a row."""
    present = set(inspect(connection).get_table_names())
    # What a migration wrote is no portal's.
    tables = [one for name, one in metadata.tables.items() if name in present and one is not compatibility]
    return any(connection.execute(select(one).limit(1)).first() is not None for one in tables)


def create_unfinished(connection: Connection, revision: str, token: str) -> None:
    """Make the portal's own tables of that revision, in the connection's transaction; no portal takes them for its own.

    Raises: CommandError if this version doesn't know the revision.
    """
    command.upgrade(migration_settings(connection), revision)
    connection.execute(update(_VERSION).values(version_num=UNFINISHED + token))


def finish_unfinished(connection: Connection, revision: str) -> None:
    """Bring the tables from the revision that they were made at to this version's, in the connection's transaction."""
    connection.execute(update(_VERSION).values(version_num=revision))
    command.upgrade(migration_settings(connection), "head")


def drop_portal_tables(connection: Connection) -> None:
    """Drop the portal's own tables."""
    own = {*metadata.tables, _VERSION.name}
    # Those first that name others; in the order of the tables that are there, perhaps of an earlier revision.
    for name, _ in reversed(inspect(connection).get_sorted_table_and_fkc_names()):
        if name in own:
            connection.execute(DropTable(Table(name, MetaData())))
    if connection.dialect.name == DatabaseKind.POSTGRESQL:
        # The migrations make it anew, with the table whose trigger it is.
        connection.exec_driver_sql("DROP FUNCTION IF EXISTS portal_change_epoch()")


def read_data_token(connection: Connection) -> str | None:
    """Return the token of the unfinished copy that the data store belongs to, None where it belongs to none."""
    return connection.scalar(select(_TOKEN.c.token)) if inspect(connection).has_table(_TOKEN.name) else None


def store_data_token(connection: Connection, token: str) -> None:
    """Mark the data store as part of an unfinished copy."""
    _TOKEN.create(connection)
    connection.execute(insert(_TOKEN).values(token=token))


def drop_data_token(connection: Connection) -> None:
    """Take the mark of an unfinished copy away, if there is one."""
    _TOKEN.drop(connection, checkfirst=True)
