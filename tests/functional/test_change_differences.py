"""What a change set changes, thing by thing: to who judges it before it is in force, and as it was once it is."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from portal.access.asker import Asker
from portal.administration.acts import Person
from portal.errors import Forbidden
from portal.policies.duties import Actor
from portal.vocabulary import DepartmentCode, Role, Subject, UserId
from tests.fixtures.command_line import CommandLine
from tests.fixtures.office import (
    AUDITOR,
    DRAFTER,
    MANAGER,
    OFFICER,
    SYSTEM,
    UNCONFIRMED,
    checked,
    draft_change,
    in_force,
    office_bundle,
)
from tests.fixtures.portal_world import PortalWorld, open_world
from tests.fixtures.sharing_bundle import CHECKER, CLERK, HIDDEN_ITEM, RESIDENTS, allow
from tests.fixtures.small_bundle import AUTHORITY, CONSUMER, add_agreement

pytestmark = pytest.mark.clause("NT-33")

RECORD = {"id": "numbers", **allow(RESIDENTS, f"department:{CONSUMER}", ["code", HIDDEN_ITEM])}
DECLARED = {"purposes": ["verification"], "lasting": ["numbers"]}
OPENS = {"put": [{"kind": "policy", "document": RECORD}], "declare": DECLARED}
ENDS = {
    "put": [{"kind": "policy", "document": {**RECORD, "valid_until": "2099-01-01T08:00:00+08:00", "matters": []}}],
    "declare": DECLARED,
}
FIELDS = "differences { kind id before after } differenceCounts { kind added changed withdrawn }"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PortalWorld]:
    with open_world(office_bundle(), tmp_path) as opened:
        yield opened


def differences(world: PortalWorld, number: int, by: str = OFFICER) -> dict[str, Any]:
    found: dict[str, Any] = world.ask(f"{{ changeSet(id: {number}) {{ {FIELDS} }} }}", by=by).data["changeSet"]
    return found


def only(world: PortalWorld, number: int) -> dict[str, Any]:
    (found,) = differences(world, number)["differences"]
    return dict(found)


def changed(difference: dict[str, Any]) -> dict[str, tuple[object, object]]:
    """Return before and after of the members that aren't the same."""
    before, after = difference["before"], difference["after"]
    return {
        name: (before.get(name), after.get(name)) for name in {*before, *after} if before.get(name) != after.get(name)
    }


def test_new_record_has_nothing_before_it(world: PortalWorld) -> None:
    found = checked(world, OPENS)
    difference = only(world, found["id"])
    assert (difference["kind"], difference["id"], difference["before"]) == ("POLICY", "numbers", None)
    assert difference["after"] == {name: member for name, member in RECORD.items() if member}
    assert differences(world, found["id"])["differenceCounts"] == [
        {"kind": "POLICY", "added": 1, "changed": 0, "withdrawn": 0}
    ]


def test_member_alone_differs_that_was_changed_whatever_its_way_of_writing(world: PortalWorld) -> None:
    in_force(world, OPENS)
    assert changed(only(world, checked(world, ENDS)["id"])) == {"valid_until": (None, "2099-01-01T00:00:00Z")}


def test_withdrawn_record_is_shown_as_it_is_and_has_nothing_after_it(world: PortalWorld) -> None:
    in_force(world, OPENS)
    difference = only(world, checked(world, {"withdraw": [{"kind": "policy", "id": "numbers"}]})["id"])
    assert difference["before"]["items"] == ["code", HIDDEN_ITEM]
    assert difference["after"] is None


def test_change_in_force_shows_what_it_changed_and_not_what_holds_now(world: PortalWorld) -> None:
    first = in_force(world, OPENS)
    second = in_force(world, ENDS)
    third = in_force(world, {"withdraw": [{"kind": "policy", "id": "numbers"}]})
    assert only(world, first["id"])["before"] is None
    assert "valid_until" not in only(world, first["id"])["after"]
    assert changed(only(world, second["id"])) == {"valid_until": (None, "2099-01-01T00:00:00Z")}
    assert only(world, third["id"])["after"] is None


def test_undoing_shows_the_way_back(world: PortalWorld) -> None:
    in_force(world, OPENS)
    ended = in_force(world, ENDS)
    undo = world.ask(f'mutation {{ rollBackChange(id: {ended["id"]}, reason: "误") {{ id }} }}', by=DRAFTER)
    difference = only(world, undo.data["rollBackChange"]["id"])
    assert changed(difference) == {"valid_until": ("2099-01-01T00:00:00Z", None)}


def test_draft_with_faults_is_shown_as_it_was_written(world: PortalWorld) -> None:
    wrong = {"effect": "maybe", "valid_from": "soon"}
    drafted = draft_change(world, {"put": [{"kind": "policy", "document": wrong}]}).data["draftChange"]
    assert only(world, drafted["id"]) == {"kind": "POLICY", "id": "put[0]", "before": None, "after": wrong}


