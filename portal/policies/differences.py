"""What a change of the content may have touched: each party, entry, item, action and period, but alike ones once."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from portal.catalog.entries import CatalogEntry, InformationItem
from portal.conditions.formulas import HOLDS, Every, Formula, negate
from portal.conditions.models import Setting, can_hold
from portal.policies.circumstances import (
    NOBODY,
    Party,
    Window,
    actions_of,
    is_party_of,
    parties_of,
    purposes_of,
    tested_attributes,
    windows_of,
)
from portal.policies.decision import ItemGrant
from portal.policies.masks import mask_on
from portal.policies.matching import subject_attributes
from portal.policies.reach import Ground, clearer_than, grant_of, ground_of, reading
from portal.policies.records import Consumer, FullMask, Mask, PolicyRecord
from portal.policies.snapshot import Snapshot
from portal.vocabulary import Action, EntryCode, ItemIdentifier, PolicyId

HIDDEN = FullMask()
"""The strongest mask: whatever is read is shown at least as clearly."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One party's requests for one item (and for those that are decided like it), before a change and after it.

    `who` are decided alike, and so are `items`; the first of each stands for all: `was` and `will` are that party
    before and after. `catalog` is the entry before and after, None where there is none.
    """

    who: tuple[Consumer, ...]
    was: Party
    will: Party
    catalog: tuple[CatalogEntry | None, CatalogEntry | None]
    items: tuple[ItemIdentifier, ...]
    action: Action
    window: Window
    before: ItemGrant
    after: ItemGrant

    @property
    def entry(self) -> CatalogEntry:
        """The entry as it will be, or as it was where it goes."""
        return next(entry for entry in reversed(self.catalog) if entry is not None)

    @property
    def records(self) -> tuple[PolicyRecord, ...]:
        """The records that could apply, before or after."""
        return (*self.before.allows, *self.before.denies, *self.after.allows, *self.after.denies)

    @property
    def setting(self) -> Setting:
        """What is known of the requests, before or after."""
        return replace(
            self.will, people=tuple({**dict.fromkeys(self.was.people), **dict.fromkeys(self.will.people)})
        ).setting

    def read_before(self, clarity: Mask | None = HIDDEN) -> Formula:
        """Return when the item was read, and shown at least as clearly as under the mask."""
        return Every((self._is_of(self.was), reading(clearer_than(self.before, clarity), self.was)))

    def read_after(self, clarity: Mask | None = HIDDEN) -> Formula:
        """Return when the item will be read, and shown at least as clearly as under the mask."""
        return Every((self._is_of(self.will), reading(clearer_than(self.after, clarity), self.will)))

    def given(self, grant: ItemGrant) -> Formula:
        """Return when what is granted after the change is read, and the item wasn't before, in the cell's period."""
        after = Every((self._is_of(self.will), reading(grant, self.will)))
        return Every((self.window.claim, after, negate(self.read_before())))

    def _is_of(self, party: Party) -> Formula:
        """Return that a request is the party's as it was, or will be: of one of the persons that it then has."""
        return HOLDS if self.was.people == self.will.people else party.people_claim

    def can_hold(self, *formulas: Formula) -> bool:
        """Return whether the formulas can hold together for a request in the cell's period."""
        return can_hold(Every((self.window.claim, *formulas)), self.setting)


@dataclass(frozen=True)
class Change:
    """Two snapshots, and what differs between them."""

    before: Snapshot
    after: Snapshot
    now: datetime

    @cached_property
    def records_by_entry(self) -> Mapping[EntryCode, frozenset[PolicyId]]:
        """The ids of records that were put, changed or withdrawn, by entry; those of freezes too."""
        codes = dict.fromkeys((*self.before.state_by_code, *self.after.state_by_code))
        return {code: self._records_on(code) for code in codes}

    def _records_on(self, code: EntryCode) -> frozenset[PolicyId]:
        old, new = ({one.id: one for one in each.records_on(code)} for each in (self.before, self.after))
        return frozenset(one for one in old.keys() | new.keys() if old.get(one) != new.get(one))

    @cached_property
    def entries(self) -> frozenset[EntryCode]:
        """The codes of entries that differ as decisions see them."""
        old, new = self.before.state_by_code, self.after.state_by_code
        return frozenset(
            code
            for code in old.keys() | new.keys()
            if (code in old and old[code].entry) != (code in new and new[code].entry)
        )

    @cached_property
    def parties(self) -> Mapping[Consumer, tuple[Party | None, Party | None]]:
        """Every party, as it was and as it is; None where it wasn't or isn't there."""
        old, new = ({one.consumer: one for one in parties_of(each.registry)} for each in (self.before, self.after))
        return {name: (old.get(name), new.get(name)) for name in {**old, **new}}

    @cached_property
    def changed_parties(self) -> frozenset[Consumer]:
        """The parties that aren't as they were."""
        return frozenset(name for name, (old, new) in self.parties.items() if old != new)

    def touched(self) -> Iterator[tuple[EntryCode, Consumer]]:
        """Yield each entry with each party that the change may have given or taken something there."""
        for code, differing in self.records_by_entry.items():
            records = [record for each in (self.before, self.after) for record in each.records_on(code)]
            others = {record.consumer for record in records}
            changed = {one.consumer for one in records if code in self.entries or one.id in differing}
            for name, pair in self.parties.items():
                consumers = others if name in self.changed_parties else changed
                if any(is_party_of(one, party) for one in consumers for party in pair if party is not None):
                    yield code, name


