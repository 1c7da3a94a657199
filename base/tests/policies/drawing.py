"""Draws entries, records, subjects and requests from a seed, so that much is permitted, refused and scoped.

What is drawn depends on the seed alone, never on the names: the same seed with other names is the same world renamed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import TypeVar

from portal.catalog.entries import CatalogEntry, EntryStatus, InformationItem
from portal.conditions.meaning import Attribute
from portal.conditions.tree import (
    FALSE,
    TRUE,
    And,
    Comparison,
    Condition,
    ListContains,
    Membership,
    Not,
    NullTest,
    Operator,
    Or,
    SubjectAttribute,
    ValueType,
)
from portal.policies.matching import Request
from portal.policies.records import (
    ANY,
    Any,
    Consumer,
    ConsumerKind,
    Effect,
    FullMask,
    GeneraliseMask,
    HashMask,
    Mask,
    Obligations,
    PartialMask,
    PolicyKind,
    PolicyRecord,
)
from portal.vocabulary import (
    PUBLIC,
    Action,
    ApplicationId,
    DepartmentCode,
    EntryCode,
    EntryIdentifier,
    Environment,
    GroupCode,
    ItemIdentifier,
    Matter,
    Mode,
    NetworkZone,
    PolicyId,
    Purpose,
    ShareClass,
    Subject,
    UserId,
)
from tests.policies.building import NOW, entry, item

_Drawn = TypeVar("_Drawn")
PURPOSES = tuple(map(Purpose, ("verification", "work_reference")))
MATTERS = tuple(map(Matter, ("999999-0001", "999999-0002")))
MODES = (Mode.QUERY, Mode.EXCHANGE)
DIVISIONS = ("99999901", "9999990102", "99999902", "11")
MOMENTS = (NOW - timedelta(days=40), NOW, NOW + timedelta(microseconds=1), NOW + timedelta(days=40))
CLASSES = (ShareClass.UNCONDITIONAL, ShareClass.CONDITIONAL, ShareClass.NOT_SHARED)


@dataclass(frozen=True, slots=True)
class Names:
    """What everyone in a world is called; the lists have the same length in every world."""

    departments: tuple[str, ...] = ("11999999MB0000027M", "11999999MB0000019T", "11999999MB0000035G")
    groups: tuple[str, ...] = ("inspectors", "readers")
    applications: tuple[str, ...] = ("keeper", "checker", "planner")
    users: tuple[str, ...] = ("clerk", "head")


@dataclass(frozen=True, slots=True)
class World:
    """A catalog with its records, and those who ask."""

    entries: tuple[CatalogEntry, ...]
    records: tuple[PolicyRecord, ...]
    subjects: tuple[Subject, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: a request for some items of an entry, and a row."""

    request: Request
    entry: CatalogEntry
    items: tuple[InformationItem, ...]
    row: Mapping[str, Attribute]


def chance(draw: Random, share: float) -> bool:
    return draw.random() < share


def some(draw: Random, values: Sequence[_Drawn]) -> tuple[_Drawn, ...]:
    """Return one or more of the values."""
    return tuple(draw.sample(values, draw.randint(1, len(values))))


def draw_world(draw: Random, names: Names = Names(), records_of_entry: int = 9) -> World:
    """Return three entries with about so many records each, and seven subjects."""
    entries = (
        _draw_entry(draw, "residents", 1, names, (ShareClass.CONDITIONAL,)),
        _draw_entry(draw, "villages", 2, names, (ShareClass.UNCONDITIONAL,)),
        _draw_entry(draw, "files", 3, names, CLASSES),
    )
    records = [
        draw_record(draw, one, names, 100 * place + serial)
        for place, one in enumerate(entries)
        for serial in range(draw.randint(records_of_entry - 2, records_of_entry + 2))
    ]
    return World(entries, tuple(sorted(records, key=lambda record: record.id)), tuple(_draw_subjects(draw, names)))


