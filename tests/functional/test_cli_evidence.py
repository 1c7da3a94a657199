"""Reading the audit at the command line as a named user: statistics, searching and evidence, each on record."""

import io
import json
import re
from pathlib import Path

import pytest

from portal_verify.cli import Streams
from portal_verify.cli import run as verify
from tests.architecture.sources import PROJECT
from tests.fixtures.audit_readers import ASKED, asked_portal
from tests.fixtures.command_line import CommandLine
from tests.fixtures.linked_bundle import RESIDENTS, VISITS
from tests.fixtures.small_bundle import CONSUMER


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """A portal that was asked as `ASKED` says."""
    return asked_portal(tmp_path_factory.mktemp("portal"))


def acts(portal: CommandLine) -> list[dict[str, object]]:
    """The readings of named users on record, newest first."""
    found = map(json.loads, portal("audit", "search", "--json", "--limit", "1000").out.splitlines())
    return [record for record in found if record.get("act") == "audit_read" and record["subject"] != "operator"]


@pytest.mark.clause("ND-29")
def test_statistics_are_those_of_the_users_reach(portal: CommandLine) -> None:
    ended = portal("audit", "statistics", "entry", "--by", "counter", "--json")
    assert ended.code == 0, ended.err
    counts = {one["key"]: one["uses"] for one in json.loads(ended.out)}
    assert counts[VISITS] == 1
    table = portal("audit", "statistics", "department", "--by", "steward", "--entry", RESIDENTS).out.splitlines()
    assert table[0] == "uses\tpermitted\tdenied\trows"
    assert any(line.endswith(CONSUMER) for line in table)
    reading = acts(portal)[0]
    assert (reading["user"], reading["target"]) == ("steward", "statistics")


@pytest.mark.clause("threats.md T65")
def test_search_by_a_user_shows_what_they_may_read(portal: CommandLine) -> None:
    whole = portal("audit", "search", "--json", "--limit", "1000").out
    ended = portal("audit", "search", "--by", "steward", "--limit", "50")
    assert ended.code == 0
    shown = [json.loads(line) for line in ended.out.splitlines()]
    assert len(shown) == len(ASKED)
    assert '"filter":{' in whole
    assert all("filter" not in record and "client_address" not in record for record in shown)


@pytest.mark.clause("threats.md T65")
@pytest.mark.parametrize("user", ["clerk", "steward", "chief"])
def test_only_who_may_read_all_exports_evidence_and_refusals_are_recorded(
    portal: CommandLine, user: str, tmp_path: Path
) -> None:
    ended = portal("audit", "export", tmp_path / "evidence", "--by", user)
    assert ended.code == 1
    assert "none of your roles may" in ended.err
    assert not (tmp_path / "evidence").exists()
    assert (acts(portal)[0]["user"], acts(portal)[0]["decision"]) == (user, "deny")


def test_user_who_is_not_registered_reads_nothing(portal: CommandLine) -> None:
    ended = portal("audit", "statistics", "entry", "--by", "nobody")
    assert ended.code == 2
    assert "isn't registered" in ended.err


@pytest.mark.clause("threats.md T18")
def test_exported_evidence_is_verified_without_the_portal(portal: CommandLine, tmp_path: Path) -> None:
    ended = portal("audit", "export", tmp_path / "evidence", "--by", "inspector", "--entry", RESIDENTS)
    assert ended.code == 0, ended.err
    assert "3 records" in ended.out
    reading = acts(portal)[0]
    assert (reading["user"], reading["target"]) == ("inspector", "evidence")
    assert reading["details"] == {"entry": RESIDENTS, "found": 3, "whole": True}
    (tmp_path / "key.pem").write_text(portal("audit", "key").out, encoding="utf-8")
    out = io.StringIO()
    arguments = ["evidence", str(tmp_path / "evidence"), "--key", str(tmp_path / "key.pem")]
    assert verify(arguments, Streams(out, io.StringIO(), is_chinese=False)) == 0
    assert f'"entry": "{RESIDENTS}"' in out.getvalue()
    again = portal("audit", "export", tmp_path / "evidence", "--by", "inspector")
    assert (again.code, "isn't empty" in again.err) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["statistics", "entry"], "`--by` is missing"),
        (["statistics", "user", "--by", "counter"], "is none of `entry`"),
        (["statistics", "day", "--by", "counter", "--since", "today"], "not a time with offset"),
        (["export", "x"], "`--by` is missing"),
    ],
    ids=" ".join,
)
def test_wrong_arguments_are_told_in_a_sentence(portal: CommandLine, arguments: list[str], message: str) -> None:
    ended = portal("audit", *arguments)
    assert ended.code == 2
    assert message in ended.err


def documented(language: str) -> list[str]:
    """The examples of docs/audit.md in that language, empty for commands."""
    text = (PROJECT / "docs/audit.md").read_text(encoding="utf-8")
    found = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [example for of, example in found if of == language]


def test_documented_commands_run_as_written(
    portal: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    [commands] = [example for example in documented("") if "portal audit export" in example]
    ended: list[str] = []
    for line in commands.splitlines():
        words, _, file = line.partition(" > ")
        program, *arguments = words.split()
        out = io.StringIO()
        if program == "portal-verify":
            assert verify(arguments, Streams(out, io.StringIO(), is_chinese=False)) == 0
        else:
            assert portal(*arguments, out=out).code == 0
        if file:
            Path(file).write_text(out.getvalue(), encoding="utf-8")
        ended.append(out.getvalue())
    assert len(ended) == 3
    assert ended[-1].endswith("no fault\n")


@pytest.mark.parametrize(("place", "found"), [(0, {"auditStatistics"}), (1, {"auditCheckpoints", "auditEvidence"})])
def test_documented_query_runs_as_written(portal: CommandLine, place: int, found: set[str]) -> None:
    document = documented("graphql")[place]
    answer = portal("query", "--user", "inspector", "-", stdin=io.BytesIO(document.encode()))
    assert answer.code == 0, answer.out
    assert {name for name, value in json.loads(answer.out)["data"].items() if value} >= found
