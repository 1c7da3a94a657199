"""The rows of linked entries are those that the records say: any that is cut, added or changed is found."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from portal.audit.ledger import submit
from portal.audit.records import RecordPart
from portal.vocabulary import EntryCode, EntryIdentifier
from portal_verify.faults import FaultKind
from portal_verify.log import LogFault
from tests.unit.audit.logs import PERMITTED, Log, make_log


def part(code: str, rows: int) -> RecordPart:
    return RecordPart(
        entry=EntryCode(code), identifier=EntryIdentifier(code), items=("a",), filter=None, rows=rows, policies=()
    )


@pytest.fixture
def linked(log: Log) -> Log:
    with closing(log.open()) as ledger:
        for number in range(6):
            parts = (part("b", 1), part("a", number), part("b", 2)) if number % 2 else ()
            ledger.append([submit(replace(PERMITTED, parts=parts, request_id=str(number)), ())])
        ledger.checkpoint()
    return log


def test_parts_are_one_row_an_entry_and_sound(linked: Log) -> None:
    assert linked.rows("SELECT sequence, entry, row_count FROM audit_parts ORDER BY sequence, entry") == [
        (2, "a", 1),
        (2, "b", 3),
        (4, "a", 3),
        (4, "b", 3),
        (6, "a", 5),
        (6, "b", 3),
    ]
    assert linked.verify().fault is None


@pytest.mark.clause("threats.md T18")
@pytest.mark.parametrize(
    ("statement", "place", "kind"),
    [
        ("DELETE FROM audit_parts WHERE sequence = 4 AND entry = 'a'", "record 1-4", FaultKind.COLUMNS),
        ("UPDATE audit_parts SET row_count = 0 WHERE sequence = 6", "record 1-6", FaultKind.COLUMNS),
        ("UPDATE audit_parts SET entry = 'c' WHERE sequence = 2 AND entry = 'b'", "record 1-2", FaultKind.COLUMNS),
        ("UPDATE audit_parts SET purpose = NULL WHERE sequence = 2", "record 1-2", FaultKind.COLUMNS),
        ("UPDATE audit_parts SET department = 'x' WHERE sequence = 2", "record 1-2", FaultKind.COLUMNS),
        ("UPDATE audit_parts SET time = '2020' WHERE sequence = 2", "record 1-2", FaultKind.COLUMNS),
        ("UPDATE audit_parts SET sequence = 3 WHERE sequence = 2", "record 1-2", FaultKind.COLUMNS),
        ("INSERT INTO audit_parts VALUES ('z', 't', 1, 3, NULL, 'deny', 0, NULL)", "record 1-3", FaultKind.COLUMNS),
        ("INSERT INTO audit_parts VALUES ('z', 't', 1, 99, NULL, 'deny', 0, NULL)", "record 1-99", FaultKind.GAP),
        ("INSERT INTO audit_parts VALUES ('z', 't', 8, 1, NULL, 'deny', 0, NULL)", "record 8-1", FaultKind.GAP),
    ],
)
def test_changed_part_is_found(linked: Log, statement: str, place: str, kind: FaultKind) -> None:
    with closing(sqlite3.connect(linked.path)) as raw, raw:
        assert raw.execute(statement).rowcount > 0
    assert linked.verify().fault == LogFault(place, kind)


def test_log_of_a_portal_that_was_not_upgraded_is_verified_without_them(linked: Log, tmp_path: Path) -> None:
    with closing(sqlite3.connect(linked.path)) as raw, raw:
        raw.execute("DROP INDEX ix_audit_records_day")
        raw.execute("DROP INDEX ix_audit_records_act_time")
        raw.execute("ALTER TABLE audit_records DROP COLUMN act")
        raw.execute("ALTER TABLE audit_records DROP COLUMN purpose")
        raw.execute("DROP TABLE audit_parts")
    assert linked.verify().fault is None
    (tmp_path / "other").mkdir()
    assert make_log(tmp_path / "other").verify().fault is None
