"""Tickets as the public opens them and looks at them: from a page of the portal, within bounds, in words."""

from dataclasses import dataclass
from time import monotonic

import strawberry

from portal.catalog.entries import CatalogEntry
from portal.conditions.values import check_text, render_instant
from portal.errors import BadInput, Forbidden, RateLimited, Text
from portal.regulations.profiles import load_profile
from portal.regulations.working_days import day_in_china
from portal.resolvers.arguments import with_arguments_of
from portal.resolvers.context import RequestContext
from portal.resolvers.root import Info, failing_here
from portal.schema.catalog_values import is_in_catalog, shown_items
from portal.schema.scalars import Date, DateTime
from portal.schema.ticket_types import TicketStepType, TicketType
from portal.tickets.numbers import parse_number
from portal.tickets.ticket import FaultKind, Said, Ticket, TicketKind
from portal.tickets.wording import (
    MOST_CONTACT,
    MOST_TITLE,
    MOST_USE,
    MOST_WORDS,
    parse_optional,
    parse_words,
)
from portal.vocabulary import PUBLIC, EntryCode, ItemIdentifier, Subject


@dataclass(frozen=True, slots=True)
class FaultArguments:
    """A fault, as it was reported."""

    entry: str
    kind: FaultKind
    words: str
    item: str | None = None
    contact: str | None = None


@dataclass(frozen=True, slots=True)
class WishArguments:
    """A wish for data to be opened, as it came."""

    title: str
    intended_use: str
    words: str
    entry: str | None = None
    contact: str | None = None


async def _report(info: Info, reported: FaultArguments) -> TicketType:
    """Keep a fault that somebody reports of open data."""
    with failing_here(info):
        entry = _entry(info.context, reported.entry, PUBLIC)
        said = Said(
            TicketKind.FAULT,
            parse_words("words", reported.words, MOST_WORDS, lines=True),
            fault=reported.kind,
            entry=entry.code,
            item=_item(entry, reported.item),
            contact=parse_optional("contact", reported.contact, MOST_CONTACT),
        )
        return await _open(info.context, said)


async def _request(info: Info, wished: WishArguments) -> TicketType:
    """Keep a wish for data to be opened."""
    with failing_here(info):
        about = None if wished.entry is None else _entry(info.context, wished.entry, info.context.subject)
        said = Said(
            TicketKind.WISH,
            parse_words("words", wished.words, MOST_WORDS, lines=True),
            entry=None if about is None else about.code,
            title=parse_words("title", wished.title, MOST_TITLE),
            intended_use=parse_words("intendedUse", wished.intended_use, MOST_USE),
            contact=parse_optional("contact", wished.contact, MOST_CONTACT),
        )
        return await _open(info.context, said)


@strawberry.type
class TicketQueries:
    """What everybody asks of tickets."""

    @strawberry.field(description="凭编号查看公众工单的办理进展；没有此编号的为 null")  # type: ignore[untyped-decorator]
    async def ticket(self, info: Info, number: str) -> TicketType | None:
        """Return a ticket by its number."""
        with failing_here(info):
            found = await info.context.office.tickets.desk.counter.find(parse_number(check_text(number)))
            return None if found is None else ticket_value(info.context, found)


@strawberry.type(name="Mutation", description="变更")
class TicketActs:
    """What everybody does: report a fault, wish for data."""

    report_fault: TicketType = strawberry.mutation(
        description="反映开放数据的问题；无须登录，请从门户页面提交",
        resolver=with_arguments_of(FaultArguments)(_report),
    )
    request_opening: TicketType = strawberry.mutation(
        description="申请开放数据；无须登录，请从门户页面提交", resolver=with_arguments_of(WishArguments)(_request)
    )


def ticket_value(context: RequestContext, ticket: Ticket) -> TicketType:
    """Return a ticket as who has its number sees it: neither what was said, nor by whom, nor who answered."""
    return TicketType(
        number=ticket.number,
        kind=ticket.said.kind,
        fault=ticket.said.fault,
        entry=ticket.said.entry,
        item=ticket.said.item,
        state=ticket.state,
        received_at=DateTime(render_instant(ticket.received_at)),
        due_on=Date(ticket.due_on.isoformat()),
        is_overdue=ticket.is_overdue(day_in_china(context.now)),
        steps=[
            TicketStepType(state=one.state, words=one.words, made_at=DateTime(render_instant(one.made_at)))
            for one in ticket.steps
        ],
    )


async def _open(context: RequestContext, said: Said) -> TicketType:
    # INVARIANT: who isn't signed in has nothing by which the portal knows them, so a page of another site could send
    # a ticket with any visitor's hands (T43): only the portal's own pages may.
    if context.asker.claims is None and not context.asker.is_own_page:
        raise Forbidden(
            Text(
                en="tickets are opened on the portal's own pages: POST with `X-Portal-Request: 1`, same origin",
                zh="请从门户自身页面提交工单：以 POST 发送，附 `X-Portal-Request: 1`，且同源",
            )
        )
    _take(context)
    profile = load_profile(context.point.snapshot.content.profile)
    ticket = await context.office.tickets.desk.counter.open(context.subject, context.asker, said, profile)
    return ticket_value(context, ticket)


def _take(context: RequestContext) -> None:
    seconds = context.office.tickets.buckets.take(context.asker.client_address, monotonic())
    if seconds:
        minutes = int(seconds // 60) + 1
        raise RateLimited(
            Text(
                en=f"many tickets came from this address within the hour; keep what you wrote and send it in {minutes} "
                "minutes",
                zh=f"本地址一小时内提交的工单过多；请保留所填内容，{minutes} 分钟后再提交",
            ),
            seconds,
        )


def _entry(context: RequestContext, code: str, subject: Subject) -> CatalogEntry:
    """Return an entry that the subject may know of. Raises: BadInput, the same where there is none."""
    state = context.point.snapshot.state_by_code.get(EntryCode(check_text(code)))
    if state is None or not is_in_catalog(state.entry, subject):
        raise BadInput(
            Text(
                en="`entry` is no data set of the open catalog; take its code from `catalog`",
                zh="`entry` 不是开放目录中的数据集；请从 `catalog` 取其代码",
            )
        )
    return state.entry


def _item(entry: CatalogEntry, identifier: str | None) -> ItemIdentifier | None:
    """Return the open item of that identifier. Raises: BadInput, the same where there is none."""
    if identifier is None:
        return None
    if check_text(identifier) not in {item.identifier for item in shown_items(entry, PUBLIC)}:
        raise BadInput(
            Text(
                en="`item` is no open item of that data set; leave it out, or take it from `catalogEntry`",
                zh="`item` 不是该数据集的开放信息项；请不填，或从 `catalogEntry` 选取",
            )
        )
    return ItemIdentifier(identifier)
