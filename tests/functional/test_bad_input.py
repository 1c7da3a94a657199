"""Bad input of every kind is told what is wrong with it, and never meets a bug (T19, T58, T80)."""

import json
from collections.abc import Iterator

import pytest

from tests.fixtures.portal_world import PortalWorld, open_world
from tests.fixtures.sharing_bundle import CHECKER, OUTSIDER, sharing_bundle
from tests.functional.refused import assert_refused
from tests.functional.wrong_arguments import wrong_literals, wrong_variables

VERIFY = "purpose: VERIFICATION"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    with open_world(sharing_bundle(), tmp_path_factory.mktemp("world")) as opened:
        yield opened


@pytest.fixture(autouse=True)
def portal_still_answers(world: PortalWorld) -> Iterator[None]:
    yield
    answer = world.ask("{shared {villages {totalCount}}}", by=CHECKER)
    assert answer.data == {"shared": {"villages": {"totalCount": 4}}}


def body(query: object, **members: object) -> bytes:
    return json.dumps({"query": query, **members}).encode()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b" ",
        b"{",
        b"null",
        b"1",
        b'"{me{application}}"',
        b"{me{application}}",
        b"{'query': '{me{application}}'}",
        b'{"query": "{me{application}}",}',
        b'{"query": "{me{application}}"} x',
        b'{"query": "{me{application}}", "variables": {"x": NaN}}',
        b'{"query": "{me{application}}", "variables": {"x": Infinity}}',
        b'{"query": "{me{application}}", "variables": {"x": 1e99999999999999999999}}',
        b'{"query": "{me{application}}", "variables": {"x": ' + b"9" * 5000 + b"}}",
        b'{"query": "{me{appl\xffication}}"}',
        b'\xff\xfe{\x00"\x00',
        '{"query": "{me{application}}"}'.encode("utf-16"),
        '{"query": "{me{application}}"}'.encode("utf-32"),
        b'{"query": "{me{application}}\x00"}',
        b"[" * 5000,
        b'{"a":' * 5000,
        b"[" * 5000 + b"]" * 5000,
        b"\x00" * 100,
        b"\x1f\x8b\x08\x00" + b"\x00" * 50,
        bytes(range(256)),
    ],
    ids=range(25),
)
def test_body_that_is_no_json_object_is_refused(world: PortalWorld, content: bytes) -> None:
    answer = world.send(content=content)

    assert answer.status == 400
    assert_refused(answer, "BAD_INPUT")


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"query": None},
        {"query": 1},
        {"query": ["{me{application}}"]},
        {"query": {"a": 1}},
        {"Query": "{me{application}}"},
        {"query": "{me{application}}", "variables": []},
        {"query": "{me{application}}", "variables": "{}"},
        {"query": "{me{application}}", "variables": 1},
        {"query": "{me{application}}", "variables": True},
        {"query": "{me{application}}", "operationName": 1},
        {"query": "{me{application}}", "operationName": ["A"]},
        {"query": "{me{application}}", "extensions": []},
        {"query": "{me{application}}", "extensions": "x"},
        [],
        [{"query": "{me{application}}"}],
        [{"query": "{me{application}}"}, {"query": "{me{application}}"}],
    ],
    ids=repr,
)
def test_body_that_is_no_operation_is_refused_and_batches_are_none(world: PortalWorld, members: object) -> None:
    answer = world.send(content=json.dumps(members).encode())

    assert answer.status == 400
    assert_refused(answer, "BAD_INPUT")


