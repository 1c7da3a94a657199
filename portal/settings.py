"""The portal's settings: read once from the environment and a `.env` file, prefix `PORTAL_`, then frozen (bundle.md).

The only module that reads the environment.
"""

import difflib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Any

from portal.errors import BadInput, ConfigurationError, Language, Text
from portal.setting_values import (
    Network,
    parse_hosts,
    parse_networks,
    parse_optional_path,
    parse_optional_text,
    parse_origins,
    parse_seconds,
    parse_truth,
    shown_value,
    whole_parser,
)

PREFIX = "PORTAL_"
_TEST_PREFIX = "PORTAL_TEST_"
"""Names that a test run may set for itself; no setting begins so."""


class Source(StrEnum):
    """Where a setting's value comes from; the environment goes before the file."""

    ENVIRONMENT = "environment"
    FILE = ".env"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class _Setting:
    """How a setting is read. `default` may name `{home}`; an empty text stands for none."""

    parse: Callable[[str], object]
    default: str
    meaning: Text


@dataclass(frozen=True, slots=True)
class SettingLine:
    """A setting as `portal settings` shows it; passwords in it are hidden."""

    name: str
    value: str
    source: Source
    meaning: Text


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting of the portal; what each means is in `_SETTINGS`. Times are seconds."""

    home: Path
    database_url: str = field(repr=False)
    data_url: str = field(repr=False)
    profile: str | None
    key_file: Path
    issuer: str
    audience: str
    documents: Path | None
    backup_key: Path | None
    statement_timeout_seconds: float
    max_body_bytes: int
    max_tokens: int
    max_depth: int
    max_selections: int
    max_root_fields: int
    max_introspection: int
    max_cells: int
    max_catalog_cells: int
    read_connections: int
    trusted_proxies: tuple[Network, ...]
    metrics_from: tuple[Network, ...]
    allowed_hosts: tuple[str, ...]
    allowed_origins: tuple[str, ...]
    receive_timeout_seconds: float
    send_timeout_seconds: float
    max_connections: int
    public_requests_per_second: int
    concurrent_requests: int
    demonstration: bool

    @property
    def witness_file(self) -> Path:
        """The file that keeps the audit's last checkpoint outside the database; each database has its own."""
        return self.home / f"audit-witness-{sha256(self.database_url.encode()).hexdigest()[:8]}.json"


