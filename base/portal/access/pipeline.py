"""The one road to shared data: plan → decide → compile → execute → record. Every way out passes it."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import Enum, auto
from ipaddress import IPv4Address, IPv6Address
from time import perf_counter_ns

from sqlalchemy import Table

from portal.access.auditing import Occasion, Refusal, permit_record, refusal_record, rows_quota
from portal.access.cursors import CursorSeal, cursor_seal
from portal.access.executing import Executed, SqliteSource
from portal.access.kept import Kept
from portal.access.limits import allow_rows, daily_limit
from portal.access.plan import QueryPlan
from portal.access.planning import SharedField, plan_query
from portal.access.shaping import Fetched, Shaped, access_note, convert_rows, page_of, shape_answer
from portal.access.snapshots import SnapshotKeeper
from portal.access.statement import Read, Window, compile_read
from portal.audit.receipts import QuotaExhausted, Recorded
from portal.audit.recorder import Recorder
from portal.audit.records import quota_day
from portal.catalog.columns import column_specs
from portal.errors import ErrorCode, PolicyUnavailable, PortalError, Text, report_failure
from portal.identity.authentication import subject_of
from portal.identity.claims import TokenClaims
from portal.identity.keys import PortalKeys
from portal.identity.registry import Registry
from portal.policies.decision import Deny, Permit
from portal.policies.decision_point import DecisionPoint
from portal.policies.information_point import EntryState
from portal.policies.masks import department_key
from portal.policies.matching import Request
from portal.storage.data_store import data_table
from portal.vocabulary import PUBLIC, Action, Environment, NetworkZone, Subject

_KEPT_TABLES = 4096
COUNT_ATTEMPTS = 100
"""So often a request may find that others took rows meanwhile; each time the next decision sees a larger count."""
ATTEMPTS = 4
"""What a change of policy overtook is decided again, three times (enforcement.md §6)."""


@dataclass(frozen=True, slots=True)
class Road:
    """What the road runs on; made once a process."""

    keeper: SnapshotKeeper
    source: SqliteSource
    recorder: Recorder
    keys: PortalKeys
    tables: Kept[Table] = field(default_factory=lambda: Kept(_KEPT_TABLES))

    def table_of(self, state: EntryState) -> Table:
        """Return the table of an entry's rows; a table's name is never given to another."""
        kept = self.tables.find(state.table.name)
        return (
            kept
            if kept is not None
            else self.tables.keep(state.table.name, data_table(state.table.name, column_specs(state.entry)))
        )

    def now(self) -> datetime:
        """Return the time by the portal database's clock: SQLite has none but this machine's."""
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, as far as the request says: the claims of its token (none: the public), and where it comes from."""

    claims: TokenClaims | None
    client_address: IPv4Address | IPv6Address | None
    request_id: str


@dataclass(frozen=True, slots=True)
class RefusedField:
    """A root field that isn't answered. `refusal.reasons` hold those items alone that the subject's view holds."""

    refusal: Refusal
    text: Text | None


Answer = Shaped | RefusedField


class Overtaken(Enum):
    """What changed between a decision and its record."""

    BY_POLICY = auto()
    BY_COUNT = auto()


@dataclass(frozen=True, slots=True)
class _Asked:
    """One field as it was asked, and since when it is being answered (monotonic nanoseconds)."""

    road: Road
    asker: Asker
    field: SharedField
    started: int


