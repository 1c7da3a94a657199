"""What is wrong with a record beside another one: it is covered, taken away, opposed or overlapped."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from portal.catalog.entries import CatalogEntry, InformationItem
from portal.conditions.formulas import Claim, Every, Formula, Side, Truth, negate
from portal.conditions.models import can_hold
from portal.conditions.tree import TRUE
from portal.errors import Text
from portal.policies.checking.directory import Directory
from portal.policies.checking.findings import Finding, FindingKind, Severity
from portal.policies.circumstances import ANY_REQUEST
from portal.policies.consistency import covers_item
from portal.policies.masks import mask_on, weakness
from portal.policies.records import Any, ConsumerKind, Effect, PolicyRecord
from portal.vocabulary import ItemIdentifier, PolicyId


@dataclass(frozen=True)
class Surroundings:
    """The entry that records are on, who is registered, and the moment from which on they are looked at."""

    entry: CatalogEntry
    directory: Directory
    now: datetime
    _covered: dict[PolicyId, tuple[InformationItem, ...]] = field(default_factory=dict)

    def covered(self, record: PolicyRecord) -> tuple[InformationItem, ...]:
        """Return the items of the entry that the catalog lets the record stand on."""
        if record.id not in self._covered:
            items = tuple(item for item in self.entry.items if covers_item(record, self.entry, item))
            self._covered[record.id] = items
        return self._covered[record.id]


@dataclass(frozen=True, slots=True)
class Pair:
    """A record and another one on the same entry."""

    record: PolicyRecord
    other: PolicyRecord
    surroundings: Surroundings

    @property
    def items(self) -> tuple[InformationItem, ...]:
        """The items that the record covers."""
        return self.surroundings.covered(self.record)

    @property
    def directory(self) -> Directory:
        """Who is registered."""
        return self.surroundings.directory

    def shared(self) -> tuple[InformationItem, ...]:
        """Return the items that both cover."""
        return tuple(item for item in self.items if item in self.surroundings.covered(self.other))

    def turned(self) -> "Pair":
        """Return the other record beside this one."""
        return Pair(self.other, self.record, self.surroundings)


def examine_pair(pair: Pair) -> Iterator[Finding]:
    """Yield the one thing that the other record makes of the record; the worst, if there are several."""
    record, other = pair.record, pair.other
    if not _can_meet(pair) or not pair.shared():
        return
    if record.effect is not other.effect:
        if record.effect is Effect.ALLOW and _is_taken_away(pair):
            yield _taken_away(pair)
    elif _is_shadowed(pair):
        # Of two that cover each other only one is told: the later by id.
        if record.id > other.id or not _is_shadowed(pair.turned()):
            yield _shadowed(pair)
    elif record.effect is Effect.ALLOW and record.id > other.id and _overlaps(pair):
        yield _overlapping(pair)


def _can_meet(pair: Pair) -> bool:
    """Return whether a request there may be for which both records are meant; false only where there is none."""
    record, other = pair.record, pair.other
    return (
        _meet(record.purposes, other.purposes)
        and _meet(record.modes, other.modes)
        and _meet(record.matters or None, other.matters or None)
        and _periods_meet(pair)
    )


def _meet(some: Sequence[object] | Any | None, others: Sequence[object] | Any | None) -> bool:
    if some is None or others is None or isinstance(some, Any) or isinstance(others, Any):
        return True
    return not set(some).isdisjoint(others)


def _periods_meet(pair: Pair) -> bool:
    begins = [one.valid_from for one in (pair.record, pair.other) if one.valid_from is not None]
    ends = [one.valid_until for one in (pair.record, pair.other) if one.valid_until is not None]
    return not ends or max([pair.surroundings.now, *begins]) < min(ends)


def _is_part(narrower: Sequence[object] | Any, wider: Sequence[object] | Any) -> bool:
    if isinstance(wider, Any):
        return True
    return not isinstance(narrower, Any) and set(narrower) <= set(wider)


def _is_meant_with(pair: Pair) -> bool:
    """Return whether the other record is meant wherever the record is: conditions and scopes left aside."""
    record, other = pair.record, pair.other
    return (
        pair.shared() == pair.items
        and pair.directory.stands_for_all_of(other.consumer, record.consumer)
        and _is_bound_by(other.applications, record.applications or _own_application(record))
        and _is_part(record.purposes, other.purposes)
        and _is_part(record.modes, other.modes)
        and _is_bound_by(other.matters, record.matters)
        and _lasts_as_long(pair)
    )


def _own_application(record: PolicyRecord) -> tuple[str, ...]:
    return (record.consumer.code,) if record.consumer.kind is ConsumerKind.APPLICATION else ()


def _is_bound_by(wider: Sequence[str], narrower: Sequence[str]) -> bool:
    """Return whether a list that is open where it is empty holds all of another one."""
    return not wider or (bool(narrower) and set(narrower) <= set(wider))


def _lasts_as_long(pair: Pair) -> bool:
    record, other, now = pair.record, pair.other, pair.surroundings.now
    has_begun = other.valid_from is None or other.valid_from <= max(record.valid_from or now, now)
    lasts = other.valid_until is None or (record.valid_until is not None and record.valid_until <= other.valid_until)
    return has_begun and lasts


def _implies(premise: Formula, conclusion: Formula) -> bool:
    return not can_hold(Every((premise, negate(conclusion))), ANY_REQUEST)


def _condition(record: PolicyRecord) -> Formula:
    truth = Truth.TRUE if record.effect is Effect.ALLOW else Truth.NOT_FALSE
    return Claim(record.condition, truth, Side.REQUEST)


def _scope(record: PolicyRecord) -> Formula:
    truth = Truth.TRUE if record.effect is Effect.ALLOW else Truth.NOT_FALSE
    return Claim(TRUE if record.scope is None else record.scope, truth, Side.ROW)


def _is_shadowed(pair: Pair) -> bool:
    """Return whether the other record does all that the record does, so that it could be left out."""
    record, other = pair.record, pair.other
    if not _is_meant_with(pair) or not _implies(_condition(record), _condition(other)):
        return False
    if other.scope is not None and (record.scope is None or not _implies(_scope(record), _scope(other))):
        return False
    return record.effect is Effect.DENY or (
        all(_shows_as_much(pair, item.identifier) for item in pair.items)
        and _allows_as_many(record.obligations.max_rows, other.obligations.max_rows)
        and _allows_as_many(record.obligations.daily_rows, other.obligations.daily_rows)
    )


def _shows_as_much(pair: Pair, item: ItemIdentifier) -> bool:
    """Return whether the other shows the item at least as clearly, and leaves it to be compared as the record does."""
    own, others = mask_on(pair.record, item), mask_on(pair.other, item)
    if weakness(others) > weakness(own):
        return False
    # An item that one masks can be compared only where another shows it bare in every row.
    return own is None or others is not None or pair.other.scope is None


def _allows_as_many(rows: int | None, others: int | None) -> bool:
    return others is None or (rows is not None and rows <= others)


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of a pair, and how to mend it."""

    what: Text
    mend: Text


