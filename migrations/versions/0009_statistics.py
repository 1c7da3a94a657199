"""Statistics of the audit: an index by day, in the order in which they add up.

Frozen: a later change of the tables is a revision of its own.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_DAY = "substr(time, 1, 10)"


def upgrade() -> None:
    """Make the index of each table, and keep of the former one what pages of records are found by."""
    day = sa.text(_DAY)
    counted = ["entry", "department", "purpose", "decision"]
    op.create_index("ix_audit_records_day", "audit_records", [day, *counted, "act", "time", "row_count"])
    op.drop_index("ix_audit_records_time", "audit_records")
    op.create_index("ix_audit_records_time", "audit_records", ["time"])
    op.create_index("ix_audit_parts_day", "audit_parts", [day, *counted, "time", "row_count"])
    op.drop_index("ix_audit_parts_time", "audit_parts")
    # The program before counts right without its index, only later.
    row = sa.table("compatibility", sa.column("revision"), sa.column("readable_from"))
    op.execute(row.update().values(revision=revision, readable_from="0008"))


def downgrade() -> None:
    """Refuse: nothing is lost by keeping it, and the program before takes it."""
    raise NotImplementedError("revision 0009 can't be undone; the program before works with it")
