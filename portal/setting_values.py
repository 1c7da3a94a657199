"""Values of settings: each parser takes the text of an environment variable, and says in a few words what is wrong."""

import re
from collections.abc import Callable
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from portal.errors import BadInput, Text

Network = IPv4Network | IPv6Network
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{2,63}")
_TAKEN_HEADERS = frozenset(
    {"authorization", "cookie", "dpop", "host", "x-forwarded-for", "x-proxy-secret", "x-request-id"}
)


def _bad(en: str, zh: str) -> BadInput:
    return BadInput(Text(en, zh))


def parse_optional_text(text: str) -> str | None:
    """Return the text, None for an empty one."""
    return text or None


def parse_optional_path(text: str) -> Path | None:
    """Return the path, None for an empty text."""
    return Path(text) if text else None


def whole_parser(least: int, most: int) -> Callable[[str], int]:
    """Return a reader of whole numbers from `least` to `most`."""

    def parse(text: str) -> int:
        if re.fullmatch("[0-9]{1,18}", text, re.ASCII) and least <= int(text) <= most:
            return int(text)
        raise _bad(f"is not a whole number from {least} to {most}", f"不是 {least} 到 {most} 之间的整数")

    return parse


def parse_seconds(text: str) -> float:
    """Return a number of seconds above 0, up to 3600. Raises: BadInput."""
    if re.fullmatch(r"[0-9]{1,5}(\.[0-9]{1,3})?", text, re.ASCII) and 0 < float(text) <= 3600:
        return float(text)
    raise _bad("is not a number of seconds above 0, up to 3600", "不是大于 0、至多 3600 的秒数")


def parse_truth(text: str) -> bool:
    """Return what `true` or `false` says. Raises: BadInput."""
    if text not in ("true", "false"):
        raise _bad("is neither `true` nor `false`", "既不是 `true` 也不是 `false`")
    return text == "true"


class PushedRequests(StrEnum):
    """Whether requests to sign in are pushed to the identity provider (RFC 9126)."""

    WHEN_OFFERED = "when_offered"
    REQUIRED = "required"


def parse_pushed_requests(text: str) -> PushedRequests:
    """Return when requests to sign in are pushed. Raises: BadInput."""
    try:
        return PushedRequests(text)
    except ValueError:
        raise _bad("is neither `when_offered` nor `required`", "既不是 `when_offered` 也不是 `required`") from None


def parse_networks(text: str) -> tuple[Network, ...]:
    """Return networks that commas part. Raises: BadInput."""
    try:
        return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError:
        raise _bad(
            "is not a list of networks; write for example `10.0.0.0/8,fd00::/8`",
            "不是网段列表；写法如 `10.0.0.0/8,fd00::/8`",
        ) from None


_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\]|\*", re.ASCII)


def parse_hosts(text: str) -> tuple[str, ...]:
    """Return names of hosts that commas part. Raises: BadInput."""
    names = tuple(part.strip().lower() for part in text.split(",") if part.strip())
    if all(_HOST.fullmatch(name) for name in names):
        return names
    raise _bad(
        "is not a list of host names without ports; write for example `share.example.gov.cn,10.0.0.5`, or `*` for any",
        "不是主机名列表（不含端口）；写法如 `share.example.gov.cn,10.0.0.5`，`*` 表示不限",
    )


_ORIGIN = re.compile(r"https?://([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])(:[0-9]{1,5})?", re.ASCII)


def parse_origins(text: str) -> tuple[str, ...]:
    """Return origins of web pages that commas part. Raises: BadInput."""
    origins = tuple(part.strip() for part in text.split(",") if part.strip())
    if all(_ORIGIN.fullmatch(origin) for origin in origins):
        return origins
    raise _bad(
        "is not a list of origins; write for example `https://app.example.gov.cn,https://10.0.0.5:8443`",
        "不是来源列表；写法如 `https://app.example.gov.cn,https://10.0.0.5:8443`",
    )


def parse_optional_header(text: str) -> str | None:
    """Return the name of a header, None for an empty text. Raises: BadInput for a name that has another meaning."""
    if not text or (_HEADER.fullmatch(text) and text.lower() not in _TAKEN_HEADERS):
        return text.lower() or None
    raise _bad(
        "is no name of a header of its own; write for example `X-Client-Cert`",
        "不是可用的请求头名称；写法如 `X-Client-Cert`",
    )


def parse_optional_origin(text: str) -> str | None:
    """Return the address of a site, None for an empty text. Raises: BadInput for anything but scheme, name and port."""
    if not text or _ORIGIN.fullmatch(text):
        return text or None
    raise _bad(
        "is no address of a site; write for example `https://share.example.gov.cn`",
        "不是站点地址；写法如 `https://share.example.gov.cn`",
    )


_LINK = re.compile(r"https?://[a-z0-9.:\[\]-]{1,255}(/([A-Za-z0-9._~!$&()*+,;=:@/?#-]|%[0-9A-F]{2})*)?", re.ASCII)


def parse_optional_link(text: str) -> str | None:
    """Return the address of a page elsewhere, None for an empty text. Raises: BadInput."""
    if not text or _LINK.fullmatch(text):
        return text or None
    raise _bad(
        "is no address of a page; write for example `https://creativecommons.org/licenses/by/4.0/`",
        "不是网页地址；写法如 `https://creativecommons.org/licenses/by/4.0/`",
    )


_ISSUER = re.compile(r"https?://[a-z0-9.:\[\]-]{1,255}(/[A-Za-z0-9._~-]+)*", re.ASCII)
_LOOPBACK = re.compile(r"http://(127\.0\.0\.1|localhost|\[::1\])(:[0-9]{1,5})?(/.*)?", re.ASCII)


def is_protected(address: str) -> bool:
    """Return whether nobody between reads or changes what goes to the address: it is https, or this machine."""
    return address.startswith("https://") or _LOOPBACK.fullmatch(address) is not None


def parse_issuer(text: str) -> str | None:
    """Return the address of an identity provider, None for an empty text. Raises: BadInput."""
    if not text:
        return None
    if not _ISSUER.fullmatch(text):
        raise _bad(
            "is no address of an identity provider; write it as its tokens do, without query and closing `/`, for "
            "example `https://id.example.gov.cn/realms/staff`",
            "不是身份提供方的地址；请按其令牌中的写法填写，不含查询参数和末尾的 `/`，"
            "如 `https://id.example.gov.cn/realms/staff`",
        )
    if not is_protected(text):
        raise _bad(
            "is not https; anybody on the way could sign in as anybody",
            "不是 https；传输途中的任何人都可冒充他人登录",
        )
    return text


def shown_value(text: str) -> str:
    """Return a value as it may be shown: a database URL without its password."""
    return re.sub(r"(?<=://)([^/@:]*):.*@", r"\1:***@", text)


def parse_witnesses(text: str) -> tuple[str, ...]:
    """Return folders and URLs that commas part. Raises: BadInput for another kind of URL."""
    places = tuple(part.strip() for part in text.split(",") if part.strip())
    if all(place.startswith(("https://", "http://")) or "://" not in place for place in places):
        return places
    raise _bad(
        "is not a list of folders and URLs; write for example `/mnt/audit-office,https://witness.example.gov.cn/`",
        "不是目录和网址的列表；写法如 `/mnt/audit-office,https://witness.example.gov.cn/`",
    )
