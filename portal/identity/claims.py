"""What a token says, read from its claims: each there, of its type, and in the one form that is issued (T7)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import NoReturn

from portal.errors import Text, Unauthenticated
from portal.json_text import JsonValue
from portal.vocabulary import NetworkZone

MAX_TTL_SECONDS = 86400
MAX_AUTH_LEVEL = 3
MAX_ID_CHARACTERS = 256
CLOCK_SKEW_SECONDS = 2
PORTAL_CLIENT = "portal"
"""`client_id` of a token that the portal issues to a person; an application is its own client."""

_CLAIMS = frozenset({"iss", "aud", "sub", "client_id", "iat", "nbf", "exp", "jti", "auth_level", "network_zone", "cnf"})
_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")


class SubjectKind(StrEnum):
    """What a token is issued to."""

    APPLICATION = "application"
    USER = "user"


class Binding(StrEnum):
    """By what a sender shows that a token is its own, as `cnf` names it."""

    KEY = "jkt"
    """The key of a proof (RFC 9449)."""
    CERTIFICATE = "x5t#S256"
    """The certificate of the connection (RFC 8705)."""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """To what a token is bound: the SHA-256 of a key or certificate, base64url."""

    binding: Binding
    thumbprint: str


@dataclass(frozen=True, slots=True)
class TokenClaims:
    """What a verified token says. `expires_at` is UTC: from that instant on it says nothing.

    Without `confirmation` whoever has the token may use it.
    """

    kind: SubjectKind
    id: str
    auth_level: int | None
    network_zone: NetworkZone | None
    expires_at: datetime
    token_id: str
    confirmation: Confirmation | None = None


def client_of(kind: SubjectKind, subject_id: str) -> str:
    """Return the `client_id` of a token for that subject."""
    return subject_id if kind is SubjectKind.APPLICATION else PORTAL_CLIENT


def is_subject_id(text: str) -> bool:
    """Return whether a token can name the id: 1 to 256 printable characters."""
    return 1 <= len(text) <= MAX_ID_CHARACTERS and text.isprintable()


def parse_claims(claims: Mapping[str, JsonValue], issuer: str, audience: str, now: datetime) -> TokenClaims:
    """Return what the claims say, if they are of that issuer, for that audience, and good now.

    Raises: Unauthenticated.
    """
    if not claims.keys() <= _CLAIMS:
        refuse("holds a claim that isn't known", "含有未知声明")
    if _text(claims, "iss") != issuer:
        refuse("is of another issuer", "由其他签发者签发")
    if _text(claims, "aud") != audience:
        refuse("is for another audience", "面向其他受众")
    kind, subject_id = _parse_subject(_text(claims, "sub"))
    if _text(claims, "client_id") != client_of(kind, subject_id):
        refuse("names a client that isn't its subject's", "所列客户端与主体不符")
    return TokenClaims(
        kind=kind,
        id=subject_id,
        auth_level=_parse_level(claims),
        network_zone=_parse_zone(claims),
        expires_at=_parse_expiry(claims, now),
        token_id=_text(claims, "jti"),
        confirmation=_parse_confirmation(claims),
    )


def _parse_subject(text: str) -> tuple[SubjectKind, str]:
    kind, _, subject_id = text.partition(":")
    if kind not in tuple(SubjectKind) or not is_subject_id(subject_id):
        refuse("names no subject", "未列明主体")
    return SubjectKind(kind), subject_id


def _parse_expiry(claims: Mapping[str, JsonValue], now: datetime) -> datetime:
    seconds = now.timestamp()
    issued_at, not_before, expires_at = (_integer(claims, name) for name in ("iat", "nbf", "exp"))
    # No leeway at the end: a token that is good a second too long is good a second after it was to end.
    if expires_at <= seconds:
        refuse("has expired", "已过期")
    if max(issued_at, not_before) > seconds + CLOCK_SKEW_SECONDS:
        refuse("isn't valid yet", "尚未生效")
    if not 1 <= expires_at - issued_at <= MAX_TTL_SECONDS:
        refuse("lives longer than tokens may", "的有效时间过长")
    return datetime.fromtimestamp(expires_at, UTC)


def _parse_level(claims: Mapping[str, JsonValue]) -> int | None:
    if "auth_level" not in claims:
        return None
    level = _integer(claims, "auth_level")
    if not 0 <= level <= MAX_AUTH_LEVEL:
        _refuse_claim("auth_level")
    return level


def _parse_zone(claims: Mapping[str, JsonValue]) -> NetworkZone | None:
    if "network_zone" not in claims:
        return None
    zone = _text(claims, "network_zone")
    if zone not in tuple(NetworkZone):
        _refuse_claim("network_zone")
    return NetworkZone(zone)


def _parse_confirmation(claims: Mapping[str, JsonValue]) -> Confirmation | None:
    if "cnf" not in claims:
        return None
    members = claims["cnf"]
    if not isinstance(members, dict) or len(members) != 1:
        _refuse_claim("cnf")
    ((binding, thumbprint),) = members.items()
    # INVARIANT: a token that is bound in a way that isn't known counts as no token, never as one that isn't bound.
    if binding not in tuple(Binding) or not isinstance(thumbprint, str) or _THUMBPRINT.fullmatch(thumbprint) is None:
        _refuse_claim("cnf")
    return Confirmation(Binding(binding), thumbprint)


def _text(claims: Mapping[str, JsonValue], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        _refuse_claim(name)
    return value


def _integer(claims: Mapping[str, JsonValue], name: str) -> int:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int):
        _refuse_claim(name)
    return value


def _refuse_claim(name: str) -> NoReturn:
    refuse(f"has no usable claim `{name}`", f"没有可用的声明 `{name}`")


def refuse(en: str, zh: str) -> NoReturn:
    """Refuse the token with a sentence about it.

    Raises: Unauthenticated.
    """
    raise Unauthenticated(Text(en=f"the token {en}; get a new one", zh=f"令牌{zh}；请重新获取"))
