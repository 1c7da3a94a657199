"""The one road to shared data: plan → decide → compile → execute → record. Every way out passes it."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum, auto
from time import perf_counter_ns

from sqlalchemy import Table

from portal.access.asker import Asker, identify
from portal.access.auditing import (
    Occasion,
    Refusal,
    groups_parts,
    linked_part,
    named_reasons,
    permit_record,
    refusal_record,
    rows_quota,
)
from portal.access.case_reference import read_reference
from portal.access.cursors import NO_CURSORS, CursorSeal, cursor_seal
from portal.access.executing import DataSource, Executed
from portal.access.granting import (
    Grant,
    Withheld,
    allow_pages,
    check_shown,
    check_whole,
    decide_plan,
    every_grant,
    rows_by_entry,
    rows_shown,
)
from portal.access.groups_statement import GroupsWindow, compile_groups
from portal.access.kept import Kept
from portal.access.kept_reads import KeptReads
from portal.access.limits import daily_limit
from portal.access.link_shaping import Showing, linked_page, rows_by_key
from portal.access.link_statement import LinkWindow, compile_link
from portal.access.linking import LinkedRows, row_weights
from portal.access.plan import QueryPlan, linked_plans
from portal.access.planning import FieldKind, SharedField, Targets
from portal.access.shaping import Fetched, Shaped, ShapedRows, shape_answer
from portal.access.snapshots import SnapshotKeeper
from portal.access.statement import LinkRead, Position, Read, RowLayout, Window, asked_keys, compile_read
from portal.access.transferring import TransferredPart, basis_of, check_basis, transferred_part
from portal.audit.receipts import QuotaExhausted, Recorded
from portal.audit.recorder import Recorder
from portal.audit.records import AuditRecord, Quota, RecordPart, quota_day
from portal.catalog.columns import column_specs
from portal.catalog.entries import CatalogEntry
from portal.errors import ErrorCode, PolicyUnavailable, PortalError, Text, report_failure
from portal.identity.claims import TokenClaims, refuse
from portal.identity.keys import PortalKeys
from portal.identity.registry import Registry
from portal.policies.decision_point import DecisionPoint
from portal.policies.information_point import EntryState
from portal.policies.masks import department_key
from portal.policies.matching import Request
from portal.storage.data_store import data_table
from portal.vocabulary import Action, EntryCode, Environment

_KEPT_TABLES = 4096
COUNT_ATTEMPTS = 100
"""So often a request may find that others took rows meanwhile; each time the next decision sees a larger count."""
SHAPED_AT_ONCE = 2000
"""Rows that are put into the answer's shape while nothing else is done; it takes some milliseconds."""
ATTEMPTS = 4
"""What a change of policy overtook is decided again, three times (enforcement.md §6)."""


@dataclass(frozen=True, slots=True)
class Road:
    """What the road runs on; made once a process."""

    keeper: SnapshotKeeper
    source: DataSource
    recorder: Recorder
    tables: Kept[Table] = field(default_factory=lambda: Kept(_KEPT_TABLES))
    kept: KeptReads = field(default_factory=KeptReads)

    def table_of(self, state: EntryState) -> Table:
        """Return the table of an entry's rows; a table's name is never given to another."""
        kept = self.tables.find(state.table.name)
        return (
            kept
            if kept is not None
            else self.tables.keep(state.table.name, data_table(state.table.name, column_specs(state.entry)))
        )

    @property
    def keys(self) -> PortalKeys:
        """The keys in use."""
        return self.keeper.ring.keys

    def now(self) -> datetime:
        """Return the time by the portal database's clock."""
        return self.keeper.now()

    def check_token(self, claims: TokenClaims | None) -> None:
        """Refuse a token that was revoked before the snapshot was asked for. Raises: Unauthenticated."""
        if claims is not None and claims.token_id in self.keeper.revocations:
            refuse("was revoked", "已被吊销")


@dataclass(frozen=True, slots=True)
class RefusedField:
    """A root field that isn't answered. `refusal.reasons` hold those items alone that the subject's view holds.

    They are items of `entry`, at `path` below the field where a link leads to it; of none where no items are refused.
    """

    refusal: Refusal
    text: Text | None
    path: tuple[str, ...] = ()
    entry: CatalogEntry | None = None


Answer = Shaped | ShapedRows | TransferredPart | RefusedField


