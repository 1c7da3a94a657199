"""What people ask of the audit: records, one record with its proof, statistics (NT-22, FJ-30, ND-29)."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import cast

import orjson
import strawberry

from portal.audit.reach_search import ShownRecord
from portal.audit.readers import providers_of
from portal.audit.reading_desk import Reader, ReadingDesk
from portal.audit.records import Act, Outcome
from portal.audit.searching import Search, parse_receipt
from portal.audit.statistics import Grouping, StatisticsQuestion
from portal.conditions.values import check_text, parse_instant
from portal.errors import BadInput, PortalError, Text
from portal.json_text import JsonValue
from portal.resolvers.arguments import with_arguments_of
from portal.resolvers.context import RequestContext, portal_field_error
from portal.resolvers.root import Info
from portal.schema.audit_types import (
    AuditCountType,
    AuditReasonType,
    AuditRecordsType,
    AuditRecordType,
    AuditUseType,
    ProvedAuditRecordType,
)
from portal.schema.scalars import BigInt, DateTime

MAX_PAGE = 200
MAX_COUNTS = 1000
_Members = Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class SearchQuestion:
    """Which records are asked for, as it came; None is left out."""

    subject: str | None = None
    department: str | None = None
    entry: str | None = None
    purpose: str | None = None
    decision: Outcome | None = None
    act: Act | None = None
    since: DateTime | None = None
    until: DateTime | None = None

    def search(self) -> Search:
        """Return it as a search. Raises: BadInput."""
        _check_texts(self.subject, self.department, self.entry, self.purpose)
        return Search(
            subject=self.subject,
            department=self.department,
            entry=self.entry,
            # GraphQL shows purposes in capitals; a person may write either.
            purpose=None if self.purpose is None else self.purpose.lower(),
            act=self.act,
            decision=self.decision,
            since=None if self.since is None else parse_instant(self.since),
            until=None if self.until is None else parse_instant(self.until),
        )


@dataclass(frozen=True, slots=True)
class RecordsQuestion(SearchQuestion):
    """What a page of records is asked for, as it came."""

    first: int = 20
    after: str | None = None

    def page(self) -> Search:
        """Return it as the search of a page. Raises: BadInput."""
        return replace(
            self.search(),
            after=None if self.after is None else parse_receipt(check_text(self.after)),
            limit=bounded("first", self.first, MAX_PAGE),
        )


@dataclass(frozen=True, slots=True)
class CountsQuestion:
    """What statistics are asked for, as they came."""

    by: Grouping
    since: DateTime | None = None
    until: DateTime | None = None
    entry: str | None = None
    department: str | None = None
    first: int = 100

    def question(self) -> StatisticsQuestion:
        """Return it as typed values. Raises: BadInput."""
        _check_texts(self.entry, self.department)
        return StatisticsQuestion(
            by=self.by,
            since=None if self.since is None else parse_instant(self.since),
            until=None if self.until is None else parse_instant(self.until),
            entry=self.entry,
            department=self.department,
            limit=bounded("first", self.first, MAX_COUNTS),
        )


def _check_texts(*texts: str | None) -> None:
    for text in texts:
        check_text(text or "")


def bounded(name: str, number: int, most: int) -> int:
    """Return a count that is asked for. Raises: BadInput."""
    if 1 <= number <= most:
        return number
    raise BadInput(
        Text(
            en=f"`{name}` must be from 1 to {most}, not {number}", zh=f"`{name}` 须在 1 到 {most} 之间，不能是 {number}"
        )
    )


@asynccontextmanager
async def desk_of(context: RequestContext) -> AsyncIterator[tuple[ReadingDesk, Reader]]:
    """Provide where to ask, and who asks; a failure with a sentence becomes the field's error."""
    try:
        yield context.office.audit, reader_of(context)
    except PortalError as failure:
        raise portal_field_error(failure, context.language) from None


def reader_of(context: RequestContext) -> Reader:
    """Return who reads, as the request says and the catalog has it now."""
    address = context.asker.client_address
    return Reader(
        context.actor,
        providers_of(state.entry for state in context.point.snapshot.content.entries),
        None if address is None else str(address),
        context.asker.request_id,
    )


