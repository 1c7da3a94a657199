"""The portal's settings: read once from the environment and a `.env` file, prefix `PORTAL_`, then frozen (bundle.md).

The only module that reads the environment.
"""

import difflib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Any

from portal.dotenv import read_dotenv
from portal.errors import BadInput, ConfigurationError, Language, Text
from portal.setting_table import SETTINGS
from portal.setting_values import Network, PushedRequests, shown_value

PREFIX = "PORTAL_"
_TEST_PREFIX = "PORTAL_TEST_"
"""Names that a test run may set for itself; no setting begins so."""


class Source(StrEnum):
    """Where a setting's value comes from; the environment goes before the file."""

    ENVIRONMENT = "environment"
    FILE = ".env"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class SettingLine:
    """A setting as `portal settings` shows it; passwords in it are hidden."""

    name: str
    value: str
    source: Source
    meaning: Text


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting of the portal; what each means is in `SETTINGS`. Times are seconds."""

    home: Path
    database_url: str = field(repr=False)
    data_url: str = field(repr=False)
    owner_database_url: str = field(repr=False)
    owner_data_url: str = field(repr=False)
    administration_database_url: str = field(repr=False)
    profile: str | None
    key_file: Path
    issuer: str
    audience: str
    public_url: str | None
    bearer_tokens: bool
    dpop_nonces: bool
    revocation_list_grace_seconds: int
    client_certificate_header: str | None
    proxy_secret_file: Path | None
    oidc_issuer: str | None
    oidc_client_id: str
    oidc_client_secret_file: Path | None
    oidc_user_claim: str
    oidc_certificate_acr: str | None
    oidc_pushed_requests: PushedRequests
    oidc_ca_file: Path | None
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
    open_data_licence: str | None
    receive_timeout_seconds: float
    send_timeout_seconds: float
    max_connections: int
    public_requests_per_second: int
    tickets_per_address_an_hour: int
    tickets_an_hour: int
    ticket_contact_days: int
    concurrent_requests: int
    concurrent_transfers: int
    stop_notice_seconds: int
    audit_witnesses: tuple[str, ...]
    audit_witness_seconds: float
    load_approval: bool
    demonstration: bool

    @property
    def witness_file(self) -> Path:
        """The file that keeps the audit's last checkpoint outside the database; each database has its own."""
        # Without the account: its password changes, and the log doesn't.
        database = re.sub(r"(?<=//)[^/@]*@", "", self.database_url)
        return self.home / f"audit-witness-{sha256(database.encode()).hexdigest()[:8]}.json"


def process_environment() -> Mapping[str, str]:
    """Return the environment of this process."""
    return os.environ


def language_of(environ: Mapping[str, str]) -> Language:
    """Return the language of messages, by the first that is set of `LC_ALL`, `LC_MESSAGES` and `LANG`."""
    locale = next((environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(name)), "")
    return Language.CHINESE if locale.lower().startswith("zh") else Language.ENGLISH


_DEFAULTED = re.compile(r"\{(\w+)\}")


def load_settings(environ: Mapping[str, str], dotenv_path: Path | None = Path(".env")) -> Settings:
    """Return the settings; nothing is made on the disk.

    Raises: ConfigurationError naming every unknown name and every value that can't be used.
    """
    found = _find_values(environ, dotenv_path)
    values: dict[str, Any] = {}
    faults = list(_unknown_names(found))
    for name, setting in SETTINGS.items():
        text, _ = found.get(_variable(name), ("", Source.DEFAULT))
        try:
            values[name] = setting.parse(text or _DEFAULTED.sub(lambda name: str(values.get(name[1])), setting.default))
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
    for name, setting in SETTINGS.items():
        _, source = found.get(_variable(name), ("", Source.DEFAULT))
        lines.append(SettingLine(_variable(name), _render_value(getattr(settings, name)), source, setting.meaning))
    return tuple(lines)


def _variable(name: str) -> str:
    return PREFIX + name.upper()


def _find_values(environ: Mapping[str, str], dotenv_path: Path | None) -> dict[str, tuple[str, Source]]:
    """Return what is said of the portal's names, by variable. An empty value leaves the setting as it is without."""
    found: dict[str, tuple[str, Source]] = {}
    for source, values in ((Source.FILE, read_dotenv(dotenv_path)), (Source.ENVIRONMENT, environ)):
        for name, value in values.items():
            if name.startswith(PREFIX) and not name.startswith(_TEST_PREFIX) and (value or name not in found):
                found[name] = (value, source if value else Source.DEFAULT)
    return found


def _unknown_names(found: Mapping[str, object]) -> Iterator[Text]:
    for variable in sorted(set(found) - set(map(_variable, SETTINGS))):
        near = difflib.get_close_matches(variable.removeprefix(PREFIX).lower(), SETTINGS, n=1)
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
