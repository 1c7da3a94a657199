"""Who makes tokens by the key file, and who reads the log at the command line, is on record before it is out (T65)."""

import asyncio
import json
import os
import pwd
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from portal.acting import Acting
from portal.acting import act as act_as
from portal.administration.acts import Person
from portal.app import Portal
from portal.audit.receipts import Recorded
from portal.commands.reading_audit import reader_of
from portal.errors import Forbidden
from portal.identity.keys import load_keys
from portal.identity.second_factors import STEP_SECONDS, FactorRows, code_of, factor_seal
from portal.identity.tokens import TokenAuthority, verify_token
from portal.storage.database import open_sync_database
from portal.vocabulary import UserId
from tests.fixtures.audit_readers import asked_portal
from tests.fixtures.command_line import CommandLine, Ended

pytestmark = [pytest.mark.clause("threats.md T65"), pytest.mark.clause("threats.md T18")]

ACCOUNT = pwd.getpwuid(os.geteuid()).pw_name
READINGS = {
    "search": (("search", "--decision", "permit", "--limit", "3"), "records"),
    "show": (("show", "2-1"), "record 2-1"),
}


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """A portal that was asked as `ASKED` says."""
    return asked_portal(tmp_path_factory.mktemp("asked"))


@pytest.fixture
def portal(asked: CommandLine, tmp_path: Path) -> CommandLine:
    """A copy of it, of which nobody has read the log."""
    return CommandLine(Path(shutil.copytree(asked.home, tmp_path / "var")))


def acts(portal: CommandLine) -> list[dict[str, Any]]:
    """The acts of the log, oldest first, read past the command line."""
    with closing(sqlite3.connect(portal.home / "portal.db")) as connection:
        rows = connection.execute("SELECT record FROM audit_records WHERE act IS NOT NULL ORDER BY time").fetchall()
    return [json.loads(text) for (text,) in rows]


def lose_log(portal: CommandLine) -> None:
    """Let no record be written any more, as on a disk that fails; all else can be read."""
    with closing(sqlite3.connect(portal.home / "portal.db")) as connection:
        connection.execute(
            "CREATE TRIGGER full BEFORE INSERT ON audit_records BEGIN SELECT RAISE(ABORT, 'disk I/O error'); END"
        )


def test_token_by_the_key_file_is_on_record(portal: CommandLine) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    made = portal("token", "--application", "checker", "--ttl", "60", "--network-zone", "internet", SUDO_USER="root.2")
    settings = portal.settings
    authority = TokenAuthority(settings.issuer, settings.audience, load_keys(settings.key_file).signing)
    claims = verify_token(made.out.strip(), authority, datetime.now(UTC))
    (act,) = acts(portal)
    assert (act["act"], act["target"]) == ("token_issued", claims.token_id)
    assert (act["subject"], act["user"], act["department"], act["decision"]) == ("operator", None, None, "permit")
    details = act["details"]
    assert before + timedelta(seconds=60) <= datetime.fromisoformat(details.pop("expires_at")) == claims.expires_at
    assert details == {
        "for": "application:checker",
        "ttl_seconds": 60,
        "auth_level": None,
        "network_zone": "internet",
        "account": ACCOUNT,
        "sudo": "root.2",
    }
    assert made.out.strip() not in json.dumps(act)
    assert portal("audit", "verify").code == 0


def test_token_names_the_person_who_has_it_made(portal: CommandLine) -> None:
    assert portal("token", "--user", "clerk", "--by", "inspector").code == 0
    (act,) = acts(portal)
    assert (act["subject"], act["user"], act["details"]["for"]) == ("user:inspector", "inspector", "user:clerk")
    refused = portal("token", "--user", "clerk", "--by", "operator")
    assert (refused.code, refused.out) == (2, "")
    assert "names no registered user" in refused.err
    assert len(acts(portal)) == 1


@pytest.mark.parametrize("told", ["", "a b", "x" * 65, "-x", "张三", "a\nb"])
def test_what_sudo_never_says_is_not_believed(portal: CommandLine, told: str) -> None:
    assert portal("token", "--user", "clerk", SUDO_USER=told).code == 0
    assert "sudo" not in acts(portal)[0]["details"]


def test_there_is_no_token_where_it_cannot_be_recorded(portal: CommandLine) -> None:
    lose_log(portal)
    ended = portal("token", "--application", "checker")
    assert (ended.code, ended.out) == (1, "")
    assert "audit record can't be written" in ended.err
    assert "eyJ" not in ended.err


@pytest.mark.parametrize("reading", READINGS)
def test_reading_by_nobody_named_is_the_operators(portal: CommandLine, reading: str) -> None:
    words, target = READINGS[reading]
    assert portal("audit", *words).code == 0
    (act,) = acts(portal)
    assert (act["act"], act["target"], act["subject"], act["user"]) == ("audit_read", target, "operator", None)
    assert act["details"]["account"] == ACCOUNT
    assert act["details"]["whole"] is True
    assert act["details"]["found"] == (3 if reading == "search" else 1)
    assert portal("audit", "search", "--subject", "operator").out.count('"act":"audit_read"') == 1
    assert portal("audit", "verify").code == 0


@pytest.mark.parametrize("reading", READINGS)
def test_nothing_is_shown_where_the_reading_cannot_be_recorded(portal: CommandLine, reading: str) -> None:
    lose_log(portal)
    words, _ = READINGS[reading]
    ended = portal("audit", *words)
    assert (ended.code, ended.out) == (1, "")
    assert "audit record can't be written" in ended.err


