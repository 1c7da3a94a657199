"""Tokens that aren't one's own, or are none: introspection and revocation tell them from none by nothing (T6, T7)."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from portal.app import token_authority
from portal.identity.claims import Binding, Confirmation, SubjectKind
from portal.identity.tokens import TokenAuthority, TokenGrant, issue_token
from tests.fixtures.portal_world import PortalWorld, open_world
from tests.fixtures.proofs import P256
from tests.fixtures.token_clients import (
    about,
    acts,
    assertion,
    bundle,
    decoded,
    encoded,
    issued,
    proof_of,
    revoked_ids,
    send_form,
)

pytestmark = [pytest.mark.clause("threats.md T6"), pytest.mark.clause("threats.md T7")]

PATHS = ("/introspect", "/revoke")
NOTHING: dict[str, dict[str, object]] = {"/introspect": {"active": False}, "/revoke": {}}
"""What each endpoint says of a token that counts for nothing to the one that asks."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    with open_world(bundle(), tmp_path_factory.mktemp("world"), public_requests_per_second="10000") as opened:
        yield opened


def changed_token(world: PortalWorld, **changed: object) -> str:
    """A token of the checker whose claims were changed after it was signed."""
    protected, payload, signature = issued(world).split(".")
    claims = json.loads(decoded(payload)) | changed
    return f"{protected}.{encoded(json.dumps(claims).encode())}.{signature}"


def foreign(world: PortalWorld, **changed: str) -> str:
    """A token of another portal, or of one that says what this one doesn't."""
    ours = token_authority(world.settings, world.keys)
    key = Ed25519PrivateKey.generate() if "key" in changed else ours.signing
    authority_ = TokenAuthority(changed.get("issuer", ours.issuer), changed.get("audience", ours.audience), key)
    return issue_token(TokenGrant(SubjectKind.APPLICATION, "checker"), authority_, datetime.now(UTC))


def past(world: PortalWorld, seconds: int) -> str:
    grant = TokenGrant(SubjectKind.APPLICATION, "checker", 60)
    return issue_token(
        grant, token_authority(world.settings, world.keys), datetime.now(UTC) - timedelta(seconds=seconds)
    )


def without_signature(world: PortalWorld) -> str:
    return issued(world).rpartition(".")[0] + "."


def header_of(world: PortalWorld, **members: object) -> str:
    _, payload, signature = issued(world).split(".")
    return f"{encoded(json.dumps(members).encode())}.{payload}.{signature}"


WORTHLESS: dict[str, Callable[[PortalWorld], str]] = {
    "a word": lambda _: "x",
    "dots": lambda _: "..",
    "four segments": lambda world: issued(world) + ".x",
    "two segments": lambda world: issued(world).rpartition(".")[0],
    "white space": lambda world: issued(world) + " ",
    "a scheme": lambda world: "Bearer " + issued(world),
    "padding": lambda world: issued(world) + "=",
    "a line break": lambda world: issued(world) + "\n",
    "a null": lambda world: issued(world) + "\0",
    "characters beyond ASCII": lambda _: "令牌",
    "half a surrogate": lambda _: "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
    "far too long": lambda _: "a" * 9000,
    "SQL": lambda _: "' OR 1=1 --",
    "its id alone": lambda _: "e1j3V_bKic8-LAEBxxxxxx",
    "an assertion": lambda _: assertion(),
    "a proof": lambda _: proof_of(),
    "no signature": without_signature,
    "the signature of another": lambda world: issued(world).rpartition(".")[0] + "." + issued(world).split(".")[2],
    "algorithm none": lambda world: header_of(world, alg="none", typ="at+jwt"),
    "algorithm HS256": lambda world: header_of(world, alg="HS256", typ="at+jwt", kid=world.keys.signing_key_id),
    "another type": lambda world: header_of(world, alg="Ed25519", typ="JWT", kid=world.keys.signing_key_id),
    "no key id": lambda world: header_of(world, alg="Ed25519", typ="at+jwt"),
    "a key of its own": lambda world: header_of(
        world, alg="Ed25519", typ="at+jwt", kid=world.keys.signing_key_id, jwk=P256.as_dict(private=False)
    ),
    "another key": lambda world: foreign(world, key="another"),
    "another issuer": lambda world: foreign(world, issuer="https://elsewhere.test"),
    "another audience": lambda world: foreign(world, audience="elsewhere"),
    "a changed subject": lambda world: changed_token(world, sub="application:planner", client_id="planner"),
    "a changed end": lambda world: changed_token(world, exp=2_000_000_000),
    "a changed id": lambda world: changed_token(world, jti="another"),
    "it ended long ago": lambda world: past(world, 3600),
    "it ended just now": lambda world: past(world, 60),
    "it is yet to begin": lambda world: past(world, -3600),
    "another application's": lambda world: issued(world, "planner"),
    "another application's, bound": lambda world: issued(
        world, "planner", confirmation=Confirmation(Binding.KEY, P256.thumbprint())
    ),
    "an application's that is nowhere": lambda world: issued(world, "nobody"),
    "a name that begins alike": lambda world: issued(world, "checker2"),
    "a name in capitals": lambda world: issued(world, "CHECKER"),
    "a user's of that name": lambda world: issued(world, "checker", kind=SubjectKind.USER),
}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("case", WORTHLESS)
def test_token_that_is_not_ones_own_is_told_from_none_by_nothing(world: PortalWorld, path: str, case: str) -> None:
    revoked, recorded = revoked_ids(world), len(acts(world))
    told = send_form(world, path, about(WORTHLESS[case](world)))
    assert (told.status, told.payload) == (200, NOTHING[path])
    assert told.content == send_form(world, path, about("unknown")).content
    assert revoked_ids(world) == revoked
    assert len(acts(world)) == recorded
