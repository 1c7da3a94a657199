"""Bulk transfers over HTTP: the same rows and the same refusals as a query has, by the one road (T4)."""

import hashlib
import io
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from portal.exchange.csv_text import undo
from tests.fixtures.exchanging import (
    Taking,
    exchanging_bundle,
    hostile_cells,
    lines_of,
    many_villages,
    records_of,
    table_of,
    transfer,
)
from tests.fixtures.portal_world import Answer, PortalWorld, open_world
from tests.fixtures.sharing_bundle import CHECKER, CLERK, KEEPER, OUTSIDER, PLANNER, ROAMER, sharing_bundle

ASKERS = [None, CHECKER, PLANNER, OUTSIDER, ROAMER, CLERK, KEEPER]
ARGUMENTS: list[dict[str, Any]] = [
    {},
    {"where": {"code": {"gte": "r03"}}},
    {"where": {"name": {"contains": "合成"}}, "orderBy": [{"name": "DESC"}]},
    {"where": {"born": {"lt": "1985-01-01"}}},
    {"where": {"income": {"in": ["2500", "0.00"]}}, "orderBy": [{"income": "ASC"}, {"code": "DESC"}]},
    {"where": {"not": {"present": {"eq": True}}}},
    {"where": {"id_number": {"startsWith": "9"}}},
    {"where": {"seen": {"gte": "2026-01-31T00:00:00Z"}}, "matter": "999999-0001"},
    {"matter": "999999-0002"},
    {"where": {"children": {"eq": "x"}}},
]
ITEMS = [["code"], ["code", "name"], ["name", "income", "born", "details"], ["code", "id_number"]]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    with open_world(exchanging_bundle(), tmp_path_factory.mktemp("exchange")) as world:
        yield world


@pytest.fixture(scope="module")
def queried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    """A portal whose records permit queries alone."""
    with open_world(sharing_bundle(), tmp_path_factory.mktemp("queried")) as world:
        yield world


def code_of(answer: Answer) -> tuple[int, str]:
    (error,) = answer.errors
    return answer.status, error["extensions"]["code"]


def query(world: PortalWorld, by: str | None, items: list[str], arguments: dict[str, Any]) -> Answer:
    types = {
        "where": "residents_where",
        "orderBy": "[residents_order]",
        "purpose": "Purpose",
        "matter": "String",
        "first": "Int",
    }
    given = {**arguments, "first": 1000}
    declared = ", ".join(f"${name}: {types[name]}" for name in given)
    passed = ", ".join(f"{name}: ${name}" for name in given)
    document = f"query({declared}) {{ shared {{ residents({passed}) {{ nodes {{ {' '.join(items)} }} }} }} }}"
    return world.ask(document, by=by, variables=given)


@pytest.mark.clause("threats.md T4")
@pytest.mark.clause("threats.md T1")
@pytest.mark.parametrize("by", ASKERS)
@pytest.mark.parametrize("purpose", [None, "VERIFICATION", "WORK_REFERENCE"])
def test_transfer_gives_the_rows_of_a_query_or_is_refused_with_its_code_and_items(
    world: PortalWorld, by: str | None, purpose: str | None
) -> None:
    stated = {} if purpose is None else {"purpose": purpose}
    for number, arguments in enumerate(ARGUMENTS):
        items = ITEMS[number % len(ITEMS)]
        asked = query(world, by, items, {**stated, **arguments})
        got = transfer(world, "residents", by, items=items, format="jsonl", **stated, **arguments)
        if "errors" in asked.payload:
            expected, given = asked.errors[0]["extensions"], got.errors[0]["extensions"]
            # A query names what isn't there by `NOT_VALID` or, in a variable, `BAD_INPUT`; so does a transfer.
            assert given["code"] == expected["code"] or {given["code"], expected["code"]} == {"NOT_VALID", "BAD_INPUT"}
            assert given.get("items") == expected.get("items")
        else:
            rows, manifest = lines_of(got)
            assert rows == asked.data["shared"]["residents"]["nodes"]
            assert manifest["rows"] == len(rows)


