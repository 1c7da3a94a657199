"""Where the public hands tickets in and sees what became of them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from portal.access.asker import Asker
from portal.access.snapshots import SnapshotKeeper
from portal.audit.recorder import Recorder
from portal.audit.records import Act, ActRecord
from portal.errors import PolicyUnavailable, RateLimited, Text
from portal.regulations.profiles import Profile
from portal.regulations.working_days import due_day
from portal.storage.database import for_row_changes
from portal.tickets.contacts import ContactSeal
from portal.tickets.numbers import TicketNumber, draw_number
from portal.tickets.store import erase_contacts, insert_contact, insert_ticket, read_ticket
from portal.tickets.ticket import Said, Ticket, TicketKind
from portal.vocabulary import Subject

_AN_HOUR = 3600.0
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class TicketCounter:
    """Takes tickets and shows them by their number; made once a process."""

    engine: Engine
    keeper: SnapshotKeeper
    recorder: Recorder
    seal: ContactSeal
    most_an_hour: int

    async def open(self, subject: Subject, asker: Asker, said: Said, profile: Profile) -> Ticket:
        """Keep what was said as a new ticket. Raises: RateLimited, PolicyUnavailable, AuditUnavailable.

        The record tells neither the address nor the contact: who reports something stays as unknown as they wish.
        """
        now = self.keeper.now()
        days = profile.fault_answer_days if said.kind is TicketKind.FAULT else profile.wish_answer_days
        ticket = Ticket(draw_number(), said, now, due_day(now, days))
        if not await asyncio.to_thread(self._run, lambda connection: self._insert(connection, ticket)):
            raise _too_many()
        await self.recorder.record_act(
            ActRecord(
                time=now,
                subject=subject.name,
                department=subject.department,
                application=subject.application,
                user=subject.user,
                act=Act.TICKET_OPENED,
                target=f"ticket:{ticket.number}",
                details={"kind": said.kind.value, "about": said.entry, "due": ticket.due_on.isoformat()},
                request_id=asker.request_id,
            )
        )
        return ticket

    async def find(self, number: TicketNumber) -> Ticket | None:
        """Return a ticket by its number, None where there is none. Raises: PolicyUnavailable."""
        return await asyncio.to_thread(self._run, lambda connection: read_ticket(connection, number))

    def erase(self, ended_before: datetime) -> int:
        """Erase the contacts of tickets that ended before that time; return how many there were. Blocks."""
        return self._run(lambda connection: erase_contacts(connection, ended_before))

    def _insert(self, connection: Connection, ticket: Ticket) -> bool:
        is_in = insert_ticket(connection, ticket, self.most_an_hour)
        if is_in and ticket.said.contact is not None:
            insert_contact(connection, ticket.number, self.seal.seal(ticket.number, ticket.said.contact))
        return is_in

    def _run(self, work: Callable[[Connection], _Result]) -> _Result:
        try:
            with for_row_changes(self.engine).begin() as connection:
                return work(connection)
        except SQLAlchemyError as fault:
            raise PolicyUnavailable(
                Text(
                    en="the portal's database doesn't answer, so tickets can't be kept or read; try again in a minute",
                    zh="门户数据库没有响应，暂时无法提交或查询工单；请稍后重试",
                )
            ) from fault


def is_due_for_erasure(ended_at: datetime | None, erased_before: datetime) -> bool:
    """Return whether the contact of a ticket that ended then is to be erased by now."""
    return ended_at is not None and ended_at < erased_before


def _too_many() -> RateLimited:
    return RateLimited(
        Text(
            en="very many tickets came within the hour, so none is taken at this moment; keep what you wrote and send "
            "it in an hour",
            zh="一小时内收到的工单过多，暂不受理；请保留所填内容，一小时后再提交",
        ),
        _AN_HOUR,
    )