async def _records(info: Info, asked: RecordsQuestion) -> AuditRecordsType:
    """Return a page of records, newest first."""
    async with desk_of(info.context) as (desk, reader):
        page = await desk.page(reader, asked.page())
    nodes = [record_value(record) for record in page.records]
    return AuditRecordsType(nodes=nodes, next=None if page.next is None else page.next.receipt)


async def _statistics(info: Info, asked: CountsQuestion) -> list[AuditCountType]:
    """Return how often entries were used."""
    async with desk_of(info.context) as (desk, reader):
        counts = await desk.statistics(reader, asked.question())
    return [
        AuditCountType(key=one.key, uses=one.uses, permitted=one.permitted, denied=one.denied, rows=BigInt(one.rows))
        for one in counts
    ]


@strawberry.type(description="审计")
class AuditFields:
    """What auditors, and those whose department provides or uses data, ask of the audit."""

    audit_records: AuditRecordsType = strawberry.field(
        description="审计记录，最新的在前：审计员见全部；部门见本部门的请求，以及对本部门所提供条目的使用",
        resolver=with_arguments_of(RecordsQuestion)(_records),
    )
    audit_statistics: list[AuditCountType] = strawberry.field(
        description="使用统计：按条目、部门、用途或日；只统计可见的记录。时段过长将被拒绝",
        resolver=with_arguments_of(CountsQuestion)(_statistics),
    )

    @strawberry.field(description="按回执取一条审计记录及其证明；不存在或不可见的为 null")  # type: ignore[untyped-decorator]
    async def audit_record(self, info: Info, receipt: str) -> ProvedAuditRecordType | None:
        """Return one record with its proof."""
        async with desk_of(info.context) as (desk, reader):
            found = await desk.record(reader, parse_receipt(check_text(receipt)))
        if found is None:
            return None
        return ProvedAuditRecordType(
            record=record_value(found.shown), state=found.state, checkpoint=found.checkpoint, proof=found.document
        )


def record_value(shown: ShownRecord) -> AuditRecordType:
    """Return a record as GraphQL shows it; members that the reader may not see are null."""
    members = shown.members
    return AuditRecordType(
        receipt=shown.place.receipt,
        time=str(members["time"]),
        whole="subject" in members,
        decision=Outcome(str(members["decision"])),
        code=_text(members, "code"),
        department=_text(members, "department"),
        application=_text(members, "application"),
        subject=_text(members, "subject"),
        user=_text(members, "user"),
        mode=_text(members, "mode"),
        purpose=_text(members, "purpose"),
        matter=_text(members, "matter"),
        uses=_uses(members),
        reasons=_reasons(members),
        case=_text(members, "case"),
        operator=_text(members, "operator"),
        client_address=_text(members, "client_address"),
        act=Act(str(members["act"])) if "act" in members else None,
        target=_text(members, "target"),
        details=_json(members.get("details")),
    )


def _text(members: _Members, name: str) -> str | None:
    value = members.get(name)
    return None if value is None else str(value)


def _json(value: JsonValue) -> str | None:
    return None if value is None else orjson.dumps(value).decode()


def _uses(members: _Members) -> list[AuditUseType]:
    if "act" in members:
        return []
    parts = cast("list[dict[str, JsonValue]]", members.get("parts") or [])
    return [_use(one) for one in (members, *parts)]


def _use(members: _Members) -> AuditUseType:
    policies = cast("list[list[JsonValue]]", members["policies"])
    return AuditUseType(
        entry=str(members["entry"]),
        identifier=str(members["identifier"]),
        items=[str(item) for item in cast("list[JsonValue]", members["items"])],
        rows=int(str(members["rows"])),
        policies=[f"{policy}@{version}" for policy, version in policies],
        filter=_json(members.get("filter")),
    )


def _reasons(members: _Members) -> list[AuditReasonType]:
    reasons = cast("list[list[JsonValue]]", members.get("reasons") or [])
    return [AuditReasonType(item=str(item), code=str(code)) for item, code in reasons]
