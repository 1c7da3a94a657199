"""Tickets of the public: what was said, what was answered, contacts.

Frozen: a later change of the tables is a revision of its own. Their meaning is told in `portal.storage`.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_FAULTS = ["wrong", "missing", "outdated", "unreadable", "other"]
_STATES = ["in_progress", "answered", "declined", "duplicate"]


def upgrade() -> None:
    """Make the tables."""
    is_fault = sa.and_(
        sa.column("kind") == "fault",
        sa.column("fault").is_not(None),
        sa.column("fault").in_(_FAULTS),
        sa.column("entry") != "",
    )
    is_wish = sa.and_(sa.column("kind") == "wish", sa.column("title") != "", sa.column("intended_use") != "")
    op.create_table(
        "tickets",
        sa.Column("number", sa.Text(), primary_key=True),
        *(sa.Column(name, sa.Text(), nullable=name != "kind") for name in ("kind", "fault", "entry", "item")),
        *(sa.Column(name, sa.Text(), nullable=True) for name in ("title", "intended_use")),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("words", "received_at", "due_on")),
        sa.CheckConstraint(sa.column("kind").in_(["fault", "wish"]), name="kind"),
        sa.CheckConstraint(sa.or_(is_fault, is_wish), name="said"),
        sqlite_strict=True,
    )
    op.create_index("ix_tickets_received_at", "tickets", ["received_at"])
    op.create_table(
        "ticket_steps",
        sa.Column("ticket", sa.Text(), sa.ForeignKey("tickets.number"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("state", "words", "made_at", "made_by")),
        sa.PrimaryKeyConstraint("ticket", "version"),
        sa.CheckConstraint(sa.column("state").in_(_STATES), name="state"),
        sa.CheckConstraint(sa.column("version") > 1, name="version"),
        sqlite_strict=True,
    )
    op.create_table(
        "ticket_contacts",
        sa.Column("ticket", sa.Text(), sa.ForeignKey("tickets.number"), primary_key=True),
        sa.Column("contact", sa.LargeBinary(), nullable=False),
        sqlite_strict=True,
    )
    # The program before knows no tickets, and everything else as it was.
    row = sa.table("compatibility", sa.column("revision"), sa.column("readable_from"))
    op.execute(row.update().values(revision=revision, readable_from="0008"))


def downgrade() -> None:
    """Refuse: what the public said would be lost."""
    raise NotImplementedError("revision 0010 can't be undone: what the public said would be lost")
