"""Decisions whose outcome is known beforehand, asked of Casbin whenever policies are loaded (T13).

A model file, a library or an index that opens too much, or nothing at all, is noticed before it answers anybody.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from portal.catalog.entries import CatalogEntry, EntryKind, EntryStatus, FormatCategory, InformationItem, UpdateCycle
from portal.conditions.tree import Comparison, Operator, ValueType
from portal.errors import PolicyUnavailable, Text
from portal.identity.registry import Registry
from portal.policies.casbin_models import Matcher, ModelName
from portal.policies.decision import Permit, Use
from portal.policies.decision_point import DecisionPoint
from portal.policies.information_point import DataTable, EntryState, PortalContent
from portal.policies.matching import Request
from portal.policies.records import ANY, Consumer, ConsumerKind, Effect, PolicyKind, PolicyRecord
from portal.policies.snapshot import Snapshot
from portal.vocabulary import (
    PUBLIC,
    Action,
    DepartmentCode,
    EntryCode,
    EntryIdentifier,
    Environment,
    ItemIdentifier,
    Mode,
    PolicyId,
    Purpose,
    ShareClass,
    Subject,
)

_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_CODE = EntryCode("canary")
_NAME, _OPEN = ItemIdentifier("name"), ItemIdentifier("open_name")
_STATED = Purpose("verification")
_OURS = Subject(department=DepartmentCode("canary-consumer"), auth_level=2)
_THEIRS = replace(_OURS, department=DepartmentCode("canary-stranger"))
_ASKED = Request(_OURS, Action(Mode.QUERY, _STATED), Environment(_NOW, None))
_BY_PUBLIC = Request(PUBLIC, Action(), Environment(_NOW))


def _item(identifier: ItemIdentifier, share_class: ShareClass, *, is_open: bool) -> InformationItem:
    return InformationItem(identifier, identifier, ValueType.STRING, share_class, is_open, 1, length=1)


_ITEMS = (
    _item(_NAME, ShareClass.CONDITIONAL, is_open=False),
    _item(_OPEN, ShareClass.UNCONDITIONAL, is_open=True),
)
_ENTRY = CatalogEntry(
    code=_CODE,
    identifier=EntryIdentifier("canary"),
    name="canary",
    provider=DepartmentCode("canary-provider"),
    abstract="",
    format_category=FormatCategory.DATABASE,
    format_type="",
    kind=EntryKind.DEPARTMENT,
    share_class=ShareClass.UNCONDITIONAL,
    share_modes=(Mode.QUERY,),
    open=True,
    update_cycle=UpdateCycle.OTHER,
    published_on=None,
    key=(_NAME,),
    items=_ITEMS,
    status=EntryStatus.PUBLISHED,
)
_ALLOW = PolicyRecord(
    id=PolicyId("canary-allow"),
    effect=Effect.ALLOW,
    kind=PolicyKind.STATUTORY,
    consumer=Consumer(ConsumerKind.DEPARTMENT, "canary-consumer"),
    resource=_CODE,
    items=(_NAME,),
    purposes=(_STATED,),
    modes=(Mode.QUERY,),
    valid_from=_NOW - _DAY,
    valid_until=_NOW + _DAY,
    condition=Comparison("auth_level", Operator.GTE, 2),
)
_OPENED = PolicyRecord(
    id=PolicyId("canary-open"),
    effect=Effect.ALLOW,
    kind=PolicyKind.OPEN_DATA,
    consumer=Consumer(ConsumerKind.PUBLIC),
    resource=_CODE,
    items=ANY,
    purposes=ANY,
    modes=ANY,
)
_DENY = replace(_ALLOW, id=PolicyId("canary-deny"), effect=Effect.DENY, kind=PolicyKind.RESTRICTION)


@dataclass(frozen=True, slots=True)
class Canary:
    """A request for one item under a few records, and what it must come to."""

    name: str
    permitted: bool
    records: tuple[PolicyRecord, ...]
    request: Request = _ASKED
    item: ItemIdentifier = _NAME
    entry: CatalogEntry = _ENTRY


def canaries() -> Iterator[Canary]:
    """Yield the decisions: three that must permit, and more that must not."""
    yield Canary("an allow", True, (_ALLOW,))
    yield Canary("an allow beside one for others", True, (_ALLOW, _OPENED))
    yield Canary("an open item to the public", True, (_OPENED,), _BY_PUBLIC, _OPEN)
    yield Canary("no record", False, ())
    yield Canary("no record to the public", False, (), _BY_PUBLIC, _OPEN)
    yield Canary("a deny", False, (_ALLOW, _DENY))
    yield Canary("a deny alone", False, (_DENY,))
    yield Canary("another consumer", False, (_ALLOW,), replace(_ASKED, subject=_THEIRS))
    yield Canary("the public", False, (_ALLOW,), _BY_PUBLIC)
    yield Canary("another item", False, (replace(_ALLOW, items=(_OPEN,)),))
    yield Canary("another mode", False, (_ALLOW,), replace(_ASKED, action=Action(Mode.EXCHANGE, _STATED)))
    yield Canary("another purpose", False, (_ALLOW,), replace(_ASKED, action=Action(Mode.QUERY, Purpose("other"))))
    yield Canary("no purpose", False, (_ALLOW,), replace(_ASKED, action=Action()))
    yield Canary("after the period", False, (_ALLOW,), replace(_ASKED, environment=Environment(_NOW + _DAY, None)))
    yield Canary("a condition not met", False, (_ALLOW,), replace(_ASKED, subject=replace(_OURS, auth_level=1)))
    yield Canary("a condition unknown", False, (_ALLOW,), replace(_ASKED, subject=replace(_OURS, auth_level=None)))
    yield Canary("an item that isn't open", False, (_OPENED,), _BY_PUBLIC)
    yield Canary("an open item after its period", False, (replace(_OPENED, valid_until=_NOW),), _BY_PUBLIC, _OPEN)
    yield Canary("an entry withdrawn", False, (_ALLOW,), entry=replace(_ENTRY, status=EntryStatus.WITHDRAWN))


def check_canaries(matchers: Mapping[ModelName, Matcher]) -> None:
    """Raise PolicyUnavailable, naming the first decision that came out otherwise."""
    for canary in canaries():
        state = EntryState(canary.entry, 1, removed=False, table=DataTable("canary", 0))
        content = PortalContent(0, "", "", Registry(), (state,), canary.records)
        decision = DecisionPoint(Snapshot(content), matchers).decide(canary.request, Use(_CODE, (canary.item,)))
        if isinstance(decision, Permit) is not canary.permitted:
            raise PolicyUnavailable(
                Text(
                    en=f"decisions can't be trusted: `{canary.name}` came out wrong; look at the models and Casbin",
                    zh=f"裁决不可信：“{canary.name}”一例结果有误；请检查策略模型和 Casbin",
                )
            )
