"""A decision in words, item by item: what `portal explain` and the field `explain` say."""

import json
from collections.abc import Iterator
from typing import assert_never

from portal.conditions.rendering import render_condition
from portal.conditions.tree import Condition
from portal.conditions.values import render_instant
from portal.errors import ErrorCode, Text
from portal.policies.explanation import Explanation, ItemFinding, RecordFinding
from portal.policies.matching import Request, Stage
from portal.policies.records import (
    Effect,
    FullMask,
    GeneraliseMask,
    HashMask,
    Mask,
    Obligations,
    PartialMask,
    PolicyRecord,
)
from portal.vocabulary import UNSTATED, Subject

_REASONS = {
    ErrorCode.ITEM_DENIED: Text(
        en="no record allows it, or a restriction denies it", zh="没有允许它的策略，或被限制策略拒绝"
    ),
    ErrorCode.MODE_DENIED: Text(en="not in this mode", zh="不允许以此方式共享"),
    ErrorCode.PURPOSE_DENIED: Text(en="not for this purpose or matter", zh="不允许用于此用途或事项"),
    ErrorCode.PURPOSE_REQUIRED: Text(en="a purpose must be stated", zh="须说明用途"),
    ErrorCode.EXPIRED: Text(en="not in force at this moment", zh="此刻不在有效期内"),
    ErrorCode.CONDITION_FAILED: Text(en="a condition isn't met", zh="条件不满足"),
    ErrorCode.POLICY_UNAVAILABLE: Text(
        en="the portal was restored from a backup and waits for reconciliation", zh="门户由备份恢复，尚待核对"
    ),
}


def render_explanation(explanation: Explanation) -> Iterator[Text]:
    """Yield the lines: the entry, the request, then each item with its records, the furthest first."""
    yield from render_question(explanation)
    for finding in explanation.items:
        yield _same("")
        yield from _render_item(finding)


def render_question(explanation: Explanation) -> Iterator[Text]:
    """Yield the lines that say what was asked: the entry, then the request."""
    entry = explanation.entry
    yield _same(f"{entry.name}  {entry.identifier}  {entry.code}")
    yield Text(
        en=f"  provider {entry.provider}, {entry.share_class}, {entry.status}",
        zh=f"  提供部门 {entry.provider}，{entry.share_class}，{entry.status}",
    )
    yield from _render_request(explanation.request)
    if explanation.matter_refused:
        yield Text(en="  the application isn't registered for this matter", zh="  该应用未登记此事项")


def _same(line: str) -> Text:
    return Text(en=line, zh=line)


def _render_request(request: Request) -> Iterator[Text]:
    subject, action, environment = request.subject, request.action, request.environment
    level, zone = _or_missing(subject.auth_level), _or_missing(environment.network_zone)
    yield Text(
        en=f"  asked by {_name(subject).en}, level {level}, zone {zone}",
        zh=f"  主体 {_name(subject).zh}，认证级别 {level}，网络 {zone}",
    )
    purpose, matter, now = _or_missing(action.purpose), _or_missing(action.matter), render_instant(environment.now)
    yield Text(
        en=f"  mode {action.mode}, purpose {purpose}, matter {matter}, at {now}",
        zh=f"  方式 {action.mode}，用途 {purpose}，事项 {matter}，时间 {now}",
    )
    if environment.reference != UNSTATED:
        case, operator = _or_missing(environment.reference.case), _or_missing(environment.reference.operator)
        yield Text(en=f"  case {case}, operator {operator}", zh=f"  办件编号 {case}，经办人 {operator}")


def _name(subject: Subject) -> Text:
    if subject.is_public:
        return Text(en="the public", zh="公众")
    return Text(en=f"{subject.name} of {subject.department}", zh=f"{subject.name}（{subject.department}）")


def _or_missing(value: object) -> str:
    return "-" if value is None else str(value)


def _render_item(finding: ItemFinding) -> Iterator[Text]:
    yield render_decision(finding)
    if not finding.records:
        yield Text(en="  no record names this subject and item", zh="  没有策略涉及该主体和该信息项")
    for found in finding.records:
        line = render_record(found)
        yield Text(en=f"  {line.en}", zh=f"  {line.zh}")


def render_decision(finding: ItemFinding) -> Text:
    """Return the item and whether it is permitted, else the code and its reason; no record is named."""
    if finding.code is None:
        where = Text(en=" in the rows of a scope", zh="，限于范围内的数据行") if _is_scoped(finding) else _same("")
        return Text(en=f"{finding.item}: permitted{where.en}", zh=f"{finding.item}：允许{where.zh}")
    reason = _REASONS.get(finding.code, _same(""))
    return Text(
        en=f"{finding.item}: refused, {finding.code}: {reason.en}",
        zh=f"{finding.item}：拒绝，{finding.code}：{reason.zh}",
    )


