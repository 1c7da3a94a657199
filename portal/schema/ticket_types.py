"""GraphQL types of the public's tickets: what everybody sees by the number, and what those see who answer."""

import strawberry

from portal.schema.scalars import Date, DateTime
from portal.tickets.ticket import FaultKind, TicketKind, TicketState

strawberry.enum(TicketKind, name="TicketKind", description="工单类别：反映问题、申请开放")
strawberry.enum(FaultKind, name="FaultKind", description="问题类别：有误、缺失、过时、无法读取、其他")
strawberry.enum(TicketState, name="TicketState", description="工单状态：已收到、办理中、已答复、不予办理、重复")


@strawberry.type(name="TicketStep", description="工单的一步：状态、时间、对公众的说明")
class TicketStepType:
    """What was done with a ticket, as the public sees it."""

    state: TicketState
    words: str
    made_at: DateTime


@strawberry.type(name="Ticket", description="公众工单：凭编号可见办理进展和答复；所填内容和联系方式不在其中")
class TicketType:
    """What who has the number sees. `entry` is a catalog entry's code, `item` the identifier of an item of it."""

    number: str
    kind: TicketKind
    fault: FaultKind | None
    entry: str | None
    item: str | None
    state: TicketState
    received_at: DateTime
    due_on: Date
    is_overdue: bool
    steps: list[TicketStepType]


@strawberry.type(name="TicketFile", description="公众工单全卷：供负有答复职责的人员办理")
class TicketFileType:
    """What those see who answer. `next` are the states that the reader may give it; `contact` only where one is read.

    `answeredBy` are the persons who took the steps, in their order.
    """

    ticket: TicketType
    version: int
    title: str | None
    intended_use: str | None
    words: str
    contact: str | None
    next: list[TicketState]
    answered_by: list[str]


@strawberry.type(name="TicketFiles", description="一页工单，新的在前；next 为下一页的 after，末页为 null")
class TicketFilesType:
    """A page of tickets, without contacts."""

    nodes: list[TicketFileType]
    next: str | None
