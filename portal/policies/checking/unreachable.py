"""What is wrong with one record alone: whom it names, when it holds, what it stands on, whether it can apply at all."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from portal.catalog.entries import CatalogEntry
from portal.conditions.formulas import Claim, Formula, Side, Truth
from portal.conditions.models import can_hold
from portal.conditions.tree import Condition, Or
from portal.conditions.values import render_instant
from portal.errors import Text
from portal.policies.checking.directory import Directory
from portal.policies.checking.findings import Finding, FindingKind, Severity
from portal.policies.circumstances import Party, compared_attributes, profile_purposes
from portal.policies.consistency import covers_item, validate_references
from portal.policies.reach import settle_condition, settle_scope
from portal.policies.records import Any, ConsumerKind, Effect, PolicyRecord
from portal.policies.snapshot import Snapshot
from portal.vocabulary import ApplicationId, EntryCode

CountRows = Callable[[EntryCode, Condition], int]
"""Tells how many rows of an entry satisfy a condition that names no attribute of a subject."""


@dataclass(frozen=True, slots=True)
class Examined:
    """A record with what it is held against."""

    record: PolicyRecord
    entry: CatalogEntry
    snapshot: Snapshot
    directory: Directory
    now: datetime

    def found(self, kind: FindingKind, severity: Severity, what: Text, mend: Text) -> Finding:
        """Return a finding on the record alone."""
        return Finding(kind, severity, self.entry.code, (self.record.id,), (), what, mend)


def examine_alone(examined: Examined, count_rows: CountRows | None) -> Iterator[Finding]:
    """Yield what is wrong with the record; once it is found to be meant for nobody, no more is asked."""
    yield from _references(examined)
    yield from _period(examined)
    yield from _catalog(examined)
    parties = examined.directory.named_by(examined.record)
    if parties:
        yield from _parties(examined, parties)
        yield from _logic(examined, parties, count_rows)
    else:
        yield _names_nobody(examined)


def _references(examined: Examined) -> Iterator[Finding]:
    record, registry = examined.record, examined.directory.registry
    purposes = profile_purposes(examined.snapshot.content.profile)
    for fault in validate_references(record, record.id, registry, purposes):
        yield examined.found(FindingKind.UNREGISTERED, Severity.FAULT, fault.what, fault.mend)


def _names_nobody(examined: Examined) -> Finding:
    record = examined.record
    if record.consumer.kind is ConsumerKind.GROUP and not record.applications:
        return examined.found(
            FindingKind.NAMES_NOBODY,
            Severity.WARNING,
            Text(en=f"no department is in `{record.consumer}`", zh=f"`{record.consumer}` 中没有部门"),
            Text(en="put departments in the group, or name another", zh="请将部门加入该组，或改为其他使用方"),
        )
    application = examined.directory.registry.applications.get(ApplicationId(record.consumer.code))
    if record.consumer.kind is ConsumerKind.APPLICATION and application is not None and not record.applications:
        return examined.found(
            FindingKind.NAMES_NOBODY,
            Severity.WARNING,
            Text(
                en=f"`{application.id}` isn't admitted: it is {application.status}, or its department isn't active",
                zh=f"`{application.id}` 未获准使用：其状态为 {application.status}，或其部门已非正常状态",
            ),
            Text(en="see to its registration first", zh="请先办理其登记"),
        )
    applications = ", ".join(record.applications)
    return examined.found(
        FindingKind.NAMES_NOBODY,
        Severity.WARNING,
        Text(
            en=f"nobody registered is `{record.consumer}`" + (f" with {applications}" if applications else ""),
            zh=f"没有已登记的主体符合 `{record.consumer}`" + (f"（{applications}）" if applications else ""),
        ),
        Text(en="register it, or name whoever is meant", zh="请先登记，或改为实际的使用方"),
    )


def _period(examined: Examined) -> Iterator[Finding]:
    begins, ends = examined.record.valid_from, examined.record.valid_until
    if begins is not None and ends is not None and begins >= ends:
        yield examined.found(
            FindingKind.BACKWARDS,
            Severity.FAULT,
            Text(en="the period ends before it begins", zh="有效期的结束早于开始"),
            Text(en="make `valid_until` later than `valid_from`", zh="`valid_until` 应晚于 `valid_from`"),
        )
    elif ends is not None and ends <= examined.now:
        end = render_instant(ends)
        yield examined.found(
            FindingKind.PERIOD_OVER,
            Severity.WARNING,
            Text(en=f"it ended at {end}", zh=f"已于 {end} 失效"),
            Text(en="write a later `valid_until`, or leave it out", zh="请填写更晚的 `valid_until`，或去掉此记录"),
        )


def _catalog(examined: Examined) -> Iterator[Finding]:
    record, entry = examined.record, examined.entry
    if not any(covers_item(record, entry, item) for item in entry.items):
        yield examined.found(
            FindingKind.NO_ITEM,
            Severity.WARNING,
            Text(
                en=f"the catalog lets a `{record.kind}` record stand on none of its items",
                zh=f"按目录规定，`{record.kind}` 记录不能涵盖所列的任何信息项",
            ),
            Text(en="name other items, or see to their share class first", zh="请改为其他信息项，或先办理共享类型变更"),
        )
    if not isinstance(record.modes, Any) and not set(record.modes) & set(entry.share_modes):
        modes = ", ".join(record.modes)
        yield examined.found(
            FindingKind.MODE_NOT_OFFERED,
            Severity.REMARK,
            Text(en=f"the entry isn't offered by {modes}", zh=f"该目录条目未以 {modes} 方式提供"),
            Text(en="see that the provider offers it so", zh="请确认提供方以此方式提供"),
        )


def _parties(examined: Examined, parties: tuple[Party, ...]) -> Iterator[Finding]:
    record, entry = examined.record, examined.entry
    if not entry.is_published and all(party.subject.department != entry.provider for party in parties):
        yield examined.found(
            FindingKind.NOT_PUBLISHED,
            Severity.WARNING,
            Text(en=f"the entry is {entry.status}, not published", zh=f"目录条目状态为 {entry.status}，未发布"),
            Text(en="publish the entry first", zh="请先发布目录条目"),
        )
    if record.matters and all(set(record.matters).isdisjoint(party.subject.matters) for party in parties):
        matters = ", ".join(record.matters)
        yield examined.found(
            FindingKind.NO_SUCH_MATTER,
            Severity.WARNING,
            Text(
                en=f"no application that it names is registered for {matters}",
                zh=f"其使用方的应用均未登记事项 {matters}",
            ),
            Text(en="register the matter for an application first", zh="请先为应用登记该事项"),
        )


def _logic(examined: Examined, parties: tuple[Party, ...], count_rows: CountRows | None) -> Iterator[Finding]:
    record = examined.record
    truth = Truth.TRUE if record.effect is Effect.ALLOW else Truth.NOT_FALSE

    def condition_of(party: Party) -> Formula:
        return Claim(settle_condition(record.condition, party.known), truth, Side.REQUEST)

    if not any(can_hold(condition_of(party), party.setting) for party in parties):
        yield examined.found(
            FindingKind.CONDITION_NEVER,
            Severity.FAULT,
            Text(en="nobody whom it names can meet its condition", zh="其使用方均无法满足该条件"),
            Text(en="mend the condition", zh="请修改条件"),
        )
    if record.scope is not None:
        scopes = tuple(dict.fromkeys(settle_scope(record.scope, party.known) for party in parties))
        yield from _scope(examined, scopes, truth, count_rows)


def _scope(
    examined: Examined, scopes: tuple[Condition, ...], truth: Truth, count_rows: CountRows | None
) -> Iterator[Finding]:
    if not any(can_hold(Claim(scope, truth, Side.ROW)) for scope in scopes):
        yield examined.found(
            FindingKind.SCOPE_NEVER,
            Severity.FAULT,
            Text(en="no row can lie in its scope", zh="任何数据行都不可能在其范围内"),
            Text(en="mend the scope", zh="请修改范围"),
        )
    elif count_rows is not None and truth is Truth.TRUE and _is_empty(examined.entry.code, scopes, count_rows):
        yield examined.found(
            FindingKind.SCOPE_EMPTY,
            Severity.WARNING,
            Text(en="no row lies in its scope today", zh="目前没有数据行在其范围内"),
            Text(en="compare the scope's values with the data", zh="请对照数据检查范围中的取值"),
        )


def _is_empty(code: EntryCode, scopes: tuple[Condition, ...], count_rows: CountRows) -> bool:
    # What a person alone could answer, who isn't known here, can't be counted.
    return not any(map(compared_attributes, scopes)) and count_rows(code, Or(scopes)) == 0