_SETTINGS: Mapping[str, _Setting] = {
    "home": _Setting(Path, "./var", Text("folder of the portal's own files", "门户自身文件所在的目录")),
    "database_url": _Setting(
        str,
        "sqlite:///{home}/portal.db",
        Text(
            "the portal's own database: registers, catalog, policies, audit",
            "门户自身的数据库：注册信息、目录、策略、审计",
        ),
    ),
    "data_url": _Setting(
        str, "sqlite:///{home}/data.db", Text("the data store: rows of shared entries", "数据存储：共享资源的数据行")
    ),
    "profile": _Setting(
        parse_optional_text,
        "",
        Text("the profile that a bundle must name; empty: any", "数据包必须采用的规章配置；留空则不限"),
    ),
    "key_file": _Setting(
        Path,
        "{home}/keys.json",
        Text("the portal's keys; who can read this file can sign tokens", "门户的密钥文件；能读取者即可签发令牌"),
    ),
    "issuer": _Setting(str, "portal", Text("issuer that tokens name (`iss`)", "令牌中的签发者（`iss`）")),
    "audience": _Setting(str, "portal", Text("audience that tokens name (`aud`)", "令牌中的受众（`aud`）")),
    "documents": _Setting(
        parse_optional_path,
        "",
        Text(
            "JSON file of GraphQL documents by their SHA-256, which clients may ask for by hash; empty: none",
            "GraphQL 文档的 JSON 文件（以 SHA-256 为键），客户端可仅凭散列值请求；留空则无",
        ),
    ),
    "backup_key": _Setting(
        parse_optional_path, "", Text("public key that backups are sealed to; empty: none", "加密备份的公钥；留空则无")
    ),
    "statement_timeout_seconds": _Setting(
        parse_seconds,
        "5",
        Text(
            "longest time that reading shared data for one field of `shared` may take",
            "为 `shared` 的一个字段读取共享数据的最长秒数",
        ),
    ),
    "max_body_bytes": _Setting(
        whole_parser(1024, 16_777_216), "65536", Text("largest request body in bytes", "请求体的最大字节数")
    ),
    "max_tokens": _Setting(
        whole_parser(1, 1_000_000),
        "8192",
        Text(
            "most characters of a GraphQL document's tokens, of which each counts up to 4",
            "一个 GraphQL 文档各词元的最大总字符数，每个词元至多计 4 个",
        ),
    ),
    "max_depth": _Setting(
        whole_parser(1, 100), "15", Text("deepest nesting of a GraphQL document", "GraphQL 文档的最大嵌套深度")
    ),
    "max_selections": _Setting(
        whole_parser(1, 1_000_000),
        "20000",
        Text(
            "most fields that a GraphQL document selects, its fragments expanded",
            "一个 GraphQL 文档展开片段后的最大字段数",
        ),
    ),
    "max_root_fields": _Setting(
        whole_parser(2, 1_000_000),
        "100",
        Text(
            "most root fields of a GraphQL document; those of `shared` count one each",
            "一个 GraphQL 文档的最大根字段数；`shared` 下的字段逐一计入",
        ),
    ),
    "max_introspection": _Setting(
        whole_parser(1, 1_000_000),
        "20",
        Text(
            "most values that a GraphQL document asks for with `__schema` and `__type`, for each part of the schema",
            "一个 GraphQL 文档以 `__schema` 和 `__type` 请求的最大值数，按模式的每个组成部分计",
        ),
    ),
    "max_cells": _Setting(
        # More than a document of 8 KiB and depth 12 can ask for: what an answer really holds is bounded as it is read.
        whole_parser(1, 10**17),
        "1000000000000000",
        Text(
            "most cells that a GraphQL document may ask for, rows times fields with links multiplied",
            "一个 GraphQL 文档至多可请求的单元格数：行数乘以字段数，逐层关联相乘",
        ),
    ),
    "max_catalog_cells": _Setting(
        whole_parser(1, 10**17),
        "100000",
        Text(
            "most values of the catalog that a GraphQL document may be answered with, by the length of its lists",
            "一个 GraphQL 文档至多可得到的目录值数，按各列表的长度计",
        ),
    ),
    "read_connections": _Setting(
        whole_parser(1, 64),
        "4",
        Text("connections on which a worker reads shared data", "每个工作进程读取共享数据的连接数"),
    ),
    "trusted_proxies": _Setting(
        parse_networks,
        "",
        Text(
            "networks of reverse proxies whose `X-Forwarded-For` is believed; several with commas",
            "可信反向代理所在网段，采信其 `X-Forwarded-For`；多个以逗号分隔",
        ),
    ),
    "metrics_from": _Setting(
        parse_networks,
        "127.0.0.0/8,::1/128",
        Text(
            "networks that may read the figures at `/metrics`; several with commas",
            "可读取 `/metrics` 运行指标的网段；多个以逗号分隔",
        ),
    ),
    "allowed_hosts": _Setting(
        parse_hosts,
        "",
        Text(
            "names by which clients reach the portal (`Host`); several with commas, `*`: any",
            "客户端访问门户所用的主机名（`Host`）；多个以逗号分隔，`*` 表示不限",
        ),
    ),
    "allowed_origins": _Setting(
        parse_origins,
        "",
        Text(
            "origins of web pages whose scripts may ask (`Origin`); several with commas; empty: none",
            "允许跨域请求的网页来源（`Origin`）；多个以逗号分隔；留空则不允许",
        ),
    ),
    "receive_timeout_seconds": _Setting(
        parse_seconds,
        "10",
        Text("longest time in which a request must arrive whole", "请求完整到达的最长秒数"),
    ),
    "send_timeout_seconds": _Setting(
        parse_seconds,
        "30",
        Text(
            "time in which a client must take the next 64 KiB of its answer",
            "客户端接收下一段 64 KiB 应答的最长秒数",
        ),
    ),
    "max_connections": _Setting(
        whole_parser(2, 1_000_000),
        "2000",
        Text(
            "most connections of a worker at once; one address may hold half of them",
            "每个工作进程同时保持的最大连接数；单个地址至多占一半",
        ),
    ),
    "public_requests_per_second": _Setting(
        whole_parser(1, 1_000_000),
        "200",
        Text(
            "most requests a second that a worker takes from one address without a token that verifies",
            "每个工作进程每秒受理单个地址无有效令牌请求的最大数",
        ),
    ),
    "concurrent_requests": _Setting(
        whole_parser(1, 10_000),
        "32",
        Text(
            "requests that a worker works on at once; more wait, and departments take turns",
            "每个工作进程同时处理的请求数；超出的排队，各部门轮流",
        ),
    ),
    "demonstration": _Setting(
        parse_truth,
        "false",
        Text("serve the page for trying queries out: `true` or `false`", "是否提供查询试用页面：`true` 或 `false`"),
    ),
}
"""How each field of `Settings` is read; its environment variable is its name in capitals behind `PORTAL_`."""


