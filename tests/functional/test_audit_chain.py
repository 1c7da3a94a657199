"""What an auditor walks along the log with over GraphQL, and evidence as a file: verified without the portal."""

import asyncio
import base64
import hashlib
import io
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from portal.audit.packing import MAX_RECORDS
from portal.audit.walking import MAX_CHECKPOINTS, MAX_LINKS, MAX_PIECES
from portal_verify.evidence import verify_evidence
from portal_verify.keys import raw_keys
from portal_verify.segments import heads_of
from portal_verify.signatures import SignedCheckpoint, is_signed_by, parse_checkpoint
from tests.fixtures.audit_readers import (
    ASKED,
    AUDITOR,
    BYSTANDERS_ANALYST,
    CLERK,
    CONSUMERS_HEAD,
    PROVIDERS_MANAGER,
    readers_world,
)
from tests.fixtures.linked_bundle import RESIDENTS
from tests.fixtures.portal_world import PortalWorld

CHECKPOINTS = """query($after: Int, $first: Int! = 200) {
  auditCheckpoints(after: $after, first: $first) { newest nodes { number hash body signature } }
}"""
LINKS = "query($pieces: [ChainPiece!]!) { auditLinks(pieces: $pieces) }"
EVIDENCE = "{ auditEvidence(%s) { name records uncovered content } }"
FRESHMAN = "user:freshman"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    with readers_world(tmp_path_factory.mktemp("walked")) as world:
        covered(world, len(ASKED))
        yield world


def checkpoints(world: PortalWorld, **variables: int | None) -> tuple[list[SignedCheckpoint], int]:
    page = world.ask(CHECKPOINTS, by=AUDITOR, variables=variables).data["auditCheckpoints"]
    return [parse_checkpoint(node) for node in page["nodes"]], page["newest"]


def covered(world: PortalWorld, records: int) -> None:
    """Wait until checkpoints cover so many records; that takes a second at most."""
    for _ in range(60):
        if sum(sequence for sequence, _ in last_heads(checkpoints(world)[0]).values()) >= records:
            return
        world.run(asyncio.sleep(0.1))
    raise AssertionError(records)


def last_heads(found: list[SignedCheckpoint]) -> dict[int, tuple[int, bytes]]:
    return {writer: head for one in found for writer, head in heads_of(one.body)}


@pytest.mark.clause("threats.md T18")
def test_auditor_walks_from_the_first_checkpoint_to_the_newest(world: PortalWorld) -> None:
    found, newest = checkpoints(world, after=0)
    [key] = raw_keys(world.keys.audit_public_pem())
    assert [one.number for one in found] == list(range(1, newest + 1))
    assert all(is_signed_by(key, one.body, one.signature) for one in found)
    assert [json.loads(one.body)["previous"] for one in found] == ["0" * 64, *(one.hash for one in found[:-1])]
    reached: dict[int, tuple[int, bytes]] = {}
    for writer, (sequence, digest) in (head for one in found for head in heads_of(one.body)):
        if sequence:
            after, before = reached[writer]
            piece = {"writer": writer, "after": after, "until": sequence}
            [links] = world.ask(LINKS, by=AUDITOR, variables={"pieces": [piece]}).data["auditLinks"]
            assert len(links) == sequence - after
            for link in links:
                before = hashlib.sha256(before + bytes.fromhex(link)).digest()
            assert before == digest
        reached[writer] = (sequence, digest)
    assert sum(sequence for sequence, _ in reached.values()) >= len(ASKED)


def test_last_checkpoints_come_without_a_number_and_pages_by_one(world: PortalWorld) -> None:
    whole, newest = checkpoints(world, after=0)
    [last], _ = checkpoints(world, first=1)
    assert last.number >= newest
    assert [one.number for one in checkpoints(world, after=1, first=1)[0]] == [2]
    assert checkpoints(world, after=2_000_000_000)[0] == []
    assert whole[0].number == 1


def test_links_of_what_is_not_there_are_none(world: PortalWorld) -> None:
    pieces = [{"writer": 900, "after": 0, "until": 5}, {"writer": 900, "after": 3, "until": 5}]
    assert world.ask(LINKS, by=AUDITOR, variables={"pieces": pieces}).data["auditLinks"] == [[], []]


def test_anybody_has_the_keys_that_verify(world: PortalWorld) -> None:
    answer = world.send("GET", "/audit-keys")
    assert (answer.status, answer.content) == (200, world.keys.audit_public_pem())
    assert answer.headers["content-type"] == "application/x-pem-file"
    assert world.send("HEAD", "/audit-keys").content == b""


