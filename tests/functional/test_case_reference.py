"""The business case and the person that a request names: demanded by a policy, kept by the audit (FJ-28)."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from portal.storage.addresses import database_path
from tests.fixtures.command_line import CommandLine
from tests.fixtures.portal_world import PortalWorld, open_world
from tests.fixtures.sharing_bundle import CHECKER, OUTSIDER, RESIDENTS, allow, sharing_bundle
from tests.fixtures.small_bundle import CONSUMER, BundleDraft, entry, item

pytestmark = pytest.mark.clause("FJ-28")

NAMED = {"case": {"isNull": False}, "operator": {"isNull": False}}
CASE, OPERATOR = "办件 2026-0001", "窗口王某"
CASES = "303001001/00009"


def draft_with_counter() -> BundleDraft:
    """The sharing bundle where the consumer's counters read birth dates for a named case alone."""
    draft = sharing_bundle()
    draft.policies["verify"]["items"] = ["code", "name"]
    draft.policies["refer"]["purposes"] = ["business_collaboration"]
    counter = allow(RESIDENTS, f"department:{CONSUMER}", ["code", "born"], condition=NAMED, scope=None)
    draft.policies["counter"] = {"id": "counter", **{key: value for key, value in counter.items() if value}}
    draft.entries["handlings"] = entry("handlings", CASES, [item("case"), item("operator")], key=["case", "operator"])
    draft.rows["handlings"] = ["case,operator", "1,甲", "2,乙"]
    return draft


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    with open_world(draft_with_counter(), tmp_path_factory.mktemp("world")) as opened:
        yield opened


def born(arguments: str = "") -> str:
    return f"{{ shared {{ residents(purpose: VERIFICATION, first: 1 {arguments}) {{ nodes {{ born }} }} }} }}"


def last_record(world: PortalWorld) -> dict[str, Any]:
    with closing(sqlite3.connect(database_path(world.settings.database_url))) as connection:
        (text,) = connection.execute("SELECT record FROM audit_records ORDER BY sequence DESC LIMIT 1").fetchone()
    return json.loads(text)  # type: ignore[no-any-return]


BOTH = {"case": quote(CASE), "operator": quote(OPERATOR)}


@pytest.mark.parametrize(
    ("arguments", "headers"),
    [
        (f', case: "{CASE}", operator: "{OPERATOR}"', {}),
        ("", BOTH),
        (f', case: "{CASE}"', {"operator": quote(OPERATOR)}),
        (f', case: "{CASE}", operator: "{OPERATOR}"', BOTH),
    ],
)
def test_policy_that_demands_case_and_person_permits_and_the_audit_names_them(
    world: PortalWorld, arguments: str, headers: dict[str, str]
) -> None:
    answer = world.ask(born(arguments), by=CHECKER, headers=headers)
    assert answer.data["shared"]["residents"]["nodes"] == [{"born": "1980-01-31"}]
    record = last_record(world)
    assert (record["case"], record["operator"], record["decision"]) == (CASE, OPERATOR, "permit")


def test_header_is_read_as_plain_utf8_too(world: PortalWorld) -> None:
    body = json.dumps({"query": born()}).encode()
    headers: Any = {b"case": CASE.encode(), b"operator": OPERATOR.encode(), b"content-type": b"application/json"}
    sent = world.client.post("/graphql", content=body, headers={**headers, b"authorization": bearer(world)})
    assert "errors" not in world.run(sent).json()
    assert last_record(world)["operator"] == OPERATOR


def bearer(world: PortalWorld) -> bytes:
    return f"Bearer {world.token(CHECKER)}".encode()


@pytest.mark.parametrize(
    ("arguments", "headers"),
    [
        ("", {}),
        (f', case: "{CASE}"', {}),
        (f', operator: "{OPERATOR}", case: ""', {}),
        ("", {"case": "1"}),
        ("", {"case": "1", "operator": ""}),
        (", case: null, operator: null", {}),
    ],
)
def test_policy_that_demands_case_and_person_refuses_without_one_of_them(
    world: PortalWorld, arguments: str, headers: dict[str, str]
) -> None:
    answer = world.ask(born(arguments), by=CHECKER, headers=headers)
    assert answer.codes == ["CONDITION_FAILED"]
    assert answer.errors[0]["extensions"]["items"] == ["born"]
    assert last_record(world)["decision"] == "deny"