def process_environment() -> Mapping[str, str]:
    """Return the environment of this process."""
    return os.environ


def language_of(environ: Mapping[str, str]) -> Language:
    """Return the language of messages, by the first that is set of `LC_ALL`, `LC_MESSAGES` and `LANG`."""
    locale = next((environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(name)), "")
    return Language.CHINESE if locale.lower().startswith("zh") else Language.ENGLISH


def load_settings(environ: Mapping[str, str], dotenv_path: Path | None = Path(".env")) -> Settings:
    """Return the settings; nothing is made on the disk.

    Raises: ConfigurationError naming every unknown name and every value that can't be used.
    """
    found = _find_values(environ, dotenv_path)
    values: dict[str, Any] = {}
    faults = list(_unknown_names(found))
    for name, setting in _SETTINGS.items():
        text, _ = found.get(_variable(name), ("", Source.DEFAULT))
        try:
            values[name] = setting.parse(text or setting.default.format(home=values.get("home")))
        except BadInput as fault:
            faults.append(_unusable(_variable(name), text, fault.text))
    if faults:
        raise ConfigurationError(Text("\n".join(text.en for text in faults), "\n".join(text.zh for text in faults)))
    return Settings(**values)


def describe_settings(environ: Mapping[str, str], dotenv_path: Path | None = Path(".env")) -> tuple[SettingLine, ...]:
    """Return every setting with value, source and meaning, in the order of `Settings`. Raises: ConfigurationError."""
    settings = load_settings(environ, dotenv_path)
    found = _find_values(environ, dotenv_path)
    lines = []
    for name, setting in _SETTINGS.items():
        _, source = found.get(_variable(name), ("", Source.DEFAULT))
        lines.append(SettingLine(_variable(name), _render_value(getattr(settings, name)), source, setting.meaning))
    return tuple(lines)


def _variable(name: str) -> str:
    return PREFIX + name.upper()


def _find_values(environ: Mapping[str, str], dotenv_path: Path | None) -> dict[str, tuple[str, Source]]:
    """Return what is said of the portal's names, by variable. An empty value leaves the setting as it is without."""
    found: dict[str, tuple[str, Source]] = {}
    for source, values in ((Source.FILE, _read_file(dotenv_path)), (Source.ENVIRONMENT, environ)):
        for name, value in values.items():
            if name.startswith(PREFIX) and not name.startswith(_TEST_PREFIX) and (value or name not in found):
                found[name] = (value, source if value else Source.DEFAULT)
    return found


_LINE = re.compile(
    r"""\s*(?:export\s+)?(?P<name>\w+)\s*=\s*"""
    r"""(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<bare>(?:(?!\s\#)[^"'])*?))\s*(?:\s\#.*)?"""
)


def _read_file(path: Path | None) -> dict[str, str]:
    """Return what a file of lines `NAME=VALUE` says; empty where there is none."""
    if path is None or not path.is_file():
        return {}
    values: dict[str, str] = {}
    for number, line in enumerate(_read_lines(path), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        parts = _LINE.fullmatch(line)
        if parts is None:
            raise ConfigurationError(
                Text(
                    f"line {number} of `{path}` is not of the form `NAME=VALUE`",
                    f"`{path}` 第 {number} 行不是 `NAME=VALUE` 的形式",
                )
            )
        values[parts["name"]] = next(part for part in parts.group("double", "single", "bare") if part is not None)
    return values


def _read_lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError(
            Text(
                f"`{path}` can't be read; make it a UTF-8 text that this account may read",
                f"无法读取 `{path}`；应为本账户可读的 UTF-8 文本",
            )
        ) from None


def _unknown_names(found: Mapping[str, object]) -> Iterator[Text]:
    for variable in sorted(set(found) - set(map(_variable, _SETTINGS))):
        near = difflib.get_close_matches(variable.removeprefix(PREFIX).lower(), _SETTINGS, n=1)
        meant = _variable(near[0]) if near else ""
        en, zh = (f"; did you mean `{meant}`?", f"；是否想写 `{meant}`？") if near else ("", "")
        yield Text(f"unknown setting `{variable}`{en}", f"未知设置 `{variable}`{zh}")


def _unusable(variable: str, text: str, why: Text) -> Text:
    return Text(f"`{variable}={text}` {why.en}", f"`{variable}={text}` {why.zh}")


def _render_value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    if isinstance(value, float):
        return f"{value:g}"
    return "" if value is None else shown_value(str(value))
