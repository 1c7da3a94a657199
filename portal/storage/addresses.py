"""Where a database is: what its URL says."""

import re
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError

from portal.errors import ConfigurationError, Text

WRITING = "portal_writing"
"""The execution option of engines whose transactions write."""
CHANGING_ROWS = "portal_changing_rows"
"""The execution option of engines whose transactions change single rows that no other's depend on."""


class DatabaseKind(StrEnum):
    """The databases that the portal works on, by SQLAlchemy's name of the backend."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


def parse_address(url: str) -> tuple[DatabaseKind, URL]:
    """Return the kind of database that a URL names, and its parts.

    Raises: ConfigurationError for another kind, a file that isn't named, or a PostgreSQL database without a name.
    """
    try:
        parsed = _name_hosts(make_url(_SEVERAL.sub(_as_query, _SHORT.sub("postgresql://", url))))
    except (ArgumentError, ValueError):
        raise _unusable(url, "is no database URL", "不是数据库地址") from None
    match parsed.get_backend_name():
        case DatabaseKind.SQLITE:
            if parsed.database in (None, "", ":memory:") or parsed.query:
                raise _unusable(url, "names no file", "没有指明文件")
            return DatabaseKind.SQLITE, parsed
        case DatabaseKind.POSTGRESQL:
            if not parsed.database:
                raise _unusable(parsed.render_as_string(), "names no database", "没有指明数据库")
            return DatabaseKind.POSTGRESQL, parsed
        case _:
            raise _unusable(
                parsed.render_as_string(),
                "is neither an SQLite nor a PostgreSQL database",
                "既不是 SQLite 也不是 PostgreSQL 数据库",
            )


_SHORT = re.compile(r"\Apostgres://")
"""libpq takes the short form too, and so do most who print a URL to copy."""
_SEVERAL = re.compile(r"\A(postgresql://(?:[^/?#]*@)?)([^@/?#,]*,[^@/?#]*)/([^?#]*)\??")
_PORT = "5432"
_PASSWORD = re.compile(r"(?<=://)([^/@:]*:).*@")


def _as_query(found: "re.Match[str]") -> str:
    """Return the beginning of a URL of several hosts, `HOST:PORT,HOST:PORT`, with these in its query."""
    pairs = [host.rpartition(":") if ":" in host else (host, "", _PORT) for host in found[2].split(",")]
    hosts, ports = ",".join(pair[0] for pair in pairs), ",".join(pair[2] for pair in pairs)
    return f"{found[1]}/{found[3]}?host={quote(hosts)}&port={quote(ports)}&"


def _name_hosts(parsed: URL) -> URL:
    """Return the URL; of several hosts the one is meant that takes writes, where it says nothing else.

    INVARIANT: a standby may lag behind: what it says of the epoch may be revoked.
    """
    if "," not in str(parsed.query.get("host", "")):
        return parsed
    return parsed.set(query={_ATTRIBUTES: "read-write", **parsed.query})


def single_hosts(parsed: URL) -> list[URL]:
    """Return a URL for each host that one names, in their order; itself where it names one or none."""
    hosts = str(parsed.query.get("host", "")).split(",")
    if len(hosts) == 1:
        return [parsed]
    ports = str(parsed.query.get("port", _PORT)).split(",")
    rest = {name: value for name, value in parsed.query.items() if name not in {"host", "port", _ATTRIBUTES}}
    pairs = zip(hosts, ports if len(ports) > 1 else ports * len(hosts), strict=False)
    return [parsed.set(query=rest, host=host, port=int(port)) for host, port in pairs]


def must_take_writes(parsed: URL) -> bool:
    """Return whether only a host that takes writes may be connected to."""
    return parsed.query.get(_ATTRIBUTES) in {"read-write", "primary"}


_ATTRIBUTES = "target_session_attrs"


def database_kind(url: str) -> DatabaseKind:
    """Return the kind of database that a URL names. Raises: ConfigurationError."""
    kind, _ = parse_address(url)
    return kind


def database_path(url: str) -> Path:
    """Return the file of an SQLite database's URL such as `sqlite:///var/portal.db`. Raises: ConfigurationError."""
    kind, parsed = parse_address(url)
    if kind is not DatabaseKind.SQLITE:
        raise _unusable(parsed.render_as_string(), "isn't an SQLite database", "不是 SQLite 数据库")
    return Path(str(parsed.database))


def database_url(path: Path) -> str:
    """Return the URL of a file, whatever characters its name has."""
    return URL.create("sqlite", database=str(path)).render_as_string()


def shown_address(url: str) -> str:
    """Return the database as messages name it: the file's path, or the URL without its password."""
    kind, parsed = parse_address(url)
    return str(parsed.database) if kind is DatabaseKind.SQLITE else parsed.render_as_string()


def _unusable(url: str, en: str, zh: str) -> ConfigurationError:
    url = _PASSWORD.sub(r"\1***@", url)
    forms = "`sqlite:///PATH`", "`postgresql://USER:PASSWORD@HOST/NAME`"
    return ConfigurationError(
        Text(
            en=f"`{url}` {en}; write {forms[0]} or {forms[1]}",
            zh=f"`{url}` {zh}；请写成 `sqlite:///路径` 或 `postgresql://用户:密码@主机/库名`",
        )
    )
