"""PostgreSQL: connections of its drivers, transactions, locks. psycopg serves threads, asyncpg the event loop."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from time import monotonic, sleep

import asyncpg
import psycopg
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from portal.errors import ConfigurationError, Text
from portal.storage.addresses import (
    CHANGING_ROWS,
    WRITING,
    must_take_writes,
    parse_address,
    shown_address,
    single_hosts,
)

CONNECT_SECONDS = 2
IDLE_IN_TRANSACTION_SECONDS = 60
"""A process that was stopped in the middle of a change doesn't hold what it locked for longer."""
READING_SECONDS = 10
"""So long one statement may take that reads the portal's content."""


class AdvisoryLock(IntEnum):
    """The portal's advisory locks; the migrations name them by number."""

    LOAD = 0x706F7274_01
    """Held by the one load that runs, from its beginning to its end."""
    WRITE = 0x706F7274_02
    """Held by a transaction that writes, from its beginning: such transactions follow one another."""
    EPOCH = 0x706F7274_03
    """Shared by transactions that record under an epoch; taken alone by the one that raises it (enforcement.md §6)."""
    CHECKPOINT = 0x706F7274_04
    """Held by the transaction that appends a checkpoint."""
    REVOCATION = 0x706F7274_05
    """Held by the transaction that revokes a token, so that revocations are seen in the order of their numbers."""


_SETTINGS = {"application_name": "portal", "timezone": "UTC"}
_OPTIONS = " ".join(f"-c {name}={value}" for name, value in _SETTINGS.items())


def driver_address(url: str) -> str:
    """Return the URL as the drivers take it, its password in it."""
    _, parsed = parse_address(url)
    return parsed.set(drivername="postgresql").render_as_string(hide_password=False)


def connect_sync(url: str) -> "psycopg.Connection[tuple[object, ...]]":
    """Return a connection on which each statement is a transaction, but where `BEGIN` says otherwise.

    What it commits is on the server's disk. Raises: ConfigurationError where the server can't be reached.
    """
    try:
        connection = psycopg.connect(driver_address(url), connect_timeout=CONNECT_SECONDS, autocommit=True)
    except psycopg.Error as fault:
        raise unreachable(url, fault) from None
    _set_up(connection)
    return connection


def _set_up(connection: "psycopg.Connection[tuple[object, ...]]") -> None:
    for name, value in _SETTINGS.items():
        connection.execute("SELECT set_config(%s, %s, false)", (name, value))
    connection.execute("SELECT set_config('idle_in_transaction_session_timeout', %s, false)", (_milliseconds(60),))
    # Where the server replicates synchronously it may ask for more than `on`; never for less.
    connection.execute(
        "SELECT set_config('synchronous_commit', 'on', false) "
        "WHERE current_setting('synchronous_commit') IN ('off', 'local')"
    )


def _milliseconds(seconds: float) -> str:
    return str(int(seconds * 1000))


async def connect_async(url: str, *, statement_seconds: float = READING_SECONDS) -> "asyncpg.Connection":
    """Return a connection of the event loop that only reads.

    Raises: OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InternalClientError.
    """
    settings = {
        **_SETTINGS,
        "default_transaction_read_only": "on",
        "statement_timeout": _milliseconds(statement_seconds),
        "idle_in_transaction_session_timeout": _milliseconds(IDLE_IN_TRANSACTION_SECONDS),
        # What the planner gains by compiling statements to machine code, short ones lose many times over.
        "jit": "off",
    }
    _, parsed = parse_address(url)
    hosts = single_hosts(parsed)
    failure: Exception = OSError("no host is named")
    for host in hosts:
        try:
            return await asyncpg.connect(
                host.set(drivername="postgresql").render_as_string(hide_password=False),
                # A host that doesn't answer at all must leave time for the next.
                timeout=CONNECT_SECONDS / len(hosts),
                command_timeout=statement_seconds + 1,
                server_settings=settings,
                # Sessions that only read would take every host for one that takes no writes.
                target_session_attrs="primary" if must_take_writes(parsed) else "any",
            )
        except asyncpg.TargetServerAttributeNotMatched:
            failure = OSError("the host takes no writes")
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InternalClientError) as fault:
            failure = fault
    raise failure


def open_async_postgresql(url: str) -> AsyncEngine:
    """Return an engine for asyncio, whose transactions read one state."""
    parse_address(url)
    engine = create_async_engine("postgresql+asyncpg://", async_creator=lambda: connect_async(url), pool_pre_ping=True)
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


def open_sync_postgresql(url: str) -> Engine:
    """Return an engine for threads. Raises: ConfigurationError when it connects and the server can't be reached."""
    parse_address(url)

    def connect() -> "psycopg.Connection[tuple[object, ...]]":
        connection = connect_sync(url)
        connection.autocommit = False
        return connection

    # No type of extensions is used, and asking for them would open a transaction on each new connection.
    engine = create_engine("postgresql+psycopg://", creator=connect, use_native_hstore=False)
    event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get(WRITING, False):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({AdvisoryLock.WRITE:d})")
    elif not options.get(CHANGING_ROWS, False):
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


@contextmanager
def hold_lock(url: str, lock: AdvisoryLock, wait_seconds: float) -> Iterator[bool]:
    """Hold a lock that ends with the process, however that ends; False where it wasn't had in time."""
    with connect_sync(url) as connection:
        deadline = monotonic() + wait_seconds
        is_held = _try_lock(connection, lock)
        while not is_held and monotonic() < deadline:
            sleep(0.05)
            is_held = _try_lock(connection, lock)
        yield is_held


def _try_lock(connection: "psycopg.Connection[tuple[object, ...]]", lock: AdvisoryLock) -> bool:
    row = connection.execute("SELECT pg_try_advisory_lock(%s)", (int(lock),)).fetchone()
    return row is not None and bool(row[0])


_DURABLE = ("fsync", "full_page_writes")


def check_server(url: str) -> None:
    """Refuse a database that can't hold the portal: one that forgets at a power cut, or isn't in UTF-8.

    Raises: ConfigurationError.
    """
    with connect_sync(url) as connection:
        row = connection.execute("SELECT current_setting('server_encoding')").fetchone()
        off = [name for name in _DURABLE if _setting(connection, name) != "on"]
    if row != ("UTF8",):
        raise _unfit(url, "isn't in UTF-8; create it with `ENCODING 'UTF8'`", "不是 UTF-8 编码；请以 UTF8 编码创建")
    if off:
        names = ", ".join(f"`{name}`" for name in off)
        raise _unfit(
            url,
            f"would lose what was committed at a power cut, for {names} is off; turn it on",
            f"断电时会丢失已提交的内容，因为 {names} 已关闭；请开启",
        )


def _setting(connection: "psycopg.Connection[tuple[object, ...]]", name: str) -> str:
    row = connection.execute("SELECT current_setting(%s)", (name,)).fetchone()
    return "" if row is None else str(row[0])


def _unfit(url: str, en: str, zh: str) -> ConfigurationError:
    shown = shown_address(url)
    return ConfigurationError(Text(en=f"the database `{shown}` {en}", zh=f"数据库 `{shown}` {zh}"))


def unreachable(url: str, fault: Exception) -> ConfigurationError:
    """Return the refusal of a database whose server doesn't let us in, with the server's own words."""
    shown, why = shown_address(url), str(fault).strip().replace("\n", " ") or type(fault).__name__
    return ConfigurationError(
        Text(
            en=f"the database `{shown}` can't be reached ({why}); see that the server runs and lets this account in",
            zh=f"无法连接数据库 `{shown}`（{why}）；请确认服务器正在运行且允许本账户登录",
        )
    )
