"""Settings that are allowed and unwise."""

import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from portal.diagnosis.findings import Area, Finding, fault, good, warning
from portal.diagnosis.installation import Installation, kind_of
from portal.dotenv import read_dotenv
from portal.errors import ConfigurationError, Text
from portal.resolvers.documents import load_documents
from portal.settings import PREFIX, Settings, load_settings

_MEND = Text(
    en="correct or remove it; `portal settings` lists what there is",
    zh="请更正或删除；`portal settings` 列出全部设置",
)


@dataclass(frozen=True, slots=True)
class ReadSettings:
    """The settings with what can be used of them, and what can't."""

    settings: Settings
    findings: tuple[Finding, ...]


def read_settings(environ: Mapping[str, str], dotenv_path: Path | None) -> ReadSettings:
    """Return the settings; one that can't be used counts as not set, so that the rest can be looked at."""
    try:
        settings = load_settings(environ, dotenv_path)
    except ConfigurationError as refusal:
        lines = zip(refusal.text.en.splitlines(), refusal.text.zh.splitlines(), strict=True)
        refused = tuple(fault(Area.SETTINGS, "readable", Text(en, zh), _MEND) for en, zh in lines)
        return ReadSettings(load_settings(_usable(environ, dotenv_path), None), refused)
    said = sum(name.startswith(PREFIX) for name in {**_dotenv(dotenv_path), **environ})
    sound = Text(en=f"all can be used, {said} of them set", zh=f"均可使用，其中已设置 {said} 项")
    return ReadSettings(settings, (good(Area.SETTINGS, "readable", sound),))


def _usable(environ: Mapping[str, str], dotenv_path: Path | None) -> dict[str, str]:
    said = {**_dotenv(dotenv_path), **environ}
    return {name: value for name, value in said.items() if name.startswith(PREFIX) and _is_usable(name, value)}


def _is_usable(name: str, value: str) -> bool:
    try:
        load_settings({name: value}, None)
    except ConfigurationError:
        return False
    return True


def _dotenv(path: Path | None) -> Mapping[str, str]:
    try:
        return read_dotenv(path)
    except ConfigurationError:
        return {}


def check_reach(installation: Installation) -> Iterator[Finding]:
    """Yield what a portal that others can reach should have said of itself."""
    settings = installation.settings
    names = [name for name in settings.allowed_hosts if not _is_loopback(name)]
    if settings.demonstration and (names or settings.trusted_proxies):
        yield warning(
            Area.SETTINGS,
            "demonstration",
            Text(
                en="`PORTAL_DEMONSTRATION` is on, and others than this machine reach the portal",
                zh="`PORTAL_DEMONSTRATION` 已开启，而门户可从其他机器访问",
            ),
            Text(en="set it to `false`; the page is for trying out", zh="请设为 `false`；该页面仅供试用"),
        )
    if not settings.allowed_hosts or "*" in settings.allowed_hosts:
        yield warning(
            Area.SETTINGS,
            "allowed_hosts",
            Text(
                en="`PORTAL_ALLOWED_HOSTS` names no host, so the portal answers under any name",
                zh="`PORTAL_ALLOWED_HOSTS` 未指明主机名，任何主机名下的请求都会应答",
            ),
            Text(
                en="list the names by which clients reach it, as `share.example.gov.cn`",
                zh="请列出客户端访问所用的主机名，如 `share.example.gov.cn`",
            ),
        )
    else:
        shown = ", ".join(settings.allowed_hosts)
        yield good(Area.SETTINGS, "allowed_hosts", Text(en=f"reached as {shown}", zh=f"访问所用主机名：{shown}"))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def check_token_names(installation: Installation) -> Iterator[Finding]:
    """Yield a warning where tokens name an issuer or audience that any portal could have."""
    settings = installation.settings
    left = [
        f"`PORTAL_{name.upper()}`" for name in ("issuer", "audience") if getattr(settings, name) == default_of(name)
    ]
    if not left:
        shown = f"`{settings.issuer}` → `{settings.audience}`"
        yield good(Area.SETTINGS, "token_names", Text(en=f"tokens name {shown}", zh=f"令牌的签发者与受众：{shown}"))
        return
    en, zh, verb = " and ".join(left), "、".join(left), "is" if len(left) == 1 else "are"
    yield warning(
        Area.SETTINGS,
        "token_names",
        Text(
            en=f"{en} {verb} left at the default: tokens don't tell this portal from another",
            zh=f"{zh} 仍为默认值：令牌无法区分本门户与其他门户",
        ),
        Text(
            en="name this portal, as `https://share.example.gov.cn`, before tokens are handed out: "
            "those issued before won't do any more",
            zh="请在发放令牌前写明本门户，如 `https://share.example.gov.cn`；此前签发的令牌将失效",
        ),
    )


def check_bearer_tokens(installation: Installation) -> Iterator[Finding]:
    """Yield a warning where others than this machine reach a portal that takes tokens whoever sends them."""
    settings = installation.settings
    if not settings.bearer_tokens:
        sound = Text(en="tokens are bound to their senders", zh="令牌均与其持有者绑定")
        yield good(Area.SETTINGS, "bearer_tokens", sound)
    elif any(not _is_loopback(name) for name in settings.allowed_hosts) or settings.trusted_proxies:
        yield warning(
            Area.SETTINGS,
            "bearer_tokens",
            Text(
                en="tokens bound to no key or certificate are taken: who copies one may use it",
                zh="接受未与密钥或证书绑定的令牌：复制者即可使用",
            ),
            Text(
                en="set `PORTAL_BEARER_TOKENS=false` once every application sends its tokens with a DPoP proof",
                zh="待各应用均以 DPoP 证明发送令牌后，请设置 `PORTAL_BEARER_TOKENS=false`",
            ),
        )


def default_of(name: str) -> object:
    """Return the value of a setting that nobody set."""
    return getattr(load_settings({}, None), name)


def check_documents(installation: Installation) -> Iterator[Finding]:
    """Yield what is wrong with the file of registered documents, if there is to be one."""
    path = installation.settings.documents
    if path is None:
        return
    try:
        load_documents(path)
    except ConfigurationError as refusal:
        yield fault(
            Area.SETTINGS,
            "documents",
            refusal.text,
            Text(
                en="mend the file, or take `PORTAL_DOCUMENTS` out: the portal doesn't start with it",
                zh="请修正该文件，或删除 `PORTAL_DOCUMENTS`：否则门户无法启动",
            ),
        )
    else:
        yield good(Area.SETTINGS, "documents", Text(en=f"`{path}` can be read", zh=f"`{path}` 可读取"))


def check_dotenv(dotenv_path: Path | None) -> Iterator[Finding]:
    """Yield a fault where others may read a `.env` file with a password in it."""
    if dotenv_path is None or not dotenv_path.is_file():
        return
    secret = [name for name, value in _dotenv(dotenv_path).items() if name.endswith("_URL") and _has_password(value)]
    mode = stat.S_IMODE(dotenv_path.stat().st_mode)
    if secret and mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield fault(
            Area.SETTINGS,
            "dotenv_mode",
            Text(
                en=f"`{dotenv_path}` holds the password of `{secret[0]}` and has mode {mode:04o}: others may use it",
                zh=f"`{dotenv_path}` 含有 `{secret[0]}` 的密码，其权限为 {mode:04o}：他人也可使用",
            ),
            Text(
                en=f"run `chmod 600 {dotenv_path}`, and change the password",
                zh=f"请运行 `chmod 600 {dotenv_path}`，并更换密码",
            ),
        )


def _has_password(url: str) -> bool:
    return kind_of(url) is not None and "@" in url
