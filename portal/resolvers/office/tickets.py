"""The fields of those who answer the public's tickets."""

from dataclasses import dataclass

import strawberry

from portal.administration.acts import Person
from portal.conditions.values import check_text
from portal.errors import BadInput, Text
from portal.resolvers.arguments import with_arguments_of
from portal.resolvers.context import RequestContext
from portal.resolvers.root import Info, failing_here
from portal.resolvers.tickets import ticket_value
from portal.schema.ticket_types import TicketFilesType, TicketFileType
from portal.tickets.desk import TicketAnswer, TicketDesk, TicketFile
from portal.tickets.numbers import parse_number
from portal.tickets.store import MOST_LISTED, TicketQuestion
from portal.tickets.ticket import ENDED, TicketKind, TicketState
from portal.tickets.wording import MOST_WORDS, parse_words
from portal.vocabulary import EntryCode


@dataclass(frozen=True, slots=True)
class TicketsArguments:
    """Which tickets to list, as it came; None is left out."""

    states: list[TicketState] | None = None
    kind: TicketKind | None = None
    entry: str | None = None
    overdue: bool = False
    first: int = 20
    after: str | None = None


@dataclass(frozen=True, slots=True)
class AnswerArguments:
    """A step that somebody takes with a ticket, as it came."""

    number: str
    version: int
    state: TicketState
    words: str = ""


async def _list(info: Info, asked: TicketsArguments) -> TicketFilesType:
    """Return a page of tickets, newest first."""
    with failing_here(info):
        if not 1 <= asked.first <= MOST_LISTED:
            raise BadInput(Text(en=f"`first` is 1 to {MOST_LISTED}", zh=f"`first` 应为 1 至 {MOST_LISTED}"))
        question = TicketQuestion(
            states=tuple(asked.states or ()),
            kind=asked.kind,
            entry=None if asked.entry is None else EntryCode(check_text(asked.entry)),
            # One more tells whether there is a further page.
            first=asked.first + 1,
            after=None if asked.after is None else parse_number(check_text(asked.after)),
        )
        found = await _desk(info).list(_person(info), question, is_overdue=asked.overdue)
    page = found[: asked.first]
    nodes = [_value(info.context, TicketFile(ticket, None, ())) for ticket in page]
    return TicketFilesType(nodes=nodes, next=page[-1].number if len(found) > len(page) else None)


async def _answer(info: Info, answered: AnswerArguments) -> TicketFileType:
    """Take a ticket a step on."""
    with failing_here(info):
        answer = TicketAnswer(
            parse_number(check_text(answered.number)), answered.version, answered.state, _words(answered)
        )
        return _value(info.context, await _desk(info).answer(_person(info), answer))


def _words(answered: AnswerArguments) -> str:
    """Return what the public is told: nothing need be said until the ticket ends. Raises: BadInput."""
    if answered.state not in ENDED and not answered.words.strip():
        return ""
    return parse_words("words", answered.words, MOST_WORDS, lines=True)


@strawberry.type(description="公众工单")
class TicketFields:
    """What those who answer ask of tickets."""

    tickets: TicketFilesType = strawberry.field(
        description="公众工单，新的在前：主管部门见全部，信息管理员见对本部门所提供条目反映的问题；不含联系方式",
        resolver=with_arguments_of(TicketsArguments)(_list),
    )

    @strawberry.field(description="一份公众工单全卷，含联系方式；每次查看均记入审计日志")  # type: ignore[untyped-decorator]
    async def ticket_file(self, info: Info, number: str) -> TicketFileType | None:
        """Return one ticket with its contact."""
        with failing_here(info):
            found = await _desk(info).show(_person(info), parse_number(check_text(number)))
            return None if found is None else _value(info.context, found)


@strawberry.type
class OfficeTicketActs:
    """What those do who answer."""

    answer_ticket: TicketFileType = strawberry.mutation(
        description="办理公众工单：受理、答复、不予办理或标记重复；words 将公开显示",
        resolver=with_arguments_of(AnswerArguments)(_answer),
    )


def _desk(info: Info) -> TicketDesk:
    return info.context.office.tickets.desk


def _person(info: Info) -> Person:
    return Person(info.context.actor, info.context.asker)


def _value(context: RequestContext, file: TicketFile) -> TicketFileType:
    ticket = file.ticket
    return TicketFileType(
        ticket=ticket_value(context, ticket),
        version=ticket.version,
        title=ticket.said.title,
        intended_use=ticket.said.intended_use,
        words=ticket.said.words,
        contact=file.contact,
        next=list(file.following),
        answered_by=[step.made_by for step in ticket.steps],
    )
