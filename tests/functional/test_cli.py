"""The command line on a portal of its own: load, ask, explain, export, audit."""

import io
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from portal.errors import Language
from portal.identity.claims import SubjectKind
from portal.identity.keys import load_keys
from portal.identity.tokens import TokenAuthority, verify_token
from tests.fixtures.command_line import CommandLine
from tests.fixtures.small_bundle import CONSUMER, BundleDraft, small_bundle

RESIDENTS = "303001001/00002"
VILLAGES = "303001001/00001"
DOCUMENT = "{shared{villages(first:1){nodes{name} access{receipt}}}}"


def with_rows() -> BundleDraft:
    draft = small_bundle()
    draft.rows = {"villages": ["code,name,note", "v1,东村,", "v2,西村,"]}
    return draft


@pytest.fixture
def portal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    # Where no `.env` lies.
    monkeypatch.chdir(tmp_path)
    return CommandLine(tmp_path / "var")


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return with_rows().write(tmp_path / "bundle")


@pytest.fixture
def loaded(portal: CommandLine, bundle: Path) -> CommandLine:
    assert portal("load", bundle).code == 0
    return portal


def ask(portal: CommandLine, *arguments: str, document: str = DOCUMENT) -> tuple[int, dict[str, object]]:
    ended = portal("query", *arguments, "-", stdin=io.BytesIO(document.encode()))
    return ended.code, json.loads(ended.out)


def test_load_says_what_changed_and_a_second_one_changes_nothing(portal: CommandLine, bundle: Path) -> None:
    first, second = portal("load", bundle), portal("load", bundle)
    assert (first.code, second.code) == (0, 0)
    assert "catalog entries: 2 new" in first.out
    assert "rows: 2 added" in first.out
    assert second.out.splitlines() == ["nothing changed"]
    assert (first.err, second.err) == ("", "")


def test_check_writes_nothing(portal: CommandLine, bundle: Path) -> None:
    ended = portal("load", bundle, "--check")
    assert (ended.code, ended.err) == (0, "")
    assert "no faults" in ended.out
    assert not portal.home.exists()


