"""`portal reconcile`."""

from collections.abc import Iterator
from datetime import UTC, datetime

from portal.archives.reconciling import Acceptance, Reconciled, ReconcileOrder, Reconciliation, reconcile
from portal.audit.signing import SigningKeys
from portal.bundles.store import PortalStore
from portal.commands.options import ReconcileOptions
from portal.commands.terminal import ExitCode, Session
from portal.errors import BadInput, Text
from portal.identity.keys import load_keys
from portal.storage.migrating import upgrade_database


def reconcile_portal(session: Session, options: ReconcileOptions) -> ExitCode:
    """Compare the restored log with the witness; a quarantine that stays ends with exit code 1."""
    acceptance = _parse_acceptance(options)
    settings = session.settings()
    keys = load_keys(settings.key_file)
    upgrade_database(settings.owner_database_url)
    order = ReconcileOrder(
        PortalStore(settings.owner_database_url, settings.owner_data_url, keys.digest_secret),
        SigningKeys(keys.audit_keys),
        keys.audit_public_pem(),
        settings.witness_file,
        datetime.now(UTC),
        settings.audit_witnesses,
        acceptance,
    )
    reconciled = reconcile(order)
    for line in _describe(reconciled):
        session.terminal.say(line)
    return ExitCode.DONE if reconciled.found is None or reconciled.lifted else ExitCode.NO


def _parse_acceptance(options: ReconcileOptions) -> Acceptance | None:
    if options.accept_loss:
        return Acceptance((options.by, options.and_by), options.reason)
    if options.by or options.and_by or options.reason:
        raise BadInput(
            Text(
                en="`--by`, `--and` and `--reason` go with `--accept-loss`; write it, or leave them out",
                zh="`--by`、`--and` 和 `--reason` 须与 `--accept-loss` 同用；请加上它，或去掉这些选项",
            )
        )
    return None


def _describe(reconciled: Reconciled) -> Iterator[Text]:
    found = reconciled.found
    if found is None:
        yield Text(en="the portal is not in quarantine; there is nothing to reconcile", zh="门户不在隔离状态，无需核对")
        return
    if found.unreachable:
        yield Text(
            en=f"{found.unreachable} of the witnesses of `PORTAL_AUDIT_WITNESSES` can't be reached; what can't be "
            "asked doesn't agree",
            zh=f"`PORTAL_AUDIT_WITNESSES` 中有 {found.unreachable} 个见证方无法访问；无法询问者不视为一致",
        )
    if found.agrees:
        yield Text(
            en="the log holds the last witnessed checkpoint, and no later epoch was witnessed",
            zh="日志中有最后见证的检查点，且未见证更新的纪元",
        )
    else:
        yield from _describe_gap(found)
    yield from _describe_outcome(reconciled)


def _describe_gap(found: Reconciliation) -> Iterator[Text]:
    """Yield what is missing, exactly as far as the witness says it."""
    quarantine, witness = found.quarantine, found.witness
    since = quarantine.checkpoint
    if witness is None:
        yield Text(
            en=f"there is no witness: what was recorded after checkpoint {since} of the backup, and what was changed "
            f"after epoch {quarantine.epoch}, isn't known",
            zh=f"没有见证：备份的检查点 {since} 之后的记录和纪元 {quarantine.epoch} 之后的变更均不明",
        )
        return
    if not found.holds:
        yield Text(
            en=f"the log lacks what was witnessed: {_span('checkpoint', since + 1, witness.number)}, and the audit "
            "records covered by then",
            zh=f"日志缺少已见证的内容：检查点 {_range(since + 1, witness.number)} 及其覆盖的审计记录",
        )
    if witness.epoch is None:
        yield Text(
            en=f"the witness doesn't say the epoch: changes after epoch {quarantine.epoch} may be missing, revocations "
            "among them",
            zh=f"见证未载明纪元：纪元 {quarantine.epoch} 之后的变更可能缺失，其中可能有撤销",
        )
    elif witness.epoch > quarantine.epoch:
        yield Text(
            en=f"what was changed in {_span('epoch', quarantine.epoch + 1, witness.epoch)} is missing; revocations may "
            "be among it",
            zh=f"缺少纪元 {_range(quarantine.epoch + 1, witness.epoch)} 的变更，其中可能有撤销",
        )


def _span(name: str, first: int, last: int) -> str:
    return f"{name} {last}" if first >= last else f"{name}s {first} to {last}"


def _range(first: int, last: int) -> str:
    return str(last) if first >= last else f"{first} 至 {last}"


def _describe_outcome(reconciled: Reconciled) -> Iterator[Text]:
    if reconciled.log_fault is not None:
        fault = reconciled.log_fault
        yield Text(
            en=f"the quarantine stays: the log has a fault ({fault.place}: {fault.kind}); see `portal audit verify`, "
            "and restore an older backup",
            zh=f"隔离未解除：日志有问题（{fault.place}：{fault.kind}）；请运行 `portal audit verify`，并恢复更早的备份",
        )
    elif not reconciled.lifted:
        yield Text(
            en="the quarantine stays; make the changes again with `portal load` of the bundle that holds now, and then "
            "accept what is lost with `portal reconcile --accept-loss --by NAME --and NAME --reason TEXT`",
            zh="隔离未解除；请用 `portal load` 装载现行数据包以重做变更，再以 "
            "`portal reconcile --accept-loss --by 姓名 --and 姓名 --reason 说明` 确认丢失",
        )
    else:
        yield Text(
            en=f"the quarantine is lifted; epoch {reconciled.epoch} holds now",
            zh=f"隔离已解除；现行纪元为 {reconciled.epoch}",
        )
    if reconciled.kept_witness is not None:
        yield Text(
            en=f"the witness of what is lost is kept in `{reconciled.kept_witness}`",
            zh=f"丢失部分的见证保存在 `{reconciled.kept_witness}`",
        )
