"""The audit's commands on a portal of its own: searching, showing, keeping checkpoints, and wrong arguments."""

import io
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from portal.errors import Language
from tests.fixtures.command_line import CommandLine
from tests.fixtures.small_bundle import small_bundle

DOCUMENT = "{shared{villages(first:1){nodes{name} access{receipt}}}}"


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """A portal that the public has asked three times."""
    # Where no `.env` lies.
    monkeypatch.chdir(tmp_path)
    draft = small_bundle()
    draft.rows = {"villages": ["code,name,note", "v1,东村,", "v2,西村,"]}
    portal = CommandLine(tmp_path / "var")
    assert portal("load", draft.write(tmp_path / "bundle")).code == 0
    for _ in range(3):
        assert portal("query", "--public", "-", stdin=io.BytesIO(DOCUMENT.encode())).code == 0
    return portal


def test_records_are_searched_page_by_page_and_shown_with_their_proof(asked: CommandLine) -> None:
    everything = [json.loads(line) for line in asked("audit", "search", "--json").out.splitlines()]
    assert len(everything) == 3
    receipts = [f"{record['writer']}-{record['sequence']}" for record in everything]
    newest = asked(
        "audit", "search", "--entry", everything[0]["entry"], "--decision", "permit", "--limit", "1", "--json"
    )
    assert json.loads(newest.out) == everything[0]
    older = asked("audit", "search", "--after", receipts[0], "--json").out.splitlines()
    assert [json.loads(line) for line in older] == everything[1:]
    assert asked("audit", "search", "--decision", "deny").out == ""
    assert asked("audit", "search", "--until", "2020-01-01T00:00:00+08:00").out == ""
    shown = asked("audit", "show", receipts[1])
    assert shown.code == 0
    assert json.loads(shown.out) == everything[1]
    assert "proved by checkpoint" in shown.err
    assert "证明" in asked("audit", "show", receipts[1], language=Language.CHINESE).err


def test_show_ends_with_one_when_the_record_was_changed(asked: CommandLine) -> None:
    with closing(sqlite3.connect(asked.home / "portal.db")) as connection, connection:
        connection.execute("UPDATE audit_records SET record = replace(record, 'permit', 'deny') WHERE writer = 1")
    ended = asked("audit", "show", "1-1")
    assert ended.code == 1
    assert "run `portal audit verify`" in ended.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["search", "--after", "x"], "is no receipt"),
        (["search", "--after", "9-9"], "no record `9-9`"),
        (["search", "--from", "yesterday"], "not a time with offset"),
        (["search", "--decision", "maybe"], "is none of"),
        (["search", "--limit", "0"], "not a whole number"),
        (["show", "1"], "is no receipt"),
        (["show", "9-9"], "no record `9-9`"),
        (["verify", "--witness", "http://127.0.0.1:9/"], "a witness can't be read"),
        (["witness", "--folder", "none", "--key", "none"], "there is no folder `none`"),
        (["witness", "--folder", ".", "--key", "none"], "doesn't hold Ed25519 public keys"),
    ],
    ids=lambda one: one if isinstance(one, str) else " ".join(one),
)
def test_wrong_arguments_are_told_in_a_sentence(asked: CommandLine, arguments: list[str], message: str) -> None:
    ended = asked("audit", *arguments)
    assert ended.code == 2
    assert message in ended.err


def test_log_is_held_against_a_folder_that_a_portal_told(asked: CommandLine, tmp_path: Path) -> None:
    folder = tmp_path / "witness"
    folder.mkdir()
    (tmp_path / ".env").write_text(f"PORTAL_AUDIT_WITNESSES={folder}\n", encoding="utf-8")
    ended = asked("query", "--public", "-", stdin=io.BytesIO(DOCUMENT.encode()))
    assert ended.code == 0
    assert list(folder.glob("*.jsonl"))
    verified = asked("audit", "verify", "--witness", folder)
    assert (verified.code, "\n0 records are newer" in verified.out) == (0, True)
    with closing(sqlite3.connect(asked.home / "portal.db")) as connection, connection:
        connection.execute("DELETE FROM audit_checkpoints WHERE number > 2")
    assert "first fault: witness" in asked("audit", "verify", "--witness", folder).out


def test_key_is_printed_for_a_witness(asked: CommandLine) -> None:
    assert asked("audit", "key").out.startswith("-----BEGIN PUBLIC KEY-----\n")
