"""Applications introspect and revoke tokens of their own, and learn nothing of others' (RFC 7009, RFC 7662)."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import pytest

from portal.certificates.jose import Algorithm
from portal.identity.claims import Binding, Confirmation
from tests.fixtures.authority import BYSTANDER, authority
from tests.fixtures.portal_world import Answer, PortalWorld, open_world
from tests.fixtures.sharing_bundle import CHECKER
from tests.fixtures.token_clients import (
    FORM,
    SITE,
    TOKEN_URL,
    about,
    acts,
    ask_with,
    assertion,
    bundle,
    decoded,
    form,
    introspect,
    issued,
    post,
    proof_of,
    revoke,
    revoked_ids,
    send_form,
    token_of,
)

pytestmark = [pytest.mark.clause("threats.md T7"), pytest.mark.clause("threats.md T24")]

PATHS = ("/introspect", "/revoke")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    with open_world(bundle(), tmp_path_factory.mktemp("world"), public_requests_per_second="10000") as opened:
        yield opened


def test_application_learns_what_its_token_says(world: PortalWorld) -> None:
    token = token_of(world)
    told = introspect(world, token)
    assert (told.status, told.headers["cache-control"], told.headers["content-type"]) == (
        200,
        "no-store",
        "application/json",
    )
    claims = json.loads(decoded(token.split(".")[1]))
    shared = {name: claims[name] for name in ("iss", "aud", "sub", "client_id", "exp", "jti", "cnf")}
    assert told.payload == {"active": True, "token_type": "DPoP", **shared}


@pytest.mark.parametrize(
    ("confirmation", "kind"),
    [
        (None, "Bearer"),
        (Confirmation(Binding.CERTIFICATE, "A" * 43), "Bearer"),
        (Confirmation(Binding.KEY, "A" * 43), "DPoP"),
    ],
)
def test_application_learns_to_what_its_token_is_bound(
    world: PortalWorld, confirmation: Confirmation | None, kind: str
) -> None:
    told = introspect(world, issued(world, confirmation=confirmation)).payload
    assert (told["active"], told["token_type"]) == (True, kind)
    bound = None if confirmation is None else {confirmation.binding.value: confirmation.thumbprint}
    assert told.get("cnf") == bound


def test_token_that_would_not_be_taken_counts_for_nothing(tmp_path: Path) -> None:
    with open_world(bundle(), tmp_path, bearer_tokens="false") as world:
        assert introspect(world, world.token(CHECKER)).payload == {"active": False}
        assert introspect(world, token_of(world)).payload["active"] is True


def test_revoked_token_is_refused_at_its_next_request_and_no_other_is(world: PortalWorld) -> None:
    revoked, kept, free = token_of(world), token_of(world), issued(world)
    assert ask_with(world, revoked).status == 200
    done = revoke(world, revoked)
    assert (done.status, done.payload) == (200, {})
    for _ in range(2):
        refused = ask_with(world, revoked)
        assert (refused.status, refused.codes) == (401, ["UNAUTHENTICATED"])
        assert refused.errors[0]["message"] == "the token was revoked; get a new one"
        assert "data" not in refused.payload
    assert introspect(world, revoked).payload == {"active": False}
    assert ask_with(world, kept).status == 200
    assert world.ask("{ me { application } }", headers={"Authorization": f"Bearer {free}"}).status == 200
    revoke(world, free)
    for document in ("{ me { application } }", "{ __typename }", "{ catalog { totalCount } }", "{"):
        assert world.ask(document, headers={"Authorization": f"Bearer {free}"}).status == 401
    assert ask_with(world, token_of(world)).status == 200


def test_revoking_is_recorded_once_and_says_which_token(world: PortalWorld) -> None:
    token = token_of(world)
    claims = json.loads(decoded(token.split(".")[1]))
    made = acts(world)[-1]
    assert (made["act"], made["decision"], made["target"]) == ("token_issued", "permit", claims["jti"])
    for _ in range(3):
        assert revoke(world, token).payload == {}
    ended = acts(world)[-1]
    assert (ended["act"], ended["target"]) == ("token_revoked", claims["jti"])
    assert [act["target"] for act in acts(world)].count(claims["jti"]) == 2
    assert revoked_ids(world).count(claims["jti"]) == 1
    end = datetime.fromtimestamp(claims["exp"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    for act in (made, ended):
        assert act["details"] == {"binding": "jkt", "expires_at": end}
        assert (act["subject"], act["application"], act["user"]) == ("application:checker", "checker", None)
        assert (act["client_address"], act["code"], act["rows"]) == ("127.0.0.1", None, 0)
        assert token not in json.dumps(act)


def test_refusal_is_recorded_of_who_said_who_he_is(world: PortalWorld) -> None:
    count = len(acts(world))
    said = assertion()
    assert post(world, form(client_assertion=said), DPoP="x").status == 400
    assert post(world, form(client_assertion=said)).status == 401
    assert revoke(world, "", client_assertion=assertion()).status == 400
    assert introspect(world, "", client_assertion=assertion()).status == 400
    found = [(act["act"], act["decision"], act["code"], act["details"], act["target"]) for act in acts(world)[count:]]
    assert found == [
        ("token_issued", "deny", "UNAUTHENTICATED", {"error": "invalid_dpop_proof"}, "checker"),
        ("token_issued", "deny", "UNAUTHENTICATED", {"error": "invalid_client"}, "checker"),
        ("token_revoked", "deny", "BAD_INPUT", {"error": "invalid_request"}, "checker"),
    ]
    # Nobody else fills the log.
    assert post(world, form(client_assertion=assertion(client="nobody"))).status == 401
    assert len(acts(world)) == count + 3


NOBODY: dict[str, dict[str, str]] = {
    "no assertion": {"client_assertion": "-"},
    "nothing at all": {"client_assertion": "-", "client_assertion_type": "-"},
    "an empty assertion": {"client_assertion": " "},
    "no type": {"client_assertion_type": "-"},
    "a SAML type": {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"},
    "a secret": {"client_assertion": "-", "client_assertion_type": "-", "client_id": "checker", "client_secret": "x"},
    "its name alone": {"client_assertion": "-", "client_assertion_type": "-", "client_id": "checker"},
    "another name": {"client_id": "planner"},
    "nobody": {"client_assertion": assertion(client="nobody")},
    "an application without a key": {"client_assertion": assertion(client="planner")},
    "another's key": {"client_assertion": assertion(authority().certify(BYSTANDER, "合成旁观方", Algorithm.ES256))},
    "for another server": {"client_assertion": assertion(aud="https://elsewhere.test/introspect")},
    "for two servers": {"client_assertion": assertion(aud=[TOKEN_URL, SITE])},
    "for graphql": {"client_assertion": assertion(aud=f"{SITE}/graphql")},
    "in the past": {"client_assertion": assertion(exp=1_700_000_000)},
    "without end": {"client_assertion": assertion(exp=...)},
    "without id": {"client_assertion": assertion(jti=...)},
}


@pytest.mark.clause("threats.md T48")
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("case", NOBODY)
def test_nobody_asks_or_revokes_who_does_not_say_who_he_is(world: PortalWorld, path: str, case: str) -> None:
    token, revoked = token_of(world), revoked_ids(world)
    refused = send_form(world, path, about(token, **NOBODY[case]), {"Accept-Language": "zh"})
    assert (refused.status, refused.payload["error"]) == (401, "invalid_client")
    assert refused.payload.keys() <= {"error", "error_description", "message"}
    assert "active" not in refused.payload
    assert revoked_ids(world) == revoked
    assert ask_with(world, token).status == 200


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "headers", [{"Authorization": "Bearer {}"}, {"Authorization": "DPoP {}"}, {"Cookie": "token={}"}]
)
def test_token_alone_says_of_nobody_who_he_is(world: PortalWorld, path: str, headers: dict[str, str]) -> None:
    token = token_of(world)
    sent = {name: value.format(token) for name, value in headers.items()}
    assert send_form(world, path, {"token": token}, sent).status == 401
    assert ask_with(world, token).status == 200


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("aud", [TOKEN_URL, SITE, "{own}"])
def test_assertion_names_the_server_the_token_endpoint_or_the_endpoint_itself(
    world: PortalWorld, path: str, aud: str
) -> None:
    said = assertion(aud=aud.format(own=f"{SITE}{path}"))
    assert send_form(world, path, about("x", client_assertion=said)).status == 200


@pytest.mark.parametrize(
    ("path", "other"), [("/introspect", "/revoke"), ("/revoke", "/introspect"), ("/token", "/revoke")]
)
def test_assertion_for_one_endpoint_is_not_taken_at_another(world: PortalWorld, path: str, other: str) -> None:
    said = assertion(aud=f"{SITE}{other}")
    refused = send_form(world, path, {**form(client_assertion=said), "token": "x"})
    assert (refused.status, refused.payload["error"]) == (401, "invalid_client")


@pytest.mark.parametrize("first", ["/token", *PATHS])
@pytest.mark.parametrize("second", ["/token", *PATHS])
def test_assertion_counts_once_at_all_endpoints_together(world: PortalWorld, first: str, second: str) -> None:
    token = token_of(world)
    fields = {**form(client_assertion=assertion()), "token": "x"}
    assert send_form(world, first, fields, {"DPoP": proof_of()}).status == 200
    refused = send_form(world, second, {**fields, "token": token}, {"DPoP": proof_of()})
    assert (refused.status, refused.payload["error"]) == (401, "invalid_client")
    assert "used before" in str(refused.payload["error_description"])
    assert ask_with(world, token).status == 200


@pytest.mark.parametrize("path", PATHS)
def test_revocation_with_an_assertion_that_came_before_revokes_nothing(world: PortalWorld, path: str) -> None:
    token, said = token_of(world), assertion()
    assert send_form(world, path, about("x", client_assertion=said)).status == 200
    assert revoke(world, token, client_assertion=said).status == 401
    assert ask_with(world, token).status == 200


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("token", ["", "-"])
def test_token_is_missed(world: PortalWorld, path: str, token: str) -> None:
    refused = send_form(world, path, {name: value for name, value in about(token).items() if value != "-"})
    assert (refused.status, refused.payload["error"]) == (400, "invalid_request")
    assert "send the token as `token`" in str(refused.payload["error_description"])
    assert refused.payload["message"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "id_token", "", "x" * 100])
def test_hint_plays_no_part(world: PortalWorld, path: str, hint: str) -> None:
    told = send_form(world, path, about(token_of(world), token_type_hint=hint))
    assert told.status == 200
    assert told.payload.get("active", True)


BODIES: dict[str, tuple[bytes, Mapping[str, str], int]] = {
    "no pair": (b"token", FORM, 400),
    "twice": (b"token=a&token=b", FORM, 400),
    "no UTF-8": (b"token=%ff", FORM, 400),
    "thirty fields": (b"&".join(b"a%d=1" % number for number in range(30)), FORM, 400),
    "too long": (b"token=" + b"x" * 70_000, FORM, 413),
    "JSON": (b'{"token": "x"}', {"Content-Type": "application/json"}, 415),
    "text": (b"token=x", {"Content-Type": "text/plain"}, 415),
    "no type": (b"token=x", {"Content-Type": ""}, 415),
    "another host": (b"token=x", {**FORM, "Host": "a b"}, 400),
}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("case", BODIES)
def test_what_is_no_form_is_refused(world: PortalWorld, path: str, case: str) -> None:
    content, headers, status = BODIES[case]
    refused = world.send("POST", path, content=content, headers=headers)
    assert (refused.status, refused.payload["error"]) == (status, "invalid_request")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH"])
def test_endpoints_are_asked_by_post_alone(world: PortalWorld, path: str, method: str) -> None:
    token = token_of(world)
    refused = world.send(method, path, params=about(token))
    assert (refused.status, refused.headers["allow"]) == (405, "POST, OPTIONS")
    assert ask_with(world, token).status == 200


@pytest.mark.parametrize("path", PATHS)
def test_fields_of_the_address_play_no_part(world: PortalWorld, path: str) -> None:
    token = token_of(world)
    refused = world.send("POST", path, params=about(token), content=b"a=b", headers=FORM)
    assert refused.status == 401
    assert ask_with(world, token).status == 200


def test_metadata_name_the_endpoints(world: PortalWorld) -> None:
    told = world.send("GET", "/.well-known/oauth-authorization-server").payload
    for endpoint, path in (("introspection", "/introspect"), ("revocation", "/revoke")):
        assert told[f"{endpoint}_endpoint"] == f"{SITE}{path}"
        assert told[f"{endpoint}_endpoint_auth_methods_supported"] == ["private_key_jwt"]
        assert "ES256" in told[f"{endpoint}_endpoint_auth_signing_alg_values_supported"]
    assert told["response_types_supported"] == []
    assert "authorization_endpoint" not in told


def test_requests_count_as_the_publics(tmp_path: Path) -> None:
    with open_world(bundle(), tmp_path, public_requests_per_second="3") as limited:
        statuses = [introspect(limited, "x").status for _ in range(3)] + [revoke(limited, "x").status for _ in range(2)]
        assert statuses[:3] == [200, 200, 200]
        assert statuses[-1] == 429


@pytest.mark.clause("G11")
def test_no_token_leaves_and_none_is_said_to_be_revoked_when_nothing_can_be_recorded(tmp_path: Path) -> None:
    with open_world(bundle(), tmp_path) as world:
        token, revoked = token_of(world), revoked_ids(world)
        world.portal.road.recorder._thread.finish()
        answers: list[Answer] = [post(world, form()), revoke(world, token), introspect(world, token)]
        for answer in answers:
            assert (answer.status, answer.payload["error"]) == (503, "temporarily_unavailable")
            assert answer.payload.keys() <= {"error", "error_description", "message"}
        assert revoked_ids(world) == revoked


def test_nothing_is_said_of_tokens_when_revocations_can_not_be_read(tmp_path: Path) -> None:
    with open_world(bundle(), tmp_path) as world:
        token = token_of(world)
        with closing(sqlite3.connect(world.settings.home / "portal.db")) as connection:
            connection.execute("ALTER TABLE revoked_tokens RENAME TO hidden")
        for answer in (post(world, form()), revoke(world, token), introspect(world, token)):
            assert (answer.status, answer.payload["error"]) == (503, "temporarily_unavailable")
        refused = ask_with(world, token)
        assert (refused.status, refused.codes) == (503, ["POLICY_UNAVAILABLE"])


@pytest.mark.clause("threats.md T55")
def test_portal_without_registered_keys_gives_nobody_a_token(tmp_path: Path) -> None:
    with open_world(bundle(public_key=""), tmp_path) as world:
        for path in ("/token", *PATHS):
            refused = send_form(world, path, {**form(), "token": "x"}, {"DPoP": proof_of()})
            assert (refused.status, refused.payload["error"]) == (401, "invalid_client")


@pytest.mark.parametrize("path", PATHS)
def test_form_may_come_in_any_order(world: PortalWorld, path: str) -> None:
    fields = dict(reversed(about("x").items()))
    assert world.send("POST", path, content=urlencode(fields).encode(), headers=FORM).status == 200
