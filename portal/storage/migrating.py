"""The revisions of the portal's own tables: one history for every database."""

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import Connection, inspect, select
from sqlalchemy.exc import DBAPIError

from portal.errors import ConfigurationError, Text
from portal.resources import migrations_folder
from portal.storage.addresses import DatabaseKind, database_kind, shown_address
from portal.storage.data_store import DATA_TABLES
from portal.storage.database import database_exists, for_writing, open_sync_database
from portal.storage.postgresql import check_server
from portal.storage.rights import give_rights
from portal.storage.tables import compatibility

ONE_ADMINISTRATOR = "uq_user_roles_administrator"
"""The index by which nobody is two administrators (T29)."""
UNFINISHED = "unfinished-"
"""How the revision begins of tables into which a whole portal is being copied (`portal.storage.unfinished`)."""


def upgrade_database(url: str) -> None:
    """Make the database if it isn't there, and bring its tables to this version's revision, whole or not at all.

    A database of a server must be there; a newer one stays as it is where it says that this version may work with it.
    Raises: ConfigurationError if it is of a newer version otherwise, holds something else, or can't be used.
    """
    if database_kind(url) is DatabaseKind.POSTGRESQL:
        check_server(url)
    engine = open_sync_database(url)
    try:
        with engine.connect() as connection:
            is_current = _is_current(connection)
        if not is_current:
            with for_writing(engine).begin() as connection:
                # Again, because another process may have done it meanwhile.
                if not _is_current(connection):
                    command.upgrade(migration_settings(connection), "head")
            if database_kind(url) is DatabaseKind.POSTGRESQL:
                give_rights(url)
    except DBAPIError as fault:
        if isinstance(fault.orig, InsufficientPrivilege):
            raise _needs_owner(url) from None
        if ONE_ADMINISTRATOR in (fault.statement or ""):
            raise _two_administrators() from None
        shown = shown_address(url)
        raise ConfigurationError(
            Text(
                en=f"`{shown}` can't be used as a database ({fault.orig}); restore it or name another",
                zh=f"`{shown}` 无法用作数据库（{fault.orig}）；请恢复备份或指定其他数据库",
            )
        ) from None
    finally:
        engine.dispose()


def _two_administrators() -> ConfigurationError:
    return ConfigurationError(
        Text(
            en="somebody is two of system administrator, policy administrator and auditor; nothing was changed: with "
            "the version of the portal that was there before, load a bundle in whose users.csv nobody is, then upgrade",
            zh="有人员同时担任系统管理员、安全管理员、审计员中的两种；未作任何更改：请先以原版本装载 users.csv "
            "中无人兼任的数据包，再行升级",
        )
    )


def _needs_owner(url: str) -> ConfigurationError:
    shown = shown_address(url)
    return ConfigurationError(
        Text(
            en=f"the tables of `{shown}` are of an older version, and this account may not change them; run "
            "`portal upgrade` where `PORTAL_OWNER_DATABASE_URL` is set",
            zh=f"`{shown}` 的表属于较旧版本，而本账户无权更改；"
            "请在设置了 `PORTAL_OWNER_DATABASE_URL` 处运行 `portal upgrade`",
        )
    )


def read_revision(url: str) -> str | None:
    """Return the revision of a database's tables, None for an empty or a missing one. Raises: ConfigurationError."""
    if not database_exists(url):
        return None
    engine = open_sync_database(url)
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()


def migration_settings(connection: Connection) -> Config:
    """Return Alembic's settings for migrating over this connection, in its transaction."""
    settings = Config(attributes={"connection": connection})
    # Alembic reads `%` in a setting as the beginning of a name.
    settings.set_main_option("script_location", str(migrations_folder()).replace("%", "%%"))
    return settings


def _is_current(connection: Connection) -> bool:
    scripts = ScriptDirectory.from_config(migration_settings(connection))
    found = MigrationContext.configure(connection).get_current_heads()
    known = {revision.revision for revision in scripts.walk_revisions()}
    if any(revision.startswith(UNFINISHED) for revision in found):
        raise ConfigurationError(
            Text(
                en="the database is half of a move or restore that didn't come to its end; run that again",
                zh="数据库中是一次未完成的迁移或恢复；请重新执行该操作",
            )
        )
    if unknown := sorted(set(found) - known):
        if _oldest_compatible(connection, unknown[0]) in known:
            return True
        raise ConfigurationError(
            Text(
                en=f"the database has the newer revision `{unknown[0]}`; use the version of the portal that wrote it",
                zh=f"数据库的版本为 `{unknown[0]}`，本程序不认识；请使用写入它的较新版本",
            )
        )
    if not found and not all(DATA_TABLES.fullmatch(name) for name in inspect(connection).get_table_names()):
        raise ConfigurationError(
            Text(
                en="the database holds tables that aren't the portal's; name an empty place for the portal's own",
                zh="数据库中有不属于本门户的表；请为门户指定一个空的位置",
            )
        )
    return set(found) == set(scripts.get_heads())


def _oldest_compatible(connection: Connection, newer: str) -> str | None:
    """Return the oldest revision whose program may work with a newer one; None where that isn't said.

    So workers of the version before may be started while the next one is rolled out beside them.
    """
    if not inspect(connection).has_table(compatibility.name):
        return None
    columns = compatibility.c
    found: str | None = connection.execute(
        select(columns.readable_from).where(columns.revision == newer)
    ).scalar_one_or_none()
    return found
