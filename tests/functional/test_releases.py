"""Before data is opened to everybody, who approves it sees what rows could be told apart by (threats.md T27)."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from portal.audit.records import Act
from portal.audit.searching import Search, reading_log, search_records
from portal.errors import Language
from tests.fixtures.command_line import CommandLine
from tests.fixtures.office import (
    AUDITOR,
    DRAFTER,
    FIELDS,
    OFFICER,
    SECOND_DRAFTER,
    draft_change,
    office_bundle,
    step,
    submitted,
)
from tests.fixtures.portal_world import Answer, PortalWorld, open_world
from tests.fixtures.postgres import Databases
from tests.fixtures.postgres_portal import set_up_portal
from tests.fixtures.sharing_bundle import CHECKER, CLERK, VILLAGES, allow
from tests.fixtures.small_bundle import CONSUMER, BundleDraft, entry, item

pytestmark = [pytest.mark.clause("threats.md T27"), pytest.mark.clause("FJ-20")]

PEOPLE, CLINICS = "303001001/00021", "303001001/00022"
CONDITIONAL = {"share_class": "conditional", "share_condition": "按三方协议"}
REPORT = """
  releases { entry title items since report {
    smallestGroup rows items leftOut unweighed lookedAt
    combinations { items groups alone inSmall }
    encounters { entry items itsItems rows alone }
  } }
"""


def bundle() -> BundleDraft:
    """Return the office's bundle with people of whom some can be told apart, and clinics that are open already."""
    draft = office_bundle()
    draft.entries["people"] = entry(
        "people",
        PEOPLE,
        [
            item("code", open=True),
            item("village", open=True),
            item("born", "integer", open=True),
            item("trade", open=True),
            item("paid", "decimal", scale=2, open=True),
            item("notes", "json", open=True),
            item("name", **CONDITIONAL),
        ],
        open=True,
        share_modes=[],
    )
    draft.entries["clinics"] = entry(
        "clinics",
        CLINICS,
        [item("village", open=True), item("doctor", open=True), item("paid", "decimal", scale=1, open=True)],
        open=True,
        share_modes=[],
    )
    draft.policies["clinics"] = opens("clinics", CLINICS, ["village", "doctor", "paid"])
    draft.rows["people"] = ["code,village,born,trade,paid,notes,name", *_people()]
    draft.rows["clinics"] = ["village,doctor,paid", "东村,合成医甲,1.0", "西村,合成医乙,2.0", "空村,合成医丙,3.0"]
    return draft


def _people() -> Iterator[str]:
    """Yield twelve people: six in one village, five in another, one alone in a third; one of the six has a trade."""
    villages = ["东村"] * 6 + ["西村"] * 5 + ["南村"]
    for number, village in enumerate(villages, start=1):
        born, trade = (1980 if number % 2 else 1990), ("医师" if number == 1 else "农民")
        yield f"p{number:02},{village},{born},{trade},{number}.50,,合成人{number}"


def opens(name: str, code: str, items: list[str], **members: object) -> dict[str, object]:
    """Return the document of a record that opens items of an entry to everybody."""
    record = allow(code, "public", items, kind="open_data", purposes=["*"], modes=["*"])
    return {"id": name, **record, "basis": "测试依据", **members}


def opening(items: list[str], **members: object) -> dict[str, object]:
    return {
        "put": [{"kind": "policy", "document": opens("people", PEOPLE, items, **members)}],
        "declare": {"purposes": ["*"], "lasting": ["people"]},
    }


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, postgres: Databases
) -> Iterator[PortalWorld]:
    with ExitStack() as stack:
        settings = stack.enter_context(set_up_portal(postgres)) if request.param == "postgresql" else {}
        named = {name.removeprefix("PORTAL_").lower(): value for name, value in settings.items()}
        yield stack.enter_context(open_world(bundle(), tmp_path_factory.mktemp("world"), **named))


def releases(world: PortalWorld, number: int, by: str = OFFICER, fields: str = REPORT) -> list[dict[str, Any]]:
    answer = world.ask(f"{{ changeSet(id: {number}) {{ {fields} }} }}", by=by)
    assert answer.codes == [], answer.payload
    found: list[dict[str, Any]] = answer.data["changeSet"]["releases"]
    return found


def approve(world: PortalWorld, change: dict[str, Any], *seals: str, by: str = OFFICER) -> Answer:
    given = ", ".join(f'"{seal}"' for seal in seals)
    return step(world, "approveChange", change, by=by, more=f", lookedAt: [{given}]")


def counts(report: dict[str, Any]) -> dict[tuple[str, ...], tuple[int, int, int]]:
    return {tuple(one["items"]): (one["groups"], one["alone"], one["inSmall"]) for one in report["combinations"]}


