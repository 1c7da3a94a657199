"""Evidence: what is exported is verified by a program that shares no code; any change is found and located."""

import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from portal.audit.exporting import Exported
from portal.audit.searching import Search
from portal.errors import AuditUnavailable, BadInput
from portal_verify.evidence import EvidenceVerification, Flaw, FlawKind, verify_evidence
from tests.unit.audit.evidence_folders import MANIPULATIONS, Manipulation, Tampering
from tests.unit.audit.evidence_logs import DENIED, chain_as_before, export, make_chains, make_foreign, rotate
from tests.unit.audit.logs import KEY, MOMENT, OTHER_KEY, Log, public_pem, write_many

SEEDS = 12


@pytest.fixture(scope="module")
def chains(tmp_path_factory: pytest.TempPathFactory) -> Log:
    return make_chains(tmp_path_factory.mktemp("chains") / "log")


@pytest.fixture(scope="module")
def exported(chains: Log, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evidence") / "denied"
    assert export(chains, folder).records == 20
    return folder


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_foreign(tmp_path_factory.mktemp("foreign"))


def verify(folder: Path, *witnesses: str) -> EvidenceVerification:
    return verify_evidence(folder, public_pem(KEY), witnesses)


def test_folder_is_whole_as_exported(exported: Path) -> None:
    asked = json.dumps({"decision": "deny"})
    result = verify(exported)
    assert result == EvidenceVerification(20, result.checkpoints, 0, "2026-01-31T08:00:00.000000Z", asked, None)
    assert 1 < result.checkpoints < 10


@pytest.mark.clause("threats.md T65")
def test_folder_says_nothing_of_records_that_were_not_asked_for(exported: Path) -> None:
    whole = b"".join(path.read_bytes() for path in exported.iterdir())
    assert b"request-0" in whole
    assert b'request-1"' not in whole
    assert whole.count(b"request-") == 20


@pytest.mark.clause("threats.md T18")
@pytest.mark.parametrize("manipulation", MANIPULATIONS, ids=lambda one: one.__name__)
def test_manipulation_is_found_and_located(
    exported: Path, foreign: Path, tmp_path: Path, manipulation: Manipulation
) -> None:
    for seed in range(SEEDS):
        folder = tmp_path / str(seed)
        shutil.copytree(exported, folder)
        place = manipulation(Tampering(folder, foreign, Random(seed)))
        flaw = verify(folder).flaw
        assert flaw is not None, (seed, place)
        assert flaw.place.startswith(place), (seed, flaw, place)


def test_manipulations_are_more_than_two_hundred() -> None:
    assert len(MANIPULATIONS) * SEEDS >= 200


def test_folder_follows_a_rotation_from_the_first_key_alone(tmp_path: Path, chains: Log) -> None:
    log = rotate(chains, tmp_path)
    exported = export(log, tmp_path / "all", Search(), KEY, OTHER_KEY)
    assert exported.records == 70
    assert verify(tmp_path / "all").flaw is None
    # The former key signs nothing any more, whoever holds it.
    Tampering(tmp_path / "all", tmp_path, Random(1)).seal_again(KEY)
    assert verify(tmp_path / "all").flaw == Flaw("manifest.json", FlawKind.SIGNATURE)


def test_uncovered_records_are_left_out_and_counted(tmp_path: Path) -> None:
    log = make_chains(tmp_path / "log")
    with closing(log.open()) as ledger:
        write_many(ledger, 7)
        exported = export(log, tmp_path / "all", Search())
    assert (exported.records, exported.uncovered) == (60, 7)
    result = verify(tmp_path / "all")
    assert (result.flaw, result.uncovered) == (None, 7)


def test_nothing_is_evidence_too(tmp_path: Path, chains: Log) -> None:
    exported = export(chains, tmp_path / "none", Search(subject="user:nobody"))
    assert exported == Exported(0, 0, 0)
    assert verify(tmp_path / "none").flaw is None


@pytest.mark.clause("threats.md T18")
def test_nothing_is_exported_of_a_log_that_is_not_sound(tmp_path: Path) -> None:
    for number, statement in enumerate(
        (
            "UPDATE audit_records SET record = replace(record, 'deny', 'deni') WHERE writer = 1 AND sequence = 4",
            "DELETE FROM audit_records WHERE writer = 2 AND sequence = 9",
            "UPDATE audit_checkpoints SET signature = x'00' WHERE number = 4",
        )
    ):
        log = make_chains(tmp_path / f"log{number}")
        with closing(sqlite3.connect(log.path)) as raw, raw:
            raw.execute(statement)
        with pytest.raises(AuditUnavailable, match="isn't sound"):
            export(log, tmp_path / f"evidence{number}", Search())
        assert not (tmp_path / f"evidence{number}" / "manifest.json").exists()


def test_folder_that_cannot_be_used_is_refused(tmp_path: Path, chains: Log) -> None:
    (tmp_path / "file").write_bytes(b"")
    for folder, words in ((tmp_path, "isn't empty"), (tmp_path / "file", "can't be written")):
        with pytest.raises(BadInput, match=words):
            export(chains, folder)


@pytest.mark.clause("threats.md T18")
def test_witness_is_heard(exported: Path, tmp_path: Path) -> None:
    checkpoints = [json.loads(line) for line in (exported / "checkpoints.jsonl").read_bytes().splitlines()]
    (tmp_path / "agrees.json").write_text(json.dumps(checkpoints[1]), encoding="utf-8")
    assert verify(exported, str(tmp_path / "agrees.json")).witnessed == 1
    (tmp_path / "other.json").write_text(json.dumps({**checkpoints[1], "hash": "00" * 32}), encoding="utf-8")
    flaw = verify(exported, str(tmp_path / "agrees.json"), str(tmp_path / "other.json")).flaw
    assert flaw == Flaw("checkpoints.jsonl:2", FlawKind.WITNESS)
    (tmp_path / "torn.json").write_text("{", encoding="utf-8")
    assert verify(exported, str(tmp_path / "torn.json")).flaw == Flaw("witness", FlawKind.WITNESS)


def test_folder_that_is_none_and_keys_that_are_none_are_refused(exported: Path, tmp_path: Path) -> None:
    with pytest.raises(NotADirectoryError):
        verify(tmp_path / "none")
    with pytest.raises(ValueError, match="PEM"):
        verify_evidence(exported, b"")


@pytest.mark.clause("threats.md T18")
def test_older_records_are_exported_with_what_chained_them(tmp_path: Path) -> None:
    log = make_chains(tmp_path / "log")
    chain_as_before(log)
    assert log.verify().fault is None
    exported = export(log, tmp_path / "evidence", replace(DENIED, since=MOMENT))
    assert exported.records == 20
    assert verify(tmp_path / "evidence").flaw is None
