"""What the accounts of a portal's databases in PostgreSQL may do."""

from collections.abc import Iterator
from contextlib import closing
from enum import StrEnum
from typing import cast

import psycopg
from psycopg import sql
from sqlalchemy import Connection

from portal.storage.addresses import DatabaseKind, parse_address
from portal.storage.postgresql import AdvisoryLock, connect_sync
from portal.storage.tables import CONTENT_TABLES

Driver = psycopg.Connection[tuple[object, ...]]


class Account(StrEnum):
    """An account, by the end of its name."""

    OWNER = "owner"
    SERVER = "server"
    READER = "reader"
    ADMINISTRATOR = "administrator"


APPENDED = ("audit_writers", "audit_records", "audit_parts", "audit_checkpoints")
"""Tables of which rows are only ever added."""
COUNTED = ("daily_rows", "refused_tokens")
"""Tables whose rows are counts that grow."""
KEPT_FOR_A_WHILE = ("used_proofs", "revoked_tokens", "ticket_contacts")
"""Tables whose rows are added, and removed when they say nothing any more."""
SESSIONS = ("staff_sessions", "sign_ins", "second_factors")
"""Tables of who is signed in, and by what."""
SAID = ("tickets",)
"""Tables of what the public said: rows are added, and never changed by who serves the public."""
_SERVER_RIGHTS = (
    ("INSERT", SAID),
    ("INSERT", APPENDED),
    ("INSERT, UPDATE", COUNTED),
    ("INSERT, DELETE", KEPT_FOR_A_WHILE),
    ("INSERT, UPDATE, DELETE", SESSIONS),
)
_ADMINISTRATOR_RIGHTS = (
    (
        "INSERT",
        ("changes", "change_steps", "ticket_steps", *(child.name for of in CONTENT_TABLES for child in of.children)),
    ),
    ("INSERT, UPDATE", ("change_sets", *(of.table.name for of in CONTENT_TABLES))),
    ("UPDATE", ("epoch", "portal")),
)
"""What changing the content in force needs; rows, and what an account may do, aren't the administrators' to change."""


def give_rights(owner_url: str) -> None:
    """Give the other accounts their rights on all tables of a database; none where it wasn't set up with accounts.

    For the owner, after tables were made: what is made later can be read, and nothing else.
    """
    with closing(connect_sync(owner_url)) as connection, connection.transaction():
        _give(connection, owner_url)


def give_rights_within(connection: Connection, owner_url: str) -> None:
    """Give the rights in the transaction that makes the tables; without effect where the database isn't PostgreSQL."""
    if connection.dialect.name == DatabaseKind.POSTGRESQL:
        _give(cast("Driver", connection.connection.driver_connection), owner_url)


def _give(connection: Driver, owner_url: str) -> None:
    _, parsed = parse_address(owner_url)
    name = (parsed.username or "").removesuffix(f"_{Account.OWNER}")
    if not name or name == parsed.username:
        return
    # Two upgrades at once would change the same rows of the server's catalog, and one of them would fail.
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (int(AdvisoryLock.WRITE),))
    is_data = parsed.database != name
    for statement in _data_rights(name) if is_data else _portal_rights(connection, name):
        connection.execute(statement)


def _portal_rights(connection: Driver, name: str) -> Iterator[sql.Composed]:
    rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    tables = {str(row[0]) for row in rows}
    granted = {Account.SERVER: _SERVER_RIGHTS, Account.ADMINISTRATOR: _ADMINISTRATOR_RIGHTS}
    for account, all_rights in granted.items():
        if not _is_there(connection, f"{name}_{account}"):
            continue
        grantee = sql.Identifier(f"{name}_{account}")
        yield from _readable(grantee)
        for rights, wanted in all_rights:
            for table in sorted(tables & set(wanted)):
                statement = sql.SQL("GRANT {rights} ON {table} TO {grantee}")
                yield statement.format(rights=sql.SQL(rights), table=sql.Identifier(table), grantee=grantee)
        yield sql.SQL("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {grantee}").format(grantee=grantee)


def _is_there(connection: Driver, account: str) -> bool:
    """Return whether a server has the account: one set up by an earlier version lacks the administrator's."""
    return connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (account,)).fetchone() is not None


def _data_rights(name: str) -> Iterator[sql.Composed]:
    return _readable(sql.Identifier(f"{name}_{Account.READER}"))


def _readable(account: sql.Identifier) -> Iterator[sql.Composed]:
    statements = (
        "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {account}",
        "GRANT USAGE ON SCHEMA public TO {account}",
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO {account}",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {account}",
    )
    for statement in statements:
        yield sql.SQL(statement).format(account=account)
