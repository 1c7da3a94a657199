"""`portal backup`, `portal restore` and `portal move`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import Progress as ProgressBar
from rich.progress import TextColumn

from portal.archives.backup import check_no_file, write_backup
from portal.archives.copied import Standing, StoreName
from portal.archives.keys import backup_key_id, create_backup_keys, load_backup_key, load_restore_key
from portal.archives.moving import Moved, MoveOrder, Place, move
from portal.archives.reading import open_copy
from portal.archives.restoring import Restored, RestoreOrder, restore
from portal.bundles.store import PortalStore
from portal.commands.options import BackupOptions, MoveOptions, RestoreOptions
from portal.commands.terminal import ExitCode, Session, Terminal
from portal.errors import BadInput, Text
from portal.identity.keys import load_key_file, load_keys
from portal.setting_values import shown_value
from portal.settings import Settings
from portal.storage.migrating import upgrade_database


def backup(session: Session, options: BackupOptions) -> ExitCode:
    """Write a backup, or make the keys of backups."""
    if bool(options.file) == bool(options.new_key):
        raise BadInput(
            Text(
                en="name the new file of the backup, or `--new-key FILE` to make a pair of keys, one of both",
                zh="请指定备份的新文件，或以 `--new-key 文件` 生成一对密钥，二者择一",
            )
        )
    if options.new_key:
        _make_keys(session.terminal, Path(options.new_key))
        return ExitCode.DONE
    settings, path = session.settings(), Path(options.file)
    recipient = load_backup_key(_recipient(settings, options))
    check_no_file(path)
    keys = load_keys(settings.key_file)
    upgrade_database(settings.owner_database_url)
    store = PortalStore(settings.owner_database_url, settings.owner_data_url, keys.digest_secret)
    with _shown_progress(session.terminal) as told, open_copy(store, datetime.now(UTC)) as copy:
        written = write_backup(path, copy, load_key_file(settings.key_file), recipient, told)
    session.terminal.say(_describe(written.standing, sum(one.rows for one in written.sums), str(path)))
    return ExitCode.DONE


def _make_keys(terminal: Terminal, private: Path) -> None:
    public = create_backup_keys(private)
    key = backup_key_id(load_backup_key(public))
    terminal.say(
        Text(
            en=f"backups sealed to `{public}` are opened by `{private}` alone (key `{key}`); keep the private key away "
            f"from this machine, in two places, and set `PORTAL_BACKUP_KEY={public}`",
            zh=f"以 `{public}` 加密的备份只能用 `{private}` 打开（密钥 `{key}`）；请将私钥存放在本机之外的两处，"
            f"并设置 `PORTAL_BACKUP_KEY={public}`",
        )
    )


def _recipient(settings: Settings, options: BackupOptions) -> Path:
    if options.key:
        return Path(options.key)
    if settings.backup_key is not None:
        return settings.backup_key
    raise BadInput(
        Text(
            en="no key is named to seal the backup to; set `PORTAL_BACKUP_KEY` or write `--key FILE`; `portal backup "
            "--new-key FILE` makes one",
            zh="未指定加密备份所用的公钥；请设置 `PORTAL_BACKUP_KEY` 或写 `--key 文件`；"
            "可用 `portal backup --new-key 文件` 生成",
        )
    )


def _describe(standing: Standing, rows: int, path: str) -> Text:
    position = standing.position
    entries = sum(table.store is StoreName.ROWS for table in standing.tables)
    return Text(
        en=f"`{path}` holds the portal `{standing.portal_id}` as of {standing.made_at}: epoch {position.epoch}, "
        f"checkpoint {position.checkpoint}, {position.records} audit records, {entries} entries, {rows} rows in all; "
        "read back and verified",
        zh=f"`{path}` 保存了门户 `{standing.portal_id}` 在 {standing.made_at} 的状态：纪元 {position.epoch}，"
        f"检查点 {position.checkpoint}，审计记录 {position.records} 条，条目 {entries} 个，共 {rows} 行；已读回验证",
    )


def restore_backup(session: Session, options: RestoreOptions) -> ExitCode:
    """Restore a backup into the configured databases; a fault in its log ends with exit code 1."""
    settings = session.settings()
    key = load_restore_key(options.key)
    with _shown_progress(session.terminal) as told:
        order = RestoreOrder(
            options.file,
            key,
            settings.owner_database_url,
            settings.owner_data_url,
            settings.key_file,
            datetime.now(UTC),
            options.by,
            options.reason,
        )
        restored = restore(order, lambda _step, rows: told(rows))
    for line in _describe_restored(restored):
        session.terminal.say(line)
    return ExitCode.DONE if restored.log_fault is None else ExitCode.NO


def _describe_restored(restored: Restored) -> Iterator[Text]:
    standing = restored.backup.standing
    position, rows = standing.position, sum(one.rows for one in restored.backup.sums)
    key = restored.backup.keys.audit_key_id
    yield Text(
        en=f"restored the portal `{standing.portal_id}` (audit key `{key}`) as of {standing.made_at}: epoch "
        f"{position.epoch}, checkpoint {position.checkpoint}, {position.records} audit records, {rows} rows in all; "
        "read back and compared",
        zh=f"已恢复门户 `{standing.portal_id}`（审计密钥 `{key}`）在 {standing.made_at} 的状态：纪元 {position.epoch}，"
        f"检查点 {position.checkpoint}，审计记录 {position.records} 条，共 {rows} 行；已读回比对",
    )
    if restored.log_fault is not None:
        fault = restored.log_fault
        yield Text(
            en=f"its audit log has a fault ({fault.place}: {fault.kind}); see `portal audit verify`",
            zh=f"其审计日志有问题（{fault.place}：{fault.kind}）；请运行 `portal audit verify`",
        )
    yield Text(
        en="the portal is in quarantine: conditional and not-shared items are denied, because what was revoked since "
        "the backup may be permitted in it; run `portal reconcile`",
        zh="门户处于隔离状态：有条件共享和不予共享的信息项一律拒绝，因为备份之后撤销的授权可能仍在其中；"
        "请运行 `portal reconcile`",
    )


def move_portal(session: Session, options: MoveOptions) -> ExitCode:
    """Move the configured portal to two other databases."""
    settings, terminal = session.settings(), session.terminal
    keys = load_keys(settings.key_file)
    upgrade_database(settings.owner_database_url)
    source = Place(settings.owner_database_url, settings.owner_data_url, settings.witness_file)
    target = Place(
        options.to_database, options.to_data, replace(settings, database_url=options.to_database).witness_file
    )
    with _shown_progress(terminal) as told:
        moved = move(MoveOrder(source, target, keys, datetime.now(UTC)), lambda _step, rows: told(rows))
    for line in _describe_moved(moved, target):
        terminal.say(line)
    return ExitCode.DONE


def _describe_moved(moved: Moved, target: Place) -> Iterator[Text]:
    position, rows = moved.standing.position, sum(one.rows for one in moved.sums)
    tables = len(moved.sums)
    yield Text(
        en=f"{tables} tables with {rows} rows are the same in both places; epoch {position.epoch}, {position.records} "
        "audit records, log verified",
        zh=f"{tables} 个表共 {rows} 行在两处一致；纪元 {position.epoch}，审计记录 {position.records} 条，日志已验证",
    )
    if moved.kept_witness is not None:
        yield Text(
            en=f"the last checkpoint of an earlier log in the new place is kept in `{moved.kept_witness}`",
            zh=f"新位置此前日志的最后检查点保存在 `{moved.kept_witness}`",
        )
    database, data = shown_value(target.database_url), shown_value(target.data_url)
    yield Text(
        en=f"set `PORTAL_DATABASE_URL={database}` and `PORTAL_DATA_URL={data}`; the databases it was moved from are as "
        "they were: serve them no more, and remove them when you have a backup",
        zh=f"请设置 `PORTAL_DATABASE_URL={database}` 和 `PORTAL_DATA_URL={data}`；原数据库未变动："
        "请勿再以其提供服务，备份后将其删除",
    )


@contextmanager
def _shown_progress(terminal: Terminal) -> Iterator[Callable[[int], None]]:
    """Show rows copied, on a terminal alone."""
    copying = Text(en="{task.completed:,} rows", zh="{task.completed:,} 行")
    with ProgressBar(
        TextColumn(copying.render(terminal.language)),
        console=Console(file=terminal.err),
        transient=True,
        disable=not terminal.err.isatty(),
    ) as bar:
        task = bar.add_task("")
        yield lambda rows: bar.advance(task, rows)
