"""`portal-verify` as it is run: exit codes, both languages, JSON, and what can't be checked."""

import io
import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from portal.audit.proving import prove_record
from portal.audit.searching import Place, load_record
from portal.storage.database import open_sync_database
from portal_verify.cli import Streams, run
from portal_verify.receipt import ReceiptFlaw, verify_receipt
from portal_verify.words import Words, speaks_chinese
from tests.unit.audit.evidence_logs import export, make_chains
from tests.unit.audit.logs import KEY, OTHER_KEY, Log, public_pem


@dataclass(frozen=True, slots=True)
class Ended:
    code: int
    out: str
    err: str


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def check(*arguments: str | Path, is_chinese: bool = False, err: io.StringIO | None = None) -> Ended:
    out, told = io.StringIO(), err or io.StringIO()
    code = run([str(argument) for argument in arguments], Streams(out, told, is_chinese))
    return Ended(code, out.getvalue(), told.getvalue())


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log, evidence from it, the proof of a record, and keys."""
    folder = tmp_path_factory.mktemp("place")
    log = make_chains(folder / "log")
    export(log, folder / "evidence")
    (folder / "receipt.json").write_text(receipt(log, Place(2, 7)), encoding="utf-8")
    (folder / "key.pem").write_bytes(log.public_key)
    (folder / "other.pem").write_bytes(public_pem(OTHER_KEY))
    return folder


def receipt(log: Log, of: Place) -> str:
    engine = open_sync_database(log.url)
    with engine.connect() as connection:
        document = prove_record(connection, load_record(connection, of), [KEY.public_key()]).document
    engine.dispose()
    return document


@pytest.fixture
def key(place: Path) -> str:
    return str(place / "key.pem")


def test_sound_log_evidence_and_receipt_end_with_zero(place: Path, key: str) -> None:
    log = check("log", place / "log/portal.db", "--key", key, "--witness", place / "log/audit-witness.json")
    assert (log.code, log.err) == (0, "")
    assert log.out.splitlines()[-2:] == ["0 records are newer than the last witnessed checkpoint", "no fault"]
    evidence = check("evidence", place / "evidence", "--key", key)
    assert (evidence.code, evidence.out.splitlines()[-1]) == (0, "no fault")
    assert "20 records and" in evidence.out
    proof = check("receipt", place / "receipt.json", "--key", key)
    assert proof.code == 0
    assert "record 2-7 is in the log" in proof.out


def test_chinese_is_spoken_where_it_is_asked_for(place: Path, key: str) -> None:
    assert "未发现问题" in check("log", place / "log/portal.db", "--key", key, is_chinese=True).out
    assert "已检查 20 条记录" in check("evidence", place / "evidence", "--key", key, is_chinese=True).out
    assert "在日志中" in check("receipt", place / "receipt.json", "--key", key, is_chinese=True).out
    assert "参数有误" in check("log", is_chinese=True).err
    assert speaks_chinese({"LANG": "zh_CN.UTF-8"})
    assert not speaks_chinese({"LC_ALL": "C", "LANG": "zh_CN.UTF-8"})


def test_machines_are_told_in_json(place: Path, key: str) -> None:
    told = json.loads(check("log", place / "log/portal.db", "--key", key, "--json").out)
    assert (told["sound"], told["records"], told["fault"]) == (True, 60, None)
    told = json.loads(check("evidence", place / "evidence", "--key", place / "other.pem", "--json").out)
    assert (told["sound"], told["flaw"]) == (False, {"place": "manifest.json", "kind": "signature"})
    told = json.loads(check("receipt", place / "receipt.json", "--key", key, "--json").out)
    assert (told["receipt"], told["flaw"]) == ("2-7", None)


@pytest.mark.clause("threats.md T18")
def test_fault_ends_with_one_and_its_place(place: Path, key: str, tmp_path: Path) -> None:
    log = make_chains(tmp_path / "log")
    with closing(sqlite3.connect(log.path)) as raw, raw:
        raw.execute("UPDATE audit_records SET row_count = 77 WHERE writer = 1 AND sequence = 5")
    ended = check("log", log.path, "--key", key)
    assert ended.code == 1
    assert "first fault: record 1-5: its columns aren't those of its text" in ended.out
    assert "首个问题：记录 1-5" in check("log", log.path, "--key", key, is_chinese=True).out
    foreign = check("evidence", place / "evidence", "--key", place / "other.pem")
    assert (foreign.code, "first fault: manifest.json: not signed" in foreign.out) == (1, True)
    assert check("receipt", place / "receipt.json", "--key", place / "other.pem").code == 1


def test_progress_is_shown_on_a_terminal_alone(place: Path, key: str) -> None:
    assert check("evidence", place / "evidence", "--key", key).err == ""
    assert check("evidence", place / "evidence", "--key", key, err=Screen()).err == "\r\x1b[K"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "required"),
        (("nothing",), "invalid choice"),
        (("log", "x.db"), "--key"),
        (("log", "x.db", "--key", "none.pem"), "`none.pem` doesn't hold Ed25519 public keys"),
        (("log", "x.db", "--key", "KEY"), "`x.db` can't be read (FileNotFoundError)"),
        (("log", "x.db", "--key", "KEY", "--witness", "gone"), "there is no witness `gone`"),
        (("log", "postgresql://a:secret@127.0.0.1:1/x", "--key", "KEY"), "the database can't be opened"),
        (("evidence", "none", "--key", "KEY"), "`none` can't be read"),
        (("receipt", "none", "--key", "KEY"), "`none` can't be read"),
        (("evidence", "EVIDENCE", "--key", "KEY", "--witness", "http://127.0.0.1:1/"), "can't be read"),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, tuple) else "",
)
def test_what_cannot_be_checked_ends_with_two(
    place: Path, key: str, arguments: tuple[str, ...], words: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    named = {"KEY": key, "EVIDENCE": str(place / "evidence")}
    ended = check(*(named.get(one, one) for one in arguments))
    assert (ended.code, ended.out) == (2, "")
    assert words in ended.err
    assert "secret" not in ended.err


def test_words_of_a_log_drive_no_terminal() -> None:
    assert Words("a\x1b[2Jb\u202e", "").render(is_chinese=False) == "a\\u001b[2Jb\\u202e"


@pytest.mark.clause("threats.md T18")
def test_every_change_of_a_receipt_is_found(place: Path) -> None:
    sound = (place / "receipt.json").read_text(encoding="utf-8")
    keys = public_pem(KEY)
    assert verify_receipt(sound.encode(), keys).flaw is None
    octets = sound.encode()
    for at in range(0, len(octets), 3):
        changed = octets[:at] + bytes([octets[at] ^ 1]) + octets[at + 1 :]
        assert verify_receipt(changed, keys).flaw is not None, changed


@pytest.mark.parametrize(
    ("path", "value", "flaw"),
    [
        (("format",), "portal-receipt-2", ReceiptFlaw.UNREADABLE),
        (("more",), 1, ReceiptFlaw.UNREADABLE),
        (("segment", "checkpoint"), 1, ReceiptFlaw.HEAD),
        (("segment", "before"), "00" * 32, ReceiptFlaw.HEAD),
        (("segment", "records"), [], ReceiptFlaw.UNREADABLE),
        (("segment", "records"), [999], ReceiptFlaw.UNREADABLE),
        (("segment", "writer"), 1, ReceiptFlaw.HEAD),
        (("segment", "first"), True, ReceiptFlaw.UNREADABLE),
        (("record",), '{"writer":2,"sequence":7}', ReceiptFlaw.RECORD),
        (("checkpoint", "signature"), "00" * 64, ReceiptFlaw.UNREADABLE),
    ],
)
def test_changed_member_of_a_receipt_is_found(
    place: Path, path: tuple[str, ...], value: object, flaw: ReceiptFlaw
) -> None:
    document = json.loads((place / "receipt.json").read_text(encoding="utf-8"))
    within = document
    for name in path[:-1]:
        within = within[name]
    within[path[-1]] = value
    assert verify_receipt(json.dumps(document).encode(), public_pem(KEY)).flaw is flaw


def test_proof_of_another_record_of_the_segment_is_none(place: Path, tmp_path: Path) -> None:
    """The segment proves the hash of each of its records, so the text must be that of the one it names."""
    log = make_chains(tmp_path / "log")
    first, second = (json.loads(receipt(log, Place(1, number))) for number in (1, 2))
    second["segment"] = first["segment"]
    second["checkpoint"] = first["checkpoint"]
    assert verify_receipt(json.dumps(second).encode(), public_pem(KEY)).flaw is ReceiptFlaw.RECORD
