"""Setting up a PostgreSQL server for a portal: its two databases, and accounts that may do no more than they need.

| account         | may                                                                      | is used by              |
|-----------------|--------------------------------------------------------------------------|-------------------------|
| `owner`         | make and change tables and content, end sessions of `server`             | loading, upgrading      |
| `administrator` | add versions of content and change sets, end sessions of `server`        | serving administrators  |
| `server`        | read content, append to the audit log, count; change or delete no record | serving                 |
| `reader`        | read shared rows of tables that the transaction names as granted         | serving                 |
"""

import secrets
from contextlib import closing
from dataclasses import dataclass

from psycopg import sql
from sqlalchemy.engine import URL

from portal.errors import BadInput, Text
from portal.storage.addresses import DatabaseKind, parse_address
from portal.storage.migrating import upgrade_database
from portal.storage.postgresql import connect_sync
from portal.storage.rights import Account, Driver, give_rights


@dataclass(frozen=True, slots=True)
class PortalAddresses:
    """The URLs of a portal that was set up: for serving, for administering, and for loading and upgrading."""

    database: str
    administration: str
    data: str
    owner_database: str
    owner_data: str


def set_up_server(admin_url: str, name: str) -> PortalAddresses:
    """Make databases `NAME` and `NAME_data` and the accounts on the server that `admin_url` leads to as superuser.

    What is there stays, but the accounts get new passwords; rights are given anew. Raises: ConfigurationError; BadInput
    for another kind of database.
    """
    kind, admin = parse_address(admin_url)
    if kind is not DatabaseKind.POSTGRESQL:
        raise BadInput(
            Text(
                en="only a PostgreSQL server is set up; an SQLite database is made by `portal load`",
                zh="只有 PostgreSQL 服务器需要建立；SQLite 数据库由 `portal load` 建立",
            )
        )
    passwords = {account: secrets.token_urlsafe(24) for account in Account}
    with closing(connect_sync(admin_url)) as connection:
        for account in Account:
            _make_account(connection, f"{name}_{account}", passwords[account])
        # Whoever changes the epoch ends sessions of the server that are stuck while they hold it.
        server = sql.Identifier(f"{name}_{Account.SERVER}")
        for changing in (Account.OWNER, Account.ADMINISTRATOR):
            member = sql.Identifier(f"{name}_{changing}")
            connection.execute(sql.SQL("GRANT {server} TO {member}").format(server=server, member=member))
        for database in (name, f"{name}_data"):
            _make_database(connection, database, name)

    def address(account: Account, database: str) -> str:
        parts = admin.set(username=f"{name}_{account}", password=passwords[account], database=database)
        return _rendered(parts)

    made = PortalAddresses(
        database=address(Account.SERVER, name),
        administration=address(Account.ADMINISTRATOR, name),
        data=address(Account.READER, f"{name}_data"),
        owner_database=address(Account.OWNER, name),
        owner_data=address(Account.OWNER, f"{name}_data"),
    )
    upgrade_database(made.owner_database)
    for url in (made.owner_database, made.owner_data):
        give_rights(url)
    return made


def _rendered(parts: URL) -> str:
    return parts.set(drivername="postgresql").render_as_string(hide_password=False)


def _make_account(connection: Driver, name: str, password: str) -> None:
    names = {"name": sql.Identifier(name), "password": sql.Literal(password)}
    known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (name,)).fetchone()
    verb = "ALTER" if known else "CREATE"
    rights = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
    statement = sql.SQL("{verb} ROLE {name} {rights} PASSWORD {password}")
    connection.execute(statement.format(verb=sql.SQL(verb), rights=sql.SQL(rights), **names))


def _make_database(connection: Driver, database: str, name: str) -> None:
    names = {"database": sql.Identifier(database), "owner": sql.Identifier(f"{name}_{Account.OWNER}")}
    if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,)).fetchone() is None:
        encoding = "ENCODING 'UTF8' LOCALE 'C.UTF-8' TEMPLATE template0"
        statement = sql.SQL("CREATE DATABASE {database} OWNER {owner} {encoding}")
        connection.execute(statement.format(encoding=sql.SQL(encoding), **names))
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {database} FROM PUBLIC").format(**names))
    for account in (Account.SERVER, Account.READER, Account.ADMINISTRATOR):
        granted = sql.SQL("GRANT CONNECT ON DATABASE {database} TO {account}")
        connection.execute(granted.format(account=sql.Identifier(f"{name}_{account}"), **names))
