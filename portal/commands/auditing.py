"""`portal audit verify` and `portal audit tail`."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from time import sleep

from rich.console import Console
from rich.progress import Progress, TextColumn

from portal.audit.following import MAX_LINES, LogFollower
from portal.audit.verification import FaultKind, LogFault, LogLoss, LogVerification, verify_log
from portal.commands.options import NoOptions, TailOptions, VerifyOptions
from portal.commands.parsing import parse_whole
from portal.commands.terminal import ExitCode, Session, Terminal
from portal.errors import ConfigurationError, Text
from portal.identity.keys import load_keys
from portal.settings import Settings
from portal.storage.addresses import shown_address
from portal.storage.database import database_exists

POLL_SECONDS = 0.5

_FAULTS = {
    FaultKind.GAP: Text(en="a record is missing, doubled or out of its order", zh="记录缺失、重复或顺序有误"),
    FaultKind.CHANGED: Text(en="the record or its hash was changed", zh="记录或其散列值被改动"),
    FaultKind.COLUMNS: Text(en="its columns aren't those of its text", zh="检索列与记录正文不一致"),
    FaultKind.WRITER: Text(en="this chain is not one that the portal began", zh="该记录链不是由本门户开始的"),
    FaultKind.CHECKPOINT_GAP: Text(
        en="a checkpoint is missing, doubled or out of its order", zh="检查点缺失、重复或顺序有误"
    ),
    FaultKind.SIGNATURE: Text(en="the checkpoint was not signed with the audit key", zh="检查点未经审计密钥签名"),
    FaultKind.HEAD: Text(en="records that it covers were cut or written anew", zh="其覆盖的记录被截断或重写"),
    FaultKind.DIGEST: Text(en="its digest isn't that of all chains", zh="其摘要与全部记录链不符"),
    FaultKind.EPOCH: Text(en="its epoch is lower than one before it", zh="其纪元低于此前的检查点"),
    FaultKind.WITNESS: Text(
        en="the log lacks the checkpoint that a witness names: it was replaced, cut or restored",
        zh="日志中没有见证方所指的检查点：日志曾被替换、截断或恢复",
    ),
    FaultKind.UNREADABLE: Text(en="the log can't be read", zh="日志无法读取"),
}

_PLACES = {"record": "记录", "writer": "写入者", "checkpoint": "检查点", "witness": "见证方", "database": "数据库"}


def verify(session: Session, options: VerifyOptions) -> ExitCode:
    """Check the whole log, and hold it against its witnesses; a fault ends with exit code 1."""
    settings = session.settings()
    key = load_keys(settings.key_file).audit_public_pem()
    url = log_url(settings)
    witnesses = [settings.witness_file, *(options.witness or settings.audit_witnesses)]
    with _shown_progress(session.terminal) as tell, _reaching_witnesses():
        result = verify_log(url, key, witnesses, tell, processes=os.cpu_count() or 1)
    for line in _render(result):
        session.terminal.say(line)
    return ExitCode.DONE if result.fault is None else ExitCode.NO


def print_key(session: Session, _options: NoOptions) -> ExitCode:
    """Print the public keys that verify checkpoints, oldest first."""
    session.terminal.write(load_keys(session.settings().key_file).audit_public_pem().decode().rstrip())
    return ExitCode.DONE


@contextmanager
def _reaching_witnesses() -> Iterator[None]:
    try:
        yield
    except OSError as fault:
        raise ConfigurationError(
            Text(
                en=f"a witness can't be read ({type(fault).__name__}); see that it can, or leave it out",
                zh=f"无法读取见证方（{type(fault).__name__}）；请恢复访问，或不指定该见证方",
            )
        ) from None


def _render(result: LogVerification) -> Iterator[Text]:
    yield Text(
        en=f"{result.records} records of {result.writers} writers and {result.checkpoints} checkpoints checked; "
        f"{result.uncovered} records are not yet covered by a checkpoint",
        zh=f"已检查 {result.writers} 个写入者的 {result.records} 条记录和 {result.checkpoints} 个检查点；"
        f"{result.uncovered} 条记录尚未被检查点覆盖",
    )
    yield from map(_render_loss, result.losses)
    if result.unwitnessed is not None:
        yield Text(
            en=f"{result.unwitnessed} records are newer than the last witnessed checkpoint",
            zh=f"{result.unwitnessed} 条记录晚于最后一个已见证的检查点",
        )
    yield Text(en="no fault", zh="未发现问题") if result.fault is None else _render_fault(result.fault)


def _render_loss(loss: LogLoss) -> Text:
    people = "`, `".join(loss.accepted_by)
    if not loss.until:
        return Text(
            en=f"checkpoint {loss.checkpoint} states that the portal was restored without a witness: what came after "
            f"checkpoint {loss.since} of the backup isn't known; accepted by `{people}`: {loss.reason}",
            zh=f"检查点 {loss.checkpoint} 载明：门户恢复时没有见证，备份的检查点 {loss.since} 之后的内容不明；"
            f"由 `{people}` 确认：{loss.reason}",
        )
    return Text(
        en=f"checkpoint {loss.checkpoint} states that checkpoints {loss.since + 1} to {loss.until} were lost in a "
        f"restore, and what they covered; accepted by `{people}`: {loss.reason}",
        zh=f"检查点 {loss.checkpoint} 载明：检查点 {loss.since + 1} 至 {loss.until} 及其覆盖的记录在恢复时丢失；"
        f"由 `{people}` 确认：{loss.reason}",
    )


def _render_fault(fault: LogFault) -> Text:
    what, place = _FAULTS[fault.kind], fault.place
    for english, chinese in _PLACES.items():
        place = place.replace(english, chinese)
    return Text(en=f"first fault: {fault.place}: {what.en}", zh=f"首个问题：{place}：{what.zh}")


def tail(session: Session, options: TailOptions) -> ExitCode:
    """Print the last records, then those that come, until asked to stop."""
    lines = parse_whole("--lines", options.lines, 0, MAX_LINES)
    url = log_url(session.settings())
    try:
        with closing(LogFollower(url, lines)) as follower:
            _print(session.terminal, follower.first_records())
            while True:
                sleep(POLL_SECONDS)
                _print(session.terminal, follower.new_records())
    except KeyboardInterrupt:
        return ExitCode.DONE


def _print(terminal: Terminal, records: list[str]) -> None:
    for text in records:
        terminal.write(in_short(text) if terminal.out.isatty() else text)
    terminal.out.flush()


def in_short(text: str) -> str:
    """Return a record as one short line: time, receipt, who, decision, what."""
    record = json.loads(text)
    decision = record["code"] or record["decision"]
    if "act" in record:
        what = f"{record['act']} {record['target']}"
        return f"{record['time']} {record['writer']}-{record['sequence']} {record['subject']} {decision} {what}"
    items = " ".join(record["items"])
    return (
        f"{record['time']} {record['writer']}-{record['sequence']} {record['subject']} {decision} "
        f"{record['identifier']} [{items}] {record['rows']}"
    )


def log_url(settings: Settings) -> str:
    """Return the URL of the database with the log. Raises: ConfigurationError where there is none."""
    if database_exists(settings.database_url):
        return settings.database_url
    shown = shown_address(settings.database_url)
    raise ConfigurationError(
        Text(
            en=f"there is no database `{shown}`; load a bundle first, or set `PORTAL_DATABASE_URL`",
            zh=f"没有数据库 `{shown}`；请先装载数据包，或设置 `PORTAL_DATABASE_URL`",
        )
    )


@contextmanager
def _shown_progress(terminal: Terminal) -> Iterator[Callable[[int], None]]:
    """Show records checked, on a terminal alone."""
    checking = Text(en="checking {task.completed:,} records", zh="已检查 {task.completed:,} 条记录")
    with Progress(
        TextColumn(checking.render(terminal.language)),
        console=Console(file=terminal.err),
        transient=True,
        disable=not terminal.err.isatty(),
    ) as bar:
        task = bar.add_task("")
        yield lambda records: bar.update(task, completed=records)
