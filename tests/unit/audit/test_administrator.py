"""What someone who administers the database, and even stole the audit's key, can do to a log that a witness knows."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from portal.audit.checkpoints import Checkpoint, heads_of
from portal.audit.witness_stores import FolderWitness
from portal_verify.log import FaultKind, LogFault, LogVerification, verify_log
from tests.unit.audit.attacked_logs import RECORDS, attack, copy_log, make_original
from tests.unit.audit.attacks import Attack, rewrite, sign_anew
from tests.unit.audit.logs import KEY, Log

CHECKPOINTS = 12


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Log:
    return make_original(tmp_path_factory.mktemp("original"))


def witness_up_to(log: Log, number: int, folder: Path) -> dict[int, int]:
    """Tell a witness in the folder; return the records that it knows of, by chain."""
    folder.mkdir()
    rows = log.rows(f"SELECT * FROM audit_checkpoints WHERE number <= {number} ORDER BY number")  # noqa: S608 - a number
    checkpoints = [Checkpoint(*row) for row in rows]  # type: ignore[arg-type]
    FolderWitness(folder).store(checkpoints)
    return {head.writer: head.sequence for checkpoint in checkpoints for head in heads_of(checkpoint)}


def cut(attack: Attack, writer: int, sequence: int) -> None:
    """Let the log end before the record, and before the first checkpoint that covers it."""
    for number, body in attack.connection.execute("SELECT number, body FROM audit_checkpoints ORDER BY number"):
        if any(head[0] == writer and head[1] >= sequence for head in json.loads(body)["heads"]):
            attack.run("DELETE FROM audit_checkpoints WHERE number >= ?", number)
            break
    attack.run("DELETE FROM audit_records WHERE writer = ? AND sequence >= ?", writer, sequence)


def verify(log: Log, folder: Path) -> LogVerification:
    return verify_log(log.url, log.public_key, [folder])


@pytest.mark.clause("threats.md T18 G7")
@pytest.mark.parametrize("manipulate", [rewrite, cut])
def test_nothing_that_a_witness_knows_can_be_changed_even_with_the_key(
    original: Log, tmp_path: Path, manipulate: object
) -> None:
    random = Random(7)
    for number in range(4, CHECKPOINTS + 1):
        folder = tmp_path / f"witness-{number}"
        known = witness_up_to(original, number, folder)
        for _ in range(5):
            copied = copy_log(original, tmp_path)
            writer = random.choice([writer for writer, length in known.items() if length])
            with attack(copied, random) as attacked:
                (rewrite if manipulate is rewrite else cut)(attacked, writer, random.randint(1, known[writer]))
                sign_anew(attacked, KEY)
            # In itself the log is as sound as the portal would write it.
            alone = verify_log(copied.url, copied.public_key).fault
            assert alone is None or manipulate is cut
            fault = verify(copied, folder).fault
            assert fault is not None
            assert fault == LogFault("witness", FaultKind.WITNESS) or manipulate is cut


@pytest.mark.clause("threats.md T18 G7")
@pytest.mark.parametrize("number", range(1, CHECKPOINTS + 1))
def test_only_what_no_witness_knows_can_vanish_and_is_counted(original: Log, tmp_path: Path, number: int) -> None:
    folder = tmp_path / "witness"
    known = witness_up_to(original, number, folder)
    newer = RECORDS - sum(known.values())
    assert verify(original, folder).unwitnessed == newer
    copied = copy_log(original, tmp_path)
    with closing(sqlite3.connect(copied.path)) as connection, connection:
        connection.execute("DELETE FROM audit_checkpoints WHERE number > ?", (number,))
        for writer in range(1, 4):
            end = known.get(writer, 0)
            connection.execute("DELETE FROM audit_records WHERE writer = ? AND sequence > ?", (writer, end))
            if writer not in known:
                connection.execute("DELETE FROM audit_writers WHERE writer = ?", (writer,))
    result = verify(copied, folder)
    assert (result.fault, result.records, result.unwitnessed) == (None, RECORDS - newer, 0)


def test_newer_records_can_be_written_anew_only_with_the_key(original: Log, tmp_path: Path) -> None:
    folder = tmp_path / "witness"
    known = witness_up_to(original, 10, folder)
    for is_signed in (True, False):
        copied = copy_log(original, tmp_path)
        with attack(copied, Random(1)) as attacked:
            rewrite(attacked, 2, known[2] + 1)
            if is_signed:
                sign_anew(attacked, KEY)
        assert (verify(copied, folder).fault is None) == is_signed
