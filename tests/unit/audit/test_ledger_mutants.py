"""Defences of the ledger are taken out one by one; the scenario that guards each must then end otherwise."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from types import ModuleType

import pytest

import portal.audit.ledger
from portal.audit.ledger import Ledger
from portal.audit.records import Quota
from portal.audit.signing import SigningKeys
from portal.audit.witness import load_witness
from portal.errors import AuditUnavailable
from tests.unit.audit.logs import ENTRY, EPOCH, OTHER_KEY, PERMITTED, SUBJECT, Log, make_log, write, write_many

QUOTA = Quota(SUBJECT, ENTRY, date(2026, 1, 31), 3, 4)


def stale_epoch_is_refused(log: Log, ledgers: type[Ledger]) -> bool:
    with closing(ledgers(log.url, log.keys, None)) as ledger:
        log.set_epoch(EPOCH + 1)
        write(ledger)
    return log.rows("SELECT * FROM audit_records") == []


def quota_holds(log: Log, ledgers: type[Ledger]) -> bool:
    with closing(ledgers(log.url, log.keys, None)) as ledger:
        write(ledger, PERMITTED, QUOTA)
        write(ledger, PERMITTED, QUOTA)
    return log.rows("SELECT row_count FROM daily_rows") == [(3,)]


def rows_of_one_record_add_up(log: Log, ledgers: type[Ledger]) -> bool:
    with closing(ledgers(log.url, log.keys, None)) as ledger:
        write(ledger, PERMITTED, QUOTA, QUOTA)
    return log.rows("SELECT * FROM daily_rows") == []


def failed_transaction_leaves_the_chain_whole(log: Log, ledgers: type[Ledger]) -> bool:
    with closing(ledgers(log.url, log.keys, None)) as ledger:
        try:
            write(ledger, PERMITTED, replace(QUOTA, subject=None))  # type: ignore[arg-type]
        except sqlite3.IntegrityError:
            write(ledger)
            ledger.checkpoint()
    return log.verify().fault is None and log.verify().records == 1


def foreign_key_is_refused(log: Log, ledgers: type[Ledger]) -> bool:
    log.open().close()
    try:
        ledgers(log.url, SigningKeys([OTHER_KEY]), None).close()
    except AuditUnavailable:
        return True
    return False


def replaced_log_is_refused(log: Log, ledgers: type[Ledger]) -> bool:
    log.open().close()
    for path in log.files():
        path.unlink()
    new = make_log(log.path.parent)
    try:
        ledgers(new.url, new.keys, new.witness).close()
    except AuditUnavailable:
        return True
    return False


def restored_log_is_refused(log: Log, ledgers: type[Ledger]) -> bool:
    """Another history of the same length, as two copies of one machine would write."""
    old = {path: path.read_bytes() for path in log.files()}
    log.open().close()
    witness = log.witness.read_bytes()
    for path, content in old.items():
        path.write_bytes(content)
    log.witness.unlink()
    with closing(log.open()) as ledger:
        write_many(ledger, 1)
    log.witness.write_bytes(witness)
    try:
        ledgers(log.url, log.keys, log.witness).close()
    except AuditUnavailable:
        return True
    return False


def what_others_left_is_covered(log: Log, ledgers: type[Ledger]) -> bool:
    with closing(log.open()) as killed:
        write_many(killed, 3)
    ledgers(log.url, log.keys, None).close()
    return log.verify().uncovered == 0


def witness_knows_the_last_checkpoint(log: Log, ledgers: type[Ledger]) -> bool:
    with closing(ledgers(log.url, log.keys, log.witness)) as ledger:
        write_many(ledger, 1)
        ledger.checkpoint()
    witness = load_witness(log.witness)
    return witness is not None and witness.number == 2


@dataclass(frozen=True, slots=True)
class Mutant:
    """A defence taken out of the ledger, and the scenario that notices."""

    sound: str
    changed: str
    scenario: Callable[[Log, type[Ledger]], bool]


MUTANTS = (
    Mutant("if submission.record.epoch not in (epoch, None):", "if False:", stale_epoch_is_refused),
    Mutant("after[key] > quota.limit", "False", quota_holds),
    Mutant("day_rows.update(after)", "pass", quota_holds),
    Mutant("after.get(key, day_rows[key])", "day_rows[key]", rows_of_one_record_add_up),
    Mutant("head, text = append(", "head, text = self._head, _ = append(", failed_transaction_leaves_the_chain_whole),
    Mutant(
        "self._keys.signer_after(last)\n            self",
        "Signer(self._keys._keys[-1])\n            self",
        foreign_key_is_refused,
    ),
    Mutant("            self._check_witnessed()\n", "", replaced_log_is_refused),
    Mutant("row is not None and Checkpoint", "row is None or Checkpoint", replaced_log_is_refused),
    Mutant(" and Checkpoint(*row).hash.hex() == witness.hash", "", restored_log_is_refused),
    Mutant("self._heads.begin(last)", "self._heads.begin(last)[:0]", what_others_left_is_covered),
    Mutant("store_witness(self._witness, checkpoint)", "pass", witness_knows_the_last_checkpoint),
)


def make_ledgers(sound: str, changed: str) -> type[Ledger]:
    """The ledger with a part of its source changed."""
    source = Path(portal.audit.ledger.__file__).read_text(encoding="utf-8")
    assert source.count(sound) == 1, sound
    module = ModuleType("changed_ledger")
    exec(compile(source.replace(sound, changed), "changed_ledger", "exec"), module.__dict__)  # noqa: S102 - our own
    ledgers = module.Ledger
    assert isinstance(ledgers, type)
    return ledgers


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda one: f"{one.scenario.__name__}: {one.sound.strip()}")
def test_scenario_holds_and_fails_when_its_defence_is_taken_out(tmp_path: Path, mutant: Mutant) -> None:
    for name, ledgers, holds in (
        ("sound", Ledger, True),
        ("changed", make_ledgers(mutant.sound, mutant.changed), False),
    ):
        (tmp_path / name).mkdir()
        assert mutant.scenario(make_log(tmp_path / name), ledgers) is holds, name