class Overtaken(Enum):
    """What changed between a decision and its answer: policies, or what time makes of them, or the day's count."""

    BY_POLICY = auto()
    BY_COUNT = auto()


@dataclass(frozen=True, slots=True)
class _Asked:
    """One field as it was asked, and since when it is being answered (monotonic nanoseconds).

    `seen` is the decision point that its document was validated under.
    """

    road: Road
    asker: Asker
    field: SharedField
    seen: DecisionPoint
    started: int

    def targets(self, point: DecisionPoint) -> Targets:
        """Return how links find their targets: those of the validated document, as they stand now."""
        seen = self.seen.snapshot.state_by_identifier
        return lambda identifier: _same_version(point, seen[identifier])


@dataclass(frozen=True, slots=True)
class _Found:
    """What a permitted read gave: the page, and what the links gave below it."""

    grant: Grant
    read: Read
    fetched: Fetched
    links: tuple[LinkedRows, ...]
    seal: CursorSeal


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One decision on one field, under one epoch and at one moment."""

    road: Road
    point: DecisionPoint
    occasion: Occasion
    plan: QueryPlan


def _request_now(road: Road, asker: Asker, registry: Registry) -> Request:
    """Return the request of this moment; its action is known once it is planned. Raises: Unauthenticated."""
    road.check_token(asker.claims)
    subject, zone = identify(asker, registry)
    return Request(subject, Action(), asker.environment(road.now(), zone))


async def answer_field(road: Road, asker: Asker, point: DecisionPoint, state: EntryState, field: SharedField) -> Answer:
    """Return the answer of a root field of `shared`, or its refusal; either has its durable record.

    Raises: AuditUnavailable, PolicyUnavailable, Unauthenticated: then nothing is answered at all.
    """
    asked = _Asked(road, asker, field, point, perf_counter_ns())
    overtaken: Counter[Overtaken] = Counter()
    while overtaken[Overtaken.BY_POLICY] < ATTEMPTS and overtaken[Overtaken.BY_COUNT] < COUNT_ATTEMPTS:
        state = _same_version(point, state)
        answer = await _answer_once(asked, point, state)
        if not isinstance(answer, Overtaken):
            return answer
        overtaken[answer] += 1
        point = await road.keeper.current()
    raise PolicyUnavailable(
        Text(en="policies changed again and again while this was decided; ask again", zh="裁决期间策略连续变更，请重试")
    )


def _same_version(point: DecisionPoint, state: EntryState) -> EntryState:
    current = point.snapshot.state_by_code.get(state.entry.code)
    if current is None or current.version != state.version:
        raise PolicyUnavailable(
            Text(en="the catalog entry changed while this was answered; ask again", zh="处理期间目录条目有变更，请重试")
        )
    return current


async def _answer_once(asked: _Asked, point: DecisionPoint, state: EntryState) -> Answer | Overtaken:
    """Return the answer, or what overtook it: a change of policy, or of the day's count."""
    road, plan = asked.road, None
    request = _request_now(road, asked.asker, point.snapshot.registry)
    occasion = Occasion(request, state.entry, point.snapshot.epoch, asked.asker.request_id, asked.started)
    try:
        environment = _with_reference(request.environment, asked.field, state.entry)
        occasion = _on(occasion, Request(request.subject, request.action, environment))
        plan = road.kept.plan(state, asked.field, asked.targets(point))
        occasion = _on(occasion, Request(request.subject, plan.action, environment))
        outcome = await _decide_and_read(_Attempt(road, point, occasion, plan))
    except PortalError as failure:
        if failure.code in (ErrorCode.AUDIT_UNAVAILABLE, ErrorCode.POLICY_UNAVAILABLE):
            raise
        outcome = RefusedField(Refusal(failure.code), failure.text)
    except asyncio.CancelledError:
        # The server stops and waits no longer: nothing leaves, and the record says what was asked for.
        ended = RefusedField(Refusal(ErrorCode.INTERNAL), None)
        with suppress(PortalError):
            await asyncio.shield(_record_refusal(road, point, occasion, plan, ended))
        raise
    except Exception as failure:  # noqa: BLE001  whatever it was, it is recorded and answered with a number
        outcome = RefusedField(Refusal(ErrorCode.INTERNAL), report_failure(failure))
    if isinstance(outcome, RefusedField):
        return await _record_refusal(road, point, occasion, plan, outcome)
    return outcome


