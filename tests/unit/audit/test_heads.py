"""A signer knows all heads and reads few; whoever stopped and goes on is known too."""

import hashlib
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from statistics import median

import pytest

from portal.audit import heads as heads_module
from portal.audit.chain import Writer, portal_name
from portal.audit.heads import LIVELY_LOOKS, QUIET_CHAINS
from portal.audit.ledger import Ledger
from tests.unit.audit.logs import Log, write_many

ENDED = 20_000


def add_ended_writers(log: Log, count: int) -> None:
    """Chains of writers that ended, each with one record that a checkpoint must cover."""
    portal = portal_name(log.key.public_key())
    writers, records = [], []
    for writer in range(1, count + 1):
        opening = Writer(writer, portal, "2026-01-01T00:00:00.000000Z", 0, bytes(32))
        text = (
            f'{{"writer":{writer},"sequence":1,"time":"t","subject":"s","department":null,"application":null,'
            '"user":null,"entry":"e","decision":"deny","rows":0,"identifier":"e","purpose":null}'
        )
        # As older records were chained.
        digest = hashlib.sha256(opening.genesis.hash + text.encode()).digest()
        writers.append((writer, portal, opening.started_at, 0, bytes(32)))
        records.append((writer, 1, "t", "s", None, None, None, "e", "deny", 0, text, digest))
    with closing(sqlite3.connect(log.path)) as connection, connection:
        connection.executemany("INSERT INTO audit_writers VALUES (?,?,?,?,?)", writers)
        connection.executemany("INSERT INTO audit_records VALUES (?,?,?,?,?,?,?,?,?,?,?,?,NULL,NULL)", records)


class CountingLedger(Ledger):
    """Counts the rows that its statements give."""

    rows = 0

    def _read(self, statement: str, parameters: Sequence[str | int | bytes | None]) -> list[object]:
        found = super()._read(statement, parameters)
        self.rows += len(found)
        return found


def open_counting(log: Log) -> CountingLedger:
    return CountingLedger(log.url, log.keys, log.witness)


def digest_by_hand(log: Log) -> str:
    rows = log.rows("SELECT writer, max(sequence), hash FROM audit_records GROUP BY writer ORDER BY writer")
    return hashlib.sha256("".join(f"{w}:{s}:{h.hex()}\n" for w, s, h in rows).encode()).hexdigest()  # type: ignore[attr-defined]


def last_digest(log: Log) -> object:
    [(digest,)] = log.rows("SELECT json_extract(body, '$.digest') FROM audit_checkpoints ORDER BY number DESC LIMIT 1")
    return digest


def test_checkpoint_reads_few_chains_when_many_have_ended(log: Log) -> None:
    add_ended_writers(log, 1000)
    log.open().close()
    with closing(open_counting(log)) as ledger:
        write_many(ledger, 1)
        ledger.rows = 0
        ledger.checkpoint()
        assert ledger.rows <= 2 * QUIET_CHAINS + 200
        for _ in range(LIVELY_LOOKS):
            ledger.checkpoint()
        ledger.rows = 0
        ledger.checkpoint()
        assert ledger.rows <= QUIET_CHAINS + 5


def test_opening_names_only_what_moved_when_many_have_ended(log: Log) -> None:
    add_ended_writers(log, 1000)
    with closing(log.open()) as killed:
        write_many(killed, 3)
    log.open().close()
    [(named,)] = log.rows("SELECT json_array_length(body, '$.heads') FROM audit_checkpoints WHERE number = 2")
    assert named == 2


@pytest.mark.heavy
def test_checkpoint_takes_no_longer_when_twenty_thousand_writers_have_ended(log: Log) -> None:
    add_ended_writers(log, ENDED)
    log.open().close()
    times = []
    with closing(log.open()) as ledger:
        for _ in range(50):
            write_many(ledger, 1)
            begun = time.perf_counter()
            ledger.checkpoint()
            times.append(time.perf_counter() - begun)
        assert ledger.uncovered == 0
    # 5 ms on a machine of its own; others run beside this test.
    assert median(times) <= 0.02


@pytest.mark.clause("threats.md R11 R28")
def test_records_are_covered_when_a_writer_that_was_quiet_for_long_goes_on(log: Log) -> None:
    quiet, lively = log.open(), log.open()
    for _ in range(LIVELY_LOOKS + 5):
        lively.checkpoint()
    write_many(quiet, 2)
    quiet.checkpoint()
    write_many(lively, 1)
    lively.checkpoint()
    assert (log.verify().fault, log.verify().uncovered) == (None, 0)
    assert last_digest(log) == digest_by_hand(log)
    quiet.close()
    lively.close()


def test_records_are_covered_in_turn_when_their_quiet_writer_died_before_it_signed(log: Log) -> None:
    dying, lively = log.open(), log.open()
    for _ in range(LIVELY_LOOKS + 5):
        lively.checkpoint()
    write_many(dying, 2)
    dying.close()
    for _ in range(3):
        lively.checkpoint()
    assert (log.verify().fault, log.verify().uncovered) == (None, 0)
    lively.close()


def test_one_checkpoint_covers_all_writers_when_they_write_side_by_side(log: Log) -> None:
    ledgers = [log.open() for _ in range(8)]
    count = len(log.rows("SELECT 1 FROM audit_checkpoints"))
    for ledger in ledgers:
        write_many(ledger, 2)
    ledgers[0].checkpoint(0.0)
    for ledger in ledgers[1:]:
        ledger.checkpoint(0.0)
        assert ledger.uncovered == 0
    write_many(ledgers[3], 1)
    ledgers[3].checkpoint(60.0)
    assert ledgers[3].uncovered == 1
    assert len(log.rows("SELECT 1 FROM audit_checkpoints")) == count + 1
    for ledger in ledgers:
        ledger.close()


def test_digest_is_that_of_all_chains_when_they_fill_blocks(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heads_module, "_BLOCK", 4)
    ledgers = [log.open() for _ in range(13)]
    for number in (0, 12, 5, 3, 4, 7, 8, 0):
        write_many(ledgers[number], 1)
        ledgers[number].checkpoint()
        assert log.verify().fault is None
    for ledger in ledgers:
        ledger.close()


def test_checkpoint_tells_the_epoch(log: Log) -> None:
    log.set_epoch(41)
    log.open().close()
    assert log.rows("SELECT json_extract(body, '$.epoch') FROM audit_checkpoints") == [(41,)]
