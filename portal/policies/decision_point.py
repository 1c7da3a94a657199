"""The decision point (PDP): from a snapshot and a request to `Permit` or `Deny` (enforcement.md §4)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from portal.catalog.entries import CatalogEntry, is_for_everyone
from portal.conditions.meaning import bind_subject
from portal.conditions.tree import TRUE, And, Condition, Not, Or
from portal.errors import ErrorCode
from portal.policies.casbin_models import Matcher, ModelName, model_of
from portal.policies.consistency import covers_item
from portal.policies.decision import Decision, Deny, ItemGrant, Limits, MaskChoice, Permit, Use
from portal.policies.kept_decisions import KeptDecisions
from portal.policies.masks import mask_on, weakness
from portal.policies.matching import Request, Stage, furthest_stage, lacks_purpose, subject_attributes
from portal.policies.records import Effect, PolicyRecord
from portal.policies.snapshot import Snapshot
from portal.vocabulary import Action, ItemIdentifier, Subject

_STAGE_CODES: Mapping[Stage, ErrorCode] = {
    Stage.CONSUMER: ErrorCode.ITEM_DENIED,
    Stage.MODE: ErrorCode.MODE_DENIED,
    Stage.PURPOSE: ErrorCode.PURPOSE_DENIED,
    Stage.PERIOD: ErrorCode.EXPIRED,
    Stage.CONDITION: ErrorCode.CONDITION_FAILED,
}


def action_for(action: Action, subject: Subject) -> Action | None:
    """Return the action with the matter it is taken under; None where the application isn't registered for it."""
    if action.matter is None:
        return replace(action, matter=subject.matters[0]) if len(subject.matters) == 1 else action
    return action if action.matter in subject.matters else None


@dataclass(frozen=True)
class DecisionPoint:
    """Decides on one snapshot, with Casbin inside."""

    snapshot: Snapshot
    matchers: Mapping[ModelName, Matcher]
    kept: KeptDecisions | None = None
    """Where decisions of this snapshot are kept; None where each is made anew."""

    def decide(self, request: Request, use: Use) -> Decision:
        """Return whether the request may use these items of the entry, for which rows and under which obligations.

        Row limits are part of the permit, not checked here. Raises: PolicyUnavailable.
        """
        if self.kept is None:
            return self._decide(request, use)
        return self.kept.decide(self.snapshot, request, use, lambda: self._decide(request, use))

    def _decide(self, request: Request, use: Use) -> Decision:
        entry = self.snapshot.state_by_code[use.entry].entry
        items = _used_items(use, entry)
        action = action_for(request.action, request.subject)
        if action is None:
            return Deny(tuple((item, ErrorCode.PURPOSE_DENIED) for item in items))
        request = replace(request, action=action)
        grants, reasons = self._weigh(request, entry, items)
        if reasons:
            return Deny(reasons)
        masked = tuple(grant.item for grant in grants if grant.item in use.compared and _is_masked(grant))
        if masked:
            return Deny(tuple((item, ErrorCode.MASKED_ITEM) for item in masked))
        return _permit(grants, request.subject)

    def _weigh(
        self, request: Request, entry: CatalogEntry, items: Sequence[ItemIdentifier]
    ) -> tuple[tuple[ItemGrant, ...], tuple[tuple[ItemIdentifier, ErrorCode], ...]]:
        """Return what each item is granted, and the code of each that is refused, in the order of `items`."""
        candidates = self.snapshot.candidates(entry.code, request.subject)
        matched: dict[tuple[PolicyRecord, ...], tuple[PolicyRecord, ...]] = {}
        grants, reasons = [], []
        for name in items:
            covering = _covering(candidates, entry, name)
            if covering not in matched:
                # Items with the same candidates match alike: only which records cover them could differ.
                matched[covering] = self._match(covering, entry, name, request)
            grant = _grant(name, matched[covering])
            code = _refusal(grant, covering, entry, request) or self._quarantined(entry, name)
            if code is None:
                grants.append(grant)
            else:
                reasons.append((name, code))
        return tuple(grants), tuple(reasons)

    def _match(
        self, covering: tuple[PolicyRecord, ...], entry: CatalogEntry, name: ItemIdentifier, request: Request
    ) -> tuple[PolicyRecord, ...]:
        item = entry.item(name)
        return () if item is None else self.matchers[model_of(request.subject)].matching(covering, entry, item, request)

    def _quarantined(self, entry: CatalogEntry, name: ItemIdentifier) -> ErrorCode | None:
        """Return the refusal of an item that waits for reconciliation: its permission may have been revoked (T31).

        INVARIANT: what the quarantine lets through is exactly what is unconditional or open.
        """
        item = entry.item(name)
        if self.snapshot.content.quarantine is None or (item is not None and is_for_everyone(entry, item)):
            return None
        return ErrorCode.POLICY_UNAVAILABLE


