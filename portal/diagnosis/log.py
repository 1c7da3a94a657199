"""The audit log: signed by this portal's key, held by its witnesses, covered by checkpoints."""

import os
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from typing import cast

import orjson

from portal.audit.checkpoints import NO_CHECKPOINT, Checkpoint
from portal.audit.heads import KnownHeads
from portal.audit.reading import LogReader, open_log_reader
from portal.audit.signing import SigningKeys
from portal.audit.witness import WitnessedCheckpoint, load_witness, witnessed
from portal.audit.witness_stores import WitnessUnreachableError, open_witness
from portal.diagnosis.findings import Area, Finding, fault, good, warning
from portal.diagnosis.installation import Installation
from portal.errors import AuditUnavailable, Text
from portal.identity.keys import PortalKeys
from portal.storage.examining import RevisionState, examined, revision_state
from portal_verify.log import verify_log

_COVERED_WITHIN = timedelta(minutes=1)

_VERIFY = Text(
    en="run `portal audit verify`, keep the database as it is, and find out what was restored, replaced or rewritten",
    zh="请运行 `portal audit verify`，保留数据库现状，并查明何处曾被恢复、替换或改写",
)


def _has_log(installation: Installation) -> bool:
    if not installation.has_database():
        return False
    with examined(installation.settings.database_url) as connection:
        return revision_state(connection)[0] is RevisionState.CURRENT


def check_log(installation: Installation) -> Iterator[Finding]:
    """Yield whether the log's last checkpoint is this key's, and what no checkpoint covers."""
    keys = installation.keys()
    if keys is None or not _has_log(installation):
        return
    with closing(open_log_reader(installation.settings.database_url)) as reader:
        last = _last_checkpoint(reader)
        if last.number:
            yield _signature(last, keys)
            yield from _coverage(reader, last, installation.now)


def _last_checkpoint(reader: LogReader) -> Checkpoint:
    rows = reader.read(reader.statements.read_last_checkpoint)
    return Checkpoint(*rows[0]) if rows else NO_CHECKPOINT


def _signature(last: Checkpoint, keys: PortalKeys) -> Finding:
    try:
        SigningKeys(keys.audit_keys).signer_after(last)
    except (AuditUnavailable, ValueError, AttributeError):
        return fault(
            Area.AUDIT,
            "signature",
            Text(
                en=f"the last checkpoint ({last.number}) was not signed with this portal's key: nothing is answered",
                zh=f"最后一个检查点（{last.number}）并非由本门户的密钥签名：一律不予应答",
            ),
            Text(
                en="name the key file and the database of one portal; `portal audit verify` tells more",
                zh="请指定同一门户的密钥文件和数据库；`portal audit verify` 可查明详情",
            ),
        )
    return good(
        Area.AUDIT,
        "signature",
        Text(
            en=f"the last checkpoint ({last.number}) is signed with this portal's key",
            zh=f"最后一个检查点（{last.number}）由本门户的密钥签名",
        ),
    )


def _coverage(reader: LogReader, last: Checkpoint, now: datetime) -> Iterator[Finding]:
    known = KnownHeads(reader.read, reader.statements)
    moved = known.begin(last)
    signed_at = datetime.fromisoformat(str(orjson.loads(last.body)["time"]))
    if moved and now - signed_at > _COVERED_WITHIN:
        chains = len(moved)
        yield warning(
            Area.AUDIT,
            "coverage",
            Text(
                en=f"records of {chains} writers came after the last checkpoint ({signed_at:%Y-%m-%d %H:%M:%S} UTC), "
                "as when a server is killed",
                zh=f"{chains} 个写入者在最后一个检查点（UTC {signed_at:%Y-%m-%d %H:%M:%S}）之后仍有记录，"
                "如服务被强行终止时",
            ),
            Text(
                en="start the portal: its first checkpoint covers them",
                zh="请启动门户：其首个检查点将予覆盖",
            ),
        )
    else:
        yield good(Area.AUDIT, "coverage", Text(en="checkpoints cover all records", zh="检查点覆盖全部记录"))


