"""Answers to questions on policies in words, for people at the command line and over the API."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from portal.conditions.values import render_instant
from portal.errors import Text
from portal.policies.questions import Permission, RefusalExplained, Sight, Standing
from portal.policies.wording import render_explanation, render_mask

_STANDINGS: Mapping[Standing, Text] = {
    Standing.UNCHANGED: Text(en="as it was", zh="未变"),
    Standing.CHANGED: Text(en="changed since", zh="此后有变更"),
    Standing.GONE: Text(en="not there any more", zh="已不存在"),
}


def render_sights(sights: Sequence[Sight]) -> Iterator[Text]:
    """Yield a line for those who see an item in the same way."""
    for sight in sights:
        yield render_sight(sight)
    if not sights:
        yield Text(en="nobody can see it", zh="无人可见")


def render_sight(sight: Sight) -> Text:
    """Return who sees the item how, what for, and by which records."""
    who, records = ", ".join(map(str, sight.who)), ", ".join(sight.records)
    terms = [_use(sight.purposes, sight.modes, sight.matters)]
    if sight.is_scoped:
        terms.append(Text(en="in the rows of a scope", zh="限于范围内的数据行"))
    if sight.is_conditional:
        terms.append(Text(en="under a condition", zh="须满足条件"))
    if sight.mask is not None:
        terms.append(render_mask(sight.mask))
    terms.append(_until(sight.until))
    said = _joined(terms)
    return Text(en=f"{who}: {said.en}, by {records}", zh=f"{who}：{said.zh}，依据 {records}")


def render_permissions(permissions: Sequence[Permission]) -> Iterator[Text]:
    """Yield a line for items that are seen in the same way."""
    for permission in permissions:
        yield render_permission(permission)
    if not permissions:
        yield Text(en="nothing can be seen", zh="无可见内容")


def render_permission(permission: Permission) -> Text:
    """Return which items of an entry are seen, and what for."""
    items = ", ".join(permission.items)
    terms = [_use(permission.purposes, permission.modes, permission.matters)]
    if permission.is_scoped:
        terms.append(Text(en="in the rows of a scope", zh="限于范围内的数据行"))
    terms.append(_until(permission.until))
    said = _joined(terms)
    return Text(en=f"{permission.entry} {items}: {said.en}", zh=f"{permission.entry} {items}：{said.zh}")


def render_refusal(explained: RefusalExplained) -> Iterator[Text]:
    """Yield what the log says of the refusal, what moved since, and the decision under the records of now."""
    refusal, asked = explained.refusal, render_instant(explained.refusal.environment.now)
    reasons = ", ".join(f"{item} {code}" for item, code in refusal.reasons.items()) or f"{refusal.code or '-'}"
    yield Text(
        en=f"refused at {asked}, under epoch {refusal.epoch}: {reasons}",
        zh=f"于 {asked} 在第 {refusal.epoch} 期下被拒绝：{reasons}",
    )
    for name, version, standing in explained.policies:
        became = _STANDINGS[standing]
        yield Text(en=f"  {name} v{version}: {became.en}", zh=f"  {name} v{version}：{became.zh}")
    if explained.is_moved:
        yield Text(
            en="policies, register or catalog were changed since; what follows is by those of now",
            zh="此后策略、登记或目录有变更；以下按现行内容说明",
        )
    yield Text(
        en="the log holds neither level nor network zone: those that are registered are taken",
        zh="日志不含认证级别和网络区域：以登记为准",
    )
    if explained.explanation is None:
        yield Text(
            en="who asked isn't admitted any more, or the entry isn't there",
            zh="请求主体已未获准使用，或目录条目已不存在",
        )
    else:
        yield from render_explanation(explained.explanation)


def _use(purposes: Sequence[object], modes: Sequence[object], matters: Sequence[object]) -> Text:
    listed, ways = _list(purposes), _list(modes)
    if set(matters) == {None}:
        return Text(en=f"for {listed} by {ways}", zh=f"用途 {listed}，方式 {ways}")
    named = _list(matters)
    return Text(en=f"for {listed} by {ways} under {named}", zh=f"用途 {listed}，方式 {ways}，事项 {named}")


def _until(end: datetime | None) -> Text:
    if end is None:
        return Text(en="without end", zh="长期")
    return Text(en=f"until {render_instant(end)}", zh=f"至 {render_instant(end)}")


def _list(values: Sequence[object]) -> str:
    return ", ".join("-" if value is None else str(value) for value in values)


def _joined(terms: Sequence[Text]) -> Text:
    return Text(en=", ".join(term.en for term in terms), zh="，".join(term.zh for term in terms))