def _used_items(use: Use, entry: CatalogEntry) -> tuple[ItemIdentifier, ...]:
    """Return every item to decide on, compared ones too; the key where a request uses none, so that none is free."""
    return tuple(dict.fromkeys((*use.items, *sorted(use.compared)))) or entry.key


def _covering(
    candidates: Iterable[PolicyRecord], entry: CatalogEntry, name: ItemIdentifier
) -> tuple[PolicyRecord, ...]:
    item = entry.item(name)
    return () if item is None else tuple(record for record in candidates if covers_item(record, entry, item))


def _grant(name: ItemIdentifier, records: Sequence[PolicyRecord]) -> ItemGrant:
    return ItemGrant(
        name,
        tuple(record for record in records if record.effect is Effect.ALLOW),
        tuple(record for record in records if record.effect is Effect.DENY),
    )


def _refusal(
    grant: ItemGrant, covering: Sequence[PolicyRecord], entry: CatalogEntry, request: Request
) -> ErrorCode | None:
    """Return why the item is refused whatever the row, None if it isn't."""
    if grant.allows:
        return ErrorCode.ITEM_DENIED if any(record.scope is None for record in grant.denies) else None
    stages = {record: furthest_stage(record, entry, request) for record in covering if record.effect is Effect.ALLOW}
    furthest = max(stages.values(), default=Stage.CONSUMER)
    if furthest is Stage.APPLIES:
        # Casbin and the predicates disagree, which no test has seen: doubt is denied.
        return ErrorCode.ITEM_DENIED
    came_furthest = [record for record, stage in stages.items() if stage is furthest]
    if furthest is Stage.PURPOSE and any(lacks_purpose(record, request.action) for record in came_furthest):
        return ErrorCode.PURPOSE_REQUIRED
    return _STAGE_CODES[furthest]


def _is_masked(grant: ItemGrant) -> bool:
    """Return whether the item can't be compared: a mask may lie on it, and no unmasked record holds for every row."""
    bare = [record for record in grant.allows if mask_on(record, grant.item) is None]
    return len(bare) < len(grant.allows) and all(record.scope is not None for record in bare)


def _permit(grants: Sequence[ItemGrant], subject: Subject) -> Permit:
    allows = _distinct(record for grant in grants for record in grant.allows)
    ends = [record.valid_until for record in allows if record.valid_until is not None]
    return Permit(
        row_condition=_conjunction(_row_condition(grant, subject) for grant in grants),
        records=allows,
        valid_until=min(ends, default=None),
        restrictions=_distinct(record for grant in grants for record in grant.denies),
        masks=tuple(choice for grant in grants if (choice := _mask_choice(grant, subject)) is not None),
        max_rows=_limits(grants, "max_rows"),
        daily_rows=_limits(grants, "daily_rows"),
    )


def _distinct(records: Iterable[PolicyRecord]) -> tuple[PolicyRecord, ...]:
    return tuple(sorted(set(records), key=lambda record: record.id))


def _conjunction(conditions: Iterable[Condition]) -> Condition:
    distinct = [condition for condition in dict.fromkeys(conditions) if condition != TRUE]
    return distinct[0] if len(distinct) == 1 else And(tuple(distinct))


def _bound_scope(record: PolicyRecord, subject: Subject) -> Condition:
    return TRUE if record.scope is None else bind_subject(record.scope, subject_attributes(subject))


def _row_condition(grant: ItemGrant, subject: Subject) -> Condition:
    """Return the rows in which the item is permitted: some allow's scope is true, and every deny's is false."""
    scopes = tuple(dict.fromkeys(_bound_scope(record, subject) for record in grant.allows))
    within = TRUE if any(record.scope is None for record in grant.allows) else Or(scopes)
    outside = [Not(_bound_scope(record, subject)) for record in grant.denies]
    return _conjunction([within, *outside])


def _mask_choice(grant: ItemGrant, subject: Subject) -> MaskChoice | None:
    """Return the masks on the item, weakest first; None where it is shown as it is in every row."""
    masks = [(mask_on(record, grant.item), _bound_scope(record, subject)) for record in grant.allows]
    options = []
    for mask, scope in sorted(masks, key=lambda option: weakness(option[0])):
        options.append((mask, scope))
        if scope == TRUE:
            break
    return None if all(mask is None for mask, _ in options) else MaskChoice(grant.item, tuple(options))


def _limits(grants: Sequence[ItemGrant], obligation: str) -> Limits:
    """Return each item's limit: the largest among its records, none where a record sets none."""
    limits = []
    for grant in grants:
        rows = [getattr(record.obligations, obligation) for record in grant.allows]
        if None not in rows:
            limits.append((grant.item, max(rows)))
    return tuple(limits)
