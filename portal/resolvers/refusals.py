"""The sentences of refusals: what was refused and what would change it. The public is told of no policy."""

from portal.access.auditing import Refusal
from portal.errors import ErrorCode, Text
from portal.policies.snapshot import Snapshot
from portal.vocabulary import EntryCode, Subject

_SENTENCES = {
    ErrorCode.ITEM_DENIED: Text(
        en="not permitted: no policy gives you {items}; apply to the provider",
        zh="未获准：没有策略向您提供 {items}；请向提供方申请",
    ),
    ErrorCode.MODE_DENIED: Text(
        en="not permitted in this mode: {items}; apply for the mode", zh="该共享方式未获准：{items}；请申请相应方式"
    ),
    ErrorCode.PURPOSE_DENIED: Text(
        en="not permitted for this purpose or matter: {items}; state the one that was agreed",
        zh="该用途或事项未获准：{items}；请注明约定的用途和事项",
    ),
    ErrorCode.PURPOSE_REQUIRED: Text(
        en="a purpose is needed for {items}; add `purpose`", zh="读取 {items} 须注明用途；请加上 `purpose`"
    ),
    ErrorCode.EXPIRED: Text(
        en="the period of the permission for {items} has ended or not begun; renew it",
        zh="{items} 的授权已到期或尚未生效；请续期",
    ),
    ErrorCode.CONDITION_FAILED: Text(
        en="the conditions on who asks, from where, how signed in or for which case aren't met for {items}",
        zh="{items} 对请求主体、网络、认证级别或办件的条件未满足",
    ),
    ErrorCode.MASKED_ITEM: Text(
        en="shown masked, so it can't be filtered, ordered or grouped by: {items}; leave it out of `where`, `orderBy` "
        "and `by`",
        zh="{items} 以脱敏形式提供，不能用于筛选、排序或分组；请从 `where`、`orderBy` 和 `by` 中去掉",
    ),
    ErrorCode.POLICY_UNAVAILABLE: Text(
        en="the portal was restored from a backup and waits for reconciliation; until then only unconditional and open "
        "items are answered, so not {items}",
        zh="门户由备份恢复，尚待核对；在此之前只提供无条件共享和开放的信息项，暂不提供 {items}",
    ),
    ErrorCode.QUOTA_EXCEEDED: Text(
        en="more rows than permitted, at once or today, for {items}; ask for fewer with `first`, or tomorrow",
        zh="{items} 超过单次或当日许可的行数；请减小 `first`，或明日再取",
    ),
}


def refusal_to(subject: Subject, refusal: Refusal, snapshot: Snapshot, code: EntryCode | None) -> Text:
    """Return the sentence for a refusal of an entry's items, as the subject may be told: of a freeze, why it is."""
    if subject.is_public or code is None:
        return refusal_text(refusal)
    for item, reason in refusal.reasons:
        freeze = snapshot.freeze_of(code, item, subject) if reason is ErrorCode.ITEM_DENIED else None
        if freeze is not None:
            return Text(
                en=f"frozen as `{freeze.id}`, so that nobody is given `{item}`: {freeze.reason}; ask the authority",
                zh=f"`{item}` 已被紧急冻结（`{freeze.id}`）：{freeze.reason}；请联系主管部门",
            )
    return refusal_text(refusal)


def refusal_text(refusal: Refusal) -> Text:
    """Return the sentence for a refusal that names its visible items."""
    names = [f"`{item}`" for item, code in refusal.reasons if code is refusal.code] or [
        f"`{item}`" for item, _ in refusal.reasons
    ]
    sentence = _SENTENCES[refusal.code]
    return Text(
        en=sentence.en.replace("{items}", ", ".join(names) or "what was asked"),
        zh=sentence.zh.replace("{items}", "、".join(names) or "所请求的内容"),
    )
