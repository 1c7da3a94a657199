"""The open data of this moment: the entries of which the public may read an item now, by the decisions of the road.

Nothing of it is stored. What is kept is kept for one epoch, and until time alone could change it.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property

from portal.catalog.entries import CatalogEntry, InformationItem, is_item_open
from portal.policies.decision import Deny, Use
from portal.policies.decision_point import DecisionPoint
from portal.policies.matching import Request
from portal.policies.snapshot import EntryView, Snapshot, View
from portal.vocabulary import PUBLIC, Action, EntryCode, Environment, ItemIdentifier, Mode

_TOGETHER = 20
"""Entries that are decided on before other requests have a turn."""
NEVER_UPDATED = datetime(1970, 1, 1, tzinfo=UTC)
"""When a data set was updated of which nothing tells: readers of feeds must be told an instant."""


@dataclass(frozen=True, slots=True)
class DataSet:
    """An entry of which the public may read something now; `provider` is the department's name.

    `queried` and `transferred` are the items that it may read by GraphQL and as a file, in the entry's order.
    `updated_at`: when the rows came, None where nothing tells.
    """

    entry: CatalogEntry
    provider: str
    queried: tuple[ItemIdentifier, ...]
    transferred: tuple[ItemIdentifier, ...]
    updated_at: datetime | None

    @property
    def code(self) -> EntryCode:
        """The code of the entry."""
        return self.entry.code

    @property
    def items(self) -> tuple[InformationItem, ...]:
        """The items that the public may read by one way or the other, in the entry's order."""
        readable = {*self.queried, *self.transferred}
        return tuple(item for item in self.entry.items if item.identifier in readable)

    @property
    def shown_key(self) -> tuple[ItemIdentifier, ...]:
        """The items of the key that the public may read."""
        readable = {*self.queried, *self.transferred}
        return tuple(name for name in self.entry.key if name in readable)


@dataclass(frozen=True)
class OpenCatalog:
    """The data sets in the order of codes, as they are in one epoch from `made_at` until `holds_until` (None: on)."""

    # INVARIANT: nothing in it that the public may not know, so whatever is made of it may be shown to everyone.

    title: str
    epoch: int
    data_sets: tuple[DataSet, ...] = field(repr=False)
    made_at: datetime
    holds_until: datetime | None

    def holds(self, epoch: int, now: datetime) -> bool:
        """Return whether it is what would be read in that epoch at that moment."""
        # Also from when it was made: a clock that ran ahead is set back some day.
        ended = self.holds_until is not None and self.holds_until <= now
        return self.epoch == epoch and self.made_at <= now and not ended

    @cached_property
    def data_set_by_code(self) -> Mapping[EntryCode, DataSet]:
        """The data sets by the code of their entry."""
        return {data_set.code: data_set for data_set in self.data_sets}

    @cached_property
    def newest(self) -> tuple[DataSet, ...]:
        """The data sets, the one updated last first, ties in the order of codes."""
        return tuple(sorted(self.data_sets, key=lambda one: one.updated_at or NEVER_UPDATED, reverse=True))

    @property
    def updated_at(self) -> datetime | None:
        """When the newest data set was updated; None where nothing tells."""
        return self.newest[0].updated_at if self.newest else None

    def found(self, weights: Mapping[EntryCode, int]) -> tuple[DataSet, ...]:
        """Return the data sets that a search found, the weightiest first, ties in the order of codes."""
        hits = [data_set for data_set in self.data_sets if data_set.code in weights]
        return tuple(sorted(hits, key=lambda one: -weights[one.code]))


@dataclass
class OpenDataReader:
    """Reads the open data, and keeps what it read last for as long as it holds; made once a process."""

    _kept: OpenCatalog | None = None
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def read(self, point: DecisionPoint, view: View, now: datetime) -> OpenCatalog:
        """Return the open data at that moment; `view` is the public's. Raises: PolicyUnavailable."""
        async with self._lock:
            if self._kept is None or not self._kept.holds(point.snapshot.epoch, now):
                self._kept = await read_open_catalog(point, view, now)
            return self._kept


async def read_open_catalog(point: DecisionPoint, view: View, now: datetime) -> OpenCatalog:
    """Return the open data at that moment, read anew; `view` is the public's. Raises: PolicyUnavailable."""
    snapshot, data_sets = point.snapshot, []
    for number, seen in enumerate(view.values(), start=1):
        data_set = _data_set(point, seen, now)
        if data_set is not None:
            data_sets.append(data_set)
        if number % _TOGETHER == 0:
            await asyncio.sleep(0)
    data_sets.sort(key=lambda one: one.code)
    until = _holds_until(snapshot, (seen.entry.code for seen in view.values()), now)
    return OpenCatalog(snapshot.content.title, snapshot.epoch, tuple(data_sets), now, until)


def _data_set(point: DecisionPoint, seen: EntryView, now: datetime) -> DataSet | None:
    """Return what the public may read of the entry now, None where that is nothing."""
    entry = seen.entry
    opened = tuple(item.identifier for item in seen.items if is_item_open(entry, item))
    if not entry.is_published or not opened:
        return None
    queried, transferred = (_permitted(point, entry, opened, mode, now) for mode in (Mode.QUERY, Mode.EXCHANGE))
    if not queried and not transferred:
        return None
    department = point.snapshot.registry.departments.get(entry.provider)
    provider = department.name if department else str(entry.provider)
    return DataSet(entry, provider, queried, transferred, seen.state.table.arrived_at)


def _permitted(
    point: DecisionPoint, entry: CatalogEntry, items: tuple[ItemIdentifier, ...], mode: Mode, now: datetime
) -> tuple[ItemIdentifier, ...]:
    """Return those of the items that anyone may read, from anywhere and without stating a purpose."""
    # Of whom nothing is known but that they ask: a record for some addresses or cases makes nothing open data.
    decision = point.decide(Request(PUBLIC, Action(mode), Environment(now)), Use(entry.code, items))
    refused = decision.items if isinstance(decision, Deny) else ()
    return tuple(name for name in items if name not in refused)


def _holds_until(snapshot: Snapshot, codes: Iterable[EntryCode], now: datetime) -> datetime | None:
    """Return the first moment after `now` at which time alone may change what the public may read, None if none."""
    return min((moment for code in codes for moment in _changes(snapshot, code, now)), default=None)


def _changes(snapshot: Snapshot, code: EntryCode, now: datetime) -> Iterator[datetime]:
    """Yield the moments to come at which records that name the public begin or end."""
    for record in snapshot.candidates(code, PUBLIC):
        yield from (end for end in (record.valid_from, record.valid_until) if end is not None and end > now)
    if "now" in snapshot.tested_on(code):
        # A condition on the time of day changes whenever it likes: looked at again each second.
        yield now.replace(microsecond=0) + timedelta(seconds=1)
