"""Draws small changes of a portal's content, and tells by trying everything what they give and take.

What is tried: everybody who is registered and whoever else a department may have, each level and zone, all purposes,
modes, matters, items, the moments at which something may differ, and a row for each way to meet a scope. Only the
meaning of a condition is the portal's.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from itertools import product
from math import inf
from random import Random

from portal.catalog.entries import CatalogEntry, EntryStatus, InformationItem
from portal.conditions.meaning import Attribute, bind_subject, satisfies
from portal.conditions.tree import TRUE, Condition
from portal.identity.registry import Application, Department, Group, Registry, User
from portal.policies.information_point import DataTable, EntryState, PortalContent
from portal.policies.masks import mask_on, weakness
from portal.policies.records import ANY, Consumer, ConsumerKind, Effect, PolicyKind, PolicyRecord
from portal.policies.snapshot import Snapshot
from portal.vocabulary import (
    PUBLIC,
    ApplicationId,
    DepartmentCode,
    GroupCode,
    ItemIdentifier,
    Matter,
    Mode,
    NetworkZone,
    Purpose,
    ShareClass,
    Subject,
    UserId,
)
from tests.policies.building import NOW
from tests.policies.drawing import CLASSES, DIVISIONS, MATTERS, Names, chance, draw_record, draw_world, some

NAMES = Names()
PROFILE = "nantong-2015"
LEVELS = (None, 0, 1, 2, 3)
ZONES = (None, "government", "internet")
ALL_PURPOSES = (None, *map(Purpose, ("verification", "work_reference", "administrative_basis")))
MOMENTS = tuple(
    NOW + shift
    for shift in (timedelta(), timedelta(microseconds=1), timedelta(days=1), timedelta(days=40), timedelta(days=50))
)
ROWS: Sequence[Mapping[str, Attribute]] = tuple(
    {"name": name, "division": division, "children": children}
    for name in (None, "合成甲一")
    for division in (None, *DIVISIONS, "99999903", "9999990103", "5")
    for children in (None, *range(5))
)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A change: two snapshots that differ in a record or two, an item's class, or a department's groups."""

    before: Snapshot
    after: Snapshot


def draw_registry(draw: Random) -> Registry:
    """Return three departments, two groups, three applications and two persons."""
    codes = [DepartmentCode(code) for code in NAMES.departments]
    departments = {
        code: Department(
            code,
            "合成部门",
            draw.choice((None, "999999", "99999901")),
            tuple(GroupCode(group) for group in NAMES.groups if chance(draw, 0.4)),
        )
        for code in codes
    }
    applications = {
        ApplicationId(name): Application(
            ApplicationId(name),
            "合成应用",
            code,
            tuple(draw.sample(MATTERS, draw.randint(0, 2))),
            draw.choice(LEVELS),
            draw.choice((None, *NetworkZone)),
            None,
        )
        for name, code in zip(NAMES.applications, codes, strict=True)
    }
    users = {
        UserId(name): User(UserId(name), "合成人员", code, (), 2, NetworkZone.GOVERNMENT)
        for name, code in zip(NAMES.users, codes[1:], strict=True)
    }
    groups = {GroupCode(name): Group(GroupCode(name), "合成部门组") for name in NAMES.groups}
    return Registry(departments, groups, applications, users)


def snapshot_of(registry: Registry, entries: Sequence[CatalogEntry], records: Sequence[PolicyRecord]) -> Snapshot:
    states = tuple(EntryState(one, 1, removed=False, table=DataTable("dataset_1", 0)) for one in entries)
    ordered = tuple(sorted(records, key=lambda record: record.id))
    return Snapshot(PortalContent(1, PROFILE, "合成平台", registry, states, ordered))


def draw_change(draw: Random, count: int = 3) -> Drawn:
    """Return a change of one entry with about so many records."""
    entry = draw.choice(draw_world(draw, NAMES, 2).entries)
    registry = draw_registry(draw)
    records = [draw_near_record(draw, entry, serial) for serial in range(draw.randint(count - 1, count + 1))]
    before = snapshot_of(registry, [entry], records)
    kind = draw.random()
    if kind < 0.1:
        entry = replace(entry, items=tuple(_reclassed(draw, item) for item in entry.items))
    elif kind < 0.2:
        registry = replace(registry, departments=draw_registry(draw).departments)
    else:
        kept = [record for record in records if chance(draw, 0.75)]
        added = [draw_near_record(draw, entry, 90 + serial) for serial in range(draw.randint(0, 2))]
        records = [*(_changed(draw, record, entry) for record in kept), *added]
    return Drawn(before, snapshot_of(registry, [entry], records))


