"""Typed values for tests of policies, in memory: entries, records, subjects, snapshots. All of it is synthetic."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeVar

from portal.catalog.entries import (
    CatalogEntry,
    EntryKind,
    EntryStatus,
    FormatCategory,
    InformationItem,
    UpdateCycle,
)
from portal.conditions.meaning import Attribute, satisfies
from portal.conditions.tree import ValueType
from portal.errors import ErrorCode, Fault
from portal.identity.registry import Registry
from portal.policies.casbin_models import Matcher, ModelName
from portal.policies.decision import Decision, Permit, Use
from portal.policies.decision_point import DecisionPoint
from portal.policies.information_point import DataTable, EntryState, PortalContent
from portal.policies.matching import Request
from portal.policies.reading import parse_record
from portal.policies.records import PolicyRecord
from portal.policies.snapshot import Snapshot
from portal.vocabulary import (
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
    Purpose,
    ShareClass,
    Subject,
)

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)
PROVIDER = DepartmentCode("11999999MB0000027M")
CONSUMER = DepartmentCode("11999999MB0000019T")
STRANGER = DepartmentCode("11999999MB0000035G")
CODE = EntryCode("303001001/00001")
VERIFICATION = Purpose("verification")
WORK = Purpose("work_reference")

CHECKER = Subject(
    department=CONSUMER,
    groups=(GroupCode("inspectors"), GroupCode("readers")),
    application=ApplicationId("checker"),
    region="999999",
    auth_level=2,
    matters=(Matter("999999-0001"), Matter("999999-0002")),
)
OWNER = Subject(department=PROVIDER, application=ApplicationId("keeper"), auth_level=2)
OTHER = Subject(department=STRANGER, application=ApplicationId("stranger"), auth_level=2)

Document = dict[str, object]
_Changed = TypeVar("_Changed")


def item(
    identifier: str,
    value_type: ValueType = ValueType.STRING,
    share_class: ShareClass = ShareClass.CONDITIONAL,
    *,
    is_open: bool = False,
) -> InformationItem:
    """Return an item; a decimal has scale 2."""
    return InformationItem(
        identifier=ItemIdentifier(identifier),
        name=f"信息项 {identifier}",
        type=value_type,
        share_class=share_class,
        open=is_open,
        sensitivity=1,
        length=60 if value_type is ValueType.STRING else None,
        scale=2 if value_type is ValueType.DECIMAL else None,
    )


ALL_TYPES = (
    item("name"),
    item("division"),
    item("note"),
    item("born", ValueType.DATE),
    item("seen", ValueType.DATETIME),
    item("children", ValueType.INTEGER),
    item("income", ValueType.DECIMAL),
    item("present", ValueType.BOOLEAN),
    item("details", ValueType.JSON),
)
"""An item of each type, conditional and not open."""


def entry(items: Sequence[InformationItem] = ALL_TYPES, **members: object) -> CatalogEntry:
    """Return a published, conditional entry of the provider, keyed by its first item."""
    plain = CatalogEntry(
        code=CODE,
        identifier=EntryIdentifier("residents"),
        name="合成条目",
        provider=PROVIDER,
        abstract="合成数据，仅供测试",
        format_category=FormatCategory.DATABASE,
        format_type="sqlite",
        kind=EntryKind.DEPARTMENT,
        share_class=ShareClass.CONDITIONAL,
        share_modes=(Mode.QUERY,),
        open=False,
        update_cycle=UpdateCycle.DAILY,
        published_on=None,
        key=(items[0].identifier,),
        items=tuple(items),
        status=EntryStatus.PUBLISHED,
    )
    return changed(plain, **members)


def open_entry(*items: InformationItem, **members: object) -> CatalogEntry:
    """Return an unconditional, open entry; without items it has an open and a closed one."""
    own = items or (
        item("code", share_class=ShareClass.UNCONDITIONAL, is_open=True),
        item("note", share_class=ShareClass.UNCONDITIONAL),
    )
    return entry(own, **{"share_class": ShareClass.UNCONDITIONAL, "open": True, **members})


def changed(value: _Changed, **members: object) -> _Changed:
    """Return a frozen value with some members changed."""
    return replace(value, **members)  # type: ignore[type-var]  # every value given is a dataclass


def document(**members: object) -> Document:
    """Return the JSON of a statutory record for the consumer: `name`, for verification, by query."""
    return {
        "id": "statute-1",
        "effect": "allow",
        "kind": "statutory",
        "consumer": f"department:{CONSUMER}",
        "resource": CODE,
        "items": ["name"],
        "purposes": ["verification"],
        "modes": ["query"],
        "basis": "测试依据",
        **members,
    }


def read(of: CatalogEntry | None = None, /, **members: object) -> tuple[PolicyRecord | None, list[Fault]]:
    """Return what reading a changed document gives, against the entry (by default one with every type)."""
    known = of or entry()
    return parse_record(document(**members), "policies/x.json", {known.code: known})


def record(of: CatalogEntry | None = None, /, **members: object) -> PolicyRecord:
    """Return the record of a changed document, which must have no fault."""
    found, faults = read(of, **members)
    assert faults == []
    assert found is not None
    return found


def restriction(of: CatalogEntry | None = None, /, **members: object) -> PolicyRecord:
    """Return a restriction on `name` for the consumer, for every purpose and mode."""
    denying = {"id": "restriction-1", "effect": "deny", "kind": "restriction", "purposes": ["*"], "modes": ["*"]}
    return record(of, **{**denying, **members})


def state(of: CatalogEntry, *, removed: bool = False) -> EntryState:
    """Return the entry as it stands in a snapshot."""
    shown = changed(of, status=EntryStatus.WITHDRAWN) if removed else of
    return EntryState(shown, 1, removed, DataTable("dataset_1", 0))


def snapshot(entries: Iterable[CatalogEntry | EntryState], records: Iterable[PolicyRecord], epoch: int = 1) -> Snapshot:
    """Return a snapshot of entries and records, with nobody registered."""
    states = [each if isinstance(each, EntryState) else state(each) for each in entries]
    ordered = tuple(sorted(records, key=lambda one: one.id))
    return Snapshot(PortalContent(epoch, "nantong-2015", "合成平台", Registry(), tuple(states), ordered))


MATCHERS: Mapping[ModelName, Matcher] = {name: Matcher(name) for name in ModelName}
"""The models, loaded once for all tests; they may be shared."""


def point(*records: PolicyRecord, of: CatalogEntry | None = None) -> DecisionPoint:
    """Return a decision point on one entry and its records."""
    return DecisionPoint(snapshot([of or entry()], records), MATCHERS)


def request(
    subject: Subject = CHECKER,
    *,
    purpose: str | None = VERIFICATION,
    matter: str | None = None,
    mode: Mode = Mode.QUERY,
    now: datetime = NOW,
) -> Request:
    """Return a request from the government network."""
    return Request(
        subject,
        Action(mode, None if purpose is None else Purpose(purpose), None if matter is None else Matter(matter)),
        Environment(now, NetworkZone.GOVERNMENT),
    )


def use(*items: str, compared: Iterable[str] = ()) -> Use:
    """Return the use of items of the entry."""
    return Use(CODE, tuple(map(ItemIdentifier, items)), frozenset(map(ItemIdentifier, compared)))


def permitted(decision: Decision) -> Permit:
    """Return the permit, which the decision must be."""
    assert isinstance(decision, Permit), decision
    return decision


def code_of(decision: Decision) -> ErrorCode | None:
    """Return the code of a refusal, None for a permit."""
    return None if isinstance(decision, Permit) else decision.code


def is_permitted_in(decision: Decision, row: Mapping[str, Attribute]) -> bool:
    """Return whether a request so decided gets the row."""
    return isinstance(decision, Permit) and satisfies(decision.row_condition, row) is True


def amount(text: str) -> Decimal:
    """Return a decimal as JSON's reader gives it."""
    return Decimal(text)
