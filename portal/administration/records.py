"""Policy records and agreements as those who administer them look at them: what holds, since when, and who says so."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, select

from portal.access.snapshots import SnapshotKeeper
from portal.administration.acts import Person, permit
from portal.administration.database import ContentDatabase
from portal.audit.recorder import Recorder
from portal.errors import BadInput, Text
from portal.json_text import JsonValue
from portal.policies.duties import Duties, Operation
from portal.policies.records import Consumer, PolicyKind, PolicyRecord
from portal.policies.rows import load_document
from portal.policies.snapshot import Snapshot
from portal.storage.administration_tables import change_sets
from portal.storage.history import VersionHeld, versions_of
from portal.storage.tables import policy_records
from portal.vocabulary import ApplicationId, DepartmentCode, EntryCode, GroupCode, PolicyId

MOST_RECORDS = 200
"""Records of one page."""
MOST_VERSIONS = 100
"""Versions of a record that are told, the last ones."""


class RecordState(StrEnum):
    """Whether a record's period has begun and ended; `withdrawn`: it is there no more."""

    TO_BEGIN = "to_begin"
    IN_FORCE = "in_force"
    ENDED = "ended"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class RecordWish:
    """Which records are asked for; None and empty: any. `search` is looked for in ids, names, codes and bases."""

    search: str = ""
    entry: EntryCode | None = None
    consumer: str | None = None
    kinds: frozenset[PolicyKind] = frozenset()
    state: RecordState | None = None
    first: int = 50
    after: PolicyId | None = None


@dataclass(frozen=True, slots=True)
class RecordPage:
    """A page of records by id, with what they name; `total` are all that the wish finds."""

    records: tuple[PolicyRecord, ...]
    total: int
    has_more: bool
    snapshot: Snapshot
    now: datetime


@dataclass(frozen=True, slots=True)
class RecordVersion:
    """A version of a record, with the numbers of the change sets that brought and ended it, where there are any."""

    held: VersionHeld
    document: Mapping[str, JsonValue]
    brought_by: int | None
    ended_by: int | None


@dataclass(frozen=True, slots=True)
class RecordDossier:
    """Everything of one record: as it holds (None where it is withdrawn), and its versions, newest first."""

    id: PolicyId
    record: PolicyRecord | None
    versions: tuple[RecordVersion, ...]
    snapshot: Snapshot
    now: datetime


@dataclass(frozen=True)
class RecordDesk:
    """Shows policy records to those who may view changes. Nothing here changes anything."""

    database: ContentDatabase
    keeper: SnapshotKeeper
    recorder: Recorder
    duties: Duties

    async def list(self, person: Person, wish: RecordWish) -> RecordPage:
        """Return a page of records. Raises: Forbidden, BadInput for a page that is too large."""
        await permit(self, person, Operation.VIEW_CHANGES, "policies")
        if not 1 <= wish.first <= MOST_RECORDS:
            raise BadInput(Text(en=f"`first` is 1 to {MOST_RECORDS}", zh=f"`first` 应为 1 至 {MOST_RECORDS}"))
        point, now = await self.keeper.current(), self.keeper.now()
        return await asyncio.to_thread(_page, point.snapshot, wish, now)

    async def show(self, person: Person, policy: PolicyId) -> RecordDossier | None:
        """Return everything of one record, None where there never was one of that id. Raises: Forbidden."""
        await permit(self, person, Operation.VIEW_CHANGES, f"policy:{policy}")
        point, now = await self.keeper.current(), self.keeper.now()
        versions = await self.database.read(lambda connection: tuple(_versions(connection, policy)))
        if not versions:
            return None
        return RecordDossier(policy, find_record(point.snapshot, policy), versions, point.snapshot, now)


def state_of(record: PolicyRecord, now: datetime) -> RecordState:
    """Return whether a record that holds has begun and ended."""
    if record.valid_until is not None and record.valid_until <= now:
        return RecordState.ENDED
    return RecordState.TO_BEGIN if record.valid_from is not None and now < record.valid_from else RecordState.IN_FORCE


def find_record(snapshot: Snapshot, policy: PolicyId) -> PolicyRecord | None:
    """Return the record of that id as decisions see it, None where there is none now."""
    return next((record for record in snapshot.content.records if record.id == policy), None)


def name_of(consumer: Consumer, snapshot: Snapshot) -> str | None:
    """Return the name of a department, group or application; None of everybody, or who isn't registered."""
    registry = snapshot.registry
    registered = (
        registry.departments.get(DepartmentCode(consumer.code))
        or registry.groups.get(GroupCode(consumer.code))
        or registry.applications.get(ApplicationId(consumer.code))
    )
    return None if registered is None else registered.name


def _page(snapshot: Snapshot, wish: RecordWish, now: datetime) -> RecordPage:
    finds = _Finding(snapshot, wish, now)
    found = [record for record in snapshot.content.records if finds(record)]
    after = wish.after
    rest = found if after is None else [record for record in found if record.id > after]
    return RecordPage(tuple(rest[: wish.first]), len(found), len(rest) > wish.first, snapshot, now)


@dataclass(frozen=True)
class _Finding:
    """Tells whether a wish finds a record; what entries are called is looked up once for each."""

    snapshot: Snapshot
    wish: RecordWish
    now: datetime
    entries: dict[EntryCode, str] = field(default_factory=dict)

    def __call__(self, record: PolicyRecord) -> bool:
        wish = self.wish
        return (
            (wish.entry is None or record.resource == wish.entry)
            and (wish.consumer is None or str(record.consumer) == wish.consumer)
            and (not wish.kinds or record.kind in wish.kinds)
            and (wish.state is None or state_of(record, self.now) is wish.state)
            and self._has_words(record)
        )

    def _has_words(self, record: PolicyRecord) -> bool:
        words = self.wish.search.casefold().split()
        if not words:
            return True
        text = " ".join(
            (
                str(record.id),
                record.basis or "",
                str(record.consumer),
                name_of(record.consumer, self.snapshot) or "",
                self._entry(record.resource),
            )
        ).casefold()
        return all(word in text for word in words)

    def _entry(self, code: EntryCode) -> str:
        if code not in self.entries:
            state = self.snapshot.state_by_code.get(code)
            self.entries[code] = code if state is None else f"{code} {state.entry.identifier} {state.entry.name}"
        return self.entries[code]


def _versions(connection: Connection, policy: PolicyId) -> Iterator[RecordVersion]:
    held = versions_of(connection, policy_records, policy, MOST_VERSIONS)
    epochs = {change.epoch for one in held for change in (one.begun, one.ended) if change is not None}
    numbers = _change_sets(connection, sorted(epochs))
    for one in held:
        yield RecordVersion(
            one,
            load_document(policy, one.row),
            numbers.get(one.begun.epoch),
            None if one.ended is None else numbers.get(one.ended.epoch),
        )


def _change_sets(connection: Connection, epochs: Sequence[int]) -> Mapping[int, int]:
    """Return the numbers of the change sets that these epochs began with; a load in an empty portal is none."""
    statement = select(change_sets.c.epoch, change_sets.c.id).where(change_sets.c.epoch.in_(epochs))
    return {row.epoch: row.id for row in connection.execute(statement)}