def test_register_is_shown_with_its_standing_on_either_side(world: PortalWorld) -> None:
    user = {"id": "clerk-2", "name": "合成人员", "department": CONSUMER, "auth_level": 1, "network_zone": "government"}
    added = in_force(world, {"put": [{"kind": "user", "document": user}]}, by=SYSTEM, and_by=DRAFTER)
    disabled = {"put": [{"kind": "user", "document": {**user, "status": "disabled"}}]}
    found = checked(world, disabled, by=SYSTEM)
    assert changed(only(world, found["id"])) == {"status": ("active", "disabled")}
    in_force(world, disabled, by=SYSTEM, and_by=DRAFTER)
    assert only(world, added["id"])["after"]["status"] == "active"
    renamed = in_force(
        world,
        {"put": [{"kind": "user", "document": {**user, "status": "disabled", "name": "另一合成人员"}}]},
        by=SYSTEM,
        and_by=DRAFTER,
    )
    # Its standing had no new version in that epoch, and is told all the same.
    assert changed(only(world, renamed["id"])) == {"name": ("合成人员", "另一合成人员")}
    assert only(world, renamed["id"])["after"]["status"] == "disabled"


def test_expectation_and_group_are_told_by_what_they_say(world: PortalWorld) -> None:
    about = {"consumer": f"department:{CONSUMER}", "resource": RESIDENTS, "purposes": ["*"], "modes": ["*"]}
    expectation = {"id": "stays", "verdict": "never", "reason": "合成", "items": [HIDDEN_ITEM], **about}
    put = in_force(world, {"put": [{"kind": "expectation", "document": expectation}]})
    assert only(world, put["id"])["after"] == expectation
    found = checked(world, {"put": [{"kind": "group", "document": {"code": "g", "name": "组"}}]}, by=SYSTEM)
    assert only(world, found["id"])["after"] == {"code": "g", "name": "组"}


def test_freeze_that_is_to_be_lifted_says_what_it_freezes(world: PortalWorld) -> None:
    command = CommandLine(world.settings.home)
    assert command("freeze", f"entry:{RESIDENTS}", "--by", "officer", "--reason", "疑似泄露").code == 0
    difference = only(world, checked(world, {"withdraw": [{"kind": "freeze", "id": "freeze:1"}]})["id"])
    assert (difference["kind"], difference["after"]) == ("FREEZE", None)
    assert (difference["before"]["target"], difference["before"]["reason"]) == (RESIDENTS, "疑似泄露")


def test_agreement_is_one_thing_with_its_record_and_key_is_told_as_its_text(tmp_path: Path) -> None:
    draft = office_bundle()
    add_agreement(draft)
    with open_world(draft, tmp_path) as world:
        (name,) = draft.agreements
        difference = only(world, checked(world, {"withdraw": [{"kind": "agreement", "id": name}]})["id"])
        assert (difference["kind"], difference["id"], difference["after"]) == ("AGREEMENT", name, None)
        assert difference["before"] == draft.agreements[name]
        path = next(iter(draft.keys))
        difference = only(world, checked(world, {"withdraw": [{"kind": "key", "id": path}]}, by=SYSTEM)["id"])
        assert difference["before"]["content"].startswith("-----BEGIN")


@pytest.mark.parametrize("waits", [True, False])
def test_load_is_told_by_what_it_changes_in_force_or_not(world: PortalWorld, tmp_path: Path, *, waits: bool) -> None:
    draft = office_bundle()
    draft.policies["numbers"] = RECORD
    del draft.policies["names"]
    draft.rows["villages"] = [*draft.rows["villages"], "99999999,新村,1,1.00,2020-01-01,true,"]
    command = CommandLine(world.settings.home)
    approval = "true" if waits else "false"
    loaded = command("load", draft.write(tmp_path / "new"), "--by", "operator", PORTAL_LOAD_APPROVAL=approval)
    assert loaded.code == 0, loaded.err
    found = differences(world, 1)
    counts = {one["kind"]: (one["added"], one["changed"], one["withdrawn"]) for one in found["differenceCounts"]}
    assert counts == {"POLICY": (1, 0, 1), "ROWS": (0, 1, 0)}
    of = {one["id"]: one for one in found["differences"]}
    assert (of["numbers"]["before"], of["names"]["after"]) == (None, None)
    assert of["numbers"]["after"]["items"] == ["code", HIDDEN_ITEM]


@pytest.mark.clause("threats.md T29")
@pytest.mark.parametrize("by", [MANAGER, CLERK, UNCONFIRMED, CHECKER, None])
def test_who_may_not_see_changes_is_shown_none(world: PortalWorld, by: str | None) -> None:
    found = checked(world, OPENS)
    refused = world.ask(f"{{ changeSet(id: {found['id']}) {{ {FIELDS} }} }}", by=by)
    assert set(refused.codes) <= {"FORBIDDEN", "NOT_VALID"}
    assert refused.codes
    assert "numbers" not in refused.content.decode()


@pytest.mark.clause("threats.md T29")
def test_differences_are_the_desk_s_to_refuse(world: PortalWorld) -> None:
    found = checked(world, OPENS)
    subject = Subject(department=DepartmentCode(AUTHORITY), user=UserId("drafter"), roles=(Role.ANALYST,), auth_level=3)
    nobody = Person(Actor(subject, confirmed=True), Asker(None, None, uuid4().hex))
    with pytest.raises(Forbidden):
        world.run(world.portal.endpoint.office.changes.differences(nobody, found["id"]))


def test_auditor_sees_what_was_changed(world: PortalWorld) -> None:
    assert differences(world, in_force(world, OPENS)["id"], AUDITOR)["differences"]
