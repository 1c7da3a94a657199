"""Access tokens of the portal (RFC 9068): signed by its own key, and taken in the one form in which it issues them.

Pure: keys and the time are arguments. What is looked at and refused is T6 and T7 of the list of threats.
"""

import re
import secrets
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from portal.errors import BadInput, Text, Unauthenticated
from portal.identity.claims import (
    MAX_AUTH_LEVEL,
    MAX_TTL_SECONDS,
    Confirmation,
    SubjectKind,
    TokenClaims,
    client_of,
    is_subject_id,
    parse_claims,
    refuse,
)
from portal.identity.keys import key_id
from portal.identity.segments import decode_segment, encode_segment, parse_segment
from portal.json_text import JsonValue
from portal.vocabulary import NetworkZone

ALGORITHM = "Ed25519"
TOKEN_TYPE = "at+jwt"  # noqa: S105  # a media type, no secret
MAX_TOKEN_CHARACTERS = 8 << 10
DEFAULT_TTL_SECONDS = 3600
_PRESENTED = re.compile(r"(bearer|dpop) ([A-Za-z0-9._~+/=-]+)", re.ASCII | re.IGNORECASE)


class Scheme(StrEnum):
    """How a request presents its token."""

    BEARER = "Bearer"
    DPOP = "DPoP"


@dataclass(frozen=True, slots=True)
class PresentedToken:
    """A token as a request presents it; nothing of it is verified."""

    scheme: Scheme
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TokenAuthority:
    """Who issues and takes tokens: issuer and audience as the claims hold them, and the key.

    Former keys count until the moment that stands with each.
    """

    issuer: str
    audience: str
    signing: Ed25519PrivateKey = field(repr=False)
    former: tuple[tuple[Ed25519PublicKey, datetime], ...] = ()

    @property
    def key_id(self) -> str:
        """The `kid` of every token."""
        return key_id(self.signing.public_key())

    def key_set(self, now: datetime) -> dict[str, list[dict[str, str]]]:
        """Return the public keys whose tokens are good now, as a JWK set (RFC 7517)."""
        return {"keys": [_public_jwk(key) for key in self._keys(now)]}

    def key_of(self, header: object, now: datetime) -> Ed25519PublicKey | None:
        """Return the key whose tokens have exactly that header, None where none has."""
        return next((key for key in self._keys(now) if header == _header(key_id(key))), None)

    def _keys(self, now: datetime) -> tuple[Ed25519PublicKey, ...]:
        return (self.signing.public_key(), *(key for key, until in self.former if now < until))


@dataclass(frozen=True, slots=True)
class TokenGrant:
    """What a token is to say. Level and zone left out are the registry's at the time of each decision.

    Without `token_id` each token gets one of its own.
    """

    kind: SubjectKind
    id: str
    ttl_seconds: int = DEFAULT_TTL_SECONDS
    auth_level: int | None = None
    network_zone: NetworkZone | None = None
    confirmation: Confirmation | None = None
    token_id: str | None = None


def new_token_id() -> str:
    """Return an id that no other token has (`jti`)."""
    return secrets.token_urlsafe(16)


def issue_token(grant: TokenGrant, authority: TokenAuthority, now: datetime) -> str:
    """Return a signed token, good from the second of `now` on.

    Raises: BadInput for a time to live outside 1 to 86400 seconds, a level outside 0 to 3, an id that can't be named.
    """
    _check_grant(grant)
    issued_at = int(now.timestamp())
    claims: dict[str, str | int | dict[str, str]] = {
        "iss": authority.issuer,
        "aud": authority.audience,
        "sub": f"{grant.kind}:{grant.id}",
        "client_id": client_of(grant.kind, grant.id),
        "iat": issued_at,
        "nbf": issued_at,
        "exp": issued_at + grant.ttl_seconds,
        "jti": grant.token_id or new_token_id(),
    }
    if grant.auth_level is not None:
        claims["auth_level"] = grant.auth_level
    if grant.network_zone is not None:
        claims["network_zone"] = grant.network_zone.value
    if grant.confirmation is not None:
        claims["cnf"] = {grant.confirmation.binding.value: grant.confirmation.thumbprint}
    return jwt.encode(_header(authority.key_id), claims, OKPKey.import_key(authority.signing), algorithms=[ALGORITHM])


