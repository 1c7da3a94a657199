"""Keys are rotated while two workers serve: the new ones count at once on both, former ones as long as they should."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from portal_verify.log import verify_log
from tests.fixtures.sharing_bundle import sharing_bundle
from tests.oracle.runner import PORTAL, PortalProcess
from tests.oracle.world import Caller

pytestmark = pytest.mark.heavy

CHECKER = Caller(application="checker")
NAMES = "{ shared { villages(purpose: WORK_REFERENCE, first: 1%s) { nodes { name } pageInfo { endCursor } } } }"
RECEIPT = "{ shared { villages(purpose: WORK_REFERENCE, first: 1) { access { receipt } } } }"
ASKED = 12
"""So often that both workers are asked."""


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[PortalProcess]:
    process = PortalProcess(tmp_path / "home")
    process.load(sharing_bundle().write(tmp_path / "bundle"))
    process.start("--workers", "2")
    yield process
    process.stop()


def new_token(portal: PortalProcess) -> str:
    made = portal.run("token", "--application", "checker")
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


def ask(portal: PortalProcess, token: str, query: str = NAMES % "") -> tuple[int, dict[str, object]]:
    """The status and payload on a connection of its own, so that any worker may answer."""
    assert portal.connection is not None
    portal.tokens[CHECKER] = token
    portal.connection.close()
    reply = portal.ask(CHECKER, json.dumps({"query": query}).encode())
    payload: dict[str, object] = json.loads(reply.body)
    return reply.status, payload


def statuses(portal: PortalProcess, token: str) -> set[int]:
    return {ask(portal, token)[0] for _ in range(ASKED)}


def rotate(portal: PortalProcess, *arguments: str) -> str:
    done = portal.run("keys", "rotate", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_token_keys_are_rotated(portal: PortalProcess) -> None:
    old = new_token(portal)
    assert statuses(portal, old) == {200}
    assert "in force from epoch 2 on" in rotate(portal, "tokens")
    new = new_token(portal)
    assert statuses(portal, new) == {200}
    assert statuses(portal, old) == {200}
    rotate(portal, "tokens", "--at-once")
    assert statuses(portal, new) == {401}
    assert statuses(portal, old) == {401}
    assert statuses(portal, new_token(portal)) == {200}
    assert portal.run("audit", "verify").returncode == 0


def next_page(portal: PortalProcess, token: str) -> str:
    _, payload = ask(portal, token)
    cursor: str = payload["data"]["shared"]["villages"]["pageInfo"]["endCursor"]  # type: ignore[index]
    return NAMES % f', after: "{cursor}"'


def test_cursor_secrets_are_rotated(portal: PortalProcess) -> None:
    token = new_token(portal)
    page = next_page(portal, token)
    _, first = ask(portal, token, page)
    rotate(portal, "cursors")
    names = [ask(portal, token, page)[1]["data"]["shared"]["villages"]["nodes"] for _ in range(ASKED)]  # type: ignore[index]
    assert names == [first["data"]["shared"]["villages"]["nodes"]] * ASKED  # type: ignore[index]
    page = next_page(portal, token)
    rotate(portal, "cursors", "--at-once")
    for _ in range(ASKED):
        _, payload = ask(portal, token, page)
        assert payload["errors"][0]["extensions"]["code"] == "BAD_INPUT"  # type: ignore[index]


def test_masks_change_only_when_that_is_said(portal: PortalProcess) -> None:
    refused = portal.run("keys", "rotate", "masks")
    assert refused.returncode == 2
    assert "say `--yes` if that is meant" in refused.stderr
    before = (portal.home / "keys.json").read_text()
    rotate(portal, "masks", "--yes")
    after = json.loads((portal.home / "keys.json").read_text())
    assert after["mask_secret"] != json.loads(before)["mask_secret"]


def receipt(portal: PortalProcess, token: str) -> str:
    _, payload = ask(portal, token, RECEIPT)
    found: str = payload["data"]["shared"]["villages"]["access"]["receipt"]  # type: ignore[index]
    return found


@contextmanager
def running_witness(folder: Path, key: Path) -> Iterator[str]:
    """What another party runs; yields its URL."""
    arguments = [str(PORTAL), "audit", "witness", "--folder", str(folder), "--key", str(key), "--port", "0"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().split()[-1]
        finally:
            process.terminate()


@pytest.fixture
def witnessed(tmp_path: Path) -> Iterator[PortalProcess]:
    """A portal on two workers that tells another party's service and a folder."""
    folder, kept = tmp_path / "folder", tmp_path / "kept"
    folder.mkdir()
    kept.mkdir()
    first = PortalProcess(tmp_path / "home")
    first.load(sharing_bundle().write(tmp_path / "bundle"))
    key = tmp_path / "key.pem"
    key.write_text(first.run("audit", "key").stdout)
    with running_witness(kept, key) as url:
        portal = PortalProcess(tmp_path / "home", {"PORTAL_AUDIT_WITNESSES": f"{folder},{url}"})
        portal.start("--workers", "2")
        yield portal
        portal.stop()