def test_whole_grid_holds_rows_and_refusals_of_every_kind(world: PortalWorld) -> None:
    """The positive control of the comparison: neither side is always refused."""
    answers = [
        transfer(world, "residents", by, items=items, format="jsonl", purpose="VERIFICATION", **arguments)
        for by, items, arguments in itertools.product((CHECKER, OUTSIDER), ITEMS, ARGUMENTS)
    ]
    codes = [code_of(answer)[1] for answer in answers if answer.status != 200]
    assert {"QUOTA_EXCEEDED", "NOT_VALID", "BAD_INPUT"} <= set(codes)
    assert sum(answer.status == 200 for answer in answers) >= len(answers) // 8


@pytest.mark.parametrize("by", [None, CHECKER, OUTSIDER])
def test_unknown_and_forbidden_look_alike(world: PortalWorld, by: str | None) -> None:
    seen = {
        (*code_of(answer), answer.errors[0]["message"])
        for name in ("cases" if by != OUTSIDER else "plans", "nothing", "Villages", "villages_by_key", "__typename")
        for answer in [transfer(world, name, by)]
    }
    assert len(seen) == 1
    hidden, missing = (transfer(world, "villages", None, items=[item]).payload for item in ("note", "nothing"))
    assert hidden == missing


@pytest.mark.clause("threats.md T25")
def test_transfer_is_refused_when_records_permit_queries_alone(queried: PortalWorld) -> None:
    answer = transfer(queried, "residents", CHECKER, items=["code"], purpose="VERIFICATION")
    assert code_of(answer) == (403, "MODE_DENIED")
    assert answer.errors[0]["extensions"]["items"] == ["code"]
    record = records_of(queried)[-1]
    assert (record["mode"], record["decision"], record["code"]) == ("exchange", "deny", "MODE_DENIED")


def test_masks_lie_on_what_is_transferred(world: PortalWorld) -> None:
    items = ["name", "division", "born", "income", "details"]
    rows, _ = lines_of(
        transfer(
            world, "residents", PLANNER, items=items, purpose="WORK_REFERENCE", format="jsonl", matter="999999-0002"
        )
    )
    assert rows[0] == {
        "name": "合***",
        "division": rows[0]["division"],
        "born": "1980-01-01",
        "income": "100.00",
        "details": None,
    }
    assert len(rows[0]["division"]) == 32
    assert {row["name"][1:] for row in rows} == {"***"}


def test_limit_of_rows_holds_for_the_whole_transfer_before_anything_leaves(world: PortalWorld) -> None:
    few = transfer(world, "residents", OUTSIDER, items=["name"], purpose="VERIFICATION", first=3)
    assert len(table_of(few.content)) == 4
    for members in ({"first": 4}, {}, {"where": {"code": {"lte": "r04"}}}):
        refused = transfer(world, "residents", OUTSIDER, items=["name"], purpose="VERIFICATION", **members)
        assert code_of(refused) == (403, "QUOTA_EXCEEDED")
        assert records_of(world)[-1]["rows"] == 0
    fits = transfer(
        world, "residents", OUTSIDER, items=["name"], purpose="VERIFICATION", where={"code": {"lte": "r03"}}
    )
    assert len(table_of(fits.content)) == 4


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"items": []}, "`items` must be"),
        ({"items": "code"}, "`items` must be"),
        ({"items": ["code", "code"]}, "`items` must be"),
        ({"format": "exe"}, "`format` must be"),
        ({"first": 0}, "`first` must be"),
        ({"first": True}, "`first` must be"),
        ({"first": "7"}, "`first` must be"),
        ({"mark": "yes"}, "`mark` must be"),
        ({"purpose": 1}, "`purpose` must be"),
        ({"purpose": "SPYING"}, "does not exist in 'Purpose' enum"),
        ({"matter": "a\u0000b"}, "`matter`"),
        ({"after": "x"}, "can be gone on with"),
        ({"after": "x", "frames": True}, "no token of this transfer"),
        ({"orderBy": [{"code": "UP"}]}, "enum"),
        ({"where": {"nothing": {"eq": 1}}}, "unknown field"),
        ({"nothing": 1}, "unknown parameter"),
    ],
)
def test_what_can_not_be_used_is_refused_with_its_name(world: PortalWorld, members: dict[str, Any], said: str) -> None:
    answer = transfer(world, "villages", CHECKER, **members)
    assert code_of(answer) == (400, "BAD_INPUT")
    assert said in answer.errors[0]["message"]


