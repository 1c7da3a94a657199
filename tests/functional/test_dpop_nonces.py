"""Proofs with a nonce of the portal, where that is set: asked for, given, and demanded (RFC 9449 §8 and §9)."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from portal.identity.nonces import NonceSeal, nonce_seal
from tests.fixtures.portal_world import Answer, PortalWorld, open_world
from tests.fixtures.sharing_bundle import CHECKER
from tests.fixtures.token_clients import DOCUMENT, SITE, ask_with, bundle, form, introspect, post, proof_of, revoke

pytestmark = pytest.mark.clause("threats.md T24")

GRAPHQL = f"{SITE}/graphql"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    with open_world(bundle(), tmp_path_factory.mktemp("world"), dpop_nonces="true") as opened:
        yield opened


def nonce_of(answer: Answer) -> str:
    return answer.headers["dpop-nonce"]


def given(world: PortalWorld, ago: timedelta = timedelta()) -> str:
    """A nonce that the portal gave then."""
    now = datetime.now(UTC)
    return nonce_seal(world.keys, now).make(now - ago)


def token_of(world: PortalWorld) -> str:
    granted = post(world, form(), DPoP=proof_of(changed={"nonce": given(world)}))
    assert granted.status == 200, granted.payload
    return str(granted.payload["access_token"])


def ask(world: PortalWorld, token: str, proof: str, document: str = DOCUMENT) -> Answer:
    return world.ask(document, headers={"Authorization": f"DPoP {token}", "DPoP": proof})


def test_client_is_told_the_nonce_and_goes_on_with_it(world: PortalWorld) -> None:
    asked = post(world, form())
    assert (asked.status, asked.payload["error"]) == (400, "use_dpop_nonce")
    assert asked.payload["error_description"]
    assert asked.payload["message"]
    assert "access_token" not in asked.payload
    granted = post(world, form(), DPoP=proof_of(changed={"nonce": nonce_of(asked)}))
    assert granted.status == 200
    token = str(granted.payload["access_token"])
    refused = ask_with(world, token)
    assert (refused.status, refused.codes) == (401, ["UNAUTHENTICATED"])
    assert refused.headers["www-authenticate"].startswith('DPoP error="use_dpop_nonce"')
    assert "data" not in refused.payload
    answer = ask(world, token, proof_of(token, url=GRAPHQL, changed={"nonce": nonce_of(refused)}))
    assert (answer.status, answer.codes) == (200, [])
    # The next one comes with each answer.
    assert ask(world, token, proof_of(token, url=GRAPHQL, changed={"nonce": nonce_of(answer)})).status == 200


BAD: dict[str, object] = {
    "none": ...,
    "null": None,
    "empty": "",
    "a number": 1,
    "of nobody": "A" * 32,
    "of another portal": NonceSeal(bytes(32)).make(datetime.now(UTC)),
    "a token id": "e1j3V_bKic8-LAEBxxxxxx",
}
OLD = {"two minutes old": timedelta(minutes=2), "a day old": timedelta(days=1), "to come": -timedelta(minutes=1)}


@pytest.mark.parametrize("case", [*BAD, *OLD])
@pytest.mark.parametrize("endpoint", ["/token", "/graphql"])
def test_proof_is_refused_whose_nonce_is_not_the_portals(world: PortalWorld, case: str, endpoint: str) -> None:
    nonce = given(world, OLD[case]) if case in OLD else BAD[case]
    changed = {} if nonce is ... else {"nonce": nonce}
    if endpoint == "/token":
        refused = post(world, form(), DPoP=proof_of(changed=changed))
        assert (refused.status, refused.payload["error"]) == (400, "use_dpop_nonce")
        assert "access_token" not in refused.payload
    else:
        token = token_of(world)
        refused = ask(world, token, proof_of(token, url=GRAPHQL, changed=changed))
        assert (refused.status, refused.codes) == (401, ["UNAUTHENTICATED"])
        assert "data" not in refused.payload
    assert nonce_seal(world.keys, datetime.now(UTC)).holds(nonce_of(refused), datetime.now(UTC))


@pytest.mark.parametrize("document", ["{ __typename }", "{ catalog { totalCount } }", "{", "{ me { application } }"])
def test_every_document_needs_it(world: PortalWorld, document: str) -> None:
    token = token_of(world)
    assert ask(world, token, proof_of(token, url=GRAPHQL), document).status == 401


@pytest.mark.parametrize("changed", [{"htm": "GET"}, {"iat": 1_700_000_000}, {"ath": "x"}, {"jti": "x"}])
def test_right_nonce_mends_nothing_else(world: PortalWorld, changed: dict[str, object]) -> None:
    token = token_of(world)
    refused = ask(world, token, proof_of(token, url=GRAPHQL, changed={"nonce": given(world), **changed}))
    assert refused.status == 401
    assert "use_dpop_nonce" not in refused.headers["www-authenticate"]


def test_proof_with_a_nonce_counts_once_all_the_same(world: PortalWorld) -> None:
    token = token_of(world)
    proof = proof_of(token, url=GRAPHQL, changed={"nonce": given(world)})
    body = json.dumps({"query": DOCUMENT}).encode()
    headers = {"Authorization": f"DPoP {token}", "DPoP": proof, "Content-Type": "application/json"}

    async def gather() -> list[int]:
        asked = (world.client.post("/graphql", content=body, headers=headers) for _ in range(10))
        return [reply.status_code for reply in await asyncio.gather(*asked)]

    assert sorted(world.run(gather())) == [200] + [401] * 9


def test_who_sends_no_proof_is_given_none(world: PortalWorld) -> None:
    for answer in (world.ask("{ __typename }"), world.ask(DOCUMENT, by=CHECKER), introspect(world, "x")):
        assert answer.status == 200
        assert "dpop-nonce" not in answer.headers


def test_own_tokens_are_asked_after_and_revoked_without(world: PortalWorld) -> None:
    token = token_of(world)
    assert introspect(world, token).payload["active"] is True
    assert revoke(world, token).status == 200
    assert ask(world, token, proof_of(token, url=GRAPHQL, changed={"nonce": given(world)})).status == 401


def test_nothing_is_said_of_nonces_where_none_is_asked_for(tmp_path: Path) -> None:
    with open_world(bundle(), tmp_path) as world:
        granted = post(world, form())
        token = str(granted.payload["access_token"])
        answer = ask_with(world, token)
        refused = ask(world, token, proof_of(token))
        for one in (granted, answer, refused):
            assert "dpop-nonce" not in one.headers
        assert (granted.status, answer.status, refused.status) == (200, 200, 401)


def test_being_told_a_nonce_is_no_refusal_in_the_audit(tmp_path: Path) -> None:
    with open_world(bundle(), tmp_path, dpop_nonces="true") as other:
        path = other.settings.home / "portal.db"
        assert post(other, form()).payload["error"] == "use_dpop_nonce"
        assert b"token_issued" not in b"".join(one.read_bytes() for one in path.parent.glob("portal.db*"))
