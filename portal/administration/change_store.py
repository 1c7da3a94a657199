"""Change sets in the portal's database: read, written a step at a time, and listed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Connection, func, insert, select, update

from portal.administration.change_sets import ChangeKind, ChangeSet, ChangeState, Step, document_of
from portal.administration.documents import ChangeDocument, parse_change
from portal.conditions.values import parse_instant, render_instant
from portal.errors import BadInput, Conflict, Text
from portal.json_text import JsonValue, parse_json, render_json
from portal.storage.administration_tables import change_sets, change_steps
from portal.vocabulary import Role, UserId

MOST_LISTED = 100


@dataclass(frozen=True, slots=True)
class StepTaken:
    """A step of a change set's history: to which version it led, when, by whom, and what was said."""

    version: int
    made_at: str
    made_by: str
    step: Step
    note: str


@dataclass(frozen=True, slots=True)
class StepNote:
    """Who takes a step, when, and what they say."""

    by: str
    at: datetime
    note: str = ""


def insert_change(connection: Connection, change: ChangeSet, note: StepNote) -> int:
    """Write a new change set, with its first step, and return its number."""
    statement = insert(change_sets).values(**_cells(change)).returning(change_sets.c.id)
    number = int(connection.execute(statement).scalar_one())
    _insert_step(connection, number, change.version, Step.DRAFT, note)
    return number


def store_step(connection: Connection, change: ChangeSet, step: Step, note: StepNote) -> None:
    """Write a change set that was taken a step on. Raises: Conflict where another step came first (T40)."""
    statement = (
        update(change_sets)
        .where(change_sets.c.id == change.id, change_sets.c.version == change.version - 1)
        .values(**_cells(change))
    )
    if connection.execute(statement).rowcount != 1:
        raise Conflict(
            Text(
                en=f"change set {change.id} was taken on by somebody else; read it again",
                zh=f"变更单 {change.id} 已被他人处理；请重新读取",
            )
        )
    _insert_step(connection, change.id, change.version, step, note)


def _insert_step(connection: Connection, number: int, version: int, step: Step, note: StepNote) -> None:
    cells = {"made_at": render_instant(note.at), "made_by": note.by, "step": step.value, "note": note.note}
    connection.execute(insert(change_steps).values(change_set=number, version=version, **cells))


def _cells(change: ChangeSet) -> dict[str, str | int | None]:
    return {
        "kind": change.kind.value,
        "title": change.title,
        "reason": change.reason,
        "basis": change.basis,
        "author": change.author,
        "state": change.state.value,
        "version": change.version,
        "base_epoch": change.base_epoch,
        "document": render_json(document_of(change)),
        "activates_at": None if change.activates_at is None else render_instant(change.activates_at),
        "approved_by": change.approved_by,
        "seal": change.seal,
        "epoch": change.epoch,
    }


def read_change(connection: Connection, number: int) -> ChangeSet:
    """Return a change set. Raises: BadInput where there is none."""
    row = connection.execute(select(change_sets).where(change_sets.c.id == number)).one_or_none()
    if row is None:
        raise BadInput(Text(en=f"there is no change set {number}", zh=f"没有变更单 {number}"))
    return _change(row)


def list_changes(
    connection: Connection, states: Sequence[ChangeState], first: int, after: int | None = None
) -> tuple[ChangeSet, ...]:
    """Return change sets in these states (all, where none is named), newest first; `after` is the last one before."""
    statement = select(change_sets).order_by(change_sets.c.id.desc()).limit(min(first, MOST_LISTED))
    if states:
        statement = statement.where(change_sets.c.state.in_([state.value for state in states]))
    if after is not None:
        statement = statement.where(change_sets.c.id < after)
    return tuple(map(_change, connection.execute(statement)))


def active_since(connection: Connection, epochs: Iterable[int]) -> Iterator[ChangeSet]:
    """Yield the change sets that are active since one of these epochs, oldest first."""
    numbers = sorted(epochs)
    for begin in range(0, len(numbers), MOST_LISTED):
        these = numbers[begin : begin + MOST_LISTED]
        statement = select(change_sets).where(
            change_sets.c.epoch.in_(these), change_sets.c.state == ChangeState.ACTIVE.value
        )
        yield from map(_change, connection.execute(statement.order_by(change_sets.c.id)).all())


def list_steps(connection: Connection, numbers: Sequence[int]) -> Mapping[int, tuple[StepTaken, ...]]:
    """Return what was done with each of these change sets, in order."""
    statement = select(change_steps).where(change_steps.c.change_set.in_(numbers)).order_by(change_steps.c.version)
    taken: dict[int, list[StepTaken]] = {number: [] for number in numbers}
    for row in connection.execute(statement):
        taken[row.change_set].append(StepTaken(row.version, row.made_at, row.made_by, Step(row.step), row.note))
    return {number: tuple(steps) for number, steps in taken.items()}


def due_changes(connection: Connection, now: datetime) -> tuple[int, ...]:
    """Return the numbers of approved change sets whose time has come, in the order of their times."""
    at = func.coalesce(change_sets.c.activates_at, "")
    statement = (
        select(change_sets.c.id)
        .where(change_sets.c.state == ChangeState.APPROVED.value, at <= render_instant(now))
        .order_by(at, change_sets.c.id)
    )
    return tuple(connection.scalars(statement))


def _change(row: Any) -> ChangeSet:  # noqa: ANN401  a row of SQLAlchemy has the columns of its table
    document = cast("dict[str, Any]", parse_json(row.document))
    change: dict[str, JsonValue] = document["change"]
    rows: Mapping[str, JsonValue] | None = document["rows"]
    return ChangeSet(
        id=row.id,
        kind=ChangeKind(row.kind),
        title=row.title,
        reason=row.reason,
        basis=row.basis,
        author=UserId(row.author),
        author_roles=frozenset(map(Role, document["author_roles"])),
        state=ChangeState(row.state),
        version=row.version,
        base_epoch=row.base_epoch,
        document=parse_change(change) if change else ChangeDocument(),
        base=document["base"],
        rows=rows,
        activates_at=None if row.activates_at is None else parse_instant(row.activates_at),
        approved_by=None if row.approved_by is None else UserId(row.approved_by),
        seal=row.seal,
        epoch=row.epoch,
    )