def draw_near_record(draw: Random, entry: CatalogEntry, serial: int) -> PolicyRecord:
    """Return a record that most often could apply to something."""
    record = draw_record(draw, entry, NAMES, serial)
    if chance(draw, 0.5):
        record = replace(record, condition=TRUE)
    if chance(draw, 0.4) and record.kind in (PolicyKind.STATUTORY, PolicyKind.AGREEMENT, PolicyKind.RESTRICTION):
        record = replace(record, consumer=Consumer(ConsumerKind.DEPARTMENT, NAMES.departments[1]), applications=())
    if record.kind is PolicyKind.AGREEMENT:
        record = _as_agreement(draw, record, entry)
    return record


def _as_agreement(draw: Random, record: PolicyRecord, entry: CatalogEntry) -> PolicyRecord:
    begins, ends = draw.choice(
        (
            (NOW - timedelta(days=40), NOW + timedelta(days=40)),
            (NOW, NOW + timedelta(days=50)),
            (NOW - timedelta(days=40), NOW - timedelta(days=1)),
        )
    )
    return replace(
        record,
        items=some(draw, [item.identifier for item in entry.items]),
        purposes=some(draw, [purpose for purpose in ALL_PURPOSES if purpose is not None]),
        modes=some(draw, (Mode.QUERY, Mode.EXCHANGE)),
        valid_from=begins,
        valid_until=ends,
    )


def _changed(draw: Random, record: PolicyRecord, entry: CatalogEntry) -> PolicyRecord:
    other = draw_record(draw, entry, NAMES, 70, {record.kind: 1})
    name = draw.choice(("purposes", "condition", "scope", "obligations", "valid_until", "consumer", None))
    return record if name is None or chance(draw, 0.5) else replace(record, **{name: getattr(other, name)})


def _reclassed(draw: Random, item: InformationItem) -> InformationItem:
    return replace(item, share_class=draw.choice(CLASSES), open=chance(draw, 0.5))


@dataclass(frozen=True, slots=True)
class Point:
    """Who asks for an item, how, what for and when; level and zone apart."""

    subject: Subject
    mode: Mode
    purpose: Purpose | None
    matter: Matter | None
    now: datetime
    item: str

    @property
    def name(self) -> "Name":
        """The question, whatever is registered of who asks."""
        subject = self.subject
        return subject.department, subject.application, subject.user, self.action, self.now, self.item

    @property
    def action(self) -> tuple[Mode, Purpose | None, Matter | None]:
        return self.mode, self.purpose, self.matter


Name = tuple[str | None, str | None, str | None, tuple[Mode, Purpose | None, Matter | None], datetime, str]
Circumstances = tuple[int | None, str | None]


