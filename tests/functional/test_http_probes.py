"""What a scanner of GraphQL services sends first, in twelve kinds, and what it is answered (T70, T80)."""

import json
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest
from graphql import get_introspection_query

from tests.fixtures.portal_world import Answer, PortalWorld, open_world
from tests.fixtures.sharing_bundle import CHECKER, OUTSIDER, sharing_bundle
from tests.functional.refused import assert_refused

VILLAGES = "{shared{villages{totalCount}}}"
MANY = 5000
HIDDEN = {
    None: ("residents", "cases", "plans", "note", "id_number", "suspect", "income"),
    CHECKER: ("cases", "plans", "id_number", "suspect"),
    OUTSIDER: ("plans", "income", "suspect", "born"),
}
"""By who asks: names that the portal has, and that the asker's view doesn't hold."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    with open_world(sharing_bundle(), tmp_path_factory.mktemp("world")) as opened:
        yield opened


def body(document: str, **members: object) -> bytes:
    return json.dumps({"query": document, **members}).encode()


@pytest.mark.clause("T70")
@pytest.mark.parametrize(
    "document",
    [
        pytest.param("{" + "".join(f"a{n}:me{{user}}" for n in range(MANY)) + "}", id="root fields"),
        pytest.param("{shared{" + "".join(f"a{n}:villages{{totalCount}}" for n in range(MANY)) + "}}", id="entries"),
        pytest.param("{shared{villages{nodes{" + "".join(f"a{n}:code " for n in range(MANY)) + "}}}}", id="cells"),
        pytest.param("{" + "".join(f"a{n}:__typename " for n in range(MANY)) + "}", id="names of types"),
    ],
)
def test_aliases_by_the_thousand_are_refused(tmp_path: Path, document: str) -> None:
    with open_world(sharing_bundle(), tmp_path, max_body_bytes="1048576") as large:
        assert_refused(large.ask(document), "TOO_COMPLEX")


@pytest.mark.clause("T70")
@pytest.mark.parametrize("length", [1, 10, 1000])
def test_batch_is_refused_whole(world: PortalWorld, length: int) -> None:
    answer = world.send(content=json.dumps([{"query": VILLAGES}] * length).encode())

    assert answer.status == 400
    assert_refused(answer, "BAD_INPUT")


@pytest.mark.clause("T70")
@pytest.mark.parametrize("directive", ["@aa", "@skip(if:false)", "@include(if:true)", "@defer", "@stream", "@aa@skip"])
@pytest.mark.parametrize("times", [10, 500, MANY])
def test_directives_without_number_are_refused_with_few_words(world: PortalWorld, directive: str, times: int) -> None:
    answer = world.ask("{shared{villages{totalCount" + directive * times + "}}}")

    assert_refused(answer, "NOT_VALID", "TOO_COMPLEX")
    assert len(answer.content) < 8192


@pytest.mark.clause("T70")
@pytest.mark.parametrize(
    ("document", "once"),
    [
        ("{shared{villages{nodes{" + "code " * 1500 + "}}}}", "{shared{villages{nodes{code}}}}"),
        ("{shared{villages{" + "nodes{code}" * 700 + "}}}", "{shared{villages{nodes{code}}}}"),
        ("{shared{" + "villages{nodes{code}}" * 480 + "}}", "{shared{villages{nodes{code}}}}"),
        ("{" + "__typename " * 1500 + "}", "{__typename}"),
    ],
    ids=["cells", "rows", "entries", "names of types"],
)
def test_field_that_is_repeated_is_answered_once(world: PortalWorld, document: str, once: str) -> None:
    assert world.ask(document).data == world.ask(once).data


@pytest.mark.clause("T70")
@pytest.mark.parametrize("levels", [3, 4, 20, 500])
def test_introspection_that_goes_round_is_refused(world: PortalWorld, levels: int) -> None:
    answer = world.ask("{__schema{types{" + "fields{type{" * levels + "name" + "}}" * levels + "}}}")

    assert_refused(answer, "NOT_VALID", "TOO_COMPLEX")


@pytest.mark.clause("T43")
@pytest.mark.parametrize(
    "document",
    ["mutation{__typename}", "mutation M{a}", "query Q{__typename} mutation M{__typename}", "subscription{__typename}"],
)
@pytest.mark.parametrize("override", [None, "X-HTTP-Method-Override", "X-HTTP-Method"])
def test_mutation_by_get_is_refused(world: PortalWorld, document: str, override: str | None) -> None:
    headers = {} if override is None else {override: "POST"}
    name = "M" if "M{" in document else ""
    answer = world.send("GET", params={"query": document, "operationName": name}, headers=headers)

    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert_refused(answer, "NOT_VALID")


FORMS = {
    "a form": ("application/x-www-form-urlencoded", b"query=%7Bshared%7Bvillages%7BtotalCount%7D%7D%7D"),
    "a form with variables": ("application/x-www-form-urlencoded", b"query=%7B__typename%7D&variables=%7B%7D"),
    "a form of plain text": ("text/plain", body(VILLAGES)),
    "a form of plain text with a tail": ("text/plain", b'{"query":"{__typename}","x":"=y"}'),
    "a form of parts": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="operations"\r\n\r\n' + body(VILLAGES) + b"\r\n--x--\r\n",
    ),
    "no type": ("", body(VILLAGES)),
    "JSON in name only": ("text/plain; application/json", body(VILLAGES)),
}
"""What a page of another origin can make a browser send without asking the portal first."""


@pytest.mark.clause("T43")
@pytest.mark.parametrize("form", FORMS)
def test_form_of_another_origin_is_refused(world: PortalWorld, form: str) -> None:
    content_type, content = FORMS[form]
    headers = {"Content-Type": content_type, "Origin": "https://elsewhere.test", "Sec-Fetch-Site": "cross-site"}
    answer = world.send(content=content, headers=headers)

    assert answer.status == 415
    assert_refused(answer, "BAD_INPUT")
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


@pytest.mark.clause("T43")
def test_nothing_that_a_browser_sends_by_itself_says_who_asks(world: PortalWorld) -> None:
    token = world.token(CHECKER)
    asked = {"query": "{me{application}}"}
    names = ("token", "access_token", "Authorization", "session", "__Host-session")
    answers = [
        *(world.send("GET", params=asked, headers={"Cookie": f"{name}={token}"}) for name in names),
        *(world.send("GET", params={**asked, name: token}) for name in names),
    ]

    assert {json.dumps(answer.data) for answer in answers} == {'{"me": {"application": null}}'}
    assert all("set-cookie" not in answer.headers for answer in answers)


TRACED = (
    {"X-Apollo-Tracing": "1"},
    {"Apollo-Federation-Include-Trace": "ftv1"},
    {"X-GraphQL-Debug": "1", "X-Debug": "1", "Debug": "true"},
    {"X-B3-Flags": "1", "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
)


@pytest.mark.clause("T80")
@pytest.mark.parametrize("headers", TRACED, ids=repr)
@pytest.mark.parametrize("by", [None, CHECKER])
def test_answer_holds_no_trace_when_one_is_wanted(
    world: PortalWorld, headers: Mapping[str, str], by: str | None
) -> None:
    wanted = {"tracing": True, "debug": True, "queryPlan": True}
    plain = world.send(by=by, content=body(VILLAGES))
    answer = world.send(by=by, content=body(VILLAGES, extensions=wanted, debug=True), headers=headers)

    assert answer.payload == plain.payload == {"data": {"shared": {"villages": {"totalCount": 4}}}}
    assert set(answer.headers) == set(plain.headers)
    assert "server-timing" not in answer.headers


PAGES = (
    *("/graphiql", "/graphiql.html", "/graphql/", "/graphql/console", "/graphql/playground", "/graphql-explorer"),
    *("/playground", "/altair", "/voyager", "/subscriptions", "/v1/graphql", "/api/graphql"),
    *("/docs", "/redoc", "/openapi.json", "/static/js/bundle.js", "/favicon.ico", "/.git/HEAD", "/debug"),
)
BROWSERS = ("text/html", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")


@pytest.mark.clause("T80")
@pytest.mark.parametrize("accept", BROWSERS)
@pytest.mark.parametrize("path", ["/graphql", "/graphql?query=%7B__typename%7D", *PAGES])
def test_browser_finds_no_page_to_try_queries_on(world: PortalWorld, path: str, accept: str) -> None:
    answer = world.send("GET", path, headers={"Accept": accept})

    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.status in ((404,) if path in PAGES else (200, 400, 406))
    text = answer.content.lower()
    assert not [word for word in (b"<html", b"<script", b"graphiql", b"playground", b"apollo") if word in text]


NEAR_MISSES = (
    *("{shares{villages{totalCount}}}", "{shared{village{totalCount}}}", "{shared{villages{totalCoun}}}"),
    *("{shared{villages{nodes{cod}}}}", "{shared{villages(wher:{}){totalCount}}}", "{shared{villages(firs:1){nodes}}}"),
    *("{shared{villages(where:{cod:{eq:1}}){totalCount}}}", '{shared{villages(where:{code:{q:"1"}}){totalCount}}}'),
    *("{shared{villages(orderBy:[{code:AS}]){totalCount}}}", "{shared{villages(purpose:VERIFICATIO){totalCount}}}"),
    *("{shared{villages{totalCount @ski(if:true)}}}", "{shared{villages{...on Village{totalCount}}}}"),
    *("query($v:villages_wher){shared{villages{totalCount}}}", "{catalog{totalCoun}}", "{shared}", "{me}"),
    *("{shared{residents{nodes{id_numbe}}}}", "{shared{case{totalCount}}}", "{shared{plan{totalCount}}}"),
    *("{__schem{types{name}}}", "{__type(nam:1){name}}", "{me{use}}", "fragment F on Quer{me} {...F}"),
)


@pytest.mark.clause("T58")
@pytest.mark.parametrize("document", NEAR_MISSES)
@pytest.mark.parametrize("by", [None, CHECKER])
def test_near_miss_is_told_no_better_name(world: PortalWorld, document: str, by: str | None) -> None:
    answer = world.ask(document, by=by)

    assert_refused(answer)
    # Of a field that the asker named rightly it may be said that it needs a selection.
    text = answer.content.decode()
    assert not re.findall(r"(?i)did you mean (?!'\w+ { \.\.\. }'\?)", text)
    assert not [name for name in HIDDEN[by] if name not in document and name in text]


@pytest.mark.clause("T58")
@pytest.mark.parametrize("by", HIDDEN)
def test_introspection_shows_no_hidden_name(world: PortalWorld, by: str | None) -> None:
    everything = get_introspection_query(descriptions=True, directive_is_repeatable=True, input_value_deprecation=True)
    forms = ("{}", "{}_connection", "{}_edge", "{}_where", "{}_order", "{}_item")
    kinds = [form.format(name) for name in HIDDEN[by] for form in forms]
    document = "query($n:String!){__type(name:$n){name}}"
    found = [world.ask(document, by=by, variables={"n": kind}).data["__type"] for kind in kinds]
    words = world.ask(everything, by=by).content.decode()

    assert set(found) == {None}
    assert '"villages"' in words
    assert '"residents"' in words or by is None
    assert not [name for name in HIDDEN[by] if f'"{name}"' in words or f"信息项 {name}" in words]


BROKEN = (
    *("qwerty cop { abc }", "{", "", "\x00", "{shared{villages{nodes{code}}", "{a(b:$)}", '{a(b:"', "\ufeff{"),
    *('{catalogEntry(code:"\\ud800"){code}}', "query($a:Int=x){me{user}}", "{...F}", "fragment F on F{...F}"),
    *('{shared{villages(after:"x"){totalCount}}}', "{shared{villages(first:99999999999){totalCount}}}"),
    *('{shared{villages(matter:"\'; DROP TABLE x"){totalCount}}}', "{shared{villages(first:-1){totalCount}}}"),
)


@pytest.mark.clause("T69")
@pytest.mark.parametrize("document", BROKEN, ids=repr)
def test_error_shows_nothing_of_the_inside(world: PortalWorld, document: str) -> None:
    assert_refused(world.ask(document, by=CHECKER), "NOT_VALID", "BAD_INPUT", "PURPOSE_DENIED")


def break_source(world: PortalWorld) -> None:
    """Take the shared rows away behind the portal's back."""
    with closing(sqlite3.connect(world.settings.home / "data.db")) as database:
        names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        assert names
        for name in names:
            database.execute(f'DROP TABLE "{name}"')
        database.commit()


@pytest.mark.clause("T80")
def test_failure_inside_shows_nothing_of_the_inside(tmp_path: Path) -> None:
    with open_world(sharing_bundle(), tmp_path) as broken:
        break_source(broken)
        answer: Answer = broken.ask("{shared{villages{nodes{code}}}}")

    assert_refused(answer, "SOURCE_UNAVAILABLE", "INTERNAL")
