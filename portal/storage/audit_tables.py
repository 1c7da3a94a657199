"""The tables of the audit (enforcement.md §6), in the portal's database: one transaction writes and checks the epoch.

Writers, records and checkpoints are only ever inserted. Times are text, UTC, `2026-01-31T08:00:00.000000Z`.
"""

from sqlalchemy import CheckConstraint, Column, Index, Integer, LargeBinary, Table, Text, column, func, literal_column

from portal.storage.metadata import metadata

audit_writers = Table(
    "audit_writers",
    metadata,
    # AUTOINCREMENT: the number of a writer that is gone is never given again, so no two chains share a name.
    Column("writer", Integer, primary_key=True, autoincrement=True),
    Column("portal", Text, nullable=False, comment="SHA-256 of the public audit key, in hex"),
    Column("started_at", Text, nullable=False),
    Column("checkpoint", Integer, nullable=False, comment="the last checkpoint before it, 0 for none"),
    Column("checkpoint_hash", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
    sqlite_strict=True,
)

_DENIED = column("decision") == literal_column("'deny'")
_IS_ACT = column("act").is_not(None)
DAY_CHARACTERS = len("2026-01-31")
_DAY = func.substr(column("time"), literal_column("1"), literal_column(str(DAY_CHARACTERS)))
"""The day of a record, in UTC."""

audit_records = Table(
    "audit_records",
    metadata,
    Column("writer", Integer, primary_key=True, autoincrement=False),
    Column("sequence", Integer, primary_key=True, autoincrement=False, comment="from 1, without gap"),
    # For searching. The text of the record is what counts, and it opens with these very values.
    Column("time", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("department", Text),
    Column("application", Text),
    Column("user_id", Text),
    Column("entry", Text, nullable=False),
    Column("decision", Text, nullable=False),
    Column("row_count", Integer, nullable=False),
    Column("record", Text, nullable=False, comment="canonical JSON"),
    Column("hash", LargeBinary, nullable=False),
    # The text says these further on.
    Column("act", Text, comment="what was done with the portal itself, null for what was asked of shared data"),
    Column("purpose", Text),
    CheckConstraint("decision IN ('permit', 'deny')", name="decision"),
    # Each with the other behind: that a subject never asked for an entry is found without reading records of either.
    Index(None, "entry", "time", "subject"),
    Index(None, "subject", "time", "entry"),
    Index(None, "department", "time"),
    Index("ix_audit_records_time", "time"),
    # All that statistics count, in the order in which they add it up: they read this alone and sort nothing.
    Index("ix_audit_records_day", _DAY, "entry", "department", "purpose", "decision", "act", "time", "row_count"),
    # Denials are few, so this costs what is permitted nothing.
    Index("ix_audit_records_deny_time", "time", sqlite_where=_DENIED, postgresql_where=_DENIED),
    # Acts are few too.
    Index("ix_audit_records_act_time", "act", "time", sqlite_where=_IS_ACT, postgresql_where=_IS_ACT),
    sqlite_strict=True,
)

audit_parts = Table(
    "audit_parts",
    metadata,
    Column("entry", Text, primary_key=True),
    Column("time", Text, primary_key=True),
    Column("writer", Integer, primary_key=True, autoincrement=False),
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("department", Text),
    Column("decision", Text, nullable=False),
    Column("row_count", Integer, nullable=False, comment="of this entry alone"),
    Column("purpose", Text),
    CheckConstraint("decision IN ('permit', 'deny')", name="decision"),
    Index(None, "writer", "sequence"),
    # As of the records: all that statistics count.
    Index("ix_audit_parts_day", _DAY, "entry", "department", "purpose", "decision", "time", "row_count"),
    sqlite_strict=True,
)
"""What requests read of linked entries, a row an entry, so that its provider finds them; the texts say it too."""

audit_checkpoints = Table(
    "audit_checkpoints",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False, comment="from 1, without gap"),
    Column("body", Text, nullable=False, comment="canonical JSON"),
    Column("signature", LargeBinary, nullable=False, comment="Ed25519 over the body"),
    sqlite_strict=True,
)

daily_rows = Table(
    "daily_rows",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("entry", Text, primary_key=True),
    Column("day", Text, primary_key=True, comment="calendar day of Asia/Shanghai"),
    Column("row_count", Integer, nullable=False),
    sqlite_strict=True,
)

used_proofs = Table(
    "used_proofs",
    metadata,
    Column("digest", LargeBinary, primary_key=True, comment="SHA-256 of who made it and its `jti`"),
    Column("expires_at", Text, nullable=False, comment="from then on it is refused for its age, and may be forgotten"),
    Index(None, "expires_at"),
    sqlite_strict=True,
)
"""Proofs and assertions that were taken: none is taken twice, on any worker."""

refused_tokens = Table(
    "refused_tokens",
    metadata,
    Column("minute", Text, primary_key=True, comment="UTC, `2026-01-31T08:00Z`"),
    Column("address", Text, primary_key=True, comment="`other` beyond the addresses that one minute counts"),
    Column("refusals", Integer, nullable=False),
    sqlite_strict=True,
)
