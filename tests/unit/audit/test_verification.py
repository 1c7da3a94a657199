import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from portal_verify.log import FaultKind, LogFault, LogVerification, verify_log
from portal_verify.records import PART_RECORDS
from tests.unit.audit.attacked_logs import RECORDS, UNCOVERED, WRITERS, attack, copy_log, make_original
from tests.unit.audit.logs import OTHER_KEY, PERMITTED, Log, public_pem, write, write_many
from tests.unit.audit.manipulations import MANIPULATIONS, Manipulation


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Log:
    return make_original(tmp_path_factory.mktemp("original"))


@pytest.fixture
def copied(original: Log, tmp_path: Path) -> Log:
    return copy_log(original, tmp_path)


def check_found(log: Log, manipulation: Manipulation, random: Random) -> None:
    with attack(log, random) as attacked:
        expected = manipulation(attacked)
    fault = log.verify().fault
    assert fault is not None
    assert (fault if isinstance(expected, LogFault) else fault.kind) == expected


def test_sound_log_has_no_fault(original: Log) -> None:
    assert original.verify() == LogVerification(
        records=RECORDS, writers=WRITERS, checkpoints=12, uncovered=UNCOVERED, fault=None, unwitnessed=UNCOVERED
    )


def test_log_is_given_by_path_or_by_url(original: Log) -> None:
    by_path = verify_log(str(original.path), original.public_key, [original.witness])
    assert by_path == verify_log(original.url, original.public_key, [original.witness])


def test_empty_log_is_sound(log: Log) -> None:
    assert log.verify() == LogVerification(0, 0, 0, 0, None)


def test_texts_that_need_escapes_are_held_against_their_columns(log: Log) -> None:
    ledger = log.open()
    for text in ('a"b', "a\\b", "人口\u2028", "\x00\x1f\x7f\n\t\b\f\r/", "😀"):
        write(ledger, replace(PERMITTED, subject=text, department=text, application=None, user=text))
    ledger.checkpoint()
    ledger.close()
    assert log.verify() == LogVerification(5, 1, 2, 0, None, 0)


def test_log_that_is_being_written_is_verified_as_of_one_moment(log: Log) -> None:
    ledger = log.open()
    write_many(ledger, PART_RECORDS + 1000)
    ledger.checkpoint()
    seen: list[int] = []

    def write_meanwhile(records: int) -> None:
        seen.append(records)
        write_many(ledger, 10)
        ledger.checkpoint()

    result = verify_log(log.url, log.public_key, [log.witness], write_meanwhile)
    ledger.close()
    assert seen == [PART_RECORDS, PART_RECORDS + 1000]
    assert (result.records, result.uncovered, result.fault) == (PART_RECORDS + 1000, 0, None)


@pytest.mark.clause("threats.md T18")
@pytest.mark.parametrize("manipulation", MANIPULATIONS, ids=lambda one: one.__name__)
def test_manipulation_is_found_and_located(original: Log, tmp_path: Path, manipulation: Manipulation) -> None:
    for seed in range(6):
        check_found(copy_log(original, tmp_path), manipulation, Random(seed))


@pytest.mark.heavy
@pytest.mark.clause("threats.md T18")
def test_thousands_of_manipulations_are_found_and_located(original: Log, tmp_path: Path) -> None:
    random = Random(809)
    for _ in range(2000):
        check_found(copy_log(original, tmp_path), random.choice(MANIPULATIONS), random)


@pytest.mark.parametrize("kept", range(UNCOVERED + 1))
def test_cut_is_unnoticed_and_counted_when_no_checkpoint_covers_it(copied: Log, kept: int) -> None:
    with attack(copied, Random(0)) as attacked:
        attacked.connection.execute("DELETE FROM audit_records WHERE writer = 3 AND sequence > ?", (30 + kept,))
    assert copied.verify() == LogVerification(RECORDS - UNCOVERED + kept, WRITERS, 12, kept, None, kept)


def test_checkpoints_and_what_they_cover_can_be_cut_only_where_there_is_no_witness(copied: Log) -> None:
    with attack(copied, Random(0)) as attacked:
        attacked.connection.execute("DELETE FROM audit_checkpoints WHERE number > 10")
    assert verify_log(copied.url, copied.public_key).uncovered == 2 * 10 + UNCOVERED
    assert copied.verify().fault == LogFault("witness", FaultKind.WITNESS)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"number": 12, "hash": "00"}', '{"number": 13, "hash": "00"}'])
def test_witness_that_the_log_does_not_hold_is_a_fault(copied: Log, text: str) -> None:
    copied.witness.write_text(text)
    assert copied.verify().fault == LogFault("witness", FaultKind.WITNESS)


def test_witness_is_not_asked_when_there_is_none(copied: Log) -> None:
    copied.witness.unlink()
    assert copied.verify().fault is None


def test_log_of_another_portal_is_a_fault(original: Log) -> None:
    result = verify_log(original.url, public_pem(OTHER_KEY))
    assert result.fault == LogFault("writer 1", FaultKind.WRITER)


def test_page_that_was_overwritten_is_a_fault(copied: Log) -> None:
    content = bytearray(copied.path.read_bytes())
    page = content.index(b'{"writer":2,"sequence":7,') // 4096
    content[page * 4096 : (page + 1) * 4096] = bytes(4096)
    copied.path.write_bytes(content)
    assert copied.verify().fault is not None


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE audit_checkpoints",
        "UPDATE audit_records SET record = x'ff' || record WHERE writer = 1",
        "UPDATE audit_records SET subject = CAST(x'ff' AS TEXT) WHERE writer = 1",
    ],
)
def test_what_cannot_be_read_is_a_fault_not_a_crash(copied: Log, statement: str) -> None:
    with attack(copied, Random(0)) as attacked:
        attacked.connection.execute(statement)
    assert copied.verify().fault is not None


def test_values_of_wrong_types_are_a_fault_when_the_tables_were_made_anew(copied: Log) -> None:
    with closing(sqlite3.connect(copied.path)) as connection:
        connection.execute("CREATE TABLE loose AS SELECT * FROM audit_records")
        connection.execute("DROP TABLE audit_records")
        connection.execute("ALTER TABLE loose RENAME TO audit_records")
        connection.execute("UPDATE audit_records SET row_count = 'many' WHERE writer = 2")
        connection.commit()
    assert copied.verify().fault == LogFault("database", FaultKind.UNREADABLE)


def test_verifier_refuses_a_key_of_another_kind(original: Log) -> None:
    key = generate_private_key(SECP256R1()).public_key()
    with pytest.raises(ValueError, match="Ed25519"):
        verify_log(original.url, key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


def test_verifier_makes_no_log_when_there_is_none(tmp_path: Path, original: Log) -> None:
    with pytest.raises(FileNotFoundError):
        verify_log(str(tmp_path / "none.db"), original.public_key)
    assert list(tmp_path.iterdir()) == []


def test_verifier_runs_without_the_portal(original: Log, tmp_path: Path) -> None:
    """Its modules alone, in a folder of their own, in an isolated interpreter."""
    source = Path(sys.modules[verify_log.__module__].__file__ or "").parent
    shutil.copytree(source, tmp_path / "portal_verify", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "key.pem").write_bytes(original.public_key)
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); from pathlib import Path; "
        "from portal_verify.log import verify_log; "
        "print(verify_log(sys.argv[2], (Path(sys.argv[1]) / 'key.pem').read_bytes()))"
    )
    command = [sys.executable, "-I", "-c", program, str(tmp_path), str(original.path)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert f"records={RECORDS}" in answer.stdout
    assert "fault=None" in answer.stdout