def test_audit_keys_are_rotated(witnessed: PortalProcess, tmp_path: Path) -> None:
    first, token = witnessed.run("audit", "key").stdout, new_token(witnessed)
    before = {receipt(witnessed, token) for _ in range(ASKED)}
    rotate(witnessed, "audit")
    between = {receipt(witnessed, token) for _ in range(ASKED)}
    rotate(witnessed, "audit")
    after = {receipt(witnessed, token) for _ in range(ASKED)}
    both = {"1", "2"}
    assert [{one.partition("-")[0] for one in receipts} for receipts in (before, between, after)] == [both] * 3
    assert witnessed.run("keys", "list").stdout.count("verifies what it signed until") == 2
    keys = witnessed.run("audit", "key").stdout
    assert keys.startswith(first)
    assert keys.count("BEGIN PUBLIC KEY") == 3
    witnessed.stop()
    for each in (before, between, after):
        shown = witnessed.run("audit", "show", each.pop())
        assert "proved by checkpoint" in shown.stderr
    verified = witnessed.run("audit", "verify")
    assert verified.returncode == 0, verified.stdout
    assert "0 records are newer than the last witnessed checkpoint" in verified.stdout
    held = {tuple(path.read_text() for path in (tmp_path / name).glob("*.jsonl")) for name in ("folder", "kept")}
    assert len(held) == 1
    # Who has the first key alone can verify the whole log: it names the others.
    database = f"sqlite:///{witnessed.home}/portal.db"
    assert verify_log(database, first.encode(), [tmp_path / "folder", tmp_path / "kept"]).fault is None


def test_keys_are_prepared_and_put_in_force_later(portal: PortalProcess) -> None:
    old = new_token(portal)
    nothing = portal.run("keys", "activate")
    assert nothing.returncode == 2
    assert "--prepare" in nothing.stderr
    assert "copy it beside the key file of every other server" in rotate(portal, "tokens", "--prepare")
    assert statuses(portal, old) == {200}
    kept = (portal.home / "keys.json").read_bytes()
    assert portal.run("keys", "activate").returncode == 0
    assert statuses(portal, new_token(portal)) == {200}
    listed = portal.run("keys", "list").stdout
    assert "former" in listed
    assert not (portal.home / "keys.json.next").exists()
    # A server that has neither the new file nor the prepared one denies, and says why.
    (portal.home / "keys.json").write_bytes(kept)
    (portal.home / "keys.json").chmod(0o600)
    portal.stop()
    portal.start("--workers", "2")
    status, payload = ask(portal, old)
    assert (status, payload["errors"][0]["extensions"]["code"]) == (503, "POLICY_UNAVAILABLE")  # type: ignore[index]
    assert "the portal's keys were rotated" in payload["errors"][0]["message"]  # type: ignore[index]
