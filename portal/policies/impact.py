"""What a change of the content gives and takes: who, which items, what for, from when to when, and how.

Conditions and scopes that could be met count as met: what isn't listed doesn't change for anybody. Only what the change
touches is worked out, and only once for all who are alike to the records.
"""

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from math import inf

from portal.conditions.formulas import Formula, negate
from portal.policies.circumstances import tested_attributes
from portal.policies.decision import ItemGrant
from portal.policies.differences import Cell, Change, cells_of
from portal.policies.merging import merge
from portal.policies.reach import masks_of
from portal.policies.records import Consumer, PolicyRecord
from portal.policies.snapshot import Snapshot
from portal.vocabulary import EntryCode, ItemIdentifier, Matter, Mode, PolicyId, Purpose


class Way(StrEnum):
    """How access changes."""

    OPENED = "opened"
    WIDENED = "widened"
    UNMASKED = "unmasked"
    LIMIT_RAISED = "limit_raised"
    CLOSED = "closed"
    NARROWED = "narrowed"
    MASKED = "masked"
    LIMIT_LOWERED = "limit_lowered"

    @property
    def gives(self) -> bool:
        """True where somebody is given something, false where it is taken."""
        return self in _GIVING


_GIVING = frozenset({Way.OPENED, Way.WIDENED, Way.UNMASKED, Way.LIMIT_RAISED})


@dataclass(frozen=True, slots=True)
class Shift:
    """What changes, in the same way for all that it lists: `[begins, ends)`, None has no end.

    `who` are departments (all their persons, and programs yet to be registered), applications, the public. A purpose
    None is none stated; a matter None is any that no record names. `records` are those that it comes of, or goes with.
    """

    who: tuple[Consumer, ...]
    entry: EntryCode
    items: tuple[ItemIdentifier, ...]
    purposes: tuple[Purpose | None, ...]
    modes: tuple[Mode, ...]
    matters: tuple[Matter | None, ...]
    begins: datetime
    ends: datetime | None
    way: Way
    records: tuple[PolicyId, ...]


@dataclass(frozen=True, slots=True)
class Impact:
    """What changes; `compared` counts the cells that were weighed against each other."""

    shifts: tuple[Shift, ...]
    compared: int

    @property
    def gains(self) -> tuple[Shift, ...]:
        """What somebody is given."""
        return tuple(shift for shift in self.shifts if shift.way.gives)

    @property
    def losses(self) -> tuple[Shift, ...]:
        """What is taken from somebody."""
        return tuple(shift for shift in self.shifts if not shift.way.gives)


def compare_access(before: Snapshot, after: Snapshot, now: datetime) -> Impact:
    """Return what the change from one snapshot to the other gives and takes, from now on."""
    comparison = Comparison()
    change = Change(before, after, now)
    shifts = [
        Shift(
            cell.who,
            cell.entry.code,
            cell.items,
            (cell.action.purpose,),
            (cell.action.mode,),
            (cell.action.matter,),
            cell.window.begins,
            cell.window.ends,
            way,
            tuple(sorted({one.id for one in _differing(cell)})),
        )
        for cell in cells_of(change)
        for way in sorted(comparison.ways(cell))
    ]
    return Impact(merge(_merge_periods(shifts), ("purposes", "modes", "matters", "items", "who")), comparison.compared)


def _differing(cell: Cell) -> frozenset[PolicyRecord]:
    """Return the records that could apply on one side alone; all where it is the party that differs."""
    old, new = ({*grant.allows, *grant.denies} for grant in (cell.before, cell.after))
    return frozenset(old ^ new if old != new else new)


@dataclass
class Comparison:
    """Weighs cells, each kind once; kept for one change."""

    compared: int = 0
    _seen: dict[Hashable, frozenset[Way]] = field(default_factory=dict)

    def ways(self, cell: Cell) -> frozenset[Way]:
        """Return how access to the cell changes."""
        window = cell.window if "now" in tested_attributes(cell.records) else None
        key = (cell.who, cell.before, cell.after, window)
        if key not in self._seen:
            self.compared += 1
            self._seen[key] = frozenset(_ways(cell))
        return self._seen[key]


def _ways(cell: Cell) -> Iterator[Way]:
    before, after = cell.read_before(), cell.read_after()
    was_read, will_be_read = cell.can_hold(before), cell.can_hold(after)
    if will_be_read and cell.can_hold(after, negate(before)):
        yield Way.WIDENED if was_read else Way.OPENED
    if was_read and cell.can_hold(before, negate(after)):
        yield Way.NARROWED if will_be_read else Way.CLOSED
    if was_read and will_be_read:
        yield from _terms(cell, before, after)


def _terms(cell: Cell, before: Formula, after: Formula) -> Iterator[Way]:
    """Yield how masks and limits change of what is read before and after."""
    for mask in masks_of(cell.before, cell.after)[:-1]:
        old, new = cell.read_before(mask), cell.read_after(mask)
        if cell.can_hold(before, new, negate(old)):
            yield Way.UNMASKED
        if cell.can_hold(after, old, negate(new)):
            yield Way.MASKED
    for name in ("max_rows", "daily_rows"):
        old_limit, new_limit = _limit(cell.before, name), _limit(cell.after, name)
        if new_limit > old_limit:
            yield Way.LIMIT_RAISED
        if new_limit < old_limit:
            yield Way.LIMIT_LOWERED


def _limit(grant: ItemGrant, name: str) -> float:
    """Return the rows allowed, as many as there are where a record sets no limit."""
    rows = [getattr(record.obligations, name) for record in grant.allows]
    return inf if None in rows else max(rows)


_EVER = datetime.max.replace(tzinfo=UTC)


def _merge_periods(shifts: Iterable[Shift]) -> list[Shift]:
    """Return the shifts with periods that follow on each other as one; those of a cell come in order of time."""
    merged: dict[Hashable, list[Shift]] = {}
    for shift in shifts:
        members = merged.setdefault(replace(shift, begins=_EVER, ends=None), [])
        if members and members[-1].ends == shift.begins:
            members[-1] = replace(members[-1], ends=shift.ends)
        else:
            members.append(shift)
    return [shift for members in merged.values() for shift in members]
