"""What a PostgreSQL server says of itself, of the account that asks, and of the portal's tables."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from portal.storage.data_store import DATA_TABLES
from portal.storage.postgresql import connect_sync
from portal.storage.rights import Driver

_SETTINGS = (
    "server_encoding",
    "fsync",
    "full_page_writes",
    "synchronous_commit",
    "synchronous_standby_names",
    "max_connections",
    "superuser_reserved_connections",
    "reserved_connections",
    "default_transaction_read_only",
    "statement_timeout",
    "lock_timeout",
    "idle_session_timeout",
    "transaction_timeout",
)
_ACCOUNT = (
    "SELECT rolname, rolsuper, rolbypassrls, pg_is_in_recovery(), version(), current_setting('server_version_num')::int"
    " FROM pg_roles WHERE rolname = current_user"
)
_TABLES = (
    "SELECT relname::text, pg_has_role(relowner, 'USAGE') FROM pg_class"
    " WHERE relnamespace = to_regnamespace('public') AND relkind IN ('r', 'p')"
)
_RIGHTS = (
    "SELECT relname::text, privilege FROM pg_class, unnest(%s::text[]) AS privilege"
    " WHERE relnamespace = to_regnamespace('public') AND relkind IN ('r', 'p') AND has_table_privilege(oid, privilege)"
)
_TRIGGER = (
    "SELECT tgenabled::text FROM pg_trigger"
    " WHERE tgrelid = to_regclass('public.epoch') AND tgname = 'portal_change_epoch'"
)
_POLICIES = (
    "SELECT relname::text, relrowsecurity AND relforcerowsecurity,"
    " coalesce((SELECT array_agg(polname::text) FROM pg_policy WHERE polrelid = pg_class.oid AND polpermissive), '{}')"
    " FROM pg_class WHERE relnamespace = to_regnamespace('public') AND relkind IN ('r', 'p')"
)
_STANDBYS = "SELECT count(*) FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')"


class Right(StrEnum):
    """What an account may do with a table."""

    SELECT = "SELECT"
    INSERT = "INSERT"
    UPDATE = "UPDATE"
    DELETE = "DELETE"
    TRUNCATE = "TRUNCATE"


class TriggerState(StrEnum):
    """Whether a trigger fires."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class ClockFacts:
    """What the server's clock said, between two moments of this machine's."""

    server: datetime
    asked_at: datetime
    answered_at: datetime


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """A server as an account sees it. `settings` are those of the portal's connections; a missing one is empty."""

    version: int
    account: str
    is_superuser: bool
    bypasses_row_security: bool
    is_standby: bool
    settings: Mapping[str, str]
    synchronous_standbys: int
    owned_tables: frozenset[str]
    tables: frozenset[str]
    rights: frozenset[tuple[str, Right]]
    epoch_trigger: TriggerState
    open_datasets: frozenset[str]
    """Tables of rows that show them to transactions that named no table as granted."""
    clock: ClockFacts


def examine_server(url: str) -> ServerFacts:
    """Return what is found at the server, as the account of the URL. Raises: ConfigurationError, psycopg.Error."""
    with closing(connect_sync(url)) as connection:
        account, is_superuser, bypasses, is_standby, _, version = _row(connection, _ACCOUNT)
        tables = connection.execute(_TABLES).fetchall()
        rights = connection.execute(_RIGHTS, (list(Right),)).fetchall()
        return ServerFacts(
            version=int(str(version)),
            account=str(account),
            is_superuser=bool(is_superuser),
            bypasses_row_security=bool(bypasses),
            is_standby=bool(is_standby),
            settings={name: _setting(connection, name) for name in _SETTINGS},
            synchronous_standbys=int(str(_row(connection, _STANDBYS)[0])),
            owned_tables=frozenset(str(name) for name, is_owned in tables if is_owned),
            tables=frozenset(str(name) for name, _ in tables),
            rights=frozenset((str(table), Right(str(right))) for table, right in rights),
            epoch_trigger=_trigger(connection),
            open_datasets=_open_datasets(connection),
            clock=_clock(connection),
        )


def _row(connection: Driver, statement: str) -> tuple[object, ...]:
    # A literal above, never composed; the driver's type asks for one.
    [row] = connection.execute(statement.encode()).fetchall()
    return row


def _setting(connection: Driver, name: str) -> str:
    [(value,)] = connection.execute("SELECT coalesce(current_setting(%s, true), '')", (name,)).fetchall()
    return str(value)


def _trigger(connection: Driver) -> TriggerState:
    found = connection.execute(_TRIGGER).fetchall()
    if not found:
        return TriggerState.MISSING
    return TriggerState.ENABLED if found[0][0] in ("O", "A") else TriggerState.DISABLED


def _open_datasets(connection: Driver) -> frozenset[str]:
    found = connection.execute(_POLICIES).fetchall()
    # Policies are alternatives: a second one shows what the first hides.
    return frozenset(
        str(name)
        for name, is_forced, policies in found
        if DATA_TABLES.fullmatch(str(name)) and str(name) != "owner" and not (is_forced and policies == ["granted"])
    )


def _clock(connection: Driver) -> ClockFacts:
    asked_at = datetime.now(UTC)
    [(time,)] = connection.execute("SELECT clock_timestamp()").fetchall()
    answered_at = datetime.now(UTC)
    if not isinstance(time, datetime):
        raise TypeError(f"`{time}` is no time")
    return ClockFacts(time, asked_at, answered_at)
