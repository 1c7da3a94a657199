"""The quarantine of a restored portal.

Frozen: a later change of the table is a revision of its own. Its meaning is told in `portal.storage.quarantine`.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "quarantine",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("restored_at", sa.Text(), nullable=False),
        sa.Column("made_at", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("checkpoint", sa.Integer(), nullable=False),
        sa.Column("checkpoint_hash", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint(sa.column("id") == 1, name="one_row"),
        sqlite_strict=True,
    )


def downgrade() -> None:
    """Refuse: a version of the portal that knows no quarantine would permit what was revoked."""
    raise NotImplementedError("revision 0003 can't be undone: a version before it knows no quarantine")
