"""What a change is proved not to do, or the request that shows that it does (G18, T25, T30).

Every request falls into one of finitely many cells; in each, conditions and scopes are followed as far as they can be,
and what can't be followed counts as met. So a guarantee that holds does hold for every request.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from portal.catalog.entries import effective_share_class, is_item_open
from portal.conditions.models import Model, find_model
from portal.policies.circumstances import Party, example_of
from portal.policies.decision import ItemGrant, Permit, Use
from portal.policies.decision_point import DecisionPoint
from portal.policies.differences import Cell, Change, cells_of
from portal.policies.matching import Request, Stage, furthest_stage
from portal.policies.records import Any, PolicyKind
from portal.policies.snapshot import Snapshot
from portal.vocabulary import EntryCode, ItemIdentifier, PolicyId, Purpose, ShareClass


class Promise(StrEnum):
    """What a change may be proved not to do."""

    OPENS_NOTHING_UNSHARED = "opens_nothing_unshared"
    """Nobody is given an item that isn't shared, or wasn't."""
    OUTLIVES_NO_AGREEMENT = "outlives_no_agreement"
    """Nobody is given a conditional item longer than an agreement for the entry lasts, but by declared records."""
    SERVES_DECLARED_PURPOSES = "serves_declared_purposes"
    """Nobody is given anything for a purpose that the author didn't declare."""
    OPENS_NOTHING_TO_THE_PUBLIC = "opens_nothing_to_the_public"
    """The public is given nothing but open items."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """What the author of a change says of it: the purposes it serves, the records meant to last beyond agreements."""

    purposes: frozenset[Purpose] | Any = frozenset()
    lasting: frozenset[PolicyId] = frozenset()


NOTHING_DECLARED = Declaration()


@dataclass(frozen=True, slots=True)
class CounterExample:
    """A request that a change permits against a promise. `records` are the allows that it rests on.

    Not certain: conditions that aren't followed may keep it from being permitted.
    """

    entry: EntryCode
    item: ItemIdentifier
    request: Request
    records: tuple[PolicyId, ...]
    certain: bool

    def replays(self, point: DecisionPoint) -> bool:
        """Return whether the decision point permits it, for some rows or all."""
        return isinstance(point.decide(self.request, Use(self.entry, (self.item,))), Permit)


@dataclass(frozen=True, slots=True)
class Guarantee:
    """A promise: it holds, or there is a request that breaks it."""

    promise: Promise
    counter_example: CounterExample | None

    @property
    def holds(self) -> bool:
        """True where no request breaks it."""
        return self.counter_example is None


def prove_guarantees(
    before: Snapshot, after: Snapshot, now: datetime, declaration: Declaration = NOTHING_DECLARED
) -> tuple[Guarantee, ...]:
    """Return for each promise whether the change keeps it, from now on."""
    change = Change(before, after, now)
    broken: dict[Promise, CounterExample] = {}
    for cell in cells_of(change):
        for promise in Promise:
            known = broken.get(promise)
            if known is None or not known.certain:
                found = _break(promise, cell, _Proof(change, declaration))
                if found is not None and (known is None or found.certain):
                    broken[promise] = found
    return tuple(Guarantee(promise, broken.get(promise)) for promise in Promise)


@dataclass(frozen=True, slots=True)
class _Proof:
    change: Change
    declaration: Declaration


def _break(promise: Promise, cell: Cell, proof: _Proof) -> CounterExample | None:
    """Return a request of the cell that breaks the promise, None where there is none."""
    for name in cell.items:
        grant = _breaking(promise, cell, name, proof)
        if grant is not None and grant.allows:
            model = find_model(cell.given(grant), cell.setting)
            if model is not None:
                return _counter_example(cell, name, grant, model, proof)
    return None


def _breaking(promise: Promise, cell: Cell, name: ItemIdentifier, proof: _Proof) -> ItemGrant | None:
    """Return the part of what is granted that would break the promise, None where nothing would."""
    match promise:
        case Promise.OPENS_NOTHING_UNSHARED:
            return cell.after if _is_unshared(cell, name) else None
        case Promise.OUTLIVES_NO_AGREEMENT:
            return _outliving(cell, name, proof)
        case Promise.SERVES_DECLARED_PURPOSES:
            declared = proof.declaration.purposes
            return None if isinstance(declared, Any) or cell.action.purpose in declared else cell.after
        case Promise.OPENS_NOTHING_TO_THE_PUBLIC:
            item = cell.entry.item(name)
            is_open = item is not None and is_item_open(cell.entry, item)
            return cell.after if cell.will.subject.is_public and not is_open else None
    assert_never(promise)


def _is_unshared(cell: Cell, name: ItemIdentifier) -> bool:
    return any(
        (item := entry.item(name)) is not None and effective_share_class(entry, item) is ShareClass.NOT_SHARED
        for entry in cell.catalog
        if entry is not None
    )


def _outliving(cell: Cell, name: ItemIdentifier, proof: _Proof) -> ItemGrant | None:
    """Return what is granted of a conditional item beyond the agreements, but by records that are meant to."""
    entry, item = cell.entry, cell.entry.item(name)
    if item is None or effective_share_class(entry, item) is not ShareClass.CONDITIONAL or is_item_open(entry, item):
        return None
    if cell.will.subject.department == entry.provider:
        return None
    end = _agreed_until(cell.will, proof.change.after, entry.code)
    if end is not None and cell.window.begins < end:
        return None
    allows = tuple(record for record in cell.after.allows if record.id not in proof.declaration.lasting)
    return replace(cell.after, allows=allows)


def _agreed_until(party: Party, snapshot: Snapshot, code: EntryCode) -> datetime | None:
    """Return the latest end of an agreement on the entry that names the party; None where there is none."""
    ends = [
        record.valid_until
        for record in snapshot.candidates(code, party.subject)
        if record.kind is PolicyKind.AGREEMENT and record.valid_until is not None and party.is_named_by(record)
    ]
    return max(ends, default=None)


def _counter_example(cell: Cell, name: ItemIdentifier, grant: ItemGrant, model: Model, proof: _Proof) -> CounterExample:
    request = example_of(cell.will, cell.action, cell.window, model)
    applying = [one for one in grant.allows if furthest_stage(one, cell.entry, request) is Stage.APPLIES]
    is_denied = any(
        one.scope is None and furthest_stage(one, cell.entry, request) is Stage.APPLIES for one in grant.denies
    )
    certain = model.certain and bool(applying) and not is_denied
    return CounterExample(
        cell.entry.code, name, request, tuple(sorted(one.id for one in applying or grant.allows)), certain
    )
