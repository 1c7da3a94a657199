"""Everything that decisions read, as one immutable value per epoch, indexed by entry and consumer."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

from portal.catalog.entries import CatalogEntry, InformationItem
from portal.conditions.meaning import condition_names
from portal.identity.registry import Registry
from portal.policies.consistency import covers_item
from portal.policies.freezes import Freeze
from portal.policies.information_point import EntryState, PortalContent
from portal.policies.matching import names_consumer, reaches_entry
from portal.policies.record_index import RecordIndex, index_records
from portal.policies.records import Any, Consumer, ConsumerKind, Effect, PolicyRecord
from portal.vocabulary import EntryCode, EntryIdentifier, ItemIdentifier, Subject

VIEW_AFTER_END = timedelta(days=90)
"""So long a record that ended keeps its items in a subject's view (enforcement.md §5)."""


_LAST_END = datetime.max.replace(tzinfo=UTC) - VIEW_AFTER_END


def subject_consumers(subject: Subject) -> tuple[Consumer, ...]:
    """Return every consumer that the subject is."""
    consumers = [Consumer(ConsumerKind.PUBLIC)]
    if subject.department is not None:
        consumers.append(Consumer(ConsumerKind.ANY_DEPARTMENT))
        consumers.append(Consumer(ConsumerKind.DEPARTMENT, subject.department))
    consumers.extend(Consumer(ConsumerKind.GROUP, group) for group in subject.groups)
    if subject.application is not None:
        consumers.append(Consumer(ConsumerKind.APPLICATION, subject.application))
    return tuple(consumers)


@dataclass(frozen=True, slots=True)
class EntryView:
    """An entry with those of its items that a subject may know of, in the entry's order."""

    state: EntryState
    items: tuple[InformationItem, ...]

    @property
    def entry(self) -> CatalogEntry:
        """The catalog entry."""
        return self.state.entry


View = Mapping[EntryIdentifier, EntryView]
"""A subject's entries in `shared`, by identifier in catalog order."""


