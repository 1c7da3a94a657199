"""The audit's SQL: built and compiled by SQLAlchemy once a database, run on its driver (architecture.md §7).

SQLAlchemy's own execution costs 0.1 ms a statement, as much as the durable commit that requests wait for.
Parameters are positional, in the order in which each comment names them.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

from sqlalchemy import Column, Dialect, Table, bindparam, delete, func, select
from sqlalchemy import insert as insert_one
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql import ClauseElement

from portal.storage.addresses import DatabaseKind
from portal.storage.administration_tables import revoked_tokens
from portal.storage.audit_tables import (
    audit_checkpoints,
    audit_parts,
    audit_records,
    audit_writers,
    daily_rows,
    refused_tokens,
    used_proofs,
)
from portal.storage.dialects import asyncpg_dialect, psycopg_dialect, sqlite_dialect
from portal.storage.tables import epoch, quarantine


@dataclass(frozen=True, slots=True, kw_only=True)
class LogStatements:
    """Every statement of the log, as text for one driver."""

    read_epoch: str

    read_quarantine: str
    """Gives a row while the portal is in quarantine."""

    insert_record: str
    """The columns in the table's order."""

    insert_part: str
    """The columns in the table's order."""

    insert_writer: str
    """portal, started_at, checkpoint, checkpoint_hash; returns the writer's number."""

    insert_checkpoint: str
    """number, body, signature."""

    read_checkpoint: str
    """number; gives number, body, signature."""

    read_last_checkpoint: str
    """Gives number, body, signature."""

    read_checkpoints_between: str
    """First and last number; gives number, body, signature by number."""

    read_losses: str
    """number, pattern of a body; gives number, body, signature of later checkpoints that fit, by number."""

    read_writers: str
    """Gives a writer's columns, and the last sequence, null for a chain without records."""

    read_writers_between: str
    """First and last writer; gives what `read_writers` does."""

    read_hash: str
    """writer, sequence."""

    read_records: str
    """writer, first and last sequence; gives sequence, time, record."""

    read_daily_rows: str
    """subject, entry, day."""

    hold_daily_rows: str
    """subject, entry, day, 0: others can't count there until the transaction ends; gives them with the day's rows."""

    store_daily_rows: str
    """subject, entry, day, the day's rows so far."""

    add_refused_tokens: str
    """minute, address, refusals to add."""

    use_proof: str
    """digest, expires_at; gives the digest of what wasn't used before."""

    forget_proofs: str
    """A moment: what had expired by then is removed."""

    revoke_token: str
    """token_id, expires_at; without effect on one that was revoked before."""

    forget_revoked: str
    """An instant: what had expired by then is removed."""


_Insert = Callable[[Table], Any]
"""An `INSERT` with the conflicts of one database: SQLite's or PostgreSQL's, which are alike."""


@cache
def log_statements(kind: DatabaseKind) -> LogStatements:
    """Return the statements for the driver that writes to such a database.

    PostgreSQL's take all rows of a call at once, each parameter a list of one column's values: sent one by one they
    would be a pipeline, in which the server waits for ever for a client that has stopped.
    """
    if kind is DatabaseKind.SQLITE:
        return _compile_all(sqlite_dialect(), _insert_row)
    return _compile_all(psycopg_dialect(), _insert_lists)


@cache
def reading_statements() -> LogStatements:
    """Return the statements for the driver that reads PostgreSQL on the event loop."""
    return _compile_all(asyncpg_dialect(), _insert_lists)


def _given(table: Table) -> list[Column[Any]]:
    """Return the columns that an `INSERT` gives; a row that is numbered by the database gets its number there."""
    return [column for column in table.c if column.autoincrement is not True]


def _insert_row(table: Table) -> sqlite.Insert:
    return sqlite.insert(table).values({column.name: bindparam(column.name) for column in _given(table)})


