"""Both databases: reachable, of this version; and SQLite's files."""

from collections.abc import Iterator

from portal.diagnosis.findings import Area, Finding, fault, good, refused, warning
from portal.diagnosis.installation import Installation, kind_of
from portal.errors import ConfigurationError, Text
from portal.storage.addresses import DatabaseKind, database_path, parse_address, shown_address
from portal.storage.database import database_exists
from portal.storage.examining import RevisionState, examined, newest_revision, revision_state
from portal.storage.sqlite_facts import examine_file

_FULL = 2
WARN_JOURNAL_BYTES = 256 << 20

_REVISIONS = {
    RevisionState.OLDER: (
        Text(en="are of an older version of the portal", zh="属于较旧版本的门户"),
        Text(en="run `portal upgrade`, after a backup", zh="请先备份，再运行 `portal upgrade`"),
    ),
    RevisionState.NEWER: (
        Text(en="are of a newer version of the portal", zh="属于较新版本的门户"),
        Text(en="use the version that upgraded them", zh="请使用升级它的版本"),
    ),
    RevisionState.EMPTY: (
        Text(en="aren't there yet", zh="尚未建立"),
        Text(en="load a bundle: `portal load DIR`", zh="请装载数据包：`portal load 目录`"),
    ),
    RevisionState.FOREIGN: (
        Text(en="aren't a portal's", zh="不属于门户"),
        Text(
            en="set `PORTAL_DATABASE_URL` to the portal's own database",
            zh="请将 `PORTAL_DATABASE_URL` 设为门户的数据库",
        ),
    ),
}


def check_addresses(installation: Installation) -> Iterator[Finding]:
    """Yield a fault for each URL that names no database that the portal works on, and for each file that is missing."""
    settings = installation.settings
    urls = {
        "database_url": (Area.DATABASE, settings.database_url),
        "data_url": (Area.DATA_STORE, settings.data_url),
        "owner_database_url": (Area.DATABASE, settings.owner_database_url),
        "owner_data_url": (Area.DATA_STORE, settings.owner_data_url),
    }
    seen: set[str] = set()
    for name, (area, url) in urls.items():
        variable = f"`PORTAL_{name.upper()}`"
        try:
            kind, _ = parse_address(url)
        except ConfigurationError as refusal:
            if url not in seen:
                mend = Text(en=f"correct {variable}", zh=f"请更正 {variable}")
                yield refused(area, "address", refusal.text, mend)
        else:
            if url not in seen and kind is DatabaseKind.SQLITE and not database_exists(url):
                yield _missing(area, url, variable)
        seen.add(url)


def _missing(area: Area, url: str, variable: str) -> Finding:
    shown = shown_address(url)
    return fault(
        area,
        "exists",
        Text(en=f"there is no database `{shown}`", zh=f"没有数据库 `{shown}`"),
        Text(
            en=f"load a bundle (`portal load DIR`), set {variable} to where it is, or restore a backup",
            zh=f"请装载数据包（`portal load 目录`），将 {variable} 设为其所在位置，或从备份恢复",
        ),
    )


def check_revision(installation: Installation) -> Iterator[Finding]:
    """Yield whether the tables are those of this version."""
    if not installation.has_database():
        return
    with examined(installation.settings.database_url) as connection:
        state, revision = revision_state(connection)
        newest = newest_revision(connection)
    shown = shown_address(installation.settings.database_url)
    if state is RevisionState.CURRENT:
        sound = Text(en=f"`{shown}` can be read, revision {revision}", zh=f"`{shown}` 可读取，版本 {revision}")
        yield good(Area.DATABASE, "revision", sound)
        return
    what, mend = _REVISIONS[state]
    en, zh = (f" ({revision}, this one's is {newest})", f"（{revision}，本程序为 {newest}）") if revision else ("", "")
    yield fault(
        Area.DATABASE,
        "revision",
        Text(en=f"the tables in `{shown}` {what.en}{en}", zh=f"`{shown}` 中的表{what.zh}{zh}"),
        mend,
    )


def check_files(installation: Installation) -> Iterator[Finding]:
    """Yield what SQLite says of its files: whole, journaled, durable."""
    for area, url in installation.databases():
        if kind_of(url) is DatabaseKind.SQLITE and database_exists(url):
            yield from _check_file(area, url, thorough=installation.thorough)


def _check_file(area: Area, url: str, *, thorough: bool) -> Iterator[Finding]:
    path = database_path(url)
    facts = examine_file(path, thorough=thorough)
    if facts.integrity_faults:
        first = facts.integrity_faults[0]
        yield fault(
            area,
            "integrity",
            Text(en=f"`{path}` is damaged: {first}", zh=f"`{path}` 已损坏：{first}"),
            Text(
                en="stop the portal, keep a copy of the file, and restore the backup",
                zh="请停止门户，保留该文件的副本，并从备份恢复",
            ),
        )
    else:
        how = Text("every page and index", "全部页与索引") if thorough else Text("every page", "全部页")
        yield good(area, "integrity", Text(en=f"`{path}`: {how.en} sound", zh=f"`{path}`：{how.zh}完好"))
    if facts.journal_mode != "wal":
        yield fault(
            area,
            "journal_mode",
            Text(
                en=f"`{path}` has journal mode `{facts.journal_mode}`: readers and writers block each other, and the "
                "last commit may be lost at a power cut",
                zh=f"`{path}` 的日志模式为 `{facts.journal_mode}`：读写相互阻塞，断电时可能丢失最后一次提交",
            ),
            Text(
                en="start the portal, or load, as an account that may write the file: it turns to WAL",
                zh="请以可写该文件的账户启动门户或装载：届时自动改为 WAL",
            ),
        )
    if facts.synchronous < _FULL:
        yield fault(
            area,
            "synchronous",
            Text(
                en=f"connections to `{path}` don't wait for the disk (not `synchronous=FULL`): a power cut loses rows",
                zh=f"对 `{path}` 的连接不等待落盘（`synchronous` 低于 FULL）：断电会丢失数据",
            ),
            Text(en="use a portal and an SQLite as released", zh="请使用正式发布的门户和 SQLite"),
        )
    if facts.journal_bytes > max(WARN_JOURNAL_BYTES, facts.database_bytes):
        yield _long_journal(area, f"{path}-wal", facts.journal_bytes)


def _long_journal(area: Area, name: str, octets: int) -> Finding:
    mib = octets >> 20
    return warning(
        area,
        "journal_size",
        Text(
            en=f"`{name}` has {mib} MiB: a process reads on for long and keeps it from being emptied",
            zh=f"`{name}` 达 {mib} MiB：有进程长时间读取，使其无法清空",
        ),
        Text(
            en="end other programs that have the database open, then restart the portal",
            zh="请结束其他打开该数据库的程序，然后重启门户",
        ),
    )
