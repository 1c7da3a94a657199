"""Searching within a reader's reach: newest first, a page at a time, each stream in the order of an index."""

import heapq
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

from portal.audit.log_readings import Reading
from portal.audit.readers import AuditReach, shown_members
from portal.audit.searching import FoundRecord, Place, Search, load_record, search_records
from portal.errors import BadInput, Text
from portal.json_text import JsonValue


@dataclass(frozen=True, slots=True)
class ShownRecord:
    """A record as a reader sees it: the members that may be read."""

    place: Place
    members: dict[str, JsonValue]


@dataclass(frozen=True, slots=True)
class RecordPage:
    """Records, newest first; `next` is behind which the next page begins, None where this is the last."""

    records: tuple[ShownRecord, ...]
    next: Place | None


def read_page(reading: Reading, reach: AuditReach, search: Search) -> RecordPage:
    """Return a page of the records that are found and may be read.

    Raises: BadInput where `search.after` is none of them; TooComplex.
    """
    if search.after is not None and read_record(reading, reach, search.after) is None:
        # As for one that isn't there: what somebody may not read he may not learn of.
        raise BadInput(
            Text(en=f"there is no record `{search.after.receipt}`", zh=f"没有记录 `{search.after.receipt}`"),
        )
    wanted = replace(search, limit=search.limit + 1)
    found = list[FoundRecord]()
    for stream in reach_streams(reach, wanted):
        reading.check_time()
        found = _newest([*found, *search_records(reading.connection, stream)], wanted.limit)
    shown = [one for record in found if (one := _shown(reach, record)) is not None]
    page = tuple(shown[: search.limit])
    return RecordPage(page, page[-1].place if len(shown) > search.limit else None)


def read_record(reading: Reading, reach: AuditReach, place: Place) -> ShownRecord | None:
    """Return one record as it may be read; None where it isn't there, or may not."""
    try:
        record = load_record(reading.connection, place)
    except BadInput:
        return None
    return _shown(reach, record)


def reach_streams(reach: AuditReach, search: Search) -> Iterator[Search]:
    """Yield searches that together find all within reach, each in the order of one index.

    One search for all of it would have no index that gives its order, and would read and sort everything.
    """
    if reach.everything:
        yield search
        if search.entry is not None:
            yield replace(search, entry=None, linked=search.entry)
        return
    requests = replace(search, only_requests=True)
    if reach.department is not None and search.department in (None, reach.department):
        own = replace(requests, department=reach.department)
        yield own
        if search.entry is not None:
            yield replace(own, entry=None, linked=search.entry)
    for code in sorted(reach.provided):
        if search.entry in (None, code):
            yield replace(requests, entry=code)
            yield replace(requests, entry=None, linked=code)


def _newest(found: list[FoundRecord], limit: int) -> list[FoundRecord]:
    # A department's own request for its own entry is found twice.
    by_place = {record.place: record for record in found}
    return heapq.nlargest(limit, by_place.values(), key=lambda record: (record.time, record.place))


def _shown(reach: AuditReach, record: FoundRecord) -> ShownRecord | None:
    members = shown_members(reach, json.loads(record.text))
    return None if members is None else ShownRecord(record.place, members)