def test_looking_for_what_is_not_there_is_on_record(portal: CommandLine) -> None:
    assert portal("audit", "show", "9-9").code == 2
    (act,) = acts(portal)
    assert (act["target"], act["details"]["found"]) == ("record 9-9", 0)


def test_show_by_a_user_shows_what_they_may_read(portal: CommandLine) -> None:
    whole = portal("audit", "show", "2-1", "--by", "inspector")
    assert whole.code == 0
    assert "proved by checkpoint" in whole.err
    others = {name: portal("audit", "show", "2-1", "--by", name) for name in ("steward", "clerk")}
    seen = {name: json.loads(ended.out) if ended.out else None for name, ended in others.items()}
    assert seen["steward"] is None or "client_address" not in seen["steward"]
    assert (others["clerk"].code, others["clerk"].out) == (1, "")
    assert [(act["user"], act["decision"]) for act in acts(portal)] == [
        ("inspector", "permit"),
        ("steward", "permit"),
        ("clerk", "deny"),
    ]


def test_record_that_is_not_theirs_looks_like_none(portal: CommandLine) -> None:
    assert portal("audit", "search").code == 0
    (act,) = acts(portal)
    receipt = f"{act['writer']}-{act['sequence']}"
    hidden, absent = (portal("audit", "show", one, "--by", "steward") for one in (receipt, "99-1"))
    assert (hidden.code, hidden.out) == (absent.code, absent.out) == (2, "")
    assert hidden.err.replace(receipt, "99-1") == absent.err


def test_tail_by_who_may_not_read_all_shows_nothing(portal: CommandLine) -> None:
    ended = portal("audit", "tail", "--by", "steward")
    assert (ended.code, ended.out) == (1, "")
    (act,) = acts(portal)
    assert (act["user"], act["target"], act["decision"]) == ("steward", "records as they come", "deny")


@pytest.mark.parametrize("by", ["steward", "chief", "clerk"])
def test_only_who_may_read_all_follows_the_log(portal: CommandLine, by: str) -> None:
    async def follow(opened: Portal, person: Person) -> Recorded:
        return await opened.endpoint.office.audit.follow(await reader_of(opened, person), "as it comes", 1)

    with pytest.raises(Forbidden):
        asyncio.run(act_as(portal.settings, Acting(by), follow))
    (refused,) = acts(portal)
    assert (refused["user"], refused["target"], refused["code"]) == (by, "as it comes", "FORBIDDEN")


def test_tail_shows_nothing_where_it_cannot_be_recorded(portal: CommandLine) -> None:
    lose_log(portal)
    ended = portal("audit", "tail")
    assert (ended.code, ended.out) == (1, "")


def followed(portal: CommandLine, *arguments: str) -> list[dict[str, Any]]:
    """The first two records that a tail shows; it is on record by then."""
    hearing = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    command = [sys.executable, "-c", f"{hearing}; from portal.cli import main; main()", "audit", "tail", *arguments]
    environ = {**portal.environ, "LANG": "C.UTF-8"}
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as tail:
        assert tail.stdout is not None
        try:
            lines = [tail.stdout.readline() for _ in range(2)]
            os.kill(tail.pid, signal.SIGINT)
            assert tail.wait(timeout=30) == 0
        finally:
            tail.kill()
    return [json.loads(line) for line in lines]


@pytest.mark.heavy
@pytest.mark.parametrize(("by", "subject"), [((), "operator"), (("--by", "inspector"), "user:inspector")])
def test_tail_is_on_record_and_does_not_show_itself(portal: CommandLine, by: tuple[str, ...], subject: str) -> None:
    assert all("act" not in record for record in followed(portal, "--lines", "2", *by))
    (act,) = acts(portal)
    assert (act["subject"], act["target"], act["details"]["lines"]) == (subject, "records as they come", 2)


def test_help_says_who_reads(portal: CommandLine) -> None:
    helped: list[Ended] = [portal("audit", command, "--help") for command in ("search", "show", "tail")]
    assert all(re.search(r"machine's\s+operator", one.out) for one in helped)


ENROLLED = {
    "statistics": ("statistics", "entry"),
    "search": ("search",),
    "show": ("show", "2-1"),
    "export": ("export",),
    "affected": ("affected", "everything", "--since", "2020-01-01T00:00:00+08:00"),
}


@pytest.mark.parametrize("reading", ENROLLED)
def test_who_has_a_second_factor_shows_it_to_read(portal: CommandLine, reading: str, tmp_path: Path) -> None:
    folder = (str(tmp_path / "evidence"),) if reading == "export" else ()
    words = ("audit", *ENROLLED[reading], *folder)
    now = datetime.now(UTC)
    engine = open_sync_database(portal.settings.database_url)
    factors = FactorRows(engine, factor_seal(load_keys(portal.settings.key_file).digest_secret))
    # The code of the step before, so that the present one still counts.
    earlier = now - timedelta(seconds=STEP_SECONDS)
    secret = factors.propose(UserId("inspector"), earlier)
    factors.confirm(UserId("inspector"), code_of(secret, earlier), earlier)
    engine.dispose()
    without = portal(*words, "--by", "inspector")
    assert (without.code, without.out) == (2, "")
    assert "`--code`" in without.err
    given = portal(*words, "--by", "inspector", "--code", code_of(secret, datetime.now(UTC)))
    assert given.code == 0, given.err
