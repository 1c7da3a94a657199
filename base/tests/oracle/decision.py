"""The decision: which records cover, apply and stop where; the verdict of items and of cells; the view."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from tests.oracle.conditions import Truth, evaluate
from tests.oracle.masks import Mask
from tests.oracle.world import ANY, PURPOSES, Entry, Item, Kind, Record, Row, ShareClass, Subject, World

VIEW_MEMORY = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks, with what action, in what environment."""

    subject: Subject
    now: datetime
    purpose: str | None = None
    matter: str | None = None
    mode: str = "query"
    client_address: str = "127.0.0.1"


class Stop(IntEnum):
    """Where a record that names the consumer stopped; the greater came further."""

    MODE = 1
    PURPOSE = 2
    PERIOD = 3
    CONDITION = 4
    NOWHERE = 5


def every_record(world: World) -> tuple[Record, ...]:
    """The records of a world: those of the bundle (its agreements being in force), and those that loading derives."""
    derived = [_provider_record(entry) for entry in world.entries]
    if world.derived_before is not None:
        return (*world.records, *derived, *(one for one in world.derived_before if _stays(world, one)))
    for entry in world.entries if world.derive else ():
        derived += [record for record in (_unconditional(world, entry), _open(world, entry)) if record is not None]
    return (*world.records, *derived)


def _stays(world: World, derived: Record) -> bool:
    """Whether a later load leaves a derived record as it is."""
    return not any(one.kind is derived.kind and one.resource == derived.resource for one in world.records)


def derived_records(world: World) -> tuple[Record, ...]:
    """The records that loading derived, but for the providers'."""
    own = {record.id for record in world.records}
    return tuple(one for one in every_record(world) if one.kind is not Kind.PROVIDER and one.id not in own)


def _provider_record(entry: Entry) -> Record:
    consumer = f"department:{entry.provider}"
    return Record(id=f"provider-{entry.identifier}", kind=Kind.PROVIDER, consumer=consumer, resource=entry.code)


def _lacks(world: World, entry: Entry, kind: Kind) -> bool:
    """Whether derivation writes a record of that kind for the entry."""
    there = any(record.kind is kind and record.resource == entry.code for record in world.records)
    return entry.status == "published" and not there


def _unconditional(world: World, entry: Entry) -> Record | None:
    items = tuple(item.identifier for item in entry.items if effective_class(entry, item) is ShareClass.UNCONDITIONAL)
    if not items or not _lacks(world, entry, Kind.UNCONDITIONAL):
        return None
    return Record(
        id=f"unconditional-{entry.identifier}",
        kind=Kind.UNCONDITIONAL,
        consumer="any_department",
        resource=entry.code,
        items=items,
        purposes=PURPOSES,
        modes=entry.share_modes,
    )


def _open(world: World, entry: Entry) -> Record | None:
    items = tuple(item.identifier for item in entry.items if _openly_shared(entry, item))
    if not items or not _lacks(world, entry, Kind.OPEN_DATA):
        return None
    return Record(
        id=f"open-{entry.identifier}",
        kind=Kind.OPEN_DATA,
        consumer="public",
        resource=entry.code,
        items=items,
        modes=entry.share_modes,
    )


def effective_class(entry: Entry, item: Item) -> ShareClass:
    """The stricter of the item's class and its entry's."""
    return max(entry.share_class, item.share_class)


def _openly_shared(entry: Entry, item: Item) -> bool:
    return entry.open and item.open and effective_class(entry, item) is not ShareClass.NOT_SHARED


def catalog_lets_stand(record: Record, entry: Entry, item: Item) -> bool:
    """Whether the catalog lets a record of that kind cover the item."""
    match record.kind:
        case Kind.PROVIDER:
            return record.consumer == f"department:{entry.provider}"
        case Kind.STATUTORY | Kind.RESTRICTION:
            return True
        case Kind.UNCONDITIONAL:
            return effective_class(entry, item) is ShareClass.UNCONDITIONAL
        case Kind.OPEN_DATA:
            return _openly_shared(entry, item) and record.consumer == "public"
        case Kind.AGREEMENT:
            return effective_class(entry, item) is not ShareClass.NOT_SHARED


def covers(record: Record, entry: Entry, item: Item, subject: Subject) -> bool:
    """Whether a record is about the item: names it, is let stand, and the entry is open to this subject at all."""
    if record.resource != entry.code:
        return False
    if entry.status != "published" and subject.department != entry.provider:
        return False
    named = record.items == ANY or item.identifier in record.items
    return named and catalog_lets_stand(record, entry, item)


def names_consumer(record: Record, subject: Subject) -> bool:
    """Whether the consumer, with the applications, is the subject."""
    if record.applications and subject.application not in record.applications:
        return False
    kind, _, code = record.consumer.partition(":")
    match kind:
        case "department":
            return subject.department == code
        case "group":
            return code in subject.groups
        case "application":
            return subject.application == code
        case "any_department":
            return not subject.is_public
        case _:
            return kind == "public"


def stop_of(record: Record, asking: Asking) -> Stop:
    """Where a record that covers and names the consumer stops; NOWHERE if it could apply, scopes left aside."""
    if record.modes != ANY and asking.mode not in record.modes:
        return Stop.MODE
    if not _purpose_fits(record, asking) or not _matter_fits(record, asking):
        return Stop.PURPOSE
    if record.valid_from is not None and asking.now < record.valid_from:
        return Stop.PERIOD
    if record.valid_until is not None and asking.now >= record.valid_until:
        return Stop.PERIOD
    truth = evaluate(record.condition, attributes(asking).get, attributes(asking).get)
    applies = truth is True if record.allows else truth is not False
    return Stop.NOWHERE if applies else Stop.CONDITION