def test_other_records_are_told_of_the_case_and_ask_for_none(world: PortalWorld) -> None:
    names = "{ shared { residents(purpose: VERIFICATION, first: 1) { nodes { name } } } }"
    assert world.ask(names, by=CHECKER).data
    assert (last_record(world)["case"], last_record(world)["operator"]) == (None, None)
    assert world.ask(names, by=CHECKER, headers={"case": "7"}).data
    assert last_record(world)["case"] == "7"


@pytest.mark.parametrize(
    ("headers", "named"),
    [
        ({"case": "%"}, "case"),
        ({"operator": "%zz"}, "operator"),
        ({"case": "%ff"}, "case"),
        ({"case": "%00"}, "case"),
        ({"operator": "a%0Ab"}, "operator"),
        ({"case": "x" * 129}, "case"),
    ],
)
def test_header_that_cannot_be_recorded_is_refused_by_name(
    world: PortalWorld, headers: dict[str, str], named: str
) -> None:
    answer = world.ask(born(), by=CHECKER, headers=headers)
    assert (answer.status, answer.codes) == (400, ["BAD_INPUT"])
    assert f"`{named}`" in answer.errors[0]["message"]


def test_header_that_is_there_twice_is_refused(world: PortalWorld) -> None:
    headers = [("case", "1"), ("case", "2"), ("content-type", "application/json")]
    response = world.run(world.client.post("/graphql", content=json.dumps({"query": born()}), headers=headers))
    assert response.status_code == 400
    assert "`case` is there twice" in response.json()["errors"][0]["message"]


def test_header_and_argument_that_differ_are_refused_and_recorded(world: PortalWorld) -> None:
    answer = world.ask(born(', case: "1"'), by=CHECKER, headers={"case": "2", "operator": "3"})
    assert answer.codes == ["BAD_INPUT"]
    assert answer.errors[0]["path"] == ["shared", "residents"]
    assert (last_record(world)["code"], last_record(world)["case"]) == ("BAD_INPUT", "2")


def test_key_items_of_those_names_stay_the_keys(world: PortalWorld) -> None:
    asked = '{ shared { handlings_by_key(case: "2", operator: "乙", purpose: VERIFICATION) { case operator } } }'
    answer = world.ask(asked, by=OUTSIDER, headers={"case": "9"})
    assert answer.data["shared"]["handlings_by_key"] == {"case": "2", "operator": "乙"}
    assert (last_record(world)["case"], last_record(world)["operator"]) == ("9", None)


def test_explain_answers_for_a_case_and_says_what_is_missing(world: PortalWorld) -> None:
    document = """query ($case: String, $operator: String) { explain(resource: "303001001/00002",
        purpose: VERIFICATION, items: ["born"], case: $case, operator: $operator) {
        lines items { permitted code } } }"""
    missing = world.ask(document, by=CHECKER).data["explain"]
    assert missing["items"] == [{"permitted": False, "code": "CONDITION_FAILED"}]
    assert '"operator": {"isNull": false}' in "\n".join(missing["lines"])
    stated = world.ask(document, by=CHECKER, variables={"case": CASE, "operator": OPERATOR}).data["explain"]
    assert stated["items"] == [{"permitted": True, "code": None}]
    assert f"  case {CASE}, operator {OPERATOR}" in stated["lines"]


def test_explain_on_the_command_line_takes_case_and_operator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    portal = CommandLine(tmp_path / "var")
    assert portal("load", draft_with_counter().write(tmp_path / "bundle")).code == 0
    asked = ("explain", "--application", "checker", "--resource", RESIDENTS, "--purpose", "verification")
    without = portal(*asked, "--item", "born")
    assert "born: refused, CONDITION_FAILED" in without.out
    stated = portal(*asked, "--item", "born", "--case", CASE, "--operator", OPERATOR)
    assert "born: permitted" in stated.out, stated.err
    assert f"case {CASE}, operator {OPERATOR}" in stated.out
