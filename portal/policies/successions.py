"""What departments had when they were merged, split or renamed, as their successors have it now.

Applied to the content as it is read: what is stored and signed names the departments as it did. What follows gives and
denies what it did before, no more: a test or scope on the department, its groups or its region is settled as it was
for the predecessor. Where nobody follows nobody has it: doubt is denied.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import assert_never

from portal.catalog.entries import CatalogEntry
from portal.conditions.meaning import Attribute, bind_subject, satisfies
from portal.conditions.tree import (
    And,
    Comparison,
    Condition,
    Constant,
    ListContains,
    Membership,
    Not,
    NullTest,
    Or,
    SubjectAttribute,
)
from portal.errors import Text
from portal.identity.registry import Department, DepartmentStatus, Registry, Successor
from portal.identity.successions import circular_successions
from portal.policies.records import Consumer, ConsumerKind, Effect, PolicyKind, PolicyRecord
from portal.storage.content import unreadable
from portal.vocabulary import DepartmentCode, EntryCode

_Attributes = Mapping[str, Attribute]
_Leaf = Callable[[Condition], Condition]


@dataclass(frozen=True, slots=True)
class Successions:
    """The register, which holds no circle of successions: only `successions_of` makes one."""

    registry: Registry
    ended: Mapping[DepartmentCode, Department]
    """Departments that aren't active any more."""

    def heirs(self, code: DepartmentCode) -> tuple[DepartmentCode, ...]:
        """Return the active departments that have come of one, by code: itself where it is active."""
        department = self.registry.departments.get(code)
        if department is None:
            return ()
        if department.status is DepartmentStatus.ACTIVE:
            return (code,)
        return tuple(sorted({heir for successor in department.successors for heir in self.heirs(successor.code)}))

    def follow(self, code: DepartmentCode, names: Callable[[Successor], bool]) -> DepartmentCode:
        """Return who has now what a department had: itself where it is active, or where nobody follows it.

        `names` tells whether a successor of a split is the one that gets it.
        """
        while (department := self.ended.get(code)) is not None:
            heir = _heir(department, names)
            if heir is None or heir not in self.registry.departments:
                return code
            code = heir
        return code


def _heir(department: Department, names: Callable[[Successor], bool]) -> DepartmentCode | None:
    successors = department.successors
    if department.status is DepartmentStatus.SPLIT:
        successors = tuple(successor for successor in successors if names(successor))
    return successors[0].code if len(successors) == 1 else None


def successions_of(registry: Registry) -> Successions:
    """Return the successions of a register. Raises: PolicyUnavailable where they lead in a circle."""
    if circle := circular_successions(registry):
        shown = ", ".join(f"`{code}`" for code in circle)
        raise unreadable(f"the departments {shown} follow each other in a circle", f"部门 {shown} 互为后继，形成循环")
    ended = {
        code: department
        for code, department in registry.departments.items()
        if department.status is not DepartmentStatus.ACTIVE
    }
    return Successions(registry, ended)


def follow_entry(entry: CatalogEntry, successions: Successions) -> CatalogEntry:
    """Return the entry as its provider's successor provides it; of a split whoever is named for the entry."""
    provider = successions.follow(entry.provider, lambda successor: entry.code in successor.entries)
    return entry if provider == entry.provider else replace(entry, provider=provider)


def follow_records(
    records: Iterable[PolicyRecord], entries: Mapping[EntryCode, CatalogEntry], successions: Successions
) -> tuple[PolicyRecord, ...]:
    """Return the records with those of ended departments given to their successors, in the same order.

    `entries` are those of the content as it is stored. A restriction may become several of the same id: whoever comes
    of those whom it denied is denied.
    """
    if not successions.ended:
        return tuple(records)
    return tuple(
        followed for record in records for followed in _follow_record(record, entries[record.resource], successions)
    )


def _follow_record(record: PolicyRecord, entry: CatalogEntry, successions: Successions) -> Iterator[PolicyRecord]:
    if record.effect is Effect.DENY:
        yield from _follow_restriction(record, successions)
    elif record.kind is PolicyKind.PROVIDER:
        # It goes with the entry, whomever a split names for the record.
        own = Consumer(ConsumerKind.DEPARTMENT, entry.provider)
        provider = Consumer(ConsumerKind.DEPARTMENT, follow_entry(entry, successions).provider)
        yield replace(record, consumer=provider) if record.consumer == own else record
    else:
        consumer = _ended_consumer(record, successions)
        heir = None if consumer is None else successions.follow(consumer.code, lambda one: record.id in one.policies)
        yield record if consumer is None or heir in (None, consumer.code) else _given(record, consumer, str(heir))


