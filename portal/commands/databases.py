"""`portal database init` and `portal upgrade`."""

import re

from portal.commands.options import InitOptions, NoOptions
from portal.commands.terminal import ExitCode, Session
from portal.errors import BadInput, Text
from portal.storage.accounts import set_up_server
from portal.storage.addresses import DatabaseKind, database_kind
from portal.storage.migrating import read_revision, upgrade_database
from portal.storage.rights import give_rights

_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")


def init(session: Session, options: InitOptions) -> ExitCode:
    """Set up a PostgreSQL server and print the settings."""
    if not _NAME.fullmatch(options.name):
        raise BadInput(
            Text(
                en=f"`{options.name}` can't name a database; write small letters, digits and `_`, a letter first",
                zh=f"`{options.name}` 不能用作数据库名；请使用小写字母、数字和 `_`，并以字母开头",
            )
        )
    made = set_up_server(options.url, options.name)
    terminal = session.terminal
    terminal.complain(
        Text(
            en="the databases are ready; put these lines into the settings of the portal (`.env`, readable by its "
            "account alone). Servers need the first two, those at which administrators work the third, loading and "
            "upgrading the others. A second run makes new passwords",
            zh="数据库已就绪；请将以下各行写入门户的设置（`.env`，仅门户账户可读）。"
            "提供服务需要前两行，供管理员操作的服务还需要第三行，装载和升级需要后两行。再次运行会生成新的密码",
        )
    )
    terminal.write(f"PORTAL_DATABASE_URL={made.database}")
    terminal.write(f"PORTAL_DATA_URL={made.data}")
    terminal.write(f"PORTAL_ADMINISTRATION_DATABASE_URL={made.administration}")
    terminal.write(f"PORTAL_OWNER_DATABASE_URL={made.owner_database}")
    terminal.write(f"PORTAL_OWNER_DATA_URL={made.owner_data}")
    return ExitCode.DONE


def upgrade(session: Session, _options: NoOptions) -> ExitCode:
    """Bring the tables to this version's revision, whole or not at all."""
    settings = session.settings()
    url = settings.owner_database_url
    before = read_revision(url)
    upgrade_database(url)
    for each in (url, settings.owner_data_url):
        if database_kind(each) is DatabaseKind.POSTGRESQL:
            give_rights(each)
    after = read_revision(url)
    session.terminal.say(
        Text(en=f"the database has revision `{after}` already", zh=f"数据库已是版本 `{after}`")
        if before == after
        else Text(
            en=f"the database went from revision `{before or 'none'}` to `{after}`",
            zh=f"数据库已由版本 `{before or '无'}` 升级到 `{after}`",
        )
    )
    return ExitCode.DONE
