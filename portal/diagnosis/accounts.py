"""PostgreSQL: what the accounts may do, and what holds whatever they do: the epoch's trigger, row-level security."""

from collections.abc import Iterable, Iterator

from portal.diagnosis.findings import Area, Finding, fault, good, warning
from portal.diagnosis.installation import Installation, kind_of
from portal.errors import Text
from portal.storage.addresses import DatabaseKind
from portal.storage.postgresql_facts import Right, ServerFacts, TriggerState, examine_server
from portal.storage.rights import APPENDED, COUNTED, KEPT_FOR_A_WHILE

_REWRITING = (Right.UPDATE, Right.DELETE, Right.TRUNCATE)
_LEAST = Text(
    en="make accounts that may do no more than they need, with `portal database init`, and put the settings that it "
    "prints in place of these",
    zh="请用 `portal database init` 建立仅有必要权限的账户，并以其输出的设置替换现有设置",
)
_UPGRADE = Text(
    en="run `portal upgrade` where `PORTAL_OWNER_DATABASE_URL` is set: it gives the rights anew",
    zh="请在设置了 `PORTAL_OWNER_DATABASE_URL` 处运行 `portal upgrade`：它会重新授权",
)


def check_portal_account(installation: Installation) -> Iterator[Finding]:
    """Yield what the account that serves may do beyond its part, and what it may not do of it."""
    url = installation.settings.database_url
    if kind_of(url) is not DatabaseKind.POSTGRESQL:
        return
    facts = examine_server(url)
    # Before there are tables there is nothing to have rights on; another check says so.
    if not facts.tables & set(APPENDED):
        return
    yield from _check_trigger(facts)
    if facts.is_superuser or facts.owned_tables:
        yield _owns(Area.DATABASE, facts)
        return
    beyond = [f"{right} {table}" for table, right in sorted(facts.rights) if table in APPENDED and right in _REWRITING]
    missing = list(_missing(facts))
    if beyond:
        yield _beyond(facts, beyond)
    if missing:
        yield _lacking(facts, missing)
    if not beyond and not missing:
        yield good(
            Area.DATABASE,
            "rights",
            Text(
                en=f"`{facts.account}` appends to the audit log, and can't change or delete a record",
                zh=f"`{facts.account}` 可追加审计记录，不能更改或删除任何记录",
            ),
        )


def _missing(facts: ServerFacts) -> Iterable[str]:
    wanted = [(table, right) for table in APPENDED for right in (Right.SELECT, Right.INSERT)]
    wanted += [(table, right) for table in COUNTED for right in (Right.SELECT, Right.INSERT, Right.UPDATE)]
    wanted += [(table, right) for table in KEPT_FOR_A_WHILE for right in (Right.SELECT, Right.INSERT, Right.DELETE)]
    wanted += [(table, Right.SELECT) for table in facts.tables]
    found = {
        f"{right} {table}" for table, right in wanted if table in facts.tables and (table, right) not in facts.rights
    }
    return sorted(found)


def _owns(area: Area, facts: ServerFacts) -> Finding:
    en, zh = ("is a superuser", "是超级用户") if facts.is_superuser else ("owns the tables", "是表的所有者")
    return warning(
        area,
        "account",
        Text(
            en=f"`{facts.account}`, which the portal serves as, {en}: a portal that was taken over could rewrite them",
            zh=f"门户提供服务所用的 `{facts.account}` {zh}：门户一旦被控制，表即可被改写",
        ),
        _LEAST,
    )


def _beyond(facts: ServerFacts, rights: list[str]) -> Finding:
    shown = ", ".join(rights)
    return fault(
        Area.DATABASE,
        "rights",
        Text(
            en=f"`{facts.account}` may rewrite the audit log ({shown})",
            zh=f"`{facts.account}` 可改写审计日志（{shown}）",
        ),
        _UPGRADE,
    )


def _lacking(facts: ServerFacts, rights: list[str]) -> Finding:
    shown = ", ".join(rights[:5]) + (", …" if len(rights) > 5 else "")
    return fault(
        Area.DATABASE,
        "rights",
        Text(
            en=f"`{facts.account}` lacks rights that serving needs ({shown})",
            zh=f"`{facts.account}` 缺少提供服务所需的权限（{shown}）",
        ),
        _UPGRADE,
    )


