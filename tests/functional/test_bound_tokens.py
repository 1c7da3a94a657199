"""Tokens bound to a key over HTTP: each request with a proof of its own, which counts once, on any worker (T24)."""

import asyncio
import json
import secrets
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from portal.app import token_authority
from portal.identity.claims import Binding, Confirmation, SubjectKind
from portal.identity.proofs import token_digest
from portal.identity.tokens import TokenGrant, issue_token
from tests.fixtures.portal_world import Answer, PortalWorld, open_world
from tests.fixtures.proofs import KEYS, P256, P384, header, sign
from tests.fixtures.sharing_bundle import CHECKER, sharing_bundle

pytestmark = pytest.mark.clause("T24")

DOCUMENT = "{ shared { villages(purpose: WORK_REFERENCE) { nodes { code name population } } } }"
URL = "http://portal.test/graphql"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PortalWorld]:
    with open_world(sharing_bundle(), tmp_path) as opened:
        yield opened


def bound_token(world: PortalWorld, confirmation: Confirmation | None) -> str:
    grant = TokenGrant(SubjectKind.APPLICATION, CHECKER.partition(":")[2], confirmation=confirmation)
    return issue_token(grant, token_authority(world.settings, world.keys), datetime.now(UTC))


def key_bound(world: PortalWorld, algorithm: str = "ES256") -> str:
    return bound_token(world, Confirmation(Binding.KEY, KEYS[algorithm].thumbprint()))


def proof_of(token: str | None, algorithm: str = "ES256", **changed: object) -> str:
    body: dict[str, object] = {
        "jti": secrets.token_urlsafe(12),
        "htm": "POST",
        "htu": URL,
        "iat": int(datetime.now(UTC).timestamp()),
    }
    if token is not None:
        body["ath"] = token_digest(token)
    return sign(header(algorithm), {**body, **changed})


def ask(world: PortalWorld, token: str, proof: str | None, scheme: str = "DPoP", **headers: str) -> Answer:
    proven = {} if proof is None else {"DPoP": proof}
    return world.ask(DOCUMENT, headers={"Authorization": f"{scheme} {token}", **proven, **headers})


@pytest.mark.parametrize("algorithm", list(KEYS))
def test_bound_token_is_answered_as_the_free_one_is_when_each_request_has_its_proof(
    world: PortalWorld, algorithm: str
) -> None:
    token = key_bound(world, algorithm)
    free = world.ask(DOCUMENT, by=CHECKER)
    for _ in range(3):
        answer = ask(world, token, proof_of(token, algorithm))
        assert (answer.status, answer.codes) == (200, [])
        assert answer.payload == free.payload


def test_proof_is_refused_when_it_is_shown_again(world: PortalWorld) -> None:
    token = key_bound(world)
    proof = proof_of(token)
    assert ask(world, token, proof).status == 200
    for document in (DOCUMENT, "{ __typename }", "{ catalog { totalCount } }", "{"):
        again = world.ask(document, headers={"Authorization": f"DPoP {token}", "DPoP": proof})
        assert (again.status, again.codes) == (401, ["UNAUTHENTICATED"])
        assert "used before" in again.errors[0]["message"]
        assert "data" not in again.payload


def test_proof_is_used_up_by_a_request_that_is_refused(world: PortalWorld) -> None:
    token = key_bound(world)
    proof = proof_of(token)
    assert world.ask("{", headers={"Authorization": f"DPoP {token}", "DPoP": proof}).codes == ["NOT_VALID"]
    assert ask(world, token, proof).status == 401


def test_of_many_requests_with_one_proof_one_is_answered(world: PortalWorld) -> None:
    token = key_bound(world)
    headers = {"Authorization": f"DPoP {token}", "DPoP": proof_of(token), "Content-Type": "application/json"}
    body = json.dumps({"query": DOCUMENT}).encode()

    async def gather() -> list[int]:
        replies = await asyncio.gather(
            *(world.client.post("/graphql", content=body, headers=headers) for _ in range(20))
        )
        return [reply.status_code for reply in replies]

    assert sorted(world.run(gather())) == [200] + [401] * 19


@pytest.mark.parametrize(
    ("presented", "said"),
    [
        ({"scheme": "Bearer"}, "bound to a key"),
        ({"proof": None}, "needs one `DPoP` header"),
        ({"proof": "x"}, "isn't a JSON web token"),
        ({"changed": {"htm": "GET"}}, "isn't for the method"),
        ({"changed": {"htu": "http://elsewhere.test/graphql"}}, "isn't for the address"),
        ({"changed": {"htu": "https://portal.test/graphql"}}, "isn't for the address"),
        ({"changed": {"htu": "http://portal.test/token"}}, "isn't for the address"),
        ({"changed": {"ath": token_digest("x.y.z")}}, "isn't for the token"),
        ({"changed": {"iat": int((datetime.now(UTC) - timedelta(minutes=5)).timestamp())}}, "older than 60 seconds"),
        ({"algorithm": "ES384"}, "another key"),
    ],
)
def test_bound_token_is_refused_with_a_sentence_when_its_sender_does_not_show_that_it_is_his(
    world: PortalWorld, presented: Mapping[str, Any], said: str
) -> None:
    token = key_bound(world)
    proof = proof_of(token, presented.get("algorithm", "ES256"), **presented.get("changed", {}))
    answer = ask(world, token, presented.get("proof", proof), presented.get("scheme", "DPoP"))
    assert (answer.status, answer.codes) == (401, ["UNAUTHENTICATED"])
    assert said in answer.errors[0]["message"]
    assert "data" not in answer.payload
    assert P256.thumbprint() not in answer.errors[0]["message"]
    assert P384.thumbprint() not in answer.errors[0]["message"]


def test_token_bound_to_a_certificate_is_refused_over_a_connection_without_one(world: PortalWorld) -> None:
    token = bound_token(world, Confirmation(Binding.CERTIFICATE, "A" * 43))
    for scheme, proof in (("Bearer", None), ("DPoP", proof_of(token))):
        assert ask(world, token, proof, scheme).status == 401


def test_proof_names_the_address_that_is_set(tmp_path: Path) -> None:
    with open_world(sharing_bundle(), tmp_path, public_url="https://share.example.gov.cn") as world:
        token = key_bound(world)
        assert ask(world, token, proof_of(token, htu="https://share.example.gov.cn/graphql")).status == 200
        assert ask(world, token, proof_of(token)).status == 401


def test_free_tokens_are_refused_when_that_is_set(tmp_path: Path) -> None:
    with open_world(sharing_bundle(), tmp_path, bearer_tokens="false") as world:
        refused = world.ask(DOCUMENT, by=CHECKER)
        assert (refused.status, refused.codes) == (401, ["UNAUTHENTICATED"])
        assert "aren't taken here" in refused.errors[0]["message"]
        token = key_bound(world)
        assert ask(world, token, proof_of(token)).status == 200
        assert world.ask("{ __typename }").status == 200
