"""Records are found by what was asked for, newest first, by an index; a found one is proved by its checkpoint."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from portal.audit.ledger import submit
from portal.audit.proving import Proof, ProofState, prove_record
from portal.audit.records import Outcome
from portal.audit.searching import Place, Search, compile_search, load_record, parse_receipt, search_records
from portal.errors import BadInput
from portal.storage.database import open_sync_database
from portal.vocabulary import EntryCode
from tests.unit.audit.logs import KEY, MOMENT, OTHER_KEY, PERMITTED, REFUSED, Log

RECORDS = 60
LAST = Place(1, RECORDS // 2)


@pytest.fixture
def filled(log: Log) -> Log:
    """Two writers side by side; several records have the same time."""
    ledgers = [log.open(), log.open()]
    for number in range(RECORDS):
        record = replace(
            REFUSED if number % 7 == 3 else PERMITTED,
            time=MOMENT + timedelta(seconds=number // 4),
            subject=f"application:a{number % 3}",
            department=f"d{number % 2}",
            entry=EntryCode(f"e{number % 5}"),
        )
        ledgers[number % 2].append([submit(record, ())])
    for ledger in ledgers:
        ledger.checkpoint()
        ledger.close()
    return log


@pytest.fixture
def connection(filled: Log) -> Iterator[Connection]:
    engine = open_sync_database(filled.url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def by_hand(connection: Connection, search: Search) -> list[Place]:
    """What a search must find, from the texts of all records."""
    found = []
    for record in search_records(connection, Search(limit=1000)):
        text = json.loads(record.text)
        wanted = {"subject": search.subject, "department": search.department, "entry": search.entry}
        wanted["decision"] = search.decision
        found += [record.place] if all(value in (None, text[name]) for name, value in wanted.items()) else []
    return found


def test_every_combination_is_found_newest_first_page_by_page(connection: Connection) -> None:
    combinations = product((None, "application:a1"), (None, "d1"), (None, "e2"), (None, *Outcome))
    for subject, department, entry, decision in combinations:
        whole = Search(subject=subject, department=department, entry=entry, decision=decision, limit=4)
        expected, found = by_hand(connection, whole), list[Place]()
        search = whole
        while page := search_records(connection, search):
            assert len(page) <= 4
            found += [record.place for record in page]
            search = replace(whole, after=page[-1].place)
        assert found == expected
    everything = search_records(connection, Search(limit=1000))
    assert len(everything) == RECORDS
    times = [json.loads(record.text)["time"] for record in everything]
    assert times == sorted(times, reverse=True)


def test_times_are_a_half_open_period(connection: Connection) -> None:
    since, until = MOMENT + timedelta(seconds=2), MOMENT + timedelta(seconds=4)
    found = search_records(connection, Search(since=since, until=until, limit=1000))
    assert {json.loads(record.text)["time"][17:19] for record in found} == {"02", "03"}
    assert len(found) == 8


def test_records_on_a_page_are_bounded(connection: Connection) -> None:
    assert "LIMIT 1000" in str(
        compile_search(Search(limit=10**6), None).compile(
            dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}
        )
    )


@pytest.mark.parametrize(
    ("search", "index"),
    [
        (Search(subject="application:a1"), "ix_audit_records_subject_time_entry"),
        (Search(department="d1"), "ix_audit_records_department_time"),
        (Search(entry="e1"), "ix_audit_records_entry_time_subject"),
        (Search(subject="application:a1", entry="e1"), "ix_audit_records_subject_time_entry"),
        (Search(decision=Outcome.DENY), "ix_audit_records_deny_time"),
        (Search(), "ix_audit_records_time"),
        (Search(after=LAST), "ix_audit_records_time"),
        (Search(subject="application:a1", since=MOMENT, after=LAST), "ix_audit_records_subject_time_entry"),
    ],
    ids=["subject", "department", "entry", "both", "denials", "all", "the next page", "a subject's next page"],
)
def test_search_reads_an_index_in_its_order(filled: Log, search: Search, index: str) -> None:
    compiled = compile_search(search, "2026-01-31T08:00:05.000000Z").compile(
        dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}
    )
    with closing(sqlite3.connect(filled.path)) as raw:
        plan = [str(row[3]) for row in raw.execute(f"EXPLAIN QUERY PLAN {compiled}")]
    assert f"USING INDEX {index}" in plan[0]
    # What is sorted are records of one moment alone.
    assert not any("TEMP B-TREE FOR ORDER BY" in line for line in plan)


def test_denials_are_named_to_the_planner_on_both_databases() -> None:
    for dialect in (sqlite.dialect(), postgresql.dialect()):  # type: ignore[no-untyped-call]
        text = str(
            compile_search(Search(decision=Outcome.DENY), None).compile(
                dialect=dialect, compile_kwargs={"render_postcompile": True}
            )
        )
        assert "'deny'" in text


@pytest.mark.parametrize("text", ["", "1", "1-", "-1", "1-2-3", "a-1", "1-b", "\uff11-1", "1-99999999999"])
def test_receipt_is_refused_when_it_is_none(text: str) -> None:
    with pytest.raises(BadInput):
        parse_receipt(text)


def test_search_and_show_refuse_a_record_that_is_not_there(connection: Connection) -> None:
    with pytest.raises(BadInput, match="no record `1-999`"):
        search_records(connection, Search(after=Place(1, 999)))
    with pytest.raises(BadInput, match="no record `9-1`"):
        load_record(connection, parse_receipt("9-1"))


@pytest.mark.parametrize("place", [Place(1, 1), Place(1, 30), Place(2, 17)])
def test_record_is_proved_by_the_checkpoint_that_covers_it(connection: Connection, place: Place) -> None:
    proof = prove_record(connection, load_record(connection, place), [KEY.public_key()])
    assert proof == Proof(ProofState.PROVED, 3)


def test_record_is_uncovered_when_no_checkpoint_names_its_chain_so_far(log: Log) -> None:
    with closing(log.open()) as ledger:
        ledger.append([submit(PERMITTED, ())])
    engine = open_sync_database(log.url)
    with engine.connect() as connection:
        record = load_record(connection, Place(1, 1))
        assert prove_record(connection, record, [KEY.public_key()]) == Proof(ProofState.UNCOVERED)
    engine.dispose()


@pytest.mark.clause("threats.md T18")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_records SET record = replace(record, '\"rows\":3', '\"rows\":1') WHERE writer = 1",
        "DELETE FROM audit_records WHERE writer = 1 AND sequence = 20",
        "UPDATE audit_records SET hash = x'00' WHERE writer = 1 AND sequence = 9",
        "UPDATE audit_checkpoints SET body = replace(body, '\"epoch\":7', '\"epoch\":8')",
    ],
)
def test_proof_is_broken_when_the_chain_was_changed(filled: Log, statement: str) -> None:
    with closing(sqlite3.connect(filled.path)) as raw, raw:
        raw.execute(statement)
    engine = open_sync_database(filled.url)
    with engine.connect() as connection:
        record = load_record(connection, Place(1, 10))
        assert prove_record(connection, record, [KEY.public_key()]).state is ProofState.BROKEN
    engine.dispose()


def test_proof_is_broken_when_another_key_signed(connection: Connection) -> None:
    record = load_record(connection, Place(1, 10))
    assert prove_record(connection, record, [OTHER_KEY.public_key()]).state is ProofState.BROKEN