def verify_token(token: str, authority: TokenAuthority, now: datetime) -> TokenClaims:
    """Return what the token says, if this portal issued it and it is good now.

    Raises: Unauthenticated.
    """
    if len(token) > MAX_TOKEN_CHARACTERS:
        refuse("is longer than 8 KiB", "超过 8 KiB")
    try:
        protected, payload, signature = token.split(".")
        header, claims = parse_segment(protected), parse_segment(payload)
        decode_segment(signature)
    except (ValueError, BadInput):
        refuse("isn't a JSON web token in compact form", "不是紧凑形式的 JSON Web 令牌")
    # INVARIANT: the header is exactly what `issue_token` writes under a key of this portal; nothing else in it chooses.
    key = authority.key_of(header, now)
    if key is None:
        refuse("isn't signed with the algorithm and key of this portal", "未以本门户的算法和密钥签名")
    try:
        jws.deserialize_compact(token, OKPKey.import_key(key), algorithms=[ALGORITHM])
    except (JoseError, ValueError):
        refuse("doesn't bear this portal's signature", "没有本门户的有效签名")
    return parse_claims(claims, authority.issuer, authority.audience, now)


class TokenVerifier:
    """Verifies tokens, and keeps what the last `capacity` said until they expire. For one thread."""

    def __init__(self, authority: TokenAuthority, capacity: int = 4096) -> None:
        self._authority = authority
        self._capacity = capacity
        self._claims_by_digest: OrderedDict[bytes, TokenClaims] = OrderedDict()

    @property
    def authority(self) -> TokenAuthority:
        """By whose keys it verifies."""
        return self._authority

    def use(self, authority: TokenAuthority) -> None:
        """Verify by another authority's keys from now on; what was kept is forgotten."""
        self._authority = authority
        self._claims_by_digest.clear()

    def claims_of(self, token: str, now: datetime) -> TokenClaims:
        """Return what the token says, as `verify_token` does.

        Raises: Unauthenticated.
        """
        digest = sha256(token.encode("utf-8", "backslashreplace")).digest()
        claims = self._claims_by_digest.pop(digest, None)
        if claims is None or now >= claims.expires_at:
            claims = verify_token(token, self._authority, now)
        self._claims_by_digest[digest] = claims
        if len(self._claims_by_digest) > self._capacity:
            self._claims_by_digest.popitem(last=False)
        return claims


def read_authorization(values: Sequence[str]) -> PresentedToken | None:
    """Return the token of a request's `Authorization` headers, None where there is none.

    Raises: Unauthenticated for anything but one `Bearer TOKEN` or `DPoP TOKEN`: what was meant as a token never counts
    as the public.
    """
    if not values:
        return None
    if len(values) > 1:
        raise Unauthenticated(
            Text(
                en="there is more than one `Authorization` header; send one", zh="`Authorization` 头重复；请只发送一个"
            )
        )
    match = _PRESENTED.fullmatch(values[0])
    if match is None:
        raise Unauthenticated(
            Text(
                en="`Authorization` isn't `Bearer TOKEN` or `DPoP TOKEN`; send it so",
                zh="`Authorization` 头应为 `Bearer 令牌` 或 `DPoP 令牌`",
            )
        )
    return PresentedToken(Scheme.DPOP if match[1].lower() == "dpop" else Scheme.BEARER, match[2])


def _public_jwk(key: Ed25519PublicKey) -> dict[str, str]:
    octets = encode_segment(key.public_bytes_raw())
    return {"kty": "OKP", "crv": "Ed25519", "x": octets, "kid": key_id(key), "alg": ALGORITHM, "use": "sig"}


def _header(kid: str) -> dict[str, JsonValue]:
    return {"alg": ALGORITHM, "typ": TOKEN_TYPE, "kid": kid}


def _check_grant(grant: TokenGrant) -> None:
    if not 1 <= grant.ttl_seconds <= MAX_TTL_SECONDS:
        raise BadInput(
            Text(
                en=f"a token can't live {grant.ttl_seconds} seconds; choose 1 to {MAX_TTL_SECONDS}",
                zh=f"令牌的有效时间不能为 {grant.ttl_seconds} 秒；请选择 1 至 {MAX_TTL_SECONDS}",
            )
        )
    if grant.auth_level is not None and not 0 <= grant.auth_level <= MAX_AUTH_LEVEL:
        raise BadInput(
            Text(
                en=f"there is no authentication level {grant.auth_level}; choose 0 to {MAX_AUTH_LEVEL}",
                zh=f"没有认证等级 {grant.auth_level}；请选择 0 至 {MAX_AUTH_LEVEL}",
            )
        )
    if not is_subject_id(grant.id):
        raise BadInput(Text(en="a token can't name such an id", zh="令牌无法使用这样的编号"))
