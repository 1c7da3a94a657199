"""What records give one party of one item, as a formula on its requests and the rows (enforcement.md §4, cell)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from portal.catalog.entries import CatalogEntry, InformationItem
from portal.conditions.formulas import Claim, Every, Formula, Side, Some, Truth
from portal.conditions.meaning import Attribute, bind_subject, satisfies
from portal.conditions.tree import TRUE, And, Comparison, Condition, Constant, Not, Or, SubjectAttribute
from portal.policies.circumstances import Party, Window
from portal.policies.consistency import covers_item
from portal.policies.decision import ItemGrant
from portal.policies.masks import mask_on, weakness
from portal.policies.matching import allows_mode, is_in_period, reaches_entry, serves_purpose
from portal.policies.records import Effect, Mask, PolicyRecord
from portal.policies.snapshot import Snapshot
from portal.vocabulary import Action, EntryCode, ItemIdentifier


@dataclass(frozen=True, slots=True)
class Ground:
    """What a party stands on at one entry: the records that name it; none where the entry doesn't reach it."""

    entry: CatalogEntry
    party: Party
    records: tuple[PolicyRecord, ...]

    def covering(self, item: InformationItem) -> tuple[PolicyRecord, ...]:
        """Return the records that the catalog lets stand on the item."""
        return tuple(record for record in self.records if covers_item(record, self.entry, item))


def ground_of(snapshot: Snapshot, code: EntryCode, party: Party) -> Ground | None:
    """Return what the party stands on at the entry; None for an unknown entry."""
    state = snapshot.state_by_code.get(code)
    if state is None:
        return None
    reached = reaches_entry(state.entry, party.subject)
    candidates = snapshot.candidates(code, party.subject) if reached else ()
    return Ground(state.entry, party, tuple(record for record in candidates if party.is_named_by(record)))


def grant_of(covering: Sequence[PolicyRecord], item: ItemIdentifier, action: Action, window: Window) -> ItemGrant:
    """Return those of the covering records that are for the action and in force in the window, by effect.

    Conditions and scopes are left aside.
    """
    found = [
        record
        for record in covering
        if allows_mode(record, action) and serves_purpose(record, action) and is_in_period(record, window.begins)
    ]
    return ItemGrant(
        item,
        tuple(record for record in found if record.effect is Effect.ALLOW),
        tuple(record for record in found if record.effect is Effect.DENY),
    )


def settle_condition(condition: Condition, known: Mapping[str, Attribute]) -> Condition:
    """Return the condition on a request with every test on a known attribute answered."""
    match condition:
        case And(members):
            return And(tuple(settle_condition(member, known) for member in members))
        case Or(members):
            return Or(tuple(settle_condition(member, known) for member in members))
        case Not(member):
            return Not(settle_condition(member, known))
        case Constant():
            return condition
        case _:
            return Constant(satisfies(condition, known)) if condition.name in known else condition


def settle_scope(scope: Condition, known: Mapping[str, Attribute]) -> Condition:
    """Return the scope with every attribute of the subject that is known put in its place."""
    match scope:
        case And(members):
            return And(tuple(settle_scope(member, known) for member in members))
        case Or(members):
            return Or(tuple(settle_scope(member, known) for member in members))
        case Not(member):
            return Not(settle_scope(member, known))
        case Comparison(_, _, SubjectAttribute(name)) if name in known:
            return bind_subject(scope, known)
        case _:
            return scope


def applying(record: PolicyRecord, party: Party) -> Formula:
    """Return when a record that names party, item and action applies: doubt closes an allow, and upholds a deny."""
    truth = Truth.TRUE if record.effect is Effect.ALLOW else Truth.NOT_FALSE
    return Every(tuple(Claim(condition, truth, side) for condition, side in _settled(record, party)))


def sparing(deny: PolicyRecord, party: Party) -> Formula:
    """Return when a deny that names party, item and action doesn't apply."""
    return Some(tuple(Claim(condition, Truth.FALSE, side) for condition, side in _settled(deny, party)))


def _settled(record: PolicyRecord, party: Party) -> tuple[tuple[Condition, Side], ...]:
    scope = TRUE if record.scope is None else settle_scope(record.scope, party.known)
    return (settle_condition(record.condition, party.known), Side.REQUEST), (scope, Side.ROW)


def reading(grant: ItemGrant, party: Party) -> Formula:
    """Return when the party reads the item in a row: an allow applies, and no deny."""
    allowed = Some(tuple(applying(record, party) for record in grant.allows))
    return Every((*(sparing(record, party) for record in grant.denies), allowed))


def clearer_than(grant: ItemGrant, mask: Mask | None) -> ItemGrant:
    """Return the grant with those allows alone that show the item at least as clearly as under the mask."""
    allows = tuple(one for one in grant.allows if weakness(mask_on(one, grant.item)) <= weakness(mask))
    return ItemGrant(grant.item, allows, grant.denies)


def masks_of(*grants: ItemGrant) -> tuple[Mask | None, ...]:
    """Return the masks that the allows lay on the item, the weakest first."""
    return tuple(sorted({mask_on(one, grant.item) for grant in grants for one in grant.allows}, key=weakness))