def _on(occasion: Occasion, request: Request) -> Occasion:
    return Occasion(request, occasion.entry, occasion.epoch, occasion.request_id, occasion.started)


def _with_reference(environment: Environment, field: SharedField, entry: CatalogEntry) -> Environment:
    """Return the circumstances with the case and the person that the field's arguments name. Raises: BadInput."""
    taken = entry.key if field.kind is FieldKind.ROW else ()
    reference = read_reference(field.arguments, environment.reference, taken)
    return environment if reference == environment.reference else replace(environment, reference=reference)


async def _record_refusal(
    road: Road, point: DecisionPoint, occasion: Occasion, plan: QueryPlan | None, refused: RefusedField
) -> RefusedField | Overtaken:
    secret = road.keys.audit_secret
    record = refusal_record(occasion, plan, named_reasons(refused.refusal, occasion.entry, refused.entry), secret)
    parts = () if plan is None else _refused_parts(plan, secret)
    if not isinstance(await road.recorder.record(replace(record, parts=parts)), Recorded):
        return Overtaken.BY_POLICY
    subject, now = occasion.request.subject, occasion.request.environment.now
    visible = point.snapshot.visible_identifiers(refused.entry or occasion.entry, subject, now)
    shown = tuple((item, code) for item, code in refused.refusal.reasons if item in visible)
    return replace(refused, refusal=replace(refused.refusal, reasons=shown))


def _refused_parts(plan: QueryPlan, secret: bytes) -> tuple[RecordPart, ...]:
    linked = (linked_part(each, None, 0, secret) for each in linked_plans(plan))
    return (*groups_parts(plan, None, [0] * len(plan.groups), secret), *linked)


def _refuse(withheld: Withheld) -> RefusedField:
    deny = withheld.deny
    return RefusedField(Refusal(deny.code, deny.reasons), None, withheld.path, withheld.entry)


async def _decide_and_read(attempt: _Attempt) -> Answer | Overtaken:
    grant = decide_plan(attempt.point, attempt.occasion.request, attempt.plan)
    if isinstance(grant, Withheld):
        return _refuse(grant)
    rows_today = await _rows_today(attempt, grant)
    sized = allow_pages(grant, rows_today)
    if isinstance(sized, Withheld):
        return _refuse(sized)
    if attempt.plan.part is not None:
        check_basis(attempt.plan.part, _basis(attempt, sized))
    return await _read(attempt, sized, rows_today)


async def _rows_today(attempt: _Attempt, grant: Grant) -> Mapping[EntryCode, int]:
    """Return the rows taken today of each entry with a daily limit."""
    request, recorder = attempt.occasion.request, attempt.road.recorder
    day = quota_day(request.environment.now)
    limited = dict.fromkeys(each.entry.code for each in every_grant(grant) if each.permit.daily_rows)
    return {code: await recorder.rows_today(request.subject.name, code, day) for code in limited}


async def _read(attempt: _Attempt, grant: Grant, rows_today: Mapping[EntryCode, int]) -> Answer | Overtaken:
    road, plan = attempt.road, attempt.plan
    seal = _seal(attempt) if plan.has_cursors else NO_CURSORS
    after = None if plan.after is None else seal.open(plan.after)
    read = road.kept.read(grant, after, lambda position: _compile(road, grant, position))
    executed = await road.source.execute(read)
    fetched = _page(executed, grant.rows)
    shown = rows_shown(grant, sum(row_weights(fetched.rows, read.keys)), executed.links)
    groups = [len(each) for each in executed.groups]
    rows = rows_by_entry(grant, shown, sum(groups))
    beyond = check_whole(grant, fetched.total, rows_today) or check_shown(grant, rows, rows_today)
    if beyond is not None:
        return _refuse(beyond)
    if _has_ended(road, grant):
        return Overtaken.BY_POLICY
    recorded = await road.recorder.record(
        _record(attempt, grant, shown, groups), _quotas(attempt.occasion, grant, rows)
    )
    if not isinstance(recorded, Recorded):
        # Nothing was written, and the rows are thrown away.
        return Overtaken.BY_COUNT if isinstance(recorded, QuotaExhausted) else Overtaken.BY_POLICY
    if _has_ended(road, grant):
        # The worker was stopped meanwhile, for seconds or hours: the record stays, of rows that nobody was given.
        return Overtaken.BY_POLICY
    found = _Found(grant, read, fetched, executed.links, seal)
    if sum(shown) <= SHAPED_AT_ONCE:
        return _shape(attempt, found, recorded.receipt)
    # Other requests aren't kept waiting by an answer of many linked rows.
    return await asyncio.to_thread(_shape, attempt, found, recorded.receipt)