def test_report_tells_what_rows_can_be_told_apart_by(world: PortalWorld) -> None:
    handed = submitted(world, opening(["village", "born", "trade", "notes"]))
    (release,) = releases(world, handed["id"])
    assert (release["entry"], release["items"]) == (PEOPLE, ["village", "born", "trade", "notes"])
    report = release["report"]
    assert (report["smallestGroup"], report["rows"], report["unweighed"]) == (5, 12, 0)
    assert (report["items"], report["leftOut"]) == (["village", "born", "trade"], ["notes"])
    # Groups, rows alone in theirs, rows in groups of fewer than five: counted by hand.
    assert counts(report) == {
        ("village",): (3, 1, 1),
        ("born",): (2, 0, 0),
        ("trade",): (2, 1, 1),
        ("village", "born"): (5, 1, 12),
        ("village", "trade"): (4, 2, 2),
        ("born", "trade"): (3, 1, 1),
        ("village", "born", "trade"): (6, 2, 12),
    }
    (met,) = report["encounters"]
    # Eleven people live where there is one clinic; nobody is the only one there.
    assert met == {"entry": CLINICS, "items": ["village"], "itsItems": ["village"], "rows": 11, "alone": 0}


def test_scope_narrows_what_is_weighed_and_keys_end_the_search(world: PortalWorld) -> None:
    handed = submitted(world, opening(["code", "village", "born"], scope={"village": {"in": ["东村", "南村"]}}))
    (release,) = releases(world, handed["id"])
    assert release["report"]["rows"] == 7
    # A code alone tells every row apart: with more items beside it there is nothing more to tell.
    assert counts(release["report"]) == {
        ("code",): (7, 7, 7),
        ("village",): (2, 1, 1),
        ("born",): (2, 0, 7),
        ("village", "born"): (3, 1, 7),
    }
    assert approve(world, handed, release["report"]["lookedAt"], by=OFFICER).codes == []
    assert world.ask("{ shared { people(first: 9) { totalCount nodes { code } } } }").data["shared"]["people"] == {
        "totalCount": 7,
        "nodes": [{"code": f"p{number:02}"} for number in (1, 2, 3, 4, 5, 6, 12)],
    }
    ended = {"withdraw": [{"kind": "policy", "id": "people"}]}
    closing = submitted(world, ended)
    assert releases(world, closing["id"]) == []
    assert approve(world, closing).codes == []


def test_what_the_public_is_masked_from_is_weighed_as_it_is_or_not_at_all(world: PortalWorld) -> None:
    masks = {"trade": {"full": {}}, "born": {"generalise": {"to": 100}}}
    handed = submitted(world, opening(["village", "born", "trade"], obligations={"mask": masks}))
    (release,) = releases(world, handed["id"])
    assert release["report"]["items"] == ["village", "born"]
    assert counts(release["report"])["village", "born"] == (5, 1, 12)


def test_nobody_opens_what_they_have_not_looked_at(world: PortalWorld) -> None:
    handed = submitted(world, opening(["village", "trade"]))
    unseen = approve(world, handed)
    assert unseen.codes == ["CONFLICT"]
    assert PEOPLE in unseen.payload["errors"][0]["message"]
    assert "lookedAt" in unseen.payload["errors"][0]["message"]
    # What the author saw, what was seen of another change, what is made up: none is the approver's own look.
    (by_author,) = releases(world, handed["id"], by=DRAFTER)
    other = submitted(world, opening(["village", "born"]), by=SECOND_DRAFTER)
    (of_other,) = releases(world, other["id"])
    seals = [one["report"]["lookedAt"] for one in (by_author, of_other)]
    assert approve(world, handed, *seals, "", "0" * 64).codes == ["CONFLICT"]
    # Without the report nothing seals that it was looked at.
    assert "report" not in releases(world, handed["id"], fields="releases { entry title }")[0]
    (seen,) = releases(world, handed["id"])
    approved = approve(world, handed, *seals, seen["report"]["lookedAt"]).data["approveChange"]
    assert approved["state"] == "ACTIVE"
    assert world.ask("{ shared { people(first: 1) { nodes { village trade } } } }").codes == []
    undo = world.ask(f'mutation {{ rollBackChange(id: {approved["id"]}, reason: "误") {{ {FIELDS} }} }}', by=DRAFTER)
    checked = step(world, "checkChange", undo.data["rollBackChange"], by=DRAFTER).data["checkChange"]
    closed = step(world, "submitChange", checked, by=DRAFTER).data["submitChange"]
    assert approve(world, closed).codes == []