@pytest.mark.parametrize("arguments", [(), ("--check",), ("--diff",)])
def test_faults_are_a_line_each_and_nothing_is_written(
    portal: CommandLine, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    draft = with_rows()
    draft.departments.append("123,坏代码,999999,")
    draft.policies["statute-1"]["items"] = ["nothing"]
    draft.rows["villages"].append("v3,南村")
    ended = portal("load", draft.write(tmp_path / "bad"), *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert [line.partition(":")[0].split()[0] for line in ended.err.splitlines()] == [
        "data/villages.csv",
        "departments.csv",
        "policies/statute-1.json",
    ]
    assert not portal.home.exists()


def test_faults_of_a_loaded_portal_leave_it_as_it_is(loaded: CommandLine, tmp_path: Path) -> None:
    draft = with_rows()
    draft.departments.append("123,坏代码,999999,")
    assert loaded("load", draft.write(tmp_path / "bad")).code == 2
    assert loaded("load", tmp_path / "bundle").out.splitlines() == ["nothing changed"]


def test_diff_says_what_a_load_would_change_and_makes_no_portal(portal: CommandLine, bundle: Path) -> None:
    ended = portal("load", bundle, "--diff")
    assert ended.code == 0
    assert "new application `checker`" in ended.out.splitlines()
    assert not portal.home.exists()


def test_diff_of_a_loaded_portal_is_what_differs(loaded: CommandLine, tmp_path: Path) -> None:
    assert loaded("load", tmp_path / "bundle", "--diff").out == ""
    draft = with_rows()
    draft.users = draft.users[:1]
    changed = draft.write(tmp_path / "changed")
    assert "withdrawn user `keeper`" in loaded("load", changed, "--diff").out
    assert loaded("load", changed, "--by", "管理员", "--reason", "离职").code == 0
    assert loaded("load", changed, "--diff").out == ""
    with closing(sqlite3.connect(loaded.home / "portal.db")) as connection:
        noted = connection.execute("SELECT * FROM changes ORDER BY rowid DESC LIMIT 1").fetchone()
    assert {"管理员", "离职"} <= set(noted)


def test_load_derives_records_unless_told_not_to(tmp_path: Path, bundle: Path) -> None:
    with_records, without = CommandLine(tmp_path / "with"), CommandLine(tmp_path / "without")
    assert "`open-villages`" in with_records("load", bundle).out
    assert "open-villages" not in without("load", bundle, "--no-derive").out
    assert ask(with_records, "--public")[0] == 0
    assert ask(without, "--public")[0] == 1


def test_load_refuses_a_bundle_of_another_profile(portal: CommandLine, bundle: Path) -> None:
    ended = portal("load", bundle, PORTAL_PROFILE="weihai-2018")
    assert ended.code == 2
    assert "the bundle's profile is `nantong-2015` and `PORTAL_PROFILE` says `weihai-2018`" in ended.err
    assert portal("load", bundle, PORTAL_PROFILE="nantong-2015").code == 0


def test_load_makes_no_new_keys_for_a_portal_that_has_lost_its_own(loaded: CommandLine, tmp_path: Path) -> None:
    loaded.settings.key_file.unlink()
    ended = loaded("load", tmp_path / "bundle")
    assert ended.code == 2
    assert "key file" in ended.err
    assert not loaded.settings.key_file.exists()


def test_export_gives_a_bundle_that_changes_nothing(loaded: CommandLine, tmp_path: Path) -> None:
    ended = loaded("export", tmp_path / "out")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out
    assert loaded("load", tmp_path / "out").out.splitlines()[-1] == "nothing changed"
    again = loaded("export", tmp_path / "out")
    assert again.code == 2
    assert "isn't an empty folder" in again.err


def test_token_is_good_for_the_registered_subject(loaded: CommandLine) -> None:
    ended = loaded(
        "token", "--application", "checker", "--auth-level", "3", "--network-zone", "internet", "--ttl", "60"
    )
    assert ended.code == 0
    settings, now = loaded.settings, datetime.now(UTC)
    authority = TokenAuthority(settings.issuer, settings.audience, load_keys(settings.key_file).signing)
    claims = verify_token(ended.out.strip(), authority, now)
    assert (claims.kind, claims.id, claims.auth_level, claims.network_zone) == (
        SubjectKind.APPLICATION,
        "checker",
        3,
        "internet",
    )
    assert 50 < (claims.expires_at - now).total_seconds() <= 60


def test_token_is_refused_for_who_is_not_registered(loaded: CommandLine) -> None:
    ended = loaded("token", "--application", "cheker")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "unknown application `cheker`; did you mean `checker`?\n"
    assert "未知用户" in loaded("token", "--user", "checker", language=Language.CHINESE).err


def test_query_prints_the_answer(loaded: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "q.graphql").write_text("\ufeff" + DOCUMENT, encoding="utf-8")
    ended = loaded("query", "--public", tmp_path / "q.graphql")
    assert (ended.code, ended.err) == (0, "")
    answer = json.loads(ended.out)
    assert answer["data"]["shared"]["villages"]["nodes"] == [{"name": "东村"}]


def test_query_takes_variables_and_the_registered_subject(loaded: CommandLine) -> None:
    document = "query($p: Purpose){me{application authLevel} shared{residents(purpose:$p){nodes{name}}}}"
    code, answer = ask(loaded, "--application", "checker", "--variables", '{"p": "VERIFICATION"}', document=document)
    assert (code, answer["data"]) == (
        0,
        {"me": {"application": "checker", "authLevel": 2}, "shared": {"residents": {"nodes": []}}},
    )
    code, answer = ask(loaded, "--user", "clerk", document="{me{user}}")
    assert answer == {"data": {"me": {"user": "clerk"}}}


def test_query_ends_with_one_when_the_answer_has_errors(loaded: CommandLine) -> None:
    code, answer = ask(loaded, "--public", document="{shared{residents{nodes{name}}}}")
    assert code == 1
    assert "NOT_VALID" in json.dumps(answer)


def test_query_is_a_sentence_when_its_document_is_not_utf_8(loaded: CommandLine) -> None:
    ended = loaded("query", "--public", "-", stdin=io.BytesIO("{居民}".encode("gb18030")))
    assert ended.code == 2
    assert "UTF-8" in ended.err


def test_query_asks_as_no_one_who_is_not_registered(loaded: CommandLine) -> None:
    code, answer = ask(loaded, "--user", "stranger")
    assert code == 1
    assert "UNAUTHENTICATED" in json.dumps(answer)


def test_schema_is_the_subjects_own(loaded: CommandLine) -> None:
    public, own = loaded("schema"), loaded("schema", "--application", "checker")
    assert (public.code, own.code) == (0, 0)
    assert public.out == loaded("schema", "--public").out
    assert "type villages " in public.out
    assert "residents" not in public.out
    assert "type residents " in own.out
    stranger = loaded("schema", "--user", "stranger")
    assert (stranger.code, stranger.out) == (2, "")


def test_explain_tells_item_by_item_which_records_apply(loaded: CommandLine) -> None:
    ended = loaded(
        *("explain", "--application", "checker", "--resource", RESIDENTS, "--purpose", "VERIFICATION"),
        *("--matter", "999999-0001", "--at", "2026-03-01T08:00:00+08:00", "--item", "name", "code"),
    )
    assert (ended.code, ended.err) == (0, "")
    assert f"asked by application:checker of {CONSUMER}, level 2, zone government" in ended.out
    assert "mode query, purpose verification, matter 999999-0001, at 2026-03-01T00:00:00Z" in ended.out
    name = ended.out.partition("\nname: ")[2].partition("\n\n")[0]
    assert "statute-1 (statutory): allows rows where" in name
    assert '{"division": {"startsWith": {"subject": "region"}}}' in name
    assert "first 1 and last 0 characters shown; 100 rows a request" in name
    assert "restriction-1 (restriction)" in name
    assert "\ncode: " in ended.out
    assert "\ndivision: " not in ended.out


@pytest.mark.parametrize(
    ("arguments", "stopped"),
    [
        ((), "stops: for purpose verification"),
        (("--purpose", "verification", "--mode", "exchange"), "stops: for mode query"),
        (("--purpose", "verification", "--at", "2025-01-01T00:00:00Z"), "stops: in force [2025-12-31T16:00:00Z, )"),
    ],
)
def test_explain_tells_where_a_record_stopped(loaded: CommandLine, arguments: tuple[str, ...], stopped: str) -> None:
    ended = loaded("explain", "--application", "checker", "--resource", RESIDENTS, "--item", "name", *arguments)
    assert f"statute-1 (statutory): {stopped}" in ended.out


def test_explain_tells_which_condition_was_not_met(loaded: CommandLine, tmp_path: Path) -> None:
    draft = with_rows()
    draft.applications = [line.replace("government", "internet") for line in draft.applications]
    loaded("load", draft.write(tmp_path / "outside"))
    arguments = ("explain", "--application", "checker", "--resource", RESIDENTS, "--item", "name")
    ended = loaded(*arguments, "--purpose", "verification")
    assert 'stops: its condition {"network_zone": {"eq": "government"}} isn\'t met' in ended.out
    assert "name: refused, CONDITION_FAILED" in ended.out
    assert (
        "name：拒绝，CONDITION_FAILED：条件不满足"
        in loaded(*arguments, "--purpose", "verification", language=Language.CHINESE).out
    )


def test_explain_tells_that_nothing_names_the_public(loaded: CommandLine) -> None:
    ended = loaded("explain", "--public", "--resource", RESIDENTS, "--item", "name")
    assert "asked by the public, level 0, zone internet" in ended.out
    assert "name: refused, ITEM_DENIED" in ended.out
    assert "no record names this subject and item" in ended.out
    assert "code: permitted" in loaded("explain", "--public", "--resource", VILLAGES, "--item", "code").out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--resource", "303001001/99999"), "unknown entry `303001001/99999`"),
        (("--resource", VILLAGES, "--item", "secret"), "unknown item `secret`"),
    ],
)
def test_explain_names_what_is_unknown(loaded: CommandLine, arguments: tuple[str, ...], message: str) -> None:
    ended = loaded("explain", "--public", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert message in ended.err


def test_audit_is_verified_and_a_fault_ends_with_one(loaded: CommandLine) -> None:
    ask(loaded, "--public")
    sound = loaded("audit", "verify")
    assert sound.code == 0
    assert sound.out.startswith("1 records of ")
    assert "; 0 records are not yet covered by a checkpoint\n" in sound.out
    assert sound.out.endswith("\n0 records are newer than the last witnessed checkpoint\nno fault\n")
    with closing(sqlite3.connect(loaded.home / "portal.db")) as connection:
        connection.execute("UPDATE audit_records SET row_count = 0")
        connection.commit()
    faulty = loaded("audit", "verify")
    assert faulty.code == 1
    assert re.search(r"^first fault: record \d+-1: its columns aren't those of its text$", faulty.out, re.MULTILINE)
    assert re.search(r"^首个问题：记录 \d+-1：", loaded("audit", "verify", language=Language.CHINESE).out, re.MULTILINE)


def test_audit_of_a_replaced_database_ends_with_one(loaded: CommandLine) -> None:
    before = {path: path.read_bytes() for path in loaded.home.glob("portal.db*")}
    ask(loaded, "--public")
    for path in loaded.home.glob("portal.db*"):
        path.unlink()
    for path, content in before.items():
        path.write_bytes(content)
    ended = loaded("audit", "verify")
    assert ended.code == 1
    assert "first fault: witness: the log lacks the checkpoint" in ended.out
    ended = loaded("query", "--public", "-", stdin=io.BytesIO(DOCUMENT.encode()))
    assert (ended.code, ended.out) == (1, "")
    assert "replaced, cut or restored" in ended.err


def test_load_into_a_new_database_says_that_a_new_log_begins(loaded: CommandLine, tmp_path: Path) -> None:
    ask(loaded, "--public")
    for path in loaded.home.glob("*.db*"):
        path.unlink()
    ended = loaded("load", tmp_path / "bundle")
    found = re.search(r"a new audit log begins; the last checkpoint of the one before is kept in `(.*)`", ended.out)
    assert found is not None
    assert Path(found[1]).exists()
    assert ask(loaded, "--public")[0] == 0
    assert loaded("audit", "verify").code == 0
    assert "new audit log" not in loaded("load", tmp_path / "bundle").out


@pytest.mark.heavy
def test_audit_tail_prints_records_as_they_come(loaded: CommandLine) -> None:
    for _ in range(3):
        ask(loaded, "--public")
    # A shell lets what it runs in the background ignore the signal.
    hearing = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    command = [sys.executable, "-c", f"{hearing}; from portal.cli import main; main()", "audit", "tail", "--lines", "2"]
    environ = {**loaded.environ, "LANG": "C.UTF-8"}
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as tail:
        assert tail.stdout is not None
        assert tail.stderr is not None
        try:
            begun = [json.loads(tail.stdout.readline()) for _ in range(2)]
            ask(loaded, "--public", document="{shared{villages(first:1){nodes{code}}}}")
            came = json.loads(tail.stdout.readline())
            os.kill(tail.pid, signal.SIGINT)
            assert tail.wait(timeout=30) == 0
        finally:
            tail.kill()
        assert tail.stderr.read() == ""
    assert [record["items"] for record in (*begun, came)] == [["name"], ["name"], ["code"]]
    assert begun[0]["writer"] < begun[1]["writer"] < came["writer"]


def test_answer_that_cannot_be_recorded_is_not_given(loaded: CommandLine) -> None:
    with closing(sqlite3.connect(loaded.home / "portal.db")) as connection:
        connection.execute("DROP TABLE audit_records")
    ended = loaded("query", "--public", "-", stdin=io.BytesIO(DOCUMENT.encode()))
    assert ended.code == 1
    assert "东村" not in ended.out
    assert "audit record can't be written" in ended.err + ended.out