def _ended_consumer(record: PolicyRecord, successions: Successions) -> Department | None:
    """Return the department that the record names, if it has ended."""
    if record.consumer.kind is not ConsumerKind.DEPARTMENT:
        return None
    return successions.ended.get(DepartmentCode(record.consumer.code))


def _follow_restriction(record: PolicyRecord, successions: Successions) -> Iterator[PolicyRecord]:
    """Yield the restriction, and it again for each department that came of one that it could deny.

    INVARIANT: nobody is denied less because a department ended: not named in a split, it follows every successor; a
    group's follows those who aren't in the group; and one for everybody that tests the department or its region
    follows where the test would now come to something else.
    """
    yield record
    for code, department in successions.ended.items():
        if not _names(record.consumer, department):
            continue
        named = successions.follow(code, lambda one: record.id in one.policies)
        for heir in successions.heirs(code) if named in successions.ended else (named,):
            given = _given(record, department, heir)
            is_the_same = (given.condition, given.scope) == (record.condition, record.scope)
            if not (is_the_same and _names(record.consumer, successions.registry.departments[heir])):
                yield given


def _names(consumer: Consumer, department: Department) -> bool:
    """Return whether everybody of the department is the consumer."""
    match consumer.kind:
        case ConsumerKind.DEPARTMENT:
            return consumer.code == department.code
        case ConsumerKind.GROUP:
            return consumer.code in department.groups
        case ConsumerKind.ANY_DEPARTMENT | ConsumerKind.PUBLIC:
            return True
        case ConsumerKind.APPLICATION:
            # It goes wherever the application is registered.
            return False
    assert_never(consumer.kind)


def _given(record: PolicyRecord, before: Department, heir: str) -> PolicyRecord:
    """Return the record for a successor, with what depends on the department settled as it was before."""
    attributes: _Attributes = {
        "department": before.code,
        "groups": tuple(sorted(before.groups)) or None,
        "region": before.region or None,
    }
    return replace(
        record,
        consumer=Consumer(ConsumerKind.DEPARTMENT, heir),
        condition=_replace_leaves(record.condition, lambda leaf: _settled(leaf, attributes)),
        scope=None if record.scope is None else _replace_leaves(record.scope, lambda leaf: _bound(leaf, attributes)),
    )


def _settled(test: Condition, attributes: _Attributes) -> Condition:
    """Return what a test of one of the attributes comes to, any other test as it is."""
    match test:
        case Comparison() | Membership() | NullTest() | ListContains() if test.name in attributes:
            return Constant(satisfies(test, attributes))
        case _:
            return test


def _bound(test: Condition, attributes: _Attributes) -> Condition:
    """Return the test with one of the attributes put in its place; the subject's others are put there when deciding."""
    match test:
        case Comparison(_, _, SubjectAttribute(name)) if name in attributes:
            return bind_subject(test, attributes)
        case _:
            return test


def _replace_leaves(condition: Condition, leaf: _Leaf) -> Condition:
    match condition:
        case And(members):
            return And(tuple(_replace_leaves(member, leaf) for member in members))
        case Or(members):
            return Or(tuple(_replace_leaves(member, leaf) for member in members))
        case Not(member):
            return Not(_replace_leaves(member, leaf))
        case _:
            return leaf(condition)


def unfollowed(
    records: Iterable[PolicyRecord], entries: Iterable[CatalogEntry], successions: Successions
) -> tuple[Text, ...]:
    """Return a line for each entry and each record, as stored, of an ended department that nobody follows in it."""
    return (
        *(_unprovided(entry) for entry in entries if follow_entry(entry, successions).provider in successions.ended),
        *(_unread(record) for record in records if _is_unread(record, successions)),
    )


def _is_unread(record: PolicyRecord, successions: Successions) -> bool:
    if record.effect is Effect.DENY or record.kind is PolicyKind.PROVIDER:
        return False
    consumer = _ended_consumer(record, successions)
    return consumer is not None and (
        successions.follow(consumer.code, lambda one: record.id in one.policies) in successions.ended
    )


def _unprovided(entry: CatalogEntry) -> Text:
    return Text(
        en=f"entry `{entry.code}` has no provider any more: `{entry.provider}` ended, and nobody follows it there",
        zh=f"目录条目 `{entry.code}` 已无提供方：`{entry.provider}` 已撤并，且未指明后继部门",
    )


def _unread(record: PolicyRecord) -> Text:
    return Text(
        en=f"policy `{record.id}` gives nobody anything: `{record.consumer}` ended, and nobody follows it there",
        zh=f"策略 `{record.id}` 已无使用方：`{record.consumer}` 已撤并，且未指明后继部门",
    )
