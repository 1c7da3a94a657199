"""How a subject stands: which of its agreements end soon, and which of its records limit the rows of a day."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from portal.policies.matching import is_in_period, names_consumer
from portal.policies.records import Effect, PolicyKind, PolicyRecord
from portal.policies.snapshot import Snapshot
from portal.vocabulary import EntryCode, Subject

ENDING_SOON = timedelta(days=30)


def records_in_force(
    snapshot: Snapshot, subject: Subject, entries: Iterable[EntryCode], now: datetime
) -> Iterator[PolicyRecord]:
    """Yield the allows in force on these entries that name the subject; none to the public, which is told of no policy.

    Purpose, mode, matter, condition and scope play no part.
    """
    if subject.is_public:
        return
    for code in entries:
        for record in snapshot.candidates(code, subject):
            if record.effect is Effect.ALLOW and names_consumer(record, subject) and is_in_period(record, now):
                yield record


def ending_agreements(
    records: Iterable[PolicyRecord], now: datetime, within: timedelta = ENDING_SOON
) -> list[tuple[datetime, PolicyRecord]]:
    """Return the agreements that end within 30 days or another time, each with its end, the next to end first."""
    ending = [
        (record.valid_until, record)
        for record in records
        if record.kind is PolicyKind.AGREEMENT and record.valid_until is not None and record.valid_until - now <= within
    ]
    return sorted(ending, key=lambda one: (one[0], one[1].id))


def daily_limits(records: Iterable[PolicyRecord]) -> list[tuple[int, PolicyRecord]]:
    """Return the records that limit the rows of a day, each with its limit, by entry and id."""
    limited = [(rows, record) for record in records if (rows := record.obligations.daily_rows) is not None]
    return sorted(limited, key=lambda one: (one[1].resource, one[1].id))
