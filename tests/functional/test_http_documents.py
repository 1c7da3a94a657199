"""Documents that are asked for by their hash."""

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from portal.errors import ConfigurationError
from portal.resolvers.documents import load_documents
from tests.fixtures.command_line import CommandLine
from tests.fixtures.portal_world import Answer, PortalWorld, open_world
from tests.fixtures.sharing_bundle import CHECKER, OUTSIDER, PLANNER, sharing_bundle

REGISTERED = "query Names($first: Int) { shared { villages(purpose: VERIFICATION, first: $first) { nodes { name } } } }"
REGISTERED_HIDDEN = "query Births { shared { residents(purpose: VERIFICATION) { nodes { born } } } }"
REGISTERED_BROKEN = "{ born "
SENT = "{ me { application } }"
HIDDEN = "{ shared { residents(purpose: VERIFICATION) { nodes { born } } } }"
PRECISE = {"Accept": "application/graphql-response+json"}


def digest_of(document: str) -> str:
    return sha256(document.encode()).hexdigest()


def persisted(document: str, **more: object) -> dict[str, object]:
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": digest_of(document)}}, **more}


def registered_in(path: Path, *documents: str) -> Path:
    path.write_text(json.dumps({digest_of(document): document for document in documents}), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    folder = tmp_path_factory.mktemp("world")
    documents = registered_in(folder / "documents.json", REGISTERED, REGISTERED_HIDDEN, REGISTERED_BROKEN)
    with open_world(sharing_bundle(), folder, documents=str(documents)) as opened:
        yield opened


def send(world: PortalWorld, members: object, by: str | None = CHECKER) -> Answer:
    return world.send(by=by, content=json.dumps(members).encode(), headers=PRECISE)


@pytest.mark.parametrize(
    "named",
    [{"documentId": f"sha256:{digest_of(REGISTERED)}"}, persisted(REGISTERED)],
    ids=["documentId", "extensions"],
)
def test_registered_document_is_answered_by_its_hash_alone(world: PortalWorld, named: dict[str, object]) -> None:
    answer = send(world, {**named, "variables": {"first": 1}, "operationName": "Names"})
    assert answer.data == {"shared": {"villages": {"nodes": [{"name": "东村"}]}}}


def test_registered_document_is_answered_by_get(world: PortalWorld) -> None:
    extensions = json.dumps(persisted(REGISTERED)["extensions"])
    for params in ({"extensions": extensions}, {"documentId": f"sha256:{digest_of(REGISTERED)}"}):
        assert world.send("GET", by=CHECKER, params=params).data["shared"]["villages"]["nodes"]


def test_unknown_document_is_asked_for_whole_and_then_known(world: PortalWorld) -> None:
    unknown = send(world, persisted(SENT))
    assert (unknown.status, unknown.codes) == (400, ["BAD_INPUT"])
    assert unknown.errors[0]["message"] == "PersistedQueryNotFound"
    assert send(world, persisted(SENT, query=SENT)).data == {"me": {"application": "checker"}}
    assert send(world, persisted(SENT)).data == {"me": {"application": "checker"}}


def test_document_that_somebody_sent_is_nobody_elses_to_find_out(world: PortalWorld) -> None:
    assert send(world, persisted(HIDDEN, query=HIDDEN)).data["shared"]["residents"]["nodes"]
    for other in (OUTSIDER, PLANNER, None):
        assert send(world, persisted(HIDDEN), by=other).errors[0]["message"] == "PersistedQueryNotFound"
    assert send(world, persisted(HIDDEN)).data


def test_public_shares_what_the_public_sent(world: PortalWorld) -> None:
    asked = "{ shared { villages(first: 1) { nodes { code } } } }"
    assert send(world, persisted(asked, query=asked), by=None).data
    assert send(world, persisted(asked), by=None).data
    assert send(world, persisted(asked)).errors[0]["message"] == "PersistedQueryNotFound"


def test_registered_document_is_not_quoted_to_whom_it_is_not_for(world: PortalWorld) -> None:
    for document in (REGISTERED_HIDDEN, REGISTERED_BROKEN):
        refused = send(world, persisted(document), by=OUTSIDER)
        assert (refused.status, refused.codes) == (400, ["NOT_VALID"])
        assert refused.errors == send(world, persisted(REGISTERED_BROKEN)).errors
        assert "born" not in refused.content.decode()
    assert send(world, persisted(REGISTERED_HIDDEN)).data


def test_document_under_the_hash_of_another_is_refused_and_not_kept(world: PortalWorld) -> None:
    other = "{ me { user } }"
    poisoned = send(world, persisted(other, query=SENT))
    assert (poisoned.status, poisoned.codes) == (400, ["BAD_INPUT"])
    assert "the hash isn't the document's" in poisoned.errors[0]["message"]
    assert send(world, persisted(other)).errors[0]["message"] == "PersistedQueryNotFound"


def test_document_that_is_long_is_answered_and_not_remembered(world: PortalWorld) -> None:
    long = SENT + "#" + "x" * 8200
    assert send(world, persisted(long, query=long)).data
    assert send(world, persisted(long)).errors[0]["message"] == "PersistedQueryNotFound"


def test_document_without_a_hash_is_not_remembered(world: PortalWorld) -> None:
    plain = "{ me { user isPublic: __typename } }"
    assert world.ask(plain, by=CHECKER).data
    assert send(world, persisted(plain)).errors[0]["message"] == "PersistedQueryNotFound"


@pytest.mark.parametrize(
    "members",
    [
        {"documentId": digest_of(REGISTERED)},
        {"documentId": f"md5:{digest_of(REGISTERED)}"},
        {"documentId": f"sha256:{digest_of(REGISTERED).upper()}"},
        {"documentId": "sha256:"},
        {"documentId": 1},
        {"documentId": {"sha256": 1}},
        {"extensions": {"persistedQuery": 1}},
        {"extensions": {"persistedQuery": {}}},
        {"extensions": {"persistedQuery": {"version": 2, "sha256Hash": digest_of(REGISTERED)}}},
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": [digest_of(REGISTERED)]}}},
        {"extensions": {"persistedQuery": {"version": 1}}, "query": SENT},
    ],
)
def test_hash_of_another_form_is_refused(world: PortalWorld, members: dict[str, object]) -> None:
    answer = send(world, members)
    assert (answer.status, answer.codes) == (400, ["BAD_INPUT"])
    assert "documentId" in answer.errors[0]["message"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("[]", "one JSON object"),
        ("{", "JSON"),
        (json.dumps({digest_of(SENT): REGISTERED}), "isn't the SHA-256"),
        (json.dumps({digest_of(SENT): 1}), "isn't the SHA-256"),
        (json.dumps({"md5:1": SENT}), "`md5:1`"),
        (json.dumps({digest_of(SENT): SENT})[:-1] + f', "{digest_of(SENT)}": "x"}}', "twice"),
    ],
)
def test_file_that_cannot_be_used_is_refused_with_its_place(tmp_path: Path, content: str, why: str) -> None:
    path = tmp_path / "documents.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_documents(path)
    assert str(path) in caught.value.text.en
    assert why in caught.value.text.en


def test_portal_does_not_serve_without_the_file_that_it_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    portal = CommandLine(tmp_path / "var")
    assert portal("load", sharing_bundle().write(tmp_path / "bundle")).code == 0
    ended = portal("serve", PORTAL_DOCUMENTS=str(tmp_path / "nowhere.json"))
    assert ended.code == 2
    assert "nowhere.json" in ended.err
