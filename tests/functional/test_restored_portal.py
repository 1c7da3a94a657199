"""A portal restored to before a revocation permits nothing conditional until it is reconciled (T31, R20)."""

import asyncio
import io
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from portal.access.asker import Asker
from portal.app import open_portal
from portal.errors import Language
from portal.identity.claims import SubjectKind, TokenClaims
from portal.resolvers.endpoint import Operation
from portal.resolvers.operation import answer_operation
from portal.resolvers.over_http import render_payload
from tests.fixtures.command_line import CommandLine
from tests.fixtures.sharing_bundle import RESIDENTS, restrict, sharing_bundle
from tests.fixtures.small_bundle import CONSUMER, BundleDraft

pytestmark = [pytest.mark.clause("T31"), pytest.mark.clause("R20")]

DRILLS = 20
END = datetime.max.replace(tzinfo=UTC)
CONDITIONAL = (
    ("checker", "{shared{a:residents(purpose:VERIFICATION){nodes{code name}}}}"),
    ("checker", "{shared{a:residents(purpose:VERIFICATION,first:1){totalCount}}}"),
    ("checker", '{shared{a:residents_by_key(purpose:VERIFICATION,code:"r01"){code}}}'),
    ("planner", "{shared{a:residents(purpose:WORK_REFERENCE){nodes{name income}}}}"),
    ("outsider", "{shared{a:residents(purpose:VERIFICATION,first:3){nodes{code name}}}}"),
    ("outsider", "{shared{a:cases(purpose:VERIFICATION){nodes{code}}}}"),
    ("roamer", "{shared{a:residents(purpose:VERIFICATION,where:{present:{eq:true}}){nodes{code}}}}"),
)
FREE = "{catalog{nodes{code}} shared{a:villages(purpose:WORK_REFERENCE){nodes{name}}}}"


def answer_of(portal: CommandLine, application: str, document: str) -> dict[str, dict[str, object]]:
    ended = portal("query", "--application", application, "-", stdin=io.BytesIO(document.encode()))
    answer: dict[str, dict[str, object]] = json.loads(ended.out)
    return answer


def allowed(portal: CommandLine) -> int:
    """Return how many of the conditional questions are answered, all asked of one open portal."""
    return asyncio.run(_allowed(portal))


async def _allowed(portal: CommandLine) -> int:
    count = 0
    async with open_portal(portal.settings) as opened:
        for application, document in CONDITIONAL:
            claims = TokenClaims(SubjectKind.APPLICATION, application, None, None, END, "synthetic")
            asker = Asker(claims, None, "drill")
            outcome = await answer_operation(opened.endpoint, asker, Operation(document), Language.ENGLISH)
            payload = json.loads(render_payload(outcome.payload))
            count += ((payload.get("data") or {}).get("shared") or {}).get("a") is not None
    return count


def revoked(seeded: Random) -> BundleDraft:
    """Return the bundle with something less permitted, this or that."""
    draft = sharing_bundle()
    match seeded.randrange(4):
        case 0:
            for record in ("verify", "refer", "names", "roam", "suspects"):
                del draft.policies[record]
        case 1:
            draft.policies["stop"] = {"id": "stop", **restrict(RESIDENTS, f"department:{CONSUMER}")}
        case 2:
            draft.applications = [line for line in draft.applications if not line.startswith("checker")]
        case _:
            draft.policies["verify"]["valid_until"] = "2026-01-01T00:00:00+08:00"
    return draft


def lose(portal: CommandLine) -> None:
    for path in portal.home.glob("*.db*"):
        path.unlink()


@pytest.fixture
def portal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """A portal with a backup key."""
    # Where no `.env` lies.
    monkeypatch.chdir(tmp_path)
    portal = CommandLine(tmp_path / "var")
    assert portal("load", sharing_bundle().write(tmp_path / "bundle")).code == 0
    assert portal("backup", "--new-key", "restore.pem").code == 0
    return portal


@pytest.mark.heavy
def test_restored_portal_permits_nothing_conditional_before_reconciliation(portal: CommandLine, tmp_path: Path) -> None:
    assert allowed(portal) == len(CONDITIONAL)
    allows = 0
    for number in range(DRILLS):
        seeded = Random(number)
        assert portal("backup", f"{number}.backup", "--key", "restore.pem.pub").code == 0
        assert portal("load", revoked(seeded).write(tmp_path / f"revoked-{number}")).code == 0
        if seeded.random() < 0.5:
            answer_of(portal, "planner", FREE)
        lose(portal)
        assert portal("restore", f"{number}.backup", "--key", "restore.pem").code == 0
        if seeded.random() < 0.3:
            assert portal("load", "bundle").code == 0
        allows += allowed(portal)
        assert portal("reconcile").code == 1
        allows += allowed(portal)
        assert "errors" not in answer_of(portal, "planner", FREE)
        accept = ("reconcile", "--accept-loss", "--by", "甲", "--and", "乙", "--reason", "synthetic")
        assert portal(*accept).code == 0
        # What the restored content permits it permits again, now that two people have said so.
        assert allowed(portal) == len(CONDITIONAL)
        verified = portal("audit", "verify")
        assert verified.code == 0, verified.out
        assert verified.out.count("were lost in a restore") == number + 1
    assert allows == 0


