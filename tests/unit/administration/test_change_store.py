"""Change sets as rows: what is read is what was written, and of two steps at once one is refused."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from portal.administration.change_sets import ChangeKind, ChangeSet, ChangeState, Step, advance
from portal.administration.change_store import (
    StepNote,
    due_changes,
    insert_change,
    list_changes,
    list_steps,
    read_change,
    store_step,
)
from portal.errors import BadInput, Conflict
from portal.storage.database import for_writing, open_sync_database
from tests.fixtures.small_bundle import new_store
from tests.unit.administration.test_change_sets import CHANGE

NOTE = StepNote("u1", datetime(2026, 3, 1, 8, tzinfo=UTC), "合成")


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    engine = open_sync_database(new_store(tmp_path).database_url)
    with for_writing(engine).begin() as opened:
        yield opened
    engine.dispose()


def draft(connection: Connection, **members: object) -> ChangeSet:
    change = replace(CHANGE, state=ChangeState.DRAFT, version=1, approved_by=None, activates_at=None)
    change = replace(change, **members)  # type: ignore[arg-type]  # members of a change set
    return replace(change, id=insert_change(connection, change, NOTE))


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"kind": ChangeKind.ROLLBACK, "basis": "依据", "epoch": 7},
        {"kind": ChangeKind.LOAD, "rows": {"profile": "p", "title": "t", "tables": {"groups": {"a": None}}}},
        {"activates_at": datetime(2026, 7, 1, tzinfo=UTC), "approved_by": "u2", "seal": "00"},
    ],
    ids=str,
)
def test_change_set_comes_back_as_it_was_written(connection: Connection, members: dict[str, object]) -> None:
    change = draft(connection, **members)
    assert read_change(connection, change.id) == change
    assert list_changes(connection, [], 10) == (change,)


def test_nothing_comes_back_where_there_is_none(connection: Connection) -> None:
    with pytest.raises(BadInput, match="no change set 1"):
        read_change(connection, 1)
    assert list_changes(connection, [], 10) == ()
    assert list_steps(connection, (1,)) == {1: ()}


@pytest.mark.clause("threats.md T40")
def test_of_two_steps_from_one_version_the_second_is_refused(connection: Connection) -> None:
    change = draft(connection)
    store_step(connection, advance(change, Step.CHECK), Step.CHECK, NOTE)
    with pytest.raises(Conflict):
        store_step(connection, advance(change, Step.WITHDRAW), Step.WITHDRAW, NOTE)
    assert read_change(connection, change.id).state is ChangeState.CHECKED
    assert [(step.version, step.step, step.made_by) for step in list_steps(connection, (change.id,))[change.id]] == [
        (1, Step.DRAFT, "u1"),
        (2, Step.CHECK, "u1"),
    ]


def test_list_is_newest_first_by_state_and_page(connection: Connection) -> None:
    first, second, third = (draft(connection, title=str(number)) for number in range(3))
    store_step(connection, advance(second, Step.WITHDRAW), Step.WITHDRAW, NOTE)
    assert [change.id for change in list_changes(connection, [], 10)] == [third.id, second.id, first.id]
    assert [change.id for change in list_changes(connection, [ChangeState.DRAFT], 10)] == [third.id, first.id]
    assert [change.id for change in list_changes(connection, [], 1, after=third.id)] == [second.id]


def test_due_are_those_approved_whose_time_has_come(connection: Connection) -> None:
    at = datetime(2026, 7, 1, tzinfo=UTC)
    approved = {"state": ChangeState.APPROVED, "approved_by": "u2"}
    later = draft(connection, activates_at=at, **approved)
    earlier = draft(connection, activates_at=at.replace(month=6), **approved)
    draft(connection, activates_at=at.replace(month=8), **approved)
    draft(connection, activates_at=at.replace(month=6))
    assert due_changes(connection, at) == (earlier.id, later.id)
    assert due_changes(connection, at.replace(month=5)) == ()


@pytest.mark.clause("threats.md T29")
@pytest.mark.parametrize(
    "assignment",
    ["approved_by = author", "state = 'approved'", "state = 'active '", "kind = 'other'", "version = NULL"],
)
def test_database_refuses_what_no_step_leads_to(connection: Connection, assignment: str) -> None:
    draft(connection)
    with pytest.raises(Exception, match=r"(?i)constraint"):
        connection.execute(text(f"UPDATE change_sets SET {assignment}"))  # noqa: S608  no input
