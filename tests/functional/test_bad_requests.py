"""Requests that are wrong as HTTP, or too much: told so, cheaply, and no page for trying queries out (T66, T80)."""

import json
from collections.abc import Iterator
from time import process_time

import pytest

from tests.fixtures.portal_world import PortalWorld, open_world
from tests.fixtures.sharing_bundle import CHECKER, sharing_bundle
from tests.functional.refused import assert_refused

ME = "{me {application}}"
LIMIT = 65_536


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    with open_world(sharing_bundle(), tmp_path_factory.mktemp("world")) as opened:
        yield opened


def body(query: str, **members: object) -> bytes:
    return json.dumps({"query": query, **members}).encode()


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "text/html",
        "application/graphql",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-16",
        "application/json; charset=latin-1",
        "application/json, text/plain",
        "application/jsonp",
        "json",
        ";",
    ],
)
def test_body_of_another_type_is_refused(world: PortalWorld, content_type: str) -> None:
    answer = world.send(by=CHECKER, content=body(ME), headers={"Content-Type": content_type})

    assert answer.status == 415
    assert_refused(answer, "BAD_INPUT")


def test_json_in_utf_8_is_taken_however_its_type_is_written(world: PortalWorld) -> None:
    for content_type in ("application/json", "Application/JSON", 'application/json; charset="UTF-8"'):
        answer = world.send(by=CHECKER, content=body(ME), headers={"Content-Type": content_type})
        assert answer.data == {"me": {"application": "checker"}}


@pytest.mark.parametrize("accept", ["text/html", "text/html,application/xhtml+xml", "image/*", "application/xml"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_browser_gets_no_page_for_trying_queries_out(world: PortalWorld, method: str, accept: str) -> None:
    answer = world.send(
        method,
        content=body(ME) if method == "POST" else None,
        params={"query": ME} if method == "GET" else None,
        headers={"Accept": accept},
    )

    assert answer.status == 406
    assert_refused(answer, "BAD_INPUT")
    assert b"<html" not in answer.content.lower()
    assert b"graphiql" not in answer.content.lower()


def test_browser_s_own_accept_header_gets_json_and_no_page(world: PortalWorld) -> None:
    answer = world.send("GET", headers={"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"})

    assert answer.status == 400
    assert_refused(answer, "BAD_INPUT")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "HEAD"])
def test_method_that_is_not_served_is_refused(world: PortalWorld, method: str) -> None:
    answer = world.send(method, by=CHECKER, content=body(ME) if method not in ("HEAD", "TRACE") else None)

    assert 400 <= answer.status < 500


@pytest.mark.parametrize("path", ["/graphiql", "/graphql/", "/graphql/x", "/GraphQL", "/debug", "/%00"])
def test_address_that_is_not_there_is_not_found(world: PortalWorld, path: str) -> None:
    for method in ("GET", "POST"):
        answer = world.send(method, path, by=CHECKER, content=body(ME) if method == "POST" else None)
        assert answer.status in (404, 405)
        assert_refused(answer)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"query": ""},
        {"query": "{"},
        {"query": ME, "variables": "["},
        {"query": ME, "variables": "[]"},
        {"query": ME, "variables": '"x"'},
        {"query": ME, "variables": '{"a": NaN}'},
        {"query": ME, "operationName": "Nothing"},
        {"variables": "{}"},
    ],
    ids=repr,
)
def test_get_that_carries_no_query_is_refused(world: PortalWorld, params: dict[str, str]) -> None:
    assert_refused(world.send("GET", by=CHECKER, params=params))


def test_get_asks_as_post_does(world: PortalWorld) -> None:
    document = "query($first: Int) {shared {villages(first: $first) {nodes {code}}}}"
    variables = {"first": 2}

    by_get = world.send("GET", by=CHECKER, params={"query": document, "variables": json.dumps(variables)})

    assert by_get.payload == world.ask(document, by=CHECKER, variables=variables).payload
    assert len(by_get.data["shared"]["villages"]["nodes"]) == 2


def test_body_is_taken_up_to_its_bound_and_refused_beyond(world: PortalWorld) -> None:
    padding = LIMIT - len(body(ME, extensions={"x": ""}))
    fits, more = (body(ME, extensions={"x": "x" * size}) for size in (padding, padding + 1))
    assert (len(fits), len(more)) == (LIMIT, LIMIT + 1)

    assert world.send(by=CHECKER, content=fits).data == {"me": {"application": "checker"}}
    answer = world.send(by=CHECKER, content=more)
    assert answer.status == 413
    assert_refused(answer, "TOO_COMPLEX")


