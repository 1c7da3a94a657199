"""A ticket: what somebody of the public reported or wished for, and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from portal.errors import BadInput, Conflict, Text
from portal.tickets.numbers import TicketNumber
from portal.vocabulary import EntryCode, ItemIdentifier

RECEIVED_VERSION = 1


class TicketKind(StrEnum):
    """What a ticket is about."""

    FAULT = "fault"
    """Of open data: it is answered by who provides them."""
    WISH = "wish"
    """That data be opened: it is answered by the authority."""


class FaultKind(StrEnum):
    """What is wrong with data."""

    WRONG = "wrong"
    MISSING = "missing"
    OUTDATED = "outdated"
    UNREADABLE = "unreadable"
    OTHER = "other"


class TicketState(StrEnum):
    """How far a ticket has come."""

    RECEIVED = "received"
    IN_PROGRESS = "in_progress"
    ANSWERED = "answered"
    DECLINED = "declined"
    DUPLICATE = "duplicate"


_ENDS = frozenset({TicketState.ANSWERED, TicketState.DECLINED, TicketState.DUPLICATE})
ENDED = tuple(state for state in TicketState if state in _ENDS)
"""States after which nothing follows."""
_FOLLOWING: Mapping[TicketState, tuple[TicketState, ...]] = {
    TicketState.RECEIVED: (TicketState.IN_PROGRESS, *ENDED),
    TicketState.IN_PROGRESS: ENDED,
}


@dataclass(frozen=True, slots=True)
class Said:
    """What was said, within its bounds: of a fault without `title` and `intended_use`, of a wish without `fault`."""

    kind: TicketKind
    words: str
    fault: FaultKind | None = None
    entry: EntryCode | None = None
    item: ItemIdentifier | None = None
    title: str | None = None
    intended_use: str | None = None
    contact: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class TicketStep:
    """A step after it was received: to which version it led, and what the public is told. `made_by` isn't told it."""

    version: int
    state: TicketState
    words: str
    made_at: datetime
    made_by: str


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket with the steps that were taken, in their order; its contact is apart."""

    number: TicketNumber
    said: Said
    received_at: datetime
    due_on: date
    steps: tuple[TicketStep, ...] = ()

    @property
    def state(self) -> TicketState:
        """How far it has come."""
        return self.steps[-1].state if self.steps else TicketState.RECEIVED

    @property
    def version(self) -> int:
        """Counts its steps, so that of two at once one is refused."""
        return self.steps[-1].version if self.steps else RECEIVED_VERSION

    @property
    def ended_at(self) -> datetime | None:
        """When it ended, None while it is open."""
        return self.steps[-1].made_at if self.state in _ENDS else None

    @property
    def following(self) -> tuple[TicketState, ...]:
        """The states that may be next, none where it has ended."""
        return _FOLLOWING.get(self.state, ())

    def is_overdue(self, today: date) -> bool:
        """Return whether it is open and its last day has passed."""
        return self.ended_at is None and today > self.due_on


def check_step(ticket: Ticket, version: int, state: TicketState) -> None:
    """Refuse a step that another one was faster than, or that doesn't follow. Raises: Conflict, BadInput."""
    if version != ticket.version:
        raise taken_on(ticket.number)
    if state not in ticket.following:
        known = ", ".join(one.name for one in ticket.following)
        raise BadInput(
            Text(
                en=f"a ticket that is `{ticket.state.name}` can't become `{state.name}`; "
                + (f"next may be {known}" if known else "it has ended, and what was answered stays"),
                zh=f"状态为 `{ticket.state.name}` 的工单不能变为 `{state.name}`；"
                + (f"可选：{known}" if known else "工单已办结，答复不再更改"),
            )
        )


def taken_on(number: TicketNumber) -> Conflict:
    """Return the refusal of a step that another one was faster than."""
    return Conflict(
        Text(
            en=f"ticket {number} was taken on by somebody else; read it again",
            zh=f"工单 {number} 已被他人处理；请重新读取",
        )
    )
