"""Proofs that were taken, none of which is taken twice.

Frozen: a later change of the table is a revision of its own.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "used_proofs",
        sa.Column("digest", sa.LargeBinary(), primary_key=True),
        sa.Column("expires_at", sa.Text(), nullable=False),
        sqlite_strict=True,
    )
    op.create_index("ix_used_proofs_expires_at", "used_proofs", ["expires_at"])
    # The program before takes no token that needs a proof.
    row = sa.table("compatibility", sa.column("revision"), sa.column("readable_from"))
    op.execute(row.update().values(revision=revision, readable_from="0006"))


def downgrade() -> None:
    """Refuse: a proof that was taken could be taken again."""
    raise NotImplementedError("revision 0007 can't be undone; restore the backup that was made before the upgrade")