@pytest.mark.parametrize(
    "query_string", ["items=code&items=name", "where={", "first=x", "raw=1", "%ff=1", "x=1", "where=[]"]
)
def test_address_is_refused_when_it_can_not_be_read(world: PortalWorld, query_string: str) -> None:
    answer = world.send("GET", f"/exchange/villages?{query_string}", by=CHECKER)
    assert code_of(answer) == (400, "BAD_INPUT")


def test_address_asks_as_a_body_does(world: PortalWorld) -> None:
    params = {
        "items": "code,population",
        "where": json.dumps({"population": {"gte": 100}}),
        "orderBy": json.dumps([{"code": "DESC"}]),
        "first": "2",
        "purpose": "WORK_REFERENCE",
        "mark": "true",
    }
    got = world.send("GET", "/exchange/villages", params=params)
    assert got.content == "\ufeffcode,population\r\n99999904,120\r\n99999902,4000\r\n".encode()


@pytest.mark.parametrize("token", ["x", "x.y.z"])
def test_token_that_does_not_verify_is_never_the_publics(world: PortalWorld, token: str) -> None:
    for path in ("/exchange/villages", "/exchange/villages/manifest/1-1-0123456789abcdef"):
        answer = world.send("GET", path, headers={"Authorization": f"Bearer {token}"})
        assert code_of(answer) == (401, "UNAUTHENTICATED")
        assert answer.headers["www-authenticate"]


def test_other_methods_are_refused(world: PortalWorld) -> None:
    for method in ("HEAD", "PUT", "DELETE"):
        assert world.send(method, "/exchange/villages").status == 405


@pytest.mark.clause("threats.md T17")
@pytest.mark.clause("threats.md T26")
def test_whole_transfer_is_known_by_its_manifest(world: PortalWorld) -> None:
    answer = transfer(world, "villages", CHECKER, items=["code", "name"], purpose="VERIFICATION")
    number = answer.headers["portal-transfer"]
    found = world.send("GET", f"/exchange/villages/manifest/{number}", by=CHECKER).payload["manifest"]
    expected = {
        "rows": 4,
        "bytes": len(answer.content),
        "sha256": hashlib.sha256(answer.content).hexdigest(),
        "format": "csv",
        "columns": ["code", "name"],
        "policies": ["open-villages", "unconditional-villages"],
        "purpose": "verification",
        "transfer": number,
        "watermark": answer.headers["portal-watermark"],
    }
    assert {name: found[name] for name in expected} == expected
    for part in ("department=11999999MB0000019T", "application=checker", "purpose=verification", f"transfer={number}"):
        assert part in found["watermark"]
    *_, read, ended = records_of(world)
    assert (read["mode"], read["rows"], number.startswith(f"{read['writer']}-{read['sequence']}-")) == (
        "exchange",
        4,
        True,
    )
    assert (ended["act"], ended["target"]) == ("transfer_ended", number)
    assert found["receipt"] == f"{ended['writer']}-{ended['sequence']}"


def test_manifest_is_for_who_took_the_transfer_alone(world: PortalWorld) -> None:
    number = transfer(world, "villages", CHECKER, items=["code"]).headers["portal-transfer"]
    answers = [
        world.send("GET", f"/exchange/{entry}/manifest/{named}", by=by)
        for entry, named, by in (
            ("villages", number, PLANNER),
            ("villages", number, None),
            ("villages", number[:-1] + ("0" if number[-1] != "0" else "1"), CHECKER),
            ("residents", number, CHECKER),
            ("villages", "1-1-" + "0" * 16, CHECKER),
            ("villages", "nonsense", CHECKER),
        )
    ]
    assert {answer.content for answer in answers} == {answers[0].content}
    assert code_of(answers[0]) == (404, "NOT_VALID")


