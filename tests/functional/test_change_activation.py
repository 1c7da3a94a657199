"""Approved changes that come into force by time, and loads that wait for a second person."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text, update

from portal.access.epochs import EpochSource
from portal.administration.activation import activate_due
from portal.administration.change_sets import ChangeState
from portal.audit.searching import Search, reading_log, search_records
from portal.conditions.values import render_instant
from portal.storage.administration_tables import change_sets
from portal.storage.data_store import dataset_tables
from portal.storage.database import for_writing, open_sync_database
from portal.storage.present import Present
from tests.fixtures.command_line import CommandLine, Ended
from tests.fixtures.office import DRAFTER, OFFICER, in_force, office_bundle, step, submitted
from tests.fixtures.portal_world import PortalWorld, open_world
from tests.fixtures.sharing_bundle import CHECKER, HIDDEN_ITEM, RESIDENTS, allow
from tests.fixtures.small_bundle import CONSUMER, BundleDraft

NUMBERS = "{ shared { residents(purpose: VERIFICATION, first: 1) { nodes { id_number } } } }"
RECORD = {"id": "numbers", **allow(RESIDENTS, f"department:{CONSUMER}", ["code", HIDDEN_ITEM])}
OPENS = {
    "put": [{"kind": "policy", "document": RECORD}],
    "declare": {"purposes": ["verification"], "lasting": ["numbers"]},
}
CLOSES_NAMES = {"withdraw": [{"kind": "policy", "id": "names"}]}
CLOSES = {"withdraw": [{"kind": "policy", "id": "numbers"}]}
IN_TIME = datetime(2099, 1, 1, tzinfo=UTC)
LONG_AGO = "2026-01-01T00:00:00Z"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PortalWorld]:
    with open_world(office_bundle(), tmp_path) as opened:
        yield opened


def reads_numbers(world: PortalWorld) -> bool:
    return "errors" not in world.ask(NUMBERS, by=CHECKER).payload


def approved(world: PortalWorld, change: Mapping[str, object], at: str) -> dict[str, Any]:
    handed = submitted(world, change)
    found: dict[str, Any] = step(world, "approveChange", handed, by=OFFICER, more=f', activatesAt: "{at}"').data
    assert found["approveChange"]["state"] == "APPROVED"
    return dict(found["approveChange"])


def write(world: PortalWorld, statement: Any) -> None:  # noqa: ANN401  any statement of SQLAlchemy
    engine = open_sync_database(world.settings.database_url)
    with for_writing(engine).begin() as connection:
        connection.execute(statement)
    engine.dispose()


def read(url: str, what: Any) -> Any:  # noqa: ANN401  whatever is read
    engine = open_sync_database(url)
    with engine.connect() as connection:
        found = what(connection)
    engine.dispose()
    return found


@dataclass(frozen=True)
class Later:
    """The epochs of a portal whose clock shows a time to come."""

    epochs: EpochSource
    at: datetime

    async def read(self) -> Present:
        return await self.epochs.read()

    def now(self) -> datetime:
        return self.at

    async def listen(self, heard: Callable[[], object]) -> None:
        await self.epochs.listen(heard)

    async def close(self) -> None:
        await self.epochs.close()


@dataclass(frozen=True)
class GoingBack(Later):
    """A clock that shows one time after the other."""

    times: Iterator[datetime] = field(kw_only=True)

    def now(self) -> datetime:
        return next(self.times)


def activate(world: PortalWorld, at: datetime | None = None) -> list[ChangeState]:
    desk = world.portal.endpoint.office.changes
    if at is not None:
        desk = replace(desk, keeper=replace(desk.keeper, epochs=Later(desk.keeper.epochs, at)))
    return [change.state for change in world.run(activate_due(desk))]


def state_of(world: PortalWorld, change: dict[str, Any]) -> str:
    asked = world.ask(f"{{ changeSet(id: {change['id']}) {{ state }} }}", by=DRAFTER)
    return str(asked.data["changeSet"]["state"])


def test_change_comes_into_force_at_its_time_and_not_before(world: PortalWorld) -> None:
    change = approved(world, OPENS, render_instant(IN_TIME))
    assert activate(world) == []
    assert activate(world, IN_TIME - timedelta(seconds=1)) == []
    assert not reads_numbers(world)
    assert activate(world, IN_TIME) == [ChangeState.ACTIVE]
    assert reads_numbers(world)
    assert state_of(world, change) == "ACTIVE"
    assert activate(world, IN_TIME) == []
    with reading_log(world.settings.database_url) as connection:
        acts = [record.text for record in search_records(connection, Search(subject="portal"))]
    assert any(f'"act":"change_activated","target":"change:{change["id"]}"' in act for act in acts)


def test_change_that_fails_keeps_no_other_back(world: PortalWorld) -> None:
    altered, sound = (
        approved(world, OPENS, render_instant(IN_TIME)),
        approved(world, CLOSES_NAMES, render_instant(IN_TIME)),
    )
    write(world, text(f"UPDATE change_sets SET seal = 'x' WHERE id = {altered['id']}"))  # noqa: S608  no input
    assert activate(world, IN_TIME) == [ChangeState.ACTIVE]
    assert (state_of(world, altered), state_of(world, sound)) == ("APPROVED", "ACTIVE")


def test_clock_that_goes_back_a_little_rejects_nothing(world: PortalWorld) -> None:
    change = approved(world, OPENS, render_instant(IN_TIME))
    desk = world.portal.endpoint.office.changes
    times = iter([IN_TIME, *[IN_TIME - timedelta(milliseconds=5)] * 20])
    epochs = GoingBack(desk.keeper.epochs, IN_TIME, times=times)
    assert world.run(activate_due(replace(desk, keeper=replace(desk.keeper, epochs=epochs)))) == ()
    assert state_of(world, change) == "APPROVED"
    assert activate(world, IN_TIME) == [ChangeState.ACTIVE]


def test_server_looks_for_due_changes_by_itself(world: PortalWorld) -> None:
    at = datetime.now(UTC) + timedelta(seconds=10)
    change = approved(world, OPENS, render_instant(at))

    for _ in range(200):
        world.run(asyncio.sleep(0.3))
        if state_of(world, change) == "ACTIVE":
            break
    assert reads_numbers(world)


@pytest.mark.clause("threats.md T29")
@pytest.mark.parametrize(
    "altered",
    [
        {"document": "replace(document, 'verification', 'work_reference')"},
        {"activates_at": f"'{LONG_AGO}'"},
        {"approved_by": "'system'"},
        {"author": "'auditor'"},
        {"seal": "NULL"},
        {"seal": "replace(seal, 'a', 'b')"},
    ],
    ids=str,
)
def test_what_was_altered_after_its_approval_comes_into_force_never(
    world: PortalWorld, altered: dict[str, str]
) -> None:
    change = approved(world, OPENS, "2099-01-01T00:00:00Z")
    (column, value), *_ = altered.items()
    write(world, text(f"UPDATE change_sets SET {column} = {value}"))  # noqa: S608  no input
    write(world, text(f"UPDATE change_sets SET activates_at = '{LONG_AGO}'"))  # noqa: S608  no input
    assert activate(world) == []
    assert not reads_numbers(world)
    assert state_of(world, change) == "APPROVED"


@pytest.mark.clause("threats.md T29")
def test_database_refuses_one_person_in_both_parts(world: PortalWorld) -> None:
    approved(world, OPENS, "2099-01-01T00:00:00Z")
    for statement in (
        update(change_sets).values(approved_by="drafter"),
        update(change_sets).values(approved_by=None),
    ):
        with pytest.raises(Exception, match=r"(?i)check"):
            write(world, statement)


@pytest.mark.clause("threats.md T40")
def test_due_change_upon_what_has_changed_is_rejected_and_says_why(world: PortalWorld) -> None:
    later = approved(world, OPENS, render_instant(IN_TIME))
    in_force(world, OPENS)
    assert activate(world, IN_TIME) == []
    assert state_of(world, later) == "REJECTED"
    steps = world.ask(f"{{ changeSet(id: {later['id']}) {{ steps {{ step madeBy note }} }} }}", by=DRAFTER)
    last = steps.data["changeSet"]["steps"][-1]
    assert (last["step"], last["madeBy"]) == ("REJECT", "portal")
    assert "policy_records/numbers" in last["note"]


def changed_bundle() -> BundleDraft:
    draft = office_bundle()
    draft.policies["numbers"] = RECORD
    draft.rows["villages"] = [*draft.rows["villages"], "99999999,新村,1,1.00,2020-01-01,true,"]
    return draft


def load(world: PortalWorld, draft: BundleDraft, folder: Path, *arguments: str, waits: bool = False) -> Ended:
    approval = "true" if waits else "false"
    return CommandLine(world.settings.home)("load", draft.write(folder), *arguments, PORTAL_LOAD_APPROVAL=approval)


def test_load_is_recorded_as_a_change_set(world: PortalWorld, tmp_path: Path) -> None:
    ended = load(world, changed_bundle(), tmp_path / "new", "--by", "operator", "--reason", "季度更新")
    assert ended.code == 0, ended.err
    assert reads_numbers(world)
    (change,) = world.ask("{ changeSets { kind state author reason epoch approvedBy } }", by=DRAFTER).data["changeSets"]
    assert change == {
        "kind": "LOAD",
        "state": "ACTIVE",
        "author": "operator",
        "reason": "季度更新",
        "epoch": 2,
        "approvedBy": None,
    }
    assert load(world, changed_bundle(), tmp_path / "same").code == 0
    assert len(world.ask("{ changeSets { id } }", by=DRAFTER).data["changeSets"]) == 1


VILLAGE = '{ shared { villages(where: {code: {eq: "99999999"}}) { nodes { name } } } }'


@pytest.mark.clause("threats.md T29")
@pytest.mark.clause("threats.md T30")
def test_load_waits_for_a_second_person_where_that_is_asked(world: PortalWorld, tmp_path: Path) -> None:
    refused = load(world, changed_bundle(), tmp_path / "new", waits=True)
    assert (refused.code, "--by" in refused.err) == (2, True)
    ended = load(world, changed_bundle(), tmp_path / "new", "--by", "operator", waits=True)
    assert ended.code == 0
    assert "waits for another person's approval" in ended.out
    assert not reads_numbers(world)
    assert world.ask(VILLAGE).data["shared"]["villages"]["nodes"] == []
    (change,) = world.ask("{ changeSets { id version state kind } }", by=DRAFTER).data["changeSets"]
    assert (change["state"], change["kind"]) == ("SUBMITTED", "LOAD")
    assert step(world, "approveChange", change, by=OFFICER).data["approveChange"]["state"] == "ACTIVE"
    assert reads_numbers(world)
    assert world.ask(VILLAGE).data["shared"]["villages"]["nodes"] == [{"name": "新村"}]


def tables(world: PortalWorld) -> frozenset[str]:
    found: frozenset[str] = read(world.settings.data_url, dataset_tables)
    return found


def test_rows_of_a_load_that_waits_are_kept_and_of_one_rejected_are_dropped(world: PortalWorld, tmp_path: Path) -> None:
    before = tables(world)
    load(world, changed_bundle(), tmp_path / "new", "--by", "operator", waits=True)
    held = tables(world) - before
    assert len(held) == 1
    other = office_bundle()
    other.title = "另一标题"
    load(world, other, tmp_path / "other", "--by", "operator")
    assert held <= tables(world)
    waiting = world.ask("{ changeSets(states: [SUBMITTED]) { id version } }", by=DRAFTER).data["changeSets"][0]
    step(world, "rejectChange", waiting, by=OFFICER, more=', note: "不需要"')
    other.title = "第三标题"
    load(world, other, tmp_path / "third", "--by", "operator")
    assert not held & tables(world)


@pytest.mark.clause("threats.md T40")
def test_load_that_waited_too_long_is_refused(world: PortalWorld, tmp_path: Path) -> None:
    load(world, changed_bundle(), tmp_path / "new", "--by", "operator", waits=True)
    (waiting,) = world.ask("{ changeSets { id version } }", by=DRAFTER).data["changeSets"]
    in_force(world, OPENS)
    assert step(world, "approveChange", waiting, by=OFFICER).codes == ["CONFLICT"]


def expectation(verdict: str) -> dict[str, object]:
    return {
        "id": f"{verdict}-numbers",
        "verdict": verdict,
        "consumer": f"department:{CONSUMER}",
        "resource": RESIDENTS,
        "items": [HIDDEN_ITEM],
        "purposes": ["verification"],
        "modes": ["query"],
        "reason": "合成期望",
    }


@pytest.mark.clause("threats.md T30")
def test_expectation_is_held_against_every_later_change(world: PortalWorld, tmp_path: Path) -> None:
    in_force(world, {"put": [{"kind": "expectation", "document": expectation("never")}]})
    document = 'mutation ($change: Document!) { draftChange(title: "x", reason: "x", change: $change) { id version } }'
    drafted = world.ask(document, by=DRAFTER, variables={"change": OPENS}).data["draftChange"]
    fields = "state assessment { isSound brokenExpectations }"
    found = step(world, "checkChange", drafted, by=DRAFTER, fields=fields).data["checkChange"]
    assert (found["state"], found["assessment"]["isSound"]) == ("DRAFT", False)
    assert "never-numbers" in found["assessment"]["brokenExpectations"][0]
    ended = load(world, changed_bundle(), tmp_path / "new", "--by", "operator")
    assert ended.code == 2
    assert "never-numbers" in ended.err
    assert not reads_numbers(world)


@pytest.mark.clause("threats.md T30")
def test_expectation_made_meanwhile_keeps_a_due_change_back(world: PortalWorld) -> None:
    later = approved(world, OPENS, render_instant(IN_TIME))
    in_force(world, {"put": [{"kind": "expectation", "document": expectation("never")}]})
    assert activate(world, IN_TIME) == []
    assert state_of(world, later) == "REJECTED"
    assert not reads_numbers(world)


def test_permission_that_is_expected_is_not_withdrawn(world: PortalWorld) -> None:
    in_force(world, OPENS)
    in_force(world, {"put": [{"kind": "expectation", "document": expectation("able")}]})
    document = 'mutation ($change: Document!) { draftChange(title: "x", reason: "x", change: $change) { id version } }'
    drafted = world.ask(document, by=DRAFTER, variables={"change": CLOSES}).data["draftChange"]
    found = step(world, "checkChange", drafted, by=DRAFTER, fields="state assessment { brokenExpectations }").data
    assert "able-numbers" in found["checkChange"]["assessment"]["brokenExpectations"][0]
    lifted = {**CLOSES, "withdraw": [*CLOSES["withdraw"], {"kind": "expectation", "id": "able-numbers"}]}
    in_force(world, lifted)
    assert not reads_numbers(world)


def test_freeze_keeps_nobody_from_loading(world: PortalWorld, tmp_path: Path) -> None:
    """What must be able to read is held to once no freeze holds any more: an emergency breaks no expectation."""
    in_force(world, OPENS)
    in_force(world, {"put": [{"kind": "expectation", "document": expectation("able")}]})
    frozen = CommandLine(world.settings.home)("freeze", "everything", "--by", "drafter", "--reason", "疑似泄露")
    assert frozen.code == 0, frozen.err
    assert not reads_numbers(world)
    ended = load(world, changed_bundle(), tmp_path / "new", "--by", "operator")
    assert ended.code == 0, ended.err
    without = changed_bundle()
    del without.policies["numbers"]
    ended = load(world, without, tmp_path / "without", "--by", "operator")
    assert ended.code == 2
    assert "able-numbers" in ended.err
