"""The content: read whole, and the rows that it names are there."""

from collections.abc import Iterator

from portal.diagnosis.findings import Area, Finding, fault, good, refused, warning
from portal.diagnosis.installation import Installation
from portal.errors import PolicyUnavailable, Text
from portal.policies.information_point import parse_content
from portal.storage.content import NothingLoaded, StoredContent, read_content
from portal.storage.data_store import dataset_tables, read_owner
from portal.storage.dataset_tables import never_named_tables
from portal.storage.examining import count_rows, examined
from portal.storage.tables import datasets

COUNTED_ROWS = 1_000_000
"""Larger tables are counted by `--thorough` alone."""

_RESTORE = Text(
    en="restore the backup; if rows alone are missing, load the bundle anew",
    zh="请从备份恢复；若仅缺少数据行，请重新装载数据包",
)


def stored_content(installation: Installation) -> StoredContent | None:
    """Return the content, None where there is none, or none that can be read whole.

    Raises: SQLAlchemyError, ConfigurationError where the database can't be read.
    """
    keys = installation.keys()
    if keys is None or not installation.has_database():
        return None
    try:
        with examined(installation.settings.database_url) as connection:
            return read_content(connection, keys.digest_secret)
    except PolicyUnavailable:
        return None


def check_content(installation: Installation) -> Iterator[Finding]:
    """Yield whether the content is what was loaded, and means something."""
    if not installation.has_database():
        return
    keys = installation.keys()
    if keys is None:
        yield _unlooked()
        return
    try:
        with examined(installation.settings.database_url) as connection:
            content = parse_content(read_content(connection, keys.digest_secret))
    except NothingLoaded as refusal:
        yield refused(Area.CONTENT, "loaded", refusal.text, _RESTORE)
    except PolicyUnavailable as refusal:
        yield fault(
            Area.CONTENT,
            "digest",
            refusal.text,
            Text(
                en="restore the backup, and find out who changed the database",
                zh="请从备份恢复，并查明数据库由谁改动",
            ),
        )
    else:
        entries, records = len(content.entries), len(content.records)
        yield good(
            Area.CONTENT,
            "digest",
            Text(
                en=f"whole, epoch {content.epoch}: {entries} entries, {records} policy records",
                zh=f"完整，纪元 {content.epoch}：{entries} 个目录条目，{records} 条策略",
            ),
        )


def _unlooked() -> Finding:
    return warning(
        Area.CONTENT,
        "looked_at",
        Text(
            en="content, rows and checkpoints weren't looked at: that takes the key file",
            zh="未检查内容、数据行和检查点：需要密钥文件",
        ),
        Text(en="mend the key file, then run `portal doctor` again", zh="请先修复密钥文件，再次运行 `portal doctor`"),
    )


def check_rows(installation: Installation) -> Iterator[Finding]:
    """Yield whether the data store is this portal's and holds the rows that the content names."""
    content = stored_content(installation)
    if content is None or not installation.has_data():
        return
    with examined(installation.settings.data_url) as connection:
        owner = read_owner(connection)
        there = dataset_tables(connection)
        if owner != content.identity.portal_id and (owner is not None or content.active(datasets)):
            yield _foreign_store()
            return
        wrong = False
        for row in content.active(datasets).values():
            table, rows = row.text("table_name"), row.number("row_count")
            is_counted = installation.thorough or rows <= COUNTED_ROWS
            found = (count_rows(connection, table) if is_counted else rows) if table in there else None
            if found != rows:
                wrong = True
                yield _other_rows(table, rows, found)
    if not wrong:
        tables = len(content.active(datasets))
        yield good(
            Area.DATA_STORE,
            "rows",
            Text(en=f"the rows of {tables} entries are there", zh=f"{tables} 个目录条目的数据行齐全"),
        )


def _foreign_store() -> Finding:
    return fault(
        Area.DATA_STORE,
        "owner",
        Text(en="the data store is not this portal's", zh="数据存储不属于本门户"),
        Text(
            en="set `PORTAL_DATA_URL` to this portal's own, or restore it together with the database",
            zh="请将 `PORTAL_DATA_URL` 设为本门户的数据存储，或与数据库一并恢复",
        ),
    )


def _other_rows(table: str, rows: int, found: int | None) -> Finding:
    if found is None:
        what = Text(en=f"the table `{table}` is missing", zh=f"缺少表 `{table}`")
    else:
        what = Text(
            en=f"the table `{table}` has {found} rows and should have {rows}",
            zh=f"表 `{table}` 有 {found} 行，应有 {rows} 行",
        )
    return fault(Area.DATA_STORE, "rows", what, _RESTORE)


def check_leftovers(installation: Installation) -> Iterator[Finding]:
    """Yield a warning for tables of loads that ended half-way: the next load drops them."""
    if stored_content(installation) is None or not installation.has_data():
        return
    with examined(installation.settings.data_url) as connection:
        there = dataset_tables(connection)
    with examined(installation.settings.database_url) as connection:
        left = never_named_tables(connection, there)
    if left:
        shown = ", ".join(f"`{table}`" for table in sorted(left))
        yield warning(
            Area.DATA_STORE,
            "leftovers",
            Text(
                en=f"{shown}: no content ever named them; a load under way writes them, or one that died left them",
                zh=f"{shown}：从未被内容引用；由正在进行的装载写入，或为中断的装载所遗留",
            ),
            Text(
                en="if no load is running, load again: that drops them",
                zh="若没有正在进行的装载，请重新装载：届时自动删除",
            ),
        )