@pytest.mark.parametrize(
    "query",
    [
        "",
        " ",
        "#",
        "{",
        "}",
        "{}",
        "me",
        "{me}",
        "{me{}}",
        "{me{application}",
        "{me{application}} }",
        "{me{application}} {me{user}}",
        "query A {me{user}} query A {me{user}}",
        "mutation {me{application}}",
        "subscription {me{application}}",
        "{nothing}",
        "{me{nothing}}",
        "{me(x: 1){application}}",
        "{catalogEntry{code}}",
        "{catalogEntry(code: 1){code}}",
        "{shared}",
        "{shared{}}",
        "{shared{nowhere{totalCount}}}",
        "{shared{villages}}",
        "{shared{villages villages{totalCount}}}",
        "{shared{villages{nodes}}}",
        "{shared{villages{nodes{code{x}}}}}",
        "{shared{villages{rows{code}}}}",
        "{shared{villages(last: 1){totalCount}}}",
        "{shared{villages(before: 1){totalCount}}}",
        "{shared{villages(where: {code: 1}){totalCount}}}",
        "{shared{villages(where: []){totalCount}}}",
        '{shared{villages(where: {code: {like: "x"}}){totalCount}}}',
        "{shared{villages(where: {nowhere: {isNull: true}}){totalCount}}}",
        "{shared{villages(orderBy: [{nowhere: ASC}]){totalCount}}}",
        "{shared{villages(orderBy: [{code: UP}]){totalCount}}}",
        "{shared{villages(purpose: NOTHING){totalCount}}}",
        "{shared{villages(purpose: verification){totalCount}}}",
        "{shared{villages{...F}}} fragment F on villages {code}",
        "{shared{villages{nodes{...F}}}} fragment F on villages {...F}",
        "{shared{villages{nodes{...F}}}} fragment F on villages {...G} fragment G on villages {...F}",
        "{shared{villages{nodes{...Missing}}}}",
        "{me{application}} fragment Unused on Me {application}",
        "{shared{villages{nodes{... on residents{code}}}}}",
        "query($x: Nothing) {me{application}}",
        "query($x: String) {me{application}}",
        "{shared{villages(first: $first){totalCount}}}",
        "query($first: String){shared{villages(first: $first){totalCount}}}",
        "{me{application @nothing}}",
        "{me{application @skip}}",
        "{me{application @skip(if: 1)}}",
        "{me{a: application a: user}}",
        "{me{application}\x00}",
        "{me{application \ufffe}}",
        '{catalogEntry(code: "\\ud800"){code}}',
        '{catalogEntry(code: "\\u{110000}"){code}}',
        '{catalogEntry(code: "x){code}}',
        '{catalogEntry(code: """x){code}}',
        "type X {a: Int}",
        "extend type Query {a: Int}",
        "schema {query: Me}",
        "{__type{name}}",
        "{__schema{nothing}}",
        "{\u202eme{application}}",
        "{me{application}}" + "}" * 1000,
    ],
    ids=range(65),
)
def test_document_that_does_not_parse_or_validate_is_refused(world: PortalWorld, query: str) -> None:
    for by in (CHECKER, None):
        answer = world.ask(query, by=by, headers={"Accept": "application/graphql-response+json"})

        assert answer.status == 400
        assert "data" not in answer.payload
        assert_refused(answer, "NOT_VALID")
        assert world.ask(query, by=by).status == 200


def test_document_with_lone_surrogates_is_refused(world: PortalWorld) -> None:
    for query in ("{me{application}}\ud800", '{catalogEntry(code: "\udfff"){code}}', "\ud800"):
        assert_refused(world.ask(query, by=CHECKER))


@pytest.mark.parametrize("name", ["", "C", "a", "\ud800", "A B", "A" * 10_000])
def test_operation_that_the_document_does_not_hold_is_refused(world: PortalWorld, name: str) -> None:
    answer = world.ask("query A {me{user}} query B {me{user}}", by=CHECKER, operation=name)

    assert_refused(answer, "NOT_VALID", "BAD_INPUT")


def test_document_of_several_operations_needs_a_name(world: PortalWorld) -> None:
    document = "query A {me{user}} query B {me{application}}"

    assert_refused(world.ask(document, by=CHECKER), "NOT_VALID")
    assert world.ask(document, by=CHECKER, operation="B").data == {"me": {"application": "checker"}}


@pytest.mark.parametrize("arguments", wrong_literals(), ids=range(len(wrong_literals())))
def test_argument_that_can_not_be_used_is_refused(world: PortalWorld, arguments: str) -> None:
    answer = world.ask(f"{{shared {{residents({VERIFY}, {arguments}) {{totalCount nodes {{code}}}}}}}}", by=CHECKER)

    assert_refused(answer, "BAD_INPUT", "NOT_VALID")


