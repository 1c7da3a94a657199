"""Keys are rotated while two workers serve: the new ones count at once on both, former ones as long as they should."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.sharing_bundle import sharing_bundle
from tests.oracle.runner import PortalProcess
from tests.oracle.world import Caller

pytestmark = pytest.mark.heavy

CHECKER = Caller(application="checker")
NAMES = "{ shared { villages(purpose: WORK_REFERENCE, first: 1%s) { nodes { name } pageInfo { endCursor } } } }"
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