def _draw_entry(
    draw: Random, identifier: str, serial: int, names: Names, classes: Sequence[ShareClass]
) -> CatalogEntry:
    types = {"name": ValueType.STRING, "division": ValueType.STRING, "children": ValueType.INTEGER}
    items = [
        item(name, value_type, draw.choices(CLASSES, (4, 4, 1))[0], is_open=chance(draw, 0.6))
        for name, value_type in types.items()
    ]
    return entry(
        items,
        code=EntryCode(f"303001001/0000{serial}"),
        identifier=EntryIdentifier(identifier),
        provider=DepartmentCode(names.departments[0]),
        share_class=draw.choice(classes),
        open=chance(draw, 0.7),
        status=EntryStatus.PUBLISHED if chance(draw, 0.93) else EntryStatus.REVISED,
    )


def _draw_subjects(draw: Random, names: Names) -> Sequence[Subject]:
    members = [(0, 0, None), (1, 1, None), (1, 2, None), (1, None, 0), (2, None, 1), (2, 0, None)]
    subjects = [
        Subject(
            department=DepartmentCode(names.departments[department]),
            groups=tuple(map(GroupCode, draw.sample(names.groups, draw.randint(0, len(names.groups))))),
            application=None if application is None else ApplicationId(names.applications[application]),
            user=None if user is None else UserId(names.users[user]),
            region=draw.choice((None, "999999", "99999901")),
            auth_level=draw.choice((None, 0, 1, 2, 3)),
            matters=() if application is None else tuple(draw.sample(MATTERS, draw.randint(0, 2))),
        )
        for department, application, user in members
    ]
    return [*subjects, PUBLIC]


KINDS: Mapping[PolicyKind, int] = {
    PolicyKind.STATUTORY: 6,
    PolicyKind.AGREEMENT: 3,
    PolicyKind.UNCONDITIONAL: 2,
    PolicyKind.OPEN_DATA: 3,
    PolicyKind.PROVIDER: 1,
    PolicyKind.RESTRICTION: 3,
}


def draw_record(
    draw: Random, of: CatalogEntry, names: Names, serial: int, kinds: Mapping[PolicyKind, int] | None = None
) -> PolicyRecord:
    """Return a record on the entry; some break the rules of their kind, as no reader would let them."""
    weights = kinds or KINDS
    kind = draw.choices(list(weights), list(weights.values()))[0]
    denies = kind is PolicyKind.RESTRICTION
    begins, ends = _draw_period(draw)
    return PolicyRecord(
        id=PolicyId(f"{draw.choice('aZ0.-')}{serial}"),
        effect=Effect.DENY if denies else Effect.ALLOW,
        kind=kind,
        consumer=_draw_consumer(draw, kind, names, of),
        resource=of.code,
        items=_any_or_some(draw, [one.identifier for one in of.items], 0.25 if denies else 0.6),
        purposes=_any_or_some(draw, PURPOSES, 0.6),
        modes=_any_or_some(draw, MODES, 0.6) if chance(draw, 0.85) else (Mode.EXCHANGE,),
        matters=some(draw, MATTERS) if chance(draw, 0.12) else (),
        applications=tuple(map(ApplicationId, some(draw, names.applications))) if chance(draw, 0.08) else (),
        valid_from=begins,
        valid_until=ends,
        condition=draw_condition(draw, names) if chance(draw, 0.3) else TRUE,
        scope=draw_scope(draw) if chance(draw, 0.6 if denies else 0.45) else None,
        obligations=Obligations() if denies else _draw_obligations(draw, of),
    )


def _any_or_some(draw: Random, values: Sequence[_Drawn], share: float) -> tuple[_Drawn, ...] | Any:
    chosen = some(draw, values)
    return ANY if chance(draw, share) else chosen


def _draw_period(draw: Random) -> tuple[datetime | None, datetime | None]:
    begins, ends = sorted(draw.sample(MOMENTS, 2))
    return draw.choice(((None, None), (None, None), (MOMENTS[0], None), (None, ends), (begins, ends)))


def _draw_consumer(draw: Random, kind: PolicyKind, names: Names, of: CatalogEntry) -> Consumer:
    drawn = draw.choice(
        (
            *(Consumer(ConsumerKind.DEPARTMENT, code) for code in names.departments),
            *(Consumer(ConsumerKind.GROUP, code) for code in names.groups),
            *(Consumer(ConsumerKind.APPLICATION, code) for code in names.applications),
            Consumer(ConsumerKind.ANY_DEPARTMENT),
            Consumer(ConsumerKind.PUBLIC),
        )
    )
    usual = {
        PolicyKind.PROVIDER: Consumer(ConsumerKind.DEPARTMENT, of.provider),
        PolicyKind.OPEN_DATA: Consumer(ConsumerKind.PUBLIC),
        PolicyKind.UNCONDITIONAL: Consumer(ConsumerKind.ANY_DEPARTMENT),
    }.get(kind, drawn)
    return usual if chance(draw, 0.95) else drawn