def test_quarantine_is_told_in_words_and_recorded(portal: CommandLine) -> None:
    portal("backup", "one.backup", "--key", "restore.pem.pub")
    lose(portal)
    restored = portal("restore", "one.backup", "--key", "restore.pem", "--reason", "synthetic")
    assert "the portal is in quarantine: conditional and not-shared items are denied" in restored.out
    answer = answer_of(portal, *CONDITIONAL[0])
    error = answer["errors"][0]  # type: ignore[index]
    assert error["extensions"] == {"code": "POLICY_UNAVAILABLE", "items": ["code", "name"]}  # type: ignore[index]
    assert "waits for reconciliation" in error["message"]  # type: ignore[index]
    explained = portal("explain", "--application", "checker", "--resource", RESIDENTS, "--purpose", "verification")
    assert "POLICY_UNAVAILABLE" in explained.out
    chinese = portal(
        *("explain", "--application", "checker", "--resource", RESIDENTS, "--purpose", "verification"),
        language=Language.CHINESE,
    )
    assert "尚待核对" in chinese.out
    records = [json.loads(line) for line in _records(portal)]
    assert [(record["decision"], record["code"]) for record in records][-1] == ("deny", "POLICY_UNAVAILABLE")


def _records(portal: CommandLine) -> list[str]:
    with closing(sqlite3.connect(portal.home / "portal.db")) as connection:
        return [row[0] for row in connection.execute("SELECT record FROM audit_records ORDER BY writer, sequence")]


def test_portal_restored_to_its_last_state_is_released_by_reconcile(portal: CommandLine) -> None:
    answer_of(portal, "planner", FREE)
    portal("backup", "one.backup", "--key", "restore.pem.pub")
    lose(portal)
    portal("restore", "one.backup", "--key", "restore.pem")
    assert allowed(portal) == 0
    reconciled = portal("reconcile")
    assert (reconciled.code, reconciled.err) == (0, "")
    assert "the quarantine is lifted; epoch 1002 holds now" in reconciled.out
    assert allowed(portal) == len(CONDITIONAL)
    assert portal("audit", "verify").code == 0
    assert "not in quarantine" in portal("reconcile").out


@pytest.mark.parametrize("language", list(Language))
def test_what_is_missing_is_said_exactly(portal: CommandLine, tmp_path: Path, language: Language) -> None:
    answer_of(portal, "planner", FREE)
    portal("backup", "one.backup", "--key", "restore.pem.pub")
    portal("load", revoked(Random(1)).write(tmp_path / "revoked"))
    answer_of(portal, "planner", FREE)
    lose(portal)
    portal("restore", "one.backup", "--key", "restore.pem")
    said = portal("reconcile", language=language).out
    missing = {Language.ENGLISH: ("checkpoints 3 to 5", "epoch 2"), Language.CHINESE: ("检查点 3 至 5", "纪元 2")}
    assert all(words in said for words in missing[language]), said
    assert "portal reconcile --accept-loss --by" in said


def test_moved_portal_answers_in_its_new_place(portal: CommandLine, tmp_path: Path) -> None:
    before = allowed(portal)
    database, data = f"sqlite:///{tmp_path}/new/portal.db", f"sqlite:///{tmp_path}/new/data.db"
    order = ("move", "--to-database", database, "--to-data", data)
    moved = portal(*order)
    assert (moved.code, moved.err) == (0, "")
    assert f"PORTAL_DATABASE_URL={database}` and `PORTAL_DATA_URL={data}" in moved.out
    assert "are the same in both places" in moved.out
    verified = portal("audit", "verify", PORTAL_DATABASE_URL=database, PORTAL_DATA_URL=data)
    assert verified.code == 0, verified.out
    application, document = CONDITIONAL[0]
    asked = portal(
        *("query", "--application", application, "-"),
        stdin=io.BytesIO(document.encode()),
        PORTAL_DATABASE_URL=database,
        PORTAL_DATA_URL=data,
    )
    assert (asked.code, before) == (0, len(CONDITIONAL))
    again = portal(*order, language=Language.CHINESE)
    assert (again.code, again.out) == (2, "")
    assert "中已有内容" in again.err


def test_backup_says_what_it_holds_and_refuses_what_it_cannot_open(portal: CommandLine, tmp_path: Path) -> None:
    made = portal("backup", "one.backup", PORTAL_BACKUP_KEY=str(tmp_path / "restore.pem.pub"))
    assert (made.code, made.err) == (0, "")
    assert "epoch 1, checkpoint 0, 0 audit records, 4 entries" in made.out
    assert portal("backup", "one.backup", "--key", "restore.pem.pub").code == 2
    assert portal("backup", "--new-key", "restore.pem").code == 2
    portal("backup", "--new-key", "other.pem")
    lose(portal)
    for arguments, said in (
        (("one.backup", "--key", "other.pem"), "was sealed for the key"),
        (("bundle/bundle.toml", "--key", "restore.pem"), "is no backup that this version of the portal knows"),
        (("none.backup", "--key", "restore.pem"), "the backup `none.backup` can't be read"),
        (("one.backup", "--key", "restore.pem.pub"), "holds no private X25519 key"),
    ):
        english, chinese = portal("restore", *arguments), portal("restore", *arguments, language=Language.CHINESE)
        assert said in english.err
        for ended in (english, chinese):
            assert (ended.code, ended.out) == (2, "")
        assert any("\u4e00" <= character <= "\u9fff" for character in chinese.err)
    assert list(portal.home.glob("*.db")) == []
