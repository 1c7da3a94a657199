"""Tables of those who administer a portal: change sets, sessions, second factors, revoked tokens.

None of it is content: nothing here permits anything before it is written into the content, under the content's digest.
Instants are text, as in `tables`.
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
    column,
    or_,
)

from portal.storage.metadata import metadata

CHANGE_KINDS = ("records", "load", "rollback")
CHANGE_STATES = ("draft", "checked", "submitted", "approved", "active", "superseded", "rejected", "withdrawn")

change_sets = Table(
    "change_sets",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("kind", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("basis", Text),
    Column("author", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("version", Integer, nullable=False, comment="counts its steps, so that of two at once one is refused"),
    Column("base_epoch", Integer, nullable=False),
    Column("document", Text, nullable=False, comment="JSON: what is put and withdrawn, and what the author declares"),
    Column("activates_at", Text, comment="null: as soon as it is approved"),
    Column("approved_by", Text),
    Column("seal", Text, comment="keyed digest of what was approved"),
    Column("epoch", Integer, comment="the epoch that began with it"),
    CheckConstraint(column("kind").in_(CHANGE_KINDS), name="kind"),
    CheckConstraint(column("state").in_(CHANGE_STATES), name="state"),
    # The second person is another one, whoever writes the row (T29).
    CheckConstraint(
        or_(column("approved_by").is_(None), column("approved_by") != column("author")), name="two_persons"
    ),
    CheckConstraint(or_(column("state") != "approved", column("approved_by").is_not(None)), name="approved"),
    sqlite_strict=True,
    sqlite_autoincrement=True,
)
"""Changes of the content from draft to force."""

change_steps = Table(
    "change_steps",
    metadata,
    Column("change_set", Integer, ForeignKey("change_sets.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("made_at", Text, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("note", Text, nullable=False),
    PrimaryKeyConstraint("change_set", "version"),
    sqlite_strict=True,
)
"""What was done with a change set, by whom and when; rows are only ever added."""

staff_sessions = Table(
    "staff_sessions",
    metadata,
    Column("digest", LargeBinary, primary_key=True, comment="SHA-256 of what the cookie holds"),
    Column("user_id", Text, nullable=False),
    Column("begun_at", Text, nullable=False),
    Column("seen_at", Text, nullable=False),
    Column("ends_at", Text, nullable=False),
    Column("auth_level", Integer, nullable=False),
    Column("confirmed_at", Text, comment="when a second factor was shown"),
    Column("id_token", Text, comment="for signing out at the provider"),
    Index(None, "user_id"),
    Index(None, "ends_at"),
    sqlite_strict=True,
)
"""Sessions of staff in the browser."""

sign_ins = Table(
    "sign_ins",
    metadata,
    Column("digest", LargeBinary, primary_key=True, comment="SHA-256 of what the cookie holds"),
    Column("state", Text, nullable=False),
    Column("nonce", Text, nullable=False),
    Column("verifier", Text, nullable=False),
    Column("return_to", Text, nullable=False),
    Column("expires_at", Text, nullable=False),
    Index(None, "expires_at"),
    sqlite_strict=True,
)
"""Sign-ins that the identity provider was asked for and hasn't answered."""

second_factors = Table(
    "second_factors",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("secret", LargeBinary, comment="sealed with a key of the portal; null until the first one is confirmed"),
    Column("enrolled_at", Text, comment="when the secret was confirmed"),
    Column("pending", LargeBinary, comment="the secret that is to follow, as yet unconfirmed"),
    Column("pending_until", Text),
    Column("last_step", Integer, nullable=False, comment="a code of this step or an earlier one isn't taken"),
    Column("failures", Integer, nullable=False),
    Column("locked_until", Text),
    sqlite_strict=True,
)
"""Second factors of staff (RFC 6238)."""

revoked_tokens = Table(
    "revoked_tokens",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("token_id", Text, nullable=False, unique=True),
    Column("expires_at", Text, nullable=False, comment="from then on it is refused for its age, and may be forgotten"),
    sqlite_strict=True,
    sqlite_autoincrement=True,
)
"""Tokens that were revoked before their end."""
