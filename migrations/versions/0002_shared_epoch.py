"""Many workers: in PostgreSQL whoever changes the epoch takes its lock alone, and listeners hear of it.

SQLite has one writer at a time and nothing to add.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# `portal.storage.postgresql.AdvisoryLock.EPOCH`, and the channel that `portal.access.epochs` listens on.
_FUNCTION = """
CREATE FUNCTION portal_change_epoch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(482906108931);
    PERFORM pg_notify('portal_epoch', '');
    RETURN NULL;
END
$$
"""
_TRIGGER = """
CREATE TRIGGER portal_change_epoch BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON epoch
FOR EACH STATEMENT EXECUTE FUNCTION portal_change_epoch()
"""


def upgrade() -> None:
    """Add the trigger."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_FUNCTION)
        op.execute(_TRIGGER)


def downgrade() -> None:
    """Refuse: without the trigger an answer could leave under a policy that was changed meanwhile."""
    raise NotImplementedError("revision 0002 can't be undone: revocation would no longer be exact")
