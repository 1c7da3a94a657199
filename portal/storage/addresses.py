"""Where a database is: what its URL says."""

from enum import StrEnum
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError

from portal.errors import ConfigurationError, Text

WRITING = "portal_writing"
"""The execution option of engines whose transactions write."""


class DatabaseKind(StrEnum):
    """The databases that the portal works on, by SQLAlchemy's name of the backend."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


def parse_address(url: str) -> tuple[DatabaseKind, URL]:
    """Return the kind of database that a URL names, and its parts.

    Raises: ConfigurationError for another kind, a file that isn't named, or a PostgreSQL database without a name.
    """
    try:
        # libpq takes the short form too, and so do most who print a URL to copy.
        parsed = make_url(url.replace("postgres://", "postgresql://", 1) if url.startswith("postgres://") else url)
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
    forms = "`sqlite:///PATH`", "`postgresql://USER:PASSWORD@HOST/NAME`"
    return ConfigurationError(
        Text(
            en=f"`{url}` {en}; write {forms[0]} or {forms[1]}",
            zh=f"`{url}` {zh}；请写成 `sqlite:///路径` 或 `postgresql://用户:密码@主机/库名`",
        )
    )