def _purpose_fits(record: Record, asking: Asking) -> bool:
    return record.purposes == ANY or asking.purpose in record.purposes


def _matter_fits(record: Record, asking: Asking) -> bool:
    return not record.matters or asking.matter in record.matters


def attributes(asking: Asking) -> Mapping[str, object]:
    """The attributes of subject and environment; an empty one is missing."""
    subject = asking.subject
    named: dict[str, object] = {
        "department": subject.department,
        "groups": subject.groups or None,
        "application": subject.application,
        "user": subject.user,
        "roles": subject.roles or None,
        "region": subject.region,
        "auth_level": subject.auth_level,
        "network_zone": subject.network_zone,
        "now": asking.now,
        "client_address": asking.client_address,
    }
    return named


def scope_truth(record: Record, row: Row, asking: Asking) -> Truth:
    """The truth of a record's scope in a row."""
    return evaluate(record.scope, row.cells.get, attributes(asking).get)


@dataclass(frozen=True, slots=True)
class ItemVerdict:
    """What is known of an item before any row: `codes` is empty where it isn't refused."""

    item: Item
    allows: tuple[Record, ...]
    denies: tuple[Record, ...]
    codes: frozenset[str]

    @property
    def masked(self) -> bool:
        """Whether the item may not be filtered on or ordered by."""
        free = [record for record in self.allows if self.item.identifier not in record.masks]
        return len(free) < len(self.allows) and all(record.scoped for record in free)


def verdict_of(records: tuple[Record, ...], entry: Entry, item: Item, asking: Asking) -> ItemVerdict:
    """The verdict of an item: the records that could apply, and the codes of a refusal that are right."""
    named = [
        record
        for record in records
        if covers(record, entry, item, asking.subject) and names_consumer(record, asking.subject)
    ]
    stops = {record.id: stop_of(record, asking) for record in named}
    allows = tuple(record for record in named if record.allows and stops[record.id] is Stop.NOWHERE)
    denies = tuple(record for record in named if not record.allows and stops[record.id] is Stop.NOWHERE)
    if not allows:
        stopped = [(record, stops[record.id]) for record in named if record.allows]
        return ItemVerdict(item, allows, denies, _codes(stopped, asking))
    refused = any(not record.scoped for record in denies)
    return ItemVerdict(item, allows, denies, frozenset({"ITEM_DENIED"} if refused else ()))


def _codes(stopped: list[tuple[Record, Stop]], asking: Asking) -> frozenset[str]:
    """The code where no allow could apply: that of the stage which the furthest reached."""
    furthest = max((stop for _, stop in stopped), default=None)
    match furthest:
        case None:
            return frozenset({"ITEM_DENIED"})
        case Stop.MODE:
            return frozenset({"MODE_DENIED"})
        case Stop.PERIOD:
            return frozenset({"EXPIRED"})
        case Stop.CONDITION:
            return frozenset({"CONDITION_FAILED"})
        case _:
            return _purpose_codes([record for record, stop in stopped if stop is Stop.PURPOSE], asking)


def _purpose_codes(furthest: list[Record], asking: Asking) -> frozenset[str]:
    wanting = [record for record in furthest if asking.purpose is None and record.purposes != ANY]
    if not wanting:
        return frozenset({"PURPOSE_DENIED"})
    if any(_matter_fits(record, asking) for record in wanting):
        return frozenset({"PURPOSE_REQUIRED"})
    # Each that wants a purpose stopped at the matter too: the page doesn't say which of the two it stopped for.
    return frozenset({"PURPOSE_REQUIRED", "PURPOSE_DENIED"})


def applying(verdict: ItemVerdict, row: Row, asking: Asking) -> tuple[Record, ...]:
    """The allow records that apply to a cell; none where it is denied."""
    if any(scope_truth(record, row, asking) is not False for record in verdict.denies):
        return ()
    return tuple(record for record in verdict.allows if scope_truth(record, row, asking) is True)


def masks_of(records: tuple[Record, ...], item: str) -> list[Mask | None]:
    """The mask that each record sets for an item, None for no mask."""
    return [record.masks.get(item) for record in records]


def view_of(records: tuple[Record, ...], entry: Entry, subject: Subject, now: datetime) -> tuple[str, ...]:
    """The items of an entry that the subject's schema holds, in the catalog's order."""
    return tuple(
        item.identifier
        for item in entry.items
        if any(_opens_view(record, entry, item, subject, now) for record in records)
    )


def _opens_view(record: Record, entry: Entry, item: Item, subject: Subject, now: datetime) -> bool:
    remembered = record.valid_until is None or record.valid_until > now - VIEW_MEMORY
    return record.allows and remembered and covers(record, entry, item, subject) and names_consumer(record, subject)


def registered(matter: str | None, subject: Subject) -> bool:
    """Whether a stated matter may be stated by this subject."""
    return matter is None or matter in subject.registered_matters


def effective_matter(matter: str | None, subject: Subject) -> str | None:
    """The matter of a request: the stated one, or the only one registered."""
    if matter is not None or len(subject.registered_matters) != 1:
        return matter
    return subject.registered_matters[0]
