"""Draws policy records over an entry, for the consumers of a world, within the rules of consistency."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from tests.oracle.conditions import ItemType
from tests.oracle.generate_cells import chance, subset, weighted
from tests.oracle.generate_conditions import draw_attribute_condition, draw_scope
from tests.oracle.masks import Full, Generalise, Hash, Mask, Partial
from tests.oracle.world import ANY, MODES, PURPOSES, Application, Department, Entry, Item, Kind, Record

MATTERS = ("370000-0001", "370000-0002", "370000-0012", "事项-9")

AGREEMENT_WEIGHT = 2.0
KIND_WEIGHTS = {Kind.STATUTORY: 6.0, Kind.RESTRICTION: 2.0, Kind.UNCONDITIONAL: 1.2, Kind.OPEN_DATA: 1.5}


SOME_DAYS = timedelta(days=45)


@dataclass(frozen=True, slots=True)
class Consumers:
    """Who may be named in records: the registers of a world, and the values that attributes take there."""

    departments: tuple[Department, ...]
    applications: tuple[Application, ...]
    attribute_values: Mapping[str, Sequence[str]]
    now: datetime
    with_agreements: bool = False


def draw_later_records(draw: Random, entry: Entry, consumers: Consumers, before: list[Record]) -> list[Record]:
    """What a later bundle holds for the entry: most of the records before, some changed, some dropped, some new."""
    kept = [record for record in before if chance(draw, 0.8)]
    changed = [
        replace(_draw_record(draw, entry, consumers, 0), id=record.id)
        if chance(draw, 0.15) and record.kind is not Kind.AGREEMENT
        else record
        for record in kept
    ]
    fresh = [_draw_record(draw, entry, consumers, 60 + serial) for serial in range(draw.randint(0, 3))]
    taken = {record.id for record in before}
    return [*changed, *(record for record in fresh if record.id not in taken)]


def draw_records(draw: Random, entry: Entry, consumers: Consumers) -> list[Record]:
    """The records that a bundle holds for an entry."""
    size = draw.randint(5, 12) if chance(draw, 0.93) else 40
    return [_draw_record(draw, entry, consumers, serial) for serial in range(size)]


def _draw_record(draw: Random, entry: Entry, consumers: Consumers, serial: int) -> Record:
    agreed = {Kind.AGREEMENT: AGREEMENT_WEIGHT} if consumers.with_agreements else {}
    kind = weighted(draw, KIND_WEIGHTS | agreed)
    consumer = _draw_consumer(draw, kind, entry, consumers)
    prefix = draw.choice(("statute", "r", "Z", "a"))
    record = Record(
        id=f"{prefix}-{entry.identifier.replace('_', '-')}-{serial:02d}",
        kind=kind,
        consumer=consumer,
        resource=entry.code,
        items=_draw_named_items(draw, entry, kind),
        purposes=ANY if chance(draw, 0.35) and kind is not Kind.AGREEMENT else subset(draw, PURPOSES, 1, 3),
        matters=subset(draw, MATTERS, 1, 2) if chance(draw, 0.25) else (),
        applications=_draw_applications(draw, consumer, consumers) if chance(draw, 0.12) else (),
        modes=_draw_modes(draw) if kind is not Kind.AGREEMENT else ("query", *subset(draw, MODES[1:], 0, 1)),
    )
    record = _with_period(draw, record, consumers.now)
    if kind is Kind.AGREEMENT:
        # Of one that isn't in force the page says both that it gives no record and that its view is remembered.
        until = consumers.now + timedelta(days=draw.randint(5, 400))
        record = replace(record, valid_from=consumers.now - SOME_DAYS, valid_until=until)
    if chance(draw, 0.15 if kind is Kind.RESTRICTION else 0.28):
        record = replace(record, condition=draw_attribute_condition(draw, consumers.attribute_values, consumers.now))
    if chance(draw, 0.6 if kind is Kind.RESTRICTION else 0.4):
        # RFC 8785 can't carry every 64-bit integer, so what is signed tests none.
        signable = [item for item in entry.items if kind is not Kind.AGREEMENT or item.type is not ItemType.INTEGER]
        record = replace(record, scope=draw_scope(draw, signable, entry.rows))
    return _with_obligations(draw, record, entry) if record.allows else record


def _draw_consumer(draw: Random, kind: Kind, entry: Entry, consumers: Consumers) -> str:
    department = draw.choice(consumers.departments)
    if kind is Kind.OPEN_DATA:
        return "public"
    if kind is Kind.AGREEMENT:
        others = [one for one in consumers.departments if one.code != entry.provider]
        return f"department:{draw.choice(others).code}"
    named = [f"department:{department.code}"] * 5
    named += [f"group:{draw.choice(department.groups)}"] * 3 if department.groups else []
    own = [one.id for one in consumers.applications if one.department == department.code]
    named += [f"application:{draw.choice(own)}"] * 2 if own else []
    if kind is not Kind.STATUTORY:
        named += ["any_department"] * 3
    if kind is Kind.RESTRICTION:
        named += ["public"]
    return draw.choice(named)


def _draw_applications(draw: Random, consumer: str, consumers: Consumers) -> tuple[str, ...]:
    """Some applications of the consumer."""
    kind, _, code = consumer.partition(":")
    if kind in ("application", "public"):
        return ()
    members = {one.code for one in consumers.departments if kind == "any_department" or code in (one.code, *one.groups)}
    return subset(draw, [one.id for one in consumers.applications if one.department in members], 1, 2)


def _draw_named_items(draw: Random, entry: Entry, kind: Kind) -> tuple[str, ...]:
    names = [item.identifier for item in entry.items]
    if kind is Kind.RESTRICTION:
        return ANY if chance(draw, 0.15) else subset(draw, names, 1, 2)
    if chance(draw, 0.4) and kind is not Kind.AGREEMENT:
        return ANY
    chosen = list(subset(draw, names, len(names) // 2))
    if chance(draw, 0.2):
        draw.shuffle(chosen)
    return tuple(chosen or names)


def _draw_modes(draw: Random) -> tuple[str, ...]:
    if chance(draw, 0.4):
        return ANY
    if chance(draw, 0.12):
        return subset(draw, MODES[1:], 1)
    return ("query", *subset(draw, MODES[1:], 0, 2))


def _with_period(draw: Random, record: Record, now: datetime) -> Record:
    kind = weighted(draw, {"current": 5.0, "open": 3.0, "ended": 0.6, "long ago": 0.7, "to begin": 0.6})
    near, far = timedelta(days=draw.randint(2, 80), hours=draw.randint(0, 23)), timedelta(days=draw.randint(120, 900))
    match kind:
        case "current":
            start = None if chance(draw, 0.3) else now - far
            return replace(record, valid_from=start, valid_until=now + draw.choice((near, far)))
        case "open":
            return replace(record, valid_from=now - near if chance(draw, 0.5) else None)
        case "ended":
            return replace(record, valid_from=now - far, valid_until=now - near)
        case "long ago":
            return replace(record, valid_until=now - far)
        case _:
            return replace(record, valid_from=now + near, valid_until=now + far)


def _with_obligations(draw: Random, record: Record, entry: Entry) -> Record:
    covered = [item for item in entry.items if record.items == ANY or item.identifier in record.items]
    masks: dict[str, Mask] = {}
    if chance(draw, 0.45):
        masks = {item.identifier: draw_mask(draw, item) for item in subset(draw, covered, 1, 3)}
    daily = chance(draw, 0.1) and record.consumer != "public"
    return replace(
        record,
        masks=masks,
        max_rows=draw.choice((2, 3, 5, 10, 50, 200, 5000)) if chance(draw, 0.4) else None,
        daily_rows=draw.choice((8, 20, 60, 300)) if daily else None,
    )


def draw_mask(draw: Random, item: Item) -> Mask:
    """A mask that fits the item's type."""
    if chance(draw, 0.25):
        return Full()
    match item.type:
        case ItemType.STRING:
            return Hash() if chance(draw, 0.35) else Partial(draw.randint(0, 4), draw.randint(0, 3))
        case ItemType.INTEGER | ItemType.DECIMAL:
            return Generalise(draw.choice((1, 2, 3, 10, 1000)))
        case ItemType.DATE | ItemType.DATETIME:
            return Generalise(draw.choice(("year", "month")))
        case _:
            return Full()
