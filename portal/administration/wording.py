"""An assessment in words, for people at the command line and over the API."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest

from portal.administration.assessing import Assessment
from portal.conditions.values import render_instant
from portal.errors import Fault, Language, Text
from portal.policies.checking.findings import Finding, Severity
from portal.policies.expectations import Broken, Verdict
from portal.policies.guarantees import CounterExample, Guarantee, Promise
from portal.policies.impact import Shift, Way
from portal.policies.matching import Request

_SEVERITIES: Mapping[Severity, Text] = {
    Severity.FAULT: Text(en="fault", zh="错误"),
    Severity.WARNING: Text(en="warning", zh="警告"),
    Severity.REMARK: Text(en="remark", zh="提示"),
}
_WAYS: Mapping[Way, Text] = {
    Way.OPENED: Text(en="gains", zh="获得"),
    Way.WIDENED: Text(en="gains more rows of", zh="可读更多数据行："),
    Way.UNMASKED: Text(en="sees more clearly", zh="看得更清楚："),
    Way.LIMIT_RAISED: Text(en="may take more rows of", zh="可取更多行："),
    Way.CLOSED: Text(en="loses", zh="失去"),
    Way.NARROWED: Text(en="loses rows of", zh="可读数据行减少："),
    Way.MASKED: Text(en="sees less clearly", zh="看得更模糊："),
    Way.LIMIT_LOWERED: Text(en="may take fewer rows of", zh="可取行数减少："),
}
_PROMISES: Mapping[Promise, Text] = {
    Promise.OPENS_NOTHING_UNSHARED: Text(en="opens no item that isn't shared", zh="不开放任何不予共享的信息项"),
    Promise.OUTLIVES_NO_AGREEMENT: Text(en="outlives no agreement", zh="不超出任何协议的期限"),
    Promise.SERVES_DECLARED_PURPOSES: Text(en="serves declared purposes alone", zh="只用于所声明的用途"),
    Promise.OPENS_NOTHING_TO_THE_PUBLIC: Text(
        en="opens nothing to the public but open items", zh="除开放的信息项外不向公众开放"
    ),
}


def render_assessment(assessment: Assessment) -> Iterator[Text]:
    """Yield a line for each thing that was found, the worst first, and whether the change may be submitted."""
    for fault in assessment.faults:
        yield _fault(fault)
    for broken in assessment.broken:
        yield render_broken(broken)
    for guarantee in assessment.guarantees:
        yield _guarantee(guarantee, accepted=guarantee.promise.value in assessment.accepted)
    for finding in assessment.findings:
        yield _finding(finding)
    for shift, rows in zip_longest(assessment.impact.shifts, assessment.rows):
        yield render_shift(shift, rows)
    if assessment.is_sound:
        yield Text(en="sound: it may be submitted", zh="检查通过：可以提交")
    else:
        yield Text(en="not sound: mend it, or declare what is meant", zh="检查未通过：请改正，或声明有意为之的部分")


def _fault(fault: Fault) -> Text:
    return Text(en=fault.render(Language.ENGLISH), zh=fault.render(Language.CHINESE))


def _finding(finding: Finding) -> Text:
    severity, records = _SEVERITIES[finding.severity], ", ".join(finding.records)
    return Text(
        en=f"{severity.en}: {records}: {finding.what.en}; {finding.mend.en}",
        zh=f"{severity.zh}：{records}：{finding.what.zh}；{finding.mend.zh}",
    )


def _guarantee(guarantee: Guarantee, *, accepted: bool) -> Text:
    promise = _PROMISES[guarantee.promise]
    if guarantee.counter_example is None:
        return Text(en=f"proved: it {promise.en}", zh=f"已证明：{promise.zh}")
    example = render_example(guarantee.counter_example)
    if accepted:
        return Text(
            en=f"declared: that it {promise.en} doesn't hold: {example.en}",
            zh=f"已声明：“{promise.zh}”不成立：{example.zh}",
        )
    return Text(
        en=f"not so: that it {promise.en}: {example.en}; declare `{guarantee.promise}` if that is meant",
        zh=f"不成立：{promise.zh}：{example.zh}；如确有此意请声明 `{guarantee.promise}`",
    )


def render_example(example: CounterExample) -> Text:
    """Return a counter-example in a sentence."""
    who = _asked(example.request)
    doubt = Text(en="", zh="") if example.certain else Text(en=", unless a condition keeps it", zh="，除非有条件阻止")
    records = ", ".join(example.records)
    return Text(
        en=f"`{example.item}` of `{example.entry}` would be read by {who.en}, by {records}{doubt.en}",
        zh=f"{who.zh} 将可依据 {records} 读取 `{example.entry}` 的 `{example.item}`{doubt.zh}",
    )


def _asked(request: Request) -> Text:
    action, subject = request.action, request.subject
    name = subject.name if subject.is_public or subject.application or subject.user else f"{subject.department}"
    purpose, at = action.purpose or "-", render_instant(request.environment.now)
    return Text(
        en=f"`{name}` for `{purpose}` by {action.mode} at {at}",
        zh=f"`{name}` 于 {at} 以 {action.mode} 方式、为 `{purpose}`",
    )


def render_broken(broken: Broken) -> Text:
    """Return a broken expectation in a sentence."""
    expected = broken.expectation
    item = "" if broken.item is None else f" `{broken.item}`"
    asked = Text(en="", zh="") if broken.request is None else _asked(broken.request)
    if expected.verdict is Verdict.NEVER:
        return Text(
            en=f"expectation `{expected.id}` is broken: {asked.en} could read{item} ({expected.reason})",
            zh=f"不符合期望 `{expected.id}`：{asked.zh} 可读取{item}（{expected.reason}）",
        )
    return Text(
        en=f"expectation `{expected.id}` is broken: {asked.en or 'nobody'} can't read{item} ({expected.reason})",
        zh=f"不符合期望 `{expected.id}`：{asked.zh or '无人'} 不能读取{item}（{expected.reason}）",
    )


def render_shift(shift: Shift, rows: tuple[int | None, int | None] | None) -> Text:
    """Return in a line who gains or loses what, and of how many rows now where they were counted."""
    way, items = _WAYS[shift.way], ", ".join(shift.items)
    who, purposes = ", ".join(map(str, shift.who)), _purposes(shift.purposes)
    until = (
        Text(en="", zh="")
        if shift.ends is None
        else Text(en=f" until {render_instant(shift.ends)}", zh=f" 至 {render_instant(shift.ends)}")
    )
    begins, counted = render_instant(shift.begins), _counted(rows)
    return Text(
        en=f"{who} {way.en} {items} of {shift.entry} for {purposes} from {begins}{until.en}{counted.en}",
        zh=f"{who} {way.zh} {shift.entry} 的 {items}，用途 {purposes}，自 {begins}{until.zh}{counted.zh}",
    )


def _counted(rows: tuple[int | None, int | None] | None) -> Text:
    before, after = rows or (None, None)
    if before is None or after is None:
        return Text(en="", zh="")
    return Text(en=f"; {before} rows before, {after} after", zh=f"；数据行：此前 {before}，此后 {after}")


def _purposes(purposes: Sequence[str | None]) -> str:
    return ", ".join("-" if purpose is None else purpose for purpose in purposes)