@pytest.mark.parametrize(
    "content",
    [
        b'{"query": "' + b" " * (LIMIT - 20) + b'"}',
        b'{"query": "{' + b"a " * 32_000 + b'}"}',
        b'{"query": "' + b"{a" * 32_000 + b'"}',
        b'{"query": "' + b"[" * (LIMIT - 20) + b'"}',
        b'{"query": "{me{application(x: ' + b"[" * 60_000 + b'"}',
        b'{"query": "{me{application(x: ' + b"1" * 60_000 + b')}}"}',
        b'{"query": "{catalogEntry(code: \\"' + b"x" * 60_000 + b'\\"){nothing}}"}',
        b'{"query": "#' + b"x" * 60_000 + b'"}',
        b'{"query": "query(' + b"$a:Int " * 9000 + b'){me{user}}"}',
        b'{"query": "{me{user' + b"@skip(if:true)" * 4000 + b'}}"}',
        b'{"query": "{me{user' + b"@nothing" * 8000 + b'}}"}',
        b'{"query": "' + b"fragment F on Me{user}" * 2900 + b'"}',
        b'{"query": "{me{' + b"...F " * 9000 + b'}}"}',
        b'{"query": "{me{user}}", "variables": ' + b'{"a":' * 9000 + b"1" + b"}" * 9000 + b"}",
        b'{"query": "{me{user}}", "variables": {"a": ' + b"[" * 30_000 + b"]" * 30_000 + b"}}",
        b"{" + b'"a":1,' * 9000 + b'"query": 1}',
        b"\xff" * LIMIT,
        b" " * LIMIT,
        b"0" * LIMIT,
    ],
    ids=range(19),
)
def test_body_of_64_kib_of_anything_is_refused_in_little_time(world: PortalWorld, content: bytes) -> None:
    assert len(content) <= LIMIT
    started = process_time()

    answer = world.send(by=CHECKER, content=content)

    assert_refused(answer)
    assert process_time() - started < 20


def nested(kind: str, depth: int) -> object:
    condition: object = {"name": {"eq": "东村"}}
    for _ in range(depth):
        condition = {"not": condition} if kind == "not" else {kind: [condition]}
    return condition


@pytest.mark.parametrize("kind", ["not", "and", "or"])
def test_nested_filter_is_answered_or_refused_at_every_depth(world: PortalWorld, kind: str) -> None:
    document = "query($w: villages_where) {shared {villages(where: $w) {totalCount}}}"

    for depth in (1, 12, 20, 39, 40):
        answer = world.ask(document, variables={"w": nested(kind, depth)})
        assert answer.data["shared"]["villages"]["totalCount"] in (1, 3)
    for depth in (41, 60, 90, 150, 200, 250):
        assert_refused(world.ask(document, variables={"w": nested(kind, depth)}), "BAD_INPUT", "TOO_COMPLEX")


def test_filter_nested_in_the_document_is_answered_or_refused_at_every_depth(world: PortalWorld) -> None:
    for depth in (*range(1, 60, 7), 100, 150, 200, 400, 1000, 5000):
        text = "{not: " * depth + "{}" + "}" * depth
        answer = world.ask(f"{{shared {{villages(where: {text}) {{totalCount}}}}}}")
        if depth > 40:
            assert_refused(answer, "BAD_INPUT", "TOO_COMPLEX", "NOT_VALID")
        else:
            assert answer.data["shared"]["villages"]["totalCount"] == (0 if depth % 2 else 4)


@pytest.mark.parametrize("kind", ["and", "or"])
def test_filter_of_thousands_of_members_is_answered(world: PortalWorld, kind: str) -> None:
    document = "query($w: villages_where) {shared {villages(where: $w) {totalCount}}}"
    operator = "ne" if kind == "and" else "eq"
    wide = {kind: [{"population": {operator: number}} for number in range(5000, 6200)]}
    of_wide = {"and": [{"or": [{"name": {"ne": str(number)}} for number in range(25)]} for _ in range(25)]}

    assert world.ask(document, variables={"w": wide}).data["shared"]["villages"]["totalCount"] == (
        3 if kind == "and" else 0
    )
    assert world.ask(document, variables={"w": of_wide}).data["shared"]["villages"]["totalCount"] == 4


def test_list_of_thousands_of_values_is_answered(world: PortalWorld) -> None:
    document = "query($v: [BigInt]) {shared {villages(where: {population: {in: $v}}) {totalCount}}}"

    answer = world.ask(document, variables={"v": [*range(9000), 120]})

    assert answer.data["shared"]["villages"]["totalCount"] == 3


@pytest.mark.parametrize(
    "document",
    [
        "{shared {villages {nodes {" + "code " * 1600 + "}}}}",
        "{shared {villages {nodes {" + "".join(f"a{n}: code " for n in range(700)) + "}}}}",
        "{shared {villages {" + "nodes {code} " * 600 + "}}}",
        "{shared {villages(where: {or: [" + "{}" * 4000 + "]}) {nodes {code}}}}",
        "{shared {villages(where: {and: [" + '{name: {ne: "x"}}' * 400 + "]}) {nodes {code}}}}",
        "{shared {villages(where: {code: {notIn: [" + '"x"' * 2600 + "]}}) {nodes {code}}}}",
        "{shared {villages {nodes {...F9}}}} fragment F0 on villages {code}"
        + "".join(f" fragment F{n} on villages {{{f'...F{n - 1} ' * 60}code}}" for n in range(1, 10)),
        "{shared {villages {nodes {code " + "... {" * 2 + "code" + "}" * 2 + "}}}} #" + "x" * 8000,
    ],
    ids=range(8),
)
def test_document_up_to_8_kib_is_never_too_complex(world: PortalWorld, document: str) -> None:
    assert len(document.encode()) <= 8192

    answer = world.ask(document)

    assert "errors" not in answer.payload, answer.errors
    assert len(answer.data["shared"]["villages"]["nodes"]) == 4


def test_wrong_token_is_never_the_public(world: PortalWorld) -> None:
    for token in ("", "x", "a.b.c", world.token(CHECKER)[:-2], world.token(CHECKER) + "x", "\x00"):
        answer = world.send(content=body(ME), headers={"Authorization": f"Bearer {token}"})
        assert answer.status == 401
        assert_refused(answer, "UNAUTHENTICATED")
        assert answer.headers["www-authenticate"].startswith("Bearer")
