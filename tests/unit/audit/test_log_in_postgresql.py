"""The log in PostgreSQL: verified, searched, proved and witnessed as in SQLite."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from portal.audit.ledger import Ledger
from portal.audit.proving import Proof, ProofState, prove_record
from portal.audit.records import Outcome
from portal.audit.searching import Search, search_records
from portal.audit.signing import SigningKeys
from portal.audit.witness_stores import FolderWitness
from portal.audit.witnessing import Witnessing
from portal.storage.database import open_sync_database
from portal_verify.log import FaultKind, LogFault, LogVerification, verify_log
from tests.fixtures.postgres import Databases
from tests.fixtures.postgres_log import fresh_log
from tests.unit.audit.changed_verifier import IN_PROCESSES, changed_verifier
from tests.unit.audit.logs import EPOCH, KEY, public_pem, write_many

pytestmark = pytest.mark.heavy


@pytest.fixture
def url(postgres: Databases) -> Iterator[str]:
    """A log of two writers, 70 records, of which five aren't covered."""
    with fresh_log(postgres, EPOCH) as address:
        keys = SigningKeys([KEY])
        with closing(Ledger(address, keys, None)) as first, closing(Ledger(address, keys, None)) as second:
            for _ in range(3):
                write_many(first, 10)
                write_many(second, 11)
                first.checkpoint()
            write_many(second, 7)
        yield address


@pytest.fixture
def driver(url: str) -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


def verify(url: str) -> LogVerification:
    return verify_log(url, public_pem(KEY))


def test_sound_log_is_verified_alike_by_one_process_and_by_several(url: str, tmp_path: Path) -> None:
    expected = LogVerification(70, 2, 5, 7, None)
    assert verify(url) == expected
    with changed_verifier(tmp_path / "changed", IN_PROCESSES) as in_processes:
        assert str(in_processes.verify_log(url, public_pem(KEY), processes=2)) == str(expected)


@pytest.mark.clause("threats.md T18")
@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("DELETE FROM audit_records WHERE writer = 1 AND sequence = 7", LogFault("record 1-7", FaultKind.GAP)),
        (
            "UPDATE audit_records SET record = replace(record, 'permit', 'deny') WHERE writer = 2 AND sequence = 8",
            LogFault("record 2-8", FaultKind.CHANGED),
        ),
        (
            "UPDATE audit_records SET subject = 'x' WHERE writer = 2 AND sequence = 1",
            LogFault("record 2-1", FaultKind.COLUMNS),
        ),
        (
            "DELETE FROM audit_records WHERE writer = 1 AND sequence > 29",
            LogFault("checkpoint 5, record 1-30", FaultKind.HEAD),
        ),
        ("DELETE FROM audit_checkpoints WHERE number = 2", LogFault("checkpoint 2", FaultKind.CHECKPOINT_GAP)),
        ("DROP TABLE audit_checkpoints", LogFault("database", FaultKind.UNREADABLE)),
    ],
    ids=["delete", "rewrite", "columns", "cut", "checkpoint", "table"],
)
def test_manipulation_is_found_and_located(
    url: str, driver: "psycopg.Connection[tuple[object, ...]]", statement: str, fault: LogFault
) -> None:
    driver.execute(statement.encode())
    assert verify(url).fault == fault


def test_log_is_verified_as_of_one_moment_in_all_processes(url: str, tmp_path: Path) -> None:
    with (
        changed_verifier(tmp_path / "changed", IN_PROCESSES) as in_processes,
        closing(Ledger(url, SigningKeys([KEY]), None)) as ledger,
    ):

        def write_meanwhile(_records: int) -> None:
            write_many(ledger, 1)
            ledger.checkpoint()

        result = in_processes.verify_log(url, public_pem(KEY), progress=write_meanwhile, processes=2)
    assert (result.records, result.uncovered, result.fault) == (70, 0, None)


def test_records_are_searched_and_proved(url: str) -> None:
    engine = open_sync_database(url)
    with engine.connect() as connection:
        denied = search_records(connection, Search(decision=Outcome.DENY, limit=1000))
        assert [record.place.sequence % 10 % 5 for record in denied if record.place.writer == 1] == [0] * 6
        page = search_records(connection, Search(limit=30))
        rest = search_records(connection, Search(limit=1000, after=page[-1].place))
        assert len({record.place for record in (*page, *rest)}) == 70
        proofs = [prove_record(connection, record, [KEY.public_key()]) for record in (*page, *rest)]
        assert proofs.count(Proof(ProofState.UNCOVERED)) == 7
        assert [proof for proof in proofs if proof.state is ProofState.BROKEN] == []
    engine.dispose()


def test_witness_is_told(url: str, tmp_path: Path) -> None:
    with closing(Witnessing.start(url, [str(tmp_path)], SigningKeys([KEY]))):
        pass
    newest = FolderWitness(tmp_path).newest()
    assert newest is not None
    assert newest.number == 5
    assert verify_log(url, public_pem(KEY), [tmp_path]).unwitnessed == 7