@dataclass
class Tried:
    """One snapshot of one entry, asked everything."""

    snapshot: Snapshot
    conditions: dict[object, bool | None] = field(default_factory=dict)
    scopes: dict[object, int] = field(default_factory=dict)

    @cached_property
    def entry(self) -> CatalogEntry:
        return self.snapshot.content.entries[0].entry

    @cached_property
    def subjects(self) -> tuple[Subject, ...]:
        registry = self.snapshot.registry
        members = {
            code: Subject(code, tuple(sorted(one.groups)), region=one.region)
            for code, one in registry.departments.items()
        }
        return (
            PUBLIC,
            *members.values(),
            *(
                replace(members[one.department], application=one.id, matters=one.matters)
                for one in registry.applications.values()
            ),
            *(replace(members[one.department], user=one.id) for one in registry.users.values()),
        )

    def points(self) -> Iterator[Point]:
        """Every question; a matter is one that the application is registered for, its only one where none is said."""
        names = [item.identifier for item in self.entry.items]
        for subject in self.subjects:
            own = subject.matters
            matters: Sequence[Matter | None] = own if len(own) == 1 else (None, *own)
            for combined in product((Mode.QUERY, Mode.EXCHANGE, Mode.SERVICE), ALL_PURPOSES, matters, MOMENTS, names):
                yield Point(subject, *combined)

    def rows(self, point: Point) -> Mapping[Circumstances, int]:
        """The rows that are read, a bit a row, under each level and zone."""
        allows, denies = self._meant(point)
        if not allows:
            return {}
        found = {}
        for circumstances in circumstances_of(point.subject):
            read = 0
            for record in allows:
                if self._condition(record, point, circumstances) is True:
                    read |= self._scope(record, point.subject, of=True)
            for record in denies:
                if self._condition(record, point, circumstances) is not False:
                    read &= self._scope(record, point.subject, of=False)
            found[circumstances] = read
        return found

    def terms(self, point: Point) -> Mapping[Circumstances, object]:
        """What else a request is told, under each level and zone: refused, masks by row, comparable, limits."""
        allows, denies = self._meant(point)
        return {each: self._terms(point, each, allows, denies) for each in circumstances_of(point.subject)}

    def _terms(
        self, point: Point, each: Circumstances, allows: Sequence[PolicyRecord], denies: Sequence[PolicyRecord]
    ) -> object:
        item = ItemIdentifier(point.item)
        could = [record for record in allows if self._condition(record, point, each) is True]
        against = [record for record in denies if self._condition(record, point, each) is not False]
        if not could or any(record.scope is None for record in against):
            return None
        bare = [record for record in could if mask_on(record, item) is None]
        shown: dict[object, int] = {}
        for record in sorted(could, key=lambda one: weakness(mask_on(one, item))):
            rows = self._scope(record, point.subject, of=True)
            before = max(shown.values(), default=0)
            if rows | before != before:
                shown[weakness(mask_on(record, item))] = rows | before
        limits = [
            max(getattr(record.obligations, name) or inf for record in could) for name in ("max_rows", "daily_rows")
        ]
        comparable = len(bare) == len(could) or any(record.scope is None for record in bare)
        return shown, comparable, limits

    def _meant(self, point: Point) -> tuple[list[PolicyRecord], list[PolicyRecord]]:
        found = [record for record in self.snapshot.content.records if self.is_meant(record, point)]
        return (
            [record for record in found if record.effect is Effect.ALLOW],
            [record for record in found if record.effect is Effect.DENY],
        )

    def is_meant(self, record: PolicyRecord, point: Point) -> bool:
        begun = record.valid_from is None or record.valid_from <= point.now
        return (
            (record.items is ANY or point.item in record.items)
            and (record.modes is ANY or point.mode in record.modes)
            and (record.purposes is ANY or point.purpose in record.purposes)
            and (not record.matters or point.matter in record.matters)
            and begun
            and (record.valid_until is None or point.now < record.valid_until)
            and self.names(record, point.subject)
            and self._stands(record, point)
        )

    def names(self, record: PolicyRecord, subject: Subject) -> bool:
        code = record.consumer.code
        meant = {
            ConsumerKind.PUBLIC: True,
            ConsumerKind.ANY_DEPARTMENT: subject.department is not None,
            ConsumerKind.DEPARTMENT: subject.department == code,
            ConsumerKind.GROUP: code in subject.groups,
            ConsumerKind.APPLICATION: subject.application == code,
        }[record.consumer.kind]
        return meant and (not record.applications or subject.application in record.applications)

    def _stands(self, record: PolicyRecord, point: Point) -> bool:
        entry = self.entry
        if entry.status is not EntryStatus.PUBLISHED and point.subject.department != entry.provider:
            return False
        item = next(item for item in entry.items if item.identifier == point.item)
        ranks = [CLASSES.index(entry.share_class), CLASSES.index(item.share_class)]
        share_class, is_open = CLASSES[max(ranks)], entry.open and item.open
        consumer = record.consumer.kind
        match record.kind:
            case PolicyKind.RESTRICTION:
                return True
            case PolicyKind.PROVIDER:
                return record.consumer == Consumer(ConsumerKind.DEPARTMENT, entry.provider)
            case PolicyKind.STATUTORY:
                return consumer not in (ConsumerKind.PUBLIC, ConsumerKind.ANY_DEPARTMENT)
            case PolicyKind.UNCONDITIONAL:
                return share_class is ShareClass.UNCONDITIONAL
            case PolicyKind.OPEN_DATA:
                return is_open and share_class is not ShareClass.NOT_SHARED and consumer is ConsumerKind.PUBLIC
            case PolicyKind.AGREEMENT:
                listed = ANY not in (record.items, record.purposes, record.modes)
                return share_class is not ShareClass.NOT_SHARED and listed and record.valid_until is not None

    def _condition(self, record: PolicyRecord, point: Point, circumstances: Circumstances) -> bool | None:
        if record.condition == TRUE:
            return True
        key = (record.id, point.subject, point.now, circumstances)
        if key not in self.conditions:
            level, zone = circumstances
            attributes = {**attributes_of(point.subject), "auth_level": level, "network_zone": zone, "now": point.now}
            self.conditions[key] = satisfies(record.condition, attributes)
        return self.conditions[key]

    def _scope(self, record: PolicyRecord, subject: Subject, *, of: bool) -> int:
        """The rows, a bit a row, of which the scope is true, or false."""
        if record.scope is None:
            return (1 << len(ROWS)) - 1 if of else 0
        key = (record.id, subject, of)
        if key not in self.scopes:
            self.scopes[key] = _bits(bind_subject(record.scope, attributes_of(subject)), of=of)
        return self.scopes[key]


def _bits(scope: Condition, *, of: bool) -> int:
    return sum(1 << place for place, row in enumerate(ROWS) if satisfies(scope, row) is of)


def attributes_of(subject: Subject) -> dict[str, Attribute]:
    return {
        "department": subject.department,
        "groups": subject.groups or None,
        "application": subject.application,
        "user": subject.user,
        "region": subject.region,
    }


def circumstances_of(subject: Subject) -> tuple[Circumstances, ...]:
    """Each level and zone; the public has one of each."""
    return ((0, "internet"),) if subject.is_public else tuple(product(LEVELS, ZONES))
