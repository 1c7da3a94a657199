"""Many workers: in PostgreSQL whoever changes the epoch takes its lock alone, and listeners hear of it.

SQLite has one writer at a time and nothing to add.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# `portal.storage.postgresql.AdvisoryLock.EPOCH`, and the channel that `portal.access.epochs` listens on.
# A worker that is stopped between two parts of one message holds the lock without any of its session's timeouts
# running: whoever waits for longer than these allow ends such sessions. The key's halves are how `pg_locks` shows it.
_FUNCTION = """
CREATE FUNCTION portal_change_epoch() RETURNS trigger LANGUAGE plpgsql SET lock_timeout = '2500ms' AS $$
BEGIN
    LOOP
        BEGIN
            PERFORM pg_advisory_xact_lock(482906108931);
            EXIT;
        EXCEPTION WHEN lock_not_available THEN
            PERFORM pg_terminate_backend(held.pid)
            FROM pg_locks AS held JOIN pg_stat_activity AS session USING (pid)
            WHERE held.locktype = 'advisory' AND held.granted AND held.mode = 'ShareLock'
                AND held.classid = 482906108931 >> 32 AND held.objid = 482906108931 & 4294967295 AND held.objsubid = 1
                AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                AND session.xact_start < clock_timestamp() - interval '2 seconds';
        END;
    END LOOP;
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