def _seal(attempt: _Attempt) -> CursorSeal:
    keys, request = attempt.road.keys, attempt.occasion.request
    seal = cursor_seal(keys.cursor_secret, request.subject, attempt.plan)
    now, former = request.environment.now, keys.former_of("cursor_secret")
    return replace(seal, former=tuple(each.octets for each in former if now < each.counts_until))


def _has_ended(road: Road, grant: Grant) -> bool:
    """Return whether the period of a record that permits has ended since it was decided on: the epoch doesn't tell."""
    ends = [each.permit.valid_until for each in every_grant(grant) if each.permit.valid_until is not None]
    return bool(ends) and road.now() >= min(ends)


def _record(attempt: _Attempt, grant: Grant, shown: Sequence[int], groups: Sequence[int]) -> AuditRecord:
    secret = attempt.road.keys.audit_secret
    record = permit_record(attempt.occasion, grant.plan, grant.permit, shown[0], secret)
    linked = list(zip(every_grant(grant), shown, strict=True))[1:]
    if not linked and not groups:
        return record
    parts = (linked_part(each.plan, each.permit, rows, secret) for each, rows in linked)
    return replace(record, parts=(*groups_parts(grant.plan, grant.permit, groups, secret), *parts))


def _quotas(occasion: Occasion, grant: Grant, rows: Mapping[EntryCode, int]) -> list[Quota]:
    """Return the rows that count in the day of each entry, with the smallest limit that a permit sets on them."""
    quotas = []
    for entry in {each.entry.code: each.entry for each in every_grant(grant)}.values():
        limits = [daily_limit(each.permit) for each in every_grant(grant) if each.entry is entry]
        limit = min((limit for limit in limits if limit is not None), default=None)
        if rows[entry.code]:
            quotas.append(rows_quota(replace(occasion, entry=entry), rows[entry.code], limit))
    return quotas


def _compile(road: Road, grant: Grant, after: Position | None) -> Read:
    plan, table = grant.plan, road.table_of(grant.plan.state)
    read = compile_read(plan, grant.permit, table, Window(grant.rows, after), road.source.dialect)
    granted = tuple(dict.fromkeys(each.plan.state.table.name for each in every_grant(grant)))
    links, keys = _compile_links(road, grant, read.layout), asked_keys(plan, read.layout)
    window = GroupsWindow(grant.groups, grant.smallest_group)
    groups = compile_groups(plan, grant.permit, table, window, road.source.dialect)
    return replace(read, links=links, keys=keys, tables=granted, groups=groups)


def _compile_links(road: Road, grant: Grant, parents: RowLayout) -> tuple[LinkRead, ...]:
    links = []
    for link, below in zip(grant.plan.links, grant.links, strict=True):
        window = LinkWindow(below.rows, parents)
        read = compile_link(link, below.permit, road.table_of(below.plan.state), window, road.source.dialect)
        links.append(replace(read, links=_compile_links(road, below, read.layout)))
    return tuple(links)


def _page(executed: Executed, rows: int) -> Fetched:
    found = executed.rows or []
    return Fetched(found[:rows], len(found) > rows, executed.total, executed.groups)


def _basis(attempt: _Attempt, grant: Grant) -> str:
    return basis_of(grant.plan.state.table.name, grant.permit, attempt.road.keys.mask_secret)


def _shape(attempt: _Attempt, found: _Found, receipt: str) -> Shaped | ShapedRows | TransferredPart:
    subject, keys = attempt.occasion.request.subject, attempt.road.keys
    key = department_key(keys.mask_secret, subject.department)
    showing = Showing(subject, key, keys.cursor_secret, receipt, attempt.occasion.request.environment.now)
    page = linked_page(found.grant, found.read, found.fetched, found.links, showing)
    if attempt.plan.part is not None:
        return transferred_part(page, showing.note(found.grant), found.seal, _basis(attempt, found.grant))
    if found.read.keys is not None:
        return rows_by_key(found.grant, found.read.keys, page, showing)
    return shape_answer(attempt.plan, page, showing.note(found.grant), found.seal)
