"""What a change of one record costs a worker that follows it, against reading everything."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from statistics import median
from time import process_time

from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection

from benchmarks.decisions.snapshot_process import read_known
from portal.identity.keys import load_keys
from portal.policies.following import KnownContent, read_following
from portal.policies.snapshot import Snapshot
from portal.settings import Settings
from portal.storage.content import ContentRow, StoredContent, read_content
from portal.storage.content_changes import ChangeNote, WantedContent, compare_content, store_change
from portal.storage.database import for_writing, open_database, open_sync_database
from portal.storage.tables import policy_records


@dataclass(frozen=True, slots=True)
class ReadingCost:
    """What a snapshot took: seconds of the processor, and the rows that the database gave."""

    processor_seconds: float
    rows: int


@dataclass(frozen=True, slots=True)
class ChangeCost:
    """A snapshot after the change of one record, made of everything and of what was known; how many entries differ."""

    whole: ReadingCost
    followed: ReadingCost
    entries_touched: int


class CountedRows:
    """Counts the rows that a driver gives."""

    def __init__(self) -> None:
        self.rows = 0

    def __call__(self, _cursor: object, row: tuple[object, ...]) -> tuple[object, ...]:
        """Count a row, and return it as it is."""
        self.rows += 1
        return row


def measure_change(settings: Settings, known: KnownContent, rounds: int) -> ChangeCost:
    """Change a record of the portal whose content is known, and measure both ways to the next snapshot.

    Raises: AssertionError where the two ways give different content, or more differs than the one record's entry.
    """
    secret = load_keys(settings.key_file).digest_secret
    name, resource = next(iter((record.id, record.resource) for record in known.content.records))
    _change_record(settings.database_url, secret, name)
    before = Snapshot(known.content)
    _ = before.index
    followed = [_measure(settings.database_url, known, before, secret) for _ in range(rounds)]
    whole = [_measure(settings.database_url, None, before, secret) for _ in range(rounds)]
    if followed[0][1].content != whole[0][1].content or followed[0][1].touched != frozenset({resource}):
        raise AssertionError("what was followed isn't what is there")
    return ChangeCost(
        ReadingCost(median(each for each, _ in whole), _count_rows(settings.database_url, None, secret)),
        ReadingCost(median(each for each, _ in followed), _count_rows(settings.database_url, known, secret)),
        len(followed[0][1].touched),
    )


def _change_record(url: str, secret: bytes, name: str) -> None:
    engine = open_sync_database(url)
    with for_writing(engine).begin() as connection:
        present = read_content(connection, secret)
        rows: dict[str, Mapping[str, ContentRow]] = {
            table: {key: one.row for key, one in of.items()} for table, of in present.rows.items()
        }
        rows[policy_records.name] = _with_other_basis(present, name)
        change = compare_content(present, WantedContent(present.identity, rows))
        store_change(connection, change, ChangeNote("2026-03-01T08:00:00Z", "measure", "another basis"), secret)
    engine.dispose()


def _with_other_basis(present: StoredContent, name: str) -> Mapping[str, ContentRow]:
    rows = dict(present.active(policy_records))
    rows[name] = replace(rows[name], cells={**rows[name].cells, "basis": "测量后改"})
    return rows


def _measure(url: str, known: KnownContent | None, before: Snapshot, secret: bytes) -> tuple[float, KnownContent]:
    began = process_time()
    found = read_known(url, known, secret)
    after = Snapshot(found.content) if found.touched is None else before.following(found.content, found.touched)
    _ = after.index
    return process_time() - began, found


def _count_rows(url: str, known: KnownContent | None, secret: bytes) -> int:
    """Return the rows that the database gives; beside the times, as counting takes its own."""
    return asyncio.run(_read_counted(url, known, secret))


async def _read_counted(url: str, known: KnownContent | None, secret: bytes) -> int:
    counted, engine = CountedRows(), open_database(url)

    @event.listens_for(engine.sync_engine, "connect")
    def count(connection: DBAPIConnection, _record: object) -> None:
        connection.driver_connection.row_factory = counted

    try:
        await read_following(engine, known, secret)
    finally:
        await engine.dispose()
    return counted.rows
