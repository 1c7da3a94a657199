"""A revoked token is refused at its very next request, on every worker, whoever revoked it and however."""

import json
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from http.client import HTTPConnection
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from portal.errors import Language
from tests.fixtures.command_line import CommandLine
from tests.fixtures.postgres import Databases
from tests.fixtures.postgres_portal import set_up_portal
from tests.fixtures.sharing_bundle import sharing_bundle
from tests.oracle.runner import PortalProcess

pytestmark = [pytest.mark.clause("threats.md T24"), pytest.mark.clause("threats.md T55")]

BODY = json.dumps({"query": "{ me { application } }"})
WORKERS, ASKED = 3, 24


@pytest.fixture
def loaded(tmp_path: Path) -> CommandLine:
    command = CommandLine(tmp_path / "home")
    assert command("load", sharing_bundle().write(tmp_path / "bundle")).code == 0
    return command


def new_token(command: CommandLine, *options: str) -> str:
    return command("token", "--application", "checker", *options).out.strip()


def acts(command: CommandLine) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(command.home / "portal.db")) as connection:
        rows = connection.execute("SELECT record FROM audit_records ORDER BY writer, sequence").fetchall()
    return [record for (text,) in rows if (record := json.loads(text)).get("act") == "token_revoked"]


def test_operator_revokes_a_token_that_he_made(loaded: CommandLine) -> None:
    token = new_token(loaded)
    done = loaded("tokens", "revoke", token)
    assert (done.code, done.err) == (0, "")
    assert "counts no more" in done.out
    assert token not in done.out
    (act,) = acts(loaded)
    assert (act["subject"], act["user"], act["decision"]) == ("operator", None, "permit")
    assert act["target"] in done.out
    assert loaded("audit", "verify").code == 0


def test_operator_names_himself_the_id_or_pipes_the_token(loaded: CommandLine) -> None:
    token_id = "e1j3V_bKic8-LAEBxxxxxx"
    assert token_id in loaded("tokens", "revoke", token_id, "--by", "keeper").out
    piped = new_token(loaded, "--ttl", "60").encode() + b"\n"
    assert loaded("tokens", "revoke", "-", stdin=BytesIO(piped), language=Language.CHINESE).out.startswith("令牌")
    named, unnamed = acts(loaded)
    assert (named["subject"], named["user"], named["target"]) == ("user:keeper", "keeper", token_id)
    assert unnamed["subject"] == "operator"


@pytest.mark.parametrize(
    "named", ["", "x", "..", "a.b.c", "令牌", "e1j3V_bKic8-LAEBxxxxx", "e1j3V_bKic8-LAEBxxxxxxx", "'; --", "x" * 9000]
)
def test_what_is_no_token_revokes_nothing(loaded: CommandLine, named: str) -> None:
    refused = loaded("tokens", "revoke", named)
    assert (refused.code, refused.out) == (2, "")
    assert "nothing is revoked" in refused.err
    assert acts(loaded) == []


def test_token_of_another_portal_revokes_nothing(loaded: CommandLine, tmp_path: Path) -> None:
    other = CommandLine(tmp_path / "other")
    assert other("load", sharing_bundle().write(tmp_path / "another")).code == 0
    assert loaded("tokens", "revoke", new_token(other)).code == 2
    assert acts(loaded) == []


def test_nobody_revokes_in_the_name_of_who_is_not_registered(loaded: CommandLine) -> None:
    refused = loaded("tokens", "revoke", new_token(loaded), "--by", "nobody")
    assert (refused.code, "names no registered user" in refused.err) == (2, True)
    assert acts(loaded) == []


@pytest.fixture(params=["sqlite", "postgresql"])
def portal(request: pytest.FixtureRequest, postgres: Databases, tmp_path: Path) -> Iterator[PortalProcess]:
    if request.param == "sqlite":
        yield from running(PortalProcess(tmp_path / "home"), tmp_path)
    else:
        with set_up_portal(postgres) as settings:
            yield from running(PortalProcess(tmp_path / "home", settings), tmp_path)


def running(process: PortalProcess, folder: Path) -> Iterator[PortalProcess]:
    process.load(sharing_bundle().write(folder / "bundle"))
    process.start("--workers", str(WORKERS))
    yield process
    process.stop()


def status(portal: PortalProcess, token: str) -> int:
    """The status on a connection of its own, so that any worker may answer."""
    connection = HTTPConnection("127.0.0.1", portal.port, timeout=30)
    try:
        connection.request(
            "POST", "/graphql", BODY, {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        )
        return connection.getresponse().status
    finally:
        connection.close()


def statuses(portal: PortalProcess, token: str) -> set[int]:
    with ThreadPoolExecutor(8) as threads:
        return set(threads.map(partial(status, portal), [token] * ASKED))


@pytest.mark.heavy
def test_revoked_token_is_refused_on_every_worker_at_once(portal: PortalProcess) -> None:
    for _ in range(2):
        revoked, kept = (portal.run("token", "--application", "checker").stdout.strip() for _ in range(2))
        assert statuses(portal, revoked) == statuses(portal, kept) == {200}
        assert portal.run("tokens", "revoke", revoked).returncode == 0
        assert statuses(portal, revoked) == {401}
        assert statuses(portal, kept) == {200}
    assert portal.run("audit", "verify").returncode == 0
