"""Tickets in the portal's database: opened, listed, taken a step on, contacts erased. Functions block."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    ScalarSelect,
    Text,
    delete,
    false,
    func,
    insert,
    literal,
    select,
)
from sqlalchemy.exc import IntegrityError

from portal.conditions.values import parse_instant, render_instant
from portal.storage.ticket_tables import ticket_contacts, ticket_steps, tickets
from portal.tickets.numbers import TicketNumber
from portal.tickets.ticket import ENDED, FaultKind, Said, Ticket, TicketKind, TicketState, TicketStep, taken_on
from portal.vocabulary import EntryCode, ItemIdentifier

MOST_LISTED = 100
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class TicketQuestion:
    """Which tickets are listed, the newest first; None and no states: all.

    `reach` are the entries that tickets may be about, None for whichever. `overdue_on`: those open whose last day was
    before that one.
    """

    states: tuple[TicketState, ...] = ()
    kind: TicketKind | None = None
    entry: EntryCode | None = None
    overdue_on: date | None = None
    reach: tuple[EntryCode, ...] | None = None
    first: int = 20
    after: TicketNumber | None = None


def insert_ticket(connection: Connection, ticket: Ticket, most_an_hour: int) -> bool:
    """Write a ticket unless as many came within the hour; return whether it was written.

    INVARIANT: the statement that writes it counts, so that a flood through many workers is one flood.
    """
    hour_ago = render_instant(ticket.received_at - _HOUR)
    came = select(func.count()).select_from(tickets).where(tickets.c.received_at > hour_ago).scalar_subquery()
    cells = [literal(cell, Text).label(name) for name, cell in _cells(ticket).items()]
    written = insert(tickets).from_select(list(_cells(ticket)), select(*cells).where(came < most_an_hour))
    return connection.execute(written.returning(tickets.c.number)).one_or_none() is not None


def insert_contact(connection: Connection, number: TicketNumber, sealed: bytes) -> None:
    """Write the sealed contact of a ticket."""
    connection.execute(insert(ticket_contacts).values(ticket=number, contact=sealed))


def insert_step(connection: Connection, number: TicketNumber, step: TicketStep) -> None:
    """Write a step. Raises: Conflict where another one was faster."""
    try:
        connection.execute(
            insert(ticket_steps).values(
                ticket=number,
                version=step.version,
                state=step.state.value,
                words=step.words,
                made_at=render_instant(step.made_at),
                made_by=step.made_by,
            )
        )
    except IntegrityError:
        raise taken_on(number) from None


def read_ticket(connection: Connection, number: TicketNumber) -> Ticket | None:
    """Return a ticket, None where there is none of that number."""
    return next(
        iter(_with_steps(connection, connection.execute(select(tickets).where(tickets.c.number == number)))), None
    )


def read_contact(connection: Connection, number: TicketNumber) -> bytes | None:
    """Return the sealed contact of a ticket, None where none was given or it was erased."""
    sealed = connection.scalar(select(ticket_contacts.c.contact).where(ticket_contacts.c.ticket == number))
    return None if sealed is None else bytes(sealed)


def list_tickets(connection: Connection, question: TicketQuestion) -> tuple[Ticket, ...]:
    """Return tickets, newest first."""
    statement = select(tickets).where(*_wanted(question))
    newest = statement.order_by(tickets.c.received_at.desc(), tickets.c.number).limit(question.first)
    return tuple(_with_steps(connection, connection.execute(newest)))


def erase_contacts(connection: Connection, ended_before: datetime) -> int:
    """Erase the contacts of tickets that ended before that time; return how many there were."""
    ended = select(ticket_steps.c.ticket).where(
        ticket_steps.c.state.in_([state.value for state in ENDED]),
        ticket_steps.c.made_at < render_instant(ended_before),
    )
    return connection.execute(delete(ticket_contacts).where(ticket_contacts.c.ticket.in_(ended))).rowcount


def _wanted(question: TicketQuestion) -> Sequence[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if question.states:
        wanted.append(_state().in_([state.value for state in question.states]))
    if question.kind is not None:
        wanted.append(tickets.c.kind == question.kind.value)
    if question.entry is not None:
        wanted.append(tickets.c.entry == question.entry)
    if question.overdue_on is not None:
        wanted.append(tickets.c.due_on < question.overdue_on.isoformat())
        wanted.append(_state().not_in([state.value for state in ENDED]))
    if question.reach is not None:
        # INVARIANT: who may see some entries' tickets sees those of faults in them, never wishes.
        wanted.append(tickets.c.kind == TicketKind.FAULT.value)
        wanted.append(tickets.c.entry.in_(question.reach) if question.reach else false())
    if question.after is not None:
        wanted.append(_comes_after(question.after))
    return wanted


def _comes_after(number: TicketNumber) -> ColumnElement[bool]:
    last = tickets.alias("last")
    when = select(last.c.received_at).where(last.c.number == number).scalar_subquery()
    return (tickets.c.received_at < when) | ((tickets.c.received_at == when) & (tickets.c.number > number))


def _state() -> ColumnElement[str]:
    latest: ScalarSelect[Any] = (
        select(ticket_steps.c.state)
        .where(ticket_steps.c.ticket == tickets.c.number)
        .order_by(ticket_steps.c.version.desc())
        .limit(1)
        .scalar_subquery()
    )
    return func.coalesce(latest, TicketState.RECEIVED.value)


def _with_steps(connection: Connection, rows: Iterable[Any]) -> list[Ticket]:
    found = list(rows)
    taken: dict[str, list[TicketStep]] = {row.number: [] for row in found}
    statement = select(ticket_steps).where(ticket_steps.c.ticket.in_(list(taken))).order_by(ticket_steps.c.version)
    for row in connection.execute(statement) if taken else ():
        taken[row.ticket].append(
            TicketStep(row.version, TicketState(row.state), row.words, parse_instant(row.made_at), row.made_by)
        )
    return [_ticket(row, taken[row.number]) for row in found]


def _ticket(row: Any, steps: Iterable[TicketStep]) -> Ticket:  # noqa: ANN401  a row has the columns of its table
    said = Said(
        TicketKind(row.kind),
        row.words,
        None if row.fault is None else FaultKind(row.fault),
        None if row.entry is None else EntryCode(row.entry),
        None if row.item is None else ItemIdentifier(row.item),
        row.title,
        row.intended_use,
    )
    received_at, due_on = parse_instant(row.received_at), date.fromisoformat(row.due_on)
    return Ticket(TicketNumber(row.number), said, received_at, due_on, tuple(steps))


def _cells(ticket: Ticket) -> dict[str, str | None]:
    said = ticket.said
    return {
        "number": ticket.number,
        "kind": said.kind.value,
        "fault": None if said.fault is None else said.fault.value,
        "entry": said.entry,
        "item": said.item,
        "title": said.title,
        "intended_use": said.intended_use,
        "words": said.words,
        "received_at": render_instant(ticket.received_at),
        "due_on": ticket.due_on.isoformat(),
    }
