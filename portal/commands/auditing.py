"""`portal audit verify` and `key`, and what the other commands on the log share."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, TextColumn

from portal.commands.options import NoOptions, VerifyOptions
from portal.commands.terminal import ExitCode, Session, Terminal
from portal.errors import ConfigurationError, Text
from portal.identity.keys import load_keys
from portal.settings import Settings
from portal.storage.addresses import shown_address
from portal.storage.database import database_exists
from portal_verify.log import verify_log
from portal_verify.wording import render_verification


def verify(session: Session, options: VerifyOptions) -> ExitCode:
    """Check the whole log, and hold it against its witnesses; a fault ends with exit code 1."""
    settings = session.settings()
    key = load_keys(settings.key_file).audit_public_pem()
    url = log_url(settings)
    witnesses = [settings.witness_file, *(options.witness or settings.audit_witnesses)]
    with _shown_progress(session.terminal) as tell, _reaching_witnesses():
        result = verify_log(url, key, witnesses, tell, processes=os.cpu_count() or 1)
    for line in render_verification(result):
        session.terminal.say(Text(*line))
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
