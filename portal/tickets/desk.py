"""Where those whose duty it is read tickets and answer them, each time on record before it counts."""

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta

from portal.access.snapshots import SnapshotKeeper
from portal.administration.acts import Deed, Person, act_record, permit
from portal.administration.database import ContentDatabase
from portal.audit.recorder import Recorder
from portal.audit.records import Act, ActRecord
from portal.errors import BadInput, Text
from portal.policies.duties import ANYTHING, Duties, Operation, Target
from portal.policies.snapshot import Snapshot
from portal.regulations.working_days import day_in_china
from portal.tickets.contacts import ContactSeal
from portal.tickets.counter import TicketCounter, is_due_for_erasure
from portal.tickets.numbers import TicketNumber
from portal.tickets.store import TicketQuestion, insert_step, list_tickets, read_contact, read_ticket
from portal.tickets.ticket import Ticket, TicketKind, TicketState, TicketStep, check_step
from portal.vocabulary import DepartmentCode, EntryCode

PORTAL = "portal"
"""Who acts where nobody does but the time."""


@dataclass(frozen=True, slots=True)
class TicketFile:
    """A ticket for who may read it whole. `contact` is None where none was given, or it was erased."""

    ticket: Ticket
    contact: str | None
    following: tuple[TicketState, ...]
    """What the reader may make of it next, none where answering isn't their duty."""


@dataclass(frozen=True, slots=True)
class TicketAnswer:
    """A step that somebody takes with the ticket in the version that they saw."""

    number: TicketNumber
    version: int
    state: TicketState
    words: str


@dataclass(frozen=True, slots=True)
class TicketDesk:
    """Reads and answers tickets; made once a process. The public's side of them is `counter`."""

    database: ContentDatabase
    keeper: SnapshotKeeper
    recorder: Recorder
    duties: Duties
    counter: TicketCounter
    contact_life: timedelta

    async def list(self, person: Person, question: TicketQuestion, *, is_overdue: bool) -> tuple[Ticket, ...]:
        """Return the tickets that are the person's to see, newest first. Raises: Forbidden, AuditUnavailable."""
        reach = await self._reach(person)
        today = day_in_china(self.keeper.now()) if is_overdue else None
        asked = replace(question, reach=reach, overdue_on=today)
        found = await self.database.read(lambda connection: list_tickets(connection, asked))
        await self._record(person, Deed(Act.TICKET_READ, "tickets", {"tickets": len(found)}))
        return found

    async def show(self, person: Person, number: TicketNumber) -> TicketFile | None:
        """Return a ticket with its contact, None where there is none. Raises: Forbidden, AuditUnavailable."""
        ticket = await self.database.read(lambda connection: read_ticket(connection, number))
        target = await self._target(ticket)
        await permit(self, person, Operation.VIEW_TICKETS, f"ticket:{number}", target)
        if ticket is None:
            return None
        contact = await self._contact(ticket)
        # Before it is shown: nobody learns how to reach somebody without its being known.
        deed = Deed(Act.TICKET_READ, f"ticket:{number}", {"contact": contact is not None})
        await self._record(person, deed)
        may_answer = self.duties.permits(person.actor, _operation(ticket, target), target)
        return TicketFile(ticket, contact, ticket.following if may_answer else ())

    async def answer(self, person: Person, answer: TicketAnswer) -> TicketFile:
        """Take a ticket a step on. Raises: Forbidden, BadInput, Conflict, AuditUnavailable."""
        about = f"ticket:{answer.number}"
        ticket = await self.database.read(lambda connection: read_ticket(connection, answer.number))
        target = await self._target(ticket)
        if ticket is None:
            await permit(self, person, Operation.VIEW_TICKETS, about, target)
            raise BadInput(Text(en=f"there is no ticket {answer.number}", zh=f"没有编号为 {answer.number} 的工单"))
        await permit(self, person, _operation(ticket, target), about, target)
        check_step(ticket, answer.version, answer.state)
        # Before it is written: nothing is answered that the log doesn't tell of.
        details = {"version": answer.version, "state": answer.state.value}
        await self._record(person, Deed(Act.TICKET_ANSWERED, about, details))
        step = TicketStep(answer.version + 1, answer.state, answer.words, self.keeper.now(), person.id)
        await self.database.write(lambda connection: insert_step(connection, answer.number, step))
        answered = replace(ticket, steps=(*ticket.steps, step))
        return TicketFile(answered, await self._contact(answered), answered.following)

    async def erase(self) -> int:
        """Erase the contacts whose time has come, and return how many there were. Raises: AuditUnavailable."""
        now = self.keeper.now()
        erased = await asyncio.to_thread(self.counter.erase, now - self.contact_life)
        if erased:
            await self.recorder.record_act(
                ActRecord(
                    time=now,
                    subject=PORTAL,
                    department=None,
                    application=None,
                    user=None,
                    act=Act.CONTACTS_ERASED,
                    target="tickets",
                    details={"contacts": erased},
                )
            )
        return erased

    async def _contact(self, ticket: Ticket) -> str | None:
        # INVARIANT: what is to be erased isn't shown, whether or not it has been by now.
        if is_due_for_erasure(ticket.ended_at, self.keeper.now() - self.contact_life):
            return None
        sealed = await self.database.read(lambda connection: read_contact(connection, ticket.number))
        return None if sealed is None else self._seal.open(ticket.number, sealed)

    @property
    def _seal(self) -> ContactSeal:
        return self.counter.seal

    async def _reach(self, person: Person) -> tuple[EntryCode, ...] | None:
        """Return the entries whose tickets are the person's to see, None for all. Raises: Forbidden."""
        if self.duties.permits(person.actor, Operation.VIEW_TICKETS, ANYTHING):
            return None
        own = person.actor.subject.department
        await permit(self, person, Operation.VIEW_TICKETS, "tickets", Target(provider=own))
        snapshot = (await self.keeper.current()).snapshot
        return tuple(state.entry.code for state in snapshot.content.entries if state.entry.provider == own)

    async def _target(self, ticket: Ticket | None) -> Target:
        """Return whose the ticket is: of a fault the entry's provider, of anything else nobody's in particular."""
        if ticket is None or ticket.said.kind is TicketKind.WISH or ticket.said.entry is None:
            return ANYTHING
        return Target(provider=_provider((await self.keeper.current()).snapshot, ticket.said.entry))

    async def _record(self, person: Person, deed: Deed) -> None:
        await self.recorder.record_act(act_record(person, deed, self.keeper.now()))


def _provider(snapshot: Snapshot, entry: EntryCode) -> DepartmentCode | None:
    """Return who provides the entry now, None where it has left the catalog."""
    state = snapshot.state_by_code.get(entry)
    return None if state is None else state.entry.provider


def _operation(ticket: Ticket, target: Target) -> Operation:
    """Return what answering the ticket is: a fault in an entry that nobody provides any more is the authority's."""
    is_providers = ticket.said.kind is TicketKind.FAULT and target.provider is not None
    return Operation.ANSWER_FAULT if is_providers else Operation.ANSWER_WISH
