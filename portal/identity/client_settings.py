"""What the portal is at the identity provider: its name, and by what it is known there (T55)."""

import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from portal.errors import ConfigurationError, Text
from portal.setting_values import PushedRequests, is_protected
from portal.settings import Settings

DEMONSTRATION_ISSUER = "https://demonstration-provider.invalid"
"""The issuer of the demonstration's own provider; no name ends in `invalid` (RFC 6761), so nobody else has it."""
DEMONSTRATION_CLIENT = "portal-demonstration"
MIN_SECRET_CHARACTERS = 32
_MIN_DIFFERENT_CHARACTERS = 10
_WELL_KNOWN = ("change", "secret", "password", "example", "default", "insecure", "placeholder", "client_secret", "demo")
_READABLE_BY_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_MAX_FILE_BYTES = 4096


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """The portal as a client of the provider; without a secret it signs assertions with its own key.

    `certificate_context` is the `acr` of who signed in by certificate.
    """

    issuer: str
    client_id: str
    secret: str | None = field(default=None, repr=False)
    user_claim: str = "sub"
    certificate_context: str | None = None
    pushed_requests: PushedRequests = PushedRequests.WHEN_OFFERED

    @property
    def is_demonstration(self) -> bool:
        """Whether it is the demonstration's own provider, which signs anybody in as anybody."""
        return self.issuer == DEMONSTRATION_ISSUER


def load_client_settings(settings: Settings) -> ClientSettings | None:
    """Return what is set, None where nobody signs in.

    Raises: ConfigurationError for the demonstration's provider outside of it, a secret that anybody may know, and
    addresses that a browser's cookie can't be held to.
    """
    if settings.oidc_issuer is None:
        return ClientSettings(DEMONSTRATION_ISSUER, DEMONSTRATION_CLIENT) if settings.demonstration else None
    if settings.oidc_issuer.startswith(DEMONSTRATION_ISSUER) or settings.oidc_client_id == DEMONSTRATION_CLIENT:
        raise _bad(
            "`PORTAL_OIDC_ISSUER` and `PORTAL_OIDC_CLIENT_ID` can't be the demonstration's, which signs in anybody; "
            "name the government's identity provider",
            "`PORTAL_OIDC_ISSUER`、`PORTAL_OIDC_CLIENT_ID` 不能是演示用的身份提供方，它允许任何人登录；"
            "请填写政府身份提供方",
        )
    if settings.public_url is None or not is_protected(settings.public_url):
        raise _bad(
            "`PORTAL_OIDC_ISSUER` needs `PORTAL_PUBLIC_URL`, an https address: people come back there",
            "设置 `PORTAL_OIDC_ISSUER` 时，须将 `PORTAL_PUBLIC_URL` 设为 https 地址，供身份提供方返回",
        )
    path = settings.oidc_client_secret_file
    return ClientSettings(
        settings.oidc_issuer,
        settings.oidc_client_id,
        None if path is None else _read_secret(path, settings.oidc_client_id),
        settings.oidc_user_claim,
        settings.oidc_certificate_acr,
        settings.oidc_pushed_requests,
    )


def cookie_is_secure(settings: Settings, site: str) -> bool:
    """Return whether cookies are held to https: always, but in the demonstration on plain http of this machine."""
    return not (settings.demonstration and site.startswith("http://") and is_protected(site))


def _read_secret(path: Path, client_id: str) -> str:
    try:
        mode, content = stat.S_IMODE(path.stat().st_mode), path.read_bytes()[:_MAX_FILE_BYTES]
        secret = content.strip().decode("ascii")
    except OSError as fault:
        raise _bad(f"`{path}` can't be read ({fault.strerror})", f"无法读取 `{path}`（{fault.strerror}）") from None
    except UnicodeDecodeError:
        raise _bad(f"the secret in `{path}` isn't plain ASCII", f"`{path}` 中的密钥不是纯 ASCII 文本") from None
    if mode & _READABLE_BY_OTHERS:
        raise _bad(
            f"others may read `{path}` (mode {mode:04o}); run `chmod 600 {path}`",
            f"他人可读取 `{path}`（权限 {mode:04o}）；请运行 `chmod 600 {path}`",
        )
    if len(secret) < MIN_SECRET_CHARACTERS or not secret.isprintable():
        raise _bad(
            f"the secret in `{path}` is shorter than {MIN_SECRET_CHARACTERS} characters; have the identity provider "
            "make one at random",
            f"`{path}` 中的密钥不足 {MIN_SECRET_CHARACTERS} 个字符；请由身份提供方随机生成",
        )
    _check_chance(path, secret, client_id)
    return secret


def _check_chance(path: Path, secret: str, client_id: str) -> None:
    plain = secret.lower()
    known: Mapping[bool, str] = {word in plain: word for word in (*_WELL_KNOWN, client_id.lower())}
    if True in known or len(set(plain)) < _MIN_DIFFERENT_CHARACTERS:
        raise _bad(
            f"the secret in `{path}` looks like one that nobody drew; have the identity provider make one at random",
            f"`{path}` 中的密钥疑似默认值；请由身份提供方随机生成",
        )


def _bad(en: str, zh: str) -> ConfigurationError:
    return ConfigurationError(Text(en, zh))