def _check_trigger(facts: ServerFacts) -> Iterator[Finding]:
    if facts.epoch_trigger is TriggerState.ENABLED:
        sound = Text(en="whoever changes policies takes the epoch's lock", zh="策略变更均须取得纪元锁")
        yield good(Area.DATABASE, "epoch_trigger", sound)
        return
    is_missing = facts.epoch_trigger is TriggerState.MISSING
    en, zh = ("is missing", "不存在") if is_missing else ("is disabled", "已停用")
    yield fault(
        Area.DATABASE,
        "epoch_trigger",
        Text(
            en=f"the trigger `portal_change_epoch` {en}: answers could leave under policies that were revoked",
            zh=f"触发器 `portal_change_epoch` {zh}：可能依据已撤销的策略作出应答",
        ),
        Text(en="restore the database from a backup", zh="请从备份恢复数据库")
        if is_missing
        else Text(
            en="as the owner: `ALTER TABLE epoch ENABLE TRIGGER portal_change_epoch`",
            zh="请以所有者账户运行 `ALTER TABLE epoch ENABLE TRIGGER portal_change_epoch`",
        ),
    )


def check_owner_accounts(installation: Installation) -> Iterator[Finding]:
    """Yield whether the accounts that load and upgrade, where they are others than those that serve, can do so."""
    settings = installation.settings
    urls = (
        (Area.DATABASE, settings.owner_database_url, settings.database_url),
        (Area.DATA_STORE, settings.owner_data_url, settings.data_url),
    )
    for area, url, serving in urls:
        if url == serving or kind_of(url) is not DatabaseKind.POSTGRESQL:
            continue
        facts = examine_server(url)
        foreign = sorted(facts.tables - facts.owned_tables)
        if foreign and not facts.is_superuser:
            yield fault(
                area,
                "owner_account",
                Text(
                    en=f"`{facts.account}`, which is to load and upgrade, doesn't own `{foreign[0]}`",
                    zh=f"用于装载和升级的 `{facts.account}` 不是 `{foreign[0]}` 的所有者",
                ),
                Text(
                    en="set `PORTAL_OWNER_DATABASE_URL` and `PORTAL_OWNER_DATA_URL` as `portal database init` says",
                    zh="请按 `portal database init` 的输出设置 `PORTAL_OWNER_DATABASE_URL` 和 `PORTAL_OWNER_DATA_URL`",
                ),
            )
        else:
            yield good(
                area,
                "owner_account",
                Text(en=f"`{facts.account}` can load and upgrade", zh=f"`{facts.account}` 可装载和升级"),
            )


def check_row_security(installation: Installation) -> Iterator[Finding]:
    """Yield whether rows hide from transactions that no decision let see them."""
    url = installation.settings.data_url
    if kind_of(url) is not DatabaseKind.POSTGRESQL:
        return
    facts = examine_server(url)
    if facts.open_datasets:
        shown = ", ".join(f"`{table}`" for table in sorted(facts.open_datasets))
        yield fault(
            Area.DATA_STORE,
            "row_security",
            Text(
                en=f"rows of {shown} can be read without a decision: row-level security isn't whole",
                zh=f"无需判定即可读取 {shown} 的数据行：行级安全不完整",
            ),
            Text(
                en="make the table anew: load the bundle into a new data store, or restore the backup",
                zh="请重建该表：将数据包装载到新的数据存储，或从备份恢复",
            ),
        )
    if facts.is_superuser or facts.bypasses_row_security:
        yield warning(
            Area.DATA_STORE,
            "account",
            Text(
                en=f"`{facts.account}`, which reads shared rows, is exempt from row-level security",
                zh=f"读取共享数据所用的 `{facts.account}` 不受行级安全约束",
            ),
            _LEAST,
        )
    elif facts.owned_tables:
        yield _owns(Area.DATA_STORE, facts)
    elif not facts.open_datasets:
        yield good(
            Area.DATA_STORE,
            "row_security",
            Text(
                en=f"`{facts.account}` sees rows of those tables alone that a decision permitted",
                zh=f"`{facts.account}` 仅能看到经判定准予的表中的数据行",
            ),
        )
