"""Whether the catalog lets a record stand, and whether what it names is known (enforcement.md §2, consistency)."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

from portal.catalog.entries import CatalogEntry, InformationItem, effective_share_class, is_item_open
from portal.errors import Fault, Text
from portal.identity.registry import Registry
from portal.policies.records import Any, Consumer, ConsumerKind, Effect, PolicyKind, PolicyRecord
from portal.vocabulary import ItemIdentifier, Purpose, ShareClass


@dataclass(frozen=True, slots=True)
class KindRule:
    """What a record of a kind must be like, and what to say where it isn't: at `path`, what, and how to mend it."""

    holds: Callable[[PolicyRecord, CatalogEntry], bool]
    path: str
    what: Text
    mend: Text


_EFFECT = KindRule(
    lambda record, _: (record.effect is Effect.DENY) == (record.kind is PolicyKind.RESTRICTION),
    "effect",
    Text(en="the effect doesn't fit the kind", zh="效果与类型不符"),
    Text(en="a restriction denies, every other kind allows", zh="restriction 为 deny，其他类型为 allow"),
)
_RULES: Mapping[PolicyKind, Sequence[KindRule]] = {
    PolicyKind.PROVIDER: (
        KindRule(
            lambda record, entry: record.consumer == Consumer(ConsumerKind.DEPARTMENT, entry.provider),
            "consumer",
            Text(en="a provider record's consumer isn't the provider", zh="provider 记录的使用方不是提供方"),
            Text(en="name the entry's provider", zh="请填写该条目的提供方"),
        ),
    ),
    PolicyKind.OPEN_DATA: (
        KindRule(
            lambda record, _: record.consumer == Consumer(ConsumerKind.PUBLIC),
            "consumer",
            Text(en="open data have another consumer than the public", zh="open_data 的使用方不是公众"),
            Text(en="write `public`", zh="请写 `public`"),
        ),
    ),
    PolicyKind.STATUTORY: (
        KindRule(
            lambda record, _: record.consumer.kind not in (ConsumerKind.ANY_DEPARTMENT, ConsumerKind.PUBLIC),
            "consumer",
            Text(en="a statutory record names no one in particular", zh="statutory 记录没有指明特定使用方"),
            Text(en="name a department, group or application", zh="请指明部门、部门组或应用"),
        ),
    ),
    PolicyKind.AGREEMENT: (
        KindRule(
            lambda record, _: not any(isinstance(part, Any) for part in (record.items, record.purposes, record.modes)),
            "items",
            Text(en="an agreement covers everything by `*`", zh="协议用 `*` 概括了全部"),
            Text(en="name items, purposes and modes one by one", zh="请逐一列出信息项、用途和共享方式"),
        ),
        KindRule(
            lambda record, _: record.valid_from is not None and record.valid_until is not None,
            "valid_until",
            Text(en="an agreement without begin and end", zh="协议缺少起止时间"),
            Text(en="write `valid_from` and `valid_until`", zh="请填写 `valid_from` 和 `valid_until`"),
        ),
    ),
}


def broken_rules(record: PolicyRecord, entry: CatalogEntry) -> list[KindRule]:
    """Return the rules of its kind that the record breaks."""
    return [rule for rule in (_EFFECT, *_RULES.get(record.kind, ())) if not rule.holds(record, entry)]


def covers_item(record: PolicyRecord, entry: CatalogEntry, item: InformationItem) -> bool:
    """Return whether the record names the item of the entry and the catalog lets the record stand on it.

    A record that breaks a rule of its kind allows nothing, and denies all the same. Whether the entry is published is
    asked of the subject: it permits nothing but to its provider.
    """
    named = isinstance(record.items, Any) or item.identifier in record.items
    if record.resource != entry.code or not named:
        return False
    return record.effect is Effect.DENY or (_stands(record, entry, item) and not broken_rules(record, entry))


def _stands(record: PolicyRecord, entry: CatalogEntry, item: InformationItem) -> bool:
    share_class = effective_share_class(entry, item)
    match record.kind:
        case PolicyKind.RESTRICTION | PolicyKind.STATUTORY | PolicyKind.PROVIDER:
            return True
        case PolicyKind.UNCONDITIONAL:
            return share_class is ShareClass.UNCONDITIONAL
        case PolicyKind.AGREEMENT:
            return share_class is not ShareClass.NOT_SHARED
        case PolicyKind.OPEN_DATA:
            return is_item_open(entry, item) and share_class is not ShareClass.NOT_SHARED
    assert_never(record.kind)


def uncovered_items(record: PolicyRecord, entry: CatalogEntry) -> tuple[ItemIdentifier, ...]:
    """Return the items that the record names and the catalog doesn't let stand, in the entry's order."""
    named = [item for item in entry.items if isinstance(record.items, Any) or item.identifier in record.items]
    return tuple(item.identifier for item in named if not covers_item(record, entry, item))


def validate_references(
    record: PolicyRecord, file: str, registry: Registry, purposes: Collection[Purpose]
) -> list[Fault]:
    """Return a fault for each department, group, application or purpose that the record names and nobody knows."""
    return [
        *_consumer_faults(record, file, registry),
        *(_unknown(file, "applications", name) for name in record.applications if name not in registry.applications),
        *_purpose_faults(record, file, purposes),
    ]


def _unknown(file: str, path: str, name: str) -> Fault:
    return Fault(
        file,
        None,
        path,
        Text(en=f"`{name}` isn't registered", zh=f"`{name}` 未登记"),
        Text(en="register it, or name one that is", zh="请先登记，或改为已登记的"),
    )


def _consumer_faults(record: PolicyRecord, file: str, registry: Registry) -> list[Fault]:
    known = _known_consumers(record.consumer.kind, registry)
    is_known = known is None or record.consumer.code in known
    return [] if is_known else [_unknown(file, "consumer", record.consumer.code)]


def _known_consumers(kind: ConsumerKind, registry: Registry) -> Collection[str] | None:
    """Return who is registered of that kind; None where nobody is named."""
    match kind:
        case ConsumerKind.DEPARTMENT:
            return registry.departments
        case ConsumerKind.GROUP:
            return registry.groups
        case ConsumerKind.APPLICATION:
            return registry.applications
        case ConsumerKind.ANY_DEPARTMENT | ConsumerKind.PUBLIC:
            return None
    assert_never(kind)


def _purpose_faults(record: PolicyRecord, file: str, purposes: Collection[Purpose]) -> list[Fault]:
    if isinstance(record.purposes, Any):
        return []
    known = ", ".join(purposes)
    return [
        Fault(
            file,
            None,
            "purposes",
            Text(en=f"unknown purpose `{purpose}`", zh=f"未知用途 `{purpose}`"),
            Text(en=f"the profile knows {known}", zh=f"本规章的用途为 {known}"),
        )
        for purpose in record.purposes
        if purpose not in purposes
    ]