def cells_of(change: Change) -> Iterator[Cell]:
    """Yield every cell that the change may have touched; what isn't among them is decided as it was."""
    alike: dict[object, list[_Pair]] = {}
    for code, name in change.touched():
        pair = _pair(change, code, name)
        alike.setdefault((code, name in change.changed_parties, pair.kind), []).append(pair)
    for pairs in alike.values():
        yield from _cells(change, pairs[0], tuple(pair.will.consumer for pair in pairs))


@dataclass(frozen=True)
class _Pair:
    """A party at an entry, before and after; a ground is None where there was or will be no such party or entry."""

    was: Party
    will: Party
    before: Ground | None
    after: Ground | None

    @property
    def kind(self) -> object:
        """What tells it from others: parties with equal kinds are decided alike."""
        return _kind_of(self.before), _kind_of(self.after)

    @property
    def records(self) -> tuple[PolicyRecord, ...]:
        """The records that name the party, before or after."""
        grounds = [ground for ground in (self.before, self.after) if ground is not None]
        return tuple(dict.fromkeys(record for ground in grounds for record in ground.records))

    def is_changed(self) -> bool:
        """Return whether the party itself differs in what the records test."""
        was, will = _attributes(self.was), _attributes(self.will)
        return any(was[name] != will[name] for name in tested_attributes(self.records) & was.keys())


def _pair(change: Change, code: EntryCode, name: Consumer) -> _Pair:
    old, new = change.parties[name]
    party = old or new or NOBODY
    before = None if old is None else ground_of(change.before, code, old)
    after = None if new is None else ground_of(change.after, code, new)
    return _Pair(old or party, new or party, before, after)


def _attributes(party: Party) -> Mapping[str, object]:
    return {**subject_attributes(party.subject), "user": party.people or None}


def _kind_of(ground: Ground | None) -> object:
    if ground is None:
        return None
    attributes, subject = _attributes(ground.party), ground.party.subject
    return (
        tuple(record.id for record in ground.records),
        tuple((name, attributes[name]) for name in sorted(tested_attributes(ground.records) & attributes.keys())),
        ground.party.matters(matter for record in ground.records for matter in record.matters),
        subject.is_public,
        subject.application is None,
        subject.department == ground.entry.provider,
    )


def _cells(change: Change, pair: _Pair, who: tuple[Consumer, ...]) -> Iterator[Cell]:
    changed, windows = pair.is_changed(), windows_of(pair.records, change.now)
    catalog = (pair.before.entry if pair.before else None, pair.after.entry if pair.after else None)
    old_actions, new_actions = (_actions(ground, pair.records, change) for ground in (pair.before, pair.after))
    for items, old, new in _item_groups(pair.before, pair.after):
        for action in dict.fromkeys((*old_actions, *new_actions)):
            for window in windows:
                before = grant_of(old if action in old_actions else (), items[0].identifier, action, window)
                after = grant_of(new if action in new_actions else (), items[0].identifier, action, window)
                if changed or before != after:
                    names = tuple(item.identifier for item in items)
                    yield Cell(who, pair.was, pair.will, catalog, names, action, window, before, after)


def _actions(ground: Ground | None, records: Sequence[PolicyRecord], change: Change) -> Mapping[Action, None]:
    """Return the actions that the party may take; one that it may not is decided as if nothing were granted."""
    if ground is None:
        return {}
    return dict.fromkeys(actions_of(ground.party, records, purposes_of(change.after, records)))


_Group = tuple[list[InformationItem], tuple[PolicyRecord, ...], tuple[PolicyRecord, ...]]


def _item_groups(before: Ground | None, after: Ground | None) -> Iterable[_Group]:
    """Return the items in groups that the same records cover, with the same masks, before and after."""
    items: dict[ItemIdentifier, InformationItem] = {}
    for ground in (before, after):
        items.update({item.identifier: item for item in ground.entry.items} if ground else {})
    groups: dict[object, _Group] = {}
    for item in items.values():
        old, new = _covering(before, item), _covering(after, item)
        key = tuple(tuple((one.id, mask_on(one, item.identifier)) for one in covering) for covering in (old, new))
        groups.setdefault(key, ([], old, new))[0].append(item)
    return groups.values()


def _covering(ground: Ground | None, item: InformationItem) -> tuple[PolicyRecord, ...]:
    own = None if ground is None else ground.entry.item(item.identifier)
    return () if ground is None or own is None else ground.covering(own)
