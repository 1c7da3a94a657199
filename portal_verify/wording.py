"""What the verifier says, in both languages."""

from collections.abc import Iterator

from portal_verify.evidence import EvidenceVerification, FlawKind
from portal_verify.faults import FaultKind, LogLoss, LogVerification
from portal_verify.receipt import ReceiptFlaw, ReceiptVerification
from portal_verify.words import Words

NO_FAULT = Words(en="no fault", zh="未发现问题")
_FAULTS = {
    FaultKind.GAP: Words(en="a record is missing, doubled or out of its order", zh="记录缺失、重复或顺序有误"),
    FaultKind.CHANGED: Words(en="the record or its hash was changed", zh="记录或其散列值被改动"),
    FaultKind.COLUMNS: Words(en="its columns aren't those of its text", zh="检索列与记录正文不一致"),
    FaultKind.WRITER: Words(en="this chain is not one that the portal began", zh="该记录链不是由本门户开始的"),
    FaultKind.CHECKPOINT_GAP: Words(
        en="a checkpoint is missing, doubled or out of its order", zh="检查点缺失、重复或顺序有误"
    ),
    FaultKind.SIGNATURE: Words(en="the checkpoint was not signed with the audit key", zh="检查点未经审计密钥签名"),
    FaultKind.HEAD: Words(en="records that it covers were cut or written anew", zh="其覆盖的记录被截断或重写"),
    FaultKind.DIGEST: Words(en="its digest isn't that of all chains", zh="其摘要与全部记录链不符"),
    FaultKind.EPOCH: Words(en="its epoch is lower than one before it", zh="其纪元低于此前的检查点"),
    FaultKind.WITNESS: Words(
        en="the log lacks the checkpoint that a witness names: it was replaced, cut or restored",
        zh="日志中没有见证方所指的检查点：日志曾被替换、截断或恢复",
    ),
    FaultKind.UNREADABLE: Words(en="the log can't be read", zh="日志无法读取"),
}

_FLAWS = {
    FlawKind.MISSING: Words(en="it isn't there, or a count is too high", zh="缺失，或所载数目过大"),
    FlawKind.UNEXPECTED: Words(en="it doesn't belong to this folder", zh="不属于本目录"),
    FlawKind.CHANGED: Words(en="the file isn't as it was exported", zh="文件与导出时不一致"),
    FlawKind.SIGNATURE: Words(
        en="not signed with the audit key that you gave: it was changed, or is another portal's",
        zh="未经所给审计密钥签名：已被改动，或属于其他门户",
    ),
    FlawKind.ORDER: Words(en="out of its order, or there twice", zh="顺序有误或重复"),
    FlawKind.RECORD: Words(en="not the text that was recorded", zh="与当时记录的正文不符"),
    FlawKind.HEAD: Words(en="doesn't lead to what its checkpoint covers", zh="无法通向其检查点所覆盖的记录链"),
    FlawKind.WITNESS: Words(
        en="a witness holds another checkpoint, or can't be read", zh="见证方持有不同的检查点，或无法读取"
    ),
    FlawKind.UNREADABLE: Words(
        en="not of the form that `portal audit export` writes", zh="不符合 `portal audit export` 的格式"
    ),
}
_RECEIPT_FLAWS = {
    ReceiptFlaw.UNREADABLE: Words(en="this is no proof of a record", zh="这不是记录的证明"),
    ReceiptFlaw.SIGNATURE: _FLAWS[FlawKind.SIGNATURE],
    ReceiptFlaw.HEAD: _FLAWS[FlawKind.HEAD],
    ReceiptFlaw.RECORD: _FLAWS[FlawKind.RECORD],
}
_PLACES = {"record": "记录", "writer": "写入者", "checkpoint": "检查点", "witness": "见证方", "database": "数据库"}


def render_verification(result: LogVerification) -> Iterator[Words]:
    """Yield what a verification of a log says, a line each."""
    yield Words(
        en=f"{result.records} records of {result.writers} writers and {result.checkpoints} checkpoints checked; "
        f"{result.uncovered} records are not yet covered by a checkpoint",
        zh=f"已检查 {result.writers} 个写入者的 {result.records} 条记录和 {result.checkpoints} 个检查点；"
        f"{result.uncovered} 条记录尚未被检查点覆盖",
    )
    yield from map(_render_loss, result.losses)
    if result.unwitnessed is not None:
        yield Words(
            en=f"{result.unwitnessed} records are newer than the last witnessed checkpoint",
            zh=f"{result.unwitnessed} 条记录晚于最后一个已见证的检查点",
        )
    yield NO_FAULT if result.fault is None else _render_first(result.fault.place, _FAULTS[result.fault.kind])


def _render_loss(loss: LogLoss) -> Words:
    people = "`, `".join(loss.accepted_by)
    if not loss.until:
        return Words(
            en=f"checkpoint {loss.checkpoint} states that the portal was restored without a witness: what came after "
            f"checkpoint {loss.since} of the backup isn't known; accepted by `{people}`: {loss.reason}",
            zh=f"检查点 {loss.checkpoint} 载明：门户恢复时没有见证，备份的检查点 {loss.since} 之后的内容不明；"
            f"由 `{people}` 确认：{loss.reason}",
        )
    return Words(
        en=f"checkpoint {loss.checkpoint} states that checkpoints {loss.since + 1} to {loss.until} were lost in a "
        f"restore, and what they covered; accepted by `{people}`: {loss.reason}",
        zh=f"检查点 {loss.checkpoint} 载明：检查点 {loss.since + 1} 至 {loss.until} 及其覆盖的记录在恢复时丢失；"
        f"由 `{people}` 确认：{loss.reason}",
    )


def render_evidence(result: EvidenceVerification) -> Iterator[Words]:
    """Yield what a verification of an evidence folder says, a line each."""
    yield Words(
        en=f"{result.records} records and {result.checkpoints} checkpoints checked; "
        f"exported at {result.made_at or '?'}",
        zh=f"已检查 {result.records} 条记录和 {result.checkpoints} 个检查点；导出于 {result.made_at or '？'}",
    )
    if result.asked:
        yield Words(en=f"the portal says that it asked for {result.asked}", zh=f"门户所载导出条件：{result.asked}")
    if result.uncovered:
        yield Words(
            en=f"{result.uncovered} more records were left out, because no checkpoint covered them yet",
            zh=f"另有 {result.uncovered} 条记录因尚未被检查点覆盖而未导出",
        )
    if result.witnessed is not None:
        yield Words(
            en=f"witnesses hold {result.witnessed} of the checkpoints too",
            zh=f"其中 {result.witnessed} 个检查点亦为见证方所持有",
        )
    yield NO_FAULT if result.flaw is None else _render_first(result.flaw.place, _FLAWS[result.flaw.kind])


def render_receipt(result: ReceiptVerification) -> Iterator[Words]:
    """Yield what a verification of a record's proof says, a line each."""
    if result.flaw is not None:
        yield _RECEIPT_FLAWS[result.flaw]
        return
    yield Words(en=result.record, zh=result.record)
    yield Words(
        en=f"record {result.receipt} is in the log: checkpoint {result.checkpoint}, signed at {result.signed_at}, "
        "covers it",
        zh=f"记录 {result.receipt} 在日志中：由签署于 {result.signed_at} 的检查点 {result.checkpoint} 覆盖",
    )


def _render_first(place: str, what: Words) -> Words:
    shown = place
    if ".json" not in place:
        for english, chinese in _PLACES.items():
            shown = shown.replace(english, chinese)
    return Words(en=f"first fault: {place}: {what.en}", zh=f"首个问题：{shown}：{what.zh}")
