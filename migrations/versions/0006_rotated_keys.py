"""Which of its keys the portal uses, since they can be rotated."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; null: the keys were never rotated."""
    op.add_column("portal", sa.Column("key_set", sa.Text(), nullable=True))


def downgrade() -> None:
    """Refuse: a portal whose keys were rotated could use those before again."""
    raise NotImplementedError("revision 0006 can't be undone: rotated keys would be in force again")