def _insert_lists(table: Table) -> postgresql.Insert:
    given = _given(table)
    lists = [bindparam(column.name, type_=postgresql.ARRAY(column.type)) for column in given]
    rows = func.unnest(*lists).table_valued(*(column.name for column in given)).render_derived()
    return postgresql.insert(table).from_select([column.name for column in given], select(*rows.c))


def _compile_all(dialect: Dialect, insert: _Insert) -> LogStatements:
    statements = {**_reads(), **_inserts(insert), **_counts(insert)}
    return LogStatements(
        **{field.name: str(statements[field.name].compile(dialect=dialect)) for field in fields(LogStatements)}
    )


def _reads() -> dict[str, ClauseElement]:
    records, checkpoints, writers = audit_records.c, audit_checkpoints.c, audit_writers.c
    last = select(func.max(records.sequence)).where(records.writer == writers.writer).scalar_subquery()
    return {
        "read_epoch": select(epoch.c.value),
        "read_quarantine": select(quarantine.c.id),
        "read_checkpoint": select(audit_checkpoints).where(checkpoints.number == bindparam("number")),
        "read_last_checkpoint": select(audit_checkpoints).where(
            checkpoints.number == select(func.max(checkpoints.number)).scalar_subquery()
        ),
        "read_checkpoints_between": select(audit_checkpoints)
        .where(checkpoints.number.between(bindparam("first"), bindparam("last")))
        .order_by(checkpoints.number),
        "read_losses": select(audit_checkpoints)
        .where(checkpoints.number > bindparam("number"), checkpoints.body.like(bindparam("pattern")))
        .order_by(checkpoints.number),
        "read_writers": select(*writers, last).order_by(writers.writer),
        "read_writers_between": select(*writers, last)
        .where(writers.writer.between(bindparam("first"), bindparam("last")))
        .order_by(writers.writer),
        "read_hash": select(records.hash).where(
            records.writer == bindparam("writer"), records.sequence == bindparam("sequence")
        ),
        "read_records": select(records.sequence, records.time, records.record)
        .where(records.writer == bindparam("writer"), records.sequence.between(bindparam("first"), bindparam("last")))
        .order_by(records.sequence),
        "read_daily_rows": select(daily_rows.c.row_count).where(
            daily_rows.c.subject == bindparam("subject"),
            daily_rows.c.entry == bindparam("entry"),
            daily_rows.c.day == bindparam("day"),
        ),
    }


def _inserts(insert: _Insert) -> dict[str, ClauseElement]:
    opening = ("portal", "started_at", "checkpoint", "checkpoint_hash")
    return {
        "insert_record": insert(audit_records),
        "insert_part": insert(audit_parts),
        "insert_writer": insert_one(audit_writers)
        .values({name: bindparam(name) for name in opening})
        .returning(audit_writers.c.writer),
        "insert_checkpoint": insert_one(audit_checkpoints),
        "use_proof": insert(used_proofs).on_conflict_do_nothing().returning(used_proofs.c.digest),
        "forget_proofs": delete(used_proofs).where(used_proofs.c.expires_at < bindparam("moment")),
        "revoke_token": insert(revoked_tokens).on_conflict_do_nothing(),
        "forget_revoked": delete(revoked_tokens).where(revoked_tokens.c.expires_at < bindparam("moment")),
    }


def _counts(insert: _Insert) -> dict[str, ClauseElement]:
    counted, refused = insert(daily_rows), insert(refused_tokens)
    kept = counted.on_conflict_do_update(
        index_elements=daily_rows.primary_key, set_={"row_count": daily_rows.c.row_count}
    )
    return {
        "hold_daily_rows": kept.returning(*daily_rows.c),
        "store_daily_rows": counted.on_conflict_do_update(
            index_elements=daily_rows.primary_key, set_={"row_count": counted.excluded.row_count}
        ),
        "add_refused_tokens": refused.on_conflict_do_update(
            index_elements=refused_tokens.primary_key,
            set_={"refusals": refused_tokens.c.refusals + refused.excluded.refusals},
        ),
    }