@dataclass(frozen=True)
class Snapshot:
    """The portal's content of one epoch."""

    # INVARIANT: nothing in it changes; a change of content is another snapshot.

    content: PortalContent

    @property
    def epoch(self) -> int:
        """The epoch that the content was read under."""
        return self.content.epoch

    @property
    def registry(self) -> Registry:
        """Who is registered."""
        return self.content.registry

    @cached_property
    def state_by_code(self) -> Mapping[EntryCode, EntryState]:
        """Every entry, removed ones too."""
        return {state.entry.code: state for state in self.content.entries}

    @cached_property
    def state_by_identifier(self) -> Mapping[EntryIdentifier, EntryState]:
        """Entries by identifier; where a removed entry's identifier was given to another, the other holds it."""
        ordered = sorted(self.content.entries, key=lambda state: not state.removed)
        return {state.entry.identifier: state for state in ordered}

    @cached_property
    def index(self) -> RecordIndex:
        """The records by entry and consumer."""
        return index_records(self.content.records)

    def following(self, content: PortalContent, touched: Set[EntryCode]) -> "Snapshot":
        """Return the snapshot of a content of which only records on the touched entries differ from this one's."""
        snapshot = Snapshot(content)
        # As the cached property would keep it.
        vars(snapshot)["index"] = self.index.after(content.records, touched)
        return snapshot

    def records_on(self, code: EntryCode) -> tuple[PolicyRecord, ...]:
        """Return every record on the entry, by id; what is frozen of it too."""
        written = (record for records in self.index.on(code).values() for record in records)
        return _by_id((*written, *self._frozen(code)))

    def tested_on(self, code: EntryCode) -> frozenset[str]:
        """Return the attributes of subject and circumstances that conditions of records on the entry test."""
        tested = self._tested.get(code)
        if tested is None:
            names = (condition_names(record.condition) for record in self.records_on(code))
            tested = self._tested[code] = frozenset[str]().union(*names)
        return tested

    def period_on(self, code: EntryCode, now: datetime) -> int:
        """Return a number that is another one as soon as a record on the entry begins or ends."""
        moments = self._moments.get(code)
        if moments is None:
            records = self.records_on(code)
            ends = (end for record in records for end in (record.valid_from, record.valid_until) if end is not None)
            moments = self._moments[code] = sorted(set(ends))
        return bisect_right(moments, now)

    @cached_property
    def _forgotten(self) -> list[datetime]:
        """The moments at which records leave the views, in their order."""
        return sorted({end for record in self.content.records if (end := _forgotten_at(record)) is not None})

    @cached_property
    def _tested(self) -> dict[EntryCode, frozenset[str]]:
        return {}

    @cached_property
    def _moments(self) -> dict[EntryCode, list[datetime]]:
        return {}

    def _frozen(self, code: EntryCode) -> Iterator[PolicyRecord]:
        # INVARIANT: nothing decides on an entry without the freezes that are on it.
        for freeze in self.content.freezes:
            if (record := freeze.record_on(code)) is not None:
                yield record

    def freeze_of(self, code: EntryCode, item: ItemIdentifier, subject: Subject) -> Freeze | None:
        """Return a freeze that keeps the item from the subject, None where there is none."""
        consumers = subject_consumers(subject)
        for freeze in self.content.freezes:
            record = freeze.record_on(code)
            if (
                record is not None
                and record.consumer in consumers
                and (isinstance(record.items, Any) or item in record.items)
            ):
                return freeze
        return None

    def candidates(self, code: EntryCode, subject: Subject) -> tuple[PolicyRecord, ...]:
        """Return the records on the entry whose consumer the subject is, by id; `applications` are not asked."""
        by_consumer, consumers = self.index.on(code), subject_consumers(subject)
        written = (record for consumer in consumers for record in by_consumer.get(consumer, ()))
        return _by_id((*written, *(record for record in self._frozen(code) if record.consumer in consumers)))

    def view(self, subject: Subject, now: datetime) -> View:
        """Return the entries and items that the subject may know of (enforcement.md §5, view)."""
        views = {}
        named = frozenset[EntryCode]().union(
            *(self.index.entries_of.get(consumer, frozenset()) for consumer in subject_consumers(subject))
        )
        for state in self.content.entries:
            if state.entry.code not in named:
                continue
            if self.state_by_identifier[state.entry.identifier] is state and reaches_entry(state.entry, subject):
                items = self._visible_items(state.entry, subject, now)
                if items:
                    views[state.entry.identifier] = EntryView(state, items)
        return views

    def _visible_items(self, entry: CatalogEntry, subject: Subject, now: datetime) -> tuple[InformationItem, ...]:
        records = [
            record
            for record in self.candidates(entry.code, subject)
            if record.effect is Effect.ALLOW and names_consumer(record, subject) and _is_remembered(record, now)
        ]
        return tuple(item for item in entry.items if any(covers_item(record, entry, item) for record in records))

    def visible_identifiers(self, entry: CatalogEntry, subject: Subject, now: datetime) -> tuple[ItemIdentifier, ...]:
        """Return the identifiers of the entry's items in the subject's view."""
        if not reaches_entry(entry, subject):
            return ()
        return tuple(item.identifier for item in self._visible_items(entry, subject, now))

    def next_view_change(self, now: datetime) -> datetime | None:
        """Return the first moment after `now` at which time alone takes items from a view; None if there is none."""
        following = bisect_right(self._forgotten, now)
        return self._forgotten[following] if following < len(self._forgotten) else None


def _is_remembered(record: PolicyRecord, now: datetime) -> bool:
    return record.valid_until is None or now - record.valid_until < VIEW_AFTER_END


def _forgotten_at(record: PolicyRecord) -> datetime | None:
    if record.valid_until is None or record.valid_until > _LAST_END:
        return None
    return record.valid_until + VIEW_AFTER_END


def _by_id(records: Iterable[PolicyRecord]) -> tuple[PolicyRecord, ...]:
    return tuple(sorted(records, key=lambda record: record.id))
