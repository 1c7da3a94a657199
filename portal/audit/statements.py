"""The audit's SQL: built and compiled by SQLAlchemy once, run on the driver's connection (architecture.md §7).

SQLAlchemy's own execution costs 0.1 ms a statement, as much as the durable commit that requests wait for.
Parameters are positional, in the order in which each comment names them.
"""

from sqlalchemy import bindparam, func, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql import ClauseElement

from portal.storage.audit_tables import audit_checkpoints, audit_records, audit_writers, daily_rows, refused_tokens
from portal.storage.tables import epoch, quarantine

_DIALECT = sqlite.dialect(paramstyle="qmark")


def _compile(statement: ClauseElement) -> str:
    return str(statement.compile(dialect=_DIALECT))


READ_EPOCH = _compile(select(epoch.c.value))

READ_QUARANTINE = _compile(select(quarantine.c.id))
"""Gives a row while the portal is in quarantine."""

READ_LOSSES = _compile(select(audit_checkpoints).where(audit_checkpoints.c.body.like(bindparam("pattern"))))
"""pattern of a body; gives number, body, signature."""

INSERT_RECORD = _compile(sqlite.insert(audit_records))
"""The columns in the table's order."""

INSERT_WRITER = _compile(
    sqlite.insert(audit_writers)
    .values({name: bindparam(name) for name in ("portal", "started_at", "checkpoint", "checkpoint_hash")})
    .returning(audit_writers.c.writer)
)
"""portal, started_at, checkpoint, checkpoint_hash; returns the writer's number."""

INSERT_CHECKPOINT = _compile(sqlite.insert(audit_checkpoints))
"""number, body, signature."""

READ_CHECKPOINT = _compile(select(audit_checkpoints).where(audit_checkpoints.c.number == bindparam("number")))
"""number; gives number, body, signature."""

READ_LAST_CHECKPOINT = _compile(
    select(audit_checkpoints).where(
        audit_checkpoints.c.number == select(func.max(audit_checkpoints.c.number)).scalar_subquery()
    )
)
"""Gives number, body, signature."""

READ_WRITERS = _compile(
    select(
        *audit_writers.c,
        select(func.max(audit_records.c.sequence))
        .where(audit_records.c.writer == audit_writers.c.writer)
        .scalar_subquery(),
    ).order_by(audit_writers.c.writer)
)
"""Gives a writer's columns, and the last sequence, null for a chain without records."""

READ_HASH = _compile(
    select(audit_records.c.hash).where(
        audit_records.c.writer == bindparam("writer"), audit_records.c.sequence == bindparam("sequence")
    )
)
"""writer, sequence."""

READ_RECORDS = _compile(
    select(audit_records.c.sequence, audit_records.c.time, audit_records.c.record)
    .where(
        audit_records.c.writer == bindparam("writer"),
        audit_records.c.sequence.between(bindparam("first"), bindparam("last")),
    )
    .order_by(audit_records.c.sequence)
)
"""writer, first and last sequence; gives sequence, time, record."""

READ_DAILY_ROWS = _compile(
    select(daily_rows.c.row_count).where(
        daily_rows.c.subject == bindparam("subject"),
        daily_rows.c.entry == bindparam("entry"),
        daily_rows.c.day == bindparam("day"),
    )
)
"""subject, entry, day."""

_daily_rows = sqlite.insert(daily_rows)
STORE_DAILY_ROWS = _compile(
    _daily_rows.on_conflict_do_update(
        index_elements=daily_rows.primary_key, set_={"row_count": _daily_rows.excluded.row_count}
    )
)
"""subject, entry, day, the day's rows so far."""

_refused_tokens = sqlite.insert(refused_tokens)
ADD_REFUSED_TOKENS = _compile(
    _refused_tokens.on_conflict_do_update(
        index_elements=refused_tokens.primary_key,
        set_={"refusals": refused_tokens.c.refusals + _refused_tokens.excluded.refusals},
    )
)
"""minute, address, refusals to add."""
