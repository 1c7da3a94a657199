"""Alembic's environment: migrates over the connection that `portal.storage.database` hands over, in its transaction."""

from alembic import context

from portal.storage import (  # noqa: F401  # their tables are on the one MetaData
    administration_tables,
    audit_tables,
    tables,
    ticket_tables,
)
from portal.storage.metadata import metadata

# SQLite changes a column only by copying its table, which Alembic calls a batch.
context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
