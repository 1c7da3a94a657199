"""Changes of what decisions rest on, over GraphQL: by two people of two offices, upon what they saw, in force whole."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from portal.audit.records import Outcome
from portal.audit.searching import Search, reading_log, search_records
from portal.vocabulary import DepartmentCode
from tests.fixtures.office import (
    AUDITOR,
    DRAFTER,
    FIELDS,
    MANAGER,
    OFFICER,
    SECOND_DRAFTER,
    SYSTEM,
    UNCONFIRMED,
    checked,
    draft_change,
    in_force,
    office_bundle,
    step,
    submitted,
)
from tests.fixtures.portal_world import PortalWorld, open_world
from tests.fixtures.register_changes import change_register, store_of
from tests.fixtures.sharing_bundle import CHECKER, CLERK, HIDDEN_ITEM, RESIDENTS, allow
from tests.fixtures.small_bundle import CONSUMER, content_of

pytestmark = [pytest.mark.clause("NT-33"), pytest.mark.clause("WH-28")]

NUMBERS = "{ shared { residents(purpose: VERIFICATION, first: 1) { nodes { id_number } } } }"
RECORD = {"id": "numbers", **allow(RESIDENTS, f"department:{CONSUMER}", ["code", HIDDEN_ITEM])}
OPENS = {
    "put": [{"kind": "policy", "document": RECORD}],
    "declare": {"purposes": ["verification"], "lasting": ["numbers"]},
}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PortalWorld]:
    with open_world(office_bundle(), tmp_path) as opened:
        yield opened


def reads_numbers(world: PortalWorld) -> bool:
    answer = world.ask(NUMBERS, by=CHECKER)
    return "errors" not in answer.payload


def change_set(world: PortalWorld, number: int, by: str = DRAFTER) -> dict[str, Any]:
    fields = f"{FIELDS} steps {{ step madeBy note version }}"
    found: dict[str, Any] = world.ask(f"{{ changeSet(id: {number}) {{ {fields} }} }}", by=by).data["changeSet"]
    return found


def test_list_tells_when_each_was_changed_last_and_by_whom_reading_the_steps_of_all_at_once(world: PortalWorld) -> None:
    in_force(world, OPENS)
    draft_change(world, OPENS, title="又一变更")
    reading = list[str]()

    def note(_connection: object, _cursor: object, statement: str, *_others: object) -> None:
        if "FROM change_steps" in statement:
            reading.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        listed = world.ask("{ changeSets { changedAt steps { madeAt madeBy } } }", by=OFFICER).data["changeSets"]
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert [[step["madeBy"] for step in one["steps"]] for one in listed][:2] == [
        ["drafter"],
        ["drafter", "drafter", "drafter", "officer", "officer"],
    ]
    assert all(one["changedAt"] == one["steps"][-1]["madeAt"] for one in listed)
    assert len(reading) == 1


def test_item_is_opened_by_two_people(world: PortalWorld) -> None:
    assert not reads_numbers(world)
    handed = submitted(world, OPENS)
    assert not reads_numbers(world)
    active = step(world, "approveChange", handed, by=OFFICER).data["approveChange"]
    assert (active["state"], active["author"], active["approvedBy"]) == ("ACTIVE", "drafter", "officer")
    assert reads_numbers(world)
    steps = change_set(world, active["id"])["steps"]
    assert [(one["step"], one["madeBy"]) for one in steps] == [
        ("DRAFT", "drafter"),
        ("CHECK", "drafter"),
        ("SUBMIT", "drafter"),
        ("APPROVE", "officer"),
        ("ACTIVATE", "officer"),
    ]


@pytest.mark.clause("threats.md T29")
@pytest.mark.parametrize("by", [DRAFTER, SECOND_DRAFTER, SYSTEM, AUDITOR, MANAGER, CLERK, UNCONFIRMED, CHECKER, None])
def test_nobody_else_approves(world: PortalWorld, by: str | None) -> None:
    handed = submitted(world, OPENS)
    arguments = f"id: {handed['id']}, version: {handed['version']}"
    refused = world.ask(f"mutation {{ approveChange({arguments}) {{ state }} }}", by=by)
    assert set(refused.codes) <= {"FORBIDDEN", "NOT_VALID"}
    assert refused.codes
    assert change_set(world, handed["id"])["state"] == "SUBMITTED"
    assert not reads_numbers(world)


@pytest.mark.clause("threats.md T29")
def test_who_is_refused_is_on_record(world: PortalWorld) -> None:
    handed = submitted(world, OPENS)
    assert step(world, "approveChange", handed, by=DRAFTER).codes == ["FORBIDDEN"]
    assert draft_change(world, OPENS, by=UNCONFIRMED).codes == ["FORBIDDEN"]
    with reading_log(world.settings.database_url) as connection:
        found = [record.text for record in search_records(connection, Search(decision=Outcome.DENY))]
    assert ['"operation":"draft_policies"' in text for text in found] == [True, False]
    assert '"target":"change:1"' in found[1]
    assert all('"act":"administration_refused"' in text and '"code":"FORBIDDEN"' in text for text in found)


@pytest.mark.clause("threats.md T29")
@pytest.mark.parametrize("by", [SYSTEM, AUDITOR, MANAGER, CLERK, UNCONFIRMED, CHECKER, None])
def test_nobody_else_drafts_policies(world: PortalWorld, by: str | None) -> None:
    refused = (
        draft_change(world, OPENS, by=by or "")
        if by
        else world.ask('mutation { draftChange(title: "x", reason: "x", change: {}) { id } }')
    )
    assert set(refused.codes) <= {"FORBIDDEN", "NOT_VALID"}
    assert refused.codes
    assert world.ask("{ changeSets { id } }", by=DRAFTER).data == {"changeSets": []}


@pytest.mark.clause("threats.md T30")
def test_register_is_the_system_administrators_to_change_and_anothers_to_approve(world: PortalWorld) -> None:
    group = {"put": [{"kind": "group", "document": {"code": "new", "name": "新组"}}]}
    for by in (DRAFTER, OFFICER):
        assert draft_change(world, group, by=by).codes == ["FORBIDDEN"]
    handed = submitted(world, group, by=SYSTEM)
    assert step(world, "approveChange", handed, by=SYSTEM).codes in (["FORBIDDEN"], ["NOT_VALID"])
    assert step(world, "approveChange", handed, by=DRAFTER).data["approveChange"]["state"] == "ACTIVE"


@pytest.mark.clause("threats.md T40")
def test_of_two_who_judge_at_once_one_is_refused(world: PortalWorld) -> None:
    handed = submitted(world, OPENS)
    document = f"mutation {{ approveChange(id: {handed['id']}, version: {handed['version']}) {{ state }} }}"
    answers = world.together([document, document, document], by=OFFICER)
    assert sorted(answer.codes != [] for answer in answers) == [False, True, True]
    assert {code for answer in answers for code in answer.codes} == {"CONFLICT"}


@pytest.mark.clause("threats.md T40")
def test_change_upon_what_has_changed_meanwhile_is_refused(world: PortalWorld) -> None:
    first, second = submitted(world, OPENS), submitted(world, OPENS)
    assert step(world, "approveChange", first, by=OFFICER).data["approveChange"]["state"] == "ACTIVE"
    refused = step(world, "approveChange", second, by=OFFICER)
    assert refused.codes == ["CONFLICT"]
    assert "policy_records/numbers" in refused.errors[0]["message"]


def test_draft_that_is_edited_must_be_checked_anew(world: PortalWorld) -> None:
    found = checked(world, OPENS)
    seen = f"id: {found['id']}, version: {found['version']}"
    arguments = f'{seen}, title: "x", reason: "x", change: $change'
    edit = f"mutation ($change: Document!) {{ editChange({arguments}) {{ {FIELDS} }} }}"
    edited = world.ask(edit, by=DRAFTER, variables={"change": OPENS}).data["editChange"]
    assert edited["state"] == "DRAFT"
    assert step(world, "submitChange", edited, by=DRAFTER).codes == ["CONFLICT"]
    assert step(world, "submitChange", found, by=DRAFTER).codes == ["CONFLICT"]


def test_author_alone_takes_a_draft_on(world: PortalWorld) -> None:
    found = checked(world, OPENS)
    for name in ("submitChange", "checkChange", "withdrawChange"):
        assert step(world, name, found, by=SECOND_DRAFTER).codes == ["FORBIDDEN"]
    withdrawn = step(world, "withdrawChange", found, by=DRAFTER).data["withdrawChange"]
    assert withdrawn["state"] == "WITHDRAWN"
    assert step(world, "submitChange", withdrawn, by=DRAFTER).codes == ["CONFLICT"]


def test_rejected_change_comes_into_force_no_more(world: PortalWorld) -> None:
    handed = submitted(world, OPENS)
    rejected = step(world, "rejectChange", handed, by=OFFICER, more=', note: "无依据"').data["rejectChange"]
    assert rejected["state"] == "REJECTED"
    assert step(world, "approveChange", rejected, by=OFFICER).codes == ["CONFLICT"]
    assert change_set(world, rejected["id"])["steps"][-1]["note"] == "无依据"


def test_change_is_undone_by_another_change(world: PortalWorld) -> None:
    active = in_force(world, OPENS)
    assert reads_numbers(world)
    undo = world.ask(
        f'mutation {{ rollBackChange(id: {active["id"]}, reason: "误") {{ id version state }} }}', by=DRAFTER
    ).data["rollBackChange"]
    found = step(world, "checkChange", undo, by=DRAFTER).data["checkChange"]
    handed = step(world, "submitChange", found, by=DRAFTER).data["submitChange"]
    assert step(world, "approveChange", handed, by=OFFICER).data["approveChange"]["state"] == "ACTIVE"
    assert not reads_numbers(world)
    assert change_set(world, active["id"])["state"] == "SUPERSEDED"


def test_faults_are_told_with_their_places(world: PortalWorld) -> None:
    wrong = [{**RECORD, "items": ["nothing"]}, {**RECORD, "purposes": ["curiosity"]}]
    found = checked(world, {"put": [{"kind": "policy", "document": one} for one in wrong]})
    assert found["state"] == "DRAFT"
    assert not found["assessment"]["isSound"]
    places = {fault["place"] for fault in found["assessment"]["faults"]}
    assert places == {"put[0].document.items", "put[1].document.purposes"}
    assert step(world, "submitChange", found, by=DRAFTER).codes == ["CONFLICT"]


@pytest.mark.parametrize(
    ("withdrawn", "what"),
    [
        ({"kind": "policy", "id": "provider-residents"}, "provider's own"),
        ({"kind": "policy", "id": "nothing"}, "there is no policy"),
        ({"kind": "department", "id": "nothing"}, "there is no department"),
        ({"kind": "freeze", "id": "freeze:9"}, "there is no freeze"),
    ],
)
def test_what_is_not_to_be_withdrawn_is_a_fault(world: PortalWorld, withdrawn: dict[str, str], what: str) -> None:
    by = SYSTEM if withdrawn["kind"] == "department" else DRAFTER
    (fault,) = checked(world, {"withdraw": [withdrawn]}, by=by)["assessment"]["faults"]
    assert what in fault["what"]


def test_undeclared_purpose_keeps_a_change_from_being_submitted(world: PortalWorld) -> None:
    found = checked(world, {"put": OPENS["put"], "declare": {"lasting": ["numbers"]}})
    broken = [one for one in found["assessment"]["guarantees"] if not one["holds"]]
    assert [one["name"] for one in broken] == ["serves_declared_purposes"]
    assert "verification" in broken[0]["counterExample"]
    assert step(world, "submitChange", found, by=DRAFTER).codes == ["CONFLICT"]


def test_impact_tells_who_gains_what(world: PortalWorld) -> None:
    impact = checked(world, OPENS)["assessment"]["impact"]
    gained = [one for one in impact if HIDDEN_ITEM in one["items"]]
    assert gained
    assert {one["way"] for one in gained} == {"OPENED"}
    assert any(f"department:{CONSUMER}" in one["who"] for one in gained)
    assert all(one["purposes"] == ["VERIFICATION"] for one in gained)
    # Of 12 residents the restriction on low incomes keeps two: one is poor, of one it isn't known.
    assert {(one["rowsBefore"], one["rowsAfter"]) for one in gained} == {(0, 10)}


def test_later_time_is_kept_to(world: PortalWorld) -> None:
    handed = submitted(world, OPENS)
    past = step(world, "approveChange", handed, by=OFFICER, more=', activatesAt: "2026-01-01T00:00:00Z"')
    assert past.codes == ["BAD_INPUT"]
    later = step(world, "approveChange", handed, by=OFFICER, more=', activatesAt: "2099-01-01T00:00:00Z"')
    assert later.data["approveChange"]["state"] == "APPROVED"
    assert not reads_numbers(world)


def test_literal_change_is_taken_as_well(world: PortalWorld) -> None:
    document = """mutation { draftChange(title: "x", reason: "x", change: {
      withdraw: [{kind: "policy", id: "names"}], declare: {purposes: []}}) { document } }"""
    drafted = world.ask(document, by=DRAFTER).data["draftChange"]["document"]
    assert drafted == {"withdraw": [{"kind": "policy", "id": "names"}]}
    inner = 'mutation ($id: String) { draftChange(title: "x", reason: "x", change: {withdraw: [{id: $id}]}) { id } }'
    assert world.ask(inner, by=DRAFTER, variables={"id": "names"}).codes == ["NOT_VALID"]


@pytest.mark.parametrize("by", [CHECKER, CLERK, None])
def test_fields_of_the_office_are_in_nobody_elses_schema(world: PortalWorld, by: str | None) -> None:
    document = "{ __schema { types { name } queryType { fields { name } } mutationType { fields { name } } } }"
    schema = world.ask(document, by=by).data["__schema"]
    assert not {"ChangeSet", "Freeze", "ChangeAssessment"} & {one["name"] for one in schema["types"]}
    assert not {"changeSets", "freezes", "changeSet"} & {one["name"] for one in schema["queryType"]["fields"]}
    # Everybody may open a ticket, and whoever has a duty may enrol a second factor; nothing else here.
    mutations = {one["name"] for one in (schema["mutationType"] or {"fields": []})["fields"]}
    tickets = {"reportFault", "requestOpening"}
    assert mutations - tickets <= ({"enrolSecondFactor", "confirmSecondFactor"} if by == CLERK else set())


def test_each_office_sees_its_own_fields(world: PortalWorld) -> None:
    def mutations(by: str) -> set[str]:
        fields = world.ask("{ __schema { mutationType { fields { name } } } }", by=by).data["__schema"]["mutationType"]
        return set() if fields is None else {one["name"] for one in fields["fields"]}

    assert {"draftChange", "approveChange", "freeze"} <= mutations(DRAFTER)
    assert "approveChange" not in mutations(SYSTEM)
    assert "freeze" not in mutations(SYSTEM)
    assert not {"draftChange", "approveChange", "freeze"} & mutations(AUDITOR)


def test_mutation_is_not_executed_by_get(world: PortalWorld) -> None:
    handed = submitted(world, OPENS)
    document = f"mutation {{ approveChange(id: {handed['id']}, version: {handed['version']}) {{ state }} }}"
    answer = world.send("GET", params={"query": document}, by=OFFICER)
    assert answer.status == 405
    assert change_set(world, handed["id"])["state"] == "SUBMITTED"


@pytest.mark.clause("threats.md T30")
@pytest.mark.parametrize(
    ("document", "place"),
    [
        ({"kind": "group", "document": {"code": "g"}}, "put[0].document.name"),
        ({"kind": "user", "document": {"id": "u", "name": "甲", "department": "nobody"}}, "user/u department"),
        ({"kind": "key", "document": {"path": "x.pem"}}, "put[0].document"),
        ({"kind": "key", "document": {"path": "x.pem", "content": "-----BEGIN PRIVATE KEY-----"}}, "put[0].document"),
    ],
)
def test_fault_of_the_register_is_told_with_its_place(world: PortalWorld, document: object, place: str) -> None:
    found = checked(world, {"put": [document]}, by=SYSTEM)
    assert place in {fault["place"] for fault in found["assessment"]["faults"]}


def test_group_that_records_name_is_not_withdrawn_under_them(world: PortalWorld) -> None:
    found = checked(world, {"withdraw": [{"kind": "group", "id": "inspectors"}]}, by=SYSTEM)
    assert not found["assessment"]["isSound"]
    assert any("inspectors" in fault["what"] for fault in found["assessment"]["faults"])


def test_what_dangles_already_keeps_nobody_from_changing_something_else(world: PortalWorld) -> None:
    registry = content_of(store_of(world)).registry
    dangling = replace(registry.departments[DepartmentCode(CONSUMER)], parent=DepartmentCode("nobody"))
    change_register(store_of(world), dangling)
    in_force(world, OPENS)
    assert reads_numbers(world)
    group = {"put": [{"kind": "group", "document": {"code": "new", "name": "新组"}}]}
    in_force(world, group, by=SYSTEM, and_by=DRAFTER)


@pytest.mark.clause("threats.md T22")
def test_nobody_writes_which_version_holds_again(world: PortalWorld) -> None:
    restore = {"restore": [{"table": "policy_records", "key": "names", "version": None}]}
    refused = draft_change(world, restore)
    assert refused.codes == ["BAD_INPUT"]
    assert "`restore` isn't written by hand" in refused.errors[0]["message"]


@pytest.mark.parametrize("text", ["\ud800", "a\x00b"])
def test_text_that_cannot_be_stored_is_refused_where_it_comes_in(world: PortalWorld, text: str) -> None:
    change = {"put": [{"kind": "policy", "document": {"id": "x", "note": [text]}}]}
    assert draft_change(world, change).codes == ["BAD_INPUT"]