def test_walking_is_on_record(world: PortalWorld) -> None:
    checkpoints(world, after=0, first=1)
    document = "{ auditRecords(act: AUDIT_READ, first: 1) { nodes { user target details } } }"
    [act] = world.ask(document, by=AUDITOR).data["auditRecords"]["nodes"]
    assert (act["user"], act["target"]) == ("inspector", "checkpoints")
    assert json.loads(act["details"]) == {"after": 0, "first": 1, "found": 1, "whole": True}


@pytest.mark.clause("threats.md T65")
@pytest.mark.parametrize("by", [PROVIDERS_MANAGER, CONSUMERS_HEAD, BYSTANDERS_ANALYST, FRESHMAN])
def test_who_may_not_read_all_walks_nowhere_and_exports_nothing(world: PortalWorld, by: str) -> None:
    pieces = [{"writer": 1, "after": 0, "until": 1}]
    asked: list[tuple[str, dict[str, Any]]] = [(CHECKPOINTS, {}), (LINKS, {"pieces": pieces}), (EVIDENCE % "", {})]
    for document, variables in asked:
        answer = world.ask(document.replace("()", ""), by=by, variables=variables)
        assert answer.codes == ["FORBIDDEN"], document
    for document, variables in asked:
        assert world.ask(document.replace("()", ""), by=CLERK, variables=variables).codes[0] == "NOT_VALID"


@pytest.mark.parametrize(
    ("pieces", "said"),
    [
        ([{"writer": 0, "after": 0, "until": 1}], "no piece of a chain"),
        ([{"writer": 1, "after": -1, "until": 1}], "no piece of a chain"),
        ([{"writer": 1, "after": 1, "until": 1}], "no piece of a chain"),
        ([{"writer": 1, "after": 0, "until": MAX_LINKS + 1}], "too many"),
        ([{"writer": 1, "after": 0, "until": 1}] * (MAX_PIECES + 1), "too many"),
    ],
)
def test_pieces_that_are_none_or_too_many_are_refused(
    world: PortalWorld, pieces: list[dict[str, int]], said: str
) -> None:
    answer = world.ask(LINKS, by=AUDITOR, variables={"pieces": pieces})
    assert answer.codes == ["BAD_INPUT"]
    assert said in answer.errors[0]["message"]


@pytest.mark.parametrize("first", [0, MAX_CHECKPOINTS + 1])
def test_page_of_checkpoints_is_bounded(world: PortalWorld, first: int) -> None:
    assert world.ask(CHECKPOINTS, by=AUDITOR, variables={"first": first}).codes == ["BAD_INPUT"]


@pytest.mark.clause("threats.md T18")
def test_evidence_from_a_page_is_verified_without_the_portal(world: PortalWorld, tmp_path: Path) -> None:
    told = world.ask(EVIDENCE % f'entry: "{RESIDENTS}"', by=AUDITOR).data["auditEvidence"]
    with ZipFile(io.BytesIO(base64.b64decode(told["content"]))) as file:
        file.extractall(tmp_path)
    folder = tmp_path / told["name"].removesuffix(".zip")
    verified = verify_evidence(folder, world.keys.audit_public_pem())
    assert (verified.flaw, verified.records, told["records"], told["uncovered"]) == (None, 3, 3, 0)
    assert json.loads(verified.asked) == {"entry": RESIDENTS, "by": "user:inspector"}
    document = "{ auditRecords(act: AUDIT_READ, first: 1) { nodes { target details } } }"
    [act] = world.ask(document, by=AUDITOR).data["auditRecords"]["nodes"]
    assert (act["target"], json.loads(act["details"])["found"]) == ("evidence", 3)


def test_evidence_of_too_many_records_is_refused_with_advice(tmp_path: Path) -> None:
    with readers_world(tmp_path) as world:
        database = world.settings.database_url.removeprefix("sqlite:///")
        with closing(sqlite3.connect(database)) as connection, connection:
            connection.execute("CREATE TEMP TABLE one AS SELECT * FROM audit_records LIMIT 1")
            connection.execute("UPDATE one SET writer = 900, subject = 'application:many'")
            for number in range(MAX_RECORDS + 1):
                connection.execute("UPDATE one SET sequence = ?", (number + 1,))
                connection.execute("INSERT INTO audit_records SELECT * FROM one")
        answer = world.ask(EVIDENCE % 'subject: "application:many"', by=AUDITOR)
    assert answer.codes == ["TOO_COMPLEX"]
    assert "portal audit export" in answer.errors[0]["message"]