def test_public_is_told_of_no_policy_in_its_manifest(world: PortalWorld) -> None:
    _, manifest = lines_of(transfer(world, "villages", None, items=["code"], format="jsonl"))
    assert manifest["policies"] == []
    assert manifest["watermark"].startswith("department=public; time=")


def test_http_1_0_is_refused_because_its_end_can_not_be_told_from_a_cut(world: PortalWorld) -> None:
    taking = Taking()
    world.run(taking.ask(world, "villages", None, {"items": ["code"]}, version="1.0"))
    assert taking.status == 400
    assert b"HTTP/1.0" in taking.content


@pytest.mark.clause("threats.md T45")
def test_formulas_are_defused_and_can_be_had_again(tmp_path: Path) -> None:
    hostile = [text for text in hostile_cells() if not set(text) & set('"\r\n\0')]
    draft = exchanging_bundle()
    draft.rows["villages"] = [
        "code,name,population,area,founded,urban,note",
        *(f'{n:08},"{text}",-{n},-0.50,1950-10-01,true,' for n, text in enumerate(hostile, 1)),
    ]
    with open_world(draft, tmp_path) as world:
        items = ["name", "population", "area"]
        got = table_of(transfer(world, "villages", None, items=items).content)[1:]
        assert [undo(name) for name, _, _ in got] == hostile
        assert all(name.startswith("'") for name, _, _ in got)
        assert [(population, area) for _, population, area in got] == [
            (f"-{n}", "-0.50") for n in range(1, len(hostile) + 1)
        ]
        raw = table_of(transfer(world, "villages", None, items=items, raw=True).content)[1:]
        assert [name for name, _, _ in raw] == hostile


def test_no_more_transfers_are_under_way_at_once_than_is_set(tmp_path: Path) -> None:
    with open_world(many_villages(1500), tmp_path, concurrent_transfers="1", max_body_bytes="4096") as world:
        refused: list[tuple[int, str]] = []

        async def ask_again(part: int) -> None:
            if part == 1:
                second = Taking()
                await second.ask(world, "villages", world.token(CHECKER), {"items": ["code"]})
                refused.append((second.status, second.headers["retry-after"]))
                other = Taking()
                await other.ask(world, "villages", world.token(PLANNER), {"items": ["code"]})
                refused.append((other.status, ""))

        assert Taking(ask_again).take(world, "villages", CHECKER, items=["code"]).is_whole
        assert refused == [(429, "5"), (200, "")]
        long = world.send("GET", "/exchange/villages?items=" + "x" * 5000)
        assert (long.status, "by POST" in long.errors[0]["message"]) == (400, True)
        assert Taking().take(world, "villages", CHECKER, items=["code"]).is_whole


def test_workbook_holds_rows_and_watermark(world: PortalWorld) -> None:
    answer = transfer(world, "villages", CHECKER, items=["code", "population"], format="xlsx", purpose="VERIFICATION")
    with ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        rows, about = (archive.read(f"xl/worksheets/sheet{n}.xml").decode() for n in (1, 2))
    assert rows.count("<row>") == 5
    assert "<v>4000</v>" in rows
    assert answer.headers["portal-watermark"] in about
    number = answer.headers["portal-transfer"]
    manifest = world.send("GET", f"/exchange/villages/manifest/{number}", by=CHECKER).payload["manifest"]
    assert manifest["sha256"] == hashlib.sha256(answer.content).hexdigest()


def test_body_or_address_that_can_not_be_a_wish_is_refused(world: PortalWorld) -> None:
    assert code_of(world.send("POST", "/exchange/villages", content=b"[]")) == (400, "BAD_INPUT")
    assert code_of(world.send("POST", "/exchange/villages", content=b"{")) == (400, "BAD_INPUT")
    typed = {"Content-Type": "text/plain"}
    assert world.send("POST", "/exchange/villages", content=b"{}", headers=typed).status == 415
    assert code_of(world.send("POST", "/exchange/villages", content=b" " * 70_000))[0] == 413
