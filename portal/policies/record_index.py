"""Records by the entry that they are on and the consumer whom they name, and the entries of each consumer."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass

from portal.policies.records import Consumer, PolicyRecord
from portal.vocabulary import EntryCode

ByConsumer = Mapping[Consumer, tuple[PolicyRecord, ...]]
NOTHING: ByConsumer = {}


@dataclass(frozen=True, slots=True)
class RecordIndex:
    """The records of a content, in their order; nothing in it changes."""

    by_entry: Mapping[EntryCode, ByConsumer]
    entries_of: Mapping[Consumer, Set[EntryCode]]

    def on(self, code: EntryCode) -> ByConsumer:
        """Return the records on an entry by consumer."""
        return self.by_entry.get(code, NOTHING)

    def after(self, records: Iterable[PolicyRecord], touched: Set[EntryCode]) -> "RecordIndex":
        """Return the index of these records, of which only those on the touched entries differ from its own."""
        on_touched = _by_entry(record for record in records if record.resource in touched)
        by_entry = {**{code: of for code, of in self.by_entry.items() if code not in touched}, **on_touched}
        entries_of = dict(self.entries_of)
        for code in touched:
            before, now = self.on(code).keys(), on_touched.get(code, NOTHING).keys()
            for consumer in before - now:
                entries_of[consumer] = entries_of[consumer] - {code}
            for consumer in now - before:
                entries_of[consumer] = entries_of.get(consumer, frozenset()) | {code}
        return RecordIndex(by_entry, {consumer: codes for consumer, codes in entries_of.items() if codes})


def index_records(records: Iterable[PolicyRecord]) -> RecordIndex:
    """Return the index of these records."""
    by_entry = _by_entry(records)
    entries_of: defaultdict[Consumer, set[EntryCode]] = defaultdict(set)
    for code, by_consumer in by_entry.items():
        for consumer in by_consumer:
            entries_of[consumer].add(code)
    return RecordIndex(by_entry, {consumer: frozenset(codes) for consumer, codes in entries_of.items()})


def _by_entry(records: Iterable[PolicyRecord]) -> Mapping[EntryCode, ByConsumer]:
    found: defaultdict[EntryCode, defaultdict[Consumer, list[PolicyRecord]]]
    found = defaultdict(lambda: defaultdict(list))
    for record in records:
        found[record.resource][record.consumer].append(record)
    return {code: {consumer: tuple(of) for consumer, of in by.items()} for code, by in found.items()}