def _is_scoped(finding: ItemFinding) -> bool:
    """Return whether records permit the item, and each in the rows of its scope alone."""
    applying = [found.record for found in finding.records if found.applies and _allows(found.record)]
    return bool(applying) and all(record.scope is not None for record in applying)


def _allows(record: PolicyRecord) -> bool:
    return record.effect is Effect.ALLOW


def render_record(found: RecordFinding) -> Text:
    """Return the record and where it stopped, or what it allows or denies and on which terms."""
    record, stopped = found.record, _render_stage(found)
    parts = [Text(en=f"{record.id} ({record.kind}): {stopped.en}", zh=f"{record.id}（{record.kind}）：{stopped.zh}")]
    if found.applies:
        parts += _render_terms(record, found.mask)
    return Text(en="; ".join(part.en for part in parts), zh="；".join(part.zh for part in parts))


def _render_stage(found: RecordFinding) -> Text:
    record = found.record
    match found.stage:
        case None:
            return Text(en="the catalog doesn't let it cover this item", zh="按目录规定，不能涵盖此信息项")
        case Stage.CONSUMER:
            return Text(en="stops: the entry isn't published", zh="不适用：目录条目未发布")
        case Stage.MODE:
            return Text(en=f"stops: for mode {_list(record.modes)}", zh=f"不适用：仅限方式 {_list(record.modes)}")
        case Stage.PURPOSE:
            allowed = _list(record.purposes) + (f" / {_list(record.matters)}" if record.matters else "")
            return Text(en=f"stops: for purpose {allowed}", zh=f"不适用：仅限用途 {allowed}")
        case Stage.PERIOD:
            return Text(en=f"stops: in force {_period(record)}", zh=f"不适用：有效期 {_period(record)}")
        case Stage.CONDITION:
            condition = _json(record.condition)
            return Text(en=f"stops: its condition {condition} isn't met", zh=f"不适用：不满足条件 {condition}")
        case Stage.APPLIES:
            verb = Text(en="allows", zh="允许") if _allows(record) else Text(en="denies", zh="拒绝")
            scope = _render_scope(found)
            return Text(en=f"{verb.en} {scope.en}", zh=f"{verb.zh}{scope.zh}")
    assert_never(found.stage)


def _render_scope(found: RecordFinding) -> Text:
    if found.record.scope is None:
        return Text(en="every row", zh="全部数据行")
    if not found.tells_scope:
        return Text(en="the rows of a scope", zh="范围内的数据行")
    scope = _json(found.record.scope)
    return Text(en=f"rows where {scope}", zh=f"满足 {scope} 的数据行")


def _render_terms(record: PolicyRecord, mask: Mask | None) -> Iterator[Text]:
    if mask is not None:
        yield render_mask(mask)
    yield from _render_limits(record.obligations)
    if record.valid_until is not None:
        end = render_instant(record.valid_until)
        yield Text(en=f"until {end}", zh=f"至 {end}")


def render_mask(mask: Mask) -> Text:
    """Return what a mask leaves to be seen."""
    match mask:
        case PartialMask(head, tail):
            return Text(en=f"first {head} and last {tail} characters shown", zh=f"仅显示前 {head} 位和后 {tail} 位")
        case GeneraliseMask(to):
            return Text(en=f"generalised to {to}", zh=f"概化到 {to}")
        case HashMask():
            return Text(en="shown as a hash", zh="以散列值显示")
        case FullMask():
            return Text(en="shown as null", zh="显示为空")
    assert_never(mask)


def _render_limits(obligations: Obligations) -> Iterator[Text]:
    if obligations.max_rows is not None:
        yield Text(en=f"{obligations.max_rows} rows a request", zh=f"每次至多 {obligations.max_rows} 行")
    if obligations.daily_rows is not None:
        yield Text(en=f"{obligations.daily_rows} rows a day", zh=f"每日至多 {obligations.daily_rows} 行")


def _list(values: object) -> str:
    return ", ".join(map(str, values)) if isinstance(values, tuple) else str(values)


def _period(record: PolicyRecord) -> str:
    begin = render_instant(record.valid_from) if record.valid_from else ""
    end = render_instant(record.valid_until) if record.valid_until else ""
    return f"[{begin}, {end})"


def _json(condition: Condition) -> str:
    return json.dumps(render_condition(condition), ensure_ascii=False)
