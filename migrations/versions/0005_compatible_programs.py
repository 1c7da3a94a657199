"""Which older programs may work on: a migration that only adds says so, and their workers stay while it is rolled out.

A later migration that older programs may work with writes its own revision here, and the oldest revision whose program
may; one that writes nothing shuts them out, for the row then speaks of another revision than the database has.

Frozen: a later change of the table is a revision of its own.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, and say that only the program of this revision may work with it."""
    op.create_table(
        "compatibility",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("readable_from", sa.Text(), nullable=False),
        sa.CheckConstraint(sa.column("id") == 1, name="one_row"),
        sqlite_strict=True,
    )
    row = sa.table("compatibility", sa.column("id"), sa.column("revision"), sa.column("readable_from"))
    op.execute(row.insert().values(id=1, revision=revision, readable_from=revision))


def downgrade() -> None:
    """Refuse, as every revision does: an earlier version is had back from the backup made before the upgrade."""
    raise NotImplementedError("revision 0005 can't be undone; restore the backup that was made before the upgrade")
