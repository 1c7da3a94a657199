"""Tables of the public's tickets: what was said, what was answered, and how to reach who said it.

None of it is content: nothing here decides anything. What was said and answered is only ever added to; a contact is
apart, so that it can be erased. Instants are text, as in `tables`; days are `YYYY-MM-DD`.
"""

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    and_,
    column,
    or_,
)

from portal.storage.metadata import metadata

TICKET_KINDS = ("fault", "wish")
FAULT_KINDS = ("wrong", "missing", "outdated", "unreadable", "other")
STEP_STATES = ("in_progress", "answered", "declined", "duplicate")

_is_fault = and_(
    column("kind") == "fault", column("fault").is_not(None), column("fault").in_(FAULT_KINDS), column("entry") != ""
)
_is_wish = and_(column("kind") == "wish", column("title") != "", column("intended_use") != "")

tickets = Table(
    "tickets",
    metadata,
    Column("number", Text, primary_key=True, comment="drawn at random: who has it may see what was answered"),
    Column("kind", Text, nullable=False),
    Column("fault", Text, comment="which kind of fault"),
    Column("entry", Text, comment="code of a catalog entry"),
    Column("item", Text, comment="identifier of one of its items"),
    Column("title", Text, comment="what is to be opened"),
    Column("intended_use", Text, comment="what for"),
    Column("words", Text, nullable=False),
    Column("received_at", Text, nullable=False),
    Column("due_on", Text, nullable=False, comment="the last day on which it is answered in time"),
    CheckConstraint(column("kind").in_(TICKET_KINDS), name="kind"),
    CheckConstraint(or_(_is_fault, _is_wish), name="said"),
    Index(None, "received_at"),
    sqlite_strict=True,
)
"""What the public reported or wished for; rows are only ever added."""

ticket_steps = Table(
    "ticket_steps",
    metadata,
    Column("ticket", Text, ForeignKey("tickets.number"), nullable=False),
    Column("version", Integer, nullable=False, comment="2 is the first: receiving a ticket is its first version"),
    Column("state", Text, nullable=False),
    Column("words", Text, nullable=False, comment="what the public is told"),
    Column("made_at", Text, nullable=False),
    Column("made_by", Text, nullable=False),
    PrimaryKeyConstraint("ticket", "version"),
    CheckConstraint(column("state").in_(STEP_STATES), name="state"),
    CheckConstraint(column("version") > 1, name="version"),
    sqlite_strict=True,
)
"""What was answered, by whom and when; rows are only ever added."""

ticket_contacts = Table(
    "ticket_contacts",
    metadata,
    Column("ticket", Text, ForeignKey("tickets.number"), primary_key=True),
    Column("contact", LargeBinary, nullable=False, comment="sealed with a key of the portal"),
    sqlite_strict=True,
)
"""How to reach who opened a ticket, as long as that is needed."""
