"""How far the rows of a release can be told apart, by what the public would see of them (k-anonymity, threats.md T27).

Combinations of items are weighed level by level: what tells every row apart isn't weighed with more items beside it.
Masked items are weighed as they are stored, so what is shown tells no more than the report says.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

from sqlalchemy import Table

from portal.access.crowd_statement import (
    Crowd,
    Meeting,
    Side,
    compile_crowd,
    compile_meeting,
    read_crowd,
    read_meeting,
)
from portal.access.executing import DataSource
from portal.access.linking import Row
from portal.access.plan_groups import is_groupable
from portal.access.statement import Read
from portal.administration.releasing import EVERYBODY, Release, shown_items
from portal.catalog.entries import CatalogEntry, InformationItem, Link
from portal.conditions.tree import FALSE
from portal.errors import SourceUnavailable, TooComplex
from portal.policies.decision import Permit, Use
from portal.policies.decision_point import DecisionPoint
from portal.policies.information_point import EntryState
from portal.policies.matching import Request
from portal.policies.records import FullMask
from portal.regulations.profiles import load_profile
from portal.vocabulary import EntryCode, ItemIdentifier

MOST_COMBINATIONS = 120
"""So many combinations of items are weighed, beside each item alone and all together."""
MOST_ROWS_READ = 20_000_000
"""So many rows may be read for that: a large entry has fewer combinations weighed."""
LARGEST_COMBINATION = 3
MOST_ENCOUNTERS = 20
"""With so many other open entries the rows are brought together."""
_UNANSWERED = 3
"""After so many counts that took too long no more are begun."""

Items = tuple[ItemIdentifier, ...]


@dataclass(frozen=True, slots=True)
class Combination:
    """Items, and how rows fall into groups by them; None where that couldn't be counted in time."""

    items: Items
    crowd: Crowd | None


@dataclass(frozen=True, slots=True)
class Encounter:
    """Another entry that the public sees, the pairs of items to join with, and the rows that meet in them."""

    entry: EntryCode
    pairs: tuple[tuple[ItemIdentifier, ItemIdentifier], ...]
    meeting: Meeting | None


@dataclass(frozen=True, slots=True)
class Uniqueness:
    """The report. `shown` are the items that it weighs, `left_out` those whose values have no order of equality.

    `unweighed` counts the combinations of up to three items, and the entries, that weren't looked at.
    """

    smallest: int
    shown: Items
    left_out: Items
    combinations: tuple[Combination, ...]
    encounters: tuple[Encounter, ...]
    unweighed: int


@dataclass(frozen=True, slots=True)
class Examiner:
    """Weighs what releases give away, on the road that requests take."""

    source: DataSource
    table_of: Callable[[EntryState], Table]

    async def examine(self, release: Release) -> Uniqueness:
        """Return the report of a release. Raises: PolicyUnavailable."""
        entry, request, point = release.state.entry, release.request, release.point
        shown = _visible(point, request, release.state)
        groupable = tuple(item for item in shown if is_groupable(_item(entry, item)))
        smallest = load_profile(point.snapshot.content.profile).smallest_group
        weighing = _Weighing(self, point, request, smallest)
        weighed, unweighed = await weighing.combinations(release.state, groupable)
        encounters, unmet = await weighing.encounters(release.state, groupable)
        left_out = tuple(item for item in shown if item not in groupable)
        return Uniqueness(smallest, groupable, left_out, weighed, encounters, unweighed + unmet)


