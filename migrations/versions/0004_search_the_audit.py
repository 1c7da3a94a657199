"""Indexes to search the audit by subject and entry, by department, by time alone, and for denials.

Frozen: a later change of the tables is a revision of its own.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the indexes."""
    op.drop_index("ix_audit_records_entry_time", table_name="audit_records")
    op.create_index("ix_audit_records_entry_time_subject", "audit_records", ["entry", "time", "subject"])
    op.drop_index("ix_audit_records_subject_time", table_name="audit_records")
    op.create_index("ix_audit_records_subject_time_entry", "audit_records", ["subject", "time", "entry"])
    op.create_index("ix_audit_records_department_time", "audit_records", ["department", "time"])
    op.create_index("ix_audit_records_time", "audit_records", ["time"])
    denied = sa.text("decision = 'deny'")
    op.create_index(
        "ix_audit_records_deny_time", "audit_records", ["time"], sqlite_where=denied, postgresql_where=denied
    )


def downgrade() -> None:
    """Refuse, as every revision does: an earlier version is had back from the backup made before the upgrade."""
    raise NotImplementedError("revision 0004 can't be undone; restore the backup that was made before the upgrade")
