"""Why a subject may read an item or not: which records apply, and where the others stopped."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from portal.catalog.entries import CatalogEntry
from portal.conditions.meaning import condition_names
from portal.errors import ErrorCode
from portal.policies.consistency import covers_item
from portal.policies.decision import Deny, Use
from portal.policies.decision_point import DecisionPoint, action_for
from portal.policies.masks import mask_on
from portal.policies.matching import Request, Stage, furthest_stage, names_consumer
from portal.policies.records import Any, Effect, Mask, PolicyRecord
from portal.vocabulary import EntryCode, ItemIdentifier


@dataclass(frozen=True, slots=True)
class RecordFinding:
    """How far one record came for one item; `stage` is None where the catalog doesn't let it stand on the item.

    `tells_scope`: whoever is told may know of the items that its scope reads.
    """

    record: PolicyRecord
    stage: Stage | None
    mask: Mask | None
    tells_scope: bool = True

    @property
    def applies(self) -> bool:
        """True where the record applies to every row, or to those in its scope."""
        return self.stage is Stage.APPLIES


@dataclass(frozen=True, slots=True)
class ItemFinding:
    """The decision on one item: no code where it is permitted, in every row or in some."""

    item: ItemIdentifier
    code: ErrorCode | None
    records: tuple[RecordFinding, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """The decision on an entry, item by item. `matter_refused`: the application isn't registered for the matter."""

    entry: CatalogEntry
    request: Request
    matter_refused: bool
    items: tuple[ItemFinding, ...]


def explain_entry(
    point: DecisionPoint, request: Request, code: EntryCode, items: Sequence[ItemIdentifier] = ()
) -> Explanation | None:
    """Return the decision on each of the items (all of the entry's where none is named); None for an unknown entry."""
    state = point.snapshot.state_by_code.get(code)
    if state is None:
        return None
    entry = state.entry
    action = action_for(request.action, request.subject)
    named = tuple(items) or tuple(item.identifier for item in entry.items)
    decision = point.decide(request, Use(entry.code, named))
    codes = dict(decision.reasons) if isinstance(decision, Deny) else {}
    return Explanation(
        entry,
        request,
        action is None,
        tuple(ItemFinding(name, codes.get(name), tuple(_findings(point, request, entry, name))) for name in named),
    )


def explain_to_subject(explanation: Explanation, known: Collection[ItemIdentifier]) -> Explanation:
    """Return an explanation as its subject may be told: the public of no record, others of no item they don't know.

    `known` are the entry's items that the subject may know of.
    """
    told = (item for item in explanation.items if item.item in known)
    return replace(explanation, items=tuple(_tell(item, explanation.request, known) for item in told))


def _tell(finding: ItemFinding, request: Request, known: Collection[ItemIdentifier]) -> ItemFinding:
    if request.subject.is_public:
        return replace(finding, records=())
    return replace(finding, records=tuple(_without_unknown(found, known) for found in finding.records))


def _without_unknown(found: RecordFinding, known: Collection[ItemIdentifier]) -> RecordFinding:
    # A scope may read items beside the used ones: their names, and what rows are told apart by, aren't the subject's.
    scope = found.record.scope
    return found if scope is None else replace(found, tells_scope=condition_names(scope).issubset(known))


def _findings(
    point: DecisionPoint, request: Request, entry: CatalogEntry, name: ItemIdentifier
) -> Iterable[RecordFinding]:
    """Yield the records that name the subject and the item, the furthest first, denies before allows."""
    item = entry.item(name)
    action = action_for(request.action, request.subject) or request.action
    asked = Request(request.subject, action, request.environment)
    found = []
    for record in point.snapshot.candidates(entry.code, request.subject):
        if item is None or not (isinstance(record.items, Any) or name in record.items):
            continue
        if not names_consumer(record, request.subject):
            continue
        stage = furthest_stage(record, entry, asked) if covers_item(record, entry, item) else None
        found.append(RecordFinding(record, stage, mask_on(record, name)))
    return sorted(found, key=_rank)


def _rank(finding: RecordFinding) -> tuple[int, bool, str]:
    stage = -1 if finding.stage is None else int(finding.stage)
    return -stage, finding.record.effect is Effect.ALLOW, finding.record.id