@dataclass
class _Weighing:
    """The weighing of one release."""

    examiner: Examiner
    point: DecisionPoint
    request: Request
    smallest: int
    unanswered: int = 0

    async def combinations(self, state: EntryState, items: Items) -> tuple[tuple[Combination, ...], int]:
        """Return the combinations that were weighed, and how many were not."""
        left = min(MOST_COMBINATIONS, MOST_ROWS_READ // max(1, state.table.row_count))
        weighed = [Combination(item, await self._crowd(state, item)) for item in ((one,) for one in items)]
        known = {one.items: one.crowd for one in weighed}
        mixed = tuple(item for item in items if not _tells_all(known[item,]))
        unweighed = 0
        for size in range(2, LARGEST_COMBINATION + 1):
            wanted = [one for one in combinations(mixed, size) if not _has_told_all(one, known)] if left else []
            begun = [one for one in wanted[:left] if None not in map(known.get, combinations(one, size - 1))]
            for candidate in begun:
                known[candidate] = await self._crowd(state, candidate)
                weighed.append(Combination(candidate, known[candidate]))
            unweighed += (len(wanted) if left else comb(len(mixed), size)) - len(begun)
            left = max(0, left - len(wanted))
        if len(items) > LARGEST_COMBINATION:
            weighed.append(Combination(items, await self._crowd(state, items)))
        return tuple(weighed), unweighed

    async def encounters(self, state: EntryState, items: Items) -> tuple[tuple[Encounter, ...], int]:
        """Return the other open entries that rows meet in, and how many entries weren't looked at."""
        found = [*self._others(state, items)]
        met = [
            Encounter(other.entry.code, pairs, await self._meeting(state, other, pairs))
            for other, pairs in found[:MOST_ENCOUNTERS]
        ]
        return tuple(met), len(found[MOST_ENCOUNTERS:])

    def _others(
        self, state: EntryState, items: Items
    ) -> Iterator[tuple[EntryState, tuple[tuple[ItemIdentifier, ItemIdentifier], ...]]]:
        snapshot = self.point.snapshot
        for code in sorted(snapshot.index.entries_of.get(EVERYBODY, ())):
            other = snapshot.state_by_code[code]
            if code == state.entry.code or other.removed:
                continue
            for wanted in _joins(state.entry, other.entry):
                seen = frozenset(_visible(self.point, self.request, other)) if wanted else frozenset()
                pairs = tuple((own, its) for own, its in wanted if own in items and its in seen)
                if pairs:
                    yield other, pairs

    async def _crowd(self, state: EntryState, items: Items) -> Crowd | None:
        side = self._side(state, items)
        row = await self._row(lambda: compile_crowd(side, self.smallest, self.examiner.source.dialect))
        return None if row is None else read_crowd(row)

    async def _meeting(
        self, state: EntryState, other: EntryState, pairs: Sequence[tuple[ItemIdentifier, ItemIdentifier]]
    ) -> Meeting | None:
        own, its = (self._side(of, names) for of, names in zip((state, other), zip(*pairs, strict=True), strict=True))
        row = await self._row(lambda: compile_meeting(own, its, self.examiner.source.dialect))
        return None if row is None else read_meeting(row)

    def _side(self, state: EntryState, items: Items) -> Side:
        decision = self.point.decide(self.request, Use(state.entry.code, items))
        # What is permitted item by item is permitted together: the decision on each rests on its own records.
        condition = decision.row_condition if isinstance(decision, Permit) else FALSE
        return Side(state, condition, self.examiner.table_of(state), items)

    async def _row(self, compiled: Callable[[], Read]) -> Row | None:
        """Return the one row of a read; None where it wasn't given in time."""
        if self.unanswered >= _UNANSWERED:
            return None
        try:
            executed = await self.examiner.source.execute(compiled())
        except (SourceUnavailable, TooComplex):
            self.unanswered += 1
            return None
        return (executed.rows or [])[0]


def _visible(point: DecisionPoint, request: Request, state: EntryState) -> Items:
    """Return the items that the request is shown anything of."""
    shown = shown_items(point, request, state)
    decision = point.decide(request, Use(state.entry.code, shown)) if shown else None
    masks = decision.masks if isinstance(decision, Permit) else ()
    hidden = {choice.item for choice in masks if isinstance(choice.options[0][0], FullMask)}
    return tuple(item for item in shown if item not in hidden)


def _tells_all(crowd: Crowd | None) -> bool:
    return crowd is not None and crowd.alone == crowd.rows


def _has_told_all(items: Items, known: Mapping[Items, Crowd | None]) -> bool:
    """Return whether fewer of the items tell every row apart by themselves."""
    return any(_tells_all(known.get(part)) for part in combinations(items, len(items) - 1))


def _joins(own: CatalogEntry, other: CatalogEntry) -> Iterator[tuple[tuple[ItemIdentifier, ItemIdentifier], ...]]:
    """Yield the pairs of items that rows of both can be joined with: by links of either, and by items named alike."""
    links = [tuple(zip(link.items, link.target_items, strict=True)) for link in own.links if _is_to(link, other)]
    links += [tuple(zip(link.target_items, link.items, strict=True)) for link in other.links if _is_to(link, own)]
    alike = tuple(
        (item.identifier, item.identifier)
        for item in own.items
        if is_groupable(item) and _is_alike(item, other.item(item.identifier))
    )
    yield from dict.fromkeys((*links, *((alike,) if alike else ())))


def _is_alike(item: InformationItem, other: InformationItem | None) -> bool:
    return other is not None and (item.type, item.scale) == (other.type, other.scale)


def _item(entry: CatalogEntry, name: ItemIdentifier) -> InformationItem:
    return next(item for item in entry.items if item.identifier == name)


def _is_to(link: Link, entry: CatalogEntry) -> bool:
    return link.target == entry.identifier
