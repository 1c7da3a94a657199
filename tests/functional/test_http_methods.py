"""Methods, media types, headers: what an HTTP client may ask, and what it is told where it may not."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.fixtures.portal_world import Answer, PortalWorld, open_world
from tests.fixtures.small_bundle import small_bundle

QUERY = json.dumps({"query": "{ __typename }"}).encode()
WRONG = json.dumps({"query": "{ nothing }"}).encode()
RESPONSE_TYPE = "application/graphql-response+json"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    with open_world(small_bundle(), tmp_path_factory.mktemp("world")) as opened:
        yield opened


def post(world: PortalWorld, content: bytes = QUERY, **headers: str) -> Answer:
    return world.send(
        "POST", content=content, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )


def get(world: PortalWorld, method: str = "GET", **parameters: str) -> Answer:
    return world.send(method, params=parameters)


@pytest.mark.parametrize(
    ("accept", "status", "media"),
    [
        ("*/*", 200, "application/json"),
        ("application/json", 200, "application/json"),
        (RESPONSE_TYPE, 400, RESPONSE_TYPE),
        (f"application/json;q=0.4, {RESPONSE_TYPE};q=0.5", 400, RESPONSE_TYPE),
        (f"{RESPONSE_TYPE};q=0, */*", 200, "application/json"),
        ("text/html", 406, "application/json"),
        ("*/*;q=0", 406, "application/json"),
    ],
)
def test_invalid_document_has_the_status_of_its_media_type(
    world: PortalWorld, accept: str, status: int, media: str
) -> None:
    answer = post(world, WRONG, accept=accept)
    assert (answer.status, answer.headers["content-type"]) == (status, f"{media}; charset=utf-8")
    assert answer.codes == ["BAD_INPUT" if status == 406 else "NOT_VALID"]


def test_head_is_answered_as_get_without_its_body(world: PortalWorld) -> None:
    answers = [get(world, method, query="{ __typename }") for method in ("GET", "HEAD")]
    assert [answer.status for answer in answers] == [200, 200]
    kept = [{k: v for k, v in answer.headers.items() if k != "x-request-id"} for answer in answers]
    assert kept[0] == kept[1]


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("/graphql", "GET, HEAD, POST, OPTIONS"), ("/healthz", "GET, HEAD, OPTIONS")],
)
def test_options_names_the_methods(world: PortalWorld, path: str, allowed: str) -> None:
    answer = world.send("OPTIONS", path)
    assert (answer.status, answer.headers["allow"], answer.content) == (204, allowed, b"")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "QUERY", "PROPFIND"])
def test_other_methods_are_refused_with_those_that_there_are(world: PortalWorld, method: str) -> None:
    answer = world.send(method, content=QUERY)
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD, POST, OPTIONS")
    assert answer.codes == ["BAD_INPUT"]


@pytest.mark.clause("T43")
@pytest.mark.parametrize("document", ["mutation { __typename }", "subscription { __typename }"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_get_executes_nothing_but_queries(world: PortalWorld, method: str, document: str) -> None:
    answer = get(world, method, query=document)
    assert (answer.status, answer.headers["allow"]) == (405, "POST")


def test_get_refuses_by_the_operation_that_is_named(world: PortalWorld) -> None:
    document = "query a { __typename } mutation b { __typename }"
    answers = [get(world, query=document, operationName=name) for name in ("a", "b", "c")]
    assert [(answer.status, answer.codes) for answer in answers] == [
        (200, []),
        (405, ["NOT_VALID"]),
        (200, ["NOT_VALID"]),
    ]


def test_get_takes_variables_and_extensions_as_json(world: PortalWorld) -> None:
    document = "query ($code: String!) { catalogEntry(code: $code) { identifier } }"
    variables = json.dumps({"code": "303001001/00001"})
    answer = get(world, query=document, variables=variables, extensions="{}", operationName="", other="x")
    assert answer.data == {"catalogEntry": {"identifier": "villages"}}


@pytest.mark.parametrize(
    "query_string",
    [
        "",
        "variables={}",
        "query={__typename}&query={__typename}",
        "query={__typename}&variables={}&variables={}",
        "query={__typename}&variables=[]",
        "query={__typename}&variables=x",
        "query={__typename}&extensions=1",
        'query={__typename}&variables={"a":1,"a":2}',
        "query=%ff",
        "query=%7B__typename%7D&operationName=%c3",
    ],
)
def test_get_is_refused_when_its_parameters_are_no_operation(world: PortalWorld, query_string: str) -> None:
    answer = world.send("GET", f"/graphql?{query_string}")
    assert (answer.status, answer.codes) == (400, ["BAD_INPUT"])


def test_get_is_refused_when_its_parameters_are_too_long(tmp_path: Path) -> None:
    query_string = "query=%7B__typename%7D&other="
    with open_world(small_bundle(), tmp_path, max_body_bytes="1024") as small:
        answers = [small.send("GET", f"/graphql?{query_string.ljust(length, 'x')}") for length in (1024, 1025)]
    assert [(answer.status, answer.codes) for answer in answers] == [(200, []), (413, ["TOO_COMPLEX"])]


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": ""},
        {"Content-Type": "application/json; charset=utf-16"},
        {"Content-Type": "application/graphql"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
        {"Content-Type": "application/json", "Content-Encoding": "identity, br"},
    ],
)
def test_post_is_refused_when_its_body_is_no_plain_json(world: PortalWorld, headers: Mapping[str, str]) -> None:
    answer = world.send("POST", content=QUERY, headers=headers)
    assert (answer.status, answer.codes) == (415, ["BAD_INPUT"])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[" + QUERY + b"]",
        b'"{ __typename }"',
        b"null",
        b'{"query": "{ __typename }", "query": "{ __typename }"}',
        b'{"query": "{ __typename }", "variables": {"a": 1, "a": 2}}',
        b'{"query": "{ __typename }", "variables": {"a": NaN}}',
        b'{"query": "{ __typename }", "variables": {"a": ' + b"1" * 5000 + b"}}",
        b'{"query": "{ __typename }", "variables": {"a": ' + b"[" * 30000 + b"]" * 30000 + b"}}",
        b'{"query": "\xff"}',
        b"\xff\xfe{\x00}\x00",
        b'{"query": "{ __typename }", "operationName": 1}',
        b'{"query": "{ __typename }"} x',
    ],
)
def test_post_is_refused_when_its_body_is_no_operation(world: PortalWorld, content: bytes) -> None:
    answer = post(world, content)
    assert (answer.status, answer.codes) == (400, ["BAD_INPUT"])


@pytest.mark.clause("T68")
@pytest.mark.parametrize("length", [65_537, 1_000_000])
def test_post_is_refused_when_its_body_is_too_long(world: PortalWorld, length: int) -> None:
    answer = post(world, QUERY.ljust(length))
    assert (answer.status, answer.codes) == (413, ["TOO_COMPLEX"])


def test_post_is_answered_when_its_body_is_as_long_as_may_be(world: PortalWorld) -> None:
    assert post(world, QUERY.ljust(65_536)).data == {"__typename": "Query"}


@pytest.mark.clause("T43")
@pytest.mark.parametrize("origin", ["https://elsewhere.test", "null"])
def test_pages_of_other_origins_are_told_nothing(world: PortalWorld, origin: str) -> None:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    answers = [world.send("OPTIONS", headers=asked), post(world, origin=origin), world.send("PUT", headers=asked)]
    named = [name for answer in answers for name in answer.headers if name.lower().startswith("access-control")]
    assert named == []
    assert answers[1].headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.clause("T63")
@pytest.mark.parametrize("accept_encoding", ["gzip", "br, zstd, gzip", "*"])
def test_answers_are_never_compressed(world: PortalWorld, accept_encoding: str) -> None:
    document = json.dumps({"query": "{ __schema { types { name fields { name } } } }"}).encode()
    answer = post(world, document, accept_encoding=accept_encoding)
    assert "content-encoding" not in answer.headers
    assert int(answer.headers["content-length"]) == len(answer.content) > 1000


def test_answers_are_kept_by_no_cache_and_say_on_what_they_depend(world: PortalWorld) -> None:
    for answer in (post(world), post(world, WRONG), get(world, query="{ __typename }"), world.send("PUT")):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["vary"] == "Accept, Accept-Language, Authorization, Cookie"
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(("wanted", "language"), [("zh-CN,en;q=0.5", "zh"), ("en", "en"), ("fr", "en")])
def test_refusal_is_in_the_language_that_is_wanted(world: PortalWorld, wanted: str, language: str) -> None:
    for answer in (
        post(world, b"", accept_language=wanted),
        world.send("GET", "/x", headers={"Accept-Language": wanted}),
    ):
        assert answer.headers["content-language"] == language
        assert answer.errors[0]["message"].isascii() is (language == "en")


@pytest.mark.parametrize("path", ["/graphql", "/healthz", "/nowhere"])
def test_request_id_comes_back_when_it_is_plain(world: PortalWorld, path: str) -> None:
    answer = world.send("GET", path, headers={"X-Request-Id": "Case-1._x"})
    assert answer.headers["x-request-id"] == "Case-1._x"


@pytest.mark.clause("T52")
@pytest.mark.parametrize("sent", ["", "a b", "a\tb", "x" * 129, '"', "a;b", "\xe9", "{}"])
def test_request_id_is_a_new_one_when_it_is_not_plain(world: PortalWorld, sent: str) -> None:
    answers = [world.send("GET", "/healthz", headers={b"X-Request-Id": sent.encode("latin-1")}) for _ in range(2)]  # type: ignore[dict-item]
    ids = {answer.headers["x-request-id"] for answer in answers}
    assert len(ids) == 2
    assert all(len(one) == 32 and int(one, 16) for one in ids)


def test_refused_token_is_told_the_scheme(world: PortalWorld) -> None:
    answer = post(world, authorization="Bearer x")
    assert (answer.status, answer.codes) == (401, ["UNAUTHENTICATED"])
    bearer, dpop = answer.headers["www-authenticate"].split(", ", 1)
    assert bearer == 'Bearer error="invalid_token"'
    assert dpop == 'DPoP error="invalid_token", algs="Ed25519 EdDSA ES256 ES384 PS256"'