def test_seal_is_of_one_version(world: PortalWorld) -> None:
    change = draft_change(world, opening(["village"])).data["draftChange"]
    found = step(world, "checkChange", change, by=DRAFTER).data["checkChange"]
    (early,) = releases(world, found["id"])
    handed = step(world, "submitChange", found, by=DRAFTER).data["submitChange"]
    assert approve(world, handed, early["report"]["lookedAt"]).codes == ["CONFLICT"]


def test_one_entry_can_be_asked_for(world: PortalWorld) -> None:
    handed = submitted(world, opening(["village"]))
    assert [one["entry"] for one in releases(world, handed["id"], fields=f'releases(entry: "{PEOPLE}") {{ entry }}')]
    assert releases(world, handed["id"], fields=f'releases(entry: "{VILLAGES}") {{ entry }}') == []


def test_report_is_for_those_who_look_at_changes_and_on_record(world: PortalWorld) -> None:
    handed = submitted(world, opening(["village"]))
    assert releases(world, handed["id"], by=AUDITOR)[0]["report"]["rows"] == 12
    for by in (CHECKER, CLERK, None):
        answer = world.ask(f"{{ changeSet(id: {handed['id']}) {{ {REPORT} }} }}", by=by)
        assert answer.codes == ["NOT_VALID"]
    with reading_log(world.settings.owner_database_url) as connection:
        asked = [json.loads(one.text) for one in search_records(connection, Search(act=Act.POLICY_ASKED))]
    newest = asked[0]
    assert (newest["user"], newest["target"]) == ("auditor", f"release {PEOPLE}")
    assert newest["details"] == {"change": handed["id"]}


def test_what_departments_are_given_needs_no_report(world: PortalWorld) -> None:
    record = {"id": "dept", **allow(PEOPLE, f"department:{CONSUMER}", ["village"])}
    change = {"put": [{"kind": "policy", "document": record}], "declare": {"lasting": ["dept"]}}
    handed = submitted(world, {**change, "declare": {"purposes": ["verification"], "lasting": ["dept"]}})
    assert releases(world, handed["id"]) == []
    assert approve(world, handed).codes == []


def test_report_of_a_load_that_waits_counts_the_rows_that_come_with_it(tmp_path: Path) -> None:
    draft = bundle()
    with open_world(draft, tmp_path) as world:
        portal = CommandLine(world.settings.home)
        draft.policies["people"] = opens("people", PEOPLE, ["village", "trade"])
        draft.rows["people"].append("p13,北村,1980,农民,1.00,,合成人13")
        held = portal("load", draft.write(tmp_path / "new"), "--by", "operator", PORTAL_LOAD_APPROVAL="true")
        assert held.code == 0, held.err
        (change,) = world.ask("{ changeSets(states: [SUBMITTED]) { id version } }", by=OFFICER).data["changeSets"]
        (release,) = releases(world, change["id"])
        assert release["report"]["rows"] == 13
        assert counts(release["report"])["village",] == (4, 2, 2)
        assert approve(world, change, release["report"]["lookedAt"]).codes == []
        seen = world.ask("{ shared { people { totalCount nodes { village } } } }").data["shared"]["people"]
        assert seen["totalCount"] == 13


IN_WORDS = {
    Language.ENGLISH: [
        "village, trade: 4 groups of 12 rows; 2 rows alone in theirs, 2 in groups of fewer than 5",
        "notes",
    ],
    Language.CHINESE: ["village, trade：12 行分为 4 组；2 行独自成组，2 行所在的组少于 5 行", "notes"],
}
OPENS_NOTHING = {Language.ENGLISH: "it opens nothing to everybody\n", Language.CHINESE: "不向公众开放任何内容\n"}


@pytest.mark.parametrize("language", [*Language])
def test_report_is_read_and_given_back_at_the_command_line(tmp_path: Path, language: Language) -> None:
    with open_world(bundle(), tmp_path) as world:
        portal = CommandLine(world.settings.home)
        number = str(submitted(world, opening(["village", "trade", "notes"]))["id"])
        refused = portal("change", "approve", number, "--by", "officer", language=language)
        assert refused.code != 0
        assert PEOPLE in refused.err
        report = portal("change", "report", number, "--by", "officer", language=language)
        assert report.code == 0, report.err
        said = report.out.splitlines()
        assert all(any(wanted in line for line in said) for wanted in IN_WORDS[language])
        assert any(CLINICS in line and "11" in line for line in said)
        seal = said[-1].split()[-1]
        approved = portal("change", "approve", number, "--by", "officer", "--looked-at", seal)
        assert approved.code == 0, approved.err
        closing = submitted(world, {"withdraw": [{"kind": "policy", "id": "people"}]})
        nothing = portal("change", "report", str(closing["id"]), "--by", "officer", language=language)
        assert nothing.out == OPENS_NOTHING[language]