@dataclass(frozen=True, slots=True)
class _Found:
    """What a permitted read gave."""

    permit: Permit
    read: Read
    fetched: Fetched
    seal: CursorSeal


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One decision on one field, under one epoch and at one moment."""

    road: Road
    point: DecisionPoint
    occasion: Occasion
    plan: QueryPlan


def identify(asker: Asker, registry: Registry) -> tuple[Subject, NetworkZone | None]:
    """Return the subject as the register has it now, and its network zone.

    Raises: Unauthenticated for a subject that isn't registered any more.
    """
    return (PUBLIC, NetworkZone.INTERNET) if asker.claims is None else subject_of(asker.claims, registry)


def _request_now(road: Road, asker: Asker, registry: Registry) -> Request:
    """Return the request of this moment; its action is known once it is planned."""
    subject, zone = identify(asker, registry)
    return Request(subject, Action(), Environment(road.now(), zone, asker.client_address))


async def answer_field(road: Road, asker: Asker, point: DecisionPoint, state: EntryState, field: SharedField) -> Answer:
    """Return the answer of a root field of `shared`, or its refusal; either has its durable record.

    Raises: AuditUnavailable, PolicyUnavailable, Unauthenticated: then nothing is answered at all.
    """
    asked = _Asked(road, asker, field, perf_counter_ns())
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
        plan = plan_query(state, asked.field)
        occasion = replace(occasion, request=replace(request, action=plan.action))
        outcome = await _decide_and_read(_Attempt(road, point, occasion, plan))
    except PortalError as failure:
        if failure.code in (ErrorCode.AUDIT_UNAVAILABLE, ErrorCode.POLICY_UNAVAILABLE):
            raise
        outcome = RefusedField(Refusal(failure.code), failure.text)
    except Exception as failure:  # noqa: BLE001  whatever it was, it is recorded and answered with a number
        outcome = RefusedField(Refusal(ErrorCode.INTERNAL), report_failure(failure))
    if isinstance(outcome, RefusedField):
        return await _record_refusal(road, point, occasion, plan, outcome)
    return outcome


async def _record_refusal(
    road: Road, point: DecisionPoint, occasion: Occasion, plan: QueryPlan | None, refused: RefusedField
) -> RefusedField | Overtaken:
    record = refusal_record(occasion, plan, refused.refusal, road.keys.audit_secret)
    if not isinstance(await road.recorder.record(record), Recorded):
        return Overtaken.BY_POLICY
    subject, now = occasion.request.subject, occasion.request.environment.now
    visible = point.snapshot.visible_identifiers(occasion.entry, subject, now)
    shown = tuple((item, code) for item, code in refused.refusal.reasons if item in visible)
    return replace(refused, refusal=replace(refused.refusal, reasons=shown))


async def _decide_and_read(attempt: _Attempt) -> Answer | Overtaken:
    decision = attempt.point.decide(attempt.occasion.request, attempt.plan.use)
    if isinstance(decision, Deny):
        return RefusedField(Refusal(decision.code, decision.reasons), None)
    allowed = allow_rows(attempt.plan, decision, await _rows_today(attempt, decision))
    if isinstance(allowed, Deny):
        return RefusedField(Refusal(allowed.code, allowed.reasons), None)
    return await _read(attempt, decision, allowed)


async def _rows_today(attempt: _Attempt, permit: Permit) -> int:
    if not permit.daily_rows:
        return 0
    request, entry = attempt.occasion.request, attempt.occasion.entry
    day = quota_day(request.environment.now)
    return await attempt.road.recorder.rows_today(request.subject.name, entry.code, day)


async def _read(attempt: _Attempt, permit: Permit, rows: int) -> Shaped | Overtaken:
    road, plan = attempt.road, attempt.plan
    seal = cursor_seal(road.keys.cursor_secret, attempt.occasion.request.subject, plan)
    read = _compile(attempt, permit, Window(rows, None if plan.after is None else seal.open(plan.after)))
    fetched = _page(await road.source.execute(read), rows)
    record = permit_record(attempt.occasion, plan, permit, len(fetched.rows), road.keys.audit_secret)
    quotas = [rows_quota(attempt.occasion, len(fetched.rows), daily_limit(permit))] if fetched.rows else []
    recorded = await road.recorder.record(record, quotas)
    if not isinstance(recorded, Recorded):
        # Nothing was written, and the rows are thrown away.
        return Overtaken.BY_COUNT if isinstance(recorded, QuotaExhausted) else Overtaken.BY_POLICY
    return _shape(attempt, _Found(permit, read, fetched, seal), recorded.receipt)


def _compile(attempt: _Attempt, permit: Permit, window: Window) -> Read:
    return compile_read(
        attempt.plan, permit, attempt.road.table_of(attempt.plan.state), window, attempt.road.source.dialect
    )


def _page(executed: Executed, rows: int) -> Fetched:
    found = executed.rows or []
    return Fetched(found[:rows], len(found) > rows, executed.total)


def _shape(attempt: _Attempt, found: _Found, receipt: str) -> Shaped:
    subject, plan = attempt.occasion.request.subject, attempt.plan
    key = department_key(attempt.road.keys.mask_secret, subject.department)
    cells = convert_rows(found.read.layout, found.fetched.rows, plan.entry, found.permit, key)
    page = page_of(found.read.layout, found.fetched, cells)
    note = access_note(found.permit, public=subject.is_public, receipt=receipt)
    return shape_answer(plan, page, note, found.seal)
