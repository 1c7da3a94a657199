"""What a subject may read of an entry: for which purposes and until when each item, and if for none why not."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from portal.errors import ErrorCode
from portal.policies.decision_point import DecisionPoint
from portal.policies.explanation import ItemFinding, explain_entry
from portal.policies.matching import Request
from portal.policies.records import Effect, PolicyRecord
from portal.vocabulary import EntryCode, ItemIdentifier, Purpose

_NEAREST_FIRST = (
    ErrorCode.POLICY_UNAVAILABLE,
    ErrorCode.CONDITION_FAILED,
    ErrorCode.EXPIRED,
    ErrorCode.PURPOSE_REQUIRED,
    ErrorCode.PURPOSE_DENIED,
    ErrorCode.MODE_DENIED,
    ErrorCode.ITEM_DENIED,
)
"""Reasons of refusals: where the record that came furthest stopped, the furthest first."""


@dataclass(frozen=True, slots=True)
class PurposeProspect:
    """A purpose that an item may be read for (None: without stating one), until its last record ends.

    `is_scoped`: in the rows of a scope alone.
    """

    purpose: Purpose | None
    valid_until: datetime | None
    is_scoped: bool


@dataclass(frozen=True, slots=True)
class ItemProspect:
    """What an item may be read for; `code` is None unless that is nothing, and else the reason that came nearest."""

    item: ItemIdentifier
    purposes: tuple[PurposeProspect, ...]
    code: ErrorCode | None


def foresee_items(
    point: DecisionPoint, request: Request, code: EntryCode, purposes: Sequence[Purpose]
) -> Mapping[ItemIdentifier, ItemProspect]:
    """Return what each item of the entry may be read for; the request's own purpose is left aside."""
    stated: tuple[Purpose | None, ...] = (None, *purposes)
    findings: dict[ItemIdentifier, list[tuple[Purpose | None, ItemFinding]]] = {}
    for purpose in stated:
        asked = replace(request, action=replace(request.action, purpose=purpose))
        explanation = explain_entry(point, asked, code)
        for finding in () if explanation is None else explanation.items:
            findings.setdefault(finding.item, []).append((purpose, finding))
    return {item: _prospect(item, found) for item, found in findings.items()}


def _prospect(item: ItemIdentifier, findings: Iterable[tuple[Purpose | None, ItemFinding]]) -> ItemProspect:
    permitted, codes = [], set()
    for purpose, finding in findings:
        if finding.code is None:
            permitted.append(_purpose_prospect(purpose, finding))
        else:
            codes.add(finding.code)
    code = None if permitted else next(one for one in _NEAREST_FIRST if one in codes)
    return ItemProspect(item, tuple(permitted), code)


def _purpose_prospect(purpose: Purpose | None, finding: ItemFinding) -> PurposeProspect:
    allows = [found.record for found in finding.records if found.applies and found.record.effect is Effect.ALLOW]
    return PurposeProspect(purpose, last_end(allows), all(record.scope is not None for record in allows))


def last_end(records: Sequence[PolicyRecord]) -> datetime | None:
    """Return when the last of the records ends; None where one has no end."""
    ends = [record.valid_until for record in records if record.valid_until is not None]
    return max(ends) if ends and len(ends) == len(records) else None
