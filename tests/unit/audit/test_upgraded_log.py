"""A log of the version before gets the columns and parts that readers need, and is verified before and after."""

import hashlib
from dataclasses import replace
from itertools import repeat
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import LargeBinary, column, insert, table

from portal.audit.chain import Head, Writer, append, portal_name
from portal.audit.checkpoints import NO_CHECKPOINT, Statement, sign_checkpoint
from portal.audit.log_readings import Reading
from portal.audit.readers import AuditReach
from portal.audit.records import RecordPart, render_record
from portal.audit.statistics import Count, Grouping, StatisticsQuestion, read_statistics
from portal.storage.addresses import database_url
from portal.storage.audit_tables import audit_checkpoints, audit_writers
from portal.storage.database import for_writing, open_sync_database
from portal.storage.migrating import migration_settings, upgrade_database
from portal.vocabulary import EntryCode, EntryIdentifier
from portal_verify.log import verify_log
from tests.fixtures.postgres import Databases
from tests.unit.audit.logs import KEY, MOMENT, PERMITTED, public_pem

SEARCHED = ("time", "subject", "department", "application", "user_id", "entry", "decision", "row_count")
COLUMNS = ("writer", "sequence", *SEARCHED, "record")
OLD_RECORDS = table("audit_records", *(column(name) for name in COLUMNS), column("hash", LargeBinary))
PARTS = tuple(
    RecordPart(
        entry=EntryCode(code), identifier=EntryIdentifier(code), items=("a",), filter=None, rows=rows, policies=()
    )
    for code, rows in (("b", 1), ("a", 4), ("b", 2))
)
RECORDS = (PERMITTED, replace(PERMITTED, purpose=None), replace(PERMITTED, parts=PARTS))


def make_former_log(url: str, linked: int) -> None:
    """Make a log as revision 0007 had it: chained by texts, without the columns; `linked` more records at its end."""
    writer = Writer(1, portal_name(KEY.public_key()), "2026-01-01T00:00:00.000000Z", 0, bytes(32))
    head, heads, rows = writer.genesis, [writer.genesis], list[dict[str, object]]()
    for record in (*RECORDS, *repeat(RECORDS[-1], linked)):
        _, text = append(head, render_record(record))
        head = Head(1, head.sequence + 1, hashlib.sha256(head.hash + text).digest())
        values: tuple[object, ...] = (
            1,
            head.sequence,
            "2026-01-31T08:00:00.000000Z",
            record.subject,
            record.department,
        )
        values += (record.application, record.user, record.entry, record.decision.value, record.rows, text.decode())
        rows.append({**dict(zip(COLUMNS, values, strict=True)), "hash": head.hash})
    heads.append(head)
    checkpoint, checkpoints = NO_CHECKPOINT, []
    for one in heads:
        digest = hashlib.sha256(f"1:{one.sequence}:{one.hash.hex()}\n".encode()).hexdigest()
        checkpoint = sign_checkpoint(KEY, checkpoint, Statement(MOMENT, [one], digest, 0))
        checkpoints.append(checkpoint)
    engine = open_sync_database(url)
    with for_writing(engine).begin() as connection:
        command.upgrade(migration_settings(connection), "0007")
        connection.execute(
            insert(audit_writers).values(
                portal=writer.portal, started_at=writer.started_at, checkpoint=0, checkpoint_hash=bytes(32)
            )
        )
        connection.execute(insert(OLD_RECORDS), rows)
        for made in checkpoints:
            row = {"number": made.number, "body": made.body, "signature": made.signature}
            connection.execute(insert(audit_checkpoints).values(**row))
    engine.dispose()


def check_upgrade(url: str, linked: int = 0) -> None:
    make_former_log(url, linked)
    assert verify_log(url, public_pem(KEY)).fault is None
    upgrade_database(url)
    result = verify_log(url, public_pem(KEY))
    assert (result.fault, result.records, result.uncovered) == (None, 3 + linked, 0)
    engine = open_sync_database(url)
    with engine.connect() as connection:
        marks = connection.exec_driver_sql("SELECT act, purpose FROM audit_records ORDER BY sequence").all()
        parts = connection.exec_driver_sql("SELECT sequence, entry, row_count FROM audit_parts ORDER BY entry").all()
    engine.dispose()
    assert [tuple(row) for row in marks] == [
        (None, "verification"),
        (None, None),
        *[(None, "verification")] * (linked + 1),
    ]
    assert sorted(map(tuple, parts)) == [(3 + n, *part) for n in range(linked + 1) for part in (("a", 4), ("b", 3))]


@pytest.mark.clause("threats.md T18")
def test_former_log_is_verified_before_and_after_its_upgrade(tmp_path: Path) -> None:
    check_upgrade(database_url(tmp_path / "portal.db"))


def test_former_log_is_given_parts_however_many_records_it_has(tmp_path: Path) -> None:
    """More than are read at a time."""
    check_upgrade(database_url(tmp_path / "portal.db"), 2300)


@pytest.mark.heavy
def test_former_log_in_postgres_is_verified_before_and_after_its_upgrade(postgres: Databases) -> None:
    check_upgrade(postgres.create_database())
    postgres.drop_databases()


def statistics_of(url: str) -> list[list[Count]]:
    engine = open_sync_database(url)
    with engine.connect() as connection:
        reading = Reading(connection, float("inf"))
        everything = AuditReach(everything=True)
        counts = [read_statistics(reading, everything, StatisticsQuestion(by=by)) for by in Grouping]
    engine.dispose()
    return counts


def check_index_upgrade(url: str, indexes: str) -> None:
    """See that what is counted is the same with the index by day as with the one before it, which is gone."""
    make_former_log(url, 40)
    engine = open_sync_database(url)
    with for_writing(engine).begin() as connection:
        command.upgrade(migration_settings(connection), "0008")
    before = statistics_of(url)
    upgrade_database(url)
    assert statistics_of(url) == before
    assert before[0][0].uses > 40
    with engine.connect() as connection:
        found = {name: str(text) for name, text in connection.exec_driver_sql(indexes)}
    engine.dispose()
    assert "ix_audit_parts_time" not in found
    assert "entry" not in found["ix_audit_records_time"]
    for table_name in ("audit_records", "audit_parts"):
        assert "substr" in found[f"ix_{table_name}_day"]
    assert verify_log(url, public_pem(KEY)).fault is None


def test_index_by_day_counts_as_the_one_before(tmp_path: Path) -> None:
    check_index_upgrade(
        database_url(tmp_path / "portal.db"), "SELECT name, sql FROM sqlite_master WHERE type = 'index'"
    )


@pytest.mark.heavy
def test_index_by_day_in_postgres_counts_as_the_one_before(postgres: Databases) -> None:
    check_index_upgrade(postgres.create_database(), "SELECT indexname, indexdef FROM pg_indexes")
    postgres.drop_databases()