def _finding(pair: Pair, kind: FindingKind, severity: Severity, said: Said) -> Finding:
    records: tuple[PolicyId, ...] = (pair.record.id, pair.other.id)
    items = tuple(item.identifier for item in pair.shared())
    return Finding(kind, severity, pair.surroundings.entry.code, records, items, said.what, said.mend)


def _shadowed(pair: Pair) -> Finding:
    other = pair.other.id
    said = Said(
        Text(en=f"`{other}` covers everything that it does", zh=f"`{other}` 已涵盖其全部内容"),
        Text(en="leave one of the two out, or narrow the other", zh="请去掉其中一条，或收窄另一条"),
    )
    return _finding(pair, FindingKind.SHADOWED, Severity.WARNING, said)


def _is_taken_away(pair: Pair) -> bool:
    """Return whether the other record, a restriction, denies every cell that the record allows."""
    record, other = pair.record, pair.other
    if not _is_meant_with(pair) or not _implies(_condition(record), _condition(other)):
        return False
    return other.scope is None or _implies(_scope(record), _scope(other))


def _taken_away(pair: Pair) -> Finding:
    other = pair.other.id
    said = Said(
        Text(
            en=f"the restriction `{other}` takes away all that it allows", zh=f"限制策略 `{other}` 使其所允许的全部无效"
        ),
        Text(en="end the restriction, narrow it, or leave this out", zh="请终止或收窄该限制，或去掉此记录"),
    )
    if _is_equal(pair.record, pair.other):
        return _finding(pair, FindingKind.OPPOSITE, Severity.FAULT, said)
    return _finding(pair, FindingKind.TAKEN_AWAY, Severity.WARNING, said)


def _is_equal(record: PolicyRecord, other: PolicyRecord) -> bool:
    """Return whether the two are about the same, whatever their effect, kind and obligations."""
    alike = replace(other, id=record.id, effect=record.effect, kind=record.kind, obligations=record.obligations)
    return replace(alike, basis=record.basis, version=record.version) == record


def _overlaps(pair: Pair) -> bool:
    """Return whether the other allows some of the same, on other terms."""
    record, other, directory = pair.record, pair.other, pair.directory
    related = directory.stands_for_all_of(other.consumer, record.consumer) or directory.stands_for_all_of(
        record.consumer, other.consumer
    )
    return related and _terms(record) != _terms(other) and not _is_shadowed(pair.turned())


def _terms(record: PolicyRecord) -> tuple[object, ...]:
    return record.condition, record.scope, record.obligations


def _overlapping(pair: Pair) -> Finding:
    other = pair.other.id
    said = Said(
        Text(
            en=f"`{other}` allows part of it on other terms: the weaker mask and the larger limit hold",
            zh=f"`{other}` 以不同条件允许其中一部分：以较弱的脱敏和较大的限额为准",
        ),
        Text(en="see that this is meant", zh="请确认这符合本意"),
    )
    return _finding(pair, FindingKind.OVERLAPPING, Severity.REMARK, said)
