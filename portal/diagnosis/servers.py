"""PostgreSQL: whether the server keeps what it acknowledged, has room, and lets each account do its part alone."""

from collections.abc import Callable, Iterator

from portal.access import epochs
from portal.audit import daily_rows
from portal.diagnosis.findings import Area, Finding, fault, good, warning
from portal.diagnosis.installation import Installation, kind_of
from portal.errors import Text
from portal.storage.addresses import DatabaseKind
from portal.storage.postgresql_facts import ServerFacts, examine_server

OLDEST_VERSION = 130000
_DURABLE = ("fsync", "full_page_writes")
_CUTTING = ("statement_timeout", "lock_timeout", "idle_session_timeout", "transaction_timeout")
PORTAL_CONNECTIONS = epochs.CONNECTIONS + daily_rows.CONNECTIONS + 4
"""What a worker may open to the portal's database: beside the two pools its listener, its content, its log twice."""


def check_servers(installation: Installation) -> Iterator[Finding]:
    """Yield what is wrong with the servers of both databases, and with what their accounts may do."""
    for area, url in installation.databases():
        if kind_of(url) is DatabaseKind.POSTGRESQL:
            facts = examine_server(url)
            for check in _CHECKS:
                yield from check(area, facts)
            yield from _check_connections(area, facts, installation)


def _check_version(area: Area, facts: ServerFacts) -> Iterator[Finding]:
    shown = f"{facts.version // 10000}.{facts.version % 10000}"
    if facts.version >= OLDEST_VERSION:
        yield good(area, "version", Text(en=f"PostgreSQL {shown}", zh=f"PostgreSQL {shown}"))
        return
    yield fault(
        area,
        "version",
        Text(en=f"PostgreSQL {shown} is too old", zh=f"PostgreSQL {shown} 版本过旧"),
        Text(en="use PostgreSQL 13 or later", zh="请使用 PostgreSQL 13 或更新版本"),
    )


def _check_encoding(area: Area, facts: ServerFacts) -> Iterator[Finding]:
    encoding = facts.settings["server_encoding"]
    if encoding != "UTF8":
        yield fault(
            area,
            "encoding",
            Text(en=f"the database is in `{encoding}`", zh=f"数据库编码为 `{encoding}`"),
            Text(en="create it anew with `ENCODING 'UTF8'`", zh="请以 `ENCODING 'UTF8'` 重新创建"),
        )


def _check_durability(area: Area, facts: ServerFacts) -> Iterator[Finding]:
    off = [name for name in _DURABLE if facts.settings[name] != "on"]
    off += ["synchronous_commit"] * (facts.settings["synchronous_commit"] in ("off", "local"))
    for name in off:
        yield fault(
            area,
            name,
            Text(
                en=f"`{name}` is off: a power cut loses what was committed",
                zh=f"`{name}` 已关闭：断电会丢失已提交的内容",
            ),
            Text(
                en=f"set `{name} = on` in the server's configuration, and restart it",
                zh=f"请在服务器配置中设置 `{name} = on` 并重启",
            ),
        )
    if not off:
        yield good(area, "durability", Text(en="commits wait for the disk", zh="提交均等待落盘"))


def _check_replication(area: Area, facts: ServerFacts) -> Iterator[Finding]:
    if facts.is_standby:
        yield fault(
            area,
            "standby",
            Text(en="the server is a standby and takes no writes", zh="该服务器是备库，不接受写入"),
            Text(en="name the primary in the URL, or promote it", zh="请在地址中指定主库，或将其提升为主库"),
        )
    names = facts.settings["synchronous_standby_names"]
    if not names:
        return
    if facts.synchronous_standbys == 0 and not facts.is_standby:
        yield fault(
            area,
            "replication",
            Text(
                en=f"commits wait for a synchronous standby (`{names}`), and none is connected",
                zh=f"提交须等待同步备库（`{names}`），但没有备库连接",
            ),
            Text(
                en="start the standby, or take it out of `synchronous_standby_names`",
                zh="请启动备库，或从 `synchronous_standby_names` 中删除",
            ),
        )
    else:
        count = facts.synchronous_standbys
        yield good(area, "replication", Text(en=f"synchronous standbys: {count}", zh=f"同步备库：{count} 个"))


def _check_limits(area: Area, facts: ServerFacts) -> Iterator[Finding]:
    for name in _CUTTING:
        value = facts.settings[name]
        if value not in ("", "0"):
            yield warning(
                area,
                name,
                Text(
                    en=f"`{name}` is {value} for `{facts.account}`: it cuts connections that the portal keeps",
                    zh=f"`{facts.account}` 的 `{name}` 为 {value}：会中断门户保持的连接",
                ),
                Text(
                    en=f"set `{name} = 0` for the account; the portal limits its statements itself",
                    zh=f"请为该账户设置 `{name} = 0`；门户自行限制语句时长",
                ),
            )
    if area is Area.DATABASE and facts.settings["default_transaction_read_only"] == "on":
        yield fault(
            area,
            "read_only",
            Text(
                en=f"`default_transaction_read_only` is on for `{facts.account}`: no record can be written",
                zh=f"`{facts.account}` 的 `default_transaction_read_only` 已开启：无法写入任何记录",
            ),
            Text(en="turn it off for the account", zh="请为该账户关闭此项"),
        )


_CHECKS: tuple[Callable[[Area, ServerFacts], Iterator[Finding]], ...] = (
    _check_version,
    _check_encoding,
    _check_durability,
    _check_replication,
    _check_limits,
)


def _check_connections(area: Area, facts: ServerFacts, installation: Installation) -> Iterator[Finding]:
    reserved = sum(
        int(facts.settings[name] or 0) for name in ("superuser_reserved_connections", "reserved_connections")
    )
    room = int(facts.settings["max_connections"]) - reserved
    # Both databases lie on one server as `portal database init` makes them; a load needs three beside the workers.
    each = PORTAL_CONNECTIONS + installation.settings.read_connections
    workers = max(0, (room - 3) // each)
    if workers >= installation.workers:
        yield good(
            area,
            "connections",
            Text(
                en=f"{room} connections: enough for {workers} workers", zh=f"{room} 个连接：足够 {workers} 个工作进程"
            ),
        )
        return
    needed = installation.workers * each + 3 + reserved
    yield fault(
        area,
        "connections",
        Text(
            en=f"{room} connections may be open, enough for {workers} workers and not for {installation.workers}",
            zh=f"至多 {room} 个连接，足够 {workers} 个而非 {installation.workers} 个工作进程",
        ),
        Text(
            en=f"set `max_connections = {needed}` or more and restart the server, or lower `PORTAL_READ_CONNECTIONS`",
            zh=f"请将 `max_connections` 设为 {needed} 或更大并重启服务器，或调低 `PORTAL_READ_CONNECTIONS`",
        ),
    )
