"""What a root field leaves in the audit, permitted or refused (enforcement.md §6)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import perf_counter_ns

from portal.access.plan import GroupsPlan, QueryPlan
from portal.audit.records import AuditRecord, Outcome, Quota, RecordPart, canonical_filter, hash_value, quota_day
from portal.catalog.entries import CatalogEntry, effective_share_class
from portal.conditions.meaning import condition_names
from portal.conditions.rendering import Json, plain_operand, render_condition
from portal.conditions.tree import TRUE, Value
from portal.errors import ErrorCode
from portal.policies.decision import Permit
from portal.policies.decision_point import action_for
from portal.policies.matching import Request
from portal.vocabulary import Action, ItemIdentifier, PolicyId, ShareClass

_SENSITIVE = 3
"""Values of items of this sensitivity and above are hashed in the audit, and those of conditional items."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """One root field being answered: its request, what it is answered under, and since when (monotonic nanoseconds)."""

    request: Request
    entry: CatalogEntry
    epoch: int
    request_id: str
    started: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a root field is null: the code, and the code of each refused item."""

    code: ErrorCode
    reasons: tuple[tuple[ItemIdentifier, ErrorCode], ...] = ()


def permit_record(occasion: Occasion, plan: QueryPlan, permit: Permit, rows: int, secret: bytes) -> AuditRecord:
    """Return the record of rows that are to be released."""
    return _record(occasion, plan, secret, decision=Outcome.PERMIT, rows=rows, policies=_applied(permit))


def refusal_record(occasion: Occasion, plan: QueryPlan | None, refusal: Refusal, secret: bytes) -> AuditRecord:
    """Return the record of a refusal; without plan where the arguments couldn't be used."""
    return _record(occasion, plan, secret, decision=Outcome.DENY, rows=0, code=refusal.code, reasons=refusal.reasons)


def named_reasons(refusal: Refusal, root: CatalogEntry, entry: CatalogEntry | None) -> Refusal:
    """Return the refusal as the record has it: items of an entry other than the root's are named `ENTRY.ITEM`."""
    if entry is None or entry is root:
        return refusal
    named = ((ItemIdentifier(f"{entry.identifier}.{item}"), code) for item, code in refusal.reasons)
    return Refusal(refusal.code, tuple(named))


def linked_part(plan: QueryPlan, permit: Permit | None, rows: int, secret: bytes) -> RecordPart:
    """Return what the record says of a linked entry; without permit it was refused, or not decided on any more."""
    return RecordPart(
        entry=plan.entry.code,
        identifier=plan.entry.identifier,
        items=plan.use.items,
        filter=None if plan.filter == TRUE else _render_filter(plan, secret),
        rows=rows,
        policies=() if permit is None else _applied(permit),
    )


def groups_parts(
    plan: QueryPlan, permit: Permit | None, groups: Sequence[int], secret: bytes
) -> tuple[RecordPart, ...]:
    """Return what the record says of each list of groups, with so many groups shown; as `linked_part` does."""
    return tuple(
        replace(linked_part(_counted(plan, asked), permit, shown, secret), items=_counted_items(plan.entry, asked))
        for asked, shown in zip(plan.groups, groups, strict=True)
    )


def _counted(plan: QueryPlan, asked: GroupsPlan) -> QueryPlan:
    return replace(plan, filter=asked.filter)


def _counted_items(entry: CatalogEntry, asked: GroupsPlan) -> tuple[ItemIdentifier, ...]:
    used = {*asked.by, *condition_names(asked.filter)}
    return tuple(item.identifier for item in entry.items if item.identifier in used)


def _applied(permit: Permit) -> tuple[tuple[PolicyId, int], ...]:
    # Each once: a restriction may stand for several departments that came of one.
    return tuple(sorted({(record.id, record.version) for record in (*permit.records, *permit.restrictions)}))


def _record(occasion: Occasion, plan: QueryPlan | None, secret: bytes, **outcome: object) -> AuditRecord:
    request, entry = occasion.request, occasion.entry
    subject, environment = request.subject, request.environment
    # What the subject isn't registered for is refused, and recorded as it was named.
    action: Action = action_for(request.action, subject) or request.action
    return AuditRecord(
        time=environment.now,
        subject=subject.name,
        department=subject.department,
        application=subject.application,
        user=subject.user,
        entry=entry.code,
        identifier=entry.identifier,
        mode=action.mode,
        purpose=action.purpose,
        matter=action.matter,
        items=() if plan is None else plan.use.items,
        filter=None if plan is None or plan.filter == TRUE else _render_filter(plan, secret),
        epoch=occasion.epoch,
        client_address=None if environment.client_address is None else str(environment.client_address),
        duration_microseconds=(perf_counter_ns() - occasion.started) // 1000,
        request_id=occasion.request_id,
        reference=environment.reference,
        **outcome,  # type: ignore[arg-type]
    )


def _render_filter(plan: QueryPlan, secret: bytes) -> str:
    def operand(name: str, value: Value) -> Json:
        return hash_value(secret, value) if _is_confidential(plan.entry, name) else plain_operand(name, value)

    return canonical_filter(render_condition(plan.filter, operand))


def _is_confidential(entry: CatalogEntry, name: str) -> bool:
    item = entry.item(name)
    return (
        item is None
        or item.sensitivity >= _SENSITIVE
        or effective_share_class(entry, item) is not ShareClass.UNCONDITIONAL
    )


def rows_quota(occasion: Occasion, rows: int, limit: int | None) -> Quota:
    """Return the rows that count in the subject's day, and the limit that they must stay within."""
    subject, now = occasion.request.subject, occasion.request.environment.now
    return Quota(subject.name, occasion.entry.code, quota_day(now), rows, limit)