def check_whole_log(installation: Installation) -> Iterator[Finding]:
    """Yield whether every record, chain and checkpoint holds; read only when asked to be thorough."""
    keys = installation.keys()
    if not installation.thorough or keys is None or not _has_log(installation):
        return
    settings = installation.settings
    result = verify_log(
        settings.database_url,
        keys.audit_public_pem(),
        [settings.witness_file],
        lambda _records: None,
        processes=os.cpu_count() or 1,
    )
    if result.fault is None:
        yield good(
            Area.AUDIT,
            "chains",
            Text(
                en=f"{result.records} records and {result.checkpoints} checkpoints hold",
                zh=f"{result.records} 条记录和 {result.checkpoints} 个检查点均无误",
            ),
        )
        return
    place, kind = result.fault.place, result.fault.kind.value
    yield fault(
        Area.AUDIT,
        "chains",
        Text(en=f"the log doesn't hold: {place} ({kind})", zh=f"日志有误：{place}（{kind}）"),
        _VERIFY,
    )


def check_witness_file(installation: Installation) -> Iterator[Finding]:
    """Yield whether the log holds the checkpoint that the portal's own witness file names."""
    if not _has_log(installation):
        return
    path = installation.settings.witness_file
    claim = load_witness(path)
    with closing(open_log_reader(installation.settings.database_url)) as reader:
        last = _last_checkpoint(reader)
        if claim is None:
            if last.number:
                yield _no_witness_file(str(path))
        elif _holds(reader, claim):
            yield good(
                Area.AUDIT,
                "witness_file",
                Text(
                    en=f"the log holds checkpoint {claim.number} of `{path}`",
                    zh=f"日志含有 `{path}` 所记的检查点 {claim.number}",
                ),
            )
        else:
            yield _not_held(Area.AUDIT, str(path), claim)


def _holds(reader: LogReader, claim: WitnessedCheckpoint) -> bool:
    rows = reader.read(reader.statements.read_checkpoint, (claim.number,))
    return bool(rows) and Checkpoint(*cast("tuple[int, str, bytes]", rows[0])).hash.hex() == claim.hash


def _no_witness_file(path: str) -> Finding:
    return warning(
        Area.AUDIT,
        "witness_file",
        Text(
            en=f"`{path}` is missing or says nothing: a database that was replaced wouldn't be noticed",
            zh=f"`{path}` 缺失或无内容：数据库被替换将无从发现",
        ),
        Text(
            en="run `portal audit verify` against another witness, then start the portal: it writes the file anew",
            zh="请对照其他见证方运行 `portal audit verify`，再启动门户：它会重新写入该文件",
        ),
    )


def _not_held(area: Area, place: str, claim: WitnessedCheckpoint) -> Finding:
    return fault(
        area,
        "held",
        Text(
            en=f"the log lacks checkpoint {claim.number} that `{place}` holds: it was replaced, cut or restored",
            zh=f"日志缺少 `{place}` 所持的检查点 {claim.number}：日志曾被替换、截断或恢复",
        ),
        _VERIFY,
    )


def check_witnesses(installation: Installation) -> Iterator[Finding]:
    """Yield for each witness of `PORTAL_AUDIT_WITNESSES` whether it answers and agrees."""
    places = installation.settings.audit_witnesses
    has_log = _has_log(installation)
    for place in places:
        try:
            with closing(open_witness(place)) as witness:
                newest = witness.newest()
        except WitnessUnreachableError as failure:
            yield _unreachable(place, str(failure), is_only=len(places) == 1)
            continue
        if newest is None or not has_log:
            yield good(Area.WITNESSES, "reachable", Text(en=f"`{place}` answers", zh=f"`{place}` 可访问"))
            continue
        claim = witnessed(newest)
        with closing(open_log_reader(installation.settings.database_url)) as reader:
            is_held = _holds(reader, claim)
        if is_held:
            number = claim.number
            sound = Text(en=f"`{place}` holds checkpoint {number}", zh=f"`{place}` 持有检查点 {number}")
            yield good(Area.WITNESSES, "held", sound)
        else:
            yield _not_held(Area.WITNESSES, place, claim)


def _unreachable(place: str, why: str, *, is_only: bool) -> Finding:
    found = fault if is_only else warning
    why = f" ({why})" if why and why != "None" else ""
    return found(
        Area.WITNESSES,
        "reachable",
        Text(
            en=f"`{place}` can't be reached{why}; while no witness can, answers end after a time",
            zh=f"无法访问 `{place}`{why}；若所有见证方均不可用，一段时间后将停止应答",
        ),
        Text(
            en="see that its folder is mounted, or its service runs and the network lets this machine through",
            zh="请确认其目录已挂载，或其服务正在运行且网络可达",
        ),
    )