@pytest.mark.parametrize(("name", "form", "value"), wrong_variables(), ids=range(len(wrong_variables())))
def test_variable_that_can_not_be_used_is_refused(world: PortalWorld, name: str, form: str, value: object) -> None:
    purpose = "" if name == "purpose" else f"{VERIFY}, "
    document = f"query($v: {form}) {{shared {{residents({purpose}{name}: $v) {{totalCount nodes {{code}}}}}}}}"

    assert_refused(world.ask(document, by=CHECKER, variables={"v": value}), "BAD_INPUT")


def test_variable_that_is_missing_where_it_is_needed_is_refused(world: PortalWorld) -> None:
    document = "query($v: Int!) {shared {villages(first: $v) {totalCount}}}"

    for variables in ({}, {"v": None}, {"V": 1}):
        assert_refused(world.ask(document, by=CHECKER, variables=variables), "BAD_INPUT")


@pytest.mark.parametrize("directive", ["skip", "include"])
@pytest.mark.parametrize(
    "place", ["villages @D {totalCount}", "villages {nodes {code @D}}", "villages {nodes {... @D {code}}}"]
)
def test_directive_with_a_null_variable_is_refused(world: PortalWorld, directive: str, place: str) -> None:
    field = place.replace("@D", f"@{directive}(if: $v)")
    document = f"query($v: Boolean = true) {{shared {{{field}}}}}"

    assert_refused(world.ask(document, by=CHECKER, variables={"v": None}), "BAD_INPUT")


def cursor_of(world: PortalWorld, arguments: str = "", by: str = CHECKER, entry: str = "residents") -> str:
    answer = world.ask(f"{{shared {{{entry}({VERIFY}, first: 1 {arguments}) {{pageInfo {{endCursor}}}}}}}}", by=by)
    cursor = answer.data["shared"][entry]["pageInfo"]["endCursor"]
    assert isinstance(cursor, str)
    return cursor


def test_cursor_serves_the_request_that_it_came_from_and_no_other(world: PortalWorld) -> None:
    cursor = cursor_of(world)
    taken = world.ask(f'{{shared {{residents({VERIFY}, after: "{cursor}") {{nodes {{code}}}}}}}}', by=CHECKER)
    assert taken.data["shared"]["residents"]["nodes"][0] == {"code": "r03"}

    for arguments in (', where: {code: {ne: "x"}}', ", orderBy: [{code: ASC}]"):
        other = f'{{shared {{residents({VERIFY}, after: "{cursor}"{arguments}) {{nodes {{code}}}}}}}}'
        assert_refused(world.ask(other, by=CHECKER), "BAD_INPUT")
        back = f'{{shared {{residents({VERIFY}, after: "{cursor_of(world, arguments)}") {{nodes {{code}}}}}}}}'
        assert_refused(world.ask(back, by=CHECKER), "BAD_INPUT")
    elsewhere = f'{{shared {{villages({VERIFY}, after: "{cursor}") {{nodes {{code}}}}}}}}'
    assert_refused(world.ask(elsewhere, by=CHECKER), "BAD_INPUT")


def test_cursor_of_another_subject_is_refused(world: PortalWorld) -> None:
    cursor = cursor_of(world, by=OUTSIDER)

    answer = world.ask(f'{{shared {{residents({VERIFY}, after: "{cursor}") {{nodes {{code}}}}}}}}', by=CHECKER)

    assert_refused(answer, "BAD_INPUT")


@pytest.mark.parametrize("number", [2.5, 2.0, 1e30])
def test_number_with_a_point_is_called_so_where_an_integer_is_wanted(world: PortalWorld, number: float) -> None:
    document = "query ($first: Int) { shared { villages(first: $first) { nodes { code } } } }"
    answer = world.ask(document, by=CHECKER, variables={"first": number})
    assert answer.codes == ["BAD_INPUT"]
    assert "a number with a point or an exponent" in answer.errors[0]["message"]
    assert "Decimal" not in answer.errors[0]["message"]