def draw_condition(draw: Random, names: Names) -> Condition:
    """Return a condition on subject and environment; often one that can't be told."""
    tests: Sequence[Condition] = (
        Comparison("auth_level", draw.choice((Operator.GTE, Operator.LT)), draw.randint(1, 3)),
        Comparison("network_zone", Operator.EQ, draw.choice(("government", "internet"))),
        Comparison("region", Operator.STARTS_WITH, draw.choice(("999999", "99999901", "11"))),
        Comparison("user", Operator.EQ, draw.choice(names.users)),
        Comparison("department", Operator.NE, draw.choice(names.departments)),
        Membership("application", tuple(names.applications[:2]), negated=chance(draw, 0.5)),
        ListContains("groups", draw.choice(names.groups)),
        NullTest("user", chance(draw, 0.5)),
        Comparison("now", Operator.LTE, NOW),
    )
    return _join(draw, tests)


def draw_scope(draw: Random) -> Condition:
    """Return a condition on rows, some with the subject's region in it, some always or never true."""
    tests: Sequence[Condition] = (
        Comparison("division", Operator.STARTS_WITH, SubjectAttribute("region")),
        Comparison("division", Operator.STARTS_WITH, "999999"),
        Comparison("division", Operator.EQ, draw.choice(DIVISIONS)),
        Membership("division", DIVISIONS[:2], negated=chance(draw, 0.5)),
        Comparison("children", draw.choice((Operator.GT, Operator.LTE)), draw.randint(0, 3)),
        NullTest("name", chance(draw, 0.5)),
        draw.choice((TRUE, FALSE)),
    )
    return _join(draw, tests)


def _join(draw: Random, tests: Sequence[Condition]) -> Condition:
    first, second = draw.sample(tests, 2)
    return draw.choice((first, first, Not(first), And((first, second)), Or((first, second)), Or((first, Not(second)))))


def _draw_obligations(draw: Random, of: CatalogEntry) -> Obligations:
    masks = tuple((one.identifier, _draw_mask(draw, one)) for one in of.items if chance(draw, 0.25))
    return Obligations(
        tuple(sorted(masks, key=lambda pair: pair[0])),
        draw.randint(1, 5) if chance(draw, 0.6) else None,
        draw.randint(1, 5) if chance(draw, 0.6) else None,
    )


def _draw_mask(draw: Random, of: InformationItem) -> Mask:
    if of.type is ValueType.STRING:
        return draw.choice((PartialMask(draw.randint(0, 3), draw.randint(0, 3)), HashMask(), FullMask()))
    return draw.choice((GeneraliseMask(Decimal(draw.randint(1, 3))), FullMask()))


def draw_asked(draw: Random, world: World, item_count: int = 1) -> Asked:
    """Return a question about a world."""
    of = draw.choice(world.entries)
    subject = draw.choice(world.subjects)
    action = Action(
        Mode.QUERY if chance(draw, 0.85) else Mode.EXCHANGE,
        draw.choice((*PURPOSES, None)),
        draw.choice((None, *MATTERS) if chance(draw, 0.1) else (None, *subject.matters)),
    )
    environment = Environment(draw.choice(MOMENTS), draw.choice((*NetworkZone, None)))
    row: Mapping[str, Attribute] = {
        "name": draw.choice((None, "合成甲一", "合成乙二")),
        "division": draw.choice((None, *DIVISIONS, *DIVISIONS)),
        "children": draw.choice((None, 0, 1, 2, 3, 4)),
    }
    return Asked(Request(subject, action, environment), of, tuple(draw.sample(of.items, item_count)), row)


def use_names(items: Sequence[InformationItem]) -> tuple[ItemIdentifier, ...]:
    """Return the identifiers of items."""
    return tuple(one.identifier for one in items)
